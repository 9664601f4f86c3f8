/* SPDX-License-Identifier: MIT */
/*
 * maps/vmallocinfo.c - what lies where among the kernel's run-time addresses, in words.
 *
 *   tree of areas ─ one at a time, copied ─> a line of /proc/vmallocinfo        a fault's address ─> words
 *
 * Always true:  no lock is held while text goes out: its reader may need memory, vmalloc's even.
 * Lock:         maps.lock, for one area at a time.
 */
#include <quire/bytes.h>
#include <quire/layout.h>
#include <quire/printk.h>
#include "maps/area.h"

/* What is printed of an area. */
struct copy {
	unsigned long start, end;
	const void *caller;
	phys_addr_t phys;
	unsigned nr_pages, on_node[QUIRE_NR_NODES];
	u8 kind;
	bool user, vpages;
};

static void count_nodes(const struct vm_area *area, struct copy *copy)
{
	memset(copy->on_node, 0, sizeof(copy->on_node));
	for (unsigned i = 0; i < copy->nr_pages; i++)
		copy->on_node[page_to_nid(area->pages[i])]++;
}

/* What the area at or above `addr` says of itself; false: there is none. */
static bool copy_area_at(unsigned long addr, struct copy *copy)
{
	const struct vm_area *area;

	spin_lock(&maps.lock);
	area = area_of(range_find(&maps.areas, addr));
	if (area) {
		copy->start = area->range.start;
		copy->end = area->range.end;
		copy->kind = area->kind;
		copy->caller = area->caller;
		copy->user = area->kind == VM_KIND_VMALLOC && area->user;
		copy->phys = area->kind == VM_KIND_IOREMAP ? area->phys : 0;
		copy->nr_pages = area->kind == VM_KIND_VMALLOC ? area->nr_pages : 0;
		copy->vpages = copy->nr_pages && is_vmalloc_addr(area->pages);
		count_nodes(area, copy);
	}
	spin_unlock(&maps.lock);
	return area;
}

static void show_area(struct seq_out *out, const struct copy *copy)
{
	static const char *const kind[] = {
		[VM_KIND_VMALLOC] = "vmalloc",       [VM_KIND_VMAP] = "vmap",
		[VM_KIND_IOREMAP] = "ioremap",       [VM_KIND_RAM] = "vm_map_ram",
		[VM_KIND_BLOCK] = "vm_map_ram",      [VM_KIND_DYING] = "unpurged vm_area",
		[VM_KIND_LAZY] = "unpurged vm_area", [VM_KIND_PURGING] = "unpurged vm_area",
	};

	seq_printf(out, "0x%0*lx-0x%0*lx %7lu", (int)sizeof(long) * 2, copy->start,
		   (int)sizeof(long) * 2, copy->end, copy->end - copy->start);
	if (copy->kind < VM_KIND_RAM)
		seq_printf(out, " 0x%lx", (unsigned long)copy->caller);
	if (copy->kind == VM_KIND_VMALLOC)
		seq_printf(out, " pages=%u", copy->nr_pages);
	if (copy->kind == VM_KIND_IOREMAP)
		seq_printf(out, " phys=0x%016llx", (unsigned long long)copy->phys);
	seq_printf(out, " %s%s%s", kind[copy->kind], copy->user ? " user" : "",
		   copy->vpages ? " vpages" : "");
	for (unsigned nid = 0; nid < QUIRE_NR_NODES; nid++)
		if (copy->on_node[nid])
			seq_printf(out, " N%u=%u", nid, copy->on_node[nid]);
	seq_putc(out, '\n');
}

void show_vmallocinfo(struct seq_out *out)
{
	unsigned long at = 0;
	struct copy copy;

	for (; copy_area_at(at, &copy); at = copy.end)
		show_area(out, &copy);
}

static void explain_area(const struct vm_area *area, unsigned long addr, char *buf, size_t size)
{
	unsigned long start = area->range.start, end = area_guard(area);

	quire_snprintf(buf, size, "%s%svmalloc area 0x%lx-0x%lx",
		       addr >= end ? "guard page behind " : "",
		       area->kind >= VM_KIND_DYING ? "freed " : "", start, end);
}

void maps_explain(unsigned long addr, char *buf, size_t size)
{
	const struct vm_area *area;

	if (!is_vmalloc_or_module_addr((void *)addr)) {
		maps_name(addr, buf, size);
		return;
	}
	area = area_of(range_find(&maps.areas, addr));
	if (area && addr >= area->range.start)
		explain_area(area, addr, buf, size);
	else
		quire_snprintf(buf, size, "a hole of %s below 0x%lx",
			       is_vmalloc_addr((void *)addr) ? "the vmalloc area" : "the modules",
			       area ? area->range.start : 0UL);
}
