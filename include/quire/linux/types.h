/* SPDX-License-Identifier: MIT */
/* linux/types.h for code written against Linux: fixed-width and address types. */
#ifndef QUIRE_LINUX_TYPES_H
#define QUIRE_LINUX_TYPES_H

#include <quire/types.h>
#include <quire/atomic.h>
#include <quire/list.h>
#include <quire/linux/compiler.h>

typedef unsigned char __u8;
typedef unsigned short __u16;
typedef unsigned int __u32;
typedef unsigned long long __u64;
typedef signed char __s8;
typedef short __s16;
typedef int __s32;
typedef long long __s64;
typedef __u16 __le16, __be16;
typedef __u32 __le32, __be32;
typedef __u64 __le64, __be64;

typedef phys_addr_t resource_size_t;
typedef u64 dma_addr_t; /* what a device puts on the bus, in bytes */

/* The same types as the host's libc, which may have them already. */
typedef __PTRDIFF_TYPE__ ssize_t;
typedef s64 loff_t;
typedef unsigned fmode_t;

#endif
