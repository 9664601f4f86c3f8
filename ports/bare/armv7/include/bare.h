/* SPDX-License-Identifier: MIT */
/*
 * bare.h - this board's part of what a kernel is told: registers, threads, FPU.  The rest is bare_kernel.h's.
 *
 * The kernel runs in SVC mode.  TPIDRPRW points to this CPU's struct bare_cpu.  The assembly uses the numbers
 * below; the static assertions keep them true.
 */
#ifndef QUIRE_BARE_H
#define QUIRE_BARE_H

#define BARE_CPU_CURRENT 0
#define BARE_CPU_KSTACK  4

#define BARE_THREAD_WORK 0
#define BARE_THREAD_KSP  4

/* Size of struct bare_regs, and the places in it that assembly names. */
#define BARE_REGS_SIZE    88
#define BARE_REGS_ORIG_R0 8
#define BARE_REGS_SYSCALL 12
#define BARE_REGS_R0      16
#define BARE_REGS_SP      68
#define BARE_REGS_LR      72
#define BARE_REGS_PC      80
#define BARE_REGS_CPSR    84

/* Numbers of system calls are below this one; those that are not, ARM's own from 0xf0000 on among them, all
 * come to entry BARE_NR_SYSCALLS of the table, which finds theirs in the registers. */
#define BARE_NR_SYSCALLS 464

/* Exceptions, by the words of their vectors. */
#define BARE_TRAP_UNDEFINED 1
#define BARE_TRAP_FETCH     3
#define BARE_TRAP_DATA      4

#ifndef __ASSEMBLER__

#include <quire/port.h>
#include <quire/types.h>
#include <quire/vmalloc.h>

/* Registers of interrupted code, as the entry paths save them at the top of the kernel stack. */
struct bare_regs {
	u32 r4_r5[2]; /* fifth and sixth argument of a system call, where C looks for them      */
	u32 orig_r0;  /* first argument of a system call                                        */
	s32 syscall;  /* its number; -1: an exception or interrupt                              */
	u32 r[13];
	u32 sp, lr;
	u32 pad;
	u32 pc, cpsr;
};

/* Per-CPU block behind TPIDRPRW. */
struct bare_cpu {
	struct bare_thread *current; /* what runs here                                         */
	unsigned long kstack_top;    /* of current                                             */
	unsigned long percpu_offset;
	struct quire_cpu *quire; /* its copy of quire_cpu                                      */
	u32 cpu_id;
	u32 *root; /* table root that is loaded; NULL: the early one                           */
};

/* First member of the kernel's task.  The port looks no further. */
struct bare_thread {
	u32 work; /* BARE_WORK_*: look before returning to user mode; changed by atomics       */
	unsigned long ksp;        /* stack pointer while switched out                          */
	unsigned long kstack_top; /* highest address of the kernel stack                       */
	void *fpu;                /* struct bare_fpu, or NULL: never enters user mode          */
	unsigned long tls;        /* TPIDRURO, while switched out                              */
};

_Static_assert(sizeof(struct bare_regs) == BARE_REGS_SIZE, "BARE_REGS_SIZE");
_Static_assert(offsetof(struct bare_regs, orig_r0) == BARE_REGS_ORIG_R0, "BARE_REGS_ORIG_R0");
_Static_assert(offsetof(struct bare_regs, syscall) == BARE_REGS_SYSCALL, "BARE_REGS_SYSCALL");
_Static_assert(offsetof(struct bare_regs, r) == BARE_REGS_R0, "BARE_REGS_R0");
_Static_assert(offsetof(struct bare_regs, sp) == BARE_REGS_SP, "BARE_REGS_SP");
_Static_assert(offsetof(struct bare_regs, lr) == BARE_REGS_LR, "BARE_REGS_LR");
_Static_assert(offsetof(struct bare_regs, pc) == BARE_REGS_PC, "BARE_REGS_PC");
_Static_assert(offsetof(struct bare_regs, cpsr) == BARE_REGS_CPSR, "BARE_REGS_CPSR");
_Static_assert(offsetof(struct bare_cpu, current) == BARE_CPU_CURRENT, "BARE_CPU_CURRENT");
_Static_assert(offsetof(struct bare_cpu, kstack_top) == BARE_CPU_KSTACK, "BARE_CPU_KSTACK");
_Static_assert(offsetof(struct bare_cpu, percpu_offset) == BARE_CPU_PERCPU, "BARE_CPU_PERCPU");
_Static_assert(offsetof(struct bare_cpu, quire) == BARE_CPU_QUIRE, "BARE_CPU_QUIRE");
_Static_assert(offsetof(struct bare_cpu, cpu_id) == BARE_CPU_ID, "BARE_CPU_ID");
_Static_assert(offsetof(struct bare_thread, work) == BARE_THREAD_WORK, "BARE_THREAD_WORK");
_Static_assert(offsetof(struct bare_thread, ksp) == BARE_THREAD_KSP, "BARE_THREAD_KSP");

static inline bool bare_user_mode(const struct bare_regs *regs)
{
	return !(regs->cpsr & 15);
}

static inline struct bare_cpu *bare_this_cpu(void)
{
	struct bare_cpu *cpu;

	__asm__ volatile("mrc p15, 0, %0, c13, c0, 4" : "=r"(cpu));
	return cpu;
}

static inline struct bare_thread *bare_current(void)
{
	return bare_this_cpu()->current;
}

/* Interrupts, and asynchronous aborts: an exception turned both off. */
static inline void bare_irq_enable(void)
{
	__asm__ volatile("cpsie ai" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("cpsid i" : : : "memory");
}

struct bare_fpu {
	u64 d[32]; /* D0..D31; where there are 16, the others are 0                            */
	u32 fpscr, pad;
};
/* The current thread's state, for signal frames. */
void bare_fpu_read(struct bare_fpu *to);
void bare_fpu_write(const struct bare_fpu *from);

/* ---- thread-local storage of the current thread ---------------------------------------------- */
void bare_set_tls(unsigned long base);
unsigned long bare_get_tls(void);

u64 bare_ticks(void);
/* Whether programs can read the clock themselves (CNTVCT). */
bool bare_user_counter(void);

#define BARE_CLOCK_NAME  "counter"
#define BARE_IPI_TLB     0
#define BARE_IPI_RESCHED 1

/* Of a fault status register: the code, five bits. */
#define BARE_FSR_STATUS(fsr) (((fsr)&15u) | ((fsr) >> 6 & 16u))
#define BARE_FSR_ALIGNMENT   1u
#define BARE_FSR_DEBUG       2u

/* Any other exception from user mode, interrupts on: which (BARE_TRAP_*), fault status and address, which an
 * undefined instruction has none of; defined by the kernel. */
void trap_user(struct bare_regs *regs, unsigned what, u32 fsr, unsigned long addr);

/* Make stores to [start, end), user addresses of the current space, seen by its instruction fetches: 0, or
 * -EFAULT: not all of it is there.  May sleep. */
int bare_flush_user_icache(unsigned long start, unsigned long end);

u64 bare_hwcap(void); /* AT_HWCAP: what programs may use */

#endif /* !__ASSEMBLER__ */

#include <bare_kernel.h>

#endif
