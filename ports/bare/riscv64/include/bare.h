/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what a kernel on this port sets up and gets told: what is RISC-V's own, and then what every board has
 * (bare_kernel.h).
 *
 * In the kernel tp points to this CPU's struct bare_cpu, and sscratch is 0; while a program runs sscratch has that
 * pointer, and tp is the program's.  The assembly uses the numbers below; the static assertions keep them true.
 */
#ifndef QUIRE_BARE_H
#define QUIRE_BARE_H

#define BARE_CPU_CURRENT 0
#define BARE_CPU_KSTACK  8
#define BARE_CPU_SCRATCH 40

#define BARE_THREAD_WORK 0
#define BARE_THREAD_KSP  8

/* Size of struct bare_regs, and the places in it that assembly names. */
#define BARE_REGS_SIZE    288
#define BARE_REGS_A0      80
#define BARE_REGS_STATUS  256
#define BARE_REGS_ORIG_A0 264
#define BARE_REGS_SYSCALL 272

#define BARE_NR_SYSCALLS 464

#ifndef __ASSEMBLER__

#include <quire/port.h>
#include <quire/types.h>

/* Registers of interrupted code, as the entry paths save them at the top of the kernel stack: pc where x0 would be,
 * then x1 to x31. */
struct bare_regs {
	u64 pc, ra, sp, gp, tp, t[3], s0, s1, a[8], s[10], t3[4];
	u64 status;  /* sstatus                                                      */
	u64 orig_a0; /* first argument of a system call                              */
	s64 syscall; /* its number; -1: an exception or interrupt                    */
	u64 pad;
};

/* Per-CPU block behind tp. */
struct bare_cpu {
	struct bare_thread *current; /* what runs here                          */
	u64 kstack_top;              /* of current                              */
	u64 percpu_offset;
	struct quire_cpu *quire; /* its copy of quire_cpu                       */
	u32 cpu_id;
	u32 hart;
	u64 scratch[3]; /* of the entry                                         */
};

/* First member of the kernel's task.  The port looks no further. */
struct bare_thread {
	u32 work; /* BARE_WORK_*: look before returning to user mode; changed by atomics   */
	u32 pad;
	u64 ksp;        /* stack pointer while switched out                                */
	u64 kstack_top; /* highest address of the kernel stack                             */
	void *fpu;      /* struct bare_fpu, or NULL: never enters user mode                */
};

_Static_assert(sizeof(struct bare_regs) == BARE_REGS_SIZE, "BARE_REGS_SIZE");
_Static_assert(offsetof(struct bare_regs, a) == BARE_REGS_A0, "BARE_REGS_A0");
_Static_assert(offsetof(struct bare_regs, t3) == 28 * 8, "x28");
_Static_assert(offsetof(struct bare_regs, status) == BARE_REGS_STATUS, "BARE_REGS_STATUS");
_Static_assert(offsetof(struct bare_regs, orig_a0) == BARE_REGS_ORIG_A0, "BARE_REGS_ORIG_A0");
_Static_assert(offsetof(struct bare_regs, syscall) == BARE_REGS_SYSCALL, "BARE_REGS_SYSCALL");
_Static_assert(offsetof(struct bare_cpu, current) == BARE_CPU_CURRENT, "BARE_CPU_CURRENT");
_Static_assert(offsetof(struct bare_cpu, kstack_top) == BARE_CPU_KSTACK, "BARE_CPU_KSTACK");
_Static_assert(offsetof(struct bare_cpu, scratch) == BARE_CPU_SCRATCH, "BARE_CPU_SCRATCH");
_Static_assert(offsetof(struct bare_cpu, percpu_offset) == BARE_CPU_PERCPU, "BARE_CPU_PERCPU");
_Static_assert(offsetof(struct bare_cpu, quire) == BARE_CPU_QUIRE, "BARE_CPU_QUIRE");
_Static_assert(offsetof(struct bare_cpu, cpu_id) == BARE_CPU_ID, "BARE_CPU_ID");
_Static_assert(offsetof(struct bare_thread, work) == BARE_THREAD_WORK, "BARE_THREAD_WORK");
_Static_assert(offsetof(struct bare_thread, ksp) == BARE_THREAD_KSP, "BARE_THREAD_KSP");

#define BARE_STATUS_SPIE (1UL << 5)  /* interrupts will be on                        */
#define BARE_STATUS_SPP  (1UL << 8)  /* came from kernel mode                        */
#define BARE_STATUS_FS   (3UL << 13) /* FPU: 0 off, 1 initial, 2 clean, 3 dirty      */
#define BARE_STATUS_SUM  (1UL << 18) /* kernel code may touch user memory            */

static inline bool bare_user_mode(const struct bare_regs *regs)
{
	return !(regs->status & BARE_STATUS_SPP);
}

static inline struct bare_thread *bare_current(void)
{
	struct bare_thread *t;

	__asm__ volatile("ld %0, %1(tp)" : "=r"(t) : "i"(BARE_CPU_CURRENT));
	return t;
}

static inline void bare_irq_enable(void)
{
	__asm__ volatile("csrsi sstatus, 2" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("csrci sstatus, 2" : : : "memory");
}

struct bare_fpu {
	u64 f[32];
	u32 fcsr, pad;
};
/* The current thread's state, for signal frames. */
void bare_fpu_read(struct bare_fpu *to);
void bare_fpu_write(const struct bare_fpu *from);

static inline u64 bare_ticks(void)
{
	u64 v;

	__asm__ volatile("rdtime %0" : "=r"(v) : : "memory");
	return v;
}
#define BARE_CLOCK_NAME "time"

#define BARE_IPI_TLB     0
#define BARE_IPI_RESCHED 1

/* Any other exception from user mode, interrupts on: scause and stval; defined by the kernel. */
void trap_user(struct bare_regs *regs, unsigned cause, unsigned long value);

/* The entry of the current tables that maps addr; 0: none does. */
u64 bare_entry_at(unsigned long addr);

u64 bare_hwcap(void); /* AT_HWCAP: a bit for each letter of the processor's extensions */

#endif /* !__ASSEMBLER__ */

#include <bare_kernel.h>

#endif
