/* SPDX-License-Identifier: MIT */
/*
 * format_test.c - what entries mean: tables worked out by hand from the processors' manuals, every
 * combination of flags there and back, and the levels.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "maps/formats/aarch64.h"
#include "maps/formats/armv7.h"
#include "maps/formats/riscv.h"
#include "maps/maps.h"

#define P     PTE_PRESENT
#define W     PTE_WRITE
#define U     PTE_USER
#define DEV   PTE_UNCACHED
#define WC    PTE_WRITECOMBINE
#define A     PTE_ACCESSED
#define D     PTE_DIRTY
#define G     PTE_GLOBAL
#define NX    PTE_NOEXEC
#define NONE  PTE_PROTNONE
#define BLOCK PTE_LARGE
#define ALL   (P | W | U | DEV | A | D | G | NX | NONE | PTE_SPECIAL)

static const struct pt_format *const formats[] = {
	&pt_x86_64,     &pt_x86_64_5level, &pt_x86_pae, &pt_aarch64,    &pt_riscv_sv39,
	&pt_riscv_sv48, &pt_riscv_sv57,    &pt_armv7,   &pt_armv7_soft,
};

/* A mapping, its entry by the manual, and which flags the entry cannot keep. */
struct row {
	const struct pt_format *f;
	unsigned level;
	u64 pa, flags, entry, lost;
};

