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
#include <quire/init.h>
#include <quire/ioport.h>
#include <quire/memblock.h>
#include <quire/memmap.h>
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

static struct quire_memmap_entry map[MAX_MAP] __initdata;

/* [pa, pa + size) as the early tables show it; NULL: they do not reach it. */
const void *__init bare_early(u64 pa, u64 size)
{
	if (!pa || size > EARLY_LIMIT || pa > EARLY_LIMIT - size)
		return NULL;
	return port_phys_to_virt(pa);
}

static void __init read_cmdline(u64 pa)
{
	for (size_t i = 0; i + 1 < sizeof(bare_boot.cmdline); i++) {
		const char *c = bare_early(pa + i, 1);

		if (!c || !*c)
			return;
		bare_boot.cmdline[i] = *c;
	}
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
	bare_boot.map_entries = (unsigned)n;
	if (quire_memmap_add(map, n, why, sizeof(why)))
		quire_panic("memory map: %s\n", why);
}

static void __init read_modules(const struct hvm_start_info *info)
{
	u32 n = info->nr_modules < MAX_MODULES ? info->nr_modules : MAX_MODULES;
	const struct hvm_module *m = bare_early(info->modlist_paddr, n * sizeof(*m));

	/* The first module is the initial RAM disk. */
	if (n && m)
		bare_record_initrd(m->paddr, m->size);
}

/* On the early stack with the early tables, interrupts off. */
void __init bare_start(u64 info_pa)
{
	static struct bare_thread boot_thread;
	extern char early_stack_top[];
	const struct hvm_start_info *info = bare_early(info_pa, sizeof(*info));

	bare_boot.entry_ticks = bare_ticks();
	serial_init();
	bare_cpu_init(0);
	boot_thread.kstack_top = (u64)early_stack_top;
	bare_set_current(&boot_thread);
	if (!info || info->magic != HVM_MAGIC)
		quire_panic("not started by a PVH loader\n");
	if (!bare_feature.nx)
		quire_panic("this CPU cannot mark pages as not executable\n");
	bare_record_image((phys_addr_t)(unsigned long)bare_text_start - BARE_IMAGE_VIRT);
	read_cmdline(info->cmdline_paddr);
	bare_log_quiet(bare_cmdline_has("quiet"));
	memblock_set_current_limit(BOOT_LIMIT);
	read_map(info);
	bare_reserve(0, PAGE_SIZE);
	bare_reserve(bare_boot.image.text_start, bare_boot.image_end - bare_boot.image.text_start);
	read_modules(info);
	bare_record_resources(map, bare_boot.map_entries);
	frames_parse_cmdline(bare_boot.cmdline);
	bare_numa_init(info->rsdp_paddr);
	reserve_mem_parse_cmdline(bare_boot.cmdline);
	bare_clock_init();
	kernel_main(&bare_boot);
}

/* quire_start() has built the kernel's tables: leave the early ones. */
void __init bare_after_tables(void)
{
	bare_tlb_init();
	memblock_set_current_limit(~0ULL);
}
