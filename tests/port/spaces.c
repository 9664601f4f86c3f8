/* SPDX-License-Identifier: MIT */
/*
 * tests/port/spaces.c - tier 3: user copies count to the byte, whatever the address; spaces are apart; what was taken
 * from a program it cannot reach any more; parking and waking.
 */
#include "port_check.h"
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/slab.h>
#include <quire/uaccess.h>
#include <quire/vmalloc.h>

#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define AT   0x100000UL /* of the program's pages */

static u8 buffer[2 * 4096 + 64], other[2 * 4096 + 64];

static struct mm_struct *space_with(unsigned long pages, u8 fill)
{
	struct mm_struct *mm = mm_alloc();

	if (!mm)
		return NULL;
	port_host->use(mm);
	if (do_mmap(mm, NULL, AT, pages * PAGE_SIZE, RW, ANON | MAP_FIXED, 0) != (long)AT) {
		port_host->use(NULL);
		mmput(mm);
		return NULL;
	}
	memset(buffer, fill, sizeof(buffer));
	for (unsigned long i = 0; fill && i < pages; i++)
		if (port_copy_to_user((void __user *)(AT + i * PAGE_SIZE), buffer, 64))
			port_says(false, "a page of the program's can be written");
	return mm;
}

static void end_space(struct mm_struct *mm)
{
	port_host->use(NULL);
	mmput(mm);
}

static u8 user_byte(unsigned long at)
{
	u8 v = 0xff;

	return port_copy_from_user(&v, (const void __user *)at, 1) ? 0xff : v;
}

/* ---- user copies ----------------------------------------------------------------------------- */
static void round_trips(void)
{
	bool whole = true, kept = true;

	for (size_t i = 0; i < sizeof(buffer); i++)
		buffer[i] = (u8)(i * 13 + i / 251);
	for (size_t off = 0; off < 9; off++)
		for (size_t n = 0; n < 80; n += n < 20 ? 1 : 13) {
			void __user *at = (void __user *)(AT + PAGE_SIZE - 40 + off);

			memset(other, 0, sizeof(other));
			whole = whole && !port_copy_to_user(at, buffer + n % 5, n);
			whole = whole && !port_copy_from_user(other + n % 7, at, n);
			kept = kept && !memcmp(other + n % 7, buffer + n % 5, n) &&
			       !other[n % 7 + n];
		}
	port_says(whole, "copies of every length and alignment come through");
	port_says(kept, "with every byte where it was, and none more");
	whole = !port_copy_to_user((void __user *)(AT + 32), buffer, 2 * PAGE_SIZE - 64) &&
		!port_copy_from_user(other, (const void __user *)(AT + 32), 2 * PAGE_SIZE - 64);
	port_says(whole && !memcmp(other, buffer, 2 * PAGE_SIZE - 64),
		  "two pages that were not there are brought in");
}

/* The program has two pages, and nothing behind them. */
static void ends_early(void)
{
	const unsigned long end = AT + 2 * PAGE_SIZE;
	bool from = true, to = true, clear = true;

	for (size_t before = 0; before < 40; before++)
		for (size_t n = before; n < before + 40; n += 3) {
			size_t left = n - before;

			from = from &&
			       port_copy_from_user(other, (void __user *)(end - before), n) == left;
			to = to &&
			     port_copy_to_user((void __user *)(end - before), buffer, n) == left;
			clear = clear && port_clear_user((void __user *)(end - before), n) == left;
		}
	port_says(from, "port_copy_from_user() says to the byte what it did not copy");
	port_says(to, "so does port_copy_to_user()");
	port_says(clear, "and port_clear_user()");
}

static void refused(void)
{
	const unsigned long bad[] = { 0,
				      PAGE_SIZE - 1,
				      PORT_TASK_SIZE,
				      PORT_TASK_SIZE - 1,
				      PAGE_OFFSET,
				      (unsigned long)port_phys_to_virt(port_virt_to_phys(buffer)),
				      (unsigned long)buffer,
				      PORT_VMALLOC_START,
				      ~0UL,
				      ~0UL - 7 };
	bool nothing = true, huge, words = true;
	u32 seen;

	memset(other, 0x77, 64);
	for (unsigned i = 0; i < ARRAY_SIZE(bad); i++) {
		void __user *at = (void __user *)bad[i];

		nothing = nothing && port_copy_from_user(other, at, 16) == 16 && other[0] == 0x77;
		nothing = nothing && port_copy_to_user(at, buffer, 16) == 16;
		nothing = nothing && port_clear_user(at, 16) == 16;
		words = words &&
			port_cmpxchg_user((u32 __user *)(bad[i] & ~3UL), 0, 1, &seen) == -EFAULT;
	}
	huge = port_copy_from_user(other, (void __user *)AT, ~0UL - AT) == ~0UL - AT;
	port_says(nothing, "nothing, kernel addresses and what wraps around are refused");
	port_says(words, "port_cmpxchg_user() refuses them as well");
	port_says(huge, "a length that leaves user space is refused whole");
}

