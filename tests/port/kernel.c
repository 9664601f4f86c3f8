/* SPDX-License-Identifier: MIT */
/* tests/port/kernel.c - the suite in the boot kernel, for bare ports: built in with QUIRE_PORT_CHECK. */
#include "kernel.h"
#include "arch.h"
#include "port_check.h"

static void say(const char *line)
{
	printk("%s", line);
}

/* It is the processor that translates. */
static void *touch(unsigned long va, bool write)
{
	(void)write;
	return (void *)va;
}

static void use(struct mm_struct *mm)
{
	current->mm = mm;
	sched_use_mm(mm);
}

unsigned port_check_kernel(void)
{
	const struct port_host host = { .name = ARCH_NAME, .say = say, .touch = touch, .use = use };

	return port_check(&host);
}
