/* SPDX-License-Identifier: MIT */
/*
 * quire/percpu.h - variables of which every CPU has its own copy, so that none needs a lock.
 *
 *   section quire_percpu           area of CPU 0            area of CPU 1
 *   | a | b | c |  (boot copy)     | a | b | c | dynamic    | a | b | c | dynamic
 *   address of a variable + port_percpu_offset() = address of this CPU's copy
 *
 * Until percpu_init() the boot copy is CPU 0's.  percpu_init() gives every CPU a copy of what it
 * holds then.
 *
 * Context: this CPU's copies may be used by task code that is not moved to another CPU meanwhile.
 *          quire's own per-CPU caches (free frames, free objects) are touched by task code only,
 *          with interrupts on; so an interrupt handler that may allocate or free says so with
 *          quire_irq_enter(), and is served from the shared lists.  A kernel that preempts kernel
 *          code must not do so inside quire.
 */
#ifndef QUIRE_PERCPU_H
#define QUIRE_PERCPU_H

#include <quire/port.h>
#include <quire/types.h>

#define __percpu

/* Sizes of the tables below; frames/ checks that they fit its zones and migratetypes. */
#define QUIRE_PCP_COLUMNS    4u
#define QUIRE_PCP_ALLOC_KEYS (5 * QUIRE_PCP_COLUMNS)
#define QUIRE_PCP_FREE_KEYS  (QUIRE_NR_NODES * 8 * QUIRE_PCP_COLUMNS)

/* The section's name is a C identifier, so any ELF linker gives it __start_ and __stop_ symbols. */
#define QUIRE_PERCPU_ATTR                  __attribute__((__section__("quire_percpu")))
#define DEFINE_PER_CPU(type, name)         QUIRE_PERCPU_ATTR __typeof__(type) name
#define DECLARE_PER_CPU(type, name)        extern QUIRE_PERCPU_ATTR __typeof__(type) name
#define DEFINE_PER_CPU_ALIGNED(type, name) DEFINE_PER_CPU(type, name) quire_cacheline_aligned

/* What to add for CPU n; all 0 before percpu_init(). */
extern unsigned long quire_percpu_offset[QUIRE_NR_CPUS];
extern unsigned quire_nr_cpus; /* CPUs that have an area; 1 before percpu_init()  */
extern u64 quire_online_cpus;  /* bit n: CPU n runs and may hold cached memory    */

/* Copy of CPU `cpu` of what `ptr` points to: the address of a per-CPU variable, or from
 * alloc_percpu(). */
#define per_cpu_ptr(ptr, cpu)    ((__typeof__(ptr))((unsigned long)(ptr) + quire_percpu_offset[cpu]))
#define per_cpu(var, cpu)        (*per_cpu_ptr(&(var), cpu))
/* This CPU's copy. */
#define this_cpu_ptr(ptr)        ((__typeof__(ptr))((unsigned long)(ptr) + port_percpu_offset()))
#define this_cpu_read(var)       READ_ONCE(*this_cpu_ptr(&(var)))
#define this_cpu_write(var, val) WRITE_ONCE(*this_cpu_ptr(&(var)), (val))

/* Add to this CPU's copy; an interrupt on this CPU that does the same loses nothing. */
#if defined(__x86_64__) || defined(__i386__)
/* One instruction, hence whole. */
#ifdef __x86_64__
#define QUIRE_ADD_LONG "addq"
#else
#define QUIRE_ADD_LONG "addl"
#endif
#define this_cpu_add(var, val)                                                                     \
	do {                                                                                       \
		__typeof__(&(var)) p_ = this_cpu_ptr(&(var));                                      \
		__typeof__(var) v_ = (__typeof__(var))(val);                                       \
		_Static_assert(sizeof(*p_) == 4 || sizeof(*p_) == sizeof(long),                    \
			       "4 bytes or a long");                                               \
		if (sizeof(*p_) == 4)                                                              \
			__asm__("addl %1, %0" : "+m"(*p_) : "er"((u32)v_));                        \
		else                                                                               \
			__asm__(QUIRE_ADD_LONG " %1, %0" : "+m"(*p_) : "er"((unsigned long)v_));   \
	} while (0)
#else
#define this_cpu_add(var, val)                                                                     \
	do {                                                                                       \
		unsigned long flags_ = port_irq_save();                                            \
		*this_cpu_ptr(&(var)) += (val);                                                    \
		port_irq_restore(flags_);                                                          \
	} while (0)
#endif
#define this_cpu_sub(var, val) this_cpu_add(var, -(__typeof__(var))(val))
#define this_cpu_inc(var)      this_cpu_add(var, 1)
#define this_cpu_dec(var)      this_cpu_add(var, -1)

/* This CPU's number.  put_cpu() ends the stretch in which the caller must stay on it. */
#define get_cpu()          port_cpu_id()
#define put_cpu()          barrier()
#define smp_processor_id() port_cpu_id()
#define get_cpu_var(var)   (*this_cpu_ptr(&(var)))
#define put_cpu_var(var)   barrier()

