/* SPDX-License-Identifier: MIT */
/*
 * cpu.c - one CPU's own set-up: GDT, TSS with separate stacks for the worst traps, IDT, control
 * bits, SYSCALL.
 *
 *   GDT   0x10 kernel code   0x18 kernel data   0x20 (none)         0x28 user data
 *         0x30 user code     0x40 TSS             no 32-bit code: SYSCALL from there would
 *                                                enter elsewhere
 *   IST   1 double fault     2 NMI     3 machine check
 *
 * Lock: none; each CPU sets up itself.
 */
#include "bare_private.h"
#include <quire/init.h>
#include <quire/percpu.h>
#include <quire/printk.h>

struct tss {
	u32 reserved0;
	u64 rsp[3];
	u64 reserved1;
	u64 ist[7];
	u64 reserved2;
	u16 reserved3, iomap;
} __attribute__((__packed__));

struct idt_gate {
	u16 offset_low, selector;
	u8 ist, type;
	u16 offset_mid;
	u32 offset_high, reserved;
};

struct table_ptr {
	u16 limit;
	u64 base;
} __attribute__((__packed__));

#define IST_STACK_SIZE 8192
#define NR_IST         3

struct bare_features bare_feature;
struct bare_cpu bare_cpus[QUIRE_NR_CPUS];
static u64 gdt[QUIRE_NR_CPUS][10];
static struct tss tss[QUIRE_NR_CPUS];
static struct idt_gate idt[256];
static u8 boot_ist[NR_IST][IST_STACK_SIZE] __attribute__((__aligned__(16)));
extern char bare_vectors[], bare_syscall_entry[];

static void __init find_features(void)
{
	u32 r[4], max, max_ext;
	bool pcid;

	cpuid(0, 0, r);
	max = r[0];
	cpuid(0x80000000, 0, r);
	max_ext = r[0];
	cpuid(1, 0, r);
	bare_feature.pge = r[3] >> 13 & 1;
	bare_feature.xsave = r[2] >> 26 & 1;
	pcid = r[2] >> 17 & 1;
	if (max >= 7) {
		cpuid(7, 0, r);
		bare_feature.fsgsbase = r[1] & 1;
		bare_feature.smep = r[1] >> 7 & 1;
		bare_feature.smap = r[1] >> 20 & 1;
		/* Flushes of spaces that are not loaded want INVPCID, those of the kernel its global entries. */
		bare_pcid = pcid && r[1] >> 10 & 1 && bare_feature.pge;
		bare_feature.umip = r[2] >> 2 & 1;
	}
	if (max_ext >= 0x80000001) {
		cpuid(0x80000001, 0, r);
		bare_feature.nx = r[3] >> 20 & 1;
	}
	if (max < 0xd)
		bare_feature.xsave = false;
}

/* Replace the nops around user accesses by stac and clac.  The early tables leave text writable. */
static void __init patch_smap(void)
{
	for (const struct bare_smap_site *s = bare_smap_start; s < bare_smap_end; s++)
		for (unsigned i = 0; i < 3; i++)
			((volatile u8 *)s->at)[i] = (u8)(s->bytes >> (8 * i));
}

/* Replace the instructions that know no numbers of spaces by calls of what does. */
static void __init patch_pcid(void)
{
	for (const struct bare_pcid_site *s = bare_pcid_start; s < bare_pcid_end; s++) {
		volatile u8 *at = (volatile u8 *)s->at;
		u32 distance = (u32)(s->to - (s->at + 5));

		at[0] = 0xe8;
		for (unsigned i = 0; i < 4; i++)
			at[1 + i] = (u8)(distance >> (8 * i));
	}
}

static void __init set_control_bits(void)
{
	u64 cr4 = read_cr4() | CR4_OSFXSR | CR4_OSXMMEXCPT;

	if (bare_feature.pge)
		cr4 |= CR4_PGE;
	if (bare_feature.fsgsbase)
		cr4 |= CR4_FSGSBASE;
	if (bare_feature.smep)
		cr4 |= CR4_SMEP;
	if (bare_feature.smap)
		cr4 |= CR4_SMAP;
	if (bare_feature.umip)
		cr4 |= CR4_UMIP;
	if (bare_feature.xsave)
		cr4 |= CR4_OSXSAVE;
	write_cr4(cr4);
}

