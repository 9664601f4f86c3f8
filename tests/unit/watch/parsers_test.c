/* SPDX-License-Identifier: MIT */
/*
 * parsers_test.c - reports about zones, read as a strict parser reads them.
 *
 * Each line is parsed and printed again with the layout that Linux documents: if real text of
 * Linux 6.18 (tests/fixtures) comes out byte for byte the layout is the right one, and then ours
 * must, too, down to the trailing blank.
 */
#include "mm_harness.h"
#include "support/fixture.h"
#include <quire/cma.h>
#include <quire/compaction.h>
#include <quire/ioport.h>
#include <quire/memblock.h>
#include <quire/numa.h>
#include <quire/tune.h>

#define MIB (1ULL << 20)

static char ours[1 << 18], theirs[1 << 16];

static const char *report(void (*show)(struct seq_out *))
{
	struct seq_buf buf = { ours, sizeof(ours) - 1, 0 };
	struct seq_out out = { seq_buf_emit, &buf, 0, 0 };

	show(&out);
	assert_int_equal(out.error, 0);
	ours[buf.len] = 0;
	return ours;
}

static const char *fixture(const char *name)
{
	return fixture_read(name, theirs, sizeof(theirs));
}

/* The next line with its newline, copied; NULL at the end. */
static const char *take_line(const char *p, char *line, size_t size)
{
	size_t n = strcspn(p, "\n") + 1;

	if (!*p)
		return NULL;
	assert_int_equal(p[n - 1], '\n');
	assert_true(n < size);
	memcpy(line, p, n);
	line[n] = 0;
	return p + n;
}

/* Parse n numbers from *at; how many there were. */
static unsigned numbers(const char *at, unsigned long *v, unsigned n)
{
	unsigned got = 0;
	int used;

	while (got < n && sscanf(at, "%lu%n", &v[got], &used) == 1) {
		at += used;
		got++;
	}
	return got;
}

/* Two machines: one node, and two nodes with five zones each way. */
static void up(unsigned nodes)
{
	const struct posix_bank one[] = { { MIB, 128 * MIB, 0 } },
				two[] = { { 0, 64 * MIB, 0 }, { 64 * MIB, 64 * MIB, 1 } };

	if (nodes == 2) {
		set_zone_end(ZONE_DMA32, 32 * MIB);
		frames_parse_cmdline("movablecore=32M");
		assert_int_equal(numa_set_distance(0, 1, 30), 0);
	}
	assert_int_equal(
		posix_machine_start(&(struct posix_machine){ nodes == 2 ? two : one, nodes, 2 }),
		0);
	assert_int_equal(insert_memblock_resources(), 0);
	assert_int_equal(quire_start(2, NULL, NULL), 0);
}

static void down(void)
{
	quire_stop();
	posix_machine_stop();
}

/* ---- buddyinfo ------------------------------------------------------------------------------- */
#define NR 11 /* orders of Linux; ours too unless configured otherwise */

static unsigned check_buddyinfo(const char *text)
{
	char line[512], again[512], zone[32];
	unsigned node, n = 0;
	unsigned long v[NR];
	int used;

	for (; (text = take_line(text, line, sizeof(line))); n++) {
		size_t len;

		assert_int_equal(sscanf(line, "Node %u, zone %31s%n", &node, zone, &used), 2);
		assert_int_equal(numbers(line + used, v, NR), NR);
		len = (size_t)snprintf(again, sizeof(again), "Node %u, zone %8s ", node, zone);
		for (unsigned i = 0; i < NR; i++)
			len += (size_t)snprintf(again + len, sizeof(again) - len, "%6lu ", v[i]);
		snprintf(again + len, sizeof(again) - len, "\n");
		assert_string_equal(line, again);
	}
	return n;
}

static void buddyinfo(void **state)
{
	(void)state;
	assert_int_equal(check_buddyinfo(fixture("buddyinfo")), 3);
	for (unsigned nodes = 1; nodes <= 2; nodes++) {
		struct zone *zone;
		unsigned n = 0;
		const char *at;

		up(nodes);
		for_each_populated_zone(zone) n++;
		at = report(show_buddyinfo);
		assert_int_equal(check_buddyinfo(at), n);
		/* nodes rise, and within a node the zones do */
		for_each_populated_zone(zone)
		{
			char want[40];

			snprintf(want, sizeof(want), "Node %d, zone %8s ", zone->node, zone->name);
			assert_memory_equal(at, want, strlen(want));
			at += strcspn(at, "\n") + 1;
		}
		down();
	}
}

