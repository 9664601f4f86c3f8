/* SPDX-License-Identifier: MIT */
/*
 * quire/event.h - tell whoever listens what just happened.
 *
 * One listener for the whole library (watch/, a test, the lab).  Without one an event costs a load
 * and a branch that is never taken; the fast paths of alloc_page and kmalloc do not even pay that
 * (the gate of quire/percpu.h). Ids have Linux's tracepoint names; a, b, c are:
 */
#ifndef QUIRE_EVENT_H
#define QUIRE_EVENT_H

#include <quire/types.h>

enum quire_event_id {
	EVENT_mm_page_alloc,                     /* pfn (~0: failed), order, gfp         */
	EVENT_mm_page_free,                      /* pfn, order, 0                        */
	EVENT_mm_page_alloc_extfrag,             /* pfn, order, from type << 8 | to type */
	EVENT_mm_page_pcpu_drain,                /* frames, zone index, cpu              */
	EVENT_kmalloc,                           /* object, bytes asked, gfp             */
	EVENT_kfree,                             /* object, 0, 0                         */
	EVENT_kmem_cache_alloc,                  /* object, cache, gfp                   */
	EVENT_kmem_cache_free,                   /* object, cache, 0                     */
	EVENT_mmap,                              /* address, length, flags               */
	EVENT_munmap,                            /* address, length, 0                   */
	EVENT_brk,                               /* old, new, 0                          */
	EVENT_mprotect,                          /* address, length, protection          */
	EVENT_page_fault_user,                   /* address, flags, result               */
	EVENT_fork,                              /* old mm, new mm, 0                    */
	EVENT_exit_mmap,                         /* mm, 0, 0                             */
	EVENT_vmalloc,                           /* address, bytes, 0                    */
	EVENT_vfree,                             /* address, bytes, 0                    */
	EVENT_mm_filemap_add_to_page_cache,      /* pfn, index, 0                */
	EVENT_mm_filemap_delete_from_page_cache, /* pfn, index, 0                */
	EVENT_mm_migrate_pages,                  /* moved, not moved, mode << 8 | reason */
	EVENT_mm_compaction_begin,               /* zone->id, order (~0: all), mode      */
	EVENT_mm_compaction_end,                 /* zone->id, order, enum compact_result */
	EVENT_cma_alloc_finish,                  /* pfn (~0: failed), frames, align      */
	EVENT_cma_release,                       /* pfn, frames, 0                       */
	EVENT_mark_victim,                       /* pid, badness, 0                      */
	EVENT_mm_shrink_slab_start,              /* shrinker, objects due, priority      */
	EVENT_mm_shrink_slab_end,                /* shrinker, objects freed, put off     */
	NR_QUIRE_EVENTS
};

struct quire_event_sink {
	/* Called in the context of the event, which may hold locks with interrupts off: must not
	 * sleep, allocate or call back into quire. */
	void (*event)(void *arg, enum quire_event_id id, unsigned long a, unsigned long b,
		      unsigned long c);
	void *arg;
};

extern const struct quire_event_sink *quire_sink;
extern const char *const quire_event_name[NR_QUIRE_EVENTS];

/* Listen; NULL ends it.  The sink must outlive its registration.  While no other CPU is inside
 * quire. */
void quire_event_listen(const struct quire_event_sink *sink);

#define quire_event(id, a, b, c)                                                                   \
	do {                                                                                       \
		const struct quire_event_sink *sink_ =                                             \
			QUIRE_EVENTS ? READ_ONCE(quire_sink) : NULL;                               \
		if (unlikely(sink_))                                                               \
			sink_->event(sink_->arg, EVENT_##id, (unsigned long)(a),                   \
				     (unsigned long)(b), (unsigned long)(c));                      \
	} while (0)

/*
 * Fault injection: the n-th allocation of frames or of an object from now on fails (1: the next); 0
 * switches it off. __GFP_NOFAIL requests are neither counted nor failed.  quire_fail_fired():
 * whether it has happened since. While no other CPU is inside quire.
 */
void quire_fail_nth(unsigned n);
bool quire_fail_fired(void);

#endif
