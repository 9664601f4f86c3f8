/* SPDX-License-Identifier: MIT */
/*
 * frames/drain.c - what CPUs parked is taken back: one's own, those of CPUs that are stopped, and
 * those of CPUs that run.
 *
 *   drainer                               owner, on its fast path
 *   close its gate                        busy = 1
 *   make every CPU pass a barrier         gate closed?  -- busy = 0, and take the slow path
 *   wait until busy is 0                  pop or push
 *   drain; open the gate                  busy = 0
 *
 * Always true:  between pcp_enter() and pcp_leave() of a CPU nobody else is at its lists.
 * Lock:         drain_lock between those who drain.
 */
#include <quire/tune.h>
#include "frames.h"

static u32 drain_lock;
bool late_frees;

/* What is done at the lists of a CPU, for one zone or, NULL, all. */
typedef void lists_fn(struct zone *zone, struct pcp *pcp);

static void drain_lists(struct zone *zone, struct pcp *pcp)
{
	(void)zone;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++)
		pcp_drain_list(&pcp->list[i], ~0u);
}

/* Drained, and nothing is parked any more until they are opened. */
static void shut_lists(struct zone *zone, struct pcp *pcp)
{
	drain_lists(zone, pcp);
	for (unsigned i = 0; i < NR_PCP_LISTS; i++)
		WRITE_ONCE(pcp->list[i].limit, pcp->list[i].slot);
}

static void open_lists(struct zone *zone, struct pcp *pcp)
{
	(void)zone;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++)
		WRITE_ONCE(pcp->list[i].limit, pcp->list[i].slot + pcp->list[i].room);
}

/* What is done at every CPU. */
struct visit {
	lists_fn *fn;
	int shut; /* added to what keeps late frees out */
};
static const struct visit drain = { drain_lists, 0 };
static const struct visit shut = { shut_lists, 1 };
static const struct visit open = { open_lists, -1 };
static const struct visit permit_late = { drain_lists, -1 };
static const struct visit forbid_late = { drain_lists, 1 };

static void at_lists_of(unsigned cpu, struct zone *only, const struct visit *visit)
{
	struct quire_cpu *area = percpu_of(&quire_cpu, cpu);
	struct zone *zone;

	if (!QUIRE_PCP)
		return;
	far_flush(area);
	area->far_shut += (u32)visit->shut;

	for_each_populated_zone(zone) if (zone->pcp && (!only || zone == only))
		visit->fn(zone, per_cpu_ptr(zone->pcp, cpu));
}

/* This CPU's, unless this is an interrupt handler. */
static void at_own_lists(struct zone *zone, const struct visit *visit)
{
	struct quire_cpu *cpu = this_quire_cpu();

	if (!QUIRE_PCP || in_interrupt())
		return;
	while (!pcp_enter_slow(cpu))
		port_cpu_relax(); /* somebody is draining them */
	at_lists_of(port_cpu_id(), zone, visit);
	pcp_leave(cpu);
}

static void set_claimed(unsigned cpu, bool claimed)
{
	u32 *closed = &percpu_of(&quire_cpu, cpu)->closed;

	if (claimed)
		__atomic_fetch_or(closed, QUIRE_GATE_CLAIMED, __ATOMIC_SEQ_CST);
	else
		__atomic_fetch_and(closed, ~QUIRE_GATE_CLAIMED, __ATOMIC_RELEASE);
}

/*
 * Those of CPUs that run.  After the barrier each of them has either seen its gate closed, and stays
 * out, or is seen as being inside, and leaves soon.  False: this machine has no such barrier.
 */
static bool at_running_lists(u64 cpus, struct zone *zone, const struct visit *visit)
{
	bool fenced;
	unsigned cpu;

	for_each_possible_cpu(cpu)
		if (cpus >> cpu & 1)
			set_claimed(cpu, true);
	fenced = port_membarrier();
	for_each_possible_cpu(cpu) {
		if (!(cpus >> cpu & 1))
			continue;
		if (fenced) {
			while (__atomic_load_n(&percpu_of(&quire_cpu, cpu)->busy, __ATOMIC_ACQUIRE))
				port_cpu_relax();
			at_lists_of(cpu, zone, visit);
		}
		set_claimed(cpu, false);
	}
	return fenced;
}

