/* SPDX-License-Identifier: MIT */
/*
 * boot.c - the first C code: what the loader left in memory, turned into memblock's lists.
 *
 *   hvm_start_info -> memory map  -> quire_memmap_add()
 *                  -> initrd      -> memblock_reserve()
 *                  -> command line
 *   the image itself, page 0      -> memblock_reserve()
 *
 *   ACPI's SRAT and SLIT           -> numa.c
 *
 * Nothing the loader wrote is trusted: addresses above the first 4 GiB (all that the early tables
 * map) are not read, and ranges may overlap anything.
 */
#include "bare_private.h"
#include "cmdline.h"
#include <quire/boot.h>
#include <quire/init.h>
#include <quire/ioport.h>
#include <quire/memblock.h>
#include <quire/printk.h>
#include <quire/tune.h>
#include <quire/bytes.h>

#define HVM_MAGIC   0x336ec578u
#define EARLY_LIMIT (4ULL << 30) /* what the early tables reach                   */
#define BOOT_LIMIT  (1ULL << 30) /* boot memory: as low as it was before they did */
#define MAX_MAP     512
#define MAX_MODULES 16

struct hvm_start_info {
	u32 magic, version, flags, nr_modules;
	u64 modlist_paddr, cmdline_paddr, rsdp_paddr;
	u64 memmap_paddr; /* version 1 and up */
	u32 memmap_entries, reserved;
};

struct hvm_module {
	u64 paddr, size, cmdline_paddr, reserved;
};

struct hvm_memmap {
	u64 addr, size;
	u32 type, reserved;
};

void bare_start(u64 info_pa) __noreturn;

static struct bare_boot boot;
static struct quire_memmap_entry map[MAX_MAP] __initdata;

/* [pa, pa + size) as the early tables show it; NULL: they do not reach it. */
const void *__init bare_early(u64 pa, u64 size)
{
	if (!pa || size > EARLY_LIMIT || pa > EARLY_LIMIT - size)
		return NULL;
	return port_phys_to_virt(pa);
}

static phys_addr_t __init image_pa(const char *at)
{
	return (phys_addr_t)(unsigned long)at - BARE_IMAGE_VIRT;
}

static void __init find_image(void)
{
	boot.image = (struct maps_image){
		.text_start = image_pa(bare_text_start),
		.text_end = image_pa(bare_text_end),
		.rodata_start = image_pa(bare_rodata_start),
		.rodata_end = image_pa(bare_rodata_end),
		.data_start = image_pa(bare_data_start),
		.data_end = image_pa(bare_image_end),
		.init_start = image_pa(bare_init_start),
		.init_text_end = image_pa(bare_init_text_end),
		.init_end = image_pa(bare_init_end),
		.virt_base = (unsigned long)bare_text_start,
	};
	boot.image_end = boot.image.data_end;
}

static void __init read_cmdline(u64 pa)
{
	for (size_t i = 0; i + 1 < sizeof(boot.cmdline); i++) {
		const char *c = bare_early(pa + i, 1);

		if (!c || !*c)
			return;
		boot.cmdline[i] = *c;
	}
}

bool bare_cmdline_has(const char *word)
{
	return cmdline_has(boot.cmdline, word);
}

static void __init read_map(const struct hvm_start_info *info)
{
	const struct hvm_memmap *e;
	u64 n = info->version >= 1 ? info->memmap_entries : 0;
	char why[160];

	if (n > MAX_MAP) {
		pr_warn("memory map: %lu entries, the last %lu are ignored\n", (unsigned long)n,
			(unsigned long)(n - MAX_MAP));
		n = MAX_MAP;
	}
	e = bare_early(info->memmap_paddr, n * sizeof(*e));
	if (!n || !e)
		quire_panic("the loader gave no memory map\n");
	printk("memory map from the loader:\n");
	for (u64 i = 0; i < n; i++) {
		map[i] = (struct quire_memmap_entry){ e[i].addr, e[i].size, e[i].type, NULL };
		printk("  [%012lx-%012lx] %s\n", (unsigned long)e[i].addr,
		       (unsigned long)(e[i].addr + e[i].size - 1),
		       e[i].type == QUIRE_MEMMAP_RAM    ? "RAM"
		       : e[i].type == QUIRE_MEMMAP_ACPI ? "ACPI"
							: "reserved");
	}
	boot.map_entries = (unsigned)n;
	if (quire_memmap_add(map, n, why, sizeof(why)))
		quire_panic("memory map: %s\n", why);
}

