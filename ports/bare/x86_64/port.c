/* SPDX-License-Identifier: MIT */
/*
 * port.c - the ordinary functions of quire/port.h on this machine: the end, frame descriptors, chance.
 * Log and panic are ../common/log.c.
 */
#include "bare_private.h"
#include <quire/err.h>
#include <quire/memblock.h>
#include <quire/bytes.h>
#include <quire/uaccess.h>

#define PTE_P      1UL
#define PTE_W      2UL
#define PTE_PS     0x80UL
#define PTE_G      0x100UL
#define PTE_NX     (1UL << 63)
#define PTE_ADDR   0x000ffffffffff000UL
#define LARGE_PAGE (2UL << 20)

/* ---- end ----------------------------------------------------------------------------------- */
void bare_exit(unsigned status)
{
	__asm__ volatile("cli");
	outb(0xf4, (u8)status); /* QEMU's isa-debug-exit         */
	outw(0x604, 0x2000);    /* power off: QEMU's ACPI on pc, q35 */
	outw(0xb004, 0x2000);
	for (;;)
		__asm__ volatile("cli; hlt");
}

void bare_reboot(void)
{
	static const struct {
		u16 limit;
		u64 base;
	} __attribute__((__packed__)) nothing = { 0, 0 };

	outb(0xf4, 0);
	outb(0x64, 0xfe); /* keyboard controller: reset    */
	__asm__ volatile("lidt %0; int3" : : "m"(nothing));
	for (;;)
		__asm__ volatile("cli; hlt");
}

/* ---- who called ------------------------------------------------------------------------------ */

/* Whether the bytes before `pc` are a call: direct, or through a register or memory. */
static bool follows_call(unsigned long pc)
{
	const u8 *at = (const u8 *)pc;

	if (at[-5] == 0xe8)
		return true;
	/* ff /2: two to seven bytes with what the address needs. */
	for (unsigned n = 2; n <= 7; n++)
		if (at[-(int)n] == 0xff && (at[1 - (int)n] >> 3 & 7) == 2)
			return true;
	return false;
}

/* The kernel keeps no frame pointers: whatever on the stack points behind a call in its text is
 * taken for a return address.  A few are left over from calls that have returned. */
unsigned port_stack_trace(unsigned long *pc, unsigned n)
{
	extern char bare_text_start[], bare_text_end[];
	const unsigned long *at = __builtin_frame_address(0);
	const unsigned long *end = (const unsigned long *)bare_current()->kstack_top;
	unsigned i = 0;

	for (; at < end && i < n; at++) {
		if (at >= pc && at < pc + n)
			continue; /* the caller's array, most of the time on the same stack */
		if (*at > (unsigned long)bare_text_start + 8 &&
		    *at <= (unsigned long)bare_text_end && follows_call(*at))
			pc[i++] = *at;
	}
	return i;
}

/* ---- frame descriptors ----------------------------------------------------------------------- */

/* The table below *entry, made if it is missing; NULL: no memory. */
static u64 *table_below(u64 *entry)
{
	phys_addr_t pa;

	if (!(*entry & PTE_P)) {
		pa = memblock_phys_alloc(PAGE_SIZE, PAGE_SIZE);
		if (!pa)
			return NULL;
		port_clear_page(port_phys_to_virt(pa));
		*entry = pa | PTE_P | PTE_W;
	}
	return port_phys_to_virt(*entry & PTE_ADDR);
}

/* The entry of the 2 MiB page around `at`. */
static u64 *large_entry(unsigned long at)
{
	u64 *table = port_phys_to_virt(maps_kernel_root());

	for (unsigned shift = 39; shift > 21; shift -= 9) {
		table = table_below(&table[at >> shift & 511]);
		if (!table)
			return NULL;
	}
	return &table[at >> 21 & 511];
}

/* Map the frame, or the 2 MiB of frames, at pa.  0 or -ENOMEM. */
static int map_descriptors(unsigned long at, phys_addr_t pa, bool large)
{
	u64 *entry = large_entry(at);
	u64 bits = PTE_P | PTE_W | (bare_feature.pge ? PTE_G : 0) | (bare_feature.nx ? PTE_NX : 0);

	if (!entry)
		return -ENOMEM;
	if (large) {
		*entry = pa | bits | PTE_PS;
		return 0;
	}
	entry = table_below(entry);
	if (!entry)
		return -ENOMEM;
	entry[at >> 12 & 511] = pa | bits;
	return 0;
}

int port_vmemmap_populate(unsigned long start, unsigned long end)
{
	/* One piece of memory for the whole range: a thousand small ones would cost memblock more
	 * than clearing them. */
	phys_addr_t pa = memblock_phys_alloc(end - start,
					     end - start >= LARGE_PAGE ? LARGE_PAGE : PAGE_SIZE);

	if (!pa)
		return -ENOMEM;
	memset(port_phys_to_virt(pa), 0, end - start);
	while (start < end) {
		bool large = start % LARGE_PAGE == 0 && pa % LARGE_PAGE == 0 &&
			     end - start >= LARGE_PAGE;
		unsigned long size = large ? LARGE_PAGE : PAGE_SIZE;

		if (map_descriptors(start, pa, large))
			return -ENOMEM;
		start += size;
		pa += size;
	}
	return 0;
}

/* ---- chance ---------------------------------------------------------------------------------- */
/* How long things took since power-on, to the cycle. */
unsigned long port_random(void)
{
	static u64 state;
	u64 x = __atomic_add_fetch(&state, bare_ticks() | 1, __ATOMIC_RELAXED);

	x = (x ^ x >> 33) * 0xff51afd7ed558ccd;
	x = (x ^ x >> 33) * 0xc4ceb9fe1a85ec53;
	return x ^ x >> 33;
}

/* ---- what the compiler may call -------------------------------------------------------------- */
int __popcountdi2(long v);

/* Called by what link-time optimisation makes, after it has thrown away what nobody calls. */
__attribute__((__used__)) int __popcountdi2(long v)
{
	u64 x = (u64)v;

	x -= x >> 1 & 0x5555555555555555ULL;
	x = (x & 0x3333333333333333ULL) + (x >> 2 & 0x3333333333333333ULL);
	x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fULL;
	return (int)(x * 0x0101010101010101ULL >> 56);
}

/* ---- user words ------------------------------------------------------------------------------ */
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen);

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen);
}
