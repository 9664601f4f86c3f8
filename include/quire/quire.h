/* SPDX-License-Identifier: MIT */
/*
 * quire/quire.h - start and stop everything, in order.
 *
 *   quire_memmap_add / memblock_add      what RAM there is                          (boot)
 *   memblock_reserve                     image, initrd, tables                      (boot)
 *   quire_start()                        linear map, frames, heap, vmalloc, spaces
 *
 * Use the *_init() calls one by one instead to adopt one layer at a time.
 */
#ifndef QUIRE_QUIRE_H
#define QUIRE_QUIRE_H

#include <quire/vmalloc.h>

/*
 * Bring up every layer on top of a filled memblock.  `image` describes the kernel image or is NULL
 * on hosted ports.  after_tables, if not NULL, is called once the kernel's own tables exist (the
 * port loads them). 0, or -ENOMEM with what was started stopped again.
 */
int quire_start(unsigned nr_cpus, const struct maps_image *image, void (*after_tables)(void));
void quire_stop(void);

/*
 * Take the words about debugging from a kernel command line, with Linux's meaning:
 *   page_owner=on                                   quire/page_owner.h
 *   page_poison=1  init_on_alloc=1  init_on_free=1  quire/page_poison.h
 *   slab_debug=<flags>[,<cache>...]                 quire/slab_debug.h
 *   kfence.sample_interval=<allocations>            quire/kfence.h
 *   fail_page_alloc=<interval>,<probability>,<space>,<times>  failslab=...   quire/fault_inject.h
 * Words that it does not know are for others.  Before frames_init().  Who does not call it links
 * none of what they switch on.
 */
void quire_debug_parse_cmdline(const char *cmdline);

#endif
