/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/tlb.c - a translation lookaside buffer per CPU, in front of the table walks of walk.h,
 * and the referee of what the core owes to it.
 *
 *   access ──> TLB hit? ──no──> walk root..last level, note use ──> remember ──> host pointer
 *                │                    └── absent / no right ──> fault
 *                └──yes──> referee: do the tables still agree?
 *
 * The referee stops the test, in words, when
 *   - a translation is used that grants more than the tables do: a flush was forgotten;
 *   - a flush finds that an entry in use maps other memory by now, on a processor that must not see
 *     both: it was not made invalid, and flushed, first (break before make);
 *   - a frame is mapped as memory and as a device at a time.
 * The first two only with one CPU: then nothing is half-way when a program runs or a flush comes.
 *
 * Lock:  tlb_lock guards all TLBs: a flush by one CPU empties entries of every CPU, as a shoot-down
 *        does.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <posix_machine.h>
#include <quire/asid.h>
#include <quire/mmzone.h>
#include <quire/port.h>
#include <quire/vmalloc.h>
#include "tlb.h"
#include "window.h"

#define WAYS 4u

struct translation {
	bool valid;
	unsigned asid;      /* found while that is loaded, or always if walk.global    */
	unsigned long page; /* virtual address of the page                             */
	u64 root;           /* whose; the referee's: a processor knows no more than asid */
	struct walk walk;   /* what the tables said                                    */
};

struct tlb {
	struct translation slot[POSIX_TLB_MOST];
	unsigned next[POSIX_TLB_MOST / WAYS]; /* way of the set that is replaced next */
	struct posix_tlb_stats stats;
};

__thread unsigned long posix_entries_written;
static pthread_mutex_t tlb_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tlb tlbs[QUIRE_NR_CPUS];
static unsigned nr_slots = POSIX_TLB_ENTRIES;
static __thread u64 current_root;
static __thread unsigned current_asid; /* 0: no space's, or the processor has none */

static struct tlb *my_tlb(void)
{
	return &tlbs[port_cpu_id()];
}

/* ---- walking --------------------------------------------------------------------------------- */
bool mmu_read(struct walk *w, u64 pa, unsigned bytes)
{
	w->reads++;
	if (!pfn_valid(PHYS_PFN((phys_addr_t)pa))) {
		w->fault = POSIX_MMU_MALFORMED;
		return false;
	}
	w->at = window_ram((phys_addr_t)pa);
	w->value = bytes == 8 ? __atomic_load_n((u64 *)w->at, __ATOMIC_RELAXED)
			      : __atomic_load_n((u32 *)w->at, __ATOMIC_RELAXED);
	return true;
}

static bool in_kernel_half(unsigned long addr)
{
	return addr >= PORT_KERNEL_START;
}

/* The root that translates the address. */
static u64 root_for(unsigned long addr)
{
	bool kernel = in_kernel_half(addr) && (POSIX_MMU.split_roots || !current_root);

	return kernel ? maps_kernel_root() : current_root;
}

/* Entries of the kernel that do not say global belong to the space that is loaded. */
static bool is_found(const struct translation *t, unsigned long page)
{
	return t->valid && t->page == page && (t->walk.global || t->asid == current_asid);
}

static struct walk walk_now(u64 root, unsigned long addr)
{
	struct walk none = { .fault = POSIX_MMU_ABSENT };

	return root ? POSIX_MMU.walk(root, addr) : none;
}

/* What the tables say of a translation now.  The space that was loaded when one of the kernel's was
 * read may be gone. */
static struct walk walk_again(const struct translation *t)
{
	return walk_now(in_kernel_half(t->page) ? maps_kernel_root() : t->root, t->page);
}

/* ---- the referee ----------------------------------------------------------------------------- */
static void complain(const char *what, const struct translation *t, const struct walk *now)
{
	char why[448], where[128];

	maps_explain(t->page, where, sizeof(where));
	snprintf(why, sizeof(why),
		 "referee: CPU %u, 0x%lx in %s (remembered 0x%llx, tables say 0x%llx): %s",
		 port_cpu_id(), t->page, where, (unsigned long long)t->walk.value,
		 (unsigned long long)now->value, what);
	pthread_mutex_unlock(&tlb_lock);
	port_panic(why);
}

static bool same_place(const struct walk *a, const struct walk *b)
{
	return a->frame == b->frame && a->shift == b->shift && a->memory == b->memory;
}

