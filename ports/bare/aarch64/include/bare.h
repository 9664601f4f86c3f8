/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what a kernel on this port sets up and gets told: the port's side beyond quire/port.h.
 *
 *   entry.S, boot.c   -> kernel_main()            once, with the memory map already in memblock
 *   trap.S            -> trap_page_fault() ...    the kernel defines these
 *   kernel            -> bare_switch(), bare_...  the port defines these
 *
 * TPIDR_EL1 points to this CPU's struct bare_cpu.  The assembly uses the numbers below; the static
 * assertions keep them true.
 */
#ifndef QUIRE_BARE_H
#define QUIRE_BARE_H

#define BARE_CPU_CURRENT 0
#define BARE_CPU_KSTACK  8

#define BARE_THREAD_WORK 0
#define BARE_THREAD_KSP  8

/* Size of struct bare_regs, and the places in it that assembly names. */
#define BARE_REGS_SIZE    288
#define BARE_REGS_LR      240
#define BARE_REGS_SP      248
#define BARE_REGS_PC      256
#define BARE_REGS_ORIG_X0 272
#define BARE_REGS_SYSCALL 280

#define BARE_NR_SYSCALLS 464

#ifndef __ASSEMBLER__

#include <quire/port.h>
#include <quire/types.h>
#include <quire/vmalloc.h>

/* Registers of interrupted code, as the entry paths save them at the top of the kernel stack. */
struct bare_regs {
	u64 x[31];
	u64 sp, pc, pstate;
	u64 orig_x0; /* first argument of a system call                            */
	s64 syscall; /* its number; -1: an exception or interrupt                  */
};

/* Per-CPU block behind TPIDR_EL1. */
struct bare_cpu {
	struct bare_thread *current; /* what runs here                          */
	u64 kstack_top;              /* of current                              */
	u64 percpu_offset;
	struct quire_cpu *quire; /* its copy of quire_cpu                       */
	u32 cpu_id;
};

/* First member of the kernel's task.  The port looks no further. */
struct bare_thread {
	u32 work; /* BARE_WORK_*: look before returning to user mode; changed by atomics   */
	u32 pad;
	u64 ksp;        /* stack pointer while switched out                                */
	u64 kstack_top; /* highest address of the kernel stack                             */
	void *fpu;      /* struct bare_fpu, or NULL: never enters user mode                */
	u64 tls;        /* TPIDR_EL0, while switched out                                   */
};

_Static_assert(sizeof(struct bare_regs) == BARE_REGS_SIZE, "BARE_REGS_SIZE");
_Static_assert(offsetof(struct bare_regs, x[30]) == BARE_REGS_LR, "BARE_REGS_LR");
_Static_assert(offsetof(struct bare_regs, sp) == BARE_REGS_SP, "BARE_REGS_SP");
_Static_assert(offsetof(struct bare_regs, pc) == BARE_REGS_PC, "BARE_REGS_PC");
_Static_assert(offsetof(struct bare_regs, orig_x0) == BARE_REGS_ORIG_X0, "BARE_REGS_ORIG_X0");
_Static_assert(offsetof(struct bare_regs, syscall) == BARE_REGS_SYSCALL, "BARE_REGS_SYSCALL");
_Static_assert(offsetof(struct bare_cpu, current) == BARE_CPU_CURRENT, "BARE_CPU_CURRENT");
_Static_assert(offsetof(struct bare_cpu, kstack_top) == BARE_CPU_KSTACK, "BARE_CPU_KSTACK");
_Static_assert(offsetof(struct bare_cpu, percpu_offset) == BARE_CPU_PERCPU, "BARE_CPU_PERCPU");
_Static_assert(offsetof(struct bare_cpu, quire) == BARE_CPU_QUIRE, "BARE_CPU_QUIRE");
_Static_assert(offsetof(struct bare_cpu, cpu_id) == BARE_CPU_ID, "BARE_CPU_ID");
_Static_assert(offsetof(struct bare_thread, work) == BARE_THREAD_WORK, "BARE_THREAD_WORK");
_Static_assert(offsetof(struct bare_thread, ksp) == BARE_THREAD_KSP, "BARE_THREAD_KSP");

static inline bool bare_user_mode(const struct bare_regs *regs)
{
	return !(regs->pstate & 15);
}

static inline struct bare_thread *bare_current(void)
{
	unsigned long cpu;
	struct bare_thread *t;

	__asm__ volatile("mrs %0, tpidr_el1" : "=r"(cpu));
	__asm__ volatile("ldr %0, [%1, %2]" : "=r"(t) : "r"(cpu), "i"(BARE_CPU_CURRENT));
	return t;
}

static inline void bare_irq_enable(void)
{
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

struct bare_fpu {
	u64 v[64]; /* V0..V31, lower half first                                            */
	u32 fpsr, fpcr;
};
/* The current thread's state, for signal frames. */
void bare_fpu_read(struct bare_fpu *to);
void bare_fpu_write(const struct bare_fpu *from);

/* ---- thread-local storage of the current thread ---------------------------------------------- */
void bare_set_tls(u64 base);
u64 bare_get_tls(void);

static inline u64 bare_ticks(void)
{
	u64 v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

#define BARE_CLOCK_NAME  "counter"
#define BARE_IPI_TLB     0
#define BARE_IPI_RESCHED 1

/* Any other exception from user mode, interrupts on: its class (ESR_EL1.EC), ESR_EL1 and FAR_EL1; defined by the
 * kernel. */
void trap_user(struct bare_regs *regs, unsigned class, u64 esr, unsigned long addr);

u64 bare_hwcap(void); /* AT_HWCAP: what programs may use */

#endif /* !__ASSEMBLER__ */

#include <bare_kernel.h>

#endif
