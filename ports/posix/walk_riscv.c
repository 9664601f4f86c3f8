/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/walk_riscv.c - RISC-V privileged architecture, "Virtual Address Translation Process":
 * Sv39, Sv48, Sv57 of a processor with Svade, without Svnapot and Svpbmt.
 *
 * It notes nothing: what has A clear, or a store to what has D clear, faults.  What is device memory
 * is the platform's to say.
 * Lock: none.
 */
#include "walk.h"

static struct walk failed(struct walk w, enum posix_mmu_fault fault)
{
	w.fault = fault;
	return w;
}

static struct walk rv_page(struct walk w, u64 va, unsigned low)
{
	u64 e = w.value;
	u8 may = (u8)mmu_bits(e, 3, 1); /* R, W, X, as ours are */

	if (low > 12 && mmu_bits(e, low - 3, 10)) /* a misaligned block */
		return failed(w, POSIX_MMU_MALFORMED);
	w.shift = (u8)low;
	w.frame = mmu_bits(e, 53, low - 2) << low | (va & ((1ULL << low) - 1) & ~0xfffULL);
	w.dirty = mmu_bits(e, 7, 7);
	if (!w.dirty)
		may &= (u8)~MMU_WRITE;
	w.global = mmu_bits(e, 5, 5);
	w.user = mmu_bits(e, 4, 4) ? may : 0;
	/* The kernel reads and writes user pages (sstatus.SUM), and executes none. */
	w.kernel = mmu_bits(e, 4, 4) ? (u8)(may & ~MMU_EXEC) : may;
	return failed(w, mmu_bits(e, 6, 6) ? POSIX_MMU_OK : POSIX_MMU_UNUSED);
}

static struct walk walk_riscv(u64 root, u64 va, unsigned levels)
{
	struct walk w = { .fault = POSIX_MMU_ABSENT };
	unsigned top = 12 + 9 * levels;
	u64 table = root;

	if (va >> (top - 1) != 0 && va >> (top - 1) != ~0ULL >> (top - 1))
		return w;
	for (unsigned low = top - 9;; low -= 9) {
		if (!mmu_read(&w, table + 8 * mmu_bits(va, low + 8, low), 8))
			return w;
		if (!(w.value & 1))
			return failed(w, POSIX_MMU_ABSENT);
		if (mmu_bits(w.value, 2, 1) == 2 || mmu_bits(w.value, 63, 54))
			return failed(w, POSIX_MMU_MALFORMED);
		if (mmu_bits(w.value, 3, 1))
			return rv_page(w, va, low);
		if (low == 12 || mmu_bits(w.value, 7, 4))
			return failed(w, POSIX_MMU_MALFORMED);
		table = mmu_bits(w.value, 53, 10) << 12;
	}
}

static struct walk walk_sv39(u64 root, u64 va)
{
	return walk_riscv(root, va, 3);
}

static struct walk walk_sv48(u64 root, u64 va)
{
	return walk_riscv(root, va, 4);
}

static struct walk walk_sv57(u64 root, u64 va)
{
	return walk_riscv(root, va, 5);
}

const struct mmu mmu_riscv_sv39 = {
	.name = "riscv_sv39", .levels = 3, .walk = walk_sv39, .asid_bits = 8
};
const struct mmu mmu_riscv_sv48 = {
	.name = "riscv_sv48", .levels = 4, .walk = walk_sv48, .asid_bits = 8
};
const struct mmu mmu_riscv_sv57 = {
	.name = "riscv_sv57", .levels = 5, .walk = walk_sv57, .asid_bits = 8
};
