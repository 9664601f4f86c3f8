/* SPDX-License-Identifier: MIT */
/*
 * sched.c - who runs: preemptive round robin in user mode, one queue per CPU; park and unpark for
 * the library.
 *
 *   queue:  next -> ... -> last      the running task is not on it; the idle task never is
 *
 * A task leaves the CPU in port_block(), in port_yield(), when it dies, or on its way to user mode
 * once its slice is used up.
 *
 * Lock: rq.lock, interrupts off.  It is held across the switch and dropped by the task that comes
 * in, so nobody sees a task that is neither running nor completely saved.
 */
#include "kernel.h"
#include <quire/init.h>

#define SLICE_TICKS 2

struct rq {
	u32 lock;
	struct list_head queue; /* runnable tasks                       */
	unsigned nr;            /* on the queue                         */
	struct task *idle;
	struct task *prev; /* who ran before the switch under way  */
	phys_addr_t root;  /* loaded page tables                   */
	u64 switches;
	u64 loadavg[3]; /* 16.16                                */
	unsigned load_ticks;
};

static struct rq rqs[QUIRE_NR_CPUS];
struct task idle_task;

static struct rq *rq_of(unsigned cpu)
{
	return &rqs[cpu];
}

static void rq_lock(struct rq *rq)
{
	while (__atomic_exchange_n(&rq->lock, 1, __ATOMIC_ACQUIRE))
		port_cpu_relax();
}

static void rq_unlock(struct rq *rq)
{
	__atomic_store_n(&rq->lock, 0, __ATOMIC_RELEASE);
}

static void enqueue(struct rq *rq, struct task *t)
{
	list_add_tail(&t->run_link, &rq->queue);
	rq->nr++;
	if (unlikely(bare_nr_cpus_online() > 1) && t->cpu != port_cpu_id())
		bare_ipi_send(t->cpu, BARE_IPI_RESCHED);
}

/* After a switch, on the stack of the task that came in: the other one is saved now. */
static void finish_switch(struct rq *rq)
{
	struct task *prev = rq->prev;
	bool dead = prev->state == TASK_DEAD;

	WRITE_ONCE(prev->on_cpu, false);
	rq_unlock(rq);
	if (dead && !prev->proc)
		task_free(prev);
}

/* Switch to the next runnable task, or to idle if `prev` cannot go on.  rq locked; returns with
 * it unlocked. */
static void switch_away(struct rq *rq, struct task *prev)
{
	struct task *next = rq->idle;

	if (!list_empty(&rq->queue)) {
		next = list_first_entry(&rq->queue, struct task, run_link);
		list_del(&next->run_link);
		rq->nr--;
	} else if (prev->state == TASK_RUNNING) {
		next = prev;
	}
	if (next == prev) {
		rq_unlock(rq);
		return;
	}
	next->ticks_left = SLICE_TICKS;
	next->on_cpu = true;
	rq->prev = prev;
	rq->switches++;
	if (next->mm && next->mm->root != rq->root) {
		rq->root = next->mm->root;
		port_load_root(rq->root);
	} else if (!next->mm && bare_nr_cpus_online() > 1) {
		rq->root = mm_kernel_root();
		port_load_root(rq->root);
	}
	bare_switch(&prev->thread, &next->thread);
	finish_switch(rq_of(port_cpu_id()));
}

void sched_finish_new(void)
{
	finish_switch(rq_of(port_cpu_id()));
}

/* Let the others on the queue run first. */
void schedule(void)
{
	unsigned long flags = port_irq_save();
	struct rq *rq = rq_of(port_cpu_id());
	struct task *t = current;

	rq_lock(rq);
	if (t != rq->idle && t->state == TASK_RUNNING && !list_empty(&rq->queue)) {
		list_add_tail(&t->run_link, &rq->queue);
		rq->nr++;
		t->nivcsw++;
	}
	switch_away(rq, t);
	port_irq_restore(flags);
}

void sched_start(struct task *t)
{
	unsigned long flags = port_irq_save();
	struct rq *rq = rq_of(t->cpu);

	rq_lock(rq);
	enqueue(rq, t);
	rq_unlock(rq);
	port_irq_restore(flags);
}

/* The end of a task: its stack may be freed as soon as on_cpu is false. */
void sched_die(void)
{
	struct rq *rq;

	port_irq_save();
	rq = rq_of(port_cpu_id());
	rq_lock(rq);
	current->state = TASK_DEAD;
	switch_away(rq, current);
	quire_panic("a dead task ran\n");
}

/* ---- the library's park and unpark ----------------------------------------------------------- */
void *port_self(void)
{
	return bare_current();
}

void port_block(void)
{
	unsigned long flags = port_irq_save();
	struct rq *rq = rq_of(port_cpu_id());
	struct task *t = current;

	rq_lock(rq);
	if (t->unparked || t == rq->idle) {
		t->unparked = false;
		rq_unlock(rq);
	} else {
		t->state = TASK_BLOCKED;
		t->nvcsw++;
		switch_away(rq, t);
		t->unparked = false;
	}
	port_irq_restore(flags);
}

