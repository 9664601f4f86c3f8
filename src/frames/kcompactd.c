/* SPDX-License-Identifier: MIT */
/*
 * frames/kcompactd.c - compaction ahead of need, by a thread of each node.
 *
 *   a request that had to be refused ──wakeup_kcompactd──┐
 *   time passes ──────────────────────kcompactd_poke─────┴─> thread: for that order; or until the
 *                                                            node is less in pieces than it should
 *
 * The score of a zone is the share of its free memory that is not in whole pageblocks; that of a
 * node their sum by size.
 *
 * Lock: kcompactd_lock for what the thread is asked for.
 */
#include <quire/compaction.h>
#include <quire/bytes.h>
#include "frames.h"

unsigned sysctl_compaction_proactiveness = 20;

static struct kcompactd {
	unsigned order; /* wanted + 1, 0: nobody waits                          */
	bool poked, stop;
	void *thread; /* whom to wake, NULL: there is none                    */
	/* The thread's own: after a vain attempt so many pokes pass, unless more is asked for. */
	unsigned pass, vain_at;
} kcompactds[QUIRE_NR_NODES];
static u32 kcompactd_lock;

/* ---- the score ------------------------------------------------------------------------------- */
static unsigned score_of(struct zone *zone)
{
	unsigned long share = zone->present_pages * 100 / zone->zone_pgdat->node_present_pages;

	return (unsigned)(share * (unsigned long)unusable_index(zone, pageblock_order) / 1000);
}

unsigned fragmentation_score_node(int nid)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	unsigned score = 0;

	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&zones[type]) && zone_page_state(&zones[type], NR_FREE_PAGES))
			score += score_of(&zones[type]);
	return score;
}

static unsigned score_wanted(void)
{
	return 100 - min(sysctl_compaction_proactiveness, 100u);
}

#define PASS_AFTER_VAIN 64u

/* What speaks against it now, or NULL. */
static const char *why_not_ahead(struct kcompactd *k, unsigned score)
{
	if (!sysctl_compaction_proactiveness)
		return "nobody wants it";
	if (score <= min(score_wanted() + 10, 100u))
		return "free memory is in few enough pieces";
	if (k->pass && k->vain_at == sysctl_compaction_proactiveness) {
		k->pass--;
		return "it gained nothing lately";
	}
	return NULL;
}

static bool compact_ahead(int nid)
{
	struct kcompactd *k = &kcompactds[nid];
	unsigned before = fragmentation_score_node(nid);
	bool gained;

	if (why_not_ahead(k, before))
		return false;
	compact_node(nid);
	gained = fragmentation_score_node(nid) < before;
	k->pass = gained ? 0 : PASS_AFTER_VAIN;
	k->vain_at = sysctl_compaction_proactiveness;
	return gained;
}

/* ---- the thread ------------------------------------------------------------------------------ */

/* What is asked for; it is taken on. */
static struct kcompactd take_work(int nid)
{
	struct kcompactd *k = &kcompactds[nid], work;
	unsigned long flags = port_irq_save();

	raw_lock(&kcompactd_lock);
	work = *k;
	k->order = 0;
	k->poked = false;
	raw_unlock(&kcompactd_lock);
	port_irq_restore(flags);
	return work;
}

static bool compact_zones(int nid, unsigned order)
{
	struct zone *zones = NODE_DATA(nid)->node_zones;
	bool gained = false;

	count_vm_event(KCOMPACTD_WAKE);
	for (unsigned type = 0; type < MAX_NR_ZONES; type++)
		if (populated_zone(&zones[type]))
			gained |= compact_for(&zones[type], order, MIGRATE_SYNC_LIGHT) ==
				  COMPACT_SUCCESS;
	return gained;
}

bool kcompactd_work(int nid)
{
	struct kcompactd work = take_work(nid);

	if (work.order)
		return compact_zones(nid, work.order - 1);
	return work.poked && compact_ahead(nid);
}

void kcompactd(int nid)
{
	struct kcompactd *k = &kcompactds[nid];

	__atomic_store_n(&k->thread, port_self(), __ATOMIC_RELEASE);
	while (!__atomic_load_n(&k->stop, __ATOMIC_ACQUIRE)) {
		if (!kcompactd_work(nid))
			port_block();
	}
	__atomic_store_n(&k->thread, NULL, __ATOMIC_RELEASE);
	__atomic_store_n(&k->stop, false, __ATOMIC_RELEASE);
}

static void ask(int nid, unsigned order, bool poke, bool stop)
{
	struct kcompactd *k = &kcompactds[nid];
	unsigned long flags = port_irq_save();
	void *thread;

	raw_lock(&kcompactd_lock);
	k->order = max(k->order, order);
	k->poked |= poke;
	if (stop)
		__atomic_store_n(&k->stop, true, __ATOMIC_RELEASE);
	thread = __atomic_load_n(&k->thread, __ATOMIC_ACQUIRE);
	raw_unlock(&kcompactd_lock);
	port_irq_restore(flags);
	if (thread)
		port_unblock(thread);
}

void wakeup_kcompactd(struct zone *zone, unsigned order)
{
	ask(zone->node, order + 1, false, false);
}

void kcompactd_poke(int nid)
{
	ask(nid, 0, true, false);
}

void kcompactd_stop(int nid)
{
	ask(nid, 0, false, true);
}

void kcompactd_exit(void)
{
	memset(kcompactds, 0, sizeof(kcompactds));
}
