/* SPDX-License-Identifier: MIT */
/*
 * task.c - the making and unmaking of task and process structures, kernel stacks, and the table of
 * ids.
 *
 *   kernel stack:  guard page | 16 KiB | from vmalloc      a few are kept for the next fork
 *
 * Lock: task_lock guards the table of ids and the list of processes; stack_lock the spare stacks.
 */
#include "kernel.h"
#include <quire/init.h>
#include <quire/shrinker.h>
#include <quire/vmstat.h>

#define PID_MAX      32768
#define TID_HASH     1024
#define SPARE_STACKS 16

spinlock_t task_lock;
struct list_head all_processes;
struct process *init_process;
unsigned nr_processes;

static struct task *tid_hash[TID_HASH]; /* task_lock */
static int last_tid;                    /* task_lock */
static bool tid_wrapped;                /* task_lock */
static struct kmem_cache *task_cache, *process_cache;
static size_t fpu_at; /* offset of the FPU state behind struct task */
static spinlock_t stack_lock;
static void **spare_stacks; /* chained through their first word */
static unsigned nr_spare_stacks;
static struct shrinker *stack_shrinker;

/* ---- kernel stacks --------------------------------------------------------------------------- */
static void *stack_take(void)
{
	unsigned long flags;
	void **stack;

	spin_lock_irqsave(&stack_lock, flags);
	stack = spare_stacks;
	if (stack) {
		spare_stacks = *stack;
		nr_spare_stacks--;
	}
	spin_unlock_irqrestore(&stack_lock, flags);
	return stack;
}

/* Any context. */
static void stack_give(void *stack)
{
	unsigned long flags;

	spin_lock_irqsave(&stack_lock, flags);
	*(void **)stack = spare_stacks;
	spare_stacks = stack;
	nr_spare_stacks++;
	spin_unlock_irqrestore(&stack_lock, flags);
}

static void stacks_trim(unsigned keep)
{
	while (nr_spare_stacks > keep) {
		vfree(stack_take());
		mod_nid_page_state(0, NR_KERNEL_STACK_KB, -(long)(KSTACK_SIZE / 1024));
	}
}

void task_cache_drain(void)
{
	stacks_trim(0);
}

static unsigned long stacks_count(struct shrinker *shrinker, struct shrink_control *sc)
{
	(void)shrinker, (void)sc;
	return READ_ONCE(nr_spare_stacks);
}

static unsigned long stacks_scan(struct shrinker *shrinker, struct shrink_control *sc)
{
	unsigned had = READ_ONCE(nr_spare_stacks),
		 keep = had - (unsigned)min(sc->nr_to_scan, (unsigned long)had);

	(void)shrinker;
	if (!gfpflags_allow_blocking(sc->gfp_mask))
		return SHRINK_STOP; /* vfree() may sleep */
	stacks_trim(keep);
	return had - keep;
}

int __init task_init(void)
{
	spin_lock_init(&task_lock, "task_lock", LOCK_RANK_KERNEL_TASK);
	spin_lock_init(&stack_lock, "stack_lock", LOCK_RANK_KERNEL_STACK);
	INIT_LIST_HEAD(&all_processes);
	fpu_at = QUIRE_ALIGN_UP(sizeof(struct task), (size_t)64);
	task_cache = kmem_cache_create("task_struct", fpu_at + bare_fpu_size(), 64, 0, NULL);
	process_cache = kmem_cache_create("signal_cache", sizeof(struct process), 0, 0, NULL);
	stack_shrinker = shrinker_alloc(0, "kernel-stacks");
	if (!task_cache || !process_cache || !stack_shrinker)
		return -ENOMEM;
	stack_shrinker->count_objects = stacks_count;
	stack_shrinker->scan_objects = stacks_scan;
	shrinker_register(stack_shrinker);
	return 0;
}

/* ---- structures ------------------------------------------------------------------------------ */
static void sleep_timer_fn(struct ktimer *t)
{
	port_unblock(container_of(t, struct task, sleep_timer));
}

