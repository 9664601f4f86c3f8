/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain_armv7.c - ARMv7-A short descriptors: tables, sections and supersections
 * of the first level, large and small pages of the second.
 *
 * Without TEX remap (SCTLR.TRE) and access flag (SCTLR.AFE), as quire runs.  Lock: none.
 */
#include "maps/formats/explain.h"

/* AP[2:0]. */
static void explain_rights(struct words *w, unsigned ap, bool no_exec, bool no_kernel_exec)
{
	static const struct {
		bool kernel_r, kernel_w, user_r, user_w;
	} right[8] = {
		[1] = { true, true, false, false }, [2] = { true, true, true, false },
		[3] = { true, true, true, true },   [5] = { true, false, false, false },
		[6] = { true, false, true, false }, [7] = { true, false, true, false },
	};
	bool k = right[ap].kernel_r, u = right[ap].user_r;

	words_rights(w, "kernel", k, right[ap].kernel_w, k && !no_exec && !no_kernel_exec);
	words_rights(w, "user", u, right[ap].user_w, u && !no_exec);
}

/* TEX, C, B; NULL: reserved. */
static const char *cache_words(unsigned tex, unsigned cb)
{
	static const char *const plain[2][4] = {
		{ "strongly ordered", "shareable device", "write-through",
		  "write-back without write-allocate" },
		{ "uncached memory", NULL, "cached as the implementation likes", "write-back" },
	};

	if (tex < 2)
		return plain[tex][cb];
	return tex == 2 && cb == 0 ? "device" : NULL;
}

static void explain_memory(struct words *w, unsigned tex, unsigned cb)
{
	/* 1BB: the outer caches by BB, the inner ones by C and B. */
	static const char *const policy[] = { "uncached", "write-back", "write-through",
					      "write-back without write-allocate" };
	const char *words;

	if (tex & 4) {
		words_add(w, "inner %s, outer %s", policy[cb], policy[tex & 3]);
		return;
	}
	words = cache_words(tex, cb);
	words_if(w, words != NULL, words);
}

/* What is reserved, at the end of the sentence. */
static void explain_wrong(struct words *w, unsigned ap, unsigned tex, unsigned cb)
{
	words_but(w, ap == 4, "AP 4 is reserved");
	words_but(w, !(tex & 4) && !cache_words(tex, cb),
		  "TEX, C and B are a reserved combination");
}

static void explain_section(struct words *w, u64 e)
{
	unsigned ap = (unsigned)(field(e, 15, 15) << 2 | field(e, 11, 10));
	unsigned tex = (unsigned)field(e, 14, 12), cb = (unsigned)field(e, 3, 2);
	bool super = field(e, 18, 18);

	if (super)
		words_place(w, "supersection", 24,
			    (e & 0xff000000) | field(e, 23, 20) << 32 | field(e, 8, 5) << 36);
	else
		words_place(w, "section", 20, e & 0xfff00000);
	explain_rights(w, ap, field(e, 4, 4), field(e, 0, 0));
	explain_memory(w, tex, cb);
	words_if(w, field(e, 16, 16), "shared");
	words_if(w, !field(e, 17, 17), "global");
	words_if(w, field(e, 19, 19), "non-secure");
	words_if(w, super, "one of 16 alike");
	words_add(w, "domain %u", super ? 0u : (unsigned)field(e, 8, 5));
	explain_wrong(w, ap, tex, cb);
}

static void explain_table(struct words *w, u64 e)
{
	words_add(w, "table at 0x%llx", (unsigned long long)(e & 0xfffffc00));
	words_if(w, field(e, 2, 2), "no kernel execution below");
	words_if(w, field(e, 3, 3), "non-secure");
	words_add(w, "domain %u", (unsigned)field(e, 8, 5));
	words_reserved(w, e, 1u << 4);
}

/* Bit 1 is set: a small page, and bit 0 is XN; else a large one. */
static void explain_page(struct words *w, u64 e)
{
	unsigned ap = (unsigned)(field(e, 9, 9) << 2 | field(e, 5, 4));
	unsigned tex, cb = (unsigned)field(e, 3, 2);
	bool small = field(e, 1, 1);

	tex = (unsigned)(small ? field(e, 8, 6) : field(e, 14, 12));
	if (small)
		words_place(w, "small page", 12, e & 0xfffff000);
	else
		words_place(w, "large page", 16, e & 0xffff0000);
	explain_rights(w, ap, small ? field(e, 0, 0) : field(e, 15, 15), false);
	explain_memory(w, tex, cb);
	words_if(w, field(e, 10, 10), "shared");
	words_if(w, !field(e, 11, 11), "global");
	words_if(w, !small, "one of 16 alike");
	explain_wrong(w, ap, tex, cb);
	if (!small)
		words_reserved(w, e, 7u << 6);
}

void explain_armv7(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	if (level + 1u == f->levels)
		explain_page(w, e);
	else if (field(e, 1, 1))
		explain_section(w, e);
	else
		explain_table(w, e);
}
