/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain_aarch64.c - Armv8-A VMSAv8-64, 4 KiB granule, stage 1 of EL1 and EL0.
 *
 * Attributes are numbers of MAIR_EL1's; the words for 0 to 2 are those of quire's MAIR.
 * Lock: none.
 */
#include "maps/formats/aarch64.h"
#include "maps/formats/explain.h"

#define A64_HIGH_ADDRESS (3ULL << 48) /* of 52-bit addresses, which this format has not */

static void explain_table(struct words *w, u64 e)
{
	words_add(w, "table at 0x%llx", (unsigned long long)(e & A64_ADDRESS));
	words_if(w, e & A64_BIT(63), "non-secure below");
	words_if(w, e & A64_BIT(62), "read-only below");
	words_if(w, e & A64_BIT(61), "kernel only");
	words_if(w, e & A64_BIT(60), "no user execution below");
	words_if(w, e & A64_BIT(59), "no kernel execution below");
	words_reserved(w, e, A64_HIGH_ADDRESS);
}

/* What user mode may write, the kernel never executes, whatever PXN says. */
static void explain_rights(struct words *w, u64 e)
{
	bool may_write = !(e & A64_BIT(7)), user = e & A64_BIT(6);

	words_rights(w, "kernel", true, may_write, !(e & A64_PXN) && !(user && may_write));
	words_rights(w, "user", user, user && may_write, !(e & A64_UXN));
}

static void explain_attributes(struct words *w, u64 e)
{
	static const char *const known[8] = {
		" (write-back)", " (device)", " (non-cacheable)", "", "", "", "", ""
	};
	static const char *const sharing[] = { "not shared", "", "outer shareable",
					       "inner shareable" };
	unsigned index = (unsigned)field(e, 4, 2), sh = (unsigned)field(e, 9, 8);

	words_add(w, "attribute %u%s", index, known[index]);
	words_if(w, sh != 1, sharing[sh]);
	words_if(w, e & A64_BIT(5), "non-secure");
}

static void explain_state(struct words *w, u64 e)
{
	words_if(w, !(e & A64_BIT(11)), "global");
	words_add(w, "%s", e & A64_BIT(10) ? "accessed" : "first use faults");
	words_if(w, (e & A64_BIT(7)) && (e & A64_BIT(51)), "first store makes it writable");
	words_if(w, e & A64_BIT(52), "contiguous (one of 16 alike)");
	words_if(w, e & A64_BIT(50), "guarded (branch targets)");
	words_if(w, e & A64_BIT(55), "dirty");
	words_if(w, e & A64_BIT(56), "special");
	if (field(e, 58, 57))
		words_add(w, "software 0x%llx", (unsigned long long)(e & (3ULL << 57)));
	if (field(e, 62, 59))
		words_add(w, "PBHA %u", (unsigned)field(e, 62, 59));
}

void explain_aarch64(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	const struct pt_level *l = &f->level[level];
	const struct pt_kind *kind = pt_kind_of(f, level, e);
	bool last = level + 1u == f->levels;
	u64 in_block = (1ULL << l->shift) - 1;

	if (!kind) {
		words_add(w, "nothing (0x%llx)", (unsigned long long)e);
		words_but(w, last, "type 1 is reserved at the last level: access faults");
		words_but(w, !last, "there are no blocks of this size: access faults");
		return;
	}
	if (kind == &l->table) {
		explain_table(w, e);
		return;
	}
	words_place(w, last ? "page" : "block", l->shift, e & l->leaf.address);
	explain_rights(w, e);
	explain_attributes(w, e);
	explain_state(w, e);
	words_if(w, !last && (e & A64_BIT(16)), "nT");
	words_but(w, field(e, 9, 8) == 1, "shareability 1 is reserved");
	words_reserved(w, e, A64_HIGH_ADDRESS | (last ? 0 : in_block & ~0x10fffULL));
}