/* ---- extfrag --------------------------------------------------------------------------------- */

/* What Linux prints, of machines of its own. */
static const char linux_extfrag[] =
	"Node 0, zone      DMA -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 -1.000 "
	"-1.000 -1.000 \n"
	"Node 0, zone   Normal -1.000 -1.000 -1.000 -1.000  0.931  0.966  0.983  0.992  0.996  "
	"0.998  0.999 \n";
static const char linux_unusable[] =
	"Node 0, zone    DMA32 0.000 0.000 0.000 0.000 0.000 0.001 0.001 0.003 0.007 0.013 0.028 \n"
	"Node 1, zone   Normal 0.000 0.006 0.021 0.051 0.104 0.190 0.325 0.522 0.775 1.000 1.000 "
	"\n";

/* Columns of `width` characters and a blank, three digits after the point, within `low` and 1.
 * Returns the lines; *last: the last column of the last. */
static unsigned check_indices(const char *text, int width, double low, double *last)
{
	char line[512], again[512], zone[32];
	unsigned node, n = 0;

	for (; (text = take_line(text, line, sizeof(line))); n++) {
		size_t len;
		int used;
		const char *at;

		assert_int_equal(sscanf(line, "Node %u, zone %31s%n", &node, zone, &used), 2);
		at = line + used;
		len = (size_t)snprintf(again, sizeof(again), "Node %u, zone %8s ", node, zone);
		for (unsigned i = 0; i < NR; i++) {
			assert_int_equal(sscanf(at, "%lf%n", last, &used), 1);
			assert_true(*last >= low && *last <= 1);
			at += used;
			len += (size_t)snprintf(again + len, sizeof(again) - len, "%*.3f ", width,
						*last);
		}
		snprintf(again + len, sizeof(again) - len, "\n");
		assert_string_equal(line, again);
	}
	return n;
}

static void layouts_of_indices(void **state)
{
	double last;

	(void)state;
	assert_int_equal(check_indices(linux_extfrag, 6, -1, &last), 2);
	assert_int_equal(check_indices(linux_unusable, 5, 0, &last), 2);
	for (unsigned nodes = 1; nodes <= 2; nodes++) {
		struct zone *zone;
		unsigned zones = 0;

		up(nodes);
		for_each_populated_zone(zone) zones++;
		assert_int_equal(check_indices(report(show_extfrag_index), 6, -1, &last), zones);
		assert_int_equal(check_indices(report(show_unusable_index), 5, 0, &last), zones);
		down();
	}
}

/* All memory is taken, and what `keep` says no to given back. */
static void indices_where_taken(bool (*keep)(unsigned long pfn), double *extfrag, double *unusable)
{
	static struct page *pages[40000];
	unsigned n = 0;

	up(1);
	while (n < ARRAY_SIZE(pages) &&
	       (pages[n] = alloc_page(GFP_KERNEL | __GFP_MEMALLOC | __GFP_NOWARN)))
		n++;
	for (unsigned i = 0; i < n; i++)
		if (!keep(page_to_pfn(pages[i]))) {
			__free_page(pages[i]);
			pages[i] = NULL;
		}
	drain_all_pages();
	check_indices(report(show_unusable_index), 5, 0, unusable);
	check_indices(report(show_extfrag_index), 6, -1, extfrag);
	while (n--)
		if (pages[n])
			__free_page(pages[n]);
	down();
}

static bool keep_odd(unsigned long pfn)
{
	return pfn & 1;
}

static bool keep_but_one_block(unsigned long pfn)
{
	return pfn / 512 != 32;
}

static void indices_tell_why(void **state)
{
	double extfrag, unusable;

	(void)state;
	indices_where_taken(keep_odd, &extfrag, &unusable);
	assert_true(extfrag > 0.9);
	assert_true(unusable > 0.9);
	/* half of what is wanted, in one piece: lack of memory, and the sign goes before the 0 */
	indices_where_taken(keep_but_one_block, &extfrag, &unusable);
	assert_non_null(strstr(ours, " -1.000 -0.500 \n"));
	assert_true(unusable > 0.999);
}