static const struct row rows[] = {
	/* Intel SDM: NX 63, G 8, PS 7, D 6, A 5, PCD 4, PWT 3, U/S 2, R/W 1, P 0 */
	{ &pt_x86_64, 3, 0x12345000, P | W | U | A | D | NX, 0x8000000012345067, 0 },
	{ &pt_x86_64, 3, 0x12345000, P | U | A, 0x0000000012345025, 0 },
	{ &pt_x86_64, 3, 0xfee00000, P | W | A | D | G | DEV | NX, 0x80000000fee0017b, 0 },
	{ &pt_x86_64, 3, 0x12345000, NONE | A | NX, 0x8000000012345420, 0 },
	{ &pt_x86_64, 2, 0x200000, P | W | A | D | G | NX | BLOCK, 0x80000000002001e3, 0 },
	{ &pt_x86_64, 1, 0x40000000, P | W | A | D | G | NX | BLOCK, 0x80000000400001e3, 0 },
	{ &pt_x86_64_5level, 4, 0x12345000, P | W | U | A | D | NX, 0x8000000012345067, 0 },
	{ &pt_x86_64_5level, 2, 0x40000000, P | A | BLOCK, 0x00000000400000a1, 0 },
	{ &pt_x86_pae, 2, 0x12345000, P | W | U | A | D | NX, 0x8000000012345067, 0 },
	{ &pt_x86_pae, 1, 0x200000, P | W | A | BLOCK, 0x00000000002000a3, 0 },

	/* Arm ARM D8: UXN 54, PXN 53, DBM 51, nG 11, AF 10, SH 9..8, AP 7..6, attribute 4..2, type
	 * 1..0; ours: dirty 55, special 56, no access 58 */
	{ &pt_aarch64, 3, 0x40001000, P | W | U | A | D | NX, 0x00e8000040001f43, 0 },
	{ &pt_aarch64, 3, 0x40001000, P | W | U | A | NX, 0x0068000040001fc3, 0 }, /* clean */
	{ &pt_aarch64, 3, 0x40001000, P | U | A, 0x0020000040001fc3, 0 },
	{ &pt_aarch64, 3, 0x40001000, P | U | NX, 0x0060000040001bc3, 0 }, /* never used */
	{ &pt_aarch64, 3, 0x40001000, P | A | G, 0x0040000040001783, 0 },  /* kernel text */
	{ &pt_aarch64, 3, 0x09000000, P | W | A | D | G | DEV | NX, 0x00e8000009000707, 0 },
	{ &pt_aarch64, 3, 0x09000000, P | W | A | D | G | WC | NX, 0x00e800000900070b, 0 },
	{ &pt_aarch64, 3, 0x40001000, NONE | A | NX, 0x0460000040001c80, 0 },
	{ &pt_aarch64, 2, 0x40200000, P | W | A | D | G | NX | BLOCK, 0x00e8000040200701, 0 },
	{ &pt_aarch64, 1, 0x40000000, P | W | A | D | G | NX | BLOCK, 0x00e8000040000701, 0 },
	{ &pt_aarch64, 1, 0x40000000, P | U | A | BLOCK, 0x0020000040000fc1, 0 },

	/* RISC-V: address >> 2, soft 9..8, D 7, A 6, G 5, U 4, X 3, W 2, R 1, V 0 */
	{ &pt_riscv_sv39, 2, 0x80201000, P | W | U | A | D | NX, 0x200804d7, 0 },
	{ &pt_riscv_sv39, 2, 0x80201000, P | W | U | A | NX, 0x20080457, 0 },
	{ &pt_riscv_sv39, 2, 0x80201000, P | U | A | NX, 0x20080453, 0 },
	{ &pt_riscv_sv39, 2, 0x80201000, P | A | G, 0x2008046b, 0 },
	{ &pt_riscv_sv39, 2, 0x10000000, P | W | A | D | G | DEV | NX, 0x040000e7, DEV },
	{ &pt_riscv_sv39, 2, 0x10000000, P | W | A | D | G | WC | NX, 0x040000e7, WC },
	{ &pt_riscv_sv39, 2, 0x80201000, NONE | A | NX, 0x20080640, 0 },
	{ &pt_riscv_sv39, 1, 0x80200000, P | W | A | D | G | NX | BLOCK, 0x200800e7, 0 },
	{ &pt_riscv_sv39, 0, 0x80000000, P | W | A | D | G | NX | BLOCK, 0x200000e7, 0 },
	{ &pt_riscv_sv48, 0, 0x8000000000, P | A | G | BLOCK, 0x200000006b, 0 },
	{ &pt_riscv_sv57, 0, 0x1000000000000, P | A | G | BLOCK, 0x40000000006b, 0 },
	{ &pt_riscv_sv57, 4, 0x80201000, P | U | A, 0x2008045b, 0 },

	/* Arm ARM B3.5, small page: nG 11, AP2 9, TEX 8..6, AP10 5..4, C 3, B 2, type 1, XN 0.  Writable
	 * but clean is read-only, never used is a fault, and dirt is known from the right to store. */
	{ &pt_armv7, 1, 0x80001000, P | W | U | A | D, 0x8000187e, 0 },
	{ &pt_armv7, 1, 0x80001000, P | W | U | A | D | NX, 0x8000187f, 0 },
	{ &pt_armv7, 1, 0x80001000, P | W | U | A | NX, 0x80001a7f, W },
	{ &pt_armv7, 1, 0x80001000, P | U | A | NX, 0x80001a7f, 0 },
	{ &pt_armv7, 1, 0x80001000, P | W | A | D | G | NX, 0x8000105f, 0 },
	{ &pt_armv7, 1, 0x1c090000, P | W | A | D | G | DEV | NX, 0x1c090017, 0 },
	{ &pt_armv7, 1, 0x1c090000, P | W | A | D | G | WC | NX, 0x1c090053, 0 },
	{ &pt_armv7, 1, 0x80001000, P | U | NX, 0x80001a7c, P | NX },
	{ &pt_armv7, 1, 0x80001000, NONE | A | NX, 0x80001a4c, NONE | A | NX },
	/* section: nG 17, AP2 15, TEX 14..12, AP10 11..10, XN 4, C 3, B 2, type 1 */
	{ &pt_armv7, 0, 0x80100000, P | W | A | D | G | NX | BLOCK, 0x8010141e, 0 },
	{ &pt_armv7, 0, 0x80100000, P | A | G | BLOCK, 0x8010940e, 0 },
	{ &pt_armv7, 0, 0x1c000000, P | W | A | D | G | DEV | NX | BLOCK, 0x1c000416, 0 },
	{ &pt_armv7, 0, 0x1c000000, P | W | A | D | G | WC | NX | BLOCK, 0x1c001412, 0 },
	{ &pt_armv7, 0, 0x80100000, P | W | U | A | D | BLOCK, 0x80121c0e, 0 },
	{ &pt_armv7, 0, 0x80100000, P | W | U | A | BLOCK, 0x80129c0e, W },
	{ &pt_armv7, 0, 0x80100000, P | U | BLOCK, 0x80129c0c, P | BLOCK },
	/* the twin, whose bits we chose, the meaning's: P 0, W 1, U 2, device 4..3, A 5, D 6, G 8, no
	 * access 10; but NX 7 */
	{ &pt_armv7_soft, 1, 0x80001000, P | W | U | A | D, 0x80001067, 0 },
	{ &pt_armv7_soft, 1, 0x80001000, P | W | U | A | NX, 0x800010a7, 0 },
	{ &pt_armv7_soft, 1, 0x80001000, P | U | NX, 0x80001085, 0 },
	{ &pt_armv7_soft, 1, 0x1c090000, P | W | A | D | G | DEV | NX, 0x1c0901fb, 0 },
	{ &pt_armv7_soft, 1, 0x1c090000, P | W | A | D | G | WC | NX, 0x1c0901eb, 0 },
	{ &pt_armv7_soft, 1, 0x80001000, NONE | A | NX, 0x800014a0, 0 },
};

