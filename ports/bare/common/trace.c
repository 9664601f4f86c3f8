/* SPDX-License-Identifier: MIT */
/*
 * trace.c - who called, and where a fault that was expected goes on.
 *
 * The kernel keeps no frame pointers: whatever on the stack points behind a call in its text is taken for a return
 * address.  A few are left over from calls that have returned.
 */
#include "board.h"
#include <quire/printk.h>

static bool in_text(unsigned long at)
{
	return at > (unsigned long)bare_text_start + 8 && at <= (unsigned long)bare_text_end;
}

unsigned port_stack_trace(unsigned long *pc, unsigned n)
{
	const unsigned long *at = __builtin_frame_address(0);
	const unsigned long *end = (const unsigned long *)(unsigned long)bare_current()->kstack_top;
	unsigned i = 0;

	for (; at < end && i < n; at++) {
		if (at >= pc && at < pc + n)
			continue; /* the caller's array, most of the time on the same stack */
		if (in_text(*at) && bare_follows_call(*at))
			pc[i++] = *at;
	}
	return i;
}

void bare_show_stack(unsigned long sp)
{
	unsigned found = 0;
	unsigned long top = bare_current() ? (unsigned long)bare_current()->kstack_top : 0;

	if (sp >= top || top - sp > BARE_KSTACK_SIZE)
		return;
	for (unsigned long at = (sp + sizeof(at) - 1) & ~(sizeof(at) - 1);
	     at + sizeof(at) <= top && found < 16; at += sizeof(at)) {
		unsigned long v = *(unsigned long *)at;

		if (in_text(v)) {
			printk("  called from? %0*lx\n", (int)(2 * sizeof(v)), v);
			found++;
		}
	}
}

const struct bare_extable *bare_way_out(unsigned long pc)
{
	for (const struct bare_extable *e = bare_extable_start; e < bare_extable_end; e++)
		if (e->insn == pc)
			return e;
	return NULL;
}
