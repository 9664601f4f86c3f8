/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - one CPU's own set-up: its block, the vector and control bits; threads and their FPU state.
 *
 * The kernel itself uses general registers only.  A thread's FPU registers are saved if it changed them since they
 * were loaded: the processor says so in sstatus.FS, which is kept with the thread's registers.
 *
 * Lock: none; each CPU sets up itself.
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/percpu.h>
#include <quire/printk.h>

#define FS_CLEAN (2UL << 13)

unsigned bare_asid_bits;
static struct bare_cpu cpus[QUIRE_NR_CPUS];
static const struct bare_fpu initial;
extern char bare_trap_entry[];

/* Bits of an ASID that satp keeps. */
static unsigned __init count_asid_bits(void)
{
	u64 satp = CSR_READ(satp), kept;

	CSR_WRITE(satp, satp | SATP_ASID_MASK << SATP_ASID_SHIFT);
	kept = CSR_READ(satp) >> SATP_ASID_SHIFT & SATP_ASID_MASK;
	CSR_WRITE(satp, satp);
	bare_entries_done();
	return (unsigned)__builtin_popcountll(kept);
}

/* Everything that a CPU needs before it can take a trap. */
void __init bare_cpu_init(unsigned cpu, unsigned hart)
{
	struct bare_cpu *c = &cpus[cpu];

	c->cpu_id = cpu;
	c->hart = hart;
	c->quire = &quire_cpu; /* until port_percpu_set() */
	__asm__ volatile("mv tp, %0" : : "r"(c));
	CSR_WRITE(stvec, bare_trap_entry);
	CSR_WRITE(scounteren, 7); /* programs read cycle, time and instret */
	if (cpu == 0)
		bare_asid_bits = count_asid_bits();
}

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	cpus[cpu].percpu_offset = offset;
	cpus[cpu].quire = (struct quire_cpu *)((unsigned long)&quire_cpu + offset);
}

bool bare_features(char *buf, size_t size)
{
	quire_snprintf(buf, size, "sv%u asid%u", (unsigned)BARE_SV, bare_asid_bits);
	return true;
}

void bare_cpu_brand(char *buf, size_t size)
{
	quire_snprintf(buf, size, "%s", bare_machine.isa[0] ? bare_machine.isa : "RISC-V 64");
}

/* The letters of "rv64imafdc_zicsr", up to the first extension with a longer name. */
u64 bare_hwcap(void)
{
	const char *isa = bare_machine.isa;
	u64 caps = 0;

	if (isa[0] && isa[1])
		isa += 2;
	while (*isa >= '0' && *isa <= '9')
		isa++;
	for (; *isa >= 'a' && *isa <= 'v';
	     isa++) /* s, x, z begin longer names, and s and h are not for programs */
		if (*isa != 's' && *isa != 'h')
			caps |= 1UL << (*isa - 'a');
	return caps;
}

/* ---- threads --------------------------------------------------------------------------------- */
void switch_stacks(struct bare_thread *prev, struct bare_thread *next);
void thread_start_user(void);
void thread_start_kernel(void);

void bare_set_current(struct bare_thread *t)
{
	struct bare_cpu *c = &cpus[port_cpu_id()];

	c->current = t;
	c->kstack_top = t->kstack_top;
}

/* From now on the registers are what t's state in memory says. */
static void fpu_is_clean(struct bare_thread *t)
{
	struct bare_regs *regs = bare_thread_regs(t);

	regs->status = (regs->status & ~BARE_STATUS_FS) | FS_CLEAN;
}

static void save_fpu(struct bare_thread *t)
{
	if ((bare_thread_regs(t)->status & BARE_STATUS_FS) != BARE_STATUS_FS)
		return;
	bare_fpu_save(t->fpu);
	fpu_is_clean(t);
}

/* Only user threads have an FPU state. */
void bare_switch(struct bare_thread *prev, struct bare_thread *next)
{
	if (prev->fpu)
		save_fpu(prev);
	bare_set_current(next);
	if (next->fpu) {
		bare_fpu_load(next->fpu);
		fpu_is_clean(next);
	}
	switch_stacks(prev, next);
}

/* What switch_stacks() takes: the return address, s0 .. s11. */
static void init_frame(struct bare_thread *t, u64 sp, void (*start)(void), u64 s0, u64 s1)
{
	u64 *frame = (u64 *)sp - 14;

	memset(frame, 0, 14 * sizeof(*frame));
	frame[0] = (u64)start;
	frame[1] = s0;
	frame[2] = s1;
	t->ksp = (u64)frame;
}

void bare_thread_init_kernel(struct bare_thread *t, void (*fn)(void *), void *arg)
{
	init_frame(t, (u64)bare_thread_regs(t), thread_start_kernel, (u64)fn, (u64)arg);
}

void bare_thread_init_user(struct bare_thread *t, void (*fn)(void))
{
	init_frame(t, (u64)bare_thread_regs(t), thread_start_user, (u64)fn, 0);
}

void bare_idle(void)
{
	__asm__ volatile("wfi\n\tcsrsi sstatus, 2\n\tnop\n\tcsrci sstatus, 2" : : : "memory");
}

/* ---- FPU ------------------------------------------------------------------------------------- */
size_t bare_fpu_size(void)
{
	return sizeof(struct bare_fpu);
}

void bare_fpu_reset(struct bare_thread *t)
{
	bare_fpu_load(&initial);
	memset(t->fpu, 0, sizeof(struct bare_fpu));
	fpu_is_clean(t);
}

void bare_fpu_fork(struct bare_thread *child)
{
	bare_fpu_save(child->fpu);
}

void bare_fpu_read(struct bare_fpu *to)
{
	bare_fpu_save(to);
}

void bare_fpu_write(const struct bare_fpu *from)
{
	bare_fpu_load(from);
	memcpy(bare_current()->fpu, from, sizeof(*from));
	fpu_is_clean(bare_current());
}
