/* SPDX-License-Identifier: MIT */
/*
 * frames/page_owner.c - who has each frame, and who had it last.
 *
 *   section n of RAM ──> sections[n] ──> | record | record | ...      one per frame, from memblock
 *                                            └─ handles ──> depot of call traces
 *
 * Every frame of a block gets the record, so that split_page() need not be told.
 *
 * Always true:  a record belongs to whoever holds the frame: the allocator's caller, or who is
 *               about to put it on a free list.  Reports read it meanwhile and may see half a
 *               change.
 * Lock:         none.
 */
#include <quire/bytes.h>
#include <quire/page_owner.h>
#include <quire/printk.h>
#include "debug.h"

#define DEPOT_BYTES (256u << 10)

static struct {
	struct page_owner **sections; /* (c) by section number; NULL: no RAM there        */
	unsigned long nr_sections;    /* (c)                                              */
	u64 clock;                    /* (a) blocks that were allocated and freed         */
	struct stack_depot depot;
} owners;

bool page_owner_enabled(void)
{
	return owners.sections != NULL;
}

/* ---- start and stop -------------------------------------------------------------------------- */
static bool add_section(unsigned long section)
{
	struct page_owner *records =
		memblock_alloc(SECTION_FRAMES * sizeof(*records), __alignof__(*records));

	owners.sections[section] = records;
	for (unsigned long i = 0; records && i < SECTION_FRAMES; i++)
		records[i].migrate_reason = -1;
	return records;
}

static bool add_sections(void)
{
	for (unsigned long section = 0; section < owners.nr_sections; section++)
		if (pfn_valid(section * SECTION_FRAMES) && !add_section(section))
			return false;
	return true;
}

static void forget(void)
{
	memset(&owners, 0, sizeof(owners));
}

static void start(void)
{
	unsigned long nr = quire_room_pfn / SECTION_FRAMES + 1;
	void *depot = memblock_alloc(DEPOT_BYTES, sizeof(u64));

	owners.sections = memblock_alloc(nr * sizeof(*owners.sections), sizeof(void *));
	owners.nr_sections = nr;
	if (!depot || !owners.sections || !add_sections()) {
		pr_warn("page_owner: no memory for its records: it stays off\n");
		forget();
		frame_watch(WATCHER_OWNER, NULL);
		return;
	}
	stack_depot_init(&owners.depot, depot, DEPOT_BYTES);
}

/* ---- notes ----------------------------------------------------------------------------------- */
static struct page_owner *record_of(unsigned long pfn)
{
	unsigned long section = pfn / SECTION_FRAMES;

	if (section >= owners.nr_sections || !owners.sections[section])
		return NULL;
	return &owners.sections[section][pfn % SECTION_FRAMES];
}

static depot_stack_handle_t save_stack(void)
{
	unsigned long pc[STACK_DEPOT_DEPTH];

	return stack_depot_save(&owners.depot, pc, quire_stack_trace(pc, STACK_DEPOT_DEPTH));
}

static u64 tick(void)
{
	return __atomic_add_fetch(&owners.clock, 1, __ATOMIC_RELAXED);
}

/* A block lies in one section, so its records are neighbours. */
static bool taken(struct page *page, unsigned order, gfp_t gfp)
{
	struct page_owner *record = record_of(page_to_pfn(page)), fresh;
	struct quire_task who;

	if (!record)
		return true;
	quire_current_task(&who);
	fresh = (struct page_owner){
		.ts = tick(),
		.gfp = gfp,
		.alloc_stack = save_stack(),
		.pid = who.pid,
		.tgid = who.tgid,
		.order = (u8)order,
		.allocated = 1,
		.migrate_reason = -1,
	};
	memcpy(fresh.comm, who.comm, sizeof(fresh.comm));
	for (unsigned long i = 0; i < 1UL << order; i++) {
		fresh.free_ts = record[i].free_ts;
		fresh.free_stack = record[i].free_stack;
		fresh.free_pid = record[i].free_pid;
		fresh.free_tgid = record[i].free_tgid;
		record[i] = fresh;
	}
	return true;
}

