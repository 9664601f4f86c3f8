/* SPDX-License-Identifier: MIT */
/*
 * frames/movable.c - where ZONE_MOVABLE begins in each node: kernelcore=, movablecore=,
 * movable_node.
 *
 *   level ~~~~~~~~~~~~~~|~~~~|~~~~|~~~~~~|~~    "spread evenly": one level for all nodes, so high
 *                       |MMMM|    |MMMMMM|      that what lies below it is kernelcore in all; a
 *        |KKKKKKKKKK|   |KKKK|    |KKKKKK|      node that is smaller gives all it has and raises
 *           node 0      node 1     node 2       the level.  Below the highest zone nothing is
 *                                               MOVABLE.
 *
 * Lock:  none; boot, one CPU.
 */
#include <quire/bytes.h>
#include <quire/printk.h>
#include "zones.h"

/* An amount of memory as it was asked for. */
struct amount {
	bool given;
	unsigned percent;         /* of all RAM; 0: `bytes` counts */
	unsigned long long bytes; /* exact                         */
};

static struct {
	struct amount kernelcore, movablecore;
	bool mirror; /* kernelcore=mirror                         */
	bool node;   /* movable_node                              */
} asked;

static struct {
	bool mirror;                         /* of mirrored regions nothing, of others all   */
	unsigned long floor;                 /* first frame of the highest zone type         */
	unsigned long start[QUIRE_NR_NODES]; /* MOVABLE from here on; ~0UL: no such zone     */
} movable = { .start = { [0 ... QUIRE_NR_NODES - 1] = ~0UL } };

/* ---- the command line ------------------------------------------------------------------------ */
static bool parse_amount(const char *text, const char *end, struct amount *a)
{
	struct amount found = { .given = true };
	char *stop;

	found.bytes = memparse(text, &stop);
	if (stop == text || stop > end)
		return false;
	if (stop + 1 == end && *stop == '%') {
		if (found.bytes > 100)
			return false;
		found.percent = (unsigned)found.bytes;
		found.bytes = 0;
		stop++;
	}
	if (stop != end)
		return false;
	*a = found;
	return true;
}

/* Whether the word could be understood. */
static bool parse_word(const char *word, size_t len)
{
	const char *value;

	if (len == 12 && !memcmp(word, "movable_node", 12)) {
		asked.node = movable_node_enabled = true;
		return true;
	}
	value = cmdline_value(word, len, "movablecore=");
	if (value)
		return parse_amount(value, word + len, &asked.movablecore);
	value = cmdline_value(word, len, "kernelcore=");
	if (!value)
		return true;
	if (word + len - value == 6 && !memcmp(value, "mirror", 6)) {
		asked.mirror = true;
		return true;
	}
	return parse_amount(value, word + len, &asked.kernelcore);
}

/* ---- how much of each node ------------------------------------------------------------------- */

/* Frames of a node, and how many of them lie below `floor`. */
struct share {
	unsigned long all, low;
};

static unsigned long region_start(const struct memblock_region *r)
{
	return memblock_region_memory_base_pfn(r);
}

static unsigned long region_stop(const struct memblock_region *r)
{
	return max(memblock_region_memory_end_pfn(r), region_start(r));
}

static unsigned long count_shares(struct share share[QUIRE_NR_NODES])
{
	const struct memblock_region *r;
	unsigned long all = 0;

	for_each_mem_region(r) {
		unsigned long start = region_start(r), stop = region_stop(r);
		struct share *s = &share[region_node(r)];

		s->all += stop - start;
		s->low += min(stop, max(start, movable.floor)) - start;
		all += stop - start;
	}
	return all;
}

/* What a node keeps for everybody if the level is that. */
static unsigned long kept(const struct share *s, unsigned long level)
{
	return min(s->all, max(s->low, level));
}

/* The lowest level at which all nodes together keep `want` frames, at most all there are. */
static unsigned long find_level(const struct share share[QUIRE_NR_NODES], unsigned long want)
{
	unsigned long low = 0, high = want;

	while (low < high) {
		unsigned long level = low + (high - low) / 2, sum = 0;

		for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
			sum += kept(&share[nid], level);
		if (sum >= want)
			high = level;
		else
			low = level + 1;
	}
	return low;
}

/* Number of the frame above the node's first `frames`; ~0UL if that is all. */
static unsigned long frame_above(unsigned nid, unsigned long frames)
{
	const struct memblock_region *r;

	for_each_mem_region(r) {
		unsigned long n = region_stop(r) - region_start(r);

		if (region_node(r) != nid)
			continue;
		if (frames < n)
			return QUIRE_ALIGN_UP(max(region_start(r) + frames, movable.floor),
					      1UL << MAX_PAGE_ORDER);
		frames -= n;
	}
	return ~0UL;
}

static unsigned long frames_asked(const struct amount *a, unsigned long all)
{
	if (a->percent)
		return (unsigned long)((u64)all * a->percent / 100);
	return (unsigned long)min(a->bytes >> PAGE_SHIFT, (unsigned long long)all);
}

static void spread(void)
{
	struct share share[QUIRE_NR_NODES] = { { 0 } };
	unsigned long all = count_shares(share), kernel = frames_asked(&asked.kernelcore, all);
	unsigned long level;

	if (asked.movablecore.given) {
		unsigned long n = QUIRE_ALIGN_UP(frames_asked(&asked.movablecore, all),
						 1UL << MAX_PAGE_ORDER);

		kernel = max(kernel, all - min(n, all));
	}
	if (!kernel || kernel >= all)
		return;
	level = find_level(share, kernel);
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		movable.start[nid] = frame_above(nid, kept(&share[nid], level));
}

/* ---- whole regions --------------------------------------------------------------------------- */
static void from_hotplug(void)
{
	const struct memblock_region *r;

	for_each_mem_region(r) {
		unsigned long *start = &movable.start[region_node(r)];

		if (memblock_is_hotpluggable(r))
			*start = min(*start, QUIRE_ALIGN_UP(max(region_start(r), movable.floor),
							    1UL << MAX_PAGE_ORDER));
	}
}

static unsigned long from(const struct memblock_region *r)
{
	if (movable.mirror)
		return memblock_is_mirror(r) ? ~0UL : movable.floor;
	return movable.start[region_node(r)];
}

static void place(void)
{
	unsigned long last = PHYS_PFN(memblock_end_of_DRAM());

	movable.floor = zone_type_start(zone_type_of(last ? last - 1 : 0));
	movable.mirror = asked.mirror && memblock_has_mirror();
	if (asked.mirror && !movable.mirror)
		pr_warn("frames: kernelcore=mirror is ignored: no memory is mirrored\n");
	if (asked.node)
		from_hotplug();
	else if (!movable.mirror)
		spread();
}

static void forget(void)
{
	if (asked.node)
		movable_node_enabled = false;
	memset(&asked, 0, sizeof(asked));
	movable.mirror = false;
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		movable.start[nid] = ~0UL;
}

static const struct zone_movable_ops ops = { place, from, forget };

void frames_parse_cmdline(const char *cmdline)
{
	const char *word;
	size_t len;

	zone_movable_ops = &ops;
	while ((word = cmdline_next(&cmdline, &len)))
		if (!parse_word(word, len))
			pr_warn("frames: boot parameter \"%.*s\" makes no sense and is ignored\n",
				(int)len, word);
}
