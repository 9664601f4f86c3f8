/* SPDX-License-Identifier: MIT */
/*
 * walk_test.c - the software MMU's reading of tables: entries worked out by hand from the manuals, for
 * every processor on every host, and each way in which a walk can fail.
 */
#include "mm_harness.h"
#include "walk.h"

/* mm_harness.h has PROT_READ | PROT_WRITE for RW: the same bits, as it happens, but not the same thing. */
#undef RW
#define R   MMU_READ
#define RW  (MMU_READ | MMU_WRITE)
#define RX  (MMU_READ | MMU_EXEC)
#define ALL (MMU_READ | MMU_WRITE | MMU_EXEC)

/* How tables of a processor hang together, and what an entry that leads to one looks like. */
struct shape {
	const struct mmu *mmu;
	unsigned levels, bytes; /* of an entry                                              */
	u8 low[5], bits[5];     /* of the address, root first                               */
	u64 root_table, table;  /* bits beside the address, in the root and below           */
	unsigned right;         /* shift of the address                                     */
};

static const struct shape shapes[] = {
	{ &mmu_x86_64, 4, 8, { 39, 30, 21, 12 }, { 9, 9, 9, 9 }, 0x27, 0x27, 0 },
	{ &mmu_x86_64_5level, 5, 8, { 48, 39, 30, 21, 12 }, { 9, 9, 9, 9, 9 }, 0x27, 0x27, 0 },
	{ &mmu_x86_pae, 3, 8, { 30, 21, 12 }, { 2, 9, 9 }, 0x1, 0x27, 0 },
	{ &mmu_aarch64, 4, 8, { 39, 30, 21, 12 }, { 9, 9, 9, 9 }, 3, 3, 0 },
	{ &mmu_riscv_sv39, 3, 8, { 30, 21, 12 }, { 9, 9, 9 }, 1, 1, 2 },
	{ &mmu_riscv_sv48, 4, 8, { 39, 30, 21, 12 }, { 9, 9, 9, 9 }, 1, 1, 2 },
	{ &mmu_riscv_sv57, 5, 8, { 48, 39, 30, 21, 12 }, { 9, 9, 9, 9, 9 }, 1, 1, 2 },
	{ &mmu_armv7, 2, 4, { 20, 12 }, { 12, 8 }, 1, 1, 0 },
};

struct row {
	const struct mmu *mmu;
	unsigned level; /* of the entry                                                      */
	u64 va, entry;
	enum posix_mmu_fault fault;
	u64 frame;
	u8 user, kernel, memory;
	bool global, dirty;
};

#define OK        POSIX_MMU_OK
#define ABSENT    POSIX_MMU_ABSENT
#define UNUSED    POSIX_MMU_UNUSED
#define MALFORMED POSIX_MMU_MALFORMED
#define GONE      ABSENT, 0, 0, 0, 0, false, false
#define BAD       MALFORMED, 0, 0, 0, 0, false, false