/* A remembered translation is about to be used. */
static void judge_use(const struct translation *t)
{
	struct walk now;
	bool there;

	if (!in_kernel_half(t->page) && t->root != current_root)
		complain("used a translation of another space: its number was given away without "
			 "a flush, or a program's page is global",
			 t, &t->walk);
	now = walk_again(t);
	there = now.fault == POSIX_MMU_OK || now.fault == POSIX_MMU_UNUSED;

	if (!there || !same_place(&t->walk, &now) || (t->walk.user & ~now.user) ||
	    (t->walk.kernel & ~now.kernel))
		complain("used a stale translation: a TLB flush was forgotten", t, &now);
}

/* It is about to be forgotten. */
static void judge_flush(const struct translation *t)
{
	struct walk now = walk_again(t);

	if (POSIX_MMU.break_first && now.fault == POSIX_MMU_OK && !same_place(&t->walk, &now))
		complain("an entry in use was changed to map other memory without being made "
			 "invalid first (break before make)",
			 t, &now);
}

/* A new translation beside those that some CPU remembers, and the kernel's own map of all RAM. */
static void judge_memory(const struct translation *t)
{
	const char *what = "a frame is mapped as memory and as a device at the same time";
	unsigned long linear = PAGE_OFFSET + (unsigned long)t->walk.frame;
	struct walk other;
	unsigned cpu, i;

	for (cpu = 0; cpu < posix_nr_cpus(); cpu++)
		for (i = 0; i < nr_slots; i++) {
			const struct translation *o = &tlbs[cpu].slot[i];

			if (o->valid && o->walk.frame == t->walk.frame &&
			    o->walk.memory != t->walk.memory)
				complain(what, t, &o->walk);
		}
	if (t->walk.memory == MMU_NORMAL || !pfn_valid(PHYS_PFN((phys_addr_t)t->walk.frame)) ||
	    PageHighMem(pfn_to_page(PHYS_PFN((phys_addr_t)t->walk.frame))))
		return;
	other = walk_now(maps_kernel_root(), linear);
	if (other.fault == POSIX_MMU_OK && other.memory != t->walk.memory)
		complain(what, t, &other);
}

/* ---- the buffer ------------------------------------------------------------------------------ */
static unsigned ways(void)
{
	return nr_slots < WAYS ? nr_slots : WAYS;
}

static unsigned set_of(unsigned long page)
{
	return (unsigned)((page >> PAGE_SHIFT) % (nr_slots / ways()));
}

static struct translation *find(struct tlb *tlb, unsigned long page)
{
	struct translation *t = &tlb->slot[set_of(page) * ways()];
	unsigned i;

	for (i = 0; i < ways(); i++, t++)
		if (is_found(t, page))
			return t;
	return NULL;
}

static void remember(struct tlb *tlb, const struct translation *t)
{
	unsigned set = set_of(t->page);
	struct translation *old = find(tlb, t->page);

	if (!old)
		old = &tlb->slot[set * ways() + tlb->next[set]++ % ways()];
	*old = *t;
}

static bool allows(const struct walk *w, unsigned need, bool user)
{
	return (user ? w->user : w->kernel) & need;
}

/* The tables' answer, noted and remembered; false: `*fault`. */
static bool look_up(struct tlb *tlb, struct translation *t, unsigned need, bool user,
		    enum posix_mmu_fault *fault)
{
	do {
		t->walk = walk_now(t->root, t->page);
		tlb->stats.walks++;
		tlb->stats.walk_reads += t->walk.reads;
		*fault = t->walk.fault;
		if (!*fault && !allows(&t->walk, need, user))
			*fault = POSIX_MMU_DENIED;
		if (*fault) {
			tlb->stats.faults++;
			return false;
		}
		/* If the entry changed meanwhile the access starts over. */
	} while (POSIX_MMU.note && !POSIX_MMU.note(&t->walk, need == MMU_WRITE));
	judge_memory(t);
	remember(tlb, t);
	return true;
}

