/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain_x86.c - Intel SDM volume 3, 4.4 (PAE) and 4.5 (4- and 5-level paging).
 *
 * Which types PAT, PCD and PWT choose is in a register; the words are those of reset
 * without PAT.  Lock: none.
 */
#include "maps/formats/explain.h"

#define X86_PWT      (1ULL << 3)
#define X86_PCD      (1ULL << 4)
#define X86_SOFTWARE (7ULL << 9)

static bool is_pae(const struct pt_format *f)
{
	return f->va_bits == 32;
}

static const char *cache_words(u64 e)
{
	static const char *const words[] = { "", "write-through", "uncached-minus", "uncached" };

	return words[field(e, 4, 3)];
}

/* Bits that are nobody's, but a PAE processor's, which wants them zero. */
static void explain_top(struct words *w, const struct pt_format *f, u64 e, bool leaf)
{
	if (is_pae(f)) {
		words_reserved(w, e, 0x7ffULL << 52);
		return;
	}
	if (leaf && field(e, 62, 59))
		words_add(w, "protection key %u", (unsigned)field(e, 62, 59));
}

/* The four entries of a PAE root know no rights. */
static void explain_pae_root(struct words *w, u64 e)
{
	words_if(w, e & PTE_UNCACHED, cache_words(e));
	words_reserved(w, e, 0xfff00000000001e6ULL);
}

static void explain_table(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	words_add(w, "table at 0x%llx", (unsigned long long)(e & PTE_ADDRESS));
	if (is_pae(f) && level == 0) {
		explain_pae_root(w, e);
		return;
	}
	words_if(w, !(e & PTE_WRITE), "read-only below");
	words_if(w, !(e & PTE_USER), "kernel only");
	words_if(w, e & PTE_NOEXEC, "no execution below");
	words_if(w, e & PTE_UNCACHED, cache_words(e));
	explain_top(w, f, e, false);
	words_but(w, e & PTE_LARGE, "there are no pages of this size: bit 7 must be zero");
}

void explain_x86(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	const struct pt_level *l = &f->level[level];
	bool last = level + 1u == f->levels;
	u64 in_page = (1ULL << l->shift) - 1;

	if (pt_kind_of(f, level, e) != &l->leaf) {
		explain_table(w, f, level, e);
		return;
	}
	words_place(w, "page", l->shift, e & l->leaf.address);
	words_rights(w, "", true, e & PTE_WRITE, !(e & PTE_NOEXEC));
	words_add(w, "%s", e & PTE_USER ? "user" : "kernel");
	words_if(w, e & PTE_GLOBAL, "global");
	words_if(w, e & PTE_UNCACHED, cache_words(e));
	words_if(w, e & (last ? 1ULL << 7 : 1ULL << 12), "PAT");
	words_if(w, e & PTE_ACCESSED, "accessed");
	words_if(w, e & PTE_DIRTY, "dirty");
	words_if(w, e & PTE_SPECIAL, "special");
	if (e & X86_SOFTWARE & ~PTE_SPECIAL)
		words_add(w, "software 0x%x", (unsigned)(e & X86_SOFTWARE & ~PTE_SPECIAL));
	explain_top(w, f, e, true);
	if (!last)
		words_reserved(w, e, in_page & ~0x1fffULL);
}