static void __init load_gdt(unsigned cpu)
{
	u64 base = (u64)&tss[cpu], *g = gdt[cpu];
	struct table_ptr ptr = { sizeof(gdt[cpu]) - 1, (u64)g };

	g[2] = 0x00af9b000000ffffULL;
	g[3] = 0x00cf93000000ffffULL;
	g[5] = 0x00cff3000000ffffULL;
	g[6] = 0x00affb000000ffffULL;
	g[8] = (sizeof(struct tss) - 1) | (base & 0xffffff) << 16 | 0x89ULL << 40 |
	       (base >> 24 & 0xff) << 56;
	g[9] = base >> 32;
	__asm__ volatile("lgdt %0" : : "m"(ptr));
	__asm__ volatile("pushq %0; leaq 1f(%%rip), %%rax; pushq %%rax; lretq; 1:"
			 :
			 : "i"(BARE_KERNEL_CS)
			 : "rax", "memory");
	__asm__ volatile("movl %0, %%ds; movl %0, %%es; movl %0, %%ss" : : "r"(BARE_KERNEL_DS));
	__asm__ volatile("movl %0, %%fs; movl %0, %%gs" : : "r"(0));
	__asm__ volatile("ltr %w0" : : "r"(BARE_TSS_SEL));
}

static void __init fill_idt(void)
{
	for (unsigned v = 0; v < 256; v++) {
		u64 at = (u64)bare_vectors + v * 16;

		idt[v] = (struct idt_gate){ (u16)at,         BARE_KERNEL_CS,  0, 0x8e,
					    (u16)(at >> 16), (u32)(at >> 32), 0 };
	}
	idt[3].type = idt[4].type = 0xee; /* int3 and into are for users */
	idt[8].ist = 1;
	idt[2].ist = 2;
	idt[18].ist = 3;
}

/* Everything that a CPU needs before it can take a trap. */
void __init bare_cpu_init(unsigned cpu)
{
	struct bare_cpu *c = &bare_cpus[cpu];
	struct table_ptr ptr = { sizeof(idt) - 1, (u64)idt };

	if (cpu == 0) {
		find_features();
		fill_idt();
		if (bare_feature.smap)
			patch_smap();
		if (bare_pcid)
			patch_pcid();
		for (unsigned i = 0; i < NR_IST; i++)
			tss[cpu].ist[i] = (u64)boot_ist[i] + IST_STACK_SIZE;
	}
	tss[cpu].iomap = sizeof(struct tss);
	c->self = c;
	c->cpu_id = cpu;
	c->quire = &quire_cpu; /* until port_percpu_set() */
	c->tss = &tss[cpu];
	load_gdt(cpu);
	__asm__ volatile("lidt %0" : : "m"(ptr));
	wrmsr(MSR_GS_BASE, (u64)c);
	wrmsr(MSR_KERNEL_GS_BASE, 0);
	set_control_bits();
	bare_fpu_init();
	wrmsr(MSR_STAR, (u64)(BARE_USER_CS32) << 48 | (u64)BARE_KERNEL_CS << 32);
	wrmsr(MSR_LSTAR, (u64)bare_syscall_entry);
	wrmsr(MSR_SFMASK, 0x47700); /* AC NT IOPL DF IF TF */
	wrmsr(MSR_PAT, PAT_WITH_WC);
}

void port_percpu_set(unsigned cpu, unsigned long offset)
{
	bare_cpus[cpu].percpu_offset = offset;
	bare_cpus[cpu].quire = (struct quire_cpu *)((unsigned long)&quire_cpu + offset);
}

bool bare_features(char *buf, size_t size)
{
	const struct bare_features *f = &bare_feature;

	quire_snprintf(buf, size, "%s%s%s%s%s%s%s%s", f->nx ? "nx " : "", f->smep ? "smep " : "",
		       f->smap ? "smap " : "", f->umip ? "umip " : "", f->pge ? "pge " : "",
		       bare_pcid ? "pcid " : "", f->fsgsbase ? "fsgsbase " : "",
		       f->xsave ? "xsave" : "fxsave");
	return true;
}