char *tlb_begin(unsigned long addr, unsigned need, bool user, enum posix_mmu_fault *fault)
{
	struct translation t = { .valid = true,
				 .asid = current_asid,
				 .page = addr & PAGE_MASK,
				 .root = root_for(addr) };
	const struct translation *known;
	struct tlb *tlb = my_tlb();

	*fault = POSIX_MMU_OK;
	pthread_mutex_lock(&tlb_lock);
	known = find(tlb, t.page);
	if (known && allows(&known->walk, need, user) && (need != MMU_WRITE || known->walk.dirty)) {
		tlb->stats.hits++;
		if (posix_nr_cpus() == 1)
			judge_use(known);
		t.walk = known->walk;
	} else {
		tlb->stats.misses++;
		if (!look_up(tlb, &t, need, user, fault)) {
			pthread_mutex_unlock(&tlb_lock);
			return NULL;
		}
	}
	return window_ram((phys_addr_t)t.walk.frame) + (addr & ~PAGE_MASK);
}

void tlb_end(void)
{
	pthread_mutex_unlock(&tlb_lock);
}

/* ---- the port's hooks ------------------------------------------------------------------------ */
/* What a flush of user translations reaches. */
static bool is_users(const struct translation *t, u64 root, unsigned asid)
{
	if (in_kernel_half(t->page))
		return false;
	return POSIX_MMU.asid_bits ? t->asid == asid : t->root == root;
}

static void flush_cpu(struct tlb *tlb, u64 root, unsigned asid, unsigned long start,
		      unsigned long last)
{
	unsigned i;

	tlb->stats.flushes++;
	for (i = 0; i < nr_slots; i++) {
		struct translation *t = &tlb->slot[i];

		if (!t->valid || t->page < start || t->page > last ||
		    (root && !is_users(t, root, asid)))
			continue;
		if (posix_nr_cpus() == 1)
			judge_flush(t);
		t->valid = false;
		tlb->stats.flushed_entries++;
	}
}

/* On every CPU; root 0: addresses of the kernel. */
static void flush(u64 root, unsigned long start, unsigned long last)
{
	unsigned asid = root && POSIX_MMU.asid_bits ? asid_of((phys_addr_t)root) : ASID_NOBODY;
	unsigned cpu;

	pthread_mutex_lock(&tlb_lock);
	for (cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		flush_cpu(&tlbs[cpu], root, asid, start, last);
	pthread_mutex_unlock(&tlb_lock);
}

void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	if (start >= end || ((start | end) & ~PAGE_MASK))
		port_panic("referee: port_flush_tlb_range wants whole pages, at least one");
	flush(root, start, end - 1);
}

void port_flush_tlb_mm(phys_addr_t root)
{
	flush(root, 0, ~0UL);
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	if (start > end || start < PORT_KERNEL_START)
		port_panic("referee: port_flush_tlb_kernel was given a user range");
	if (start >= end)
		return;
	flush(0, start, end - 1);
	if (PORT_HIGHMEM)
		window_flush(start, end - 1);
}

static void forget_users(struct tlb *tlb)
{
	unsigned i;

	pthread_mutex_lock(&tlb_lock);
	for (i = 0; i < nr_slots; i++)
		tlb->slot[i].valid &= tlb->slot[i].walk.global;
	pthread_mutex_unlock(&tlb_lock);
}

void port_load_root(phys_addr_t root)
{
	struct asid_switch to = { ASID_NOBODY, true };
	unsigned long irq = port_irq_save();

	if (POSIX_MMU.asid_bits)
		to = asid_switch(root);
	current_root = root;
	current_asid = to.asid;
	if (to.flush)
		forget_users(my_tlb());
	port_irq_restore(irq);
}

/* ---- for tests ------------------------------------------------------------------------------- */
struct posix_tlb_stats posix_tlb_stats(void)
{
	return my_tlb()->stats;
}

int posix_tlb_resize(unsigned entries)
{
	if (entries < 1 || entries > POSIX_TLB_MOST || (entries > WAYS && entries % WAYS))
		return -22;
	pthread_mutex_lock(&tlb_lock);
	nr_slots = entries;
	for (unsigned cpu = 0; cpu < QUIRE_NR_CPUS; cpu++)
		memset(tlbs[cpu].slot, 0, sizeof(tlbs[cpu].slot));
	pthread_mutex_unlock(&tlb_lock);
	return 0;
}

void tlb_reset(void)
{
	memset(tlbs, 0, sizeof(tlbs));
	nr_slots = POSIX_TLB_ENTRIES;
	current_root = 0;
	current_asid = ASID_NOBODY;
	if (POSIX_MMU.asid_bits && asid_init(POSIX_MMU.asid_bits) != 0)
		port_panic("the simulated processor has fewer ASIDs than there are CPUs");
}
