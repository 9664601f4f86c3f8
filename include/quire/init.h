/* SPDX-License-Identifier: MIT */
/*
 * quire/init.h - code and data that only the start of the machine needs.
 *
 *   __init       a function        __initdata    a variable        __initconst    a constant one
 *   __ref        a function that uses one of these and outlives them: it sees to it that it does so in time
 *
 * Where the port has sections for them (PORT_INIT_SECTIONS; its linker script puts them apart, and says
 * in struct maps_image where they are) free_initmem() gives them back, and whoever touches them later
 * faults.  (An __init function that ends in one that never returns: that one is quire_noinline, or it becomes
 * part of what goes.)  Elsewhere they are like any others: a test starts a machine a thousand times in one process.
 */
#ifndef QUIRE_INIT_H
#define QUIRE_INIT_H

#include <quire/port.h>

#ifndef PORT_INIT_SECTIONS
#define PORT_INIT_SECTIONS 0
#endif

#if PORT_INIT_SECTIONS
#define QUIRE_INIT_SECTION(name) __attribute__((__section__(name)))
#define __ref                    __attribute__((__section__(".ref.text"), __noinline__))
#else
#define QUIRE_INIT_SECTION(name)
#define __ref
#endif
#define __init      QUIRE_INIT_SECTION(".init.text")
#define __initdata  QUIRE_INIT_SECTION(".init.data")
#define __initconst QUIRE_INIT_SECTION(".init.rodata")

/*
 * The start is over: the image's init part is unmapped, and its frames go to the buddy system.  After
 * quire_start(), once, while no CPU runs code there.  How many frames; 0: the image has no such part.
 * The log says how much it was.
 */
unsigned long free_initmem(void);

#endif
