/* SPDX-License-Identifier: MIT */
/*
 * walk.h - page tables as each processor reads them, written from its manual.
 *
 *   root, va ──> one entry per level ──> frame, rights, memory type   or why not
 *
 * Nothing here is shared with src/maps/formats: two readings of the same manuals.  Table walks
 * read RAM of the simulated machine only.
 * Lock: none; entries are read one by one, as processors do.
 */
#ifndef QUIRE_POSIX_WALK_H
#define QUIRE_POSIX_WALK_H

#include <posix_mmu.h>
#include <quire/types.h>

#define MMU_READ  1u
#define MMU_WRITE 2u
#define MMU_EXEC  4u

enum mmu_memory { MMU_NORMAL, MMU_DEVICE, MMU_OTHER };

struct walk {
	enum posix_mmu_fault fault; /* why there is no translation                          */
	u64 frame;                  /* physical address of the 4 KiB page                   */
	u8 shift;                   /* log2 of the bytes that the entry maps                */
	u8 user, kernel;            /* MMU_READ | MMU_WRITE | MMU_EXEC                      */
	u8 memory;                  /* enum mmu_memory                                      */
	bool global;
	bool dirty;     /* a store needs no other look at the tables                        */
	unsigned reads; /* entries that were read                                           */
	void *at;       /* the last of them: where it stands in host memory, and what it was */
	u64 value;
};

/* A kind of processor. */
struct mmu {
	const char *name;
	u8 levels; /* entries that lead to a page of 4 KiB                                    */
	struct walk (*walk)(u64 root, u64 va);
	/* It notes use, and with `store` the store, in the entry that w read; false: that has
	 * changed meanwhile.  NULL: it faults instead. */
	bool (*note)(struct walk *w, bool store);
	bool split_roots; /* addresses with all top bits set have a root of their own              */
	bool break_first; /* an entry in use must be invalid, and flushed, before it maps other
			   * memory: what it does in between is not defined                        */
	u8 asid_bits; /* of the tag of its TLB; 0: changing the root empties it                */
};

extern const struct mmu mmu_x86_64, mmu_x86_64_5level, mmu_x86_pae, mmu_aarch64, mmu_armv7,
	mmu_riscv_sv39, mmu_riscv_sv48, mmu_riscv_sv57;

/* For the walks: bits last..first; the next entry, of 4 or 8 bytes.  False: it is not in RAM. */
static inline u64 mmu_bits(u64 value, unsigned last, unsigned first)
{
	return value >> first & (~0ULL >> (63 - (last - first)));
}
bool mmu_read(struct walk *w, u64 pa, unsigned bytes);

#endif
