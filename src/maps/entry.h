/* SPDX-License-Identifier: MIT */
/*
 * maps/entry.h - entries as they stand in tables, of the format that this build is for.
 *
 *   pte_t       what a mapping means, the same for every machine    PTE_WRITE | PTE_USER | ...
 *     │ pte_set()             ▲ pte_read()
 *     ▼                       │
 *   pt_entry    the format's bits, in a table                       never looked at elsewhere
 *
 * ARMv7 keeps two of each last-level entry: we read the soft one, its twin in the same page is
 * written along.  Two neighbouring entries of its root are one of ours: they lead to the two halves
 * of one page.
 *
 * Always true:  an entry that means nothing is zero, and so is its twin.
 * Lock:  that of the table; pte_change() and pte_get_and_clear() lose no mark that a processor sets
 *        at the same time.
 */
#ifndef QUIRE_MAPS_ENTRY_H
#define QUIRE_MAPS_ENTRY_H

#include <quire/atomic.h>
#include <quire/page.h>
#include <quire/port.h>
#include "maps/formats/aarch64.h"
#include "maps/formats/armv7.h"
#include "maps/formats/riscv.h"
#include "maps/formats/x86_64.h"

#define QUIRE_CAT2(a, b) a##b
#define QUIRE_CAT(a, b)  QUIRE_CAT2(a, b)

/* The machine's format: constants, so that on x86 entry operations fold to one instruction.
 * pt_hw: what the hardware reads.  pt_fmt: what we read. */
#define pt_hw    QUIRE_CAT(pt_, PORT_PT_FORMAT)
#define PT_TWINS QUIRE_CAT(PT_TWINS_, PORT_PT_FORMAT)
#if PT_TWINS
#define pt_fmt QUIRE_CAT(pt_hw, _soft)
typedef struct {
	u32 raw;
} pt_entry;
#else
#define pt_fmt pt_hw
typedef struct {
	u64 raw;
} pt_entry;
#endif

#define PT_LAST  (pt_fmt.levels - 1u)
/* Processors set marks in entries at any time.  Else only the holder of the table's lock writes to them. */
#define PT_NOTES (pt_hw.notes_accessed || pt_hw.notes_dirty)

/* ---- geometry -------------------------------------------------------------------------------- */
/* The lowest bit of a virtual address that selects an entry, and how many do. */
static inline unsigned pt_shift(unsigned level)
{
	return pt_fmt.level[level].shift + (PT_TWINS && level == 0);
}

static inline unsigned pt_bits(unsigned level)
{
	return !PT_TWINS ? pt_fmt.level[level].bits : level ? 9 : 11;
}

/* The root: 2^order frames. */
#define PT_ROOT_ORDER (PT_TWINS ? 2u : 0u)
#define PT_ROOT_SIZE  (PAGE_SIZE << PT_ROOT_ORDER)

static inline unsigned pt_index(unsigned long va, unsigned level)
{
	return (unsigned)((u64)va >> pt_shift(level)) & ((1u << pt_bits(level)) - 1);
}

/* The entry with that index. */
static inline pt_entry *pt_slot(pt_entry *table, unsigned index, unsigned level)
{
	return table + ((size_t)index << (PT_TWINS && level == 0));
}

/* ---- entries of the last level --------------------------------------------------------------- */
static inline u64 pt_encode_last(pte_t e)
{
	return pt_encode(&pt_fmt, PT_LAST, e);
}

/* For machines whose table walks must be told. */
static inline void pt_written(const pt_entry *at)
{
	if (PORT_PT_WRITTEN)
		port_pt_written(at);
}

/* What was stored to the frame before is seen by whoever sees the entry.  (Where an entry is wider than
 * a register the processor is x86, and stores in order.) */
static inline void pt_store(pt_entry *at, u64 raw)
{
	if (sizeof(at->raw) <= sizeof(long))
		__atomic_store_n(&at->raw, (__typeof__(at->raw))raw, __ATOMIC_RELEASE);
	else
		WRITE_ONCE(at->raw, (__typeof__(at->raw))raw);
}

/* From an entry to its twin. */
#define PT_TWIN (ARMV7_HARD_OFFSET / sizeof(pt_entry))

