/* SPDX-License-Identifier: MIT */
/*
 * quire/tune.h - what may be chosen about physical memory: at boot where zones end and what is
 * MOVABLE, later how much is kept free.  Who chooses nothing links none of it.
 */
#ifndef QUIRE_TUNE_H
#define QUIRE_TUNE_H

#include <quire/mmzone.h>

/* ---- before frames_init() -------------------------------------------------------------------- */
/*
 * Memory at or above `end` (bytes) is not of this zone type but of a higher one.  ZONE_DMA ends at
 * QUIRE_ZONE_DMA_MIB unless set, ZONE_DMA32 at 4 GiB (on 32-bit machines with DMA), ZONE_NORMAL
 * nowhere; what lies above all three is ZONE_HIGHMEM, which the linear map need not cover, and
 * memblock allocates below.  Not above the end of the type below: the zone is empty.  Boot; an
 * `end` should be a multiple of a pageblock.  Forgotten by frames_exit().
 */
void set_zone_end(enum zone_type type, phys_addr_t end);

/*
 * Take the words about ZONE_MOVABLE from a kernel command line, with the meaning that Linux's
 * kernel-parameters documentation gives them:
 *   kernelcore=SIZE|N%|mirror   so much memory, spread evenly over the nodes, may serve everybody;
 *                               the rest of the highest zone is MOVABLE (mirror: what is not
 *                               MEMBLOCK_MIRROR)
 *   movablecore=SIZE|N%         so much is MOVABLE, unless kernelcore= needs it
 *   movable_node                nodes with MEMBLOCK_HOTPLUG memory are MOVABLE from its start;
 *                               kernelcore= and movablecore= are ignored
 * Words that it does not know are for others; one without a meaning is named in the log and
 * ignored.  Before memblock allocates anything.  Forgotten by frames_exit().
 */
void frames_parse_cmdline(const char *cmdline);

/* ---- how much is kept free, and for whom ----------------------------------------------------- */
extern unsigned watermark_scale_factor; /* distance between two marks, in 1/10000 of a zone     */
extern unsigned watermark_boost_factor; /* most boost, in 1/10000 of the high mark; 0: none.
					  * Any value may be written                             */
extern unsigned lowmem_reserve_ratio[MAX_NR_ZONES]; /* a zone keeps 1/this of what lies above it
						     * from requests for that; 0: nothing      */

/*
 * Set a knob of /proc/sys/vm and recompute every mark and reserve; boosts are dropped.  Task
 * context, one caller at a time.  0; or -EINVAL and nothing is changed: more than all RAM, a factor
 * outside 1..3000, a type that there is not.  Forgotten by frames_exit().
 */
int set_min_free_kbytes(unsigned long kib);
int set_watermark_scale_factor(unsigned tenthousandths);
int set_lowmem_reserve_ratio(enum zone_type type, unsigned ratio);

/*
 * Whether a single frame that is freed far from the one before may wait, with up to 15 others of its
 * CPU, until its descriptor has come from memory: frees in no order cost half.  A frame that was freed
 * twice is then reported a few frees later, with the address of who did it.  On, but not in debug builds.
 * Task context, no spinlock held.
 */
void set_late_frees(bool on);

#endif
