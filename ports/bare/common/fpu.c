/* SPDX-License-Identifier: MIT */
/* fpu.c - a thread's FPU state where the registers are always the current thread's: fpu.S moves them. */
#include "board.h"

static const struct bare_fpu initial;

size_t bare_fpu_size(void)
{
	return sizeof(struct bare_fpu);
}

void bare_fpu_reset(struct bare_thread *t)
{
	(void)t;
	bare_fpu_load(&initial);
}

void bare_fpu_fork(struct bare_thread *child)
{
	bare_fpu_save(child->fpu);
}

void bare_fpu_read(struct bare_fpu *to)
{
	bare_fpu_save(to);
}

void bare_fpu_write(const struct bare_fpu *from)
{
	bare_fpu_load(from);
}
