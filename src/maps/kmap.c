/* SPDX-License-Identifier: MIT */
/*
 * maps/kmap.c - 512 pages of addresses for frames that have none, shared by all who ask for the same frame.
 *
 *   count   | 0 | 3 | 1 | 2 | 0 | ...     0: nothing there       1: nobody's, but a CPU may remember it
 *   page    | - | a | b | c | - | ...     n + 1: n use it
 *                     ^ last              places are taken in turn; when the turn comes round, all that are
 *                                         nobody's are unmapped with one flush
 *   hash of the frame ──> place ──> next place of that hash
 *
 * Always true:  a frame has at most one place, and its entry is there as long as the count is not 0.
 * Lock:         slots.lock for everything, interrupts off; page_address() asks from anywhere.
 */
#include <quire/highmem.h>
#include <quire/percpu.h>
#include <quire/printk.h>
#include <quire/wait.h>
#include "maps/kernel.h"
#include "maps/kmap.h"

#define NR_BUCKETS 128u
#define NONE       LAST_PKMAP /* no place */

/* All under the lock. */
static struct {
	spinlock_t lock;
	u16 count[LAST_PKMAP];
	u16 next[LAST_PKMAP]; /* place of the same bucket, or NONE               */
	u16 bucket[NR_BUCKETS];
	struct page *page[LAST_PKMAP]; /* whose place it is, while the count is not 0     */
	unsigned last;                 /* place that was taken last                       */
	unsigned long flushes, sleeps;
	unsigned nr_waiting;       /* of those below, who have looked and found none  */
	wait_queue_head_t waiters; /* for a place that is nobody's                    */
} slots;

void kmap_init(void)
{
	memset(&slots, 0, sizeof(slots));
	spin_lock_init(&slots.lock, "kmap", LOCK_RANK_KMAP);
	init_waitqueue_head(&slots.waiters);
	for (unsigned i = 0; i < NR_BUCKETS; i++)
		slots.bucket[i] = NONE;
	slots.last = LAST_PKMAP - 1; /* the first turn begins at 0 */
}

static unsigned long place_address(unsigned place)
{
	return PORT_PKMAP_START + ((unsigned long)place << PAGE_SHIFT);
}

static void *place_pointer(unsigned place)
{
	return PORT_KMAP_POINTER(place_address(place));
}

static pt_entry *place_entry(unsigned place)
{
	return pt_find(kernel_map.pgd, place_address(place), NULL);
}

static u16 *bucket_of(const struct page *page)
{
	return &slots.bucket[page_to_pfn(page) % NR_BUCKETS];
}

static unsigned find_place(const struct page *page)
{
	unsigned place = *bucket_of(page);

	while (place != NONE && slots.page[place] != page)
		place = slots.next[place];
	return place;
}

/* ---- places ---------------------------------------------------------------------------------- */
static void forget_place(unsigned place)
{
	u16 *link = bucket_of(slots.page[place]);

	while (*link != place)
		link = &slots.next[*link];
	*link = slots.next[place];
	slots.page[place] = NULL;
	slots.count[place] = 0;
	pte_set(place_entry(place), 0);
}

static void flush_unused(void)
{
	bool any = false;

	for (unsigned place = 0; place < LAST_PKMAP; place++)
		if (slots.count[place] == 1) {
			forget_place(place);
			any = true;
		}
	if (!any)
		return;
	port_flush_tlb_kernel(PORT_PKMAP_START, PKMAP_END);
	slots.flushes++;
}

/* The next that maps nothing, or NONE. */
static unsigned take_place(void)
{
	unsigned left = LAST_PKMAP;

	while (left--) {
		slots.last = (slots.last + 1) % LAST_PKMAP;
		if (slots.last == 0) {
			flush_unused();
			left = LAST_PKMAP - 1; /* those that were passed may be free by now */
		}
		if (!slots.count[slots.last])
			return slots.last;
	}
	return NONE;
}

static void fill_place(unsigned place, struct page *page)
{
	u16 *bucket = bucket_of(page);

	pte_set(place_entry(place), pte_make(page_to_pfn(page), PT_KERNEL_RW));
	slots.page[place] = page;
	slots.next[place] = *bucket;
	slots.count[place] = 1;
	*bucket = (u16)place;
}

/* The frame's place, if it has one or there is one. */
static unsigned get_place(struct page *page)
{
	unsigned place = find_place(page);

	if (place == NONE) {
		place = take_place();
		if (place == NONE)
			return NONE;
		fill_place(place, page);
	}
	if (slots.count[place] == (u16)~0)
		quire_panic("kmap() of one page more than %u times\n", slots.count[place] - 1u);
	slots.count[place]++;
	return place;
}

