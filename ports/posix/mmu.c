/* SPDX-License-Identifier: MIT */
/*
 * ports/posix/mmu.c - a memory management unit in software: x86-64 tables (PAE on a 32-bit host), a
 * TLB per CPU.
 *
 *   access ──> TLB hit? ──no──> walk root..last level, set A and D ──> remember ──> host pointer
 *                │                    └── not present / forbidden ──> fault
 *                └──yes──> referee: do the tables still agree?
 *
 * It is written from the processor manual and shares no code with src/maps: two readings of the
 * same format.
 * Lock:  tlb_lock guards all TLBs: a flush by one CPU empties entries of every CPU, as a shoot-down
 *        does.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <posix_machine.h>
#include <posix_mmu.h>
#include <quire/port.h>
#include <quire/vmalloc.h>

#define E_PRESENT  (1u << 0)
#define E_WRITE    (1u << 1)
#define E_USER     (1u << 2)
#define E_ACCESSED (1u << 5)
#define E_DIRTY    (1u << 6)
#define E_LARGE    (1u << 7)
#define E_GLOBAL   (1u << 8)
#define E_NX       (1ULL << 63)
#define E_ADDR     0x000ffffffffff000ULL

/* Bits that the four entries of a PAE root must not have: they know an address and no rights. */
#define E_PAE_ROOT_ZERO 0xfff00000000001e6ULL

#define TOP_SHIFT (sizeof(long) == 8 ? 39 : 30)

enum access { LOAD, STORE, FETCH };

struct translation {
	bool valid;
	unsigned long page; /* virtual address of the page                  */
	u64 root;           /* whose; entries of the kernel are global      */
	u64 entry;          /* the last-level entry that was read           */
	u64 rights;         /* WRITE, USER and NX of all levels together    */
};

struct tlb {
	struct translation slot[POSIX_TLB_ENTRIES];
	struct posix_tlb_stats stats;
};

static pthread_mutex_t tlb_lock = PTHREAD_MUTEX_INITIALIZER;
static struct tlb tlbs[QUIRE_NR_CPUS];
static __thread struct mm_struct *current_mm;
static __thread u64 current_root;

static struct tlb *my_tlb(void)
{
	return &tlbs[port_cpu_id()];
}

/* ---- walking --------------------------------------------------------------------------------- */
struct walk {
	u64 *entry; /* last entry read                              */
	u64 value;  /* what it held                                 */
	u64 rights;
	u64 frame; /* physical address of the 4 KiB page           */
	bool present;
};

static struct walk walk_tables(u64 root, unsigned long va)
{
	struct walk w = { NULL, 0, E_WRITE | E_USER, 0, false };
	u64 table = root;
	int shift;

	for (shift = TOP_SHIFT; shift >= 12; shift -= 9) {
		bool pae_root = shift == 30 && TOP_SHIFT == 30;
		unsigned bits = pae_root ? 2 : 9;

		w.entry = (u64 *)port_phys_to_virt(table) + ((u64)va >> shift & ((1u << bits) - 1));
		w.value = __atomic_load_n(w.entry, __ATOMIC_RELAXED);
		if (!(w.value & E_PRESENT))
			return w;
		if (pae_root && (w.value & E_PAE_ROOT_ZERO)) /* a processor takes no such root */
			return w;
		if (!pae_root)
			w.rights = (w.rights & w.value & (E_WRITE | E_USER)) | (w.rights & E_NX) |
				   (w.value & E_NX);
		if (shift == 12 || (shift == 21 && (w.value & E_LARGE)))
			break;
		table = w.value & E_ADDR;
	}
	w.present = true;
	w.frame = (w.value & E_ADDR & ~((1ULL << shift) - 1)) |
		  (va & ((1ULL << shift) - 1) & ~(u64)0xfff);
	return w;
}

static bool allowed(u64 rights, enum access how)
{
	if (!(rights & E_USER))
		return false;
	if (how == STORE)
		return rights & E_WRITE;
	return how != FETCH || !(rights & E_NX);
}

/* Set A, and D for a store, in the entry that was read; false: it changed meanwhile, the access
 * starts over. */
