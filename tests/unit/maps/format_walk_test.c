/* SPDX-License-Identifier: MIT */
/*
 * format_walk_test.c - whole tables of every format, built with pt_encode and walked by
 * walkers that know the processors' manuals and nothing of pt_format.
 *
 *   mapping[] ──pt_encode──> memory[]: tables at physical addresses ──walker──> address, or a fault
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
#include "maps/formats/x86_64.h"
#include "maps/maps.h"

#define RAM_BASE 0x80000000ULL
#define FAULT    (~0ULL)

/* ---- memory ---------------------------------------------------------------------------------- */
static u8 memory[1u << 18] __attribute__((__aligned__(16)));
static u64 used;

/* Zeroed, at a multiple of its size. */
static u64 new_table(u64 bytes)
{
	u64 pa = QUIRE_ALIGN_UP(used, bytes);

	used = pa + bytes;
	assert_true(used <= sizeof(memory));
	return RAM_BASE + pa;
}

static u64 load(u64 pa, unsigned bytes)
{
	u64 value = 0;

	assert_true(pa >= RAM_BASE && pa - RAM_BASE + bytes <= sizeof(memory));
	for (unsigned i = bytes; i-- > 0;)
		value = value << 8 | memory[pa - RAM_BASE + i];
	return value;
}

static void store(u64 pa, u64 value, unsigned bytes)
{
	assert_true(pa >= RAM_BASE && pa - RAM_BASE + bytes <= sizeof(memory));
	for (unsigned i = 0; i < bytes; i++)
		memory[pa - RAM_BASE + i] = (u8)(value >> 8 * i);
}

/* ---- walkers, by the manuals ----------------------------------------------------------------- */
enum access { READ, WRITE, EXECUTE };

struct walked {
	u64 pa; /* or FAULT */
	bool device;
};
static const struct walked fault = { FAULT, false };

static u64 bits(u64 value, unsigned last, unsigned first)
{
	return value >> first & (~0ULL >> (63 - (last - first)));
}

/* Intel SDM 4.5 and 4.4, CR0.WP and EFER.NXE set, no SMEP, no SMAP. */
static struct walked walk_x86(u64 root, u64 va, unsigned levels, bool user, enum access how)
{
	u64 table = root, rights = 6, nx = 0;

	for (unsigned level = levels; level >= 1; level--) {
		unsigned low = 12 + 9 * (level - 1);
		u64 e = load(table + 8 * bits(va, low + 8, low), 8);

		if (!(e & 1))
			return fault;
		rights &= e;
		nx |= e >> 63;
		if (level == 1 || (level <= 3 && (e & 0x80))) {
			u64 page = bits(e, 51, low) << low;

			if ((user && !(rights & 4)) || (how == WRITE && !(rights & 2)) ||
			    (how == EXECUTE && nx))
				return fault;
			return (struct walked){ page | bits(va, low - 1, 0), bits(e, 4, 3) == 3 };
		}
		assert_false(e & 0x80);
		table = bits(e, 51, 12) << 12;
	}
	return fault;
}

static struct walked walk_x86_64(u64 root, u64 va, bool user, enum access how)
{
	return walk_x86(root, va, 4, user, how);
}

static struct walked walk_x86_5level(u64 root, u64 va, bool user, enum access how)
{
	return walk_x86(root, va, 5, user, how);
}

/* Intel SDM 4.4: the four entries of the root have an address and no rights. */
static struct walked walk_pae(u64 root, u64 va, bool user, enum access how)
{
	u64 e = load(root + 8 * bits(va, 31, 30), 8);

	assert_int_equal(e & 0xfff00000000001e6, 0);
	return e & 1 ? walk_x86(bits(e, 51, 12) << 12, bits(va, 29, 0), 2, user, how) : fault;
}

/* Arm ARM D8.3, 4 KiB granule, T0SZ 16, no FEAT_PAN, no FEAT_HAFDBS; attribute 1 is the device. */
static struct walked walk_aarch64(u64 root, u64 va, bool user, enum access how)
{
	u64 table = root;