static const struct row rows[] = {
	/* NX 63, G 8, PS 7, D 6, A 5, PCD 4, PWT 3, U/S 2, R/W 1, P 0 */
	{ &mmu_x86_64, 3, 0x7f0000403123, 0x8000000012345067, OK, 0x12345000, RW, RW, MMU_NORMAL,
	  false, true },
	{ &mmu_x86_64, 3, 0x7f0000403123, 0x12345025, OK, 0x12345000, RX, RX, MMU_NORMAL, false,
	  false },
	{ &mmu_x86_64, 3, 0xffff888000001000, 0x80000000fee0017b, OK, 0xfee00000, 0, RW, MMU_DEVICE,
	  true, true },
	{ &mmu_x86_64, 2, 0xffff888000203000, 0x80000000002001e3, OK, 0x203000, 0, RW, MMU_NORMAL,
	  true, true },
	{ &mmu_x86_64, 1, 0xffff888000203000, 0x400001e3, OK, 0x40203000, 0, ALL, MMU_NORMAL, true,
	  true },
	{ &mmu_x86_64, 3, 0x1000, 0x8000000012345066, GONE },
	{ &mmu_x86_64, 1, 0x1000, 0, GONE },
	{ &mmu_x86_64, 0, 0x1000, 0xa7, BAD },          /* there are no pages of 512 GiB */
	{ &mmu_x86_64, 3, 0x800000000000, 0x27, GONE }, /* not canonical */
	{ &mmu_x86_64_5level, 4, 0xfeef0000403123, 0x12345027, OK, 0x12345000, ALL, ALL, MMU_NORMAL,
	  false, false },
	{ &mmu_x86_64_5level, 4, 0x100000000000000, 0x12345027, GONE },
	{ &mmu_x86_pae, 2, 0xc0403123, 0x8000000012345067, OK, 0x12345000, RW, RW, MMU_NORMAL,
	  false, true },
	{ &mmu_x86_pae, 1, 0xc0403123, 0x002000e3, OK, 0x203000, 0, ALL, MMU_NORMAL, false, true },
	{ &mmu_x86_pae, 0, 0xc0403123, 0x12345003, BAD }, /* a root knows no rights */

	/* UXN 54, PXN 53, DBM 51, nG 11, AF 10, SH 9..8, AP 7..6, attribute 4..2, type 1..0 */
	{ &mmu_aarch64, 3, 0xff0000403123, 0x00e8000040001f43, OK, 0x40001000, RW, RW, MMU_NORMAL,
	  false, true },
	{ &mmu_aarch64, 3, 0x403123, 0x0068000040001fc3, OK, 0x40001000, R, R, MMU_NORMAL, false,
	  false }, /* writable, but clean */
	{ &mmu_aarch64, 3, 0x403123, 0x0020000040001fc3, OK, 0x40001000, RX, R, MMU_NORMAL, false,
	  false },
	{ &mmu_aarch64, 3, 0x403123, 0x0020000040001bc3, UNUSED, 0x40001000, RX, R, MMU_NORMAL,
	  false, false },
	{ &mmu_aarch64, 3, 0xffff000000403123, 0x0040000040001783, OK, 0x40001000, 0, RX,
	  MMU_NORMAL, true, false },
	{ &mmu_aarch64, 3, 0xffff000000403123, 0x0000000040001743, OK, 0x40001000, ALL, RW,
	  MMU_NORMAL, true, true }, /* what user mode writes the kernel does not execute */
	{ &mmu_aarch64, 3, 0xffff000000403123, 0x00e8000009000707, OK, 0x9000000, 0, RW, MMU_DEVICE,
	  true, true },
	{ &mmu_aarch64, 2, 0xffff000000203000, 0x00e8000040200701, OK, 0x40203000, 0, RW,
	  MMU_NORMAL, true, true },
	{ &mmu_aarch64, 1, 0xffff000000203000, 0x00e8000040000701, OK, 0x40203000, 0, RW,
	  MMU_NORMAL, true, true },
	{ &mmu_aarch64, 3, 0x403123, 0x00e8000040001f42, GONE },
	{ &mmu_aarch64, 3, 0x403123, 0x00e8000040001f41, BAD }, /* a block among the pages */
	{ &mmu_aarch64, 0, 0x403123, 0x00e8000040000701, BAD }, /* or of 512 GiB */
	{ &mmu_aarch64, 3, 0x403123, 0x00e8000040001d43, MALFORMED, 0x40001000, RW, RW, MMU_NORMAL,
	  false, true },                                 /* sharing 1 is reserved */
	{ &mmu_aarch64, 2, 0x1000000403123, 0x3, GONE }, /* neither half */

	/* address >> 2, D 7, A 6, G 5, U 4, X 3, W 2, R 1, V 0 */
	{ &mmu_riscv_sv39, 2, 0x3f00403123, 0x200804d7, OK, 0x80201000, RW, RW, MMU_NORMAL, false,
	  true },
	{ &mmu_riscv_sv39, 2, 0x403123, 0x20080457, OK, 0x80201000, R, R, MMU_NORMAL, false,
	  false },
	{ &mmu_riscv_sv39, 2, 0x403123, 0x2008045b, OK, 0x80201000, RX, R, MMU_NORMAL, false,
	  false },
	{ &mmu_riscv_sv39, 2, 0x403123, 0x2008041b, UNUSED, 0x80201000, RX, R, MMU_NORMAL, false,
	  false },
	{ &mmu_riscv_sv39, 2, 0xffffffc000403123, 0x2008046b, OK, 0x80201000, 0, RX, MMU_NORMAL,
	  true, false },
	{ &mmu_riscv_sv39, 1, 0xffffffc000203000, 0x200800e7, OK, 0x80203000, 0, RW, MMU_NORMAL,
	  true, true },
	{ &mmu_riscv_sv39, 2, 0x403123, 0x200804d6, GONE },
	{ &mmu_riscv_sv39, 2, 0x403123, 0x200804d5, BAD }, /* W without R */
	{ &mmu_riscv_sv39, 2, 0x403123, 0x20080401, BAD }, /* a table below the last level */
	{ &mmu_riscv_sv39, 1, 0x203000, 0x200804e7, BAD }, /* a misaligned block */
	{ &mmu_riscv_sv39, 2, 0x403123, 0x40000000200804d7, BAD }, /* Svpbmt is not there */
	{ &mmu_riscv_sv39, 2, 0x4000000000, 0x200804d7, GONE },    /* not sign-extended */
	{ &mmu_riscv_sv48, 3, 0x7f0000403123, 0x200804df, OK, 0x80201000, ALL, RW, MMU_NORMAL,
	  false, true },
	{ &mmu_riscv_sv48, 0, 0x203000, 0x200000006b, OK, 0x8000203000, 0, RX, MMU_NORMAL, true,
	  false },
	{ &mmu_riscv_sv57, 4, 0xfe00000000403123, 0x200804df, GONE },
	{ &mmu_riscv_sv57, 4, 0xfe000000403123, 0x200804df, OK, 0x80201000, ALL, RW, MMU_NORMAL,
	  false, true },

	/* small page: nG 11, AP2 9, TEX 8..6, AP10 5..4, C 3, B 2, type 1, XN 0 */
	{ &mmu_armv7, 1, 0x403123, 0x8000187e, OK, 0x80001000, ALL, ALL, MMU_NORMAL, false, true },
	{ &mmu_armv7, 1, 0x403123, 0x80001a7f, OK, 0x80001000, R, R, MMU_NORMAL, false, true },
	{ &mmu_armv7, 1, 0xc0403123, 0x8000105f, OK, 0x80001000, 0, RW, MMU_NORMAL, true, true },
	{ &mmu_armv7, 1, 0xc0403123, 0x1c090017, OK, 0x1c090000, 0, RW, MMU_DEVICE, true, true },
	{ &mmu_armv7, 1, 0x403123, 0x80001a7c, GONE },
	{ &mmu_armv7, 1, 0x403123, 0x80001a7d, BAD }, /* large pages have 16 entries */
	/* section: nG 17, AP2 15, TEX 14..12, AP10 11..10, XN 4, C 3, B 2, type 1 */
	{ &mmu_armv7, 0, 0xc0103123, 0x8010141e, OK, 0x80103000, 0, RW, MMU_NORMAL, true, true },
	{ &mmu_armv7, 0, 0xc0103123, 0x8010940e, OK, 0x80103000, 0, RX, MMU_NORMAL, true, true },
	{ &mmu_armv7, 0, 0xc0103123, 0x1c000416, OK, 0x1c003000, 0, RW, MMU_DEVICE, true, true },
	{ &mmu_armv7, 0, 0xc0103123, 0x8014141e, BAD }, /* a supersection */
	{ &mmu_armv7, 0, 0xc0103123, 0x80101421, BAD }, /* a table of another domain */
	{ &mmu_armv7, 0, 0xc0103123, 0x80101418, GONE },
};

