/* SPDX-License-Identifier: MIT */
/*
 * bare_kernel.h - what a kernel on a bare board sets up and gets told, on every board alike: the port's side
 * beyond quire/port.h.
 *
 *   entry.S, boot.c   -> kernel_main()            once, with the memory map already in memblock
 *   trap.S            -> trap_page_fault() ...    the kernel defines these
 *   kernel            -> bare_switch(), bare_...  the port defines these
 *
 * The last part of each board's bare.h, which defines struct bare_regs, struct bare_cpu, struct bare_thread
 * (with kstack_top), BARE_NR_SYSCALLS, bare_current() and bare_ticks().
 */
#ifndef QUIRE_BARE_KERNEL_H
#define QUIRE_BARE_KERNEL_H

/* Bits of struct bare_thread.work. */
#define BARE_WORK_RESCHED 1u
#define BARE_WORK_SIGNAL  2u
#define BARE_WORK_RETURN  4u /* registers were changed: leave by the way that loads them all */

#define BARE_KSTACK_SIZE 16384 /* of every kernel stack: below it is a page that nothing maps */

#ifndef __ASSEMBLER__

#include <quire/port.h>
#include <quire/types.h>
#include <quire/vmalloc.h>

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
/* A page fault; error: BARE_FAULT_*, and in the upper half what the CPU says of it.  Interrupts as they were at the
 * fault for kernel mode, on for user mode.  For kernel mode return true if it was resolved. */
bool trap_page_fault(struct bare_regs *regs, unsigned long addr, u64 error);
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

/* ---- FPU ------------------------------------------------------------------------------------- */
size_t bare_fpu_size(void);                    /* bytes of a saved state                        */
void bare_fpu_reset(struct bare_thread *t);    /* the current thread gets the initial state     */
void bare_fpu_fork(struct bare_thread *child); /* child gets a copy of the current state        */

/* ---- clock ----------------------------------------------------------------------------------- */
struct bare_clock {
	u64 base; /* ticks at nanosecond 0                        */
	u64 mult; /* ns = (ticks - base) * mult >> 32             */
	u64 hz;   /* ticks per second                             */
};
extern struct bare_clock bare_clock;
void bare_clock_init(void); /* interrupts off */
/* a * b >> 32, of which 64 bits are kept. */
static inline u64 bare_mul_shift32(u64 a, u64 b)
{
#ifdef __SIZEOF_INT128__
	return (u64)((unsigned __int128)a * b >> 32);
#else
	u64 low = (u64)(u32)a * (u32)b;

	return (a >> 32) * b + (u64)(u32)a * (b >> 32) + (low >> 32);
#endif
}
static inline u64 bare_clock_ns(void)
{
	return bare_mul_shift32(bare_ticks() - bare_clock.base, bare_clock.mult);
}
/* Seconds since 1970 from the battery clock. */
s64 bare_rtc_read(void);

/* ---- interrupts, timer, other CPUs ----------------------------------------------------------- */
void bare_interrupts_init(void);      /* after quire_start(): needs ioremap                    */
void bare_timer_arm(u64 ns_from_now); /* one shot; trap_timer() is called then                 */
/* Interrupt another CPU: BARE_IPI_TLB, BARE_IPI_RESCHED. */
void bare_ipi_send(unsigned cpu, unsigned number);
unsigned bare_nr_cpus_online(void);

/* ---- set-up and end -------------------------------------------------------------------------- */
void bare_after_tables(void); /* for quire_start(): loads the kernel's own tables      */
bool bare_features(char *buf, size_t size); /* what is switched on, in words                     */
void bare_cpu_brand(char *buf, size_t size);
/* Whether `word` is on the command line, in front of "--" and the first program's arguments. */
bool bare_cmdline_has(const char *word);
void bare_log_quiet(bool on);               /* keep the log, show it only if there is a panic    */
size_t bare_log_copy(char *to, size_t n);   /* the last n bytes of the log; how many */
void bare_exit(unsigned status) __noreturn; /* as QEMU takes it, else power off, else halt       */
void bare_reboot(void) __noreturn;
extern unsigned bare_panic_status; /* exit status of port_panic(): 98                       */

/* ---- console --------------------------------------------------------------------------------- */
void serial_init(void);
void serial_write(const char *text, size_t len);
int serial_read(void); /* a byte, or -1                                         */

#endif /* !__ASSEMBLER__ */
#endif
