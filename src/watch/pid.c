/* SPDX-License-Identifier: MIT */
/*
 * watch/pid.c - /proc/PID/maps, smaps, smaps_rollup, statm and the memory lines of status
 * (proc(5)).
 *
 * Lock:  mmap_lock for reading; ptl per table while it is looked at.
 */
#include <quire/bytes.h>
#include <quire/watch.h>
#include "maps/maps.h"
#include "spaces/spaces.h"

#define NAME_COLUMN (25 + (int)sizeof(void *) * 6)
#define KB(pages)   ((unsigned long)(pages) << (PAGE_SHIFT - 10))

static void show_flags(struct seq_out *out, unsigned long f)
{
	seq_printf(out, " %c%c%c%c ", f & VM_READ ? 'r' : '-', f & VM_WRITE ? 'w' : '-',
		   f & VM_EXEC ? 'x' : '-', f & VM_MAYSHARE ? 's' : 'p');
}

static const char *area_name(struct vm_area_struct *vma)
{
	const struct mm_struct *mm = vma->vm_mm;

	if (vma->vm_ops && vma->vm_ops->name)
		return vma->vm_ops->name(vma);
	if (vma->vm_file)
		return NULL;
	if (vma->vm_start < mm->brk && vma->vm_end > mm->start_brk)
		return "[heap]";
	if (vma->vm_start <= mm->start_stack && vma->vm_end >= mm->start_stack)
		return "[stack]";
	return NULL;
}

static void pad_to_name(struct seq_out *out, size_t line_start)
{
	while (out->count - line_start < (size_t)NAME_COLUMN && !out->error)
		seq_putc(out, ' ');
}

static void show_map_line(struct seq_out *out, struct vm_area_struct *vma)
{
	struct file_identity id = { 0, 0, 0 };
	unsigned long long offset = 0;
	size_t line_start = out->count;
	const char *name = area_name(vma);

	if (vma->vm_file) {
		vma->vm_file->f_op->identify(vma->vm_file, &id);
		offset = (unsigned long long)vma->vm_pgoff << PAGE_SHIFT;
	}
	seq_printf(out, "%08lx-%08lx", vma->vm_start, vma->vm_end);
	show_flags(out, vma->vm_flags);
	seq_printf(out, "%08llx %02x:%02x %lu ", offset, id.dev_major, id.dev_minor, id.ino);
	if (vma->vm_file) {
		char path[256];
		size_t n = vma->vm_file->f_op->path(vma->vm_file, path, sizeof(path));

		pad_to_name(out, line_start);
		seq_write(out, path, n);
	} else if (name) {
		pad_to_name(out, line_start);
		seq_puts(out, name);
	}
	seq_putc(out, '\n');
}

void show_pid_maps(struct seq_out *out, struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	for (vma = vma_first(mm); vma; vma = vma_next(vma))
		show_map_line(out, vma);
	up_read(&mm->mmap_lock);
}

/* ---- smaps ----------------------------------------------------------------------------------- */
/* Bytes; pss values have PSS_SHIFT more bits, so that shares of a page add up. */
#define PSS_SHIFT 12
struct smaps {
	unsigned long rss, shared_clean, shared_dirty, private_clean, private_dirty, referenced,
		anonymous, locked;
	u64 pss, pss_dirty, pss_anon, pss_file, pss_shmem;
};

static void add_page(struct smaps *s, const struct vm_area_struct *vma, const struct page *page,
		     pte_t e)
{
	unsigned count = (unsigned)max(page_mapcount(page), 1);
	bool dirty = pte_dirty(e) || PageFlag(page, PG_dirty), shared = count > 1;
	u64 pss = ((u64)PAGE_SIZE << PSS_SHIFT) / count;

	s->rss += PAGE_SIZE;
	s->pss += pss;
	if (PageFlag(page, PG_anon)) {
		s->anonymous += PAGE_SIZE;
		s->pss_anon += pss;
	} else if (PageFlag(page, PG_swapbacked)) {
		s->pss_shmem += pss;
	} else {
		s->pss_file += pss;
	}
	if (e & PTE_ACCESSED)
		s->referenced += PAGE_SIZE;
	if (dirty)
		s->pss_dirty += pss;
	if (shared)
		*(dirty ? &s->shared_dirty : &s->shared_clean) += PAGE_SIZE;
	else
		*(dirty ? &s->private_dirty : &s->private_clean) += PAGE_SIZE;
	if (vma->vm_flags & VM_LOCKED)
		s->locked += (unsigned long)(pss >> PSS_SHIFT);
}

