/* SPDX-License-Identifier: MIT */
/*
 * pcid_test.c - what x86 CPUs with numbered spaces are told, against a model of what the manual lets them remember.
 *
 *   space ──> region ──> table ──> frame         a CPU remembers translations (number, address, frame; global or not)
 *                                                and ways to tables (number, region, table), and reads ahead
 *                                                whenever and wherever it likes: before every instruction
 *
 * Two CPUs, more spaces than numbers, tables that are freed and at once another's.  After each step no CPU may be able
 * to use what the tables do not say.  The same run finds out when one kind of instruction does nothing.
 * QUIRE_SEED replays a run.
 */
#include "mm_harness.h"
#include "maps/maps.h"
#include "pcid.h"
#include <quire/asid.h>

#define CPUS     2u
#define SPACES   24u
#define REGIONS  6u /* of which the last are the kernel's: in every space */
#define KERNEL   4u
#define PAGES    64u
#define TABLES   72u
#define MEMORIES 96u /* translations, and ways, of a CPU */
#define STEPS    120000u

/* Instructions that can be made to do nothing. */
enum mutant {
	FAITHFUL,
	NO_INVLPG,
	NO_ADDRESS,
	NO_SPACE,
	NO_ALL_AND_GLOBALS,
	NO_ALL_AT_SWITCH,
	NO_ALL_FOR_KERNEL,
	ALWAYS_KEEP, /* bit 63 */
	NR_MUTANTS
};

struct translation {
	bool valid, global;
	unsigned pcid;
	unsigned long va;
	u32 frame;
};

struct way {
	bool valid;
	unsigned pcid, region, table;
};

static struct cpu {
	u64 cr3;
	struct translation known[MEMORIES];
	struct way way[MEMORIES];
} cpus[CPUS];

/* 0: none.  Each kernel region is every space's. */
static unsigned table_of[SPACES + 1][REGIONS];
static u32 entry[TABLES + 1][PAGES];
static unsigned free_table[TABLES], nr_free; /* last in, first out */
static struct page *root_page[SPACES + 1];   /* the last: the kernel's own root */
static u32 next_frame;
static enum mutant mutant;
static bool switching;
static u64 rng;

static unsigned below(unsigned n)
{
	return rnd(&rng) % n;
}

static unsigned long va_of(unsigned region, unsigned page)
{
	return (region < KERNEL ? 0x40000000ul : 0xc0000000ul) +
	       (region * 512ul + page) * PAGE_SIZE;
}

static unsigned region_of(unsigned long va)
{
	return (va & 0x3ffffffful) >> PAGE_SHIFT >> 9;
}

/* Of a space; index SPACES is nobody's: the kernel's regions only. */
static unsigned *slot_of(unsigned space, unsigned region)
{
	return &table_of[region < KERNEL ? space : SPACES][region];
}

static u32 frame_at(unsigned space, unsigned long va)
{
	unsigned table = *slot_of(space, region_of(va));

	return table ? entry[table][va >> PAGE_SHIFT & 511] : 0;
}

/* ---- the processor --------------------------------------------------------------------------- */
static unsigned loaded_space(const struct cpu *c)
{
	unsigned s = 0;

	while (s < SPACES && page_to_phys(root_page[s]) != (c->cr3 & ~CR3_PCID))
		s++;
	return s;
}

static bool usable(const struct cpu *c, const struct translation *t)
{
	return t->valid && (t->global || t->pcid == (c->cr3 & CR3_PCID));
}

static bool is_known(const struct cpu *c, unsigned long va)
{
	for (unsigned i = 0; i < MEMORIES; i++)
		if (usable(c, &c->known[i]) && c->known[i].va == va)
			return true;
	return false;
}

/* The table of a region, as remembered or as it stands in the root, and then remembered. */
static unsigned walk_to(struct cpu *c, unsigned region)
{
	unsigned pcid = c->cr3 & CR3_PCID, table;

	for (unsigned i = 0; i < MEMORIES; i++)
		if (c->way[i].valid && c->way[i].pcid == pcid && c->way[i].region == region)
			return c->way[i].table;
	table = *slot_of(loaded_space(c), region);
	if (table)
		c->way[below(MEMORIES)] = (struct way){ true, pcid, region, table };
	return table;
}

