/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/format.h - what a page-table format is: data.
 *
 * The walker loops over levels; the root is level 0, the table of 4 KiB pages is the last.  An
 * entry is 64 bits here.  Each format is a const struct in a header, so that a build with one
 * format folds it to constants, and a test can hold all of them side by side.
 */
#ifndef QUIRE_MAPS_FORMAT_H
#define QUIRE_MAPS_FORMAT_H

#include <quire/types.h>

typedef u64 pte_t;

struct pt_format {
	const char *name;
	u8 levels;      /* tables between the root register and a page                         */
	u8 shift[5];    /* lowest virtual-address bit that selects an entry, root first        */
	u8 bits[5];     /* log2(entries) of a table at that level                              */
	u8 leaf_levels; /* bit l: an entry of level l may be a mapping instead of a table      */
	u64 pfn_mask;   /* bits of an entry that hold the physical address                     */
	u64 present;    /* the hardware may use the entry                                      */
	u64 write;      /* stores allowed                                                      */
	u64 user;       /* user mode allowed                                                   */
	u64 noexec;     /* instruction fetch forbidden                                         */
	u64 accessed,
		dirty; /* set by hardware on use, on store                                    */
	u64 global;    /* survives a change of table root                                     */
	u64 large;     /* above the last level: the entry is a mapping                        */
	u64 uncached;  /* device memory                                                       */
	u64 special;   /* software: the frame is not counted (zero page, device); with neither
			  present nor protnone: the frame is being moved, or with user as well:
			  lost                                                                */
	u64 protnone;  /* software: a frame is there, but no access is allowed (PROT_NONE)    */
	u64 table;     /* the bits of an entry that points to a table                         */
};

/* Write what an entry of `level` means, in words, to buf; returns the length. */
size_t pt_explain(const struct pt_format *f, unsigned level, pte_t e, char *buf, size_t size);

#endif