static bool freed(struct page *page, unsigned order)
{
	struct page_owner *record = record_of(page_to_pfn(page));
	depot_stack_handle_t stack;
	struct quire_task who;
	u64 now;

	if (!record)
		return true;
	quire_current_task(&who);
	stack = save_stack();
	now = tick();
	for (unsigned long i = 0; i < 1UL << order; i++) {
		record[i].allocated = 0;
		record[i].free_ts = now;
		record[i].free_stack = stack;
		record[i].free_pid = who.pid;
		record[i].free_tgid = who.tgid;
	}
	return true;
}

static void moved(const struct page *to, const struct page *from, enum migrate_reason reason)
{
	struct page_owner *new = record_of(page_to_pfn(to));
	const struct page_owner *old = record_of(page_to_pfn(from));
	u64 free_ts;

	if (!new || !old)
		return;
	free_ts = new->free_ts;
	*new = *old;
	new->free_ts = free_ts;
	new->migrate_reason = (s16)reason;
}

void page_owner_set_migrate_reason(const struct page *page, enum migrate_reason reason)
{
	struct page_owner *record = record_of(page_to_pfn(page));

	if (record)
		record->migrate_reason = (s16)reason;
}

/* ---- questions ------------------------------------------------------------------------------- */

/* Word by word: the holder may be writing, and half a change harms no report. */
static quire_racy void copy_record(struct page_owner *to, const struct page_owner *from)
{
	u32 *out = (u32 *)to;
	const volatile u32 *in = (const volatile u32 *)from;

	_Static_assert(sizeof(*to) % sizeof(u32) == 0, "whole words");
	for (unsigned i = 0; i < sizeof(*to) / sizeof(u32); i++)
		out[i] = in[i];
	to->comm[TASK_COMM_LEN - 1] = 0;
}

bool page_owner_get(unsigned long pfn, struct page_owner *owner)
{
	const struct page_owner *record = record_of(pfn);

	if (!record)
		return false;
	copy_record(owner, record);
	return owner->ts || owner->free_ts;
}

unsigned page_owner_stack(depot_stack_handle_t handle, const unsigned long **pc)
{
	return stack_depot_fetch(&owners.depot, handle, pc);
}

static void print_stack(depot_stack_handle_t handle)
{
	const unsigned long *pc;
	unsigned n = page_owner_stack(handle, &pc);

	for (unsigned i = 0; i < n; i++)
		printk(" 0x%lx\n", pc[i]);
}

static void dump(const struct page *page)
{
	struct page_owner o;
	char words[GFP_WORDS];

	if (!page_owner_get(page_to_pfn(page), &o)) {
		printk("page_owner info is not present (never set?)\n");
		return;
	}
	gfp_words(words, sizeof(words), o.gfp);
	printk("page_owner tracks the page as %s\n", o.allocated ? "allocated" : "freed");
	if (o.ts)
		printk("page last allocated via order %u, migratetype %s, gfp_mask %#x(%s), pid "
		       "%d, "
		       "tgid %d (%s), ts %llu, free_ts %llu\n",
		       o.order, migratetype_names[gfp_migratetype(o.gfp)], o.gfp, words, o.pid,
		       o.tgid, o.comm, (unsigned long long)o.ts, (unsigned long long)o.free_ts);
	print_stack(o.alloc_stack);
	if (o.free_ts)
		printk("page last free pid %d tgid %d stack trace:\n", o.free_pid, o.free_tgid);
	print_stack(o.free_stack);
	if (o.allocated && o.migrate_reason >= 0)
		printk("page has been migrated, last migrate reason: %s\n",
		       migrate_reason_names[o.migrate_reason]);
}

static const struct frame_watcher watcher = {
	.taken = taken,
	.freed = freed,
	.init = start,
	.exit = forget,
	.moved = moved,
	.dump = dump,
};

void page_owner_enable(void)
{
	frame_watch(WATCHER_OWNER, &watcher);
}
