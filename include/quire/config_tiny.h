/* SPDX-License-Identifier: MIT */
/*
 * quire/config_tiny.h - options for one CPU and some hundred KiB of RAM, in 24 KiB of code.
 *
 *   -DQUIRE_CONFIG_FILE='<quire/config_tiny.h>'         what each means: quire/config.h
 *
 * Pages and objects only: nothing is swapped, compacted, or asked to go.  Damaged memory is reported
 * as everywhere: wrong frees of frames and objects, and what overwrote the headers between them.
 * Another value for one of them: -DQUIRE_X=value as well.
 */
#ifndef QUIRE_CONFIG_TINY_H
#define QUIRE_CONFIG_TINY_H

#ifndef QUIRE_NR_CPUS
#define QUIRE_NR_CPUS 1
#endif
#ifndef QUIRE_NR_NODES
#define QUIRE_NR_NODES 1
#endif
#ifndef QUIRE_ZONE_DMA_MIB
#define QUIRE_ZONE_DMA_MIB 0
#endif
#ifndef QUIRE_HEAP
#define QUIRE_HEAP QUIRE_HEAP_SLOB
#endif

/* Blocks of up to 256 KiB, each in one word of the map of free frames; descriptors for every 512 KiB. */
#ifndef QUIRE_MAX_ORDER
#define QUIRE_MAX_ORDER 6
#endif
#ifndef QUIRE_SECTION_SHIFT
#define QUIRE_SECTION_SHIFT 19
#endif

/* No lists on CPUs, one kind of memory, nobody to free some, nobody who listens. */
#ifndef QUIRE_PCP
#define QUIRE_PCP 0
#endif
#ifndef QUIRE_MOBILITY
#define QUIRE_MOBILITY 0
#endif
#ifndef QUIRE_RECLAIM
#define QUIRE_RECLAIM 0
#endif
#ifndef QUIRE_EVENTS
#define QUIRE_EVENTS 0
#endif

/* Small tables. */
#ifndef QUIRE_MIN_FREE_KIB
#define QUIRE_MIN_FREE_KIB 16
#endif
#ifndef QUIRE_PERCPU_KIB
#define QUIRE_PERCPU_KIB 1
#endif
#ifndef QUIRE_MAX_CACHES
#define QUIRE_MAX_CACHES 64
#endif
#ifndef QUIRE_BOOT_REGIONS
#define QUIRE_BOOT_REGIONS 16
#endif
#ifndef QUIRE_VMAP_LAZY_KIB
#define QUIRE_VMAP_LAZY_KIB 64
#endif
#ifndef QUIRE_BOOT_GROW
#define QUIRE_BOOT_GROW 0
#endif

#endif