/* ---- mapping --------------------------------------------------------------------------------- */
/* All are taken.  Who frees one wakes all: some may wait for a frame that another of them maps. */
static quire_noinline unsigned wait_for_place(struct page *page)
{
	bool counted = false;
	unsigned long irq;
	unsigned place;
	DEFINE_WAIT(wait);

	for (;;) {
		/* On the queue first: whatever is freed after we have looked wakes us. */
		prepare_to_wait(&slots.waiters, &wait);
		spin_lock_irqsave(&slots.lock, irq);
		place = get_place(page);
		slots.nr_waiting += (place == NONE) - counted;
		slots.sleeps += place == NONE;
		spin_unlock_irqrestore(&slots.lock, irq);
		counted = place == NONE;
		if (!counted)
			break;
		port_block();
	}
	finish_wait(&slots.waiters, &wait);
	return place;
}

void *kmap_page(struct page *page)
{
	unsigned long irq;
	unsigned place;

	lock_debug_assert_none("kmap()");
	if (!PageHighMem(page))
		return page_address(page);
	if (!kernel_map.pgd)
		quire_panic("kmap() before maps_early_init()\n");
	spin_lock_irqsave(&slots.lock, irq);
	place = get_place(page);
	spin_unlock_irqrestore(&slots.lock, irq);
	return place_pointer(place != NONE ? place : wait_for_place(page));
}

void kunmap_page(struct page *page)
{
	unsigned long irq;
	unsigned place;
	bool wake = false, used;

	quire_assert(!in_interrupt(), "kunmap() in an interrupt");
	if (!PageHighMem(page))
		return;
	spin_lock_irqsave(&slots.lock, irq);
	place = find_place(page);
	used = place != NONE && slots.count[place] > 1;
	if (used)
		wake = --slots.count[place] == 1 && slots.nr_waiting;
	spin_unlock_irqrestore(&slots.lock, irq);
	if (!used) {
		quire_assert(false, "kunmap() of a page that is not mapped");
		quire_damage("kunmap() of frame 0x%lx, which is not mapped", page_to_pfn(page));
	}
	if (wake)
		wake_up_all(&slots.waiters);
}

void kmap_flush_unused(void)
{
	unsigned long irq;

	if (!PORT_HIGHMEM)
		return;
	spin_lock_irqsave(&slots.lock, irq);
	flush_unused();
	spin_unlock_irqrestore(&slots.lock, irq);
}

/* ---- questions ------------------------------------------------------------------------------- */
void *kmap_address(const struct page *page)
{
	unsigned long irq;
	unsigned place;

	spin_lock_irqsave(&slots.lock, irq);
	place = find_place(page);
	if (place != NONE && slots.count[place] < 2)
		place = NONE;
	spin_unlock_irqrestore(&slots.lock, irq);
	return place == NONE ? NULL : place_pointer(place);
}

static struct page *page_at(unsigned long va)
{
	bool ours = va - PORT_PKMAP_START < PKMAP_END - PORT_PKMAP_START ||
		    va - FIXADDR_START < FIXADDR_SIZE;

	return ours ? pte_page(pte_read(pt_find(kernel_map.pgd, va, NULL))) : NULL;
}

struct page *kmap_to_page(const void *addr)
{
	struct page *page = PORT_HIGHMEM ? page_at(PORT_KMAP_ADDRESS(addr)) : NULL;

	return page ? page : virt_to_page(addr);
}

unsigned long kmap_flushes(void)
{
	return READ_ONCE(slots.flushes);
}

unsigned long kmap_sleeps(void)
{
	return READ_ONCE(slots.sleeps);
}

/* ---- the end --------------------------------------------------------------------------------- */
void kmap_exit(void)
{
	for (unsigned place = 0; place < LAST_PKMAP; place++)
		if (slots.count[place] > 1)
			pr_warn("kmap: frame 0x%lx is mapped still, %u times\n",
				page_to_pfn(slots.page[place]), slots.count[place] - 1u);
}

static const char *check_place(unsigned place)
{
	pte_t e = pte_read(place_entry(place));

	if (!slots.count[place])
		return e || slots.page[place] ? "a place of kmap() is free and not empty" : NULL;
	if (!pte_valid(e) || pte_page(e) != slots.page[place])
		return "a place of kmap() does not map its frame";
	if (find_place(slots.page[place]) != place)
		return "a frame of kmap() is not found by its hash";
	return PageHighMem(slots.page[place]) ? NULL : "kmap() has a frame with an address";
}

const char *kmap_check(void)
{
	const char *why = NULL;
	unsigned long irq;

	if (!PORT_HIGHMEM)
		return NULL;
	spin_lock_irqsave(&slots.lock, irq);
	for (unsigned place = 0; place < LAST_PKMAP && !why; place++)
		why = check_place(place);
	spin_unlock_irqrestore(&slots.lock, irq);
	return why ? why : kmap_local_check();
}
