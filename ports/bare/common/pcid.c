/* SPDX-License-Identifier: MIT */
/*
 * pcid.c - pcid.h's decisions.
 *
 *   the space is       loaded                     not loaded
 *   few pages          INVLPG each                INVPCID of each address
 *   many               MOV CR3, bit 63 clear      INVPCID of the space
 *
 * INVLPG and MOV CR3 are the cheaper ones, and reach only what is loaded.
 * Lock: none.
 */
#include "pcid.h"

static bool is_few(unsigned long start, unsigned long end)
{
	return end - start <= FLUSH_ALL_ABOVE * PAGE_SIZE;
}

/* A generation's flush comes after the load: whatever is read between the two, through what is to be forgotten, is
 * forgotten with it; before the load the root of the last space, whose number may be given away, would be there to
 * read from. */
void pcid_load_root(phys_addr_t root, struct asid_switch to)
{
	pcid_write_cr3(root | to.asid | (to.flush ? 0 : CR3_KEEP));
	if (to.flush)
		pcid_invpcid(INVPCID_ALL, 0, 0);
}

static void flush_loaded(u64 cr3, unsigned long start, unsigned long end)
{
	if (!is_few(start, end))
		pcid_write_cr3(cr3);
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			pcid_invlpg(at);
}

void pcid_flush(unsigned asid, unsigned long start, unsigned long end)
{
	u64 cr3 = pcid_read_cr3();

	if (asid == ASID_NOBODY)
		return; /* it never ran, or its number is gone and each CPU flushes first */
	if ((cr3 & CR3_PCID) == asid)
		flush_loaded(cr3, start, end);
	else if (!is_few(start, end))
		pcid_invpcid(INVPCID_SPACE, asid, 0);
	else
		for (unsigned long at = start; at < end; at += PAGE_SIZE)
			pcid_invpcid(INVPCID_ADDRESS, asid, at);
}

/* INVLPG finds global translations whatever is loaded.  But upper entries are never global: each number has its own
 * memory of the way to a kernel's table, which may be another table's frame soon. */
void pcid_flush_kernel(unsigned long start, unsigned long end)
{
	if (start >= end)
		return;
	if (!is_few(start, end)) {
		pcid_invpcid(INVPCID_ALL_AND_GLOBALS, 0, 0);
		return;
	}
	for (unsigned long at = start; at < end; at += PAGE_SIZE)
		pcid_invlpg(at);
	pcid_invpcid(INVPCID_ALL, 0, 0);
}
