/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - one CPU's own set-up: its block, vectors and control bits; threads and their FPU state.
 *
 * User threads' FPU state is saved eagerly by bare_switch(): the kernel itself uses general registers only.
 *
 * A fault is taken on the kernel stack, so that stack must never be what the fault is about: whoever changes the
 * stack or the space asks bare_see_stack() first.
 *
 * Lock: none; each CPU sets up itself.
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/percpu.h>
#include <quire/printk.h>

#define CPACR_FP (15u << 20)

/* AT_HWCAP */
#define HWCAP_HALF     (1u << 1)
#define HWCAP_THUMB    (1u << 2)
#define HWCAP_FASTMULT (1u << 4)
#define HWCAP_VFP      (1u << 6)
#define HWCAP_EDSP     (1u << 7)
#define HWCAP_NEON     (1u << 12)
#define HWCAP_VFPV3    (1u << 13)
#define HWCAP_VFPV3D16 (1u << 14)
#define HWCAP_TLS      (1u << 15)
#define HWCAP_VFPV4    (1u << 16)
#define HWCAP_IDIVA    (1u << 17)
#define HWCAP_IDIVT    (1u << 18)
#define HWCAP_VFPD32   (1u << 19)
#define HWCAP_LPAE     (1u << 20)
#define HWCAP_EVERY    (HWCAP_HALF | HWCAP_THUMB | HWCAP_FASTMULT | HWCAP_EDSP | HWCAP_TLS)

static struct bare_cpu cpus[QUIRE_NR_CPUS];

static unsigned field(u32 reg, unsigned shift)
{
	return reg >> shift & 15;
}

/* Everything that a CPU needs before it can take a trap. */
void __init bare_cpu_init(unsigned cpu)
{
	struct bare_cpu *c = &cpus[cpu];

	c->cpu_id = cpu;
	c->quire = &quire_cpu;                                        /* until port_percpu_set() */
	BARE_WRITE(c13, 0, c0, 4, (unsigned long)c);                  /* TPIDRPRW */
	BARE_WRITE(c12, 0, c0, 0, (unsigned long)bare_vectors);       /* VBAR, until SCTLR.V */
	BARE_WRITE(c1, 0, c0, 2, BARE_READ(c1, 0, c0, 2) | CPACR_FP); /* CPACR */
	isb();
	bare_fpu_on();
	__asm__ volatile("cpsie a"); /* asynchronous aborts are heard of at once */
}

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	cpus[cpu].percpu_offset = offset;
	cpus[cpu].quire = (struct quire_cpu *)((unsigned long)&quire_cpu + offset);
}

static bool has_neon(void)
{
	return field(bare_fpu_features(1), 8) != 0;
}

static bool has_d32(void)
{
	return field(bare_fpu_features(0), 0) == 2;
}

bool bare_features(char *buf, size_t size)
{
	quire_snprintf(buf, size, "asid8 vfp-d%u%s%s", has_d32() ? 32 : 16,
		       has_neon() ? " neon" : "", bare_user_counter() ? " cntvct" : "");
	return true;
}

void bare_cpu_brand(char *buf, size_t size)
{
	static const struct {
		u16 part;
		const char *name;
	} arm[] = { { 0xc05, "Cortex-A5" },
		    { 0xc07, "Cortex-A7" },
		    { 0xc09, "Cortex-A9" },
		    { 0xc0f, "Cortex-A15" },
		    { 0xc0e, "Cortex-A17" } };
	u32 midr = BARE_READ(c0, 0, c0, 0);

	for (unsigned i = 0; i < ARRAY_SIZE(arm); i++)
		if (midr >> 24 == 0x41 && (midr >> 4 & 0xfff) == arm[i].part) {
			quire_snprintf(buf, size, "Arm %s r%up%u", arm[i].name, field(midr, 20),
				       field(midr, 0));
			return;
		}
	quire_snprintf(buf, size, "ARMv7, MIDR %08lx", (unsigned long)midr);
}

/* What a program needs no state of ours for. */
u64 bare_hwcap(void)
{
	u32 caps = HWCAP_EVERY | HWCAP_VFP | HWCAP_VFPV3,
	    divide = field(BARE_READ(c0, 0, c2, 0), 24);

	caps |= has_d32() ? HWCAP_VFPD32 : HWCAP_VFPV3D16;
	if (has_neon())
		caps |= HWCAP_NEON;
	if (field(bare_fpu_features(1), 28))
		caps |= HWCAP_VFPV4;
	if (divide >= 1)
		caps |= HWCAP_IDIVT;
	if (divide >= 2)
		caps |= HWCAP_IDIVA;
	if (field(BARE_READ(c0, 0, c1, 4), 0) >= 5) /* ID_MMFR0 */
		caps |= HWCAP_LPAE;
	return caps;
}

/* ---- threads --------------------------------------------------------------------------------- */
void switch_stacks(struct bare_thread *prev, struct bare_thread *next);
void thread_start_user(void);
void thread_start_kernel(void);

void bare_set_tls(unsigned long base)
{
	BARE_WRITE(c13, 0, c0, 3, base);
}

unsigned long bare_get_tls(void)
{
	return BARE_READ(c13, 0, c0, 3);
}

void bare_set_current(struct bare_thread *t)
{
	struct bare_cpu *c = &cpus[port_cpu_id()];

	c->current = t;
	c->kstack_top = t->kstack_top;
}

/* Both ends: a stack may lie across two tables. */
void bare_see_stack(unsigned long top)
{
	const u32 *root = bare_this_cpu()->root;
	const u32 *kernel = port_phys_to_virt(maps_kernel_root());
	const unsigned long end[2] = { top - 1, top - BARE_KSTACK_SIZE };

	if (!root)
		return; /* everything is in the early table */
	for (unsigned i = 0; i < 2; i++)
		if (unlikely(root[end[i] >> 20] != kernel[end[i] >> 20]))
			maps_kernel_fault(port_virt_to_phys(root), end[i]);
}

/* Only user threads have an FPU state and thread-local storage. */
void bare_switch(struct bare_thread *prev, struct bare_thread *next)
{
	bare_see_stack(next->kstack_top);
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

/* What switch_stacks() takes: a word for alignment, r4 r5 .. r11 and the return address. */
static void init_frame(struct bare_thread *t, void (*start)(void), unsigned long r4,
		       unsigned long r5)
{
	u32 *frame = (u32 *)bare_thread_regs(t) - 10;

	memset(frame, 0, 10 * sizeof(*frame));
	frame[1] = r4;
	frame[2] = r5;
	frame[9] = (unsigned long)start;
	t->ksp = (unsigned long)frame;
}

void bare_thread_init_kernel(struct bare_thread *t, void (*fn)(void *), void *arg)
{
	init_frame(t, thread_start_kernel, (unsigned long)fn, (unsigned long)arg);
}

void bare_thread_init_user(struct bare_thread *t, void (*fn)(void))
{
	init_frame(t, thread_start_user, (unsigned long)fn, 0);
}

void bare_idle(void)
{
	__asm__ volatile("dsb\n\twfi\n\tcpsie i\n\tisb\n\tcpsid i" : : : "memory");
}