/* ---- meminfo: the lines of CMA, where Linux has them ----------------------------------------- */
static void cma_in_meminfo(void **state)
{
	const char *found;
	struct cma *area;
	struct page *page;
	char want[80];

	(void)state;
	up(1);
	assert_null(strstr(report(show_meminfo), "Cma"));
	down();
	assert_int_equal(posix_machine_start_simple(64, 1), 0);
	assert_int_equal(cma_declare_contiguous(0, 8 * MIB, 0, 0, 0, false, "x", &area), 0);
	assert_int_equal(quire_start(1, NULL, NULL), 0);
	page = cma_alloc(area, 256, 0, false);
	assert_non_null(page);
	found = strstr(report(show_meminfo), "CmaTotal:");
	assert_non_null(found);
	snprintf(want, sizeof(want), "%-16s%8u kB\n%-16s%8u kB\n", "CmaTotal:", 8192u,
		 "CmaFree:", 7168u);
	assert_memory_equal(found, want, strlen(want));
	assert_true(strstr(ours, "VmallocChunk:") < found && found < strstr(ours, "DirectMap"));
	assert_non_null(strstr(report(show_pagetypeinfo), "type          CMA "));
	assert_true(cma_release(area, page, 256));
	down();
}

/* ---- pagetypeinfo ---------------------------------------------------------------------------- */
static unsigned check_pagetypeinfo(const char *text)
{
	char line[512], again[512], zone[32], type[32];
	unsigned long v[NR];
	unsigned node, lines = 0, types = 0;
	int used;

	for (; (text = take_line(text, line, sizeof(line))); lines++) {
		size_t n;

		if (lines < 4 || line[0] == '\n')
			continue; /* compared whole in report_test.c */
		if (!strncmp(line, "Number of blocks type ", 22)) {
			n = (size_t)snprintf(again, sizeof(again), "%-23s",
					     "Number of blocks type ");
			for (const char *at = line + 23; sscanf(at, "%31s%n", type, &used) == 1;
			     at += used)
				n += (size_t)snprintf(again + n, sizeof(again) - n, "%12s ", type),
					types++;
		} else if (sscanf(line, "Node %u, zone %31[^,], type %31s%n", &node, zone, type,
				  &used) == 3) {
			const char *name = zone + strspn(zone, " ");

			assert_int_equal(numbers(line + used, v, NR), NR);
			n = (size_t)snprintf(again, sizeof(again), "Node %4u, zone %8s, type %12s ",
					     node, name, type);
			for (unsigned i = 0; i < NR; i++)
				n += (size_t)snprintf(again + n, sizeof(again) - n, "%6lu ", v[i]);
		} else {
			assert_int_equal(sscanf(line, "Node %u, zone %31s%n", &node, zone, &used),
					 2);
			assert_int_equal(numbers(line + used, v, NR), types);
			n = (size_t)snprintf(again, sizeof(again), "Node %u, zone %8s ", node,
					     zone);
			for (unsigned i = 0; i < types; i++)
				n += (size_t)snprintf(again + n, sizeof(again) - n, "%12lu ", v[i]);
		}
		snprintf(again + n, sizeof(again) - n, "\n");
		assert_string_equal(line, again);
	}
	return lines;
}

static void pagetypeinfo(void **state)
{
	unsigned types = MIGRATE_TYPES - 1; /* without CMA */

	(void)state;
	assert_int_equal(check_pagetypeinfo(fixture("pagetypeinfo")), 4 + 3 * 5 + 2 + 3);
	for (unsigned nodes = 1; nodes <= 2; nodes++) {
		struct zone *zone;
		unsigned n = 0;

		up(nodes);
		for_each_populated_zone(zone) n++;
		assert_int_equal(check_pagetypeinfo(report(show_pagetypeinfo)),
				 4 + n * types + 2 + n);
		down();
	}
}

/* ---- zoneinfo -------------------------------------------------------------------------------- */