#define for_each_possible_cpu(cpu)                                                                 \
	for ((cpu) = 0; (cpu) < (QUIRE_NR_CPUS == 1 ? 1 : quire_nr_cpus); (cpu)++)
static inline bool cpu_online(unsigned cpu)
{
	return __atomic_load_n(&quire_online_cpus, __ATOMIC_RELAXED) >> cpu & 1;
}
#define for_each_online_cpu(cpu)                                                                   \
	for_each_possible_cpu(cpu)                                                                 \
		if (cpu_online(cpu))

/*
 * Lay out areas for CPUs [0, nr_cpus), make the caller's CPU 0 and mark it online.  After the
 * frames were handed over.  0, or -ENOMEM; nr_cpus is 1 .. QUIRE_NR_CPUS.
 */
int percpu_init(unsigned nr_cpus) __must_check;

/* CPU `cpu` starts to use quire: on that CPU, before anything else.  quire/late_cpu.h: it stops. */
void quire_cpu_online(unsigned cpu);

/*
 * `size` zero bytes for every CPU, aligned to `align` (a power of two up to PAGE_SIZE): a handle
 * for per_cpu_ptr() and this_cpu_ptr(), not itself an address.  NULL: the areas are full.  Any
 * context.
 */
void __percpu *__alloc_percpu(size_t size, size_t align) __must_check;
void free_percpu(void __percpu *ptr);
#define alloc_percpu(type) ((__typeof__(type) *)__alloc_percpu(sizeof(type), __alignof__(type)))

/* ---- the gate in front of per-CPU caches ----------------------------------------------------- */
struct page;
struct pcp_list;

/* Frames that wait for their descriptor, see quire_cpu.far. */
#define QUIRE_FAR_FREES 16u

/* A freed frame that nobody has looked at yet, and who freed it. */
struct far_free {
	struct page *page;
	const void *caller;
};

/* What the fast paths of a CPU look at, in one place, so that one address serves them. */
struct quire_cpu {
	/* Nothing but the token: task code with nobody listening, the fast paths are open.  One word,
	 * so that one comparison tells that and whether something is this CPU's. */
	union {
		u64 gate;
		struct {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
			u32 closed;
			u16 irq;
			u16 token;
#else
			u16 token;  /* number of the CPU + 1; 0 before percpu_init()        */
			u16 irq;    /* depth of interrupt handlers; this CPU only           */
			u32 closed; /* QUIRE_GATE_*; changed by anyone, atomically          */
#endif
		};
	};
	unsigned long busy;         /* 1: this CPU is at its page lists, or at its slabs    */
	unsigned long busy_outside; /* what `busy` was when the outermost handler began     */
	struct page *near_page;     /* a guess: descriptors around it are in the cache      */
	const void *far_caller;     /* who freed what is being freed now, if that was earlier */
	u32 far_at;                 /* slot of `far` that comes next                        */
	u32 far_shut;               /* not 0: `far` is empty and stays so                   */
	/* Lists of single frames: by zone and migratetype of a request, by place of a frame. */
	struct pcp_list *alloc[QUIRE_PCP_ALLOC_KEYS];
	struct pcp_list *free[QUIRE_PCP_FREE_KEYS];
	/* Single frames that were freed far from the one before: their descriptors are on the way. */
	struct far_free far[QUIRE_FAR_FREES];
};
DECLARE_PER_CPU(struct quire_cpu, quire_cpu);

/* This CPU's. */
#if PORT_THIS_CPU
#define this_quire_cpu() port_this_cpu()
#else
#define this_quire_cpu() this_cpu_ptr(&quire_cpu)
#endif

/* What of the gate must be 0 for it to be open. */
#define QUIRE_GATE_CLOSED(gate) ((gate) > 0xffffu)

/* An event sink or fault injection wants to see every operation. */
#define QUIRE_GATE_WATCHED      1u
/* Another CPU takes back what is parked in the page lists. */
#define QUIRE_GATE_CLAIMED      2u
/* Another CPU takes back what is parked in the heap. */
#define QUIRE_GATE_HEAP_CLAIMED 4u
/* The boot copy: who finds that is no CPU, or not yet.  Fast paths stay shut. */
#define QUIRE_GATE_NOBODY       8u

/* Around every interrupt handler that may allocate or free, interrupts off. */
static inline void quire_irq_enter(void)
{
	struct quire_cpu *cpu = this_quire_cpu();

	if (!cpu->irq++)
		cpu->busy_outside = cpu->busy;
}

static inline void quire_irq_exit(void)
{
	struct quire_cpu *cpu = this_quire_cpu();

	if (!--cpu->irq)
		__atomic_store_n(&cpu->busy, cpu->busy_outside, __ATOMIC_RELEASE);
}

static inline bool in_interrupt(void)
{
	return this_cpu_read(quire_cpu.irq);
}

#endif
