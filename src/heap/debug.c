/* SPDX-License-Identifier: MIT */
/*
 * heap/debug.c - objects that tell what was done to them: quire/slab_debug.h has the picture.
 *
 *   make, take, give (front.c)  ──>  check what must be there; on damage report (debug_report.c), repair
 *                               ──>  write what must be there next
 *
 * Such caches park nothing on CPUs, so every operation comes here.
 * Lock: none; the object belongs to the caller.
 */
#include <quire/err.h>
#include <quire/slab_debug.h>
#include "debug.h"

static char spec[SLAB_DEBUG_SPEC];
static bool has_spec;

/* ---- which caches ---------------------------------------------------------------------------- */
/* The flags of one part, up to a comma, a semicolon or the end; false: a letter has no meaning. */
static bool read_flags(const char **at, slab_flags_t *flags)
{
	static const struct {
		char letter;
		slab_flags_t flag;
	} letters[] = {
		{ 'F', SLAB_CONSISTENCY_CHECKS },
		{ 'Z', SLAB_RED_ZONE },
		{ 'P', SLAB_POISON },
		{ 'U', SLAB_STORE_USER },
		{ '-', 0 },
		{ 'A', 0 },
		{ 'O', 0 },
		{ 'T', 0 },
	};
	const char *from = *at;
	unsigned i;

	for (*flags = 0; **at && **at != ',' && **at != ';'; ++*at) {
		for (i = 0;
		     i < ARRAY_SIZE(letters) && (**at & ~0x20) != (letters[i].letter & ~0x20); i++)
			;
		if (i == ARRAY_SIZE(letters))
			return false;
		*flags |= letters[i].flag;
	}
	if (*at == from)
		*flags = SLAB_DEBUG_FLAGS;
	return true;
}

static bool name_fits(const char *word, size_t len, const char *name)
{
	if (len && word[len - 1] == '*')
		return qstrlen(name) >= len - 1 && !memcmp(word, name, len - 1);
	return qstrlen(name) == len && !memcmp(word, name, len);
}

/* Whether a part's list of caches, at a comma or at its end, has the name. */
static bool list_has(const char **at, const char *name)
{
	bool found = **at != ',';

	while (**at == ',') {
		const char *word = ++*at;

		while (**at && **at != ',' && **at != ';')
			++*at;
		found |= name_fits(word, (size_t)(*at - word), name);
	}
	return found;
}

static slab_flags_t flags_for(const char *name)
{
	slab_flags_t flags = 0, part;
	const char *at = spec;

	while (has_spec) {
		read_flags(&at, &part);
		if (list_has(&at, name))
			flags = part;
		if (!*at++)
			break;
	}
	return flags;
}

int slab_debug_setup(const char *value)
{
	const char *at = value;
	slab_flags_t flags;

	if (qstrlen(value) >= sizeof(spec))
		return -EINVAL;
	for (bool more = true; more; more = *at++) {
		if (!read_flags(&at, &flags))
			return -EINVAL;
		list_has(&at, "");
	}
	qstrscpy(spec, value, sizeof(spec));
	has_spec = true;
	slab_debug_enable();
	return 0;
}

/* ---- layout ---------------------------------------------------------------------------------- */
static void lay_out(struct kmem_cache *cache)
{
	u32 word = (u32)sizeof(void *), end = QUIRE_ALIGN_UP(cache->object_size, word);

	if (cache->flags & SLAB_RED_ZONE) {
		cache->left = QUIRE_ALIGN_UP(RED_BYTES, cache->align);
		end = QUIRE_ALIGN_UP(cache->object_size + RED_BYTES, word);
	}
	cache->red_end = end;
	cache->track = end;
	if (cache->flags & SLAB_STORE_USER) {
		debug_tracks_init();
		end += 2 * (u32)sizeof(struct track);
	}
	cache->link = end;
	cache->pad = end + word;
	cache->size = QUIRE_ALIGN_UP(cache->left + cache->pad, cache->align);
}

struct track *debug_track(const struct kmem_cache *cache, const void *object)
{
	return (struct track *)((char *)object + cache->track);
}

/* ---- write what must be there ---------------------------------------------------------------- */
static void set_red(const struct kmem_cache *cache, u8 *object, int byte)
{
	if (!(cache->flags & SLAB_RED_ZONE))
		return;
	memset(object - cache->left, byte, cache->left);
	memset(object + cache->object_size, byte, cache->red_end - cache->object_size);
}

static void poison(const struct kmem_cache *cache, u8 *object, int byte)
{
	if (!(cache->flags & SLAB_POISON) || cache->ctor)
		return;
	memset(object, byte, cache->object_size - 1);
	object[cache->object_size - 1] = BYTE_END;
}

static void set_track(const struct kmem_cache *cache, void *object, enum track_item which,
		      const void *caller)
{
	if (cache->flags & SLAB_STORE_USER)
		debug_track_fill(&debug_track(cache, object)[which], caller);
}

