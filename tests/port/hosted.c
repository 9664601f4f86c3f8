/* SPDX-License-Identifier: MIT */
/*
 * tests/port/hosted.c - the suite in a program, for ports that run in one.
 *
 * How such a machine is started is known of posix and preload.  Any other port gets 64 MiB of the program's memory as
 * RAM, tier 1 only; or it has a header <port_check_setup.h> with
 *
 *	static int port_check_setup(struct port_host *host);      fills memblock, starts quire, says what there is; 0: done
 */
#include "port_check.h"
#include <stdio.h>
#include <sys/mman.h>
#include <quire/boot.h>
#include <quire/memblock.h>
#include <quire/percpu.h>
#include <quire/quire.h>
#include <quire/slab.h>

#if __has_include(<port_check_setup.h>)
#include <port_check_setup.h>
#elif __has_include(<posix_machine.h>)
#include <posix_machine.h>
#include <posix_mmu.h>

static int port_check_setup(struct port_host *host)
{
	host->touch = posix_kernel_access;
	host->use = posix_set_mm;
	return posix_machine_start_simple(64, 1) || quire_start(1, NULL, NULL);
}
#elif __has_include(<preload_machine.h>)
#include <preload_machine.h>

static int port_check_setup(struct port_host *host)
{
	(void)host;
	if (preload_machine_start())
		return -1;
	frames_init();
	memblock_free_all();
	if (percpu_init(2))
		return -1;
	preload_cpu_enter(0);
	return heap_init();
}
#else
static int port_check_setup(struct port_host *host)
{
	/* A frame has a number of 32 bits: not just anywhere. */
	const size_t size = 64UL << 20;
	void *ram = mmap((void *)(1UL << 30), size, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	(void)host;
	if (ram == MAP_FAILED || memblock_add(port_virt_to_phys(ram), size))
		return -1;
	frames_init();
	memblock_free_all();
	return percpu_init(1) || heap_init();
}
#endif

static void say(const char *line)
{
	fputs(line, stdout);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	struct port_host host = { .name = argc > 1 ? argv[1] : "?", .say = say };

	if (port_check_setup(&host)) {
		printf("not ok 1 - port %s: it cannot be started\n1..1\n", host.name);
		return 1;
	}
	return port_check(&host) ? 1 : 0;
}
