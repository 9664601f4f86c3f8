/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/explain.h - what the explanations of the formats share.
 *
 *   pt_explain() ──> explain_x86 | explain_aarch64 | explain_riscv | explain_armv7
 *                    each knows every bit of its manual, also those that we never set
 */
#ifndef QUIRE_MAPS_EXPLAIN_H
#define QUIRE_MAPS_EXPLAIN_H

#include "maps/formats/format.h"

/* A sentence under construction: pieces are separated by blanks. */
struct words {
	char *buf;
	size_t size, len; /* len: of the whole text, whether it fits or not */
};

void words_add(struct words *w, const char *fmt, ...) __attribute__((__format__(printf, 2, 3)));
/* The piece, if `holds` is not 0. */
void words_if(struct words *w, u64 holds, const char *piece);
/* What contradicts the manual, at the end of the sentence. */
void words_but(struct words *w, u64 holds, const char *what);
/* Bits that must be zero: those that are not are named. */
void words_reserved(struct words *w, u64 entry, u64 mask);
/* "page of 4 KiB at 0x1000"; `kind` without the size. */
void words_place(struct words *w, const char *kind, unsigned shift, u64 address);
/* "kernel rw-": one side's rights. */
void words_rights(struct words *w, const char *who, bool r, bool may_write, bool x);

/* Bits last..first of an entry. */
static inline u64 field(u64 entry, unsigned last, unsigned first)
{
	return entry >> first & ((2ULL << (last - first)) - 1);
}

/* An entry that the hardware takes, of a level that the format has. */
void explain_x86(struct words *w, const struct pt_format *f, unsigned level, u64 e);
void explain_aarch64(struct words *w, const struct pt_format *f, unsigned level, u64 e);
void explain_riscv(struct words *w, const struct pt_format *f, unsigned level, u64 e);
void explain_armv7(struct words *w, const struct pt_format *f, unsigned level, u64 e);

#endif
