/* SPDX-License-Identifier: MIT */
/*
 * base/event.c - the one listener, and the one failure to be injected.
 *
 *   a listener, or an armed failure  ->  closes every CPU's gate  ->  allocations take their slow
 *   paths, which look here
 *
 * Lock: none; both are changed only while no other CPU is inside quire.
 */
#include <quire/event.h>
#include <quire/gfp.h>
#include "base.h"

const struct quire_event_sink *quire_sink;

static struct {
	unsigned left; /* allocations until the one that fails; 0: off */
	bool fired;
} fail;

const char *const quire_event_name[NR_QUIRE_EVENTS] = {
	[EVENT_mm_page_alloc] = "mm_page_alloc",
	[EVENT_mm_page_free] = "mm_page_free",
	[EVENT_mm_page_alloc_extfrag] = "mm_page_alloc_extfrag",
	[EVENT_mm_page_pcpu_drain] = "mm_page_pcpu_drain",
	[EVENT_kmalloc] = "kmalloc",
	[EVENT_kfree] = "kfree",
	[EVENT_kmem_cache_alloc] = "kmem_cache_alloc",
	[EVENT_kmem_cache_free] = "kmem_cache_free",
	[EVENT_mmap] = "mmap",
	[EVENT_munmap] = "munmap",
	[EVENT_brk] = "brk",
	[EVENT_mprotect] = "mprotect",
	[EVENT_page_fault_user] = "page_fault_user",
	[EVENT_fork] = "fork",
	[EVENT_exit_mmap] = "exit_mmap",
	[EVENT_vmalloc] = "vmalloc",
	[EVENT_vfree] = "vfree",
	[EVENT_mm_filemap_add_to_page_cache] = "mm_filemap_add_to_page_cache",
	[EVENT_mm_filemap_delete_from_page_cache] = "mm_filemap_delete_from_page_cache",
	[EVENT_mm_migrate_pages] = "mm_migrate_pages",
	[EVENT_mm_compaction_begin] = "mm_compaction_begin",
	[EVENT_mm_compaction_end] = "mm_compaction_end",
	[EVENT_cma_alloc_finish] = "cma_alloc_finish",
	[EVENT_cma_release] = "cma_release",
	[EVENT_mark_victim] = "mark_victim",
	[EVENT_mm_shrink_slab_start] = "mm_shrink_slab_start",
	[EVENT_mm_shrink_slab_end] = "mm_shrink_slab_end",
};

void quire_event_listen(const struct quire_event_sink *sink)
{
	quire_sink = sink;
	gate_watch(GATE_EVENTS, sink);
}

void quire_fail_nth(unsigned n)
{
	fail.left = n;
	fail.fired = false;
	gate_watch(GATE_FAIL_NTH, n);
}

bool quire_fail_fired(void)
{
	return fail.fired;
}

bool quire_should_fail(gfp_t gfp)
{
	if (likely(!fail.left) || gfp & __GFP_NOFAIL)
		return false;
	if (--fail.left)
		return false;
	fail.fired = true;
	gate_watch(GATE_FAIL_NTH, false);
	return true;
}
