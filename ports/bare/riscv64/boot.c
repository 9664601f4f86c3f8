/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code behind the MMU: the early console, and the device tree as far as the early tables show it
 * (../common/fdt_boot.c reads it); and the way over to the kernel's own tables.
 */
#include "bare_private.h"
#include "ns16550.h"
#include <quire/boot.h>
#include <quire/init.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/tune.h>

#define FDT_LIMIT       (2UL << 20)
#define FINISHER_VIRT   (BARE_CONSOLE_VIRT + 2 * PAGE_SIZE)
#define DEFAULT_NS16550 0x10000000UL /* of QEMU's virt, for words about a broken tree */

void bare_start(phys_addr_t fdt_pa, phys_addr_t image_at, unsigned hart) __noreturn;

static phys_addr_t __init console(void)
{
	return bare_machine.uart.size ? bare_machine.uart.base : DEFAULT_NS16550;
}

/* The early tables have an entry for the GiB around the console's registers. */
static void __init early_console(phys_addr_t image_at)
{
	u64 *entry = (u64 *)((unsigned long)bare_early_console - image_at +
			     (unsigned long)bare_text_start);

	*entry = bare_entry(console() & ~(GIB - 1), RV_RW);
	bare_entries_done();
	ns16550_at((volatile char *)BARE_CONSOLE_VIRT + console() % GIB, bare_machine.uart_shift);
	serial_init();
}

/* How much the early tables show of what begins at pa: to the end of its GiB, if it is there at all. */
static size_t __init early_reach(phys_addr_t pa)
{
	if (pa >= PORT_VMALLOC_START - PAGE_OFFSET || pa & 7)
		return 0;
	return (size_t)min(FDT_LIMIT, GIB - pa % GIB);
}

static void __init read_tree(phys_addr_t pa, phys_addr_t image_at)
{
	const char *why = bare_fdt_read(port_phys_to_virt(pa), early_reach(pa));

	early_console(image_at);
	if (why)
		quire_panic("the device tree at %lx cannot be used: %s\n", (unsigned long)pa, why);
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(phys_addr_t fdt_pa, phys_addr_t image_at, unsigned hart)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];

	bare_cpu_init(0, hart);
	bare_boot.entry_ticks = bare_ticks();
	bare_record_image(image_at);
	boot_thread.kstack_top = (u64)early_stack_top;
	bare_set_current(&boot_thread);
	read_tree(fdt_pa, image_at);
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
	phys_addr_t registers = console();

	bare_map_registers(BARE_CONSOLE_VIRT, PAGE_ALIGN_DOWN(registers));
	if (bare_machine.finisher.size)
		bare_map_registers(FINISHER_VIRT, PAGE_ALIGN_DOWN(bare_machine.finisher.base));
	port_load_root(maps_kernel_root());
	bare_entries_done();
	ns16550_at((volatile char *)BARE_CONSOLE_VIRT + registers % PAGE_SIZE,
		   bare_machine.uart_shift);
	if (bare_machine.finisher.size)
		bare_finisher_at((volatile char *)FINISHER_VIRT +
				 bare_machine.finisher.base % PAGE_SIZE);
	memblock_set_current_limit(~0ULL);
}
