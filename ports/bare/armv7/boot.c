/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code: the device tree, the early console, all of low memory in the early tables
 * (../common/fdt_boot.c tells memblock of it); and the way over to the kernel's own tables.
 */
#include "bare_private.h"
#include "pl011.h"
#include <quire/boot.h>
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/tune.h>

#define MIB           (1UL << 20)
#define FDT_LIMIT     (2UL << 20)  /* entry.S shows that much of it                   */
#define DEFAULT_PL011 0x09000000UL /* of QEMU's virt, for words about a broken tree   */

/* Entries of the kernel's tables, the hardware's and the library's (src/maps/formats/armv7.h), kernel's own and
 * global: device registers; code that user mode may read and run too. */
#define HARD_DEVICE  0x017u
#define SOFT_DEVICE  0x0f7u
#define HARD_VECTORS 0x27eu
#define SOFT_VECTORS 0x08bu

void bare_start(u32 fdt_pa, u32 image_pa) __noreturn;

static u32 *early_table(void)
{
	return (u32 *)(PAGE_OFFSET + BARE_EARLY_TABLE);
}

/* Where nothing was before. */
static void __init early_section(unsigned long at, phys_addr_t pa, u32 flags)
{
	early_table()[at >> 20] = ((u32)pa & ~(MIB - 1)) | flags;
	__asm__ volatile("dsb\n\tisb" : : : "memory");
}

static phys_addr_t __init console_pa(void)
{
	return bare_machine.uart.size ? (phys_addr_t)bare_machine.uart.base : DEFAULT_PL011;
}

/* The MiB of BARE_CONSOLE_VIRT, and the one below it. */
static void __init early_devices(void)
{
	unsigned long console = BARE_CONSOLE_VIRT & ~(MIB - 1), timer = console - MIB;

	early_section(console, console_pa(), BARE_SECTION_IO);
	pl011_at((volatile char *)console + console_pa() % MIB);
	serial_init();
	if (!bare_machine.global_timer.size)
		return;
	early_section(timer, bare_machine.global_timer.base, BARE_SECTION_IO);
	bare_clock_at((volatile char *)timer + bare_machine.global_timer.base % MIB);
}

/* How much the early tables show of what begins at pa. */
static size_t __init early_reach(phys_addr_t pa)
{
	phys_addr_t from = pa - PORT_PHYS_OFFSET;

	return pa < PORT_PHYS_OFFSET || from >= BARE_LOWMEM_SIZE - 3 * MIB || pa & 3 ? 0
										     : FDT_LIMIT;
}

static void __init read_tree(phys_addr_t pa)
{
	const char *why = bare_fdt_read(port_phys_to_virt(pa), early_reach(pa));

	early_devices();
	if (why)
		quire_panic("the device tree at %lx cannot be used: %s\n", (unsigned long)pa, why);
}

/* What of the range lies behind the image's 128 MiB, in whole MiB; the rest is left out. */
static void __init clip(struct fdt_range *r)
{
	u64 from = QUIRE_ALIGN_UP(max(r->base, (u64)PORT_PHYS_OFFSET), (u64)MIB);
	u64 to = QUIRE_ALIGN_DOWN(min(r->base + r->size, 1ULL << 32), (u64)MIB);

	if (from == r->base && to == r->base + r->size)
		return;
	pr_warn("RAM [%llx, +%llx): %llu KiB of it have physical addresses of 32 bits above the "
		"kernel's\n",
		(unsigned long long)r->base, (unsigned long long)r->size,
		(unsigned long long)(from < to ? (to - from) >> 10 : 0));
	*r = (struct fdt_range){ from, from < to ? to - from : 0 };
}

/* All of low memory, by sections that are not there yet or say the same. */
static void __init early_ram(void)
{
	struct fdt_machine *m = &bare_machine;
	unsigned kept = 0;

	for (unsigned i = 0; i < m->nr_mem; i++) {
		clip(&m->mem[i]);
		if (m->mem[i].size)
			m->mem[kept++] = m->mem[i];
	}
	m->nr_mem = kept;
	for (unsigned i = 0; i < kept; i++) {
		u64 end = min(m->mem[i].base + m->mem[i].size, (u64)PORT_LOWMEM_PHYS_END);

		for (u64 pa = m->mem[i].base; pa < end; pa += MIB)
			early_section((unsigned long)port_phys_to_virt(pa), pa, BARE_SECTION);
	}
	memblock_set_current_limit(PORT_LOWMEM_PHYS_END);
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(u32 fdt_pa, u32 image_pa)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];

	bare_cpu_init(0);
	boot_thread.kstack_top = (unsigned long)early_stack_top;
	bare_set_current(&boot_thread);
	bare_record_image(image_pa);
	read_tree(fdt_pa);
	bare_clock_init();
	bare_boot.entry_ticks = bare_ticks();
	bare_log_quiet(bare_cmdline_has("quiet"));
	early_ram();
	bare_fdt_memory(fdt_pa);
	bare_reserve(image_pa - BARE_TEXT_OFFSET + BARE_EARLY_TABLE, 4 * PAGE_SIZE);
	frames_parse_cmdline(bare_boot.cmdline);
	reserve_mem_parse_cmdline(bare_boot.cmdline);
	bare_tlb_init();
	kernel_main(&bare_boot);
}

/* ---- the kernel's own tables ----------------------------------------------------------------- */
/* The library made a table for the fixmap, of which these addresses are neighbours. */
void __init bare_map_own(unsigned long at, phys_addr_t pa, bool device)
{
	const u32 *root = port_phys_to_virt(maps_kernel_root());
	unsigned long table = root[at >> 20];
	u32 *hard, *soft;

	if ((table & 3) != 1)
		port_panic("the kernel's tables have none for the last MiB");
	hard = port_phys_to_virt(table & ~0x3ffUL);
	soft = hard - 2048 / sizeof(*hard);
	soft[at >> 12 & 255] = (u32)pa | (device ? SOFT_DEVICE : SOFT_VECTORS);
	hard[at >> 12 & 255] = (u32)pa | (device ? HARD_DEVICE : HARD_VECTORS);
	dsb();
}

static void __init map_own_pages(void)
{
	const struct fdt_range *timer = &bare_machine.global_timer;

	bare_map_own(BARE_CONSOLE_VIRT, PAGE_ALIGN_DOWN(console_pa()), true);
	if (timer->size)
		bare_map_own(BARE_TIMER_VIRT, PAGE_ALIGN_DOWN((phys_addr_t)timer->base), true);
	bare_map_own(BARE_VECTORS_VIRT, bare_image_pa(bare_vectors), false);
}

/* quire_start() has built the kernel's tables: leave the early ones. */
void __init bare_after_tables(void)
{
	map_own_pages();
	port_load_root(maps_kernel_root());
	BARE_WRITE(c2, 0, c0, 1, maps_kernel_root() | BARE_TTBR_FLAGS);
	BARE_WRITE(c8, 0, c7, 0, 0); /* TLBIALL */
	dsb();
	isb();
	BARE_WRITE(c1, 0, c0, 0, BARE_READ(c1, 0, c0, 0) | 1u << 13); /* SCTLR.V: vectors */
	isb();
	pl011_at((volatile char *)BARE_CONSOLE_VIRT + console_pa() % PAGE_SIZE);
	if (bare_machine.global_timer.size)
		bare_clock_at((volatile char *)BARE_TIMER_VIRT +
			      bare_machine.global_timer.base % PAGE_SIZE);
	memblock_phys_free(bare_boot.image.text_start - BARE_TEXT_OFFSET + BARE_EARLY_TABLE,
			   4 * PAGE_SIZE);
}