static void read_ahead(struct cpu *c)
{
	unsigned region = below(REGIONS), page = below(PAGES), table;
	unsigned long va = va_of(region, page);

	if (is_known(c, va))
		return;
	table = walk_to(c, region);
	if (table && entry[table][page])
		c->known[below(MEMORIES)] =
			(struct translation){ true, region >= KERNEL, c->cr3 & CR3_PCID, va,
					      entry[table][page] };
}

/* The CPU that executes, after everybody has read what they liked. */
static struct cpu *me(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		for (unsigned n = below(3); n; n--)
			read_ahead(&cpus[cpu]);
	return &cpus[port_cpu_id()];
}

enum reach { OF_ADDRESS = 1, GLOBALS = 2, ANY_NUMBER = 4, ALL_WAYS = 8 };

static void forget(struct cpu *c, unsigned reach, unsigned pcid, unsigned long va)
{
	for (unsigned i = 0; i < MEMORIES; i++) {
		struct translation *t = &c->known[i];
		struct way *w = &c->way[i];
		bool number = reach & ANY_NUMBER || t->pcid == pcid;

		if ((t->global ? reach & GLOBALS : number) &&
		    (!(reach & OF_ADDRESS) || t->va == va))
			t->valid = false;
		if ((reach & ANY_NUMBER || w->pcid == pcid) &&
		    (!(reach & OF_ADDRESS) || reach & ALL_WAYS || w->region == region_of(va)))
			w->valid = false;
	}
}

u64 pcid_read_cr3(void)
{
	return me()->cr3;
}

void pcid_write_cr3(u64 v)
{
	struct cpu *c = me();

	c->cr3 = v & ~CR3_KEEP;
	if (!(v & CR3_KEEP) && mutant != ALWAYS_KEEP)
		forget(c, 0, v & CR3_PCID, 0);
}

void pcid_invlpg(unsigned long va)
{
	struct cpu *c = me();

	if (mutant != NO_INVLPG)
		forget(c, OF_ADDRESS | GLOBALS | ALL_WAYS, c->cr3 & CR3_PCID, va);
}

void pcid_invpcid(enum invpcid type, unsigned pcid, unsigned long va)
{
	static const enum mutant without[] = { NO_ADDRESS, NO_SPACE, NO_ALL_AND_GLOBALS,
					       NO_ALL_FOR_KERNEL };
	static const unsigned reach[] = { OF_ADDRESS, 0, GLOBALS | ANY_NUMBER, ANY_NUMBER };
	struct cpu *c = me();

	assert_true(pcid <= CR3_PCID);
	if (mutant != (type == INVPCID_ALL && switching ? NO_ALL_AT_SWITCH : without[type]))
		forget(c, reach[type], pcid, va);
}

/* Whether the CPU could use what is not so. */
static const char *check_cpu(const struct cpu *c)
{
	unsigned space = loaded_space(c);

	for (unsigned i = 0; i < MEMORIES; i++) {
		const struct translation *t = &c->known[i];
		const struct way *w = &c->way[i];

		if (usable(c, t) && t->frame != frame_at(space, t->va))
			return t->global ? "a stale translation of the kernel's"
					 : "a stale translation";
		if (w->valid && w->pcid == (c->cr3 & CR3_PCID) &&
		    w->table != *slot_of(space, w->region))
			return "a way to a table that is not there any more";
	}
	return NULL;
}

/* ---- what a kernel does ---------------------------------------------------------------------- */
static void on_cpu(unsigned cpu)
{
	posix_this_cpu.id = cpu;
}

static void run_on(unsigned cpu, unsigned space)
{
	phys_addr_t root = page_to_phys(root_page[space]);

	on_cpu(cpu);
	switching = true;
	pcid_load_root(root, asid_switch(space == SPACES ? 0 : root));
	switching = false;
}

/* Here, and by the shoot-down there. */
static void flush(unsigned space, unsigned region, unsigned first, unsigned n)
{
	unsigned long start = va_of(region, first), end = start + n * PAGE_SIZE;
	unsigned here = port_cpu_id();

	for (unsigned i = 0; i < CPUS; i++) {
		on_cpu((here + i) % CPUS);
		if (region < KERNEL)
			pcid_flush(asid_of(page_to_phys(root_page[space])), start, end);
		else
			pcid_flush_kernel(start, end);
	}
}

