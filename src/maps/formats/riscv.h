/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/riscv.h - The RISC-V Instruction Set Manual, volume II, "Supervisor-Level ISA":
 * Sv39, Sv48 and Sv57.
 *
 *   63 62..61 60..54 53 ............. 10 9..8 7 6 5 4 3 2 1 0
 *   N  PBMT          physical address    soft D A G U X W R V
 *                    >> 2
 *
 * An entry without R, W and X leads to a table.  A processor may note use and stores or fault
 * (Svade); we rely on neither.  What is device memory is the platform's to say, not the entry's,
 * unless it has Svpbmt.
 */
#ifndef QUIRE_MAPS_FORMAT_RISCV_H
#define QUIRE_MAPS_FORMAT_RISCV_H

#include "maps/formats/format.h"

/* An entry has no twin (maps/entry.h). */
#define PT_TWINS_riscv_sv39 0
#define PT_TWINS_riscv_sv48 0
#define PT_TWINS_riscv_sv57 0

#define RV_V       (1ULL << 0)
#define RV_R       (1ULL << 1)
#define RV_W       (1ULL << 2)
#define RV_X       (1ULL << 3)
#define RV_ADDRESS 0x003ffffffffffc00ULL

/* Blocks go by all, pages by all but the first. */
static const struct pt_rule rv_rule[] = {
	{ PTE_LARGE, 0, RV_V, RV_V, 0, PT_READ_ONLY },
	{ PTE_PRESENT, 0, RV_V, RV_V, 0, PT_TELLS },
	{ PTE_PRESENT, 0, RV_R, RV_R, 0, 0 },
	{ PTE_WRITE, 0, RV_W, RV_W, 0, PT_TELLS },
	{ PTE_NOEXEC, 0, RV_X, 0, RV_X, PT_TELLS },
	{ PTE_USER, 0, 1u << 4, 1u << 4, 0, PT_TELLS },
	{ PTE_GLOBAL, 0, 1u << 5, 1u << 5, 0, PT_TELLS },
	{ PTE_ACCESSED, 0, 1u << 6, 1u << 6, 0, PT_TELLS },
	{ PTE_DIRTY, 0, 1u << 7, 1u << 7, 0, PT_TELLS },
	{ PTE_SPECIAL, 0, 1u << 8, 1u << 8, 0, PT_TELLS },
	{ PTE_PROTNONE, 0, 1u << 9, 1u << 9, 0, PT_TELLS },
};
#define RV_RULES (sizeof(rv_rule) / sizeof(rv_rule[0]))
_Static_assert(RV_RULES <= PT_RULES_MAX, "a loop over the rules leaves out the last ones");

#define RV_LEAF(first)                                                                             \
	{                                                                                          \
		.mask = RV_V, .type = RV_V, .address = RV_ADDRESS, .rule = rv_rule + (first),      \
		.rules = RV_RULES - (first)                                                        \
	}
#define RV_TABLE                                                                                   \
	{                                                                                          \
		.mask = RV_V | RV_R | RV_W | RV_X, .type = RV_V, .address = RV_ADDRESS             \
	}
#define RV_LEVEL(s)                                                                                \
	{                                                                                          \
		.shift = (s), .bits = 9, .table = RV_TABLE, .leaf = RV_LEAF(0)                     \
	}
#define RV_LAST                                                                                    \
	{                                                                                          \
		.shift = 12, .bits = 9, .leaf = RV_LEAF(1)                                         \
	}
#define RV_COMMON .entry_bits = 64, .address_shift = 2, .family = PT_RISCV, .valid = RV_V

static const struct pt_format pt_riscv_sv39 __attribute__((__unused__)) = {
	.name = "riscv-sv39",
	.levels = 3,
	.va_bits = 39,
	RV_COMMON,
	.level = { RV_LEVEL(30), RV_LEVEL(21), RV_LAST },
};

static const struct pt_format pt_riscv_sv48 __attribute__((__unused__)) = {
	.name = "riscv-sv48",
	.levels = 4,
	.va_bits = 48,
	RV_COMMON,
	.level = { RV_LEVEL(39), RV_LEVEL(30), RV_LEVEL(21), RV_LAST },
};

static const struct pt_format pt_riscv_sv57 __attribute__((__unused__)) = {
	.name = "riscv-sv57",
	.levels = 5,
	.va_bits = 57,
	RV_COMMON,
	.level = { RV_LEVEL(48), RV_LEVEL(39), RV_LEVEL(30), RV_LEVEL(21), RV_LAST },
};

#endif
