/* SPDX-License-Identifier: MIT */
/* maps/formats/explain.c - an entry of any format, in words. */
#include <quire/printk.h>
#include "maps/formats/format.h"

static bool entry_is_leaf(const struct pt_format *f, unsigned level, pte_t e)
{
	if (level + 1u == f->levels)
		return true;
	return (f->leaf_levels >> level & 1) && (e & f->large);
}

size_t pt_explain(const struct pt_format *f, unsigned level, pte_t e, char *buf, size_t size)
{
	unsigned long long pa = e & f->pfn_mask;

	if (level >= f->levels)
		return (size_t)quire_snprintf(buf, size, "%s has no level %u", f->name, level);
	if ((e & (f->present | f->protnone | f->special)) == f->special)
		return (size_t)quire_snprintf(buf, size, "page at 0x%llx is being moved", pa);
	if (!(e & f->present))
		return (size_t)quire_snprintf(buf, size, "not present (software value 0x%llx)",
					      (unsigned long long)e);
	if (!entry_is_leaf(f, level, e))
		return (size_t)quire_snprintf(buf, size, "table at 0x%llx", pa);
	return (size_t)quire_snprintf(
		buf, size, "page of %llu KiB at 0x%llx %s%s%s %s%s%s%s%s",
		(1ULL << f->shift[level]) >> 10, pa & ~((1ULL << f->shift[level]) - 1), "r",
		e & f->write ? "w" : "-", e & f->noexec ? "-" : "x",
		e & f->user ? "user" : "kernel", e & f->global ? " global" : "",
		e & f->uncached ? " uncached" : "", e & f->accessed ? " accessed" : "",
		e & f->dirty ? " dirty" : "");
}