void port_unblock(void *who)
{
	struct task *t = who;
	unsigned long flags = port_irq_save();
	struct rq *rq = rq_of(t->cpu);

	rq_lock(rq);
	t->unparked = true;
	if (t->state == TASK_BLOCKED) {
		t->state = TASK_RUNNING;
		enqueue(rq, t);
	}
	rq_unlock(rq);
	port_irq_restore(flags);
}

void port_yield(void)
{
	schedule();
}

/* ---- wait lists ------------------------------------------------------------------------------ */
void wait_list_init(struct wait_list *w)
{
	spin_lock_init(&w->lock, "lock", LOCK_RANK_KERNEL_WAIT);
	INIT_LIST_HEAD(&w->waiters);
}

void wait_add(struct wait_list *w, struct waiter *me)
{
	unsigned long flags;

	me->task = current;
	me->on = w;
	spin_lock_irqsave(&w->lock, flags);
	list_add_tail(&me->link, &w->waiters);
	spin_unlock_irqrestore(&w->lock, flags);
}

void wait_remove(struct waiter *me)
{
	unsigned long flags;

	if (!me->on)
		return;
	spin_lock_irqsave(&me->on->lock, flags);
	list_del(&me->link);
	spin_unlock_irqrestore(&me->on->lock, flags);
	me->on = NULL;
}

void wake_all(struct wait_list *w)
{
	unsigned long flags;
	struct waiter *one;

	if (list_empty(&w->waiters))
		return;
	spin_lock_irqsave(&w->lock, flags);
	list_for_each_entry(one, &w->waiters, link)
		port_unblock(one->task);
	spin_unlock_irqrestore(&w->lock, flags);
}

/* ---- the tick -------------------------------------------------------------------------------- */
unsigned sched_nr_running(void)
{
	struct rq *rq = rq_of(port_cpu_id());

	return rq->nr + (current != rq->idle);
}

/* Every five seconds, the usual decay over 1, 5 and 15 minutes. */
static void update_load(struct rq *rq)
{
	static const u64 decay[3] = { 60296, 64453,
				      65173 }; /* e^(-5/60), e^(-5/300), e^(-5/900), times 2^16 */
	u64 n = (u64)sched_nr_running() << 16;

	if (++rq->load_ticks < 5 * USER_HZ)
		return;
	rq->load_ticks = 0;
	for (unsigned i = 0; i < 3; i++)
		rq->loadavg[i] = (rq->loadavg[i] * decay[i] + n * (65536 - decay[i])) >> 16;
}

u64 sched_loadavg(unsigned which)
{
	return rqs[0].loadavg[which];
}

u64 sched_switches(void)
{
	return rqs[0].switches;
}

/* Interrupts off. */
void sched_tick(bool user)
{
	struct rq *rq = rq_of(port_cpu_id());
	struct task *t = current;

	update_load(rq);
	if (t == rq->idle)
		return;
	if (user)
		t->utime += NSEC_PER_SEC / USER_HZ;
	else
		t->stime += NSEC_PER_SEC / USER_HZ;
	if (t->ticks_left > 1) {
		t->ticks_left--;
	} else if (!list_empty(&rq->queue)) {
		set_work(t, BARE_WORK_RESCHED);
	} else {
		t->ticks_left = SLICE_TICKS;
	}
}

/* Translate through `mm`, or through the kernel's own tables. */
void sched_use_mm(struct mm_struct *mm)
{
	unsigned long flags = port_irq_save();
	struct rq *rq = rq_of(port_cpu_id());
	phys_addr_t root = mm ? mm->root : mm_kernel_root();

	if (rq->root != root) {
		rq->root = root;
		port_load_root(root);
	}
	port_irq_restore(flags);
}

/* The boot stack becomes CPU 0's idle task. */
void __init sched_init(void)
{
	for (unsigned cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		INIT_LIST_HEAD(&rqs[cpu].queue);
	idle_task.state = TASK_RUNNING;
	idle_task.on_cpu = true;
	idle_task.thread.kstack_top = bare_current() ? bare_current()->kstack_top : 0;
	quire_snprintf(idle_task.comm, sizeof(idle_task.comm), "idle");
	rqs[0].idle = &idle_task;
	bare_set_current(&idle_task.thread);
}

/* Not to become a part of its only caller, which is given back with everything __init. */
quire_noinline void sched_idle_loop(void)
{
	struct rq *rq = rq_of(port_cpu_id());

	port_irq_save();
	for (;;) {
		clear_work(&idle_task, BARE_WORK_RESCHED);
		if (list_empty(&rq->queue))
			bare_idle();
		else
			schedule();
	}
}
