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

#define BARE_KSTACK_SIZE 16384 /* of every kernel stack: below it is a page that nothing maps */
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
#define BARE_WORK_RESCHED 1u
#define BARE_WORK_SIGNAL  2u
#define BARE_WORK_RETURN  4u /* registers were changed */

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

/* ---- what boot.c learned --------------------------------------------------------------------- */
struct bare_boot {
	char cmdline[2048];
	phys_addr_t initrd_start, initrd_end; /* equal: there is none                          */
	struct maps_image image;              /* for quire_start()                             */
	phys_addr_t image_end;                /* first byte after .bss                         */
	u64 entry_ticks;                      /* clock when our first C code ran               */
	unsigned map_entries;
};

/* ---- defined by the kernel ------------------------------------------------------------------- */

/* Called once: on the boot stack, interrupts off, memblock filled, CPU 0's block loaded. */
void kernel_main(struct bare_boot *boot) __noreturn;
#define BARE_FAULT_PRESENT 1
#define BARE_FAULT_WRITE   2
#define BARE_FAULT_USER    4
#define BARE_FAULT_EXEC    16
/* A page fault; error: BARE_FAULT_*, and ESR_EL1 in the upper half.  Interrupts as they were at the fault for kernel mode, on for
 * user mode.  For kernel mode return true if it was resolved. */
bool trap_page_fault(struct bare_regs *regs, unsigned long addr, u64 error);
/* Any other exception from user mode, interrupts on: its class (ESR_EL1.EC), ESR_EL1 and FAR_EL1. */
void trap_user(struct bare_regs *regs, unsigned class, u64 esr, unsigned long addr);
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
	__asm__ volatile("msr daifclr, #2" : : : "memory");
}

static inline void bare_irq_disable(void)
{
	__asm__ volatile("msr daifset, #2" : : : "memory");
}

/* ---- FPU ------------------------------------------------------------------------------------- */
struct bare_fpu {
	u64 v[64]; /* V0..V31, lower half first                                            */
	u32 fpsr, fpcr;
};
size_t bare_fpu_size(void);                    /* bytes of a saved state                        */
void bare_fpu_reset(struct bare_thread *t);    /* the current thread gets the initial state     */
void bare_fpu_fork(struct bare_thread *child); /* child gets a copy of the current state        */
/* The current thread's state, for signal frames. */
void bare_fpu_read(struct bare_fpu *to);
void bare_fpu_write(const struct bare_fpu *from);

/* ---- thread-local storage of the current thread ---------------------------------------------- */
void bare_set_tls(u64 base);
u64 bare_get_tls(void);

/* ---- clock ----------------------------------------------------------------------------------- */
static inline u64 bare_ticks(void)
{
	u64 v;

	__asm__ volatile("isb\n\tmrs %0, cntvct_el0" : "=r"(v) : : "memory");
	return v;
}

#define BARE_CLOCK_NAME "counter"
struct bare_clock {
	u64 base; /* ticks at nanosecond 0                        */
	u64 mult; /* ns = (ticks - base) * mult >> 32             */
	u64 hz;   /* ticks per second                             */
};
extern struct bare_clock bare_clock;
void bare_clock_init(void); /* interrupts off */
static inline u64 bare_clock_ns(void)
{
	return (u64)((unsigned __int128)(bare_ticks() - bare_clock.base) * bare_clock.mult >> 32);
}
/* Seconds since 1970 from the battery clock. */
s64 bare_rtc_read(void);

/* ---- interrupts, timer, other CPUs ----------------------------------------------------------- */
void bare_interrupts_init(void);      /* after quire_start(): needs ioremap                    */
void bare_timer_arm(u64 ns_from_now); /* one shot; trap_timer() is called then                 */
#define BARE_IPI_TLB     0
#define BARE_IPI_RESCHED 1
void bare_ipi_send(unsigned cpu, unsigned number);
unsigned bare_nr_cpus_online(void);

/* ---- set-up and end -------------------------------------------------------------------------- */
void bare_after_tables(void); /* for quire_start(): loads the kernel's own tables      */
bool bare_features(char *buf, size_t size); /* what is switched on, in words           */
void bare_cpu_brand(char *buf, size_t size);
u64 bare_hwcap(void); /* AT_HWCAP: what programs may use                               */
/* Whether `word` is on the command line, in front of "--" and the first program's arguments. */
bool bare_cmdline_has(const char *word);
void bare_log_quiet(bool on);               /* keep the log, show it only if there is a panic  */
size_t bare_log_copy(char *to, size_t n);   /* the last n bytes of the log; how many           */
void bare_exit(unsigned status) __noreturn; /* QEMU's semihosting, else power off, else halt   */
void bare_reboot(void) __noreturn;
extern unsigned bare_panic_status; /* exit status of port_panic(): 98                       */

/* ---- console --------------------------------------------------------------------------------- */
void serial_init(void);
void serial_write(const char *text, size_t len);
int serial_read(void); /* a byte, or -1                                         */

#endif /* !__ASSEMBLER__ */
#endif