static const struct shape *shape_of(const struct mmu *mmu)
{
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++)
		if (shapes[i].mmu == mmu)
			return &shapes[i];
	fail_msg("no shape of %s", mmu->name);
	return NULL;
}

/* ---- tables ---------------------------------------------------------------------------------- */
/* Order 2: the root of ARMv7 is 16 KiB, and nobody minds. */
#define TABLE_ORDER 2

struct tree {
	struct page *table[5];
	unsigned n;
};

static void put_entry(const struct shape *s, struct page *table, unsigned level, u64 va, u64 entry)
{
	u64 index = mmu_bits(va, s->low[level] + s->bits[level] - 1u, s->low[level]);
	char *at = (char *)page_address(table) + index * s->bytes;

	if (s->bytes == 8)
		*(u64 *)(void *)at = entry;
	else
		*(u32 *)(void *)at = (u32)entry;
}

static u64 root_of(const struct tree *t)
{
	return page_to_phys(t->table[0]);
}

static void new_table(struct tree *t)
{
	t->table[t->n] = alloc_pages(GFP_KERNEL | __GFP_ZERO, TABLE_ORDER);
	assert_non_null(t->table[t->n]);
	t->n++;
}

/* Tables for va, and `entry` at `level`. */
static void build(const struct shape *s, struct tree *t, unsigned level, u64 va, u64 entry)
{
	t->n = 0;
	new_table(t);
	for (unsigned l = 0; l < level; l++) {
		new_table(t);
		put_entry(s, t->table[l], l, va,
			  (u64)page_to_phys(t->table[l + 1]) >> s->right |
				  (l ? s->table : s->root_table));
	}
	put_entry(s, t->table[level], level, va, entry);
}

