/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/ram.c - RAM, CPUs, log, panic and sleep of the machine inside a process (tier 1, and
 * park/unpark).
 *
 *   host address space   ... |hole: PROT_NONE|bank 0: RW|hole|bank 1: RW| ...      posix_ram + physical address
 *                        ... |desc.|PROT_NONE|desc.| ...                           posix_vmemmap + 32 * frame
 *
 * Always true:  touching a hole, or a descriptor of a section that was not populated, is a host
 *               SIGSEGV.
 * Lock:         log_lock for the captured log; each thread's own mutex for parking.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* pthread_getattr_np */
#endif
#include <pthread.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>
#include <posix_machine.h>
#include <posix_mmu.h>
#include <quire/err.h>
#include <quire/late_cpu.h>
#include <quire/memblock.h>
#include <quire/page.h>
#include <quire/percpu.h>
#include <quire/port.h>
#include "window.h"

__thread struct posix_cpu posix_this_cpu;
unsigned long posix_ram;
char *posix_vmemmap;
void (*posix_panic_hook)(const char *why);
void (*posix_sleep_hook)(bool asleep);

static struct {
	bool running;
	char *ram_map; /* host reservation for physical [ram_low, ram_high)    */
	phys_addr_t ram_low, ram_high;
	char *vmemmap_map;
	size_t vmemmap_size;
	unsigned nr_cpus;
	bool no_protection;
	u64 random; /* the same numbers in every life of the machine           */
	unsigned long percpu_offset[QUIRE_NR_CPUS];
} machine;

unsigned posix_nr_cpus(void)
{
	return machine.nr_cpus;
}

/* ---- log and panic --------------------------------------------------------------------------- */
#define LOG_SIZE (1u << 20)
static pthread_mutex_t log_lock = PTHREAD_MUTEX_INITIALIZER;
static char log_buf[LOG_SIZE], log_taken[LOG_SIZE];
static size_t log_len;
static int log_to_stderr = -1;

void port_log(const char *text, size_t len)
{
	pthread_mutex_lock(&log_lock);
	if (log_to_stderr < 0)
		log_to_stderr = getenv("QUIRE_LOG") != NULL;
	if (log_to_stderr && fwrite(text, 1, len, stderr) != len)
		log_to_stderr = 0;
	if (len > LOG_SIZE - 1 - log_len)
		log_len = 0; /* a full log starts over */
	if (len < LOG_SIZE) {
		memcpy(log_buf + log_len, text, len);
		log_len += len;
	}
	pthread_mutex_unlock(&log_lock);
}

const char *posix_log_take(void)
{
	pthread_mutex_lock(&log_lock);
	memcpy(log_taken, log_buf, log_len);
	log_taken[log_len] = 0;
	log_len = 0;
	pthread_mutex_unlock(&log_lock);
	return log_taken;
}

void port_panic(const char *why)
{
	if (posix_panic_hook)
		posix_panic_hook(why);
	fprintf(stderr, "quire: panic: %s\n", why);
	abort();
}

/* ---- who called ------------------------------------------------------------------------------ */

/* One past this thread's stack. */
static unsigned long stack_end(void)
{
	static __thread unsigned long end;
	pthread_attr_t attr;
	size_t size = 0;
	void *low = NULL;

	if (!end && !pthread_getattr_np(pthread_self(), &attr)) {
		pthread_attr_getstack(&attr, &low, &size);
		pthread_attr_destroy(&attr);
		end = (unsigned long)low + size;
	}
	return end;
}

/* Along the frame pointers, for as long as they lead upwards within the stack.  Builds that keep
 * none see a trace that is short, or empty. */
__attribute__((__no_sanitize__("address", "thread"))) unsigned port_stack_trace(unsigned long *pc,
										unsigned n)
{
	const unsigned long *frame = __builtin_frame_address(0);
	unsigned long end = stack_end();
	unsigned i = 0;

	while (i < n) {
		unsigned long at = (unsigned long)frame;

		if (at % sizeof(long) || at >= end || end - at < 2 * sizeof(long) || !frame[1])
			break;
		pc[i++] = frame[1];
		if (frame[0] <= at)
			break;
		frame = (const unsigned long *)frame[0];
	}
	return i;
}