static void test_rows(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const struct row *r = &rows[i];
		u64 entry = pt_encode(r->f, r->level, r->pa | r->flags);
		pte_t back = pt_decode(r->f, r->level, r->entry);

		if (entry != r->entry || back != (r->pa | (r->flags & ~r->lost)))
			fail_msg("row %u (%s level %u): 0x%llx is not 0x%llx, or means 0x%llx", i,
				 r->f->name, r->level, (unsigned long long)entry,
				 (unsigned long long)r->entry, (unsigned long long)back);
	}
}

/* What others may have written: of an entry that we would not make, the rights are still read. */
static void test_decode_only(void **state)
{
	(void)state;
	/* another attribute than our three is not taken for a device; no sharing; contiguous bit */
	assert_true(pt_decode(&pt_aarch64, 3, 0x0070000040001c53) == (0x40001000 | P | U | A | NX));
	/* the hardware of RISC-V has noted a use and a store */
	assert_true(pt_decode(&pt_riscv_sv39, 2, 0x20080457 | 1u << 7) ==
		    (0x80201000 | P | W | U | A | D | NX));
	/* an address that no frame number of ours can have does not spill into the flags */
	assert_true(!(pt_decode(&pt_riscv_sv39, 2, 0x003ffffffffffc01) & (0xfffULL << 52 & ~NX)));
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		assert_true(pt_encode(formats[i], formats[i]->levels - 1u, 0) == 0);
		assert_true(pt_decode(formats[i], formats[i]->levels - 1u, 0) == 0);
	}
}

static void test_tables(void **state)
{
	static const struct {
		const struct pt_format *f;
		unsigned level;
		phys_addr_t pa;
		u64 entry;
	} table[] = {
		{ &pt_x86_64, 0, 0x1000, 0x1027 },
		{ &pt_x86_64, 2, 0xabc000, 0xabc027 },
		{ &pt_x86_64_5level, 0, 0x123456789000, 0x123456789027 },
		{ &pt_x86_pae, 0, 0x1000, 0x1001 },
		{ &pt_x86_pae, 1, 0x1000, 0x1027 },
		{ &pt_aarch64, 0, 0x40203000, 0x40203003 },
		{ &pt_aarch64, 2, 0x40203000, 0x40203003 },
		{ &pt_riscv_sv39, 0, 0x80202000, 0x20080801 },
		{ &pt_riscv_sv57, 3, 0x80202000, 0x20080801 },
		{ &pt_armv7, 0, 0x80204c00, 0x80204c01 },
		{ &pt_armv7_soft, 0, 0x80204c00, 0x80204c01 },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
		const struct pt_format *f = table[i].f;
		const struct pt_level *l = &f->level[table[i].level];

		assert_true(pt_encode_table(f, table[i].level, table[i].pa) == table[i].entry);
		assert_true(pt_decode_table(f, table[i].level, table[i].entry) == table[i].pa);
		assert_ptr_equal(pt_kind_of(f, table[i].level, table[i].entry), &l->table);
		assert_true(table[i].entry & f->valid);
	}
}