static void map_some(unsigned space, unsigned region)
{
	unsigned *table = slot_of(space, region), first = below(PAGES),
		 n = 1 + below(PAGES - first);

	if (!*table && nr_free)
		*table = free_table[--nr_free];
	for (unsigned i = first; *table && i < first + n; i++)
		if (!entry[*table][i])
			entry[*table][i] = ++next_frame;
}

static void unmap_some(unsigned space, unsigned region)
{
	unsigned table = *slot_of(space, region), first = below(PAGES);
	unsigned n = 1 + below(below(2) ? 3 : PAGES);

	n = n > PAGES - first ? PAGES - first : n;
	if (!table)
		return;
	memset(&entry[table][first], 0, n * sizeof(u32));
	flush(space, region, first, n);
}

/* Whoever frees an empty table flushes as much as one page of it, and no more. */
static void drop_table(unsigned space, unsigned region)
{
	unsigned *slot = slot_of(space, region), table = *slot;

	if (!table)
		return;
	memset(entry[table], 0, sizeof(entry[table]));
	for (unsigned page = 0; page < PAGES; page += FLUSH_ALL_ABOVE)
		flush(space, region, page, FLUSH_ALL_ABOVE);
	*slot = 0;
	flush(space, region, below(PAGES), 1);
	free_table[nr_free++] = table;
}

/* A space ends, unflushed, and another begins with its root. */
static void replace_space(unsigned space)
{
	phys_addr_t root = page_to_phys(root_page[space]);

	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		if (loaded_space(&cpus[cpu]) == space)
			run_on(cpu, SPACES);
	for (unsigned region = 0; region < KERNEL; region++) {
		unsigned *slot = slot_of(space, region);

		if (!*slot)
			continue;
		memset(entry[*slot], 0, sizeof(entry[*slot]));
		free_table[nr_free++] = *slot;
		*slot = 0;
	}
	asid_forget(root);
	asid_forget(root);
}

/* Most of the time few spaces run, and find what they left in the TLB; at times there are more than numbers. */
static unsigned some_space(unsigned now)
{
	return below(SPACES) < now / 4000 % 4 * 8 ? below(SPACES) : below(4);
}

static void step(unsigned now)
{
	unsigned space = below(3) ? some_space(now) : loaded_space(&cpus[below(CPUS)]);
	unsigned region = space == SPACES ? KERNEL + below(REGIONS - KERNEL) : below(REGIONS);

	on_cpu(below(CPUS));
	switch (below(16)) {
	case 0 ... 3: map_some(space, region); break;
	case 4 ... 8: unmap_some(space, region); break;
	case 9: drop_table(space, region); break;
	case 10:
		if (space < SPACES)
			replace_space(space);
		break;
	default: run_on(below(CPUS), below(20) ? some_space(now) : SPACES); break;
	}
}

/* ---- runs ------------------------------------------------------------------------------------ */
static void begin(enum mutant m)
{
	unsigned bits = ASID_LEAST_BITS;

	while ((1u << bits) < QUIRE_NR_CPUS + 2u)
		bits++;
	assert_int_equal(asid_init(bits), 0);
	memset(cpus, 0, sizeof(cpus));
	memset(table_of, 0, sizeof(table_of));
	memset(entry, 0, sizeof(entry));
	mutant = m;
	next_frame = 0;
	for (nr_free = 0; nr_free < TABLES; nr_free++)
		free_table[nr_free] = nr_free + 1;
	for (unsigned i = 0; i <= SPACES; i++) {
		root_page[i] = alloc_page(GFP_KERNEL);
		assert_non_null(root_page[i]);
		asid_forget(page_to_phys(root_page[i]));
	}
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		cpus[cpu].cr3 = page_to_phys(root_page[SPACES]);
}

static void end(void)
{
	for (unsigned cpu = 0; cpu < CPUS; cpu++)
		run_on(cpu, SPACES);
	on_cpu(0);
	for (unsigned i = 0; i <= SPACES; i++)
		__free_page(root_page[i]);
}

