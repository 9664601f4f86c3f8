/* SPDX-License-Identifier: MIT */
/* vvar.h - what the kernel tells every program in the [vvar] page. */
#ifndef KERNEL_VVAR_H
#define KERNEL_VVAR_H

#include <quire/types.h>

struct vvar {
	u64 base;           /* ticks at monotonic time 0                            */
	u64 mult;           /* ns = (ticks - base) * mult >> 32                       */
	s64 wall_offset_ns; /* real time - monotonic time                            */
	u32 counter;        /* not 0: programs can read the ticks themselves         */
};

#endif
