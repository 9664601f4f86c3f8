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
#define BARE_WORK_RESCHED 1u
#define BARE_WORK_SIGNAL  2u
#define BARE_WORK_RETURN  4u /* registers were changed: leave through IRET */

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

/* ---- what boot.c learned --------------------------------------------------------------------- */
struct bare_boot {
	char cmdline[2048];
	phys_addr_t initrd_start, initrd_end; /* equal: there is none                          */
	struct maps_image image;              /* for quire_start()                             */
	phys_addr_t image_end;                /* first byte after .bss                         */
	u64 entry_ticks;                      /* TSC when our first C code ran                 */
	unsigned map_entries;
};

/* ---- defined by the kernel ------------------------------------------------------------------- */

/* Called once: on the boot stack, interrupts off, memblock filled, CPU 0's block loaded. */
void kernel_main(struct bare_boot *boot) __noreturn;
#define BARE_FAULT_PRESENT 1
#define BARE_FAULT_WRITE   2
#define BARE_FAULT_USER    4
#define BARE_FAULT_EXEC    16
/* A page fault; error: BARE_FAULT_*.  Interrupts as they were at the fault
 * for kernel mode, on for user mode.  For kernel mode return true if it was resolved. */
bool trap_page_fault(struct bare_regs *regs, unsigned long addr, u64 error);
/* Any other exception from user mode, interrupts on. */
void trap_user(struct bare_regs *regs, unsigned vector, u64 error);
/* The timer went off; interrupts off. */
void trap_timer(struct bare_regs *regs);
/* Before returning to user mode with bits set in thread->work; interrupts off on entry and on
 * return. */
void exit_to_user(struct bare_regs *regs);
/* Words about who runs, for reports of the port. */
size_t kernel_whoami(char *buf, size_t size);
/* Handlers by number; entry BARE_NR_SYSCALLS is for unknown numbers. */
typedef long (*bare_syscall_t)(unsigned long, unsigned long, unsigned long, unsigned long,
			       unsigned long, unsigned long);
extern const bare_syscall_t bare_syscall_table[BARE_NR_SYSCALLS + 1];

/* ---- threads (trap.S, cpu.c) ----------------------------------------------------------------- */

/* Run `next` instead of `prev`, interrupts off; returns when prev is switched to again. */
void bare_switch(struct bare_thread *prev, struct bare_thread *next);
/* Prepare a thread that has never run: it will start in `fn(arg)` with interrupts off.  fn must
 * not return. */
void bare_thread_init_kernel(struct bare_thread *t, void (*fn)(void *), void *arg);
/* ... that will call `fn()` and then return to user mode with *bare_thread_regs(t). */
void bare_thread_init_user(struct bare_thread *t, void (*fn)(void));
/* User registers of a thread, at the top of its kernel stack. */
static inline struct bare_regs *bare_thread_regs(const struct bare_thread *t)
{
	return (struct bare_regs *)(t->kstack_top - sizeof(struct bare_regs));
}
/* Leave for user mode with the registers at the top of the current kernel stack. */
void bare_enter_user(void) __noreturn;
/* Make the boot stack's thread current; once per CPU. */
void bare_set_current(struct bare_thread *t);

/* Wait for an interrupt; interrupts off on entry, on during the wait, off on return. */
void bare_idle(void);

static inline void bare_irq_enable(void)
{
	__asm__ volatile("sti" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("cli" : : : "memory");
}

/* ---- FPU ------------------------------------------------------------------------------------- */
size_t bare_fpu_size(void);                    /* bytes of a saved state                        */
void bare_fpu_reset(struct bare_thread *t);    /* the current thread gets the initial state     */
void bare_fpu_fork(struct bare_thread *child); /* child gets a copy of the current state        */
/* Signal frames: bytes at a 64-aligned user address, 0 or -EFAULT.  The current thread's. */
size_t bare_fpu_frame_size(void);
int bare_fpu_to_user(void __user *frame);
int bare_fpu_from_user(const void __user *frame);

/* ---- FS and GS base of the current thread (arch_prctl) --------------------------------------- */
void bare_set_fsbase(u64 base);
void bare_set_gsbase(u64 base);
u64 bare_get_fsbase(void);
u64 bare_get_gsbase(void);

/* ---- clock ----------------------------------------------------------------------------------- */
static inline u64 bare_ticks(void)
{
	u32 lo, hi;

	__asm__ volatile("rdtsc" : "=a"(lo), "=d"(hi));
	return (u64)hi << 32 | lo;
}

#define BARE_CLOCK_NAME "TSC"
struct bare_clock {
	u64 base; /* TSC at nanosecond 0                          */
	u64 mult; /* ns = (tsc - base) * mult >> 32               */
	u64 hz;   /* TSC ticks per second                         */
};
extern struct bare_clock bare_clock;
void bare_clock_init(void); /* calibrates; interrupts off */
static inline u64 bare_clock_ns(void)
{
	return (u64)((unsigned __int128)(bare_ticks() - bare_clock.base) * bare_clock.mult >> 32);
}
/* Seconds since 1970 from the battery clock. */
s64 bare_rtc_read(void);

/* ---- interrupts, timer, other CPUs ----------------------------------------------------------- */
void bare_interrupts_init(void);      /* after quire_start(): needs ioremap                    */
void bare_timer_arm(u64 ns_from_now); /* one shot; trap_timer() is called then                 */
#define BARE_IPI_TLB     0xf0
#define BARE_IPI_RESCHED 0xf1
void bare_ipi_send(unsigned cpu, unsigned vector);
void bare_ipi_register(unsigned vector, void (*fn)(void));
unsigned bare_nr_cpus_online(void);

/* ---- set-up and end -------------------------------------------------------------------------- */
void bare_after_tables(void); /* for quire_start(): loads the kernel's own tables      */
bool bare_features(char *buf, size_t size); /* what is switched on, in words                     */
void bare_cpu_brand(char *buf, size_t size);
/* Whether `word` is on the command line, in front of "--" and the first program's arguments. */
bool bare_cmdline_has(const char *word);
void bare_log_quiet(bool on);               /* keep the log, show it only if there is a panic    */
size_t bare_log_copy(char *to, size_t n);   /* the last n bytes of the log; how many */
void bare_exit(unsigned status) __noreturn; /* QEMU's exit port, else power off, else halt       */
void bare_reboot(void) __noreturn;
extern unsigned bare_panic_status; /* exit status of port_panic(): 98                       */

/* ---- console --------------------------------------------------------------------------------- */
void serial_init(void);
void serial_write(const char *text, size_t len);
int serial_read(void); /* a byte, or -1                                         */

#endif /* !__ASSEMBLER__ */
#endif
