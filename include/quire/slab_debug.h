/* SPDX-License-Identifier: MIT */
/*
 * quire/slab_debug.h - find who writes where he must not, frees twice, or forgets to free.
 *
 *   | red zone | object | red zone | last alloc, last free | padding |       a slot of a cache under debugging
 *     bb free    6b..a5   bb free                            5a
 *     cc in use  user's   cc in use
 *
 * By cache: the SLAB_* flags F Z P U below, given to kmem_cache_create() or by slab_debug=.  Reports have
 * the layout of Linux's.  What is damaged is repaired where that is possible, and an object that is
 * freed wrongly stays where it is.  Who never calls slab_debug_enable() links none of it, and the
 * flags do nothing.
 */
#ifndef QUIRE_SLAB_DEBUG_H
#define QUIRE_SLAB_DEBUG_H

#include <quire/slab.h>

/* Before heap_init(): flags are obeyed.  Lasts for good. */
void slab_debug_enable(void);

/*
 * The value of slab_debug= on Linux's command line; enables as well.  Before heap_init().
 *   <flags>[,<cache>...][;<flags>,...]   F checks on every free, Z red zones, P poison, U who allocated and
 *                                        freed; A O T have no meaning here; "-" none, nothing: FZPU
 *   A cache may end in "*".  Without caches: all.  Later parts override earlier ones.
 * 0; -EINVAL: a letter without a meaning, or more than SLAB_DEBUG_SPEC characters; then nothing changes.
 */
#define SLAB_DEBUG_SPEC 128u
int slab_debug_setup(const char *spec);

/*
 * Look at every object of a cache, in use or free: how many errors there are; each is reported.  Task
 * context, while nobody uses the cache.  Without flags only the lists are checked.
 */
unsigned long validate_slab_cache(struct kmem_cache *cache);

#endif
