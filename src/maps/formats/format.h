/* SPDX-License-Identifier: MIT */
/*
 * maps/formats/format.h - what a page-table format is: data.
 *
 *   pte_t: what a mapping means, the same for every machine       PTE_WRITE | PTE_USER | ...
 *      │ pt_encode()                    ▲ pt_decode()
 *      ▼                                │
 *   entry: what the processor reads     0x00e8000012345f43        each bit field by a rule
 *
 * The walker loops over levels; the root is level 0, the table of 4 KiB pages is the last.  Each
 * format is a const struct in a header, so that a build with one format folds it to constants (on
 * x86-64 both functions to nothing), and a test can hold all of them side by side.
 */
#ifndef QUIRE_MAPS_FORMAT_H
#define QUIRE_MAPS_FORMAT_H

#include <quire/types.h>

/* What a mapping means.  The bits are where x86-64 has them: there an entry is its meaning. */
typedef u64 pte_t;

#define PTE_PRESENT  (1ULL << 0) /* the hardware may use it                                     */
#define PTE_WRITE    (1ULL << 1) /* stores allowed                                              */
#define PTE_USER     (1ULL << 2) /* user mode allowed                                           */
#define PTE_UNCACHED (3ULL << 3) /* device memory: uncached, in order                           */
#define PTE_WRITECOMBINE                                                                           \
	(1ULL << 3) /* without the other bit of UNCACHED: uncached memory whose stores may be
		     * gathered (x86: PAT entry 1; RISC-V: the platform's to say)            */
#define PTE_ACCESSED (1ULL << 5) /* used since it was cleared                                   */
#define PTE_DIRTY    (1ULL << 6) /* stored to since it was cleared                              */
#define PTE_LARGE    (1ULL << 7) /* above the last level: a mapping, not a table                */
#define PTE_GLOBAL   (1ULL << 8) /* survives a change of table root                             */
#define PTE_SPECIAL                                                                                \
	(1ULL << 9)               /* software: the frame is not counted (zero page, device); with
				   * neither PRESENT nor PROTNONE: being moved, or with USER: lost */
#define PTE_PROTNONE (1ULL << 10) /* software: a frame is there, but no access is allowed        */
#define PTE_NOEXEC   (1ULL << 63) /* instruction fetch forbidden                                 */
#define PTE_ADDRESS  0x000ffffffffff000ULL

/* One field of an entry: `on` where all of `yes` and none of `no` hold, else `off`. */
struct pt_rule {
	u64 yes, no; /* PTE_*                                                        */
	u64 field;   /* bits of the entry                                            */
	u64 on, off; /* what they are                                                */
	u8 keeps;    /* PT_TELLS: the field tells whether `yes` holds; PT_READ_ONLY: only that */
};
#define PT_TELLS     1
#define PT_READ_ONLY 2

/* Entries of one kind at one level. */
struct pt_kind {
	u64 mask, type; /* (entry & mask) == type: it is one of these; mask 0: there are none   */
	u64 address;    /* bits that hold the physical address, after the shift                 */
	const struct pt_rule *rule;
	u8 rules;
};

struct pt_level {
	u8 shift, bits;       /* lowest virtual-address bit that selects an entry; how many   */
	struct pt_kind table; /* looked at first                                              */
	struct pt_kind leaf;  /* a mapping                                                    */
};

enum pt_family { PT_X86, PT_AARCH64, PT_RISCV, PT_ARMV7, PT_ARMV7_SOFT };

struct pt_format {
	const char *name;
	u8 levels;           /* tables between the root register and a page                     */
	u8 va_bits;          /* of a virtual address that are translated                        */
	u8 entry_bits;       /* 32 or 64                                                        */
	u8 address_shift;    /* an address field is the physical address >> this                */
	bool notes_accessed; /* the hardware notes use and                                      */
	bool notes_dirty;    /* stores; else the first one faults                               */
	bool identical;      /* an entry is its meaning                                         */
	bool plain_root;     /* an entry of the root knows an address and no rights             */
	bool split_roots;    /* the kernel's half has a root register of its own                */
	bool break_first;    /* an entry in use is cleared and flushed before it maps another
			      * frame (break before make)                                       */
	u8 family;           /* PT_X86, ...: whose manual explains it                           */
	u64 valid;           /* without any of these bits the hardware ignores the entry        */
	u64 table_bits;      /* what each entry that leads to a table has besides its type      */
	u64 table_user;      /* and one to tables of user pages, where the hardware asks for it */
	struct pt_level level[5];
};

/*
 * For each rule leaf->rule[i] of a kind.  Of a format that is a constant nothing may be left of them: clang folds constants
 * only after a loop that it unrolls by a word of its own, and then wants a count that it knows.
 */