/* What a line is, and the line as it must be; the key of a number is left in `key`. */
static void again_zoneinfo(const char *line, char *again, size_t size, char key[64])
{
	static const struct {
		const char *scan, *print;
	} kinds[] = {
		{ "  pages free %lu", "  pages free     %lu\n" },
		{ " boost %lu", "        boost    %lu\n" },
		{ " min %lu", "        min      %lu\n" },
		{ " low %lu", "        low      %lu\n" },
		{ " high %lu", "        high     %lu\n" },
		{ " promo %lu", "        promo    %lu\n" },
		{ " spanned %lu", "        spanned  %lu\n" },
		{ " present %lu", "        present  %lu\n" },
		{ " managed %lu", "        managed  %lu\n" },
		{ " cma %lu", "        cma      %lu\n" },
		{ " cpu: %lu", "    cpu: %lu\n" },
		{ " count: %lu", "              count:    %lu\n" },
		{ " high: %lu", "              high:     %lu\n" },
		{ " batch: %lu", "              batch:    %lu\n" },
		{ " high_min: %lu", "              high_min: %lu\n" },
		{ " high_max: %lu", "              high_max: %lu\n" },
		{ " vm stats threshold: %lu", "  vm stats threshold: %lu\n" },
		{ " node_unreclaimable: %lu", "  node_unreclaimable:  %lu\n" },
		{ " start_pfn: %lu", "  start_pfn:           %lu\n" },
	};
	unsigned long v;
	unsigned node;
	char name[64];

	snprintf(key, 64, "-");
	if (sscanf(line, "Node %u, zone %63s", &node, name) == 2) {
		snprintf(again, size, "Node %u, zone %8s\n", node, name);
		return;
	}
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++)
		if (sscanf(line, kinds[i].scan, &v) == 1) {
			snprintf(again, size, kinds[i].print, v);
			snprintf(key, 64, "%s", kinds[i].scan);
			return;
		}
	if (strstr(line, "per-node stats") || strstr(line, "pagesets")) {
		snprintf(again, size, "  %s\n",
			 strstr(line, "per") ? "per-node stats" : "pagesets");
		return;
	}
	if (strstr(line, "protection: (")) { /* its numbers are as many as there are zone types */
		unsigned long p[8];
		size_t n = (size_t)snprintf(again, size, "        protection: (");
		const char *at = strchr(line, '(') + 1;

		for (unsigned i = 0; sscanf(at, "%lu", &p[i]) == 1; i++) {
			n += (size_t)snprintf(again + n, size - n, "%s%lu", i ? ", " : "", p[i]);
			at += strcspn(at, ",)") + 1;
		}
		snprintf(again + n, size - n, ")\n");
		return;
	}
	assert_int_equal(sscanf(line, " %63s %lu", name, &v), 2);
	snprintf(again, size, "      %-12s %lu\n", name, v);
	snprintf(key, 64, "%s", name);
}

/* Lines that the zone has in the text, and the sum of those with the key. */
static unsigned check_zoneinfo(const char *text, const char *want, unsigned long *sum)
{
	char line[256], again[256], key[64];
	unsigned lines = 0;

	*sum = 0;
	for (; (text = take_line(text, line, sizeof(line))); lines++) {
		again_zoneinfo(line, again, sizeof(again), key);
		assert_string_equal(line, again);
		if (!strcmp(key, want))
			*sum += strtoul(strrchr(line, ' '), NULL, 10);
	}
	return lines;
}

static unsigned count_of(const char *text, const char *words)
{
	unsigned n = 0;

	for (; (text = strstr(text, words)); text++)
		n++;
	return n;
}

static void zoneinfo(void **state)
{
	unsigned long sum;
	struct zone *zone;
	struct page *page;

	(void)state;
	assert_int_equal(check_zoneinfo(fixture("zoneinfo"), "nr_free_pages", &sum), 214);
	assert_int_equal(
		sum, 3840 + 772852 +
			     strtoul(strstr(strstr(theirs, "zone   Normal"), "nr_free_pages ") + 14,
				     NULL, 10));
	for (unsigned nodes = 1; nodes <= 2; nodes++) {
		unsigned populated = 0;

		up(nodes);
		report(show_zoneinfo);
		for_each_populated_zone(zone) populated++;
		assert_true(check_zoneinfo(ours, "nr_free_pages", &sum) > 90);
		assert_int_equal(sum, nr_free_pages());
		check_zoneinfo(ours, " managed %lu", &sum);
		assert_int_equal(sum, totalram_pages());
		/* once for each node, in front of its first populated zone */
		assert_int_equal(count_of(ours, "per-node stats"), nodes);
		assert_int_equal(count_of(ours, "  pagesets"), populated);
		assert_int_equal(count_of(ours, "    cpu: "), 2 * populated);
		down();
	}
	/* node 1 counts what node 1 gave */
	up(2);
	for (unsigned i = 0; i < 7; i++) {
		page = alloc_pages_node(1, GFP_KERNEL, 0);
		assert_non_null(page);
		__free_page(page);
	}
	report(show_zoneinfo);
	check_zoneinfo(strstr(ours, "Node 1, zone"), "numa_other", &sum);
	assert_int_equal(sum, 7);
	check_zoneinfo(strstr(ours, "Node 1, zone"), "numa_local", &sum);
	assert_int_equal(sum, 0);
	down();
}