	for (unsigned level = 0; level <= 3; level++) {
		unsigned low = 39 - 9 * level;
		u64 e = load(table + 8 * bits(va, low + 8, low), 8);

		if (!(e & 1) || (level == 0 && !(e & 2)) || (level == 3 && !(e & 2)))
			return fault;
		if (level == 3 || !(e & 2)) {
			bool ap1 = bits(e, 6, 6), ap2 = bits(e, 7, 7);

			if (!bits(e, 10, 10)) /* access flag fault */
				return fault;
			if ((how == READ && user && !ap1) ||
			    (how == WRITE && (ap2 || (user && !ap1))))
				return fault;
			if (how == EXECUTE && user && bits(e, 54, 54))
				return fault;
			if (how == EXECUTE && !user && (bits(e, 53, 53) || (ap1 && !ap2)))
				return fault;
			assert_int_equal(bits(e, 9, 8), 3); /* all processors see the same */
			return (struct walked){ bits(e, 47, low) << low | bits(va, low - 1, 0),
						bits(e, 4, 2) == 1 };
		}
		assert_int_equal(bits(e, 63, 59), 0); /* the last entry decides */
		table = bits(e, 47, 12) << 12;
	}
	return fault;
}

/* RISC-V privileged ISA, "Virtual Address Translation Process", Svade, SUM set. */
static struct walked walk_riscv(u64 root, u64 va, int levels, bool user, enum access how)
{
	u64 a = root;

	for (int i = levels - 1; i >= 0; i--) {
		unsigned low = 12 + 9 * (unsigned)i;
		u64 pte = load(a + 8 * bits(va, low + 8, low), 8);
		bool v = bits(pte, 0, 0), r = bits(pte, 1, 1), w = bits(pte, 2, 2);
		bool x = bits(pte, 3, 3), u = bits(pte, 4, 4);

		if (!v || (!r && w) || bits(pte, 63, 54))
			return fault;
		if (!r && !x) {
			assert_int_equal(bits(pte, 7, 4), 0);
			a = bits(pte, 53, 10) << 12;
			continue;
		}
		if ((user && !u) || (!user && u && how == EXECUTE) || (how == READ && !r) ||
		    (how == WRITE && !w) || (how == EXECUTE && !x))
			return fault;
		if (i > 0 && bits(pte, 9 + 9 * (unsigned)i, 10)) /* misaligned */
			return fault;
		if (!bits(pte, 6, 6) || (how == WRITE && !bits(pte, 7, 7)))
			return fault;
		return (struct walked){ bits(pte, 53, low - 2) << low | bits(va, low - 1, 0),
					false };
	}
	return fault;
}

static struct walked walk_sv39(u64 root, u64 va, bool user, enum access how)
{
	return walk_riscv(root, va, 3, user, how);
}

static struct walked walk_sv48(u64 root, u64 va, bool user, enum access how)
{
	return walk_riscv(root, va, 4, user, how);
}

static struct walked walk_sv57(u64 root, u64 va, bool user, enum access how)
{
	return walk_riscv(root, va, 5, user, how);
}

/* AP[2:0] of ARMv7, table B3-8. */
static bool armv7_allows(unsigned ap, bool xn, bool user, enum access how)
{
	static const char *const kernel[] = { "", "rw", "rw", "rw", "", "r", "r", "r" };
	static const char *const mode[] = { "", "", "r", "rw", "", "", "r", "r" };
	const char *rights = (user ? mode : kernel)[ap];

	if (!strchr(rights, how == WRITE ? 'w' : 'r') || !*rights)
		return false;
	return how != EXECUTE || !xn;
}

/* Arm ARM B3.5, TTBCR.N 0, domain 0 a client, TRE and AFE clear. */
static struct walked walk_armv7(u64 root, u64 va, bool user, enum access how)
{
	u64 first = load(root + 4 * bits(va, 31, 20), 4), second;

	if (bits(first, 1, 0) == 0)
		return fault;
	assert_int_equal(bits(first, 8, 5), 0);
	if (bits(first, 1, 1)) {
		unsigned ap = (unsigned)(bits(first, 15, 15) << 2 | bits(first, 11, 10));

		assert_int_equal(bits(first, 18, 18), 0); /* no supersection */
		assert_int_equal(bits(first, 0, 0), 0);   /* PXN: not every processor has it */
		if (!armv7_allows(ap, bits(first, 4, 4), user, how))
			return fault;
		return (struct walked){ bits(first, 31, 20) << 20 | bits(va, 19, 0),
					!bits(first, 14, 12) && bits(first, 3, 2) == 1 };
	}
	second = load(bits(first, 31, 10) << 10 | bits(va, 19, 12) << 2, 4);
	assert_int_not_equal(bits(second, 1, 0), 1); /* no large page */
	if (!bits(second, 1, 1) ||
	    !armv7_allows((unsigned)(bits(second, 9, 9) << 2 | bits(second, 5, 4)),
			  bits(second, 0, 0), user, how))
		return fault;
	return (struct walked){ bits(second, 31, 12) << 12 | bits(va, 11, 0),
				!bits(second, 8, 6) && bits(second, 3, 2) == 1 };
}

