/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code: the early console, and the device tree as far as the early tables show it
 * (../common/fdt_boot.c reads it); and the way over to the kernel's own tables.
 */
#include "bare_private.h"
#include "pl011.h"
#include <quire/boot.h>
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/tune.h>

#define GIB           (1UL << 30)
#define FDT_LIMIT     (2UL << 20)          /* as Linux's boot protocol promises             */
#define DEFAULT_PL011 0x09000000UL         /* of QEMU's virt, for words about a broken tree */
#define BLOCK_DEVICE  0x0060000000000405UL /* 2 MiB, attribute 1, never executed     */
#define BLOCK_SIZE    (2UL << 20)

void bare_start(u64 fdt_pa, u64 image_at) __noreturn;

extern u64 bare_early_console[];

/* The early tables have a place for the 2 MiB around the console's registers. */
static void __init early_console(phys_addr_t pa)
{
	bare_early_console[0] = (pa & ~(BLOCK_SIZE - 1)) | BLOCK_DEVICE;
	__asm__ volatile("dsb ishst\n\ttlbi vmalle1\n\tdsb ish\n\tisb" : : : "memory");
	pl011_at((volatile char *)BARE_CONSOLE_VIRT + pa % BLOCK_SIZE);
	serial_init();
}

/* How much the early tables show of what begins at pa: to the end of its GiB, if it is there at all. */
static size_t __init early_reach(phys_addr_t pa)
{
	if (pa >> 39 != bare_image_pa(bare_text_start) >> 39 || pa & 7)
		return 0;
	return (size_t)min(FDT_LIMIT, GIB - pa % GIB);
}

static void __init read_tree(phys_addr_t pa)
{
	const char *why = bare_fdt_read(port_phys_to_virt(pa), early_reach(pa));

	early_console(bare_machine.uart.size ? bare_machine.uart.base : DEFAULT_PL011);
	if (why)
		quire_panic("the device tree at %lx cannot be used: %s\n", (unsigned long)pa, why);
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(u64 fdt_pa, u64 image_at)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];

	bare_boot.entry_ticks = bare_ticks();
	bare_record_image(image_at);
	bare_cpu_init(0);
	boot_thread.kstack_top = (u64)early_stack_top;
	bare_set_current(&boot_thread);
	read_tree(fdt_pa);
	bare_log_quiet(bare_cmdline_has("quiet"));
	/* Boot memory comes from what the early tables show. */
	memblock_set_current_limit((image_at | (GIB - 1)) + 1);
	bare_fdt_memory(fdt_pa);
	frames_parse_cmdline(bare_boot.cmdline);
	reserve_mem_parse_cmdline(bare_boot.cmdline);
	bare_clock_init();
	bare_tlb_init();
	kernel_main(&bare_boot);
}

/* quire_start() has built the kernel's tables: leave the early ones. */
void __init bare_after_tables(void)
{
	phys_addr_t console = bare_machine.uart.size ? bare_machine.uart.base : DEFAULT_PL011;

	bare_map_console(BARE_CONSOLE_VIRT, PAGE_ALIGN_DOWN(console));
	BARE_WRITE(ttbr1_el1, maps_kernel_root());
	isb();
	port_load_root(maps_kernel_root());
	__asm__ volatile("tlbi vmalle1\n\tdsb nsh\n\tisb" : : : "memory");
	pl011_at((volatile char *)BARE_CONSOLE_VIRT + console % PAGE_SIZE);
	memblock_set_current_limit(~0ULL);
}
