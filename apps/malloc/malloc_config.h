/* SPDX-License-Identifier: MIT */
/* malloc_config.h - quire/config.h as libquire-malloc.so has it. */
#ifndef QUIRE_MALLOC_CONFIG_H
#define QUIRE_MALLOC_CONFIG_H

#define QUIRE_NR_CPUS          64 /* threads with a cache of their own at the same time   */
#define QUIRE_NR_NODES         1
#define QUIRE_ZONE_DMA_MIB     0
#define QUIRE_SECTION_SHIFT    22 /* RAM grows by this much at least                      */
#define QUIRE_PCP_BATCH        16
#define QUIRE_PCP_MOST         64
#define QUIRE_CPU_PARTIAL_KIB  65536
#define QUIRE_CPU_LIST_KIB     16
#define QUIRE_CPU_EMPTY_KIB    16
#define QUIRE_MAX_CACHES       104
#define QUIRE_NEAR_FREES       0
#define QUIRE_SLAB_MIN_OBJECTS 32
#define QUIRE_MIN_PARTIAL      0

#endif