/* What the hardware is to see of an entry that has just been written, if it has its own. */
static inline void pt_write_twin(pt_entry *at, pte_t e)
{
	if (PT_TWINS)
		pt_store(at + PT_TWIN, pt_encode(&pt_hw, PT_LAST, e));
	pt_written(at);
}

static inline pte_t pte_read(const pt_entry *at)
{
	return pt_decode(&pt_fmt, PT_LAST, READ_ONCE(at->raw));
}

/* It means nothing; for who looks without the lock and may be late. */
static inline bool pte_none(const pt_entry *at)
{
	return !at->raw;
}

/* The entry means something; *e, as it stood at one moment. */
static inline bool pte_read_some(const pt_entry *at, pte_t *e)
{
	u64 raw = READ_ONCE(at->raw);

	*e = pt_decode(&pt_fmt, PT_LAST, raw);
	return raw != 0;
}

/* Not for an entry that a processor may be marking: see pte_exchange(). */
static inline void pte_set(pt_entry *at, pte_t e)
{
	pt_store(at, pt_encode_last(e));
	pt_write_twin(at, e);
}

/* Entries of different frames that are alike in all else: what that is, encoded once. */
struct pte_alike {
	u64 raw, twin;
};

static inline struct pte_alike pte_alike(u64 prot)
{
	return (struct pte_alike){ pt_encode_last(prot),
				   PT_TWINS ? pt_encode(&pt_hw, PT_LAST, prot) : 0 };
}

/* As pte_set() of the frame at pa and the rights that *like was made of. */
static inline void pte_set_like(pt_entry *at, phys_addr_t pa, const struct pte_alike *like)
{
	u64 frame = pt_frame(&pt_fmt, PT_LAST, pa);

	pt_store(at, frame | like->raw);
	if (PT_TWINS)
		pt_store(at + PT_TWIN, frame | like->twin);
	pt_written(at);
}

/*
 * One of many entries of the kernel's half: the same, or 0 if `like` is NULL, but no word to others.  Before the first
 * stands pt_write_many(), which orders all of them behind what was stored before; behind the last pt_written_many().
 * ThreadSanitizer knows no fences: there each store is ordered by itself.
 */
#if defined(__SANITIZE_THREAD__)
#define PT_WRITE(at, v) __atomic_store_n(&(at)->raw, (__typeof__((at)->raw))(v), __ATOMIC_RELEASE)

static inline void pt_write_many(void) {}
#else
#define PT_WRITE(at, v) WRITE_ONCE((at)->raw, (__typeof__((at)->raw))(v))

static inline void pt_write_many(void)
{
	__atomic_thread_fence(__ATOMIC_RELEASE);
}
#endif

static inline void pt_write_one(pt_entry *at, phys_addr_t pa, const struct pte_alike *like)
{
	u64 frame = like ? pt_frame(&pt_fmt, PT_LAST, pa) : 0;

	PT_WRITE(at, frame | (like ? like->raw : 0));
	if (PT_TWINS)
		PT_WRITE(at + PT_TWIN, frame | (like ? like->twin : 0));
}

static inline void pt_written_many(const pt_entry *at, unsigned long n)
{
	if (PORT_PT_WRITTEN_KERNEL)
		port_pt_written_kernel(at, n);
	else
		for (unsigned long k = 0; PORT_PT_WRITTEN && k < n; k++)
			port_pt_written(at + k);
}

/* Entries that a processor may be marking as used at this moment are changed in one step, so that
 * no mark is lost. */
static inline u64 pt_exchange(pt_entry *at, u64 raw)
{
	__typeof__(at->raw) was, is = (__typeof__(at->raw))raw;

	if (PT_NOTES)
		return __atomic_exchange_n(&at->raw, is, __ATOMIC_RELAXED);
	was = READ_ONCE(at->raw);
	WRITE_ONCE(at->raw, is);
	return was;
}

static inline pte_t pte_exchange(pt_entry *at, pte_t e)
{
	u64 was = pt_exchange(at, pt_encode_last(e));

	pt_write_twin(at, e);
	return pt_decode(&pt_fmt, PT_LAST, was);
}

static inline pte_t pte_get_and_clear(pt_entry *at)
{
	return pte_exchange(at, 0);
}

