/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain.c - an entry of any format, in words.
 *
 *   0x8000000012345067, x86-64, level 3  ->  page of 4 KiB at 0x12345000 rw- user accessed dirty
 *
 * Always true: any entry of any level gets an explanation, and the buffer is never exceeded.
 * Lock: none; no state.
 */
#include <quire/printk.h>
#include <quire/pte.h>
#include "maps/formats/aarch64.h"
#include "maps/formats/armv7.h"
#include "maps/formats/explain.h"
#include "maps/formats/riscv.h"
#include "maps/formats/x86_64.h"

/* ---- words ----------------------------------------------------------------------------------- */
static void append(struct words *w, const char *fmt, va_list ap)
{
	size_t used = w->len < w->size ? w->len : w->size;
	int n = quire_vsnprintf(w->buf ? w->buf + used : NULL, w->size - used, fmt, ap);

	w->len += (size_t)n;
}

static void __printf(2, 3) put(struct words *w, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	append(w, fmt, ap);
	va_end(ap);
}

void words_add(struct words *w, const char *fmt, ...)
{
	va_list ap;

	if (w->len)
		put(w, " ");
	va_start(ap, fmt);
	append(w, fmt, ap);
	va_end(ap);
}

void words_if(struct words *w, u64 holds, const char *piece)
{
	if (holds)
		words_add(w, "%s", piece);
}

void words_but(struct words *w, u64 holds, const char *what)
{
	if (holds)
		put(w, "; but %s", what);
}

void words_reserved(struct words *w, u64 entry, u64 mask)
{
	if (entry & mask)
		put(w, "; but 0x%llx must be zero", (unsigned long long)(entry & mask));
}

void words_place(struct words *w, const char *kind, unsigned shift, u64 address)
{
	static const char unit[] = "KMGT";

	words_add(w, "%s of %u %ciB at 0x%llx", kind, 1u << shift % 10, unit[shift / 10 - 1],
		  (unsigned long long)address);
}

void words_rights(struct words *w, const char *who, bool r, bool may_write, bool x)
{
	words_add(w, "%s%s%s%s%s", who, *who ? " " : "", r ? "r" : "-", may_write ? "w" : "-",
		  x ? "x" : "-");
}

/* ---- entries --------------------------------------------------------------------------------- */
/* The hardware does not look at it; what do we keep there? */
static void explain_absent(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	pte_t pte = level + 1u == f->levels ? pt_decode(f, level, e) : 0;
	unsigned long long pa = pte & PTE_ADDRESS;

	if ((pte & (PTE_PRESENT | PTE_PROTNONE | PTE_SPECIAL)) == PTE_SPECIAL) {
		words_add(w, "page at 0x%llx is %s", pa, pte & PTE_USER ? "lost" : "being moved");
		return;
	}
	words_add(w, "not present (software value 0x%llx)", (unsigned long long)e);
	if (pte & PTE_PROTNONE)
		put(w, ", page at 0x%llx without any right", pa);
}

/* What has no hardware to ask is as we made it. */
static void explain_soft(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	pte_t pte = pt_decode(f, level, e);

	words_place(w, "software entry, page", f->level[level].shift, pte & PTE_ADDRESS);
	words_rights(w, "", true, pte & PTE_WRITE, !(pte & PTE_NOEXEC));
	words_add(w, "%s", pte & PTE_USER ? "user" : "kernel");
	words_if(w, pte & PTE_GLOBAL, "global");
	words_if(w, pte & PTE_UNCACHED, "device");
	words_if(w, pte & PTE_ACCESSED, "accessed");
	words_if(w, pte & PTE_DIRTY, "dirty");
	words_if(w, pte & PTE_SPECIAL, "special");
	words_reserved(w, e, 0x800); /* nothing is kept there */
}

static void explain_valid(struct words *w, const struct pt_format *f, unsigned level, u64 e)
{
	switch (f->family) {
	case PT_X86: explain_x86(w, f, level, e); break;
	case PT_AARCH64: explain_aarch64(w, f, level, e); break;
	case PT_RISCV: explain_riscv(w, f, level, e); break;
	default: explain_armv7(w, f, level, e); break;
	}
}

size_t pt_explain(const struct pt_format *f, unsigned level, u64 e, char *buf, size_t size)
{
	struct words w = { buf, size, 0 };

	if (size)
		buf[0] = '\0';
	if (level >= f->levels)
		words_add(&w, "%s has no level %u", f->name, level);
	else if (f->entry_bits < 64 && e >> f->entry_bits)
		words_add(&w, "an entry of %s has %u bits; 0x%llx does not fit", f->name,
			  f->entry_bits, (unsigned long long)e);
	else if (f->family == PT_ARMV7_SOFT && level && pt_kind_of(f, level, e))
		explain_soft(&w, f, level, e);
	else if (!(e & f->valid) || (f->family == PT_ARMV7_SOFT && level))
		explain_absent(&w, f, level, e);
	else
		explain_valid(&w, f, level, e);
	return w.len;
}

/* ---- by name --------------------------------------------------------------------------------- */
static const struct pt_format *const formats[] = {
	&pt_armv7,      &pt_armv7_soft, &pt_aarch64,       &pt_riscv_sv39, &pt_riscv_sv48,
	&pt_riscv_sv57, &pt_x86_64,     &pt_x86_64_5level, &pt_x86_pae,
};

const char *quire_pte_format(unsigned i, struct quire_pte_format *about)
{
	const struct pt_format *f;

	if (i >= ARRAY_SIZE(formats))
		return NULL;
	f = formats[i];
	if (about)
		*about = (struct quire_pte_format){ f->name, f->levels, f->entry_bits };
	return f->name;
}

static bool same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

quire_ssize_t quire_pte_explain(const char *format, unsigned level, u64 entry, char *buf,
				size_t size)
{
	for (unsigned i = 0; i < ARRAY_SIZE(formats); i++) {
		const struct pt_format *f = formats[i];

		if (!same(f->name, format))
			continue;
		if (level >= f->levels || (f->entry_bits < 64 && entry >> f->entry_bits))
			return -EINVAL;
		return (quire_ssize_t)pt_explain(f, level, entry, buf, size);
	}
	return -ENOENT;
}
