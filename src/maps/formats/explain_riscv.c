/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain_riscv.c - the RISC-V privileged architecture's Sv39, Sv48 and Sv57, with the
 * extensions Svnapot (N) and Svpbmt (PBMT).  Lock: none.
 */
#include "maps/formats/explain.h"
#include "maps/formats/riscv.h"

#define RV_U        (1ULL << 4)
#define RV_G        (1ULL << 5)
#define RV_A        (1ULL << 6)
#define RV_D        (1ULL << 7)
#define RV_N        (1ULL << 63)
#define RV_PBMT     (3ULL << 61)
#define RV_RESERVED (0x7fULL << 54)

static void explain_table(struct words *w, u64 e, bool last)
{
	words_add(w, "table at 0x%llx", (unsigned long long)((e & RV_ADDRESS) << 2));
	words_if(w, e & RV_G, "global");
	words_reserved(w, e, RV_D | RV_A | RV_U | RV_N | RV_PBMT | RV_RESERVED);
	words_but(w, last, "this is the last level: access faults");
}

/* N: 16 pages in a row that may share a place in the TLB; the lowest bits of the address say so. */
static void explain_leaf_place(struct words *w, unsigned shift, u64 e, bool last)
{
	u64 address = (e & RV_ADDRESS) << 2;

	if (last && (e & RV_N) && field(e, 13, 10) == 8)
		words_place(w, "page", 16, address & ~0xffffULL);
	else
		words_place(w, "page", shift, address);
}

void explain_riscv(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	static const char *const memory[] = { "", "uncached memory", "device", "" };
	const struct pt_level *l = &f->level[level];
	bool last = level + 1u == f->levels;
	u64 in_page = (1ULL << (l->shift - 2)) - 1;

	if (!(e & (RV_R | RV_W | RV_X))) {
		explain_table(w, e, last);
		return;
	}
	explain_leaf_place(w, l->shift, e, last);
	words_rights(w, "", e & RV_R, e & RV_W, e & RV_X);
	words_add(w, "%s", e & RV_U ? "user" : "kernel");
	words_if(w, e & RV_G, "global");
	words_if(w, *memory[field(e, 62, 61)], memory[field(e, 62, 61)]);
	words_if(w, e & RV_A, "accessed");
	words_if(w, e & RV_D, "dirty");
	words_if(w, e & (1u << 8), "special");
	words_if(w, e & (1u << 9), "software 0x200");
	words_but(w, (e & (RV_R | RV_W)) == RV_W, "W without R is reserved: access faults");
	words_but(w, !last && (e & RV_ADDRESS & in_page),
		  "the address is no multiple of the size: access faults");
	words_but(w, (e & RV_PBMT) == RV_PBMT, "PBMT 3 is reserved: access faults");
	words_but(w, (e & RV_N) && !(last && field(e, 13, 10) == 8),
		  "N is for 64 KiB only: access faults");
	words_reserved(w, e, RV_RESERVED);
}