/* What /proc/iomem calls a range that is not RAM. */
static const char *__init range_name(unsigned type)
{
	switch (type) {
	case QUIRE_MEMMAP_ACPI: return "ACPI Tables";
	case QUIRE_MEMMAP_NVS: return "ACPI Non-volatile Storage";
	case QUIRE_MEMMAP_UNUSABLE: return "Unusable memory";
	case QUIRE_MEMMAP_PMEM: return "Persistent Memory";
	default: return "Reserved";
	}
}

static void __init add_range(struct resource *r, phys_addr_t start, phys_addr_t end,
			     const char *name)
{
	*r = (struct resource){
		.start = start, .end = end - 1, .name = name, .flags = IORESOURCE_MEM
	};
	/* The firmware's ranges may overlap; then one of them is not shown. */
	(void)insert_resource(&iomem_resource, r);
}

/* The tree of /proc/iomem: RAM, the ranges of the map that are not, and the parts of the image. */
static void __init add_resources(void)
{
	static struct resource image[4];
	const struct maps_image *img = &boot.image;
	struct resource *r = memblock_alloc(boot.map_entries * sizeof(*r), sizeof(long));

	if (insert_memblock_resources() || !r)
		quire_panic("no memory for the list of resources\n");
	for (unsigned n = 0; n < boot.map_entries; n++)
		if (map[n].type != QUIRE_MEMMAP_RAM && map[n].size)
			add_range(r++, map[n].base, map[n].base + map[n].size,
				  range_name(map[n].type));
	add_range(&image[0], img->text_start, img->text_end, "Kernel code");
	add_range(&image[1], img->rodata_start, img->rodata_end, "Kernel rodata");
	add_range(&image[2], img->data_start, img->init_start, "Kernel data");
	add_range(&image[3], image_pa(bare_bss_start), img->data_end, "Kernel bss");
}

static void __init reserve(phys_addr_t start, phys_addr_t size)
{
	if (size && size <= ~start && memblock_reserve(start, size))
		quire_panic("no room to note that %lx is in use\n", (unsigned long)start);
}

static void __init read_modules(const struct hvm_start_info *info)
{
	u32 n = info->nr_modules < MAX_MODULES ? info->nr_modules : MAX_MODULES;
	const struct hvm_module *m = bare_early(info->modlist_paddr, n * sizeof(*m));

	if (!n || !m)
		return;
	/* The first module is the initial RAM disk. */
	if (m->size == 0 || m->size > ~m->paddr || !memblock_is_region_memory(m->paddr, m->size)) {
		pr_warn("initrd [%lx, +%lx) is not in RAM: ignored\n", (unsigned long)m->paddr,
			(unsigned long)m->size);
		return;
	}
	if (m->paddr < boot.image_end && boot.image.text_start < m->paddr + m->size) {
		pr_warn("initrd [%lx, +%lx) lies over the kernel: ignored\n",
			(unsigned long)m->paddr, (unsigned long)m->size);
		return;
	}
	boot.initrd_start = m->paddr;
	boot.initrd_end = m->paddr + m->size;
	reserve(PAGE_ALIGN_DOWN(m->paddr), PAGE_ALIGN(boot.initrd_end) - PAGE_ALIGN_DOWN(m->paddr));
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(u64 info_pa)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];
	const struct hvm_start_info *info = bare_early(info_pa, sizeof(*info));

	boot.entry_ticks = bare_ticks();
	serial_init();
	bare_cpu_init(0);
	boot_thread.kstack_top = (u64)early_stack_top;
	bare_set_current(&boot_thread);
	if (!info || info->magic != HVM_MAGIC)
		quire_panic("not started by a PVH loader\n");
	if (!bare_feature.nx)
		quire_panic("this CPU cannot mark pages as not executable\n");
	find_image();
	read_cmdline(info->cmdline_paddr);
	bare_log_quiet(bare_cmdline_has("quiet"));
	memblock_set_current_limit(BOOT_LIMIT);
	read_map(info);
	reserve(0, PAGE_SIZE);
	reserve(boot.image.text_start, boot.image_end - boot.image.text_start);
	read_modules(info);
	add_resources();
	frames_parse_cmdline(boot.cmdline);
	bare_numa_init(info->rsdp_paddr);
	reserve_mem_parse_cmdline(boot.cmdline);
	bare_clock_init();
	kernel_main(&boot);
}

/* quire_start() has built the kernel's tables: leave the early ones. */
void __init bare_after_tables(void)
{
	port_load_root(maps_kernel_root());
	memblock_set_current_limit(~0ULL);
}