/* What of the flags an entry keeps, by the manuals: the software bits make room for most. */
static u64 kept(const struct pt_format *f, unsigned level, u64 flags)
{
	bool block = level + 1u < f->levels;
	u64 keeps = ALL;

	if (f->identical)
		return flags;
	if (block && (flags & P) && (f->family != PT_ARMV7 && f->family != PT_ARMV7_SOFT))
		keeps |= BLOCK;
	if (f->family == PT_RISCV)
		keeps &= ~DEV; /* the platform knows */
	if (f->family == PT_AARCH64 || f->family == PT_RISCV ||
	    (f->family == PT_ARMV7_SOFT && !block))
		return flags & keeps;
	/* ARMv7's own: used, or the hardware is not to touch it; stored to, or it is read-only. */
	keeps &= ~(NONE | PTE_SPECIAL);
	if ((flags & (P | A)) != (P | A) || (flags & NONE))
		keeps &= ~(P | A | (block ? 0 : NX));
	else if (block)
		keeps |= BLOCK;
	if ((flags & (W | D)) != (W | D))
		keeps &= ~(W | D);
	return flags & keeps;
}

/* The n-th of 1,024 combinations. */
static u64 combination(unsigned n)
{
	static const u64 flag[] = { P, W, U, DEV, A, D, G, NX, NONE, PTE_SPECIAL };
	u64 flags = 0;

	for (unsigned i = 0; i < ARRAY_SIZE(flag); i++)
		if (n >> i & 1)
			flags |= flag[i];
	return flags;
}

static void check_combinations(const struct pt_format *f, unsigned level)
{
	bool block = level + 1u < f->levels, soft = f->family == PT_ARMV7_SOFT && !block;
	u64 pa = 1ULL << (f->entry_bits == 32 ? 31 : f->level[level].shift);

	for (unsigned n = 0; n < 1024; n++) {
		u64 flags = combination(n) | (block ? BLOCK : 0);
		u64 entry = pt_encode(f, level, pa | flags);

		assert_true(pt_decode(f, level, entry) == (pa | kept(f, level, flags)));
		assert_true(f->entry_bits == 64 || !(entry >> 32));
		if (!(flags & P)) /* none of the processor's business */
			assert_true(soft || !(entry & f->valid));
		else if (!soft && (entry & f->valid))
			assert_ptr_equal(pt_kind_of(f, level, entry), &f->level[level].leaf);
	}
}

static void test_every_combination(void **state)
{
	unsigned blocks = 0;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		for (unsigned l = 0; l < formats[i]->levels; l++)
			if (formats[i]->level[l].leaf.mask) {
				check_combinations(formats[i], l);
				blocks += l + 1u < formats[i]->levels;
			}
	/* x86-64: 2 + 2, PAE 1; AArch64 2; RISC-V 2 + 3 + 4; ARMv7 1, also as its twin sees it */
	assert_int_equal(blocks, 18);
}

/* Some bits of what an entry means change: the entry is as if it had been made so. */
static void check_changes(const struct pt_format *f, u64 on, u64 off)
{
	unsigned last = f->levels - 1u;

	for (unsigned n = 0; n < 1024; n++) {
		pte_t pte = 0x80001000 | combination(n);
		u64 changed = pt_change(f, last, pt_encode(f, last, pte), on, off);

		if (changed != pt_encode(f, last, (pte & ~off) | on))
			fail_msg("%s: 0x%llx with 0x%llx and without 0x%llx became 0x%llx", f->name,
				 (unsigned long long)pte, (unsigned long long)on,
				 (unsigned long long)off, (unsigned long long)changed);
	}
}

