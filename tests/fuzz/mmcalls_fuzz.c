/* SPDX-License-Identifier: MIT */
/*
 * mmcalls_fuzz.c - any sequence of memory system calls with any arguments must leave the laws
 * intact and no frame lost.
 *
 * Input: records of 12 bytes: call, then arguments picked from a table of edge values and small
 *        page numbers.
 */
#include <posix_machine.h>
#include <posix_mmu.h>
#include <quire/gfp.h>
#include <quire/mm.h>
#include <quire/pagemap.h>
#include <quire/quire.h>
#include <quire/watch.h>
#include <stdio.h>
#include <stdlib.h>

#define BASE 0x20000000UL

static unsigned long address(uint8_t a, uint8_t b)
{
	static const unsigned long edge[] = { 0,
					      1,
					      PAGE_SIZE,
					      ~0UL,
					      ~0UL - 4095,
					      PORT_TASK_SIZE,
					      PORT_TASK_SIZE - PAGE_SIZE,
					      1UL << (sizeof(long) * 8 - 1),
					      BASE + 1 };

	if (a >= 0xf0)
		return edge[b % ARRAY_SIZE(edge)];
	return BASE + ((unsigned long)(a & 0x3f) << PAGE_SHIFT) +
	       (a & 0x40 ? (unsigned long)b << 21 : 0);
}

static unsigned long length(uint8_t a)
{
	static const unsigned long edge[] = { 0, 1, ~0UL, ~0UL - 4095, PORT_TASK_SIZE, 4097 };

	return a >= 0xf0 ? edge[a % ARRAY_SIZE(edge)] : (unsigned long)(a & 0x3f) << PAGE_SHIFT;
}

static void die(const char *why)
{
	fprintf(stderr, "law broken: %s\n", why);
	abort();
}

static struct mm_struct *call(struct mm_struct *mm, struct file *file, const uint8_t *r)
{
	unsigned long addr = address(r[1], r[2]), len = length(r[3]), other = address(r[4], r[5]),
		      len2 = length(r[6]);
	unsigned long flags = (unsigned long)(r[7] | r[8] << 8 | r[9] << 16);
	struct mm_struct *child;
	u32 v = 0;

	switch (r[0] % 16) {
	case 0:
	case 1:
	case 2:
		do_mmap(mm, r[10] & 1 ? file : NULL, addr, len, r[11],
			flags & ~(unsigned long)MAP_POPULATE, r[10] >> 1);
		break;
	case 3: do_munmap(mm, addr, len); break;
	case 4: do_mprotect(mm, addr, len, r[11] & 0x1f); break;
	case 5: do_mremap(mm, addr, len, len2, r[10] & 15, other); break;
	case 6: do_madvise(mm, addr, len, r[10] & 31); break;
	case 7: do_brk(mm, BASE + (2UL << 30 >> 4) + ((unsigned long)r[3] << 10)); break;
	case 8: do_mlock(mm, addr, len & 0x3ffff, r[10] & 3, r[11] & 1); break;
	case 9: do_munlock(mm, addr, len); break;
	case 10: do_msync(mm, addr, len, r[10] & 15); break;
	case 11: do_mincore(mm, addr, len & 0xfffff, (unsigned char *)other); break;
	case 12: posix_store(addr, &v, sizeof(v)); break;
	case 13: posix_load(addr, &v, sizeof(v)); break;
	case 14: truncate_setsize(file->f_mapping, (quire_loff_t)r[10] << 10); break;
	default:
		child = mm_fork(mm);
		if (!child)
			break;
		posix_set_mm(child);
		mmput(mm);
		return child;
	}
	return mm;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	unsigned long before;
	struct mm_struct *mm;
	struct file *file;
	const char *why;

	if (posix_machine_start_simple(16, 1) != 0 || quire_start(1, NULL, NULL) != 0)
		die("the machine does not start");
	before = quire_free_pages_exact();
	mm = mm_alloc();
	file = shmem_file_setup("fuzz", 20 * PAGE_SIZE);
	mm->start_brk = mm->brk = BASE + (2UL << 30 >> 4);
	mm->limits.memlock = 64 * PAGE_SIZE;
	posix_set_mm(mm);
	for (; size >= 12; data += 12, size -= 12)
		mm = call(mm, file, data);
	why = check_all();
	if (why)
		die(why);
	posix_set_mm(NULL);
	mmput(mm);
	fput(file);
	if (quire_free_pages_exact() != before)
		die("frames are missing");
	quire_stop();
	posix_machine_stop();
	return 0;
}