static void words(void)
{
	u32 __user *at = (u32 __user *)(AT + 64);
	u32 v = 5, seen = 0;
	bool same, differs;

	port_copy_to_user(at, &v, 4);
	same = !port_cmpxchg_user(at, 5, 9, &seen) && seen == 5;
	port_copy_from_user(&v, at, 4);
	same = same && v == 9;
	differs = !port_cmpxchg_user(at, 5, 11, &seen) && seen == 9;
	port_copy_from_user(&v, at, 4);
	port_says(same, "port_cmpxchg_user() swaps what it expects");
	port_says(differs && v == 9, "and leaves what it does not");
}

/* ---- translations ---------------------------------------------------------------------------- */
static void spaces_apart(void)
{
	struct mm_struct *one = space_with(4, 0x11), *two = space_with(4, 0x22);
	bool apart = one && two;

	for (int i = 0; i < 6 && apart; i++) {
		port_host->use(i % 2 ? two : one);
		apart = user_byte(AT + (unsigned long)(i % 4) * PAGE_SIZE) == (i % 2 ? 0x22 : 0x11);
	}
	port_says(apart, "two spaces at the same addresses are apart");
	if (one) {
		port_host->use(one);
		do_munmap(one, AT, PAGE_SIZE);
	}
	if (two)
		end_space(two); /* while the other one is not loaded */
	if (one) {
		port_host->use(one);
		port_says(user_byte(AT) == 0xff && user_byte(AT + PAGE_SIZE) == 0x11,
			  "what was unmapped is gone, and nothing else");
		end_space(one);
	}
}

/* More spaces than a processor may have numbers for would take long: enough that numbers are used again. */
static void many_spaces(void)
{
	bool right = true;

	for (unsigned i = 0; i < 600 && right; i++) {
		struct mm_struct *mm = space_with(1, (u8)(i % 200 + 1));

		right = mm && user_byte(AT + 5) == i % 200 + 1;
		if (mm)
			end_space(mm);
	}
	port_says(right, "six hundred spaces one after another see their own");
}

static void rights(struct mm_struct *mm)
{
	const u8 v = 1;
	void __user *at = (void __user *)AT;
	bool was = !port_copy_to_user(at, &v, 1), denied, back;

	do_mprotect(mm, AT, 2 * PAGE_SIZE, PROT_READ);
	denied = port_copy_to_user(at, &v, 1) == 1 && user_byte(AT) == 1;
	do_mprotect(mm, AT, 2 * PAGE_SIZE, RW);
	back = !port_copy_to_user(at, &v, 1);
	port_says(was && denied, "a page that became read-only is not written any more");
	port_says(back, "and is again when it may be");
}

static void zero_pages(struct mm_struct *mm)
{
	do_munmap(mm, AT, 2 * PAGE_SIZE);
	if (do_mmap(mm, NULL, AT, 2 * PAGE_SIZE, RW, ANON | MAP_FIXED, 0) != (long)AT)
		return;
	port_says(user_byte(AT) == 0, "what is mapped in its place is zero, not what was there");
	port_copy_to_user((void __user *)AT, buffer, 1);
	port_says(user_byte(AT) == buffer[0], "and after a store no longer the zero page");
}

/* Mapped after the space was made. */
static void late_mapping(void)
{
	u32 *late = vmalloc(3 * PAGE_SIZE);
	u32 *at = late ? port_host->touch((unsigned long)late + PAGE_SIZE, true) : NULL;

	if (at)
		*(volatile u32 *)at = 77;
	port_says(at && *(volatile u32 *)at == 77,
		  "a space sees what the kernel mapped after it was made");
	vfree(late);
}

static void parking(void)
{
	void *self = port_self();

	port_says(self && self == port_self(), "port_self() is somebody, and always the same");
	port_unblock(self);
	port_block(); /* returns: it was woken already */
	port_yield();
	port_says(true, "who was woken before does not sleep");
}

void port_check_spaces(void)
{
	struct mm_struct *mm = space_with(2, 0);

	if (!mm) {
		port_says(false, "a space");
		return;
	}
	round_trips();
	ends_early();
	refused();
	words();
	late_mapping();
	rights(mm);
	zero_pages(mm);
	end_space(mm);
	spaces_apart();
	many_spaces();
	parking();
}