/* Some bits on or off, the others as they are. */
static inline void pte_change(pt_entry *at, u64 on, u64 off)
{
	__typeof__(at->raw) was = READ_ONCE(at->raw), is;

	do {
		is = (__typeof__(at->raw))pt_change(&pt_fmt, PT_LAST, was, on, off);
		if (!PT_NOTES) {
			WRITE_ONCE(at->raw, is);
			break;
		}
	} while (!__atomic_compare_exchange_n(&at->raw, &was, is, false, __ATOMIC_RELAXED,
					      __ATOMIC_RELAXED));
	pt_write_twin(at, pt_decode(&pt_fmt, PT_LAST, is));
}

/* What the hardware sees of `to` is what it sees, or saw, of `from`. */
static inline void pt_copy_twin(pt_entry *to, const pt_entry *from)
{
	if (PT_TWINS)
		pt_store(to + PT_TWIN, READ_ONCE(from[PT_TWIN].raw));
	pt_written(to);
}

/* What stands in one table, and means e, stands in another too. */
static inline void pte_copy(pt_entry *to, const pt_entry *from, pte_t e)
{
	pt_store(to, pt_fmt.identical ? e : READ_ONCE(from->raw));
	pt_copy_twin(to, from);
}

/* It goes from one table into another. */
static inline void pte_move(pt_entry *to, pt_entry *from)
{
	u64 raw = pt_exchange(from, 0);

	pt_store(to, raw);
	pt_copy_twin(to, from);
	pt_write_twin(from, 0);
}

static inline void pte_set_bits(pt_entry *at, u64 bits)
{
	if (!pt_fmt.identical) {
		pte_change(at, bits, 0);
		return;
	}
	__atomic_fetch_or(&at->raw, (__typeof__(at->raw))bits, __ATOMIC_RELAXED);
	pt_written(at);
}

static inline void pte_clear_bits(pt_entry *at, u64 bits)
{
	if (!pt_fmt.identical) {
		pte_change(at, 0, bits);
		return;
	}
	__atomic_fetch_and(&at->raw, (__typeof__(at->raw))~bits, __ATOMIC_RELAXED);
	pt_written(at);
}

/* ---- entries above --------------------------------------------------------------------------- */
/* A table becomes visible complete: the store that publishes it and the load that follows it are
 * ordered. */
static inline u64 pt_read(const pt_entry *at)
{
	return __atomic_load_n(&at->raw, __ATOMIC_ACQUIRE);
}

/* There is a table or a block. */
static inline bool pt_used(u64 raw)
{
	return raw & pt_fmt.valid;
}

/* Not a table but a mapping. */
static inline bool pt_is_block(unsigned level, u64 raw)
{
	return pt_fmt.level[level].leaf.mask &&
	       pt_kind_of(&pt_fmt, level, raw) == &pt_fmt.level[level].leaf;
}

/* Where the entry, of `level`, leads to; it leads to a table. */
static inline phys_addr_t pt_table_phys(unsigned level, u64 raw)
{
	return pt_decode_table(&pt_fmt, level, raw) - (PT_TWINS ? ARMV7_HARD_OFFSET : 0);
}

static inline pt_entry *pt_table_of(unsigned level, u64 raw)
{
	return __va(pt_table_phys(level, raw));
}

/* Write an entry above the last level.  `step`: what a second entry, where two are one, adds. */
static inline void pt_publish(pt_entry *at, u64 raw, u64 step)
{
	__atomic_store_n(&at->raw, (__typeof__(at->raw))raw, __ATOMIC_RELEASE);
	if (PT_TWINS)
		__atomic_store_n(&at[1].raw, (__typeof__(at->raw))(raw + step), __ATOMIC_RELEASE);
	pt_written(at);
}

/* The entry leads to the table at pa from now on. */
static inline void pt_publish_table(pt_entry *at, unsigned level, phys_addr_t pa, bool user)
{
	u64 raw = pt_encode_table(&pt_fmt, level, pa + (PT_TWINS ? ARMV7_HARD_OFFSET : 0));

	pt_publish(at, user ? raw : raw & ~pt_fmt.table_user, ARMV7_HARD_TABLE);
}

/* It maps PMD_SIZE bytes, of which e says where and how. */
static inline void pt_publish_block(pt_entry *at, unsigned level, pte_t e)
{
	pt_publish(at, pt_encode(&pt_fmt, level, e | PTE_LARGE), ARMV7_SECTION);
}

static inline void pt_erase(pt_entry *at)
{
	pt_publish(at, 0, 0);
}

#endif
