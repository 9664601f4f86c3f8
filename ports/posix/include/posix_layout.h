/* SPDX-License-Identifier: MIT */
/*
 * posix_layout.h - which page tables the simulated machine reads, and where its kernel lies.
 *
 *   0 ── user space ── TASK_SIZE      PAGE_OFFSET ── all RAM ──   VMALLOC_START ── VMALLOC_END
 *
 * The format is a choice of the build, -DPORT_PT_FORMAT=NAME, among those with addresses as wide as
 * the host's pointers.
 */
#ifndef QUIRE_POSIX_LAYOUT_H
#define QUIRE_POSIX_LAYOUT_H

#include <stdint.h>

#ifndef PORT_PT_FORMAT
#if UINTPTR_MAX > 0xffffffffu
#define PORT_PT_FORMAT x86_64
#else
#define PORT_PT_FORMAT x86_pae
#endif
#endif

/* PAGE_OFFSET, PORT_TASK_SIZE, PORT_VMALLOC_START, PORT_VMALLOC_END */
#define POSIX_LAYOUT_x86_64(X)                                                                     \
	X(0xffff888000000000UL, 0x00007ffffffff000UL, 0xffffc90000000000UL, 0xffffe90000000000UL)
#define POSIX_LAYOUT_x86_64_5level(X)                                                              \
	X(0xff11000000000000UL, 0x00fffffffffff000UL, 0xffa0000000000000UL, 0xffd2000000000000UL)
/* Two roots: each half has all 48 bits. */
#define POSIX_LAYOUT_aarch64(X)                                                                    \
	X(0xffff000000000000UL, 0x0001000000000000UL, 0xffff800000000000UL, 0xfffffc0000000000UL)
#define POSIX_LAYOUT_riscv_sv39(X)                                                                 \
	X(0xffffffc000000000UL, 0x0000004000000000UL, 0xffffffe000000000UL, 0xfffffff000000000UL)
#define POSIX_LAYOUT_riscv_sv48(X)                                                                 \
	X(0xffff800000000000UL, 0x0000800000000000UL, 0xffffc00000000000UL, 0xfffff00000000000UL)
#define POSIX_LAYOUT_riscv_sv57(X)                                                                 \
	X(0xff00000000000000UL, 0x0100000000000000UL, 0xff80000000000000UL, 0xffc0000000000000UL)
#define POSIX_LAYOUT_x86_pae(X) X(0xc0000000UL, 0xc0000000UL, 0xe0000000UL, 0xf0000000UL)
/* The classic layout: modules and kmap's pages between user space and the kernel. */
#define POSIX_LAYOUT_armv7(X)   X(0xc0000000UL, 0xbf000000UL, 0xe0000000UL, 0xf0000000UL)

/* Modules: 14 MiB, as an ARMv7 kernel has between user space and its linear map; the other formats have
 * none here, and put them behind PORT_VMALLOC_START. */
#define POSIX_MODULES_x86_64        0xffffffffa0000000UL
#define POSIX_MODULES_x86_64_5level 0
#define POSIX_MODULES_aarch64       0xfffffd0000000000UL
#define POSIX_MODULES_riscv_sv39    0
#define POSIX_MODULES_riscv_sv48    0
#define POSIX_MODULES_riscv_sv57    0
#define POSIX_MODULES_x86_pae       0
#define POSIX_MODULES_armv7         0xbf000000UL

/* kmap's pages.  A PAE root entry is a GiB, so that nothing of the kernel fits below its linear map.  64-bit
 * machines have none, but for a build that tests highmem where there are ThreadSanitizer and AddressSanitizer:
 * -DPOSIX_HIGHMEM=1. */
#ifndef POSIX_HIGHMEM
#define POSIX_HIGHMEM 0
#endif
#define POSIX_PKMAP_x86_64        (POSIX_HIGHMEM ? 0xffffffffff200000UL : 0UL)
#define POSIX_PKMAP_x86_64_5level 0
#define POSIX_PKMAP_aarch64       0
#define POSIX_PKMAP_riscv_sv39    0
#define POSIX_PKMAP_riscv_sv48    0
#define POSIX_PKMAP_riscv_sv57    0
#define POSIX_PKMAP_x86_pae       0xff400000UL
#define POSIX_PKMAP_armv7         0xbfe00000UL

#define POSIX_CAT2(a, b)                       a##b
#define POSIX_CAT(a, b)                        POSIX_CAT2(a, b)
#define POSIX_FIRST(offset, task, start, end)  offset
#define POSIX_SECOND(offset, task, start, end) task
#define POSIX_THIRD(offset, task, start, end)  start
#define POSIX_FOURTH(offset, task, start, end) end

#define PAGE_OFFSET        POSIX_CAT(POSIX_LAYOUT_, PORT_PT_FORMAT)(POSIX_FIRST)
#define PORT_TASK_SIZE     POSIX_CAT(POSIX_LAYOUT_, PORT_PT_FORMAT)(POSIX_SECOND)
#define PORT_VMALLOC_START POSIX_CAT(POSIX_LAYOUT_, PORT_PT_FORMAT)(POSIX_THIRD)
#define PORT_VMALLOC_END   POSIX_CAT(POSIX_LAYOUT_, PORT_PT_FORMAT)(POSIX_FOURTH)

#define PORT_MODULES_START (0UL + POSIX_CAT(POSIX_MODULES_, PORT_PT_FORMAT))
#define PORT_MODULES_END   (PORT_MODULES_START ? PORT_MODULES_START + (14UL << 20) : 0UL)

#define PORT_PKMAP_START (0UL + POSIX_CAT(POSIX_PKMAP_, PORT_PT_FORMAT))
#if POSIX_HIGHMEM
#define PORT_LOWMEM_END (PAGE_OFFSET + (64UL << 20))
#endif

/* ARMv7's, at the top of all addresses.  Nothing is there: the simulated processor enters nothing. */
#define POSIX_VECTORS_x86_64        0
#define POSIX_VECTORS_x86_64_5level 0
#define POSIX_VECTORS_aarch64       0
#define POSIX_VECTORS_riscv_sv39    0
#define POSIX_VECTORS_riscv_sv48    0
#define POSIX_VECTORS_riscv_sv57    0
#define POSIX_VECTORS_x86_pae       0
#define POSIX_VECTORS_armv7         0xffff0000UL
#define PORT_VECTORS_START          (0UL + POSIX_CAT(POSIX_VECTORS_, PORT_PT_FORMAT))

/* As Linux has it on x86-64, and on 32-bit ARM. */
#define PORT_FIXADDR_TOP (sizeof(long) == 8 ? (unsigned long)0xffffffffff7ff000ULL : 0xffeff000UL)

#endif
