/* SPDX-License-Identifier: MIT */
/*
 * preload_machine.h - what an application sets up: RAM out of reserved addresses, threads that come
 * and go as CPUs.
 *
 *	preload_machine_start();                     reserve; memblock has the first RAM
 *	frames_init(); memblock_free_all(); percpu_init(2); heap_init();
 *	preload_cpu_enter(0);   ... in each thread ...   preload_cpu_leave();
 *
 * Nothing here calls into libc where that might allocate.
 */
#ifndef QUIRE_PRELOAD_MACHINE_H
#define QUIRE_PRELOAD_MACHINE_H

#include <quire/types.h>

/*
 * Reserve addresses for several times the memory of the host, or as much as the process's limits
 * leave, and give the beginning to memblock; the rest is room for add_memory().
 *   Returns:  0, or -ENOMEM: not even the least could be reserved.
 */
int preload_machine_start(void) __must_check;

/* About so many bytes of RAM more, whole sections.  One caller at a time.  How many; 0: there is no
 * room, or no memory for their descriptors. */
size_t preload_grow(size_t size);

/* Where RAM lies, for "is this pointer ours". */
extern unsigned long preload_ram, preload_ram_start, preload_ram_size;

#define PRELOAD_FIRST_PHYS (1UL << QUIRE_SECTION_SHIFT) /* frame 0 is nobody's                  */

/* By its physical address, which is what comes next. */
static inline bool preload_is_ram(const void *p)
{
	return (unsigned long)p - preload_ram - PRELOAD_FIRST_PHYS < preload_ram_size;
}

/* The calling thread is CPU `cpu` from now on, which nobody else is; or nobody. */
void preload_cpu_enter(unsigned cpu);
void preload_cpu_leave(void);

/* Whether the log goes to standard error; else it is lost.  Whether a report of damaged memory ends
 * the process. */
extern bool preload_log, preload_abort;
extern int preload_log_fd; /* standard error, unless the application knows better */

/* Give what the host put behind [at, at + size) back to it: it reads as zero afterwards.  Whole
 * pages.  0 or -errno. */
int preload_release(void *at, size_t size);

#endif
