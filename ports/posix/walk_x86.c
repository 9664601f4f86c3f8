/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/walk_x86.c - Intel SDM volume 3, chapter 4: 4-level, 5-level and PAE paging, with
 * CR0.WP and EFER.NXE set.
 *
 * The processor sets A in what it uses, and D in what it stores to.  Rights are those that every
 * level gives; the four entries of a PAE root have none to give.
 * Lock: none.
 */
#include "walk.h"

#define X86_P  (1u << 0)
#define X86_A  (1u << 5)
#define X86_D  (1u << 6)
#define X86_PS (1u << 7)

/* CR3 leads to PDPTEs of 4 entries; these bits are reserved in them. */
#define PAE_ROOT_RESERVED 0xfff00000000001e6ULL

static struct walk x86_page(struct walk w, u64 va, unsigned low, u64 rights, bool no_exec)
{
	u8 may = (u8)(MMU_READ | (rights & 2 ? MMU_WRITE : 0) | (no_exec ? 0 : MMU_EXEC));

	w.fault = POSIX_MMU_OK;
	w.shift = (u8)low;
	w.frame = mmu_bits(w.value, 51, low) << low | (va & ((1ULL << low) - 1) & ~0xfffULL);
	w.kernel = may;
	w.user = rights & 4 ? may : 0;
	w.memory = mmu_bits(w.value, 4, 3) == 3   ? MMU_DEVICE
		   : mmu_bits(w.value, 4, 3) == 0 ? MMU_NORMAL
						  : MMU_OTHER;
	w.global = w.value >> 8 & 1;
	w.dirty = w.value & X86_D;
	return w;
}

static struct walk x86_tables(struct walk w, u64 table, u64 va, unsigned levels)
{
	u64 rights = 6;
	bool no_exec = false;

	for (unsigned level = levels; level >= 1; level--) {
		unsigned low = 12 + 9 * (level - 1);

		if (!mmu_read(&w, table + 8 * mmu_bits(va, low + 8, low), 8))
			return w;
		if (!(w.value & X86_P)) {
			w.fault = POSIX_MMU_ABSENT;
			return w;
		}
		rights &= w.value;
		no_exec |= w.value >> 63;
		if (level == 1 || (level <= 3 && (w.value & X86_PS)))
			return x86_page(w, va, low, rights, no_exec);
		if (w.value & X86_PS) {
			w.fault = POSIX_MMU_MALFORMED;
			return w;
		}
		table = mmu_bits(w.value, 51, 12) << 12;
	}
	return w;
}

/* All bits above those that are translated repeat the highest of them. */
static bool canonical(u64 va, unsigned bits)
{
	u64 top = va >> (bits - 1);

	return top == 0 || top == ~0ULL >> (bits - 1);
}

static struct walk walk_long(u64 root, u64 va, unsigned levels)
{
	struct walk w = { .fault = POSIX_MMU_ABSENT };

	return canonical(va, 12 + 9 * levels) ? x86_tables(w, root, va, levels) : w;
}

static struct walk walk_4level(u64 root, u64 va)
{
	return walk_long(root, va, 4);
}

static struct walk walk_5level(u64 root, u64 va)
{
	return walk_long(root, va, 5);
}

static struct walk walk_pae(u64 root, u64 va)
{
	struct walk w = { .fault = POSIX_MMU_ABSENT };

	if (!mmu_read(&w, root + 8 * mmu_bits(va, 31, 30), 8) || !(w.value & X86_P))
		return w;
	if (w.value & PAE_ROOT_RESERVED) {
		w.fault = POSIX_MMU_MALFORMED;
		return w;
	}
	return x86_tables(w, mmu_bits(w.value, 51, 12) << 12, va, 2);
}

static bool note(struct walk *w, bool store)
{
	u64 seen = w->value, noted = seen | X86_A | (store ? X86_D : 0);

	if (noted != seen && !__atomic_compare_exchange_n((u64 *)w->at, &seen, noted, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return false;
	w->value = noted;
	w->dirty = noted & X86_D;
	return true;
}

const struct mmu mmu_x86_64 = { .name = "x86_64", .levels = 4, .walk = walk_4level, .note = note };
const struct mmu mmu_x86_64_5level = {
	.name = "x86_64_5level", .levels = 5, .walk = walk_5level, .note = note
};
const struct mmu mmu_x86_pae = { .name = "x86_pae", .levels = 3, .walk = walk_pae, .note = note };