static bool note_use(struct walk *w, enum access how)
{
	u64 seen = w->value, noted = seen | E_ACCESSED | (how == STORE ? E_DIRTY : 0);

	if (noted != seen && !__atomic_compare_exchange_n(w->entry, &seen, noted, false,
							  __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
		return false;
	w->value = noted;
	return true;
}

static void referee_stale(const struct translation *t, const struct walk *w)
{
	char why[200];

	snprintf(why, sizeof(why),
		 "referee: CPU %u used a stale translation of 0x%lx (remembered 0x%llx, tables say "
		 "0x%llx): "
		 "a TLB flush was forgotten",
		 port_cpu_id(), t->page, (unsigned long long)t->entry,
		 (unsigned long long)w->value);
	port_panic(why);
}

/* With one CPU nothing is half-way when a program runs, so memory and TLB must agree. */
static void referee(const struct translation *t)
{
	struct walk w = walk_tables(t->root, t->page);

	if (!w.present || ((w.rights ^ t->rights) & E_NX & w.rights) ||
	    (t->rights & ~w.rights & (E_WRITE | E_USER)) || w.frame != (t->entry & E_ADDR))
		referee_stale(t, &w);
}

static struct translation *find_slot(struct tlb *tlb, unsigned long page)
{
	return &tlb->slot[(page >> 12) % POSIX_TLB_ENTRIES];
}

/* The host address behind a user address of this CPU's space, to be used until end_access(); NULL:
 * fault.  A flush waits for accesses under way, as a shoot-down does. */
static char *translate(unsigned long addr, enum access how)
{
	unsigned long page = addr & PAGE_MASK;
	struct translation *t;
	struct walk w;
	char *host = NULL;

	pthread_mutex_lock(&tlb_lock);
	t = find_slot(my_tlb(), page);
	if (t->valid && t->page == page && t->root == current_root && allowed(t->rights, how) &&
	    (how != STORE || (t->entry & E_DIRTY))) {
		my_tlb()->stats.hits++;
		if (posix_nr_cpus() == 1)
			referee(t);
		return (char *)port_phys_to_virt(t->entry & E_ADDR) + (addr & ~PAGE_MASK);
	}
	my_tlb()->stats.misses++;
	w = walk_tables(current_root, page);
	if (w.present && allowed(w.rights, how) && note_use(&w, how)) {
		*t = (struct translation){ true, page, current_root, w.frame | (w.value & E_DIRTY),
					   w.rights };
		host = (char *)port_phys_to_virt(w.frame) + (addr & ~PAGE_MASK);
	} else {
		my_tlb()->stats.faults++;
		pthread_mutex_unlock(&tlb_lock);
	}
	return host;
}

static void end_access(void)
{
	pthread_mutex_unlock(&tlb_lock);
}

/* As a processor with a trap handler: retry until it works or the fault is final.  Not NULL: the
 * caller ends the access. */
static char *access_user(unsigned long addr, enum access how, vm_fault_t *why)
{
	static const unsigned flags[] = {
		[LOAD] = 0, [STORE] = FAULT_FLAG_WRITE, [FETCH] = FAULT_FLAG_INSTRUCTION
	};
	int tries;

	*why = VM_FAULT_MAPERR;
	if (addr >= PORT_TASK_SIZE || !current_mm)
		return NULL;
	for (tries = 0; tries < 64; tries++) {
		char *host = translate(addr, how);

		if (host)
			return host;
		*why = do_user_fault(current_mm, addr, flags[how] | FAULT_FLAG_USER);
		if (*why & VM_FAULT_ERROR)
			return NULL;
	}
	port_panic("referee: a fault was answered 64 times and the access still does not work");
}

static size_t transfer(unsigned long addr, void *buf, size_t n, enum access how, vm_fault_t *why)
{
	size_t done = 0;

	*why = 0;
	while (done < n) {
		size_t piece = PAGE_SIZE - ((addr + done) & ~PAGE_MASK);
		char *host = access_user(addr + done, how, why);

		if (!host)
			break;
		*why = 0;
		if (piece > n - done)
			piece = n - done;
		if (how == STORE)
			memcpy(host, (char *)buf + done, piece);
		else
			memcpy((char *)buf + done, host, piece);
		end_access();
		done += piece;
	}
	return done;
}

vm_fault_t posix_load(unsigned long addr, void *buf, size_t n)
{
	vm_fault_t why;

	transfer(addr, buf, n, LOAD, &why);
	return why;
}

vm_fault_t posix_store(unsigned long addr, const void *buf, size_t n)
{
	vm_fault_t why;

	transfer(addr, (void *)(uintptr_t)buf, n, STORE, &why);
	return why;
}

vm_fault_t posix_fetch(unsigned long addr)
{
	vm_fault_t why;

	if (!access_user(addr, FETCH, &why))
		return why;
	end_access();
	return 0;
}

void *posix_kernel_access(unsigned long va, bool write)
{
	struct walk w = walk_tables(maps_kernel_root(), va);

	if (!w.present || (write && !(w.rights & E_WRITE)))
		return NULL;
	return (char *)port_phys_to_virt(w.frame) + (va & ~PAGE_MASK);
}

/* ---- user copies ----------------------------------------------------------------------------- */
static bool in_user_space(const void *addr, size_t n)
{
	return n <= PORT_TASK_SIZE && (unsigned long)addr <= PORT_TASK_SIZE - n;
}

size_t port_copy_from_user(void *to, const void __user *from, size_t n)
{
	vm_fault_t why;

	return in_user_space(from, n) ? n - transfer((unsigned long)from, to, n, LOAD, &why) : n;
}

size_t port_copy_to_user(void __user *to, const void *from, size_t n)
{
	vm_fault_t why;

	return in_user_space(to, n)
		       ? n - transfer((unsigned long)to, (void *)(uintptr_t)from, n, STORE, &why)
		       : n;
}

size_t port_clear_user(void __user *to, size_t n)
{
	static const char zero[4096];

	while (n) {
		size_t piece = n < sizeof(zero) ? n : sizeof(zero),
		       left = port_copy_to_user(to, zero, piece);

		if (left)
			return n - (piece - left);
		to = (char *)to + piece;
		n -= piece;
	}
	return 0;
}

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	vm_fault_t why;
	u32 *host = in_user_space(at, 4) && !((unsigned long)at & 3)
			    ? (u32 *)(void *)access_user((unsigned long)at, STORE, &why)
			    : NULL;

	if (!host)
		return -14;
	*seen = expected;
	__atomic_compare_exchange_n(host, seen, desired, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);
	end_access();
	return 0;
}

/* ---- the port's hooks ------------------------------------------------------------------------ */
static void flush(u64 root, unsigned long start, unsigned long last, bool kernel)
{
	unsigned cpu, i;

	pthread_mutex_lock(&tlb_lock);
	for (cpu = 0; cpu < QUIRE_NR_CPUS; cpu++) {
		tlbs[cpu].stats.flushes++;
		for (i = 0; i < POSIX_TLB_ENTRIES; i++) {
			struct translation *t = &tlbs[cpu].slot[i];

			if (t->valid && (kernel || t->root == root) && t->page >= start &&
			    t->page <= last) {
				t->valid = false;
				tlbs[cpu].stats.flushed_entries++;
			}
		}
	}
	pthread_mutex_unlock(&tlb_lock);
}

void port_flush_tlb_range(phys_addr_t root, unsigned long start, unsigned long end)
{
	if (start >= end || ((start | end) & ~PAGE_MASK))
		port_panic("referee: port_flush_tlb_range wants whole pages, at least one");
	flush(root, start, end - 1, false);
}

void port_flush_tlb_mm(phys_addr_t root)
{
	flush(root, 0, ~0UL, false);
}

void port_flush_tlb_kernel(unsigned long start, unsigned long end)
{
	if (start > end || start < PAGE_OFFSET)
		port_panic("referee: port_flush_tlb_kernel was given a user range");
	if (start < end)
		flush(0, start, end - 1, true);
}

void port_load_root(phys_addr_t root)
{
	current_root = root;
	pthread_mutex_lock(&tlb_lock);
	memset(my_tlb()->slot, 0, sizeof(my_tlb()->slot));
	pthread_mutex_unlock(&tlb_lock);
}

void posix_set_mm(struct mm_struct *mm)
{
	current_mm = mm;
	port_load_root(mm ? mm->root : 0);
}

struct mm_struct *posix_current_mm(void)
{
	return current_mm;
}

struct posix_tlb_stats posix_tlb_stats(void)
{
	return my_tlb()->stats;
}

void posix_mmu_reset(void)
{
	memset(tlbs, 0, sizeof(tlbs));
	current_mm = NULL;
	current_root = 0;
}