#define PT_RULES_MAX 17
#ifdef __clang__
#define PT_UNROLL _Pragma("clang loop unroll(full)")
#else
#define PT_UNROLL _Pragma("GCC unroll 32")
#endif
#define for_each_pt_rule(i, kind)                                                                  \
	PT_UNROLL for (unsigned i = 0; i < PT_RULES_MAX; i++) if (i < (kind)->rules)

/* Which rules an entry of `level` goes by; NULL: the hardware would not take it there. */
static quire_always_inline const struct pt_kind *pt_kind_of(const struct pt_format *f,
							    unsigned level, u64 entry)
{
	const struct pt_level *l = &f->level[level];

	if (l->table.mask && (entry & l->table.mask) == l->table.type)
		return &l->table;
	return l->leaf.mask && (entry & l->leaf.mask) == l->leaf.type ? &l->leaf : NULL;
}

/* What of a mapping's entry says that it leads to pa. */
static quire_always_inline u64 pt_frame(const struct pt_format *f, unsigned level, u64 pa)
{
	return f->identical ? pa : pa >> f->address_shift & f->level[level].leaf.address;
}

/* The entry that makes the hardware do what `pte` says: a page, or with PTE_LARGE a block. */
static quire_always_inline u64 pt_encode(const struct pt_format *f, unsigned level, pte_t pte)
{
	const struct pt_kind *leaf = &f->level[level].leaf;
	u64 entry;

	if (f->identical || !pte)
		return pte;
	entry = pt_frame(f, level, pte & PTE_ADDRESS);
	for_each_pt_rule(i, leaf) {
		const struct pt_rule *r = &leaf->rule[i];

		if (r->keeps == PT_READ_ONLY)
			continue;
		entry |= (pte & r->yes) == r->yes && !(pte & r->no) ? r->on : r->off;
	}
	return entry;
}

/* What a mapping that pt_encode() made, or the hardware changed since, means. */
static quire_always_inline pte_t pt_decode(const struct pt_format *f, unsigned level, u64 entry)
{
	const struct pt_kind *leaf = &f->level[level].leaf;
	pte_t pte;

	if (f->identical || !entry)
		return entry;
	pte = (entry & leaf->address) << f->address_shift & PTE_ADDRESS;
	for_each_pt_rule(i, leaf) {
		const struct pt_rule *r = &leaf->rule[i];

		/* Not a branch: what a caller does not look at is left out. */
		pte |= r->keeps && (entry & r->field) == r->on ? r->yes : 0;
	}
	return pte;
}

/* An entry of pt_encode()'s, or one that the hardware changed since, after `on` of its meaning are set
 * and `off` cleared: of constants, only the fields that tell of them. */
static quire_always_inline u64 pt_change(const struct pt_format *f, unsigned level, u64 entry,
					 u64 on, u64 off)
{
	const struct pt_kind *leaf = &f->level[level].leaf;
	pte_t pte = (pt_decode(f, level, entry) & ~off) | on;
	u64 gone = 0, comes = 0; /* rules may share a field */

	if (f->identical)
		return pte;
	for_each_pt_rule(i, leaf) {
		const struct pt_rule *r = &leaf->rule[i];

		if (r->keeps == PT_READ_ONLY || !((r->yes | r->no) & (on | off)))
			continue;
		gone |= r->field;
		comes |= (pte & r->yes) == r->yes && !(pte & r->no) ? r->on : r->off;
	}
	return (entry & ~gone) | comes;
}

/* The entry that leads to the table at `pa`, which the last entry alone limits, and back. */
static quire_always_inline u64 pt_encode_table(const struct pt_format *f, unsigned level,
					       phys_addr_t pa)
{
	const struct pt_kind *table = &f->level[level].table;
	u64 rights = f->plain_root && level == 0 ? 0 : f->table_bits | f->table_user;

	if (f->identical)
		return (u64)pa | PTE_PRESENT | rights;
	return ((u64)pa >> f->address_shift & table->address) | table->type | rights;
}

static quire_always_inline phys_addr_t pt_decode_table(const struct pt_format *f, unsigned level,
						       u64 entry)
{
	return (phys_addr_t)((entry & f->level[level].table.address) << f->address_shift);
}

/* Write what an entry of `level` means, in words, to buf; always terminated if size > 0.  Returns
 * the length the whole text has (at most PT_WORDS_MAX).  Any level, any entry. */
size_t pt_explain(const struct pt_format *f, unsigned level, u64 entry, char *buf, size_t size);
#define PT_WORDS_MAX 511u

#endif