static void add_table(struct vm_area_struct *vma, pt_entry *pte, unsigned long addr,
		      unsigned long to, void *arg)
{
	for (; addr < to; addr += PAGE_SIZE, pte++) {
		pte_t e = pte_read(pte);

		/* A page on the move belongs to the area as before. */
		if (pte_migration(e) || (pte_present(e) && !pte_special(e)))
			add_page(arg, vma, pte_page(e), e);
	}
}

static void kb(struct seq_out *out, const char *name, unsigned long bytes)
{
	seq_printf(out, "%-16s%8lu kB\n", name, bytes >> 10);
}

static void kb_pss(struct seq_out *out, const char *name, u64 pss)
{
	kb(out, name, (unsigned long)(pss >> PSS_SHIFT));
}

static void show_smap(struct seq_out *out, const struct smaps *s, bool rollup)
{
	kb(out, "Rss:", s->rss);
	kb_pss(out, "Pss:", s->pss);
	kb_pss(out, "Pss_Dirty:", s->pss_dirty);
	if (rollup) {
		kb_pss(out, "Pss_Anon:", s->pss_anon);
		kb_pss(out, "Pss_File:", s->pss_file);
		kb_pss(out, "Pss_Shmem:", s->pss_shmem);
	}
	kb(out, "Shared_Clean:", s->shared_clean);
	kb(out, "Shared_Dirty:", s->shared_dirty);
	kb(out, "Private_Clean:", s->private_clean);
	kb(out, "Private_Dirty:", s->private_dirty);
	kb(out, "Referenced:", s->referenced);
	kb(out, "Anonymous:", s->anonymous);
	kb(out, "KSM:", 0);
	kb(out, "LazyFree:", 0);
	kb(out, "AnonHugePages:", 0);
	kb(out, "ShmemPmdMapped:", 0);
	kb(out, "FilePmdMapped:", 0);
	kb(out, "Shared_Hugetlb:", 0);
	kb(out, "Private_Hugetlb:", 0);
	kb(out, "Swap:", 0);
	kb(out, "SwapPss:", 0);
	kb(out, "Locked:", s->locked);
}

static void show_vm_flags(struct seq_out *out, unsigned long flags)
{
	static const struct {
		unsigned long flag;
		char name[3];
	} names[] = {
		{ VM_READ, "rd" },       { VM_WRITE, "wr" },       { VM_EXEC, "ex" },
		{ VM_SHARED, "sh" },     { VM_MAYREAD, "mr" },     { VM_MAYWRITE, "mw" },
		{ VM_MAYEXEC, "me" },    { VM_MAYSHARE, "ms" },    { VM_GROWSDOWN, "gd" },
		{ VM_PFNMAP, "pf" },     { VM_LOCKED, "lo" },      { VM_IO, "io" },
		{ VM_SEQ_READ, "sr" },   { VM_RAND_READ, "rr" },   { VM_DONTCOPY, "dc" },
		{ VM_DONTEXPAND, "de" }, { VM_LOCKONFAULT, "lf" }, { VM_ACCOUNT, "ac" },
		{ VM_NORESERVE, "nr" },  { VM_WIPEONFORK, "wf" },  { VM_DONTDUMP, "dd" },
		{ VM_MIXEDMAP, "mm" },   { VM_HUGEPAGE, "hg" },    { VM_NOHUGEPAGE, "nh" },
	};
	unsigned i;

	seq_puts(out, "VmFlags: ");
	for (i = 0; i < ARRAY_SIZE(names); i++)
		if (flags & names[i].flag)
			seq_printf(out, "%s ", names[i].name);
	seq_putc(out, '\n');
}