/* Those of a CPU that does not run; should it start just now, it finds its gate closed.  False: it
 * runs. */
static bool at_stopped_lists(unsigned cpu, struct zone *zone, const struct visit *visit)
{
	bool stopped;

	set_claimed(cpu, true);
	stopped = !(__atomic_load_n(&quire_online_cpus, __ATOMIC_SEQ_CST) >> cpu & 1);
	if (stopped)
		at_lists_of(cpu, zone, visit);
	set_claimed(cpu, false);
	return stopped;
}

static void at_all_lists(struct zone *zone, const struct visit *visit)
{
	u64 running = 0;
	unsigned cpu;

	if (!QUIRE_PCP)
		return;
	at_own_lists(zone, visit);
	for_each_possible_cpu(cpu) {
		if (cpu == port_cpu_id())
			continue;
		if (cpu_online(cpu) || !at_stopped_lists(cpu, zone, visit))
			running |= 1ULL << cpu;
	}
	if (running)
		at_running_lists(running, zone, visit);
}

void drain_pages(unsigned cpu)
{
	if (cpu == port_cpu_id())
		at_own_lists(NULL, &drain);
	else
		at_lists_of(cpu, NULL, &drain);
}

void drain_all_pages(void)
{
	raw_lock(&drain_lock);
	at_all_lists(NULL, &drain);
	raw_unlock(&drain_lock);
}

void zone_pcp_disable(struct zone *zone)
{
	raw_lock(&drain_lock);
	if (!zone->pcp_disabled++)
		at_all_lists(zone, &shut);
	raw_unlock(&drain_lock);
}

void zone_pcp_enable(struct zone *zone)
{
	raw_lock(&drain_lock);
	if (!--zone->pcp_disabled)
		at_all_lists(zone, &open);
	raw_unlock(&drain_lock);
}

void set_late_frees(bool on)
{
	raw_lock(&drain_lock);
	/* Before there are areas nobody waits, and pcp_init() heeds what was said. */
	if (on != late_frees && quire_percpu_offset[0])
		at_all_lists(NULL, on ? &permit_late : &forbid_late);
	late_frees = on;
	raw_unlock(&drain_lock);
}

void pcp_shut(unsigned cpu)
{
	at_lists_of(cpu, NULL, &shut);
}

/* ---- nobody is at any list ------------------------------------------------------------------- */
static bool frozen; /* so it is indeed: the machine has the barrier for it */

static void wait_idle(unsigned cpu)
{
	while (__atomic_load_n(&percpu_of(&quire_cpu, cpu)->busy, __ATOMIC_ACQUIRE))
		port_cpu_relax();
}

static void for_others(void (*fn)(unsigned cpu))
{
	unsigned cpu;

	for_each_possible_cpu(cpu)
		if (cpu != port_cpu_id())
			fn(cpu);
}

static void claim(unsigned cpu)
{
	set_claimed(cpu, true);
}

static void unclaim(unsigned cpu)
{
	set_claimed(cpu, false);
}

static bool others_run(void)
{
	u64 all = __atomic_load_n(&quire_online_cpus, __ATOMIC_SEQ_CST);

	return all & ~(1ULL << port_cpu_id());
}

void pcp_freeze(void)
{
	raw_lock(&drain_lock);
	for_others(claim);
	frozen = !others_run() || port_membarrier();
	if (frozen)
		for_others(wait_idle);
}

/* What a CPU parked that stopped in the middle of something cannot be trusted: it is lost. */
static void lose_lists(struct zone *zone, struct pcp *pcp)
{
	(void)zone;
	for (unsigned i = 0; i < NR_PCP_LISTS; i++)
		WRITE_ONCE(pcp->list[i].top, pcp->list[i].slot);
}

static const struct visit lose = { lose_lists, 0 };

static void adopt(unsigned cpu)
{
	at_lists_of(cpu, NULL, frozen ? &drain : &lose);
	__atomic_store_n(&percpu_of(&quire_cpu, cpu)->busy, 0, __ATOMIC_RELAXED);
}

void pcp_thaw(bool copy)
{
	if (copy)
		for_others(adopt);
	for_others(unclaim);
	raw_unlock(&drain_lock);
}
