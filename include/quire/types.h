/* SPDX-License-Identifier: MIT */
/*
 * quire/types.h - the words the rest is written in.
 *
 * A frame is physical, a page is virtual, a block is 2^k frames.  A pfn counts frames from
 * physical address 0; a phys_addr_t counts bytes; kernel virtual addresses are pointers or
 * `unsigned long`; user virtual addresses are `unsigned long` named `addr` in an mm, or
 * pointers marked __user.  They never share a bare integer at a boundary.
 */
#ifndef QUIRE_TYPES_H
#define QUIRE_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdarg.h>
#include <quire/config.h>

typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;
typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;

typedef u64 phys_addr_t;       /* bytes from physical 0                              */
typedef unsigned long pgoff_t; /* offset in a file or mapping, in pages              */
typedef unsigned int gfp_t;    /* allocation flags, see quire/gfp.h                  */
typedef intptr_t quire_ssize_t;
typedef s64 quire_loff_t; /* offset in a file, in bytes                         */

#define PAGE_SHIFT QUIRE_PAGE_SHIFT
#define PAGE_SIZE  (1UL << PAGE_SHIFT)
#define PAGE_MASK  (~(PAGE_SIZE - 1))

#define PAGE_ALIGN(x)      (((x) + PAGE_SIZE - 1) & PAGE_MASK)
#define PAGE_ALIGN_DOWN(x) ((x)&PAGE_MASK)

#define PFN_UP(x)     (((x) + PAGE_SIZE - 1) >> PAGE_SHIFT)
#define PFN_DOWN(x)   ((x) >> PAGE_SHIFT)
#define PFN_PHYS(pfn) ((phys_addr_t)(pfn) << PAGE_SHIFT)
#define PHYS_PFN(pa)  ((unsigned long)((phys_addr_t)(pa) >> PAGE_SHIFT))

#define QUIRE_ALIGN_UP(x, a)   (((x) + (a)-1) & ~((__typeof__(x))(a)-1))
#define QUIRE_ALIGN_DOWN(x, a) ((x) & ~((__typeof__(x))(a)-1))
#define IS_ALIGNED(x, a)       (((x) & ((__typeof__(x))(a)-1)) == 0)

#define ARRAY_SIZE(a)      (sizeof(a) / sizeof((a)[0]))
#define DIV_ROUND_UP(n, d) (((n) + (d)-1) / (d))

/* Each argument is evaluated once; the temporaries' names are unique, so that calls nest. */
#define QUIRE_PASTE2(a, b) a##b
#define QUIRE_PASTE(a, b)  QUIRE_PASTE2(a, b)
#define QUIRE_PICK2(a, b, op, x, y)                                                                \
	({                                                                                         \
		__typeof__(a) x = (a);                                                             \
		__typeof__(b) y = (b);                                                             \
		x op y ? x : y;                                                                    \
	})
#define QUIRE_PICK(a, b, op, n) QUIRE_PICK2(a, b, op, QUIRE_PASTE(a_, n), QUIRE_PASTE(b_, n))
#define min(a, b)               QUIRE_PICK(a, b, <, __COUNTER__)
#define max(a, b)               QUIRE_PICK(a, b, >, __COUNTER__)

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

/* One load, one store, of a word that others may change meanwhile; wider objects than a word are
 * volatile only. */
#define READ_ONCE(x)                                                                               \
	__builtin_choose_expr(sizeof(x) <= sizeof(long), __atomic_load_n(&(x), __ATOMIC_RELAXED),  \
			      *(const volatile __typeof__(x) *)&(x))
#define WRITE_ONCE(x, v)                                                                           \
	__builtin_choose_expr(sizeof(x) <= sizeof(long),                                           \
			      __atomic_store_n(&(x), (v), __ATOMIC_RELAXED),                       \
			      (void)(*(volatile __typeof__(x) *)&(x) = (v)))
#define barrier() __asm__ volatile("" : : : "memory")

#define __must_check   __attribute__((__warn_unused_result__))
#define __printf(f, a) __attribute__((__format__(__printf__, f, a)))
#define __noreturn     __attribute__((__noreturn__))
#define quire_noinline __attribute__((__noinline__))
#define quire_cold     __attribute__((__cold__, __noinline__))
#ifdef __OPTIMIZE_SIZE__
#define quire_always_inline inline
#else
#define quire_always_inline inline __attribute__((__always_inline__))
#endif
#define quire_cacheline_aligned __attribute__((__aligned__(64)))

/* A pointer into user memory of the current address space: never dereferenced by the kernel,
 * only handed to copy_from_user() and its family. */
#ifdef __CHECKER__
#define __user __attribute__((noderef, address_space(1)))
#else
#define __user
#endif
/* A device's registers: for readl() and writel() alone. */
#ifndef __iomem
#define __iomem
#endif

#define NUMA_NO_NODE (-1)

#endif