/* ---- tables ---------------------------------------------------------------------------------- */
struct machine {
	const struct pt_format *f;
	struct walked (*walk)(u64 root, u64 va, bool user, enum access how);
	bool notes_use; /* the hardware itself: a first use or store does not fault */
	u64 root;
};

static u64 table_bytes(const struct pt_format *f, unsigned level)
{
	return (u64)(f->entry_bits / 8) << f->level[level].bits;
}

/* Map what `pte` says at va by an entry of `level`, with tables made on the way. */
static void map(const struct machine *m, unsigned level, u64 va, pte_t pte)
{
	const struct pt_format *f = m->f;
	unsigned bytes = f->entry_bits / 8;
	u64 table = m->root;

	for (unsigned l = 0;; l++) {
		u64 index = va >> f->level[l].shift & ((1u << f->level[l].bits) - 1);
		u64 at = table + index * bytes, e = load(at, bytes);

		if (l == level) {
			assert_true(e == 0);
			store(at, pt_encode(f, l, pte), bytes);
			return;
		}
		if (!e) {
			e = pt_encode_table(f, l, (phys_addr_t)new_table(table_bytes(f, l + 1)));
			store(at, e, bytes);
		}
		table = pt_decode_table(f, l, e);
	}
}

#define RW (PTE_PRESENT | PTE_WRITE | PTE_ACCESSED | PTE_DIRTY)
#define RO (PTE_PRESENT | PTE_ACCESSED)

static const u64 meanings[] = {
	RW | PTE_USER | PTE_NOEXEC,
	(RW & ~PTE_DIRTY) | PTE_USER | PTE_NOEXEC,
	(RW & ~(PTE_DIRTY | PTE_ACCESSED)) | PTE_USER | PTE_NOEXEC,
	RO | PTE_USER,
	RO | PTE_USER | PTE_NOEXEC,
	RW | PTE_GLOBAL | PTE_NOEXEC,
	RO | PTE_GLOBAL,
	RO | PTE_GLOBAL | PTE_NOEXEC,
	RW | PTE_GLOBAL | PTE_NOEXEC | PTE_UNCACHED,
	RW | PTE_GLOBAL | PTE_NOEXEC | PTE_WRITECOMBINE,
	PTE_PROTNONE | PTE_ACCESSED | PTE_NOEXEC,
};

static bool should_reach(const struct machine *m, u64 meaning, bool user, enum access how)
{
	if (!(meaning & PTE_PRESENT) || (user && !(meaning & PTE_USER)))
		return false;
	if (!m->notes_use && !(meaning & PTE_ACCESSED))
		return false;
	if (how == WRITE)
		return (meaning & PTE_WRITE) && (m->notes_use || (meaning & PTE_DIRTY));
	return how == READ || !(meaning & PTE_NOEXEC);
}

/* The kernel does not execute user pages: whether the hardware would let it is the format's. */
static void check_mapping(const struct machine *m, u64 va, u64 pa, u64 meaning)
{
	static const u64 offset = 0x123;

	for (unsigned user = 0; user <= 1; user++)
		for (enum access how = READ; how <= EXECUTE; how++) {
			struct walked got = m->walk(m->root, va + offset, user, how);

			if (!user && how == EXECUTE && (meaning & PTE_USER))
				continue;
			if (!should_reach(m, meaning, user, how)) {
				assert_true(got.pa == FAULT);
				continue;
			}
			assert_true(got.pa == pa + offset);
			if (m->f->family != PT_RISCV)
				assert_int_equal(got.device,
						 (meaning & PTE_UNCACHED) == PTE_UNCACHED);
		}
}

