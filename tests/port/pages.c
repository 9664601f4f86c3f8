/* SPDX-License-Identifier: MIT */
/* tests/port/pages.c - tier 1: the linear map, interrupts, CPUs, pages, words, chance. */
#include "port_check.h"
#include <quire/bytes.h>
#include <quire/gfp.h>
#include <quire/memblock.h>
#include <quire/mmzone.h>
#include <quire/percpu.h>
#include <quire/slab.h>

/* Both ways, for the first and last byte of every block of frames that can be had. */
static bool same_both_ways(struct page *page, size_t size)
{
	phys_addr_t pa = page_to_phys(page);
	char *at = port_phys_to_virt(pa);

	return port_virt_to_phys(at) == pa && port_virt_to_phys(at + size - 1) == pa + size - 1 &&
	       (char *)port_phys_to_virt(pa + size - 1) == at + size - 1;
}

static void linear_map(void)
{
	struct page *held[64];
	unsigned n = 0;
	bool same = true, own = true;

	while (n < ARRAY_SIZE(held)) {
		struct page *page = alloc_pages(GFP_KERNEL | __GFP_NOWARN, n % 4);

		if (!page)
			break;
		same = same && same_both_ways(page, PAGE_SIZE << n % 4);
		*(volatile u32 *)port_phys_to_virt(page_to_phys(page)) = n;
		held[n++] = page;
	}
	for (unsigned i = 0; i < n; i++)
		own = own && *(volatile u32 *)port_phys_to_virt(page_to_phys(held[i])) == i;
	while (n--)
		__free_pages(held[n], n % 4);
	port_says(same, "physical and linear addresses lead to each other");
	port_says(own, "each frame has memory of its own");
}

/* A program without interrupts may have them on all the time. */
static void interrupts(void)
{
	bool on = !port_irqs_disabled(), off, nested, still_off;
	unsigned long outer = port_irq_save(), inner;

	off = port_irqs_disabled();
	inner = port_irq_save();
	nested = port_irqs_disabled();
	port_irq_restore(inner);
	still_off = port_irqs_disabled();
	port_irq_restore(outer);
	port_says(on, "interrupts are on in task context");
	port_says(off == nested && off == still_off,
		  off ? "port_irq_save() nests, and the inner restore leaves them off"
		      : "there are no interrupts to be off");
	port_says(on == !port_irqs_disabled(), "the outer port_irq_restore() puts back what was");
}

DEFINE_PER_CPU(unsigned long, port_check_word);

static void cpus(void)
{
	unsigned long flags = port_irq_save(), offset = port_percpu_offset();
	unsigned cpu = port_cpu_id();
	unsigned long *mine = (unsigned long *)((unsigned long)&port_check_word + offset);

	*mine = 0x5a5a;
	port_says(cpu < QUIRE_NR_CPUS, "the CPU's number is one that there can be");
	port_says(this_cpu_read(port_check_word) == 0x5a5a &&
			  per_cpu(port_check_word, cpu) == 0x5a5a,
		  "port_percpu_offset() leads to this CPU's copy");
#if PORT_THIS_CPU
	port_says((unsigned long)port_this_cpu() == (unsigned long)&quire_cpu + offset,
		  "port_this_cpu() is the same sum, ready made");
#endif
	*mine = 0;
	port_irq_restore(flags);
	port_says(port_membarrier(), "with one CPU port_membarrier() is no problem");
}

static bool is_all(const u8 *at, u8 byte, size_t n)
{
	while (n && at[n - 1] == byte)
		n--;
	return n == 0;
}

/* The second of three pages, and nothing else. */
static void whole_pages(void)
{
	u8 *three = (u8 *)__get_free_pages(GFP_KERNEL, 2), *source;

	if (!three) {
		port_says(false, "four pages to clear and copy");
		return;
	}
	source = three + 3 * PAGE_SIZE;
	for (size_t i = 0; i < PAGE_SIZE; i++)
		source[i] = (u8)(i * 7 + i / 256);
	memset(three, 0xee, 3 * PAGE_SIZE);
	port_clear_page(three + PAGE_SIZE);
	port_says(is_all(three + PAGE_SIZE, 0, PAGE_SIZE), "port_clear_page() clears a page");
	port_says(is_all(three, 0xee, PAGE_SIZE) && is_all(three + 2 * PAGE_SIZE, 0xee, PAGE_SIZE),
		  "and no byte around it");
	port_copy_page(three + PAGE_SIZE, source);
	port_says(!memcmp(three + PAGE_SIZE, source, PAGE_SIZE), "port_copy_page() copies a page");
	port_says(is_all(three, 0xee, PAGE_SIZE) && is_all(three + 2 * PAGE_SIZE, 0xee, PAGE_SIZE),
		  "and no byte more");
	free_pages((unsigned long)three, 2);
}

#if PORT_STACK_TRACE
static quire_noinline unsigned traced(unsigned long *pc, unsigned n)
{
	unsigned found = port_stack_trace(pc, n);

	__asm__ volatile("" : : : "memory"); /* no tail call: this function has a frame */
	return found;
}

static void stack_trace(void)
{
	unsigned long pc[6] = { 0, 0, 0, 0, 0x1234, 0x1234 };
	unsigned n = traced(pc, 4), some = 0;

	while (some < 4 && pc[some])
		some++;
	port_says(n <= 4 && pc[4] == 0x1234 && pc[5] == 0x1234,
		  "port_stack_trace() keeps to its array");
	port_says(n == some, "and says how many it found");
}
#endif

#if PORT_RANDOM
static void chance(void)
{
	unsigned long ones = 0, zeroes = 0, last = 0;
	bool repeats = false;

	for (int i = 0; i < 64; i++) {
		unsigned long v = port_random();

		repeats |= i && v == last;
		ones |= v;
		zeroes |= ~v;
		last = v;
	}
	port_says(!repeats, "port_random() does not say the same twice in a row");
	port_says(!~ones && !~zeroes, "each of its bits is 0 at times, and 1");
}
#endif

/* What is in a page that was closed and opened stays. */
void port_check_closed_pages(void)
{
#if PORT_PROTECT_PAGE
	u8 *page = (u8 *)__get_free_page(GFP_KERNEL);

	if (!page || !port_protect_prepare(page, 1)) {
		port_says(!page, "port_protect_prepare() may say no");
		free_page((unsigned long)page);
		return;
	}
	memset(page, 0x3c, PAGE_SIZE);
	port_protect_page(page, true);
	port_protect_page(page, false);
	port_says(is_all(page, 0x3c, PAGE_SIZE),
		  "a page that was closed is whole when it is opened");
	free_page((unsigned long)page);
#endif
}

void port_check_pages(void)
{
	port_log("", 0);
	port_log("# half a line, ", 15);
	port_log("and the rest, and no zero\nunseen", 26);
	port_says(true, "port_log() takes text in pieces");
	linear_map();
	interrupts();
	cpus();
	whole_pages();
#if PORT_STACK_TRACE
	stack_trace();
#endif
#if PORT_RANDOM
	chance();
#endif
}
