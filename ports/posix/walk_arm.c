/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/walk_arm.c - Arm Architecture Reference Manuals: Armv8-A D8.3, 4 KiB granule, 48 bits,
 * without FEAT_HAFDBS and FEAT_PAN; ARMv7-A B3.5, short descriptors, TTBCR.N 0, SCTLR.AFE and
 * SCTLR.TRE clear, domain 0 a client.
 *
 * Neither processor notes anything: what was not used yet, or is clean, faults (AF, AP).  Two
 * translations of one address must not both be there at a time (Armv8-A D8.14.1, ARMv7-A
 * B3.10.1): break before make.
 * Lock: none.
 */
#include "walk.h"

static struct walk failed(struct walk w, enum posix_mmu_fault fault)
{
	w.fault = fault;
	return w;
}

/* ---- Armv8-A --------------------------------------------------------------------------------- */
/* MAIR_EL1: attribute 0 is write-back memory, attribute 1 Device-nGnRnE. */
static u8 a64_memory(u64 e)
{
	static const u8 mair[8] = { MMU_NORMAL, MMU_DEVICE, MMU_OTHER, MMU_OTHER,
				    MMU_OTHER,  MMU_OTHER,  MMU_OTHER, MMU_OTHER };

	return mair[mmu_bits(e, 4, 2)];
}

static struct walk a64_page(struct walk w, u64 va, unsigned low)
{
	u64 e = w.value;
	bool user = mmu_bits(e, 6, 6), read_only = mmu_bits(e, 7, 7);
	u8 may = (u8)(MMU_READ | (read_only ? 0 : MMU_WRITE));

	w.shift = (u8)low;
	w.frame = mmu_bits(e, 47, low) << low | (va & ((1ULL << low) - 1) & ~0xfffULL);
	w.memory = a64_memory(e);
	w.global = !mmu_bits(e, 11, 11);
	w.dirty = !read_only;
	w.user = user ? (u8)(may | (mmu_bits(e, 54, 54) ? 0 : MMU_EXEC)) : 0;
	/* What user mode may store to, the kernel does not execute. */
	w.kernel = (u8)(may | (mmu_bits(e, 53, 53) || (user && !read_only) ? 0 : MMU_EXEC));
	if (mmu_bits(e, 9, 8) == 1)
		return failed(w, POSIX_MMU_MALFORMED);
	return failed(w, mmu_bits(e, 10, 10) ? POSIX_MMU_OK : POSIX_MMU_UNUSED);
}

static struct walk walk_aarch64(u64 root, u64 va)
{
	struct walk w = { .fault = POSIX_MMU_ABSENT };
	u64 table = root;

	if (mmu_bits(va, 63, 48) != 0 && mmu_bits(va, 63, 48) != 0xffff)
		return w;
	for (unsigned level = 0; level <= 3; level++) {
		unsigned low = 39 - 9 * level;

		if (!mmu_read(&w, table + 8 * mmu_bits(va, low + 8, low), 8))
			return w;
		if (!(w.value & 1))
			return failed(w, POSIX_MMU_ABSENT);
		if (level == 3)
			return w.value & 2 ? a64_page(w, va, low) : failed(w, POSIX_MMU_MALFORMED);
		if (!(w.value & 2))
			return level ? a64_page(w, va, low) : failed(w, POSIX_MMU_MALFORMED);
		/* Hierarchical rights are allowed; the library has no use for them. */
		if (mmu_bits(w.value, 63, 59))
			return failed(w, POSIX_MMU_MALFORMED);
		table = mmu_bits(w.value, 47, 12) << 12;
	}
	return w;
}

const struct mmu mmu_aarch64 = {
	.name = "aarch64",
	.levels = 4,
	.walk = walk_aarch64,
	.split_roots = true,
	.break_first = true,
	.asid_bits = 8,
};

/* ---- ARMv7-A --------------------------------------------------------------------------------- */
/* AP[2:0], table B3-8. */
static void armv7_rights(struct walk *w, unsigned ap, bool no_exec)
{
	static const u8 kernel[8] = { 0, 3, 3, 3, 0, 1, 1, 1 },
			user[8] = { 0, 0, 1, 3, 0, 0, 1, 1 };

	w->kernel = kernel[ap];
	w->user = user[ap];
	if (!no_exec) {
		w->kernel |= w->kernel ? MMU_EXEC : 0;
		w->user |= w->user ? MMU_EXEC : 0;
	}
}

/* TEX[2:0], C and B, table B3-10. */
static u8 armv7_memory(unsigned tex, unsigned cb)
{
	if (tex == 1 && cb == 3)
		return MMU_NORMAL;
	return (tex == 0 && cb < 2) || (tex == 2 && cb == 0) ? MMU_DEVICE : MMU_OTHER;
}

static struct walk armv7_section(struct walk w, u64 va)
{
	u64 e = w.value;

	/* Supersections and PXN are options of the architecture. */
	if (mmu_bits(e, 18, 18) || mmu_bits(e, 0, 0) || mmu_bits(e, 8, 5))
		return failed(w, POSIX_MMU_MALFORMED);
	w.shift = 20;
	w.frame = mmu_bits(e, 31, 20) << 20 | (va & 0xff000);
	armv7_rights(&w, (unsigned)(mmu_bits(e, 15, 15) << 2 | mmu_bits(e, 11, 10)),
		     mmu_bits(e, 4, 4));
	w.memory = armv7_memory((unsigned)mmu_bits(e, 14, 12), (unsigned)mmu_bits(e, 3, 2));
	w.global = !mmu_bits(e, 17, 17);
	return failed(w, POSIX_MMU_OK);
}

static struct walk armv7_small_page(struct walk w)
{
	u64 e = w.value;

	w.shift = 12;
	w.frame = mmu_bits(e, 31, 12) << 12;
	armv7_rights(&w, (unsigned)(mmu_bits(e, 9, 9) << 2 | mmu_bits(e, 5, 4)), mmu_bits(e, 0, 0));
	w.memory = armv7_memory((unsigned)mmu_bits(e, 8, 6), (unsigned)mmu_bits(e, 3, 2));
	w.global = !mmu_bits(e, 11, 11);
	return failed(w, POSIX_MMU_OK);
}

static struct walk walk_armv7(u64 root, u64 va)
{
	struct walk w = { .fault = POSIX_MMU_ABSENT, .dirty = true };

	if (!mmu_read(&w, root + 4 * mmu_bits(va, 31, 20), 4) || !mmu_bits(w.value, 1, 0))
		return w;
	if (mmu_bits(w.value, 1, 1))
		return armv7_section(w, va);
	if (mmu_bits(w.value, 8, 5) || mmu_bits(w.value, 4, 4))
		return failed(w, POSIX_MMU_MALFORMED);
	if (!mmu_read(&w, mmu_bits(w.value, 31, 10) << 10 | mmu_bits(va, 19, 12) << 2, 4) ||
	    !mmu_bits(w.value, 1, 0))
		return w;
	return mmu_bits(w.value, 1, 1) ? armv7_small_page(w) : failed(w, POSIX_MMU_MALFORMED);
}

const struct mmu mmu_armv7 = {
	.name = "armv7",
	.levels = 2,
	.walk = walk_armv7,
	.break_first = true,
	.asid_bits = 8,
};
