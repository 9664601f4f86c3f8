/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code: what the loader left in memory, turned into memblock's lists.
 *
 *   device tree -> memory nodes            -> quire_memmap_add()
 *               -> reserved-memory, itself -> memblock_reserve()
 *               -> chosen: initrd          -> memblock_reserve()
 *               -> chosen: bootargs        -> command line
 *               -> PL011, PL031, GIC, PSCI -> bare_machine
 *   the image itself                       -> memblock_reserve()
 *
 * Nothing in the tree is trusted (fdt.c), and ranges may overlap anything.
 */
#include "bare_private.h"
#include "cmdline.h"
#include "pl011.h"
#include <quire/boot.h>
#include <quire/bytes.h>
#include <quire/init.h>
#include <quire/ioport.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/tune.h>

#define GIB           (1UL << 30)
#define FDT_LIMIT     (2UL << 20)          /* as Linux's boot protocol promises             */
#define DEFAULT_PL011 0x09000000UL         /* of QEMU's virt, for words about a broken tree */
#define BLOCK_DEVICE  0x0060000000000405UL /* 2 MiB, attribute 1, never executed     */
#define BLOCK_SIZE    (2UL << 20)

void bare_start(u64 fdt_pa, u64 image_at) __noreturn;

struct fdt_machine bare_machine;
static struct bare_boot boot;
static phys_addr_t image_base; /* where bare_text_start was loaded */
static struct quire_memmap_entry map[FDT_MAX_MEM] __initdata;
extern u64 bare_early_console[];

phys_addr_t bare_image_pa(const void *at)
{
	return (phys_addr_t)((unsigned long)at - (unsigned long)bare_text_start) + image_base;
}

static void __init find_image(void)
{
	boot.image = (struct maps_image){
		.text_start = bare_image_pa(bare_text_start),
		.text_end = bare_image_pa(bare_text_end),
		.rodata_start = bare_image_pa(bare_rodata_start),
		.rodata_end = bare_image_pa(bare_rodata_end),
		.data_start = bare_image_pa(bare_data_start),
		.data_end = bare_image_pa(bare_image_end),
		.init_start = bare_image_pa(bare_init_start),
		.init_text_end = bare_image_pa(bare_init_text_end),
		.init_end = bare_image_pa(bare_init_end),
		.virt_base = (unsigned long)bare_text_start,
	};
	boot.image_end = boot.image.data_end;
}

bool bare_cmdline_has(const char *word)
{
	return cmdline_has(boot.cmdline, word);
}

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
	if (pa >> 39 != image_base >> 39 || pa & 7)
		return 0;
	return (size_t)min(FDT_LIMIT, GIB - pa % GIB);
}

static void __init read_tree(phys_addr_t pa)
{
	const char *why = early_reach(pa)
				  ? fdt_read(port_phys_to_virt(pa), early_reach(pa), &bare_machine)
				  : "it is out of reach";

	early_console(bare_machine.uart.size ? bare_machine.uart.base : DEFAULT_PL011);
	if (why)
		quire_panic("the device tree at %lx cannot be used: %s\n", (unsigned long)pa, why);
	if (bare_machine.bootargs)
		quire_snprintf(boot.cmdline, sizeof(boot.cmdline), "%s", bare_machine.bootargs);
	bare_machine.bootargs = NULL; /* the tree is not kept mapped */
}

static void __init read_map(void)
{
	const struct fdt_machine *m = &bare_machine;
	char why[160];

	printk("memory map from the device tree:\n");
	for (unsigned i = 0; i < m->nr_mem; i++) {
		map[i] = (struct quire_memmap_entry){ m->mem[i].base, m->mem[i].size,
						      QUIRE_MEMMAP_RAM, NULL };
		printk("  [%012lx-%012lx] RAM\n", (unsigned long)m->mem[i].base,
		       (unsigned long)(m->mem[i].base + m->mem[i].size - 1));
	}
	boot.map_entries = m->nr_mem;
	if (quire_memmap_add(map, m->nr_mem, why, sizeof(why)))
		quire_panic("memory map: %s\n", why);
}

static void __init reserve(phys_addr_t start, phys_addr_t size)
{
	phys_addr_t from = PAGE_ALIGN_DOWN(start);

	if (size && memblock_reserve(from, PAGE_ALIGN(start + size) - from))
		quire_panic("no room to note that %lx is in use\n", (unsigned long)start);
}

static void __init read_reserved(void)
{
	const struct fdt_machine *m = &bare_machine;

	for (unsigned i = 0; i < m->nr_reserved; i++) {
		const struct fdt_range *r = &m->reserved[i];

		printk("  [%012lx-%012lx] reserved%s\n", (unsigned long)r->base,
		       (unsigned long)(r->base + r->size - 1), m->no_map[i] ? ", no-map" : "");
		reserve(r->base, r->size);
		if (m->no_map[i] && memblock_mark_nomap(r->base, r->size))
			quire_panic("no room to note that %lx is not to be mapped\n",
				    (unsigned long)r->base);
	}
}

static void __init read_initrd(void)
{
	u64 start = bare_machine.initrd_start, size = bare_machine.initrd_end - start;

	if (!size)
		return;
	if (!memblock_is_region_memory(start, size)) {
		pr_warn("initrd [%lx, +%lx) is not in RAM: ignored\n", (unsigned long)start,
			(unsigned long)size);
		return;
	}
	if (start < boot.image_end && boot.image.text_start < start + size) {
		pr_warn("initrd [%lx, +%lx) lies over the kernel: ignored\n", (unsigned long)start,
			(unsigned long)size);
		return;
	}
	boot.initrd_start = start;
	boot.initrd_end = start + size;
	reserve(start, size);
}

static void __init add_range(struct resource *r, phys_addr_t start, phys_addr_t end,
			     const char *name)
{
	*r = (struct resource){
		.start = start, .end = end - 1, .name = name, .flags = IORESOURCE_MEM
	};
	/* Ranges may overlap; then one of them is not shown. */
	(void)insert_resource(&iomem_resource, r);
}

/* The tree of /proc/iomem: RAM and the parts of the image. */
static void __init add_resources(void)
{
	static struct resource image[4];
	const struct maps_image *img = &boot.image;

	if (insert_memblock_resources())
		quire_panic("no memory for the list of resources\n");
	add_range(&image[0], img->text_start, img->text_end, "Kernel code");
	add_range(&image[1], img->rodata_start, img->rodata_end, "Kernel rodata");
	add_range(&image[2], img->data_start, img->init_start, "Kernel data");
	add_range(&image[3], bare_image_pa(bare_bss_start), img->data_end, "Kernel bss");
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(u64 fdt_pa, u64 image_at)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];

	boot.entry_ticks = bare_ticks();
	image_base = image_at;
	bare_cpu_init(0);
	boot_thread.kstack_top = (u64)early_stack_top;
	bare_set_current(&boot_thread);
	find_image();
	read_tree(fdt_pa);
	bare_log_quiet(bare_cmdline_has("quiet"));
	/* Boot memory comes from what the early tables show. */
	memblock_set_current_limit((image_base | (GIB - 1)) + 1);
	read_map();
	reserve(boot.image.text_start, boot.image_end - boot.image.text_start);
	reserve(fdt_pa, bare_machine.size);
	read_reserved();
	read_initrd();
	add_resources();
	frames_parse_cmdline(boot.cmdline);
	reserve_mem_parse_cmdline(boot.cmdline);
	bare_clock_init();
	bare_tlb_init();
	kernel_main(&boot);
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