/* ---- RAM and descriptors --------------------------------------------------------------------- */
static void *reserve(size_t size)
{
	void *at = mmap(NULL, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (at == MAP_FAILED)
		return NULL;
	/* Descriptors are written from end to end at boot: in large host pages that takes a third
	 * of the time.  A host that has none is asked in vain. */
	(void)madvise(at, size, MADV_HUGEPAGE);
	return at;
}

#define RAM_ALIGN (2UL << 20)

/* The same, so that blocks aligned as frames are aligned as addresses too. */
static void *reserve_aligned(size_t size)
{
	char *at = reserve(size + RAM_ALIGN), *from;

	if (!at)
		return NULL;
	from = (char *)QUIRE_ALIGN_UP((unsigned long)at, RAM_ALIGN);
	if (from > at)
		munmap(at, (size_t)(from - at));
	munmap(from + size, (size_t)(at + RAM_ALIGN - from));
	return from;
}

/* On a 32-bit host the simulated vmalloc area, and that of modules, lie where host pointers may be too;
 * is_vmalloc_addr() could not tell them apart.  So the areas are taken from the host before it puts
 * anything there. */
#if UINTPTR_MAX <= 0xffffffffu
static bool window_is_ours;

static bool reserve_at(unsigned long start, unsigned long end)
{
	return start == end ||
	       mmap((void *)start, end - start, PROT_NONE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1,
		    0) == (void *)start;
}

static void __attribute__((constructor)) reserve_vmalloc_window(void)
{
	window_is_ours = reserve_at(PORT_VMALLOC_START, PORT_VMALLOC_END) &&
			 reserve_at(PORT_KERNEL_START, PAGE_OFFSET);
}
#else
static const bool window_is_ours = true;
#endif

static int find_limits(const struct posix_machine *desc)
{
	machine.ram_low = ~(phys_addr_t)0;
	machine.ram_high = 0;
	for (unsigned i = 0; i < desc->nr_banks; i++) {
		const struct posix_bank *b = &desc->banks[i];

		if (!b->size || ((b->base | b->size) & ~PAGE_MASK) || b->base + b->size < b->base)
			return -EINVAL;
		machine.ram_low = min(machine.ram_low, b->base);
		machine.ram_high = max(machine.ram_high, b->base + b->size);
	}
	if (!machine.ram_high || (sizeof(long) == 4 && machine.ram_high >> 32 > 1))
		return -EINVAL;
	machine.ram_low = QUIRE_ALIGN_DOWN(machine.ram_low, (phys_addr_t)RAM_ALIGN);
	return 0;
}

/* What of the RAM that ends there has an address. */
static phys_addr_t lowmem_part(phys_addr_t end)
{
	return PORT_HIGHMEM ? min(end, PORT_LOWMEM_PHYS_END) : end;
}

static int make_banks(const struct posix_machine *desc)
{
	int err = 0;

	for (unsigned i = 0; i < desc->nr_banks && !err; i++) {
		const struct posix_bank *b = &desc->banks[i];
		phys_addr_t end = lowmem_part(b->base + b->size);

		if (b->base < end && mprotect(port_phys_to_virt(b->base), (size_t)(end - b->base),
					      PROT_READ | PROT_WRITE))
			return -ENOMEM;
		err = memblock_add_node(b->base, b->size, b->nid, MEMBLOCK_NONE);
	}
	return err;
}

int posix_machine_start(const struct posix_machine *desc)
{
	int err;

	if (machine.running)
		return -EBUSY;
	if (!window_is_ours) {
		static const char why[] =
			"posix: the host uses the addresses of the vmalloc area\n";

		port_log(why, sizeof(why) - 1);
		return -ENOMEM;
	}
	err = find_limits(desc);
	if (err)
		return err;
	machine.ram_map = reserve_aligned((size_t)(machine.ram_high - machine.ram_low));
	/* A whole section more, so that the last one may be populated to its end. */
	machine.vmemmap_size = PAGE_ALIGN(((size_t)(machine.ram_high >> PAGE_SHIFT) +
					   (2UL << (QUIRE_SECTION_SHIFT - PAGE_SHIFT))) *
					  sizeof(struct page));
	machine.vmemmap_map = reserve(machine.vmemmap_size);
	machine.running = true;
	machine.nr_cpus = desc->nr_cpus ? desc->nr_cpus : 1;
	posix_mmu_reset();
	if (!machine.ram_map || !machine.vmemmap_map) {
		posix_machine_stop();
		return -ENOMEM;
	}
	posix_ram = (unsigned long)machine.ram_map - (unsigned long)machine.ram_low;
	posix_vmemmap = machine.vmemmap_map;
	posix_this_cpu = (struct posix_cpu){ 0 };
	err = window_start(max(machine.ram_low, lowmem_part(machine.ram_high)), machine.ram_high);
	if (!err)
		err = make_banks(desc);
	if (err)
		posix_machine_stop();
	return err;
}

int posix_machine_start_simple(unsigned mib, unsigned nr_cpus)
{
	const struct posix_bank bank = { 1 << 20, (phys_addr_t)mib << 20, 0 };

	return posix_machine_start(
		&(struct posix_machine){ .banks = &bank, .nr_banks = 1, .nr_cpus = nr_cpus });
}

void posix_machine_stop(void)
{
	memblock_exit();
	window_stop();
	if (machine.ram_map)
		munmap(machine.ram_map, (size_t)(machine.ram_high - machine.ram_low));
	if (machine.vmemmap_map)
		munmap(machine.vmemmap_map, machine.vmemmap_size);
	memset(&machine, 0, sizeof(machine));
	posix_ram = 0;
	posix_vmemmap = NULL;
	posix_this_cpu = (struct posix_cpu){ 0 };
}

int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	if (start < (unsigned long)machine.vmemmap_map ||
	    end > (unsigned long)machine.vmemmap_map + machine.vmemmap_size)
		return -ENOMEM;
	return mprotect((void *)start, end - start, PROT_READ | PROT_WRITE) ? -ENOMEM : 0;
}

