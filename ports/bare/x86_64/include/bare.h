/* SPDX-License-Identifier: MIT */
/*
 * bare.h - what a kernel on this port sets up and gets told: the port's side beyond quire/port.h.
 *
 *   entry.S, boot.c   -> kernel_main()            once, with the memory map already in memblock
 *   trap.S            -> trap_page_fault() ...    the kernel defines these
 *   kernel            -> bare_switch(), bare_...  the port defines these
 *
 * GS points to this CPU's struct bare_cpu whenever kernel code runs; user code has its own GS base
 * (swapgs). The assembly uses the numbers below; the static assertions keep them true.
 */
#ifndef QUIRE_BARE_H
#define QUIRE_BARE_H

/* Segment selectors, with Linux's values because signal frames show them. */
#define BARE_KERNEL_CS 0x10
#define BARE_KERNEL_DS 0x18
#define BARE_USER_CS32 0x23
#define BARE_USER_DS   0x2b
#define BARE_USER_CS   0x33
#define BARE_TSS_SEL   0x40

#define BARE_CPU_SELF     0
#define BARE_CPU_CURRENT  8
#define BARE_CPU_KSTACK   16
#define BARE_CPU_USER_RSP 24

#define BARE_THREAD_WORK 0
#define BARE_THREAD_KSP  8

/* Size of struct bare_regs, and the places in it that assembly names. */
#define BARE_REGS_SIZE     168
#define BARE_REGS_RBX      40
#define BARE_REGS_RAX      80
#define BARE_REGS_ORIG_RAX 120
#define BARE_REGS_CS       136

#define BARE_NR_SYSCALLS 464

#ifndef __ASSEMBLER__

#include <quire/port.h>
#include <quire/types.h>
#include <quire/vmalloc.h>

/* Registers of interrupted code, as the entry paths push them at the top of the kernel stack. */
struct bare_regs {
	u64 r15, r14, r13, r12, rbp, rbx;
	u64 r11, r10, r9, r8, rax, rcx, rdx, rsi, rdi;
	u64 orig_rax; /* system call number; error code of an exception; vector of an interrupt */
	u64 rip, cs, eflags, rsp, ss;
};

/* Per-CPU block behind GS. */
struct bare_cpu {
	struct bare_cpu *self;
	struct bare_thread *current; /* what runs here                                        */
	u64 kstack_top;              /* of current: where SYSCALL starts pushing              */
	u64 user_rsp;                /* scratch of the SYSCALL entry                          */
	u64 percpu_offset;
	struct quire_cpu *quire; /* its copy of quire_cpu                                    */
	u32 cpu_id;
	u32 apic_id;
	void *tss;
	struct bare_thread *fpu_owner; /* whose FPU registers are loaded                        */
};

/* First member of the kernel's task.  The port looks no further. */
struct bare_thread {
	u32 work; /* BARE_WORK_*: look before returning to user mode; changed by atomics   */
	u32 pad;
	u64 ksp;        /* stack pointer while switched out                                      */
	u64 kstack_top; /* highest address of the kernel stack                                   */
	void *fpu;      /* bare_fpu_size() bytes, 64-aligned, or NULL: never enters user mode    */
	u64 fsbase, gsbase; /* while switched out                                                */
};

_Static_assert(sizeof(struct bare_regs) == BARE_REGS_SIZE, "BARE_REGS_SIZE");
_Static_assert(offsetof(struct bare_regs, rbx) == BARE_REGS_RBX, "BARE_REGS_RBX");
_Static_assert(offsetof(struct bare_regs, rax) == BARE_REGS_RAX, "BARE_REGS_RAX");
_Static_assert(offsetof(struct bare_regs, orig_rax) == BARE_REGS_ORIG_RAX, "BARE_REGS_ORIG_RAX");
_Static_assert(offsetof(struct bare_regs, cs) == BARE_REGS_CS, "BARE_REGS_CS");
_Static_assert(offsetof(struct bare_cpu, current) == BARE_CPU_CURRENT, "BARE_CPU_CURRENT");
_Static_assert(offsetof(struct bare_cpu, kstack_top) == BARE_CPU_KSTACK, "BARE_CPU_KSTACK");
_Static_assert(offsetof(struct bare_cpu, user_rsp) == BARE_CPU_USER_RSP, "BARE_CPU_USER_RSP");
_Static_assert(offsetof(struct bare_cpu, percpu_offset) == BARE_GS_PERCPU, "BARE_GS_PERCPU");
_Static_assert(offsetof(struct bare_cpu, quire) == BARE_GS_QUIRE_CPU, "BARE_GS_QUIRE_CPU");
_Static_assert(offsetof(struct bare_cpu, cpu_id) == BARE_GS_CPU_ID, "BARE_GS_CPU_ID");
_Static_assert(offsetof(struct bare_thread, work) == BARE_THREAD_WORK, "BARE_THREAD_WORK");
_Static_assert(offsetof(struct bare_thread, ksp) == BARE_THREAD_KSP, "BARE_THREAD_KSP");

static inline bool bare_user_mode(const struct bare_regs *regs)
{
	return regs->cs & 3;
}

static inline struct bare_thread *bare_current(void)
{
	struct bare_thread *t;

	__asm__ volatile("movq %%gs:%c1, %0" : "=r"(t) : "i"(BARE_CPU_CURRENT));
	return t;
}

static inline void bare_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* Signal frames: bytes of FPU state at a 64-aligned user address, 0 or -EFAULT.  The current thread's. */
size_t bare_fpu_frame_size(void);
int bare_fpu_to_user(void __user *frame);
int bare_fpu_from_user(const void __user *frame);

/* ---- FS and GS base of the current thread (arch_prctl) --------------------------------------- */
void bare_set_fsbase(u64 base);
void bare_set_gsbase(u64 base);
u64 bare_get_fsbase(void);
u64 bare_get_gsbase(void);

static inline u64 bare_ticks(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

#define BARE_CLOCK_NAME  "TSC"
#define BARE_IPI_TLB     0xf0
#define BARE_IPI_RESCHED 0xf1
/* Call fn when interrupt `vector` arrives from another CPU. */
void bare_ipi_register(unsigned vector, void (*fn)(void));

/* Any other exception from user mode, interrupts on; defined by the kernel. */
void trap_user(struct bare_regs *regs, unsigned vector, u64 error);

#endif /* !__ASSEMBLER__ */

#include <bare_kernel.h>

#endif