static void fresh(const struct kmem_cache *cache, void *object)
{
	poison(cache, object, BYTE_FREED);
	set_red(cache, object, BYTE_RED_FREE);
	if (cache->flags & SLAB_POISON)
		memset((u8 *)object + cache->pad, BYTE_PADDING,
		       cache->size - cache->left - cache->pad);
	if (cache->flags & SLAB_STORE_USER)
		memset(debug_track(cache, object), 0, 2 * sizeof(struct track));
}

/* ---- check what must be there ---------------------------------------------------------------- */
/* `n` bytes at `at` must be `byte`; otherwise they are reported as `what`, and made so. */
static bool check_bytes(const struct kmem_cache *cache, const void *object, const char *what,
			u8 *at, u32 n, int byte)
{
	u32 first = 0, end = n;

	while (first < n && at[first] == byte)
		first++;
	if (first == n)
		return true;
	while (at[end - 1] == byte)
		end--;
	debug_report_bytes(cache, object, what, at + first, end - first, byte);
	memset(at + first, byte, end - first);
	return false;
}

static bool check_red(const struct kmem_cache *cache, u8 *object, int byte)
{
	bool ok = true;

	if (!(cache->flags & SLAB_RED_ZONE))
		return true;
	ok &= check_bytes(cache, object, "Left Redzone", object - cache->left, cache->left, byte);
	ok &= check_bytes(cache, object, "Right Redzone", object + cache->object_size,
			  cache->red_end - cache->object_size, byte);
	return ok;
}

static bool check_padding(const struct kmem_cache *cache, u8 *object)
{
	return !(cache->flags & SLAB_POISON) ||
	       check_bytes(cache, object, "Object padding", object + cache->pad,
			   cache->size - cache->left - cache->pad, BYTE_PADDING);
}

static bool check_poison(const struct kmem_cache *cache, u8 *object)
{
	u32 last = cache->object_size - 1;
	bool ok;

	if (!(cache->flags & SLAB_POISON) || cache->ctor)
		return true;
	ok = check_bytes(cache, object, "Poison", object, last, BYTE_FREED);
	return check_bytes(cache, object, "End Poison", object + last, 1, BYTE_END) && ok;
}

bool debug_object_check(const struct kmem_cache *cache, void *object, bool in_use)
{
	bool ok = check_red(cache, object, in_use ? BYTE_RED_USED : BYTE_RED_FREE);

	ok &= check_padding(cache, object);
	return (in_use || check_poison(cache, object)) && ok;
}

static void taken(const struct kmem_cache *cache, void *object, const void *caller)
{
	debug_object_check(cache, object, false);
	set_red(cache, object, BYTE_RED_USED);
	set_track(cache, object, TRACK_ALLOC, caller);
}

static bool is_free(struct kmem_cache *cache, struct page *slab, void *object)
{
	unsigned long flags;
	bool free;

	spin_lock_irqsave(&node_of(cache, slab)->lock, flags);
	free = is_free_in_slab(cache, slab, object);
	spin_unlock_irqrestore(&node_of(cache, slab)->lock, flags);
	return free;
}

static bool given(struct kmem_cache *cache, struct page *slab, void *object, const void *caller)
{
	if (is_free(cache, slab, object)) {
		debug_report(cache, object, "Object already free");
		return false;
	}
	if (!debug_object_check(cache, object, true)) {
		printk("FIX %s: Object at %p not freed\n\n", cache->name, object);
		return false;
	}
	set_track(cache, object, TRACK_FREE, caller);
	poison(cache, object, BYTE_FREED);
	set_red(cache, object, BYTE_RED_FREE);
	return true;
}

static void freed_write(const struct kmem_cache *cache, u8 *object)
{
	check_bytes(cache, object, "Poison", object, cache->object_size, BYTE_FREED);
}

static const struct slab_debug_ops ops = {
	.flags = flags_for,
	.lay_out = lay_out,
	.fresh = fresh,
	.taken = taken,
	.given = given,
	.freed_write = freed_write,
	.check = debug_object_check,
	.describe = debug_describe,
	.exit = debug_tracks_exit,
};

void slab_debug_enable(void)
{
	slab_debug = &ops;
}

/* ---- all objects of a cache ------------------------------------------------------------------ */
static unsigned long validate_slab(struct kmem_cache *cache, struct page *slab)
{
	unsigned long errors = 0;

	for (u32 i = 0; i < cache->objects; i++) {
		void *object = first_object(slab) + (size_t)i * cache->size;

		errors += !debug_object_check(cache, object, !is_free(cache, slab, object));
	}
	return errors;
}

unsigned long validate_slab_cache(struct kmem_cache *cache)
{
	const char *why = cache_check(cache);
	unsigned long errors = why != NULL;

	if (why)
		debug_report(cache, NULL, why);
	if (!(cache->flags & SLAB_DEBUG_FLAGS))
		return errors;
	if (QUIRE_HEAP == QUIRE_HEAP_SLOB)
		return errors + validate_slob(cache);
	for (unsigned long pfn = 0; pfn < quire_max_pfn; pfn++) {
		struct page *page = pfn_valid(pfn) ? pfn_to_page(pfn) : NULL;

		if (page && page_is_slab_head(page) && cache_of(page) == cache)
			errors += validate_slab(cache, page);
	}
	return errors;
}