/* What goes wrong first, and when; NULL: nothing. */
static const char *run(enum mutant m, unsigned *at)
{
	const char *why = NULL;

	begin(m);
	for (*at = 0; *at < STEPS && !why; ++*at) {
		step(*at);
		for (unsigned cpu = 0; cpu < CPUS && !why; cpu++)
			why = check_cpu(&cpus[cpu]);
	}
	end();
	return why;
}

static void test_nothing_stale(void **state)
{
	const u64 seed = seed_from_env(20261121);
	unsigned at;
	const char *why;

	(void)state;
	rng = seed;
	why = run(FAITHFUL, &at);
	if (why)
		fail_msg("QUIRE_SEED=%llu, step %u: %s", (unsigned long long)seed, at, why);
	assert_true(asid_stats().generations > 100);
}

static void test_every_instruction_counts(void **state)
{
	const u64 seed = seed_from_env(20261121);

	(void)state;
	for (enum mutant m = FAITHFUL + 1; m < NR_MUTANTS; m++) {
		unsigned at;
		const char *why;

		rng = seed;
		why = run(m, &at);
		printf("# mutant %d: step %u: %s\n", (int)m, at, why ? why : "not found");
		assert_non_null(why);
	}
}

/* ---- which instructions, one by one ---------------------------------------------------------- */
/* A CPU that has a translation of each of two spaces and of the kernel, all of the same page. */
static void remember_three(struct cpu *c)
{
	unsigned long va = va_of(0, 0), kernel = va_of(KERNEL, 0);

	memset(c->known, 0, sizeof(c->known));
	c->known[0] = (struct translation){ true, false, 1, va, 1 };
	c->known[1] = (struct translation){ true, false, 2, va, 2 };
	c->known[2] = (struct translation){ true, true, 1, kernel, 3 };
}

static void test_reach(void **state)
{
	const unsigned long va = va_of(0, 0), many = (FLUSH_ALL_ABOVE + 1) * PAGE_SIZE;
	struct cpu *c = &cpus[0];

	(void)state;
	begin(FAITHFUL);
	for (unsigned other = 0; other < 2; other++)
		for (unsigned long size = PAGE_SIZE; size <= many; size += many - PAGE_SIZE) {
			c->cr3 = page_to_phys(root_page[SPACES]) | 1; /* number 1 is loaded */
			remember_three(c);
			pcid_flush(1 + other, va, va + size);
			assert_int_equal(c->known[0].valid, other);
			assert_int_equal(c->known[1].valid, !other);
			assert_true(c->known[2].valid);
			assert_int_equal(c->cr3, page_to_phys(root_page[SPACES]) | 1);
		}
	remember_three(c);
	pcid_flush(ASID_NOBODY, va, va + PAGE_SIZE);
	assert_true(c->known[0].valid && c->known[1].valid && c->known[2].valid);
	pcid_flush_kernel(va_of(KERNEL, 0), va_of(KERNEL, 0));
	assert_true(c->known[0].valid && c->known[1].valid && c->known[2].valid);
	pcid_flush_kernel(va_of(KERNEL, 0), va_of(KERNEL, 0) + PAGE_SIZE);
	assert_false(c->known[2].valid);
	end();
}

/* A switch keeps everything, but in a new generation, when nothing of any space stays. */
static void test_switch(void **state)
{
	struct cpu *c = &cpus[0];
	phys_addr_t root;

	(void)state;
	begin(FAITHFUL);
	root = page_to_phys(root_page[0]);
	remember_three(c);
	pcid_load_root(root, (struct asid_switch){ 2, false });
	assert_true(c->cr3 == (root | 2));
	assert_true(c->known[0].valid && c->known[1].valid && c->known[2].valid);
	pcid_load_root(root, (struct asid_switch){ 3, true });
	assert_true(c->cr3 == (root | 3));
	assert_true(!c->known[0].valid && !c->known[1].valid && c->known[2].valid);
	end();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_nothing_stale),
		MM_TEST(test_every_instruction_counts),
		MM_TEST(test_reach),
		MM_TEST(test_switch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
