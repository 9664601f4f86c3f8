/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, frame descriptors, caches,
 * user copies.  Log and panic are ../common/log.c.
 */
#include "bare_private.h"
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/uaccess.h>

#define DESC_TABLE 3UL
#define DESC_ADDR  0x0000fffffffff000UL
#define DESC_NORMAL                                                                                \
	0x0060000000000700UL /* attribute 0, inner shareable, used, kernel's, never executed */
#define DESC_DEVICE                                                                                \
	0x0060000000000404UL /* attribute 1, used, kernel's, never executed                  */
#define DESC_PAGE  3UL
#define DESC_BLOCK 1UL
#define LARGE_PAGE (2UL << 20)

#define SEMI_EXIT_EXTENDED 0x20
#define SEMI_APP_EXIT      0x20026 /* ADP_Stopped_ApplicationExit */
#define PSCI_OFF           0x84000008u
#define PSCI_RESET         0x84000009u

/* ---- the end --------------------------------------------------------------------------------- */

/* A debugger or QEMU that serves semihosting ends here; anybody else sees an undefined instruction,
 * whose way out is the next one. */
static void semihosting_exit(unsigned status)
{
	u64 block[2] = { SEMI_APP_EXIT, status };

	__asm__ volatile("mov x0, %0\n\t"
			 "mov x1, %1\n"
			 "1:\thlt #0xf000\n"
			 "2:\n\t"
			 ".pushsection .bare.extable, \"a\"\n\t"
			 ".quad 1b, 2b\n\t"
			 ".popsection"
			 :
			 : "r"((u64)SEMI_EXIT_EXTENDED), "r"(block)
			 : "x0", "x1", "memory");
}

static void psci(u32 what)
{
	register u64 x0 __asm__("x0") = what;

	if (!bare_machine.psci)
		return;
	if (bare_machine.psci_by_smc)
		__asm__ volatile("smc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
	else
		__asm__ volatile("hvc #0" : "+r"(x0) : : "x1", "x2", "x3", "memory");
}

static void __noreturn halt(void)
{
	bare_irq_disable();
	for (;;)
		__asm__ volatile("wfi");
}

/* As QEMU's isa-debug-exit says it on a PC: 2 * status + 1, which QEMU never says by itself. */
void bare_exit(unsigned status)
{
	bare_irq_disable();
	semihosting_exit((status & 127) << 1 | 1);
	psci(PSCI_OFF);
	halt();
}

void bare_reboot(void)
{
	bare_irq_disable();
	semihosting_exit(1);
	psci(PSCI_RESET);
	halt();
}

/* ---- who called ------------------------------------------------------------------------------ */

/* The kernel keeps no frame pointers: whatever on the stack points behind a call (BL, BLR) in its text
 * is taken for a return address.  A few are left over from calls that have returned. */
unsigned port_stack_trace(unsigned long *pc, unsigned n)
{
	const unsigned long *at = __builtin_frame_address(0);
	const unsigned long *end = (const unsigned long *)bare_current()->kstack_top;
	unsigned i = 0;

	for (; at < end && i < n; at++) {
		u32 before;

		if (at >= pc && at < pc + n)
			continue; /* the caller's array, most of the time on the same stack */
		if (*at <= (unsigned long)bare_text_start || *at > (unsigned long)bare_text_end ||
		    *at & 3)
			continue;
		before = *(const u32 *)(*at - 4);
		if (before >> 26 == 0x25 || (before & 0xfffffc1f) == 0xd63f0000)
			pc[i++] = *at;
	}
	return i;
}

/* ---- the port's own entries in the kernel's tables ------------------------------------------- */

/* The table below *entry, made if it is missing; NULL: no memory. */
static u64 *table_below(u64 *entry)
{
	phys_addr_t pa;

	if (!(*entry & 1)) {
		pa = memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!pa)
			return NULL;
		port_clear_page(port_phys_to_virt(pa));
		*entry = pa | DESC_TABLE;
	}
	return port_phys_to_virt(*entry & DESC_ADDR);
}

/* The entry for `at` of the level whose lowest address bit is `shift`. */
static u64 *entry_of(unsigned long at, unsigned shift)
{
	u64 *table = port_phys_to_virt(maps_kernel_root());

	for (unsigned s = 39; s > shift; s -= 9) {
		table = table_below(&table[at >> s & 511]);
		if (!table)
			return NULL;
	}
	return &table[at >> shift & 511];
}

void __init bare_map_console(unsigned long at, phys_addr_t pa)
{
	u64 *entry = entry_of(at, 12);

	if (!entry)
		port_panic("no memory to map the console");
	*entry = pa | DESC_DEVICE | DESC_PAGE;
	__asm__ volatile("dsb ishst" : : : "memory");
}

int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	/* One piece of memory for the whole range: a thousand small ones would cost memblock more
	 * than clearing them. */
	phys_addr_t pa = memblock_phys_alloc(end - start,
					     end - start >= LARGE_PAGE ? LARGE_PAGE : PAGE_SIZE);

	if (!pa)
		return -ENOMEM;
	memset(port_phys_to_virt(pa), 0, end - start);
	while (start < end) {
		bool large = start % LARGE_PAGE == 0 && pa % LARGE_PAGE == 0 &&
			     end - start >= LARGE_PAGE;
		unsigned long size = large ? LARGE_PAGE : PAGE_SIZE;
		u64 *entry = entry_of(start, large ? 21 : 12);

		if (!entry)
			return -ENOMEM;
		*entry = pa | DESC_NORMAL | (large ? DESC_BLOCK : DESC_PAGE);
		start += size;
		pa += size;
	}
	__asm__ volatile("dsb ishst\n\tisb" : : : "memory");
	return 0;
}

/* ---- caches ---------------------------------------------------------------------------------- */
void bare_sync_icache(unsigned long entry)
{
	unsigned long at = (unsigned long)port_phys_to_virt(entry & DESC_ADDR);
	unsigned long line = 4UL << (BARE_READ(ctr_el0) >> 16 & 15);

	if (!bare_feature.cache_idc)
		for (unsigned long a = at; a < at + PAGE_SIZE; a += line)
			__asm__ volatile("dc cvau, %0" : : "r"(a) : "memory");
	__asm__ volatile("dsb ish\n\tic ialluis\n\tdsb ish\n\tisb" : : : "memory");
}

/* ---- chance ---------------------------------------------------------------------------------- */
/* How long things took since power-on, to the tick. */
unsigned long port_random(void)
{
	static u64 state;
	u64 x = __atomic_add_fetch(&state, bare_ticks() | 1, __ATOMIC_RELAXED);

	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen, bool pan);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen, bare_feature.pan);
}