static void test_changes(void **state)
{
	static const u64 bits[] = { P,  W,    U,           DEV,   A,         D,     G,
				    NX, NONE, PTE_SPECIAL, A | D, W | D | A, P | U, WC };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++)
		for (unsigned b = 0; b < ARRAY_SIZE(bits); b++) {
			if (formats[i] == &pt_armv7) /* its twin knows the rest */
				continue;
			check_changes(formats[i], bits[b], 0);
			check_changes(formats[i], 0, bits[b]);
			check_changes(formats[i], bits[b] & ~D, D);
			check_changes(formats[i], A, bits[b] & ~A);
		}
}

/* Levels must cover the address bits without gap or overlap, and a table must fit its page. */
static void test_levels_are_contiguous(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct pt_format *f = formats[i];

		assert_int_equal(f->level[f->levels - 1].shift, 12);
		for (unsigned l = 0; l + 1 < f->levels; l++) {
			assert_int_equal(f->level[l].shift,
					 f->level[l + 1].shift + f->level[l + 1].bits);
			assert_true(f->level[l].table.mask);
		}
		assert_false(f->level[f->levels - 1].table.mask);
		assert_int_equal(f->level[0].shift + f->level[0].bits, f->va_bits);
	}
	assert_int_equal(pt_x86_64.va_bits, 48);
	assert_int_equal(pt_x86_64_5level.va_bits, 57);
	assert_int_equal(pt_x86_pae.va_bits, 32);
	assert_int_equal(pt_aarch64.va_bits, 48);
	assert_int_equal(pt_riscv_sv39.va_bits, 39);
	assert_int_equal(pt_riscv_sv48.va_bits, 48);
	assert_int_equal(pt_riscv_sv57.va_bits, 57);
	assert_int_equal(pt_armv7.va_bits, 32);
	assert_int_equal(4u << pt_armv7.level[0].bits, 16384);
	assert_int_equal((PTE_SPECIAL | PTE_PROTNONE) & (PTE_ADDRESS | P | W | U), 0);
	assert_int_equal(PTE_PRESENT & PTE_ADDRESS, 0);
}

/* What says that a page is being moved: the processor ignores it, nothing takes it for a frame, and
 * it keeps what the page is to have back. */
static void test_moving_entries(void **state)
{
	const u64 rights[] = { 0, PTE_WRITE, PTE_WRITE | PTE_DIRTY | PTE_ACCESSED };
	const u64 kinds[] = { PTE_PRESENT | PTE_USER, PTE_PRESENT | PTE_NOEXEC, PTE_PROTNONE };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rights) * ARRAY_SIZE(kinds); i++) {
		u64 kept = rights[i / ARRAY_SIZE(kinds)];
		pte_t e = pte_make(0xabcde, kept | kinds[i % ARRAY_SIZE(kinds)]);
		pte_t moving = pte_make_migration(e);

		assert_false(pte_migration(e));
		assert_true(pte_migration(moving));
		assert_false(pte_valid(moving) || pte_present(moving));
		assert_int_equal(pte_pfn(moving), 0xabcde);
		assert_true((moving & (PTE_WRITE | PTE_DIRTY | PTE_ACCESSED)) == kept);
	}
	assert_true(pte_make_migration(pte_make(0, PTE_PRESENT)) != 0); /* not an empty entry */
	assert_false(pte_migration(0));
	/* The zero page and device frames, also without any right, are not on the move. */
	assert_false(pte_migration(pte_make(1, PTE_SPECIAL | PTE_PRESENT)));
	assert_false(pte_migration(pte_make(1, PTE_SPECIAL | PTE_PROTNONE)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_rows),           cmocka_unit_test(test_decode_only),
		cmocka_unit_test(test_tables),         cmocka_unit_test(test_every_combination),
		cmocka_unit_test(test_changes),        cmocka_unit_test(test_levels_are_contiguous),
		cmocka_unit_test(test_moving_entries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
