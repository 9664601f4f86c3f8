/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/x86_64.h - Intel SDM volume 3, chapter 4: 4- and 5-level paging, and PAE paging.
 *
 *   63 62..52 51 ............ 12 11..9 8 7  6 5 4   3   2   1   0
 *   NX  soft  physical address   soft  G PS D A PCD PWT U/S R/W P
 */
#ifndef QUIRE_MAPS_FORMAT_X86_64_H
#define QUIRE_MAPS_FORMAT_X86_64_H

#include "maps/formats/format.h"

/* An entry has no twin (maps/entry.h). */
#define PT_TWINS_x86_64        0
#define PT_TWINS_x86_64_5level 0
#define PT_TWINS_x86_pae       0

#define X86_TABLE(t)                                                                               \
	{                                                                                          \
		.mask = PTE_PRESENT | (t), .type = PTE_PRESENT, .address = PTE_ADDRESS             \
	}
#define X86_PAGE                                                                                   \
	{                                                                                          \
		.mask = PTE_PRESENT, .type = PTE_PRESENT, .address = PTE_ADDRESS                   \
	}
#define X86_BLOCK(s)                                                                               \
	{                                                                                          \
		.mask = PTE_PRESENT | PTE_LARGE, .type = PTE_PRESENT | PTE_LARGE,                  \
		.address = PTE_ADDRESS & ~((1ULL << (s)) - 1)                                      \
	}
#define X86_COMMON                                                                                 \
	.entry_bits = 64, .notes_accessed = true, .notes_dirty = true, .identical = true,          \
	.family = PT_X86, .valid = PTE_PRESENT, .table_bits = PTE_WRITE | PTE_ACCESSED,            \
	.table_user = PTE_USER

#define X86_UPPER(s)                                                                               \
	{                                                                                          \
		.shift = (s), .bits = 9, .table = X86_TABLE(0)                                     \
	}
#define X86_MIDDLE(s)                                                                              \
	{                                                                                          \
		.shift = (s), .bits = 9, .table = X86_TABLE(PTE_LARGE), .leaf = X86_BLOCK(s)       \
	}
#define X86_LAST                                                                                   \
	{                                                                                          \
		.shift = 12, .bits = 9, .leaf = X86_PAGE                                           \
	}

/* 48-bit addresses, four levels of 512 entries; 1 GiB and 2 MiB pages. */
static const struct pt_format pt_x86_64 __attribute__((__unused__)) = {
	.name = "x86-64",
	.levels = 4,
	.va_bits = 48,
	X86_COMMON,
	.level = { X86_UPPER(39), X86_MIDDLE(30), X86_MIDDLE(21), X86_LAST },
};

/* 57-bit addresses: one level more. */
static const struct pt_format pt_x86_64_5level __attribute__((__unused__)) = {
	.name = "x86-64-5level",
	.levels = 5,
	.va_bits = 57,
	X86_COMMON,
	.level = { X86_UPPER(48), X86_UPPER(39), X86_MIDDLE(30), X86_MIDDLE(21), X86_LAST },
};

/* 32-bit addresses, the same entries one level down: a root of 4 entries, without rights. */
static const struct pt_format pt_x86_pae __attribute__((__unused__)) = {
	.name = "x86-pae",
	.levels = 3,
	.va_bits = 32,
	.plain_root = true,
	X86_COMMON,
	.level = { { .shift = 30, .bits = 2, .table = X86_TABLE(0) }, X86_MIDDLE(21), X86_LAST },
};

#endif