/* ---- vmstat ---------------------------------------------------------------------------------- */
static unsigned check_vmstat(const char *text)
{
	char line[128], again[128], name[64];
	unsigned lines = 0;
	unsigned long v;

	for (; (text = take_line(text, line, sizeof(line))); lines++) {
		assert_int_equal(sscanf(line, "%63s %lu", name, &v), 2);
		snprintf(again, sizeof(again), "%s %lu\n", name, v);
		assert_string_equal(line, again);
	}
	return lines;
}

static void vmstat(void **state)
{
	(void)state;
	assert_int_equal(check_vmstat(fixture("vmstat")), 192);
	up(2);
	/* the three *_high events are 32-bit machines' */
	assert_int_equal(check_vmstat(report(show_vmstat)), sizeof(long) == 8 ? 192 : 195);
	down();
}

/* ---- iomem ----------------------------------------------------------------------------------- */

/* proc(5) shows this of a machine: two blanks per level, eight digits at least. */
static const char example[] = "00000000-00000fff : Reserved\n"
			      "00001000-0009fbff : System RAM\n"
			      "00100000-bffdffff : System RAM\n"
			      "  01000000-01e00fff : Kernel code\n"
			      "  02000000-0242efff : Kernel rodata\n"
			      "fec00000-fec003ff : IOAPIC 0\n"
			      "100000000-13fffffff : System RAM\n";

static void check_iomem(const char *text)
{
	char line[256], again[256], name[64];
	unsigned long long start, end;

	while ((text = take_line(text, line, sizeof(line)))) {
		int depth = (int)strspn(line, " ");

		assert_int_equal(depth % 2, 0);
		assert_int_equal(sscanf(line, " %llx-%llx : %63[^\n]", &start, &end, name), 3);
		snprintf(again, sizeof(again), "%*s%08llx-%08llx : %s\n", depth, "", start, end,
			 name);
		assert_string_equal(line, again);
	}
}

static void iomem(void **state)
{
	static struct resource parts[] = {
		{ .start = 0x0, .end = 0xfff, .name = "Reserved" },
		{ .start = 0x1000, .end = 0x9fbff, .name = "System RAM" },
		{ .start = 0x1000000, .end = 0x1e00fff, .name = "Kernel code" },
		{ .start = 0x100000, .end = 0xbffdffff, .name = "System RAM" },
		{ .start = 0x100000000, .end = 0x13fffffff, .name = "System RAM" },
		{ .start = 0xfec00000, .end = 0xfec003ff, .name = "IOAPIC 0" },
		{ .start = 0x2000000, .end = 0x242efff, .name = "Kernel rodata" },
	};

	(void)state;
	check_iomem(example);
	memblock_exit();
	assert_string_equal(report(show_iomem), "");
	for (unsigned i = 0; i < ARRAY_SIZE(parts); i++)
		assert_int_equal(insert_resource(&iomem_resource, &parts[i]), 0);
	assert_string_equal(report(show_iomem), example);
	memblock_exit();
	up(2);
	check_iomem(report(show_iomem));
	assert_string_equal(ours, "00000000-07ffffff : System RAM\n");
	down();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(buddyinfo),        cmocka_unit_test(layouts_of_indices),
		cmocka_unit_test(indices_tell_why), cmocka_unit_test(cma_in_meminfo),
		cmocka_unit_test(pagetypeinfo),     cmocka_unit_test(zoneinfo),
		cmocka_unit_test(vmstat),           cmocka_unit_test(iomem),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