void bare_cpu_brand(char *buf, size_t size)
{
	u32 r[12];

	cpuid(0x80000000, 0, r);
	if (r[0] < 0x80000004 || size < 49) {
		quire_snprintf(buf, size, "x86-64");
		return;
	}
	for (u32 i = 0; i < 3; i++)
		cpuid(0x80000002 + i, 0, r + 4 * i);
	for (unsigned i = 0; i < 48; i++)
		buf[i] = (char)(r[i / 4] >> (8 * (i % 4)));
	buf[48] = 0;
}

/* ---- threads --------------------------------------------------------------------------------- */
void switch_stacks(struct bare_thread *prev, struct bare_thread *next);
void thread_start_user(void);
void thread_start_kernel(void);

static u64 read_fsbase(void)
{
	u64 v;

	if (!bare_feature.fsgsbase)
		return rdmsr(MSR_FS_BASE);
	__asm__ volatile("rdfsbase %0" : "=r"(v));
	return v;
}

static void write_fsbase(u64 v)
{
	if (bare_feature.fsgsbase)
		__asm__ volatile("wrfsbase %0" : : "r"(v));
	else
		wrmsr(MSR_FS_BASE, v);
}

void bare_set_fsbase(u64 base)
{
	bare_current()->fsbase = base;
	write_fsbase(base);
}

void bare_set_gsbase(u64 base)
{
	bare_current()->gsbase = base;
	wrmsr(MSR_KERNEL_GS_BASE, base);
}

u64 bare_get_fsbase(void)
{
	return read_fsbase();
}

u64 bare_get_gsbase(void)
{
	return rdmsr(MSR_KERNEL_GS_BASE);
}

/* Only user threads have an FPU state and segment bases; without FSGSBASE a base changes by
 * system call only. */
static void save_user(struct bare_thread *t)
{
	if (bare_feature.fsgsbase) {
		t->fsbase = read_fsbase();
		t->gsbase = rdmsr(MSR_KERNEL_GS_BASE);
	}
	if (bare_feature.xsave)
		__asm__ volatile("xsave64 (%0)"
				 :
				 : "r"(t->fpu), "a"((u32)bare_feature.xcr0),
				   "d"((u32)(bare_feature.xcr0 >> 32))
				 : "memory");
	else
		__asm__ volatile("fxsave64 (%0)" : : "r"(t->fpu) : "memory");
}

static void load_user(const struct bare_thread *t)
{
	write_fsbase(t->fsbase);
	wrmsr(MSR_KERNEL_GS_BASE, t->gsbase);
	if (bare_feature.xsave)
		__asm__ volatile("xrstor64 (%0)"
				 :
				 : "r"(t->fpu), "a"((u32)bare_feature.xcr0),
				   "d"((u32)(bare_feature.xcr0 >> 32))
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(t->fpu) : "memory");
}

void bare_set_current(struct bare_thread *t)
{
	struct bare_cpu *c = &bare_cpus[port_cpu_id()];

	c->current = t;
	c->kstack_top = t->kstack_top;
	((struct tss *)c->tss)->rsp[0] = t->kstack_top;
}

void bare_switch(struct bare_thread *prev, struct bare_thread *next)
{
	if (prev->fpu)
		save_user(prev);
	bare_set_current(next);
	if (next->fpu)
		load_user(next);
	switch_stacks(prev, next);
}

/* What switch_stacks() pops: r15 r14 r13 r12 rbx rbp and the return address. */
static void init_frame(struct bare_thread *t, u64 *sp, void (*start)(void), u64 rbx, u64 r12)
{
	*--sp = (u64)start;
	*--sp = 0;
	*--sp = rbx;
	*--sp = r12;
	*--sp = 0;
	*--sp = 0;
	*--sp = 0;
	t->ksp = (u64)sp;
}

void bare_thread_init_kernel(struct bare_thread *t, void (*fn)(void *), void *arg)
{
	init_frame(t, (u64 *)bare_thread_regs(t) - 1, thread_start_kernel, (u64)fn, (u64)arg);
}

void bare_thread_init_user(struct bare_thread *t, void (*fn)(void))
{
	init_frame(t, (u64 *)bare_thread_regs(t), thread_start_user, (u64)fn, 0);
}

void bare_idle(void)
{
	__asm__ volatile("sti; hlt; cli" : : : "memory");
}
