/* SPDX-License-Identifier: MIT */
/*
 * quire/stop.h - the way back: for hosts, and for tests that start machines by the thousand.
 *
 *   heap_exit()  ->  percpu_exit()  ->  frames_exit()  ->  memblock_exit() (quire/memblock.h)
 *
 * quire_stop() is all layers.  Context: task, this CPU is 0, the others are stopped.
 */
#ifndef QUIRE_STOP_H
#define QUIRE_STOP_H

#include <quire/types.h>

/* Everything goes back to the frames, objects that are still in use too; says how many there
 * were. */
unsigned long heap_exit(void);

/* Give the areas back; the boot copy, as CPU 0 left it, is current again. */
void percpu_exit(void);

/* Forget all of it: memory and memblock are as before boot. */
void frames_exit(void);

#endif