size_t posix_ram_resident(void)
{
	size_t pages = (size_t)((machine.ram_high - machine.ram_low) >> PAGE_SHIFT), resident = 0;
	unsigned char *vec = malloc(pages);

	if (vec && !mincore(machine.ram_map, pages << PAGE_SHIFT, vec))
		for (size_t i = 0; i < pages; i++)
			resident += vec[i] & 1;
	free(vec);
	return (resident << PAGE_SHIFT) + window_resident();
}

/* ---- chance: a test that fails must fail again ------------------------------------------------- */
unsigned long port_random(void)
{
	u64 x = __atomic_add_fetch(&machine.random, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED);

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
	x = (x ^ x >> 27) * 0x94d049bb133111eb;
	return (unsigned long)(x ^ x >> 31);
}

/* ---- closed pages ---------------------------------------------------------------------------- */
void posix_no_protection(void)
{
	machine.no_protection = true;
}

bool port_protect_prepare(void *start, unsigned long pages)
{
	(void)start, (void)pages;
	return !machine.no_protection;
}

void port_protect_page(void *page, bool closed)
{
	if (mprotect(page, PAGE_SIZE, closed ? PROT_NONE : PROT_READ | PROT_WRITE))
		port_panic("posix: the host does not protect a page");
}

/* ---- CPUs ------------------------------------------------------------------------------------ */
void port_percpu_set(unsigned cpu, unsigned long offset)
{
	machine.percpu_offset[cpu] = offset;
	if (posix_this_cpu.id == cpu)
		posix_this_cpu.percpu_offset = offset;
}

void posix_cpu_lend(unsigned cpu)
{
	posix_this_cpu.id = cpu;
	posix_this_cpu.irqs_off = false;
	posix_this_cpu.percpu_offset = machine.percpu_offset[cpu];
}

void posix_cpu_enter(unsigned cpu)
{
	posix_cpu_lend(cpu);
	quire_cpu_online(cpu);
}

void posix_cpu_leave(void)
{
	quire_cpu_offline(posix_this_cpu.id);
}

/* Whoever holds the lock may have lost its processor. */
void port_cpu_relax(void)
{
	static __thread unsigned spins;

	if (++spins % 128 == 0)
		sched_yield();
#if defined(__x86_64__) || defined(__i386__)
	else
		__builtin_ia32_pause();
#endif
}

static pthread_once_t membarrier_once = PTHREAD_ONCE_INIT;
static bool membarrier_works;

static void membarrier_init(void)
{
	membarrier_works =
		!syscall(SYS_membarrier, MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED, 0, 0);
}

bool port_membarrier(void)
{
	pthread_once(&membarrier_once, membarrier_init);
	return membarrier_works && !syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0);
}

/* ---- sleep and wake -------------------------------------------------------------------------- */
struct parking {
	pthread_mutex_t lock;
	pthread_cond_t woken;
	bool permit; /* port_unblock() came since the last port_block()      */
};
static __thread struct parking parking = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER,
					   false };

void *port_self(void)
{
	return &parking;
}

void port_block(void)
{
	if (posix_sleep_hook)
		posix_sleep_hook(true);
	pthread_mutex_lock(&parking.lock);
	while (!parking.permit)
		pthread_cond_wait(&parking.woken, &parking.lock);
	parking.permit = false;
	pthread_mutex_unlock(&parking.lock);
	if (posix_sleep_hook)
		posix_sleep_hook(false);
}

void port_unblock(void *who)
{
	struct parking *p = who;

	pthread_mutex_lock(&p->lock);
	p->permit = true;
	pthread_cond_signal(&p->woken);
	pthread_mutex_unlock(&p->lock);
}

void port_yield(void)
{
	sched_yield();
}