/* A task with a stack and nothing else; NULL: no memory.  May sleep. */
struct task *task_alloc(void)
{
	struct task *t = kmem_cache_alloc(task_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	stacks_trim(SPARE_STACKS);
	memset(t, 0, sizeof(*t));
	t->stack = stack_take();
	if (!t->stack) {
		t->stack = vmalloc(KSTACK_SIZE);
		if (t->stack)
			mod_nid_page_state(0, NR_KERNEL_STACK_KB, KSTACK_SIZE / 1024);
	}
	if (!t->stack) {
		kmem_cache_free(task_cache, t);
		return NULL;
	}
	t->thread.kstack_top = (unsigned long)t->stack + KSTACK_SIZE;
	t->thread.fpu = (char *)t + fpu_at;
	t->altstack.flags = SS_DISABLE;
	INIT_LIST_HEAD(&t->run_link);
	sigpending_init(&t->pending);
	timer_setup(&t->sleep_timer, sleep_timer_fn);
	return t;
}

/* Any context; the task is not running and nobody looks for it. */
void task_free(struct task *t)
{
	while (READ_ONCE(t->on_cpu))
		port_cpu_relax();
	stack_give(t->stack);
	kmem_cache_free(task_cache, t);
}

struct process *process_alloc(void)
{
	struct process *p = kmem_cache_alloc(process_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, offsetof(struct process, rlim));
	memset(&p->real_timer, 0, sizeof(*p) - offsetof(struct process, real_timer));
	INIT_LIST_HEAD(&p->children);
	INIT_LIST_HEAD(&p->sibling);
	INIT_LIST_HEAD(&p->tasks);
	sigpending_init(&p->shared);
	wait_list_init(&p->wait_child);
	return p;
}

void process_free(struct process *p)
{
	kmem_cache_free(process_cache, p);
}

/* ---- ids ------------------------------------------------------------------------------------- */
struct task *task_find_locked(int tid)
{
	struct task *t = tid_hash[(unsigned)tid % TID_HASH];

	while (t && t->tid != tid)
		t = t->tid_next;
	return t;
}

struct process *process_find_locked(int pid)
{
	struct task *t = task_find_locked(pid);

	return t && t->proc && t->proc->pid == pid ? t->proc : NULL;
}

/* Once ids are used again, a group or session may still have the name of a leader that has gone. */
static bool names_a_group_locked(int id)
{
	struct process *p;

	list_for_each_entry(p, &all_processes, all)
		if (p->pgid == id || p->sid == id)
			return true;
	return false;
}

static bool id_in_use_locked(int id)
{
	return task_find_locked(id) || (tid_wrapped && names_a_group_locked(id));
}

void pid_take_locked(struct task *t, int id)
{
	t->tid = id;
	t->tid_next = tid_hash[(unsigned)id % TID_HASH];
	tid_hash[(unsigned)id % TID_HASH] = t;
}

/* Give t a free id and enter it in the table.  0 or -EAGAIN. */
int pid_alloc(struct task *t)
{
	unsigned long flags;
	int id, tried = 0;

	spin_lock_irqsave(&task_lock, flags);
	id = last_tid;
	do {
		if (++id >= PID_MAX) {
			id = 300;
			tid_wrapped = true;
		}
		if (++tried > PID_MAX) {
			spin_unlock_irqrestore(&task_lock, flags);
			return -EAGAIN;
		}
	} while (id_in_use_locked(id));
	last_tid = id;
	pid_take_locked(t, id);
	spin_unlock_irqrestore(&task_lock, flags);
	return 0;
}

void pid_free_locked(struct task *t)
{
	struct task **at = &tid_hash[(unsigned)t->tid % TID_HASH];

	while (*at && *at != t)
		at = &(*at)->tid_next;
	if (*at)
		*at = t->tid_next;
}

/* The address space of a process, with a reference, or NULL. */
struct mm_struct *process_mm_get(struct process *p)
{
	struct mm_struct *mm = NULL;
	unsigned long flags;
	struct task *t;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(t, &p->tasks, thread_link) {
		if (t->mm) {
			mm = mmget(t->mm);
			break;
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return mm;
}

static void kthread_main(void *arg)
{
	void (*fn)(void *) = (void (*)(void *))current->restart_rmtp;

	sched_finish_new();
	bare_irq_enable();
	fn(arg);
	quire_panic("a kernel thread returned\n");
}

/* A task of the kernel's own, on its way to becoming init. */
struct task *kthread_start(void (*fn)(void *), void *arg, const char *name)
{
	struct task *t = task_alloc();

	if (!t)
		return NULL;
	t->restart_rmtp = (unsigned long)fn;
	quire_snprintf(t->comm, sizeof(t->comm), "%s", name);
	bare_fpu_fork(&t->thread);
	bare_thread_init_kernel(&t->thread, kthread_main, arg);
	return t;
}