/* All meanings side by side as entries of one level, below one root entry if it is not the root. */
static void check_level(const struct machine *m, unsigned level)
{
	const struct pt_format *f = m->f;
	bool block = level + 1u < f->levels;
	u64 size = 1ULL << f->level[level].shift;
	u64 base = level ? 1ULL << f->level[0].shift : 3 * size;
	u64 first = f->va_bits == 32 ? 0x10000000 : QUIRE_ALIGN_UP(0x240000000ULL, size);

	memset(memory, 0, sizeof(memory));
	for (unsigned i = 0; i < ARRAY_SIZE(meanings); i++)
		map(m, level, base + i * size,
		    (first + i * size) | meanings[i] | (block ? PTE_LARGE : 0));
	for (unsigned i = 0; i < ARRAY_SIZE(meanings); i++)
		check_mapping(m, base + i * size, first + i * size, meanings[i]);
	/* beside them, and under another root entry, is nothing */
	assert_true(m->walk(m->root, base + ARRAY_SIZE(meanings) * size, false, READ).pa == FAULT);
	assert_true(m->walk(m->root, 0, false, READ).pa == FAULT);
}

static void check_machine(const struct pt_format *f,
			  struct walked (*walk)(u64 root, u64 va, bool user, enum access how),
			  unsigned leaf_levels)
{
	struct machine m = { f, walk, f->notes_dirty, 0 };
	unsigned levels = 0;

	for (unsigned l = 0; l < f->levels; l++)
		if (f->level[l].leaf.mask) {
			used = 0;
			m.root = new_table(table_bytes(f, 0));
			check_level(&m, l);
			levels++;
		}
	assert_int_equal(levels, leaf_levels);
}

static void test_x86(void **state)
{
	(void)state;
	check_machine(&pt_x86_64, walk_x86_64, 3);
	check_machine(&pt_x86_64_5level, walk_x86_5level, 3);
	check_machine(&pt_x86_pae, walk_pae, 2);
}

static void test_aarch64(void **state)
{
	(void)state;
	check_machine(&pt_aarch64, walk_aarch64, 3);
}

static void test_riscv(void **state)
{
	(void)state;
	check_machine(&pt_riscv_sv39, walk_sv39, 3);
	check_machine(&pt_riscv_sv48, walk_sv48, 4);
	check_machine(&pt_riscv_sv57, walk_sv57, 5);
}

static void test_armv7(void **state)
{
	(void)state;
	check_machine(&pt_armv7, walk_armv7, 2);
}

/* A pair of neighbouring MiB shares one page: two tables of twins, then two for the hardware. */
static void test_armv7_pair_and_twins(void **state)
{
	u64 root, page, va = 0x40300000;
	pte_t clean = 0x80005000 | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_NOEXEC;

	(void)state;
	used = 0;
	memset(memory, 0, sizeof(memory));
	root = new_table(16384);
	page = new_table(4096);
	for (unsigned i = 0; i < 2; i++) {
		u64 hard = page + ARMV7_HARD_OFFSET + 1024 * i;

		store(root + 4 * ((va >> 20 & ~1ULL) + i), pt_encode_table(&pt_armv7, 0, hard), 4);
	}
	/* 0x403 is the odd one of its pair: soft 1 and hard 1 */
	store(page + 1024 + 4 * 7, pt_encode(&pt_armv7_soft, 1, clean), 4);
	store(page + 3072 + 4 * 7, pt_encode(&pt_armv7, 1, clean), 4);
	assert_true(walk_armv7(root, va + 0x7010, true, READ).pa == 0x80005010);
	assert_true(walk_armv7(root, va + 0x7010, true, WRITE).pa == FAULT);
	assert_true(walk_armv7(root, (va ^ 0x100000) + 0x7010, true, READ).pa == FAULT);
	assert_true(pt_decode(&pt_armv7_soft, 1, load(page + 1024 + 4 * 7, 4)) == clean);
	/* the first store has faulted: both say so */
	store(page + 1024 + 4 * 7, pt_encode(&pt_armv7_soft, 1, clean | PTE_DIRTY), 4);
	store(page + 3072 + 4 * 7, pt_encode(&pt_armv7, 1, clean | PTE_DIRTY), 4);
	assert_true(walk_armv7(root, va + 0x7010, true, WRITE).pa == 0x80005010);
	assert_true(pt_decode(&pt_armv7_soft, 1, load(page + 1024 + 4 * 7, 4)) ==
		    (clean | PTE_DIRTY));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_x86),
		cmocka_unit_test(test_aarch64),
		cmocka_unit_test(test_riscv),
		cmocka_unit_test(test_armv7),
		cmocka_unit_test(test_armv7_pair_and_twins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