static void drop(struct tree *t)
{
	while (t->n)
		__free_pages(t->table[--t->n], TABLE_ORDER);
}

/* ---- tests ----------------------------------------------------------------------------------- */
static bool agrees(const struct row *r, const struct walk *w)
{
	if (w->fault != r->fault)
		return false;
	if (w->fault != OK && w->fault != UNUSED)
		return true;
	return w->frame == r->frame && w->user == r->user && w->kernel == r->kernel &&
	       w->memory == r->memory && w->global == r->global && w->dirty == r->dirty &&
	       w->value == r->entry && w->reads == r->level + 1 &&
	       w->shift == shape_of(r->mmu)->low[r->level];
}

static void test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		struct tree t;
		struct walk w;

		build(shape_of(r->mmu), &t, r->level, r->va, r->entry);
		w = r->mmu->walk(root_of(&t), r->va);
		if (!agrees(r, &w))
			fail_msg("row %u (%s 0x%llx): fault %d, 0x%llx user %u kernel %u memory %u "
				 "global %d dirty %d, %u reads",
				 i, r->mmu->name, (unsigned long long)r->entry, w.fault,
				 (unsigned long long)w.frame, w.user, w.kernel, w.memory, w.global,
				 w.dirty, w.reads);
		drop(&t);
	}
}

/* Rights are those that every level gives. */
static void test_upper_rights(void **state)
{
	struct shape s = *shape_of(&mmu_x86_64);
	struct tree t;
	struct walk w;

	(void)state;
	s.root_table = 0x8000000000000021; /* kernel only, read-only, no execution */
	build(&s, &t, 3, 0x403123, 0x12345067);
	w = mmu_x86_64.walk(root_of(&t), 0x403123);
	assert_int_equal(w.fault, OK);
	assert_int_equal(w.user, 0);
	assert_int_equal(w.kernel, R);
	drop(&t);
}

/* A table address outside RAM is damage, and no host memory is read for it. */
static void test_outside_ram(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++) {
		const struct shape *s = &shapes[i];
		struct tree t;
		struct walk w;

		build(s, &t, 0, 0x403123, 0x70000000u >> s->right | s->root_table);
		w = s->mmu->walk(root_of(&t), 0x403123);
		assert_int_equal(w.fault, MALFORMED);
		assert_int_equal(w.reads, 2);
		drop(&t);
	}
}

/* Only x86 marks entries: once, and not if somebody was faster. */
static void test_notes(void **state)
{
	const struct shape *s = shape_of(&mmu_x86_64);
	struct tree t;
	struct walk w, again;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(shapes); i++)
		assert_int_equal(shapes[i].mmu->note != NULL, i < 3);
	build(s, &t, 3, 0x403123, 0x12345007);
	w = again = mmu_x86_64.walk(root_of(&t), 0x403123);
	assert_true(mmu_x86_64.note(&w, false));
	assert_int_equal(*(u64 *)w.at, 0x12345027);
	assert_false(w.dirty);
	assert_true(mmu_x86_64.note(&w, true));
	assert_int_equal(*(u64 *)w.at, 0x12345067);
	assert_true(w.dirty);
	assert_false(mmu_x86_64.note(&again, true));
	assert_int_equal(*(u64 *)w.at, 0x12345067);
	drop(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_rows),
		MM_TEST(test_upper_rights),
		MM_TEST(test_outside_ram),
		MM_TEST(test_notes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
