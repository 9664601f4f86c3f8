/* SPDX-License-Identifier: MIT */
/* linux/cache.h for code written against Linux: cache lines. */
#ifndef QUIRE_LINUX_CACHE_H
#define QUIRE_LINUX_CACHE_H

#include <quire/types.h>

#define L1_CACHE_SHIFT               6
#define L1_CACHE_BYTES               (1 << L1_CACHE_SHIFT)
#define SMP_CACHE_BYTES              L1_CACHE_BYTES
#define L1_CACHE_ALIGN(x)            QUIRE_ALIGN_UP(x, L1_CACHE_BYTES)
#define ____cacheline_aligned        quire_cacheline_aligned
#define ____cacheline_aligned_in_smp quire_cacheline_aligned
#define __cacheline_aligned          quire_cacheline_aligned

#endif
