/* SPDX-License-Identifier: MIT */
/*
 * quire/pte.h - page-table entries of every machine quire knows, in words.
 *
 * For tools and dumps: nothing here needs the machine it speaks of, or a machine at all.  The names
 * are armv7, armv7-soft (quire's own twin of an ARMv7 page), aarch64, riscv-sv39, riscv-sv48,
 * riscv-sv57, x86-64, x86-64-5level, x86-pae.
 */
#ifndef QUIRE_PTE_H
#define QUIRE_PTE_H

#include <quire/err.h>
#include <quire/types.h>

struct quire_pte_format {
	const char *name;    /* never freed                                                   */
	unsigned levels;     /* of tables; 0 is the root, levels - 1 holds the entries of pages */
	unsigned entry_bits; /* 32 or 64                                                      */
};

/* The i-th format's name, or NULL when there are no more; the rest in *about, unless that is NULL.
 * Any context. */
const char *quire_pte_format(unsigned i, struct quire_pte_format *about);

/*
 * Write one line without a newline to buf[size]: what the entry is (a table, a page, a block,
 * nothing), where it leads, what it allows, and what in it contradicts the manual.  Terminated if
 * size > 0; buf may be NULL if size is 0.  Any context.
 *   Returns:  the length of the whole text, below QUIRE_PTE_WORDS; -ENOENT: no such format; or
 *             -EINVAL: no such level, or the entry is too wide; buf is then as it was.
 */
quire_ssize_t quire_pte_explain(const char *format, unsigned level, u64 entry, char *buf,
				size_t size);
#define QUIRE_PTE_WORDS 512u

#endif
