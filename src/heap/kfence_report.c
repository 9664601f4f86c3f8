/* SPDX-License-Identifier: MIT */
/*
 * heap/kfence_report.c - what kfence.c found, in the layout of Linux's reports.
 *
 *   BUG: KFENCE: out-of-bounds read in 0xIP
 *
 *   Out-of-bounds read at 0xADDR (1B left of kfence-#72):
 *    0xIP and whoever called
 *
 *   kfence-#72: 0xFIRST-0xLAST, size=32, cache=kmalloc-32
 *
 *   allocated by task 484 on cpu 0:
 *    0xCALLER ...
 *
 * Lock: kfence_state.lock, the caller's.
 */
#include <quire/task.h>
#include "kfence.h"

#define RULE       "=================================================================="
#define SHOWN_MOST 16u /* bytes of a corruption                                        */

void kfence_track_fill(struct kfence_track *track, const void *caller)
{
	struct quire_task who;

	quire_current_task(&who);
	track->caller = caller;
	track->cpu = (u16)port_cpu_id();
	track->pid = who.pid;
	track->nr = quire_stack_trace(track->pc, STACK_DEPOT_DEPTH);
}

static void print_trace(unsigned long first, const unsigned long *pc, unsigned n)
{
	printk(" 0x%lx\n", first);
	for (unsigned i = 0; i < n; i++)
		printk(" 0x%lx\n", pc[i]);
}

static void print_track(const struct kfence_track *track, const char *what)
{
	printk("\n%s by task %d on cpu %u:\n", what, track->pid, (unsigned)track->cpu);
	print_trace((unsigned long)track->caller, track->pc, track->nr);
}

static unsigned number_of(const struct kfence_place *place)
{
	return (unsigned)(place - kfence_state.place);
}

void kfence_describe_place(const struct kfence_place *place)
{
	printk("kfence-#%u: 0x%lx-0x%lx, size=%u, cache=%s\n", number_of(place),
	       (unsigned long)place->object, (unsigned long)place->object + place->size - 1,
	       place->size, place->cache ? place->name : "<destroyed>");
	print_track(&place->alloc, "allocated");
	if (place->state == PLACE_FREED)
		print_track(&place->free, "freed");
}

static void begin(const char *what, unsigned long ip)
{
	printk(RULE "\n");
	printk("BUG: KFENCE: %s in 0x%lx\n\n", what, ip);
}

/* What is common to all: from where, the object, who runs. */
static void finish(const struct kfence_place *place, unsigned long ip)
{
	unsigned long pc[STACK_DEPOT_DEPTH];
	struct quire_task who;

	print_trace(ip, pc, quire_stack_trace(pc, STACK_DEPOT_DEPTH));
	if (place) {
		printk("\n");
		kfence_describe_place(place);
	}
	quire_current_task(&who);
	printk("\nCPU: %u PID: %d Comm: %s Not tainted\n", port_cpu_id(), who.pid, who.comm);
	printk(RULE "\n");
}

static bool is_inside(const struct kfence_place *place, unsigned long addr)
{
	return addr - (unsigned long)place_page(place) < PAGE_SIZE;
}

/* "Out-of-bounds read at 0x... (1B left of kfence-#72):" */
static void print_out_of_bounds(const struct kfence_place *place, unsigned long addr,
				const char *how)
{
	unsigned long start = (unsigned long)place->object;
	bool left = addr < start;

	printk("Out-of-bounds %s at 0x%lx (%luB %s of kfence-#%u):\n", how, addr,
	       left ? start - addr : addr - (start + place->size) + 1, left ? "left" : "right",
	       number_of(place));
}

void kfence_report_access(const struct kfence_place *place, unsigned long addr, bool is_write,
			  unsigned long ip)
{
	const char *how = is_write ? "write" : "read";

	if (!place) {
		begin(is_write ? "invalid write" : "invalid read", ip);
		printk("Invalid %s at 0x%lx:\n", how, addr);
	} else if (is_inside(place, addr)) {
		begin(is_write ? "use-after-free write" : "use-after-free read", ip);
		printk("Use-after-free %s at 0x%lx (in kfence-#%u):\n", how, addr,
		       number_of(place));
	} else {
		begin(is_write ? "out-of-bounds write" : "out-of-bounds read", ip);
		print_out_of_bounds(place, addr, how);
	}
	finish(place, ip);
}

void kfence_report_free(const struct kfence_place *place, const void *object, const void *caller)
{
	begin("invalid free", (unsigned long)caller);
	if (place)
		printk("Invalid free of 0x%lx (in kfence-#%u):\n", (unsigned long)object,
		       number_of(place));
	else
		printk("Invalid free of 0x%lx:\n", (unsigned long)object);
	finish(place, (unsigned long)caller);
}

/* " 0xac . . ." : bytes that are as they must be are dots. */
static void print_bytes(char *to, size_t size, const u8 *at, const u8 *end, u8 expected)
{
	int n = 0;

	*to = 0;
	for (u32 i = 0; i < SHOWN_MOST && at < end && n >= 0 && (size_t)n < size; i++, at++) {
		u8 right = expected ? expected : kfence_canary(at);

		n += *at == right ? quire_snprintf(to + n, size - (size_t)n, " .")
				  : quire_snprintf(to + n, size - (size_t)n, " 0x%02x", *at);
	}
}

void kfence_report_bytes(const struct kfence_place *place, const u8 *at, const u8 *end, u8 expected,
			 const void *caller)
{
	char bytes[SHOWN_MOST * 5 + 1];

	print_bytes(bytes, sizeof(bytes), at, end, expected);
	begin("memory corruption", (unsigned long)caller);
	printk("Corrupted memory at 0x%lx [%s ] (in kfence-#%u):\n", (unsigned long)at, bytes,
	       number_of(place));
	finish(place, (unsigned long)caller);
}
