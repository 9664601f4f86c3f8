/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - one CPU's own set-up: its block, vectors and control bits; threads and their FPU state.
 *
 * User threads' FPU state is saved eagerly by bare_switch(): the kernel itself uses general registers
 * only.  SVE and pointer authentication stay off: nobody would save their state.
 *
 * Lock: none; each CPU sets up itself.
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/percpu.h>
#include <quire/printk.h>

#define SCTLR_SPAN    (1UL << 23) /* leave PAN alone when the kernel is entered */
#define CPACR_FP      (3UL << 20)
#define CNTKCTL_VCT   2UL /* programs read the virtual counter             */
#define CTR_IDC       (1UL << 28)
#define CTR_DIC       (1UL << 29)
#define HWCAP_FP      1u
#define HWCAP_ASIMD   2u
#define HWCAP_CRC32   128u
#define HWCAP_ATOMICS 256u

struct bare_features bare_feature;
bool bare_icache_snoops;
static struct bare_cpu cpus[QUIRE_NR_CPUS];
extern char bare_vectors[];

static unsigned field(u64 reg, unsigned shift)
{
	return (unsigned)(reg >> shift) & 15;
}

static void __init find_features(void)
{
	u64 ctr = BARE_READ(ctr_el0), mmfr0 = BARE_READ(id_aa64mmfr0_el1);

	bare_feature.pan = field(BARE_READ(id_aa64mmfr1_el1), 20) != 0;
	bare_feature.cache_idc = ctr & CTR_IDC;
	bare_feature.asid_bits = field(mmfr0, 4) == 2 ? 16 : 8;
	bare_icache_snoops = (ctr & CTR_IDC) && (ctr & CTR_DIC);
}

/* Everything that a CPU needs before it can take a trap. */
void __init bare_cpu_init(unsigned cpu)
{
	struct bare_cpu *c = &cpus[cpu];

	if (cpu == 0)
		find_features();
	c->cpu_id = cpu;
	c->quire = &quire_cpu; /* until port_percpu_set() */
	BARE_WRITE(tpidr_el1, c);
	BARE_WRITE(vbar_el1, bare_vectors);
	BARE_WRITE(cpacr_el1, CPACR_FP);
	BARE_WRITE(cntkctl_el1, CNTKCTL_VCT);
	BARE_WRITE(mdscr_el1, 0);
	if (bare_feature.pan) {
		BARE_WRITE(sctlr_el1, BARE_READ(sctlr_el1) & ~SCTLR_SPAN);
		__asm__ volatile(".inst 0xd500419f"); /* msr pan, #1 */
	}
	isb();
	__asm__ volatile("msr daifclr, #4"); /* asynchronous errors are heard of at once */
}

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	cpus[cpu].percpu_offset = offset;
	cpus[cpu].quire = (struct quire_cpu *)((unsigned long)&quire_cpu + offset);
}

bool bare_features(char *buf, size_t size)
{
	quire_snprintf(buf, size, "%sasid%u fp asimd%s", bare_feature.pan ? "pan " : "",
		       bare_feature.asid_bits, bare_icache_snoops ? " idc dic" : "");
	return true;
}

void bare_cpu_brand(char *buf, size_t size)
{
	static const struct {
		u16 part;
		const char *name;
	} arm[] = { { 0xd03, "Cortex-A53" }, { 0xd04, "Cortex-A35" }, { 0xd07, "Cortex-A57" },
		    { 0xd08, "Cortex-A72" }, { 0xd0b, "Cortex-A76" }, { 0xd0c, "Neoverse-N1" } };
	u64 midr = BARE_READ(midr_el1);

	for (unsigned i = 0; i < ARRAY_SIZE(arm); i++)
		if (midr >> 24 == 0x41 && (midr >> 4 & 0xfff) == arm[i].part) {
			quire_snprintf(buf, size, "Arm %s r%up%u", arm[i].name, field(midr, 20),
				       field(midr, 0));
			return;
		}
	quire_snprintf(buf, size, "AArch64, MIDR %08lx", (unsigned long)midr);
}

/* What a program needs no state of ours for. */
u64 bare_hwcap(void)
{
	u64 isar0 = BARE_READ(id_aa64isar0_el1), caps = HWCAP_FP | HWCAP_ASIMD;

	if (field(isar0, 16))
		caps |= HWCAP_CRC32;
	if (field(isar0, 20) >= 2)
		caps |= HWCAP_ATOMICS;
	return caps;
}

/* ---- threads --------------------------------------------------------------------------------- */
void switch_stacks(struct bare_thread *prev, struct bare_thread *next);
void thread_start_user(void);
void thread_start_kernel(void);

void bare_set_tls(u64 base)
{
	BARE_WRITE(tpidr_el0, base);
}

u64 bare_get_tls(void)
{
	return BARE_READ(tpidr_el0);
}

void bare_set_current(struct bare_thread *t)
{
	struct bare_cpu *c = &cpus[port_cpu_id()];

	c->current = t;
	c->kstack_top = t->kstack_top;
}

/* Only user threads have an FPU state and thread-local storage. */
void bare_switch(struct bare_thread *prev, struct bare_thread *next)
{
	if (prev->fpu) {
		bare_fpu_save(prev->fpu);
		prev->tls = bare_get_tls();
	}
	bare_set_current(next);
	if (next->fpu) {
		bare_fpu_load(next->fpu);
		bare_set_tls(next->tls);
	}
	switch_stacks(prev, next);
}

/* What switch_stacks() takes: x19 x20 .. x29 and the return address. */
static void init_frame(struct bare_thread *t, u64 sp, void (*start)(void), u64 x19, u64 x20)
{
	u64 *frame = (u64 *)sp - 12;

	memset(frame, 0, 12 * sizeof(*frame));
	frame[0] = x19;
	frame[1] = x20;
	frame[11] = (u64)start;
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
	__asm__ volatile("dsb sy\n\twfi\n\tmsr daifclr, #2\n\tisb\n\tmsr daifset, #2"
			 :
			 :
			 : "memory");
}
