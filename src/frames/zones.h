/* SPDX-License-Identifier: MIT */
/*
 * frames/zones.h - between the files that divide memory at boot: sections.c, nodes.c, movable.c,
 * zonelists.c.
 */
#ifndef QUIRE_SRC_FRAMES_ZONES_H
#define QUIRE_SRC_FRAMES_ZONES_H

#include <quire/tune.h>
#include "frames.h"

/* ---- sections.c ------------------------------------------------------------------------------ */
/* Descriptors for every section that holds RAM; panics if memblock has no room for them. */
void sections_init(void);
void sections_exit(void);
/* Descriptors for the sections of [pfn, end), below quire_room_pfn.  0, or -ENOMEM. */
int sections_add(unsigned long pfn, unsigned long end);
/* Whether the section of this frame has descriptors; pfn is below the end of the last section. */
bool section_present(unsigned long pfn);

/* ---- nodes.c --------------------------------------------------------------------------------- */
/* The node that the region's frames belong to, which may differ from what the region says. */
unsigned region_node(const struct memblock_region *r);
/* Count frames [pfn, end) of one zone and write where they are into their descriptors. */
void add_present(unsigned nid, unsigned type, unsigned long pfn, unsigned long end);
/* The zone type that the address alone gives. */
unsigned zone_type_of(unsigned long pfn);
/* First frame of a zone type by address. */
unsigned long zone_type_start(unsigned type);

/* ---- movable.c ------------------------------------------------------------------------------- */
/* Set once a command line was parsed; NULL: there is no ZONE_MOVABLE, and no code for it. */
struct zone_movable_ops {
	void (*place)(void); /* decide where the zone begins in each node                  */
	/* Frames of the region from this number on are ZONE_MOVABLE; ~0UL: none. */
	unsigned long (*from)(const struct memblock_region *r);
	void (*forget)(void);
};
extern const struct zone_movable_ops *zone_movable_ops;

/* ---- zonelists.c ----------------------------------------------------------------------------- */
/* The order in which every node's requests try the zones. */
void zonelists_init(void);
/* Distances and the nodes of CPUs are as at power-on. */
void zonelists_exit(void);

#endif
