/* SPDX-License-Identifier: MIT */
/*
 * frames/low.c - no zone can serve: what is done about it, for who may wait.
 *
 *   compact  ->  direct reclaim  ->  parked and reserved frames  ->  compact harder  ->  again, or the OOM killer
 *
 * Linked by set_low_memory_ops() and compaction_init(): without either there is nothing to do.
 *
 * Always true:  while reclaim or the OOM killer runs no lock is held and interrupts are on.
 * Lock:         none here.
 */
#include <quire/low_memory.h>
#include "slow.h"

#define MAX_RECLAIM_RETRIES 16

static bool is_dying(void)
{
	return low_memory_ops && low_memory_ops->current_is_dying && !in_interrupt() &&
	       low_memory_ops->current_is_dying();
}

static void wake_kswapds(const struct request *req)
{
	if (req->order && req->zones->nr && compaction_ops)
		compaction_ops->wakeup(req->zones->zones[0], req->order);
	if (!low_memory_ops || !low_memory_ops->wake_kswapd)
		return;
	for (unsigned i = 0; i < req->zones->nr; i++)
		if (req->zones->zones[i]->idx <= req->high)
			low_memory_ops->wake_kswapd(req->zones->zones[i], req->gfp, req->order);
}

static void boost(struct zone *zone)
{
	if (low_memory_ops && low_memory_ops->wake_kswapd)
		boost_watermark(zone);
}

static unsigned long reclaim(const struct request *req)
{
	if (!low_memory_ops || !low_memory_ops->direct_reclaim || !req->zones->nr)
		return 0;
	count_vm_event((enum vm_event_item)(ALLOCSTALL_DMA + req->zones->zones[0]->idx));
	return low_memory_ops->direct_reclaim(req->zones->zones[0], req->gfp, req->order);
}

/* Why nobody is killed for this request, or NULL if somebody may be. */
static const char *why_not_kill(const struct request *req, unsigned how)
{
	if (req->gfp & __GFP_NOFAIL)
		return NULL;
	if (how & ALLOC_NO_WATERMARKS)
		return "the requester is being killed, or frees memory itself";
	if (req->order > COSTLY_ORDER)
		return "a block this large is not worth a life";
	if (req->gfp & (__GFP_NORETRY | __GFP_RETRY_MAYFAIL | __GFP_THISNODE))
		return "the requester can do without";
	if (!(req->gfp & __GFP_FS))
		return "reclaim could not do all it might";
	return NULL;
}

/* One more thing was tried.  False: give up. */
static bool kill_someone(const struct request *req, unsigned how)
{
	if (why_not_kill(req, how))
		return false;
	if (low_memory_ops && low_memory_ops->out_of_memory &&
	    low_memory_ops->out_of_memory(req->gfp, req->order)) {
		port_yield(); /* the victim must run to die */
		return true;
	}
	if (!(req->gfp & __GFP_NOFAIL))
		return false;
	port_yield();
	return true;
}

/* Make a large block out of small ones: in a zone that it may come from.  True: there should be one. */
static bool compact(const struct request *req, enum migrate_mode mode)
{
	bool gained = false;

	if (!req->order || !(req->gfp & __GFP_IO) || !compaction_ops)
		return false;
	for (unsigned i = 0; i < req->zones->nr && !gained; i++)
		if (req->zones->zones[i]->idx <= req->high)
			gained = compaction_ops->compact(req->zones->zones[i], req->order, mode) ==
				 COMPACT_SUCCESS;
	return gained;
}

/* Small blocks come together sooner or later; for a large one only who asks for it. */
static bool worth_retrying(const struct request *req)
{
	return req->order <= COSTLY_ORDER || req->gfp & (__GFP_RETRY_MAYFAIL | __GFP_NOFAIL);
}

/* A large block out of small ones, in a zone that it may come from. */
static struct page *compact_and_take(const struct request *req, enum migrate_mode mode)
{
	return compact(req, mode) ? take_from_zones(req, entitlement(req)) : NULL;
}

/* The request may sleep.  NULL: everything was tried. */
static struct page *reclaim_and_retry(const struct request *req)
{
	unsigned futile = 0;

	for (;;) {
		struct page *page = compact_and_take(req, MIGRATE_ASYNC);
		unsigned long freed;
		unsigned how;

		if (page)
			return page;
		freed = reclaim(req);
		how = entitlement(req);
		page = gather_and_take(req, how);
		if (page || (req->gfp & __GFP_NORETRY && !(req->gfp & __GFP_NOFAIL)))
			return page;
		page = compact_and_take(req, MIGRATE_SYNC_LIGHT);
		if (page)
			return page;
		if (freed && worth_retrying(req) && futile++ < MAX_RECLAIM_RETRIES)
			continue;
		if (!kill_someone(req, how))
			return NULL;
		futile = 0;
	}
}

void low_path_link(void)
{
	static const struct low_path path = { is_dying, wake_kswapds, boost, reclaim_and_retry };

	low_path = &path;
}

void set_low_memory_ops(const struct low_memory_ops *ops)
{
	low_memory_ops = ops;
	low_path_link();
}