void show_pid_smaps(struct seq_out *out, struct mm_struct *mm)
{
	struct vm_area_struct *vma;

	down_read(&mm->mmap_lock);
	for (vma = vma_first(mm); vma; vma = vma_next(vma)) {
		struct smaps s = { 0 };

		for_each_pte_range(vma, vma->vm_start, vma->vm_end, add_table, &s);
		show_map_line(out, vma);
		kb(out, "Size:", vma->vm_end - vma->vm_start);
		kb(out, "KernelPageSize:", PAGE_SIZE);
		kb(out, "MMUPageSize:", PAGE_SIZE);
		show_smap(out, &s, false);
		seq_puts(out, "THPeligible:           0\n");
		show_vm_flags(out, vma->vm_flags);
	}
	up_read(&mm->mmap_lock);
}

void show_pid_smaps_rollup(struct seq_out *out, struct mm_struct *mm)
{
	struct smaps s = { 0 };
	struct vm_area_struct *vma, *first, *last;
	size_t line_start = out->count;

	down_read(&mm->mmap_lock);
	first = vma_first(mm);
	last = vma_of_range(mm->areas.last);
	for (vma = first; vma; vma = vma_next(vma))
		for_each_pte_range(vma, vma->vm_start, vma->vm_end, add_table, &s);
	seq_printf(out, "%08lx-%08lx ---p 00000000 00:00 0 ", first ? first->vm_start : 0,
		   last ? last->vm_end : 0);
	pad_to_name(out, line_start);
	seq_puts(out, "[rollup]\n");
	up_read(&mm->mmap_lock);
	show_smap(out, &s, true);
}

/* ---- statm, status --------------------------------------------------------------------------- */
static unsigned long text_pages(const struct mm_struct *mm)
{
	return (PAGE_ALIGN(mm->end_code) - (mm->start_code & PAGE_MASK)) >> PAGE_SHIFT;
}

void show_pid_statm(struct seq_out *out, struct mm_struct *mm)
{
	unsigned long shared = get_mm_counter(mm, MM_FILEPAGES) + get_mm_counter(mm, MM_SHMEMPAGES);

	seq_printf(out, "%lu %lu %lu %lu 0 %lu 0\n", mm->total_vm, get_mm_rss(mm), shared,
		   text_pages(mm), mm->data_vm + mm->stack_vm);
}

static void status_kb(struct seq_out *out, const char *name, unsigned long value)
{
	seq_printf(out, "%s\t%8lu kB\n", name, value);
}

void show_pid_status_mem(struct seq_out *out, struct mm_struct *mm)
{
	unsigned long rss = get_mm_rss(mm), text = text_pages(mm);
	unsigned long lib = mm->exec_vm > text ? mm->exec_vm - text : 0;

	status_kb(out, "VmPeak:", KB(max(mm->hiwater_vm, mm->total_vm)));
	status_kb(out, "VmSize:", KB(mm->total_vm));
	status_kb(out, "VmLck:", KB(mm->locked_vm));
	status_kb(out, "VmPin:", 0);
	status_kb(out, "VmHWM:", KB(max(mm->hiwater_rss, rss)));
	status_kb(out, "VmRSS:", KB(rss));
	status_kb(out, "RssAnon:", KB(get_mm_counter(mm, MM_ANONPAGES)));
	status_kb(out, "RssFile:", KB(get_mm_counter(mm, MM_FILEPAGES)));
	status_kb(out, "RssShmem:", KB(get_mm_counter(mm, MM_SHMEMPAGES)));
	status_kb(out, "VmData:", KB(mm->data_vm));
	status_kb(out, "VmStk:", KB(mm->stack_vm));
	status_kb(out, "VmExe:", KB(text));
	status_kb(out, "VmLib:", KB(lib));
	status_kb(out, "VmPTE:", (unsigned long)atomic_long_read(&mm->pgtables_bytes) >> 10);
	status_kb(out, "VmSwap:", 0);
	status_kb(out, "HugetlbPages:", 0);
}
