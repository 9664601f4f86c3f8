/* SPDX-License-Identifier: MIT */
/* mmap_test.c - mmap, munmap, mprotect, mremap, brk, madvise, mlock: results and errors as mmap(2)
 * and its family say. */
#include "mm_harness.h"

static void test_mmap_errors(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("f", PAGE_SIZE);
	const struct {
		struct file *file;
		unsigned long addr, len, prot, flags, pgoff;
		long want;
	} rows[] = {
		{ NULL, 0, 0, RW, ANON_PRIVATE, 0, -EINVAL },
		{ NULL, 0, PAGE_SIZE, RW, MAP_ANONYMOUS, 0, -EINVAL },
		{ NULL, 0, PAGE_SIZE, RW, MAP_PRIVATE, 0, -EBADF },
		{ NULL, 0, ~0UL, RW, ANON_PRIVATE, 0, -ENOMEM },
		{ NULL, 0, PORT_TASK_SIZE + PAGE_SIZE, RW, ANON_PRIVATE, 0, -ENOMEM },
		{ NULL, 0x10001000, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0, 0x10001000 },
		{ NULL, 0x10001234, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0, -EINVAL },
		{ NULL, 0x10001000, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED_NOREPLACE, 0, -EEXIST },
		{ NULL, 0x1000, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0, -EPERM },
		{ NULL, PORT_TASK_SIZE & PAGE_MASK, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0,
		  -ENOMEM },
		{ file, 0, PAGE_SIZE, RW, MAP_SHARED, ~0UL, -EOVERFLOW },
		{ NULL, 0, PAGE_SIZE, RW, ANON_PRIVATE | MAP_HUGETLB, 0, -EINVAL },
	};
	unsigned i;

	(void)state;
	for (i = 0; i < ARRAY_SIZE(rows); i++) {
		long got = do_mmap(mm, rows[i].file, rows[i].addr, rows[i].len, rows[i].prot,
				   rows[i].flags, rows[i].pgoff);

		if (got != rows[i].want)
			fail_msg("row %u: got %ld, want %ld", i, got, rows[i].want);
	}
	file->f_mode = FMODE_READ;
	assert_int_equal(do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0), -EACCES);
	assert_false(
		IS_ERR_VALUE((unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_PRIVATE, 0)));
	file->f_mode = FMODE_WRITE;
	assert_int_equal(do_mmap(mm, file, 0, PAGE_SIZE, PROT_READ, MAP_PRIVATE, 0), -EACCES);
	end_mm(mm);
	fput(file);
}

static void test_neighbours_melt(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = 0x20000000;

	(void)state;
	assert_int_equal(do_mmap(mm, NULL, a, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0), a);
	assert_int_equal(do_mmap(mm, NULL, a + 2 * PAGE_SIZE, PAGE_SIZE, RW,
				 ANON_PRIVATE | MAP_FIXED, 0),
			 a + 2 * PAGE_SIZE);
	assert_int_equal(mm->map_count, 2);
	put_u32(a, 1);
	assert_int_equal(do_mmap(mm, NULL, a + PAGE_SIZE, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED,
				 0),
			 a + PAGE_SIZE);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(do_mprotect(mm, a + PAGE_SIZE, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(mm->map_count, 3);
	assert_mm_ok(mm);
	assert_int_equal(do_mprotect(mm, a + PAGE_SIZE, PAGE_SIZE, RW), 0);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(do_munmap(mm, a + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(mm->map_count, 2);
	assert_int_equal(get_u32(a), 1);
	end_mm(mm);
}

static void test_map_count_limit(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 40 * PAGE_SIZE, RW), i;
	int limit = quire_vm.max_map_count;

	(void)state;
	quire_vm.max_map_count = 7;
	for (i = 1; i < 40; i += 2)
		if (do_mprotect(mm, a + i * PAGE_SIZE, PAGE_SIZE, PROT_READ) != 0)
			break;
	assert_int_equal(mm->map_count, 7);
	assert_int_equal(do_munmap(mm, a + 30 * PAGE_SIZE, PAGE_SIZE), -ENOMEM);
	assert_int_equal(do_mmap(mm, NULL, 0, PAGE_SIZE, PROT_NONE, ANON_PRIVATE, 0), -ENOMEM);
	assert_mm_ok(mm);
	quire_vm.max_map_count = limit;
	end_mm(mm);
}

static void test_zero_page_and_rss(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 8 * PAGE_SIZE, RW), i;

	(void)state;
	for (i = 0; i < 8; i++)
		assert_int_equal(get_u32(a + i * PAGE_SIZE), 0);
	assert_int_equal(get_mm_rss(mm), 0);
	for (i = 0; i < 4; i++)
		put_u32(a + i * PAGE_SIZE, (u32)i + 1);
	assert_int_equal(get_mm_counter(mm, MM_ANONPAGES), 4);
	for (i = 0; i < 8; i++)
		assert_int_equal(get_u32(a + i * PAGE_SIZE), i < 4 ? i + 1 : 0);
	assert_int_equal(do_madvise(mm, a, 2 * PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(get_mm_counter(mm, MM_ANONPAGES), 2);
	assert_int_equal(get_u32(a), 0);
	end_mm(mm);
}

static void test_protection_faults(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	u32 v = 1;

	(void)state;
	put_u32(a, 5);
	assert_int_equal(posix_fetch(a), VM_FAULT_ACCERR);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(posix_store(a, &v, 4), VM_FAULT_ACCERR);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(posix_load(a, &v, 4), VM_FAULT_ACCERR);
	assert_mm_ok(mm);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, PROT_READ | PROT_EXEC), 0);
	assert_int_equal(posix_fetch(a), 0);
	assert_int_equal(get_u32(a), 5);
	assert_int_equal(posix_load(a + PAGE_SIZE, &v, 4), VM_FAULT_MAPERR);
	assert_int_equal(posix_load(PORT_TASK_SIZE, &v, 4), VM_FAULT_MAPERR);
	assert_int_equal(do_mprotect(mm, a + 1, PAGE_SIZE, RW), -EINVAL);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, 0x80), -EINVAL);
	assert_int_equal(do_mprotect(mm, a, 2 * PAGE_SIZE, RW), -ENOMEM);
	end_mm(mm);
}

static void test_last_owner_reuses(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	struct page *before, *after;

	(void)state;
	put_u32(a, 11);
	assert_int_equal(get_user_pages(mm, a, 1, 0, &before), 1);
	put_page(before);
	child = mm_fork(mm);
	assert_non_null(child);
	assert_int_equal(page_mapcount(before), 2);
	posix_set_mm(child);
	put_u32(a, 22); /* copies */
	posix_set_mm(mm);
	assert_int_equal(get_u32(a), 11);
	put_u32(a, 33); /* reuses */
	assert_int_equal(get_user_pages(mm, a, 1, FOLL_WRITE, &after), 1);
	put_page(after);
	assert_ptr_equal(before, after);
	posix_set_mm(child);
	assert_int_equal(get_u32(a), 22);
	end_mm(child);
	end_mm(mm);
}

static void test_shared_stays_shared(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = (unsigned long)do_mmap(mm, NULL, 0, 4 * PAGE_SIZE, RW,
						 MAP_SHARED | MAP_ANONYMOUS, 0);

	(void)state;
	put_u32(a, 1);
	child = mm_fork(mm);
	posix_set_mm(child);
	assert_int_equal(get_u32(a), 1);
	put_u32(a, 2);
	put_u32(a + 3 * PAGE_SIZE, 3);
	posix_set_mm(mm);
	assert_int_equal(get_u32(a), 2);
	assert_int_equal(get_u32(a + 3 * PAGE_SIZE), 3);
	end_mm(child);
	end_mm(mm);
}

static void test_fork_flags(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long keep = map_anon(mm, PAGE_SIZE, RW), skip = 0x30000000, wipe = 0x31000000;
	u32 v;

	(void)state;
	assert_int_equal(do_mmap(mm, NULL, skip, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0), skip);
	assert_int_equal(do_mmap(mm, NULL, wipe, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0), wipe);
	put_u32(keep, 1);
	put_u32(skip, 2);
	put_u32(wipe, 3);
	assert_int_equal(do_madvise(mm, skip, PAGE_SIZE, MADV_DONTFORK), 0);
	assert_int_equal(do_madvise(mm, wipe, PAGE_SIZE, MADV_WIPEONFORK), 0);
	child = mm_fork(mm);
	posix_set_mm(child);
	assert_int_equal(get_u32(keep), 1);
	assert_int_equal(posix_load(skip, &v, 4), VM_FAULT_MAPERR);
	assert_int_equal(get_u32(wipe), 0);
	end_mm(child);
	posix_set_mm(mm);
	assert_int_equal(get_u32(wipe), 3);
	end_mm(mm);
}

static void test_file_mappings(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("data", 3 * PAGE_SIZE + 100);
	unsigned long s = (unsigned long)do_mmap(mm, file, 0, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	unsigned long p = (unsigned long)do_mmap(mm, file, 0, 8 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	u32 v = 9;

	(void)state;
	put_u32(s, 1);
	put_u32(s + 3 * PAGE_SIZE, 4);
	assert_int_equal(get_u32(p), 1);
	put_u32(p, 100);
	assert_int_equal(get_u32(s), 1);
	put_u32(s + PAGE_SIZE, 2);
	assert_int_equal(get_u32(p + PAGE_SIZE), 2);
	assert_int_equal(posix_load(s + 4 * PAGE_SIZE, &v, 4), VM_FAULT_SIGBUS);
	assert_int_equal(posix_store(p + 5 * PAGE_SIZE, &v, 4), VM_FAULT_SIGBUS);
	truncate_setsize(file->f_mapping, PAGE_SIZE + 8);
	assert_int_equal(posix_load(s + 3 * PAGE_SIZE, &v, 4), VM_FAULT_SIGBUS);
	assert_int_equal(get_u32(p), 100);
	assert_int_equal(get_u32(s + PAGE_SIZE), 2);
	truncate_setsize(file->f_mapping, 8 * PAGE_SIZE);
	assert_int_equal(get_u32(s + 3 * PAGE_SIZE), 0);
	assert_null(address_space_check(file->f_mapping));
	end_mm(mm);
	fput(file);
}

static void test_remove_punches(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = (unsigned long)do_mmap(mm, NULL, 0, 4 * PAGE_SIZE, RW,
						 MAP_SHARED | MAP_ANONYMOUS, 0),
		      p;

	(void)state;
	put_u32(a, 1);
	put_u32(a + PAGE_SIZE, 2);
	assert_int_equal(do_madvise(mm, a + PAGE_SIZE, PAGE_SIZE, MADV_REMOVE), 0);
	assert_int_equal(get_u32(a), 1);
	assert_int_equal(get_u32(a + PAGE_SIZE), 0);
	p = map_anon(mm, PAGE_SIZE, RW);
	assert_int_equal(do_madvise(mm, p, PAGE_SIZE, MADV_REMOVE), -EINVAL);
	assert_int_equal(do_madvise(mm, p, PAGE_SIZE, 999), -EINVAL);
	assert_int_equal(do_madvise(mm, p + 1, PAGE_SIZE, MADV_NORMAL), -EINVAL);
	assert_int_equal(do_madvise(mm, p, 0, MADV_NORMAL), 0);
	end_mm(mm);
}

static void test_mremap(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = 0x20000000, b;

	(void)state;
	assert_int_equal(do_mmap(mm, NULL, a, 2 * PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0), a);
	put_u32(a, 1);
	put_u32(a + PAGE_SIZE, 2);
	assert_int_equal(do_mremap(mm, a, 2 * PAGE_SIZE, 6 * PAGE_SIZE, 0, 0), a);
	assert_int_equal(get_u32(a + 5 * PAGE_SIZE), 0);
	assert_int_equal(do_mremap(mm, a, 6 * PAGE_SIZE, 2 * PAGE_SIZE, 0, 0), a);
	assert_int_equal(do_mmap(mm, NULL, a + 2 * PAGE_SIZE, PAGE_SIZE, PROT_READ,
				 ANON_PRIVATE | MAP_FIXED, 0),
			 a + 2 * PAGE_SIZE);
	assert_int_equal(do_mremap(mm, a, 2 * PAGE_SIZE, 3 * PAGE_SIZE, 0, 0), -ENOMEM);
	b = (unsigned long)do_mremap(mm, a, 2 * PAGE_SIZE, 1000 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	assert_false(IS_ERR_VALUE(b));
	assert_true(b != a);
	assert_int_equal(get_u32(b), 1);
	assert_int_equal(get_u32(b + PAGE_SIZE), 2);
	assert_int_equal(do_mremap(mm, a, PAGE_SIZE, PAGE_SIZE, 0, 0), -EFAULT);
	assert_int_equal(do_mremap(mm, b + 1, PAGE_SIZE, PAGE_SIZE, 0, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, 0, 0, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, PAGE_SIZE, MREMAP_FIXED, a), -EINVAL);
	assert_int_equal(do_mremap(mm, b, 2 * PAGE_SIZE, 2 * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, b + PAGE_SIZE),
			 -EINVAL);
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, PAGE_SIZE, 0x80, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP, 0x40000000),
			 0x40000000);
	assert_int_equal(get_u32(0x40000000), 1);
	assert_int_equal(get_u32(b), 0);
	end_mm(mm);
}

static void test_brk(void **state)
{
	struct mm_struct *mm = new_mm();

	(void)state;
	mm->start_brk = mm->brk = 0x600000;
	assert_int_equal(do_brk(mm, 0), 0x600000);
	assert_int_equal(do_brk(mm, 0x600000 + 3 * PAGE_SIZE + 5), 0x600000 + 3 * PAGE_SIZE + 5);
	put_u32(0x600000 + 3 * PAGE_SIZE, 1);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(do_brk(mm, 0x600000 + 10 * PAGE_SIZE), 0x600000 + 10 * PAGE_SIZE);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(do_brk(mm, 0x600000), 0x600000);
	assert_int_equal(mm->map_count, 0);
	mm->limits.data = 4 * PAGE_SIZE;
	assert_int_equal(do_brk(mm, 0x600000 + 5 * PAGE_SIZE), 0x600000);
	end_mm(mm);
}

static void test_stack_grows(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long top = PORT_TASK_SIZE & ~0xfffffUL, i;
	u32 v = 1;

	(void)state;
	assert_int_equal(mm_setup_stack(mm, top, 128 << 10, 0), 0);
	mm->limits.stack = 1 << 20;
	for (i = 1; i <= 256; i++)
		put_u32(top - i * PAGE_SIZE, (u32)i);
	assert_int_equal(posix_store(top - 257 * PAGE_SIZE, &v, 4), VM_FAULT_MAPERR);
	assert_int_equal(mm->stack_vm, 256);
	/* A mapping close below keeps the stack away from it. */
	mm->limits.stack = RLIM_UNLIMITED;
	assert_int_equal((unsigned long)do_mmap(mm, NULL, top - (4UL << 20), PAGE_SIZE, RW,
						ANON_PRIVATE | MAP_FIXED, 0),
			 top - (4UL << 20));
	assert_int_equal(posix_store(top - (3UL << 20) - PAGE_SIZE, &v, 4), VM_FAULT_MAPERR);
	assert_int_equal(posix_store(top - (2UL << 20), &v, 4), 0);
	end_mm(mm);
}

static void test_limits(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a;

	(void)state;
	mm->limits.as = 10 * PAGE_SIZE;
	a = map_anon(mm, 8 * PAGE_SIZE, RW);
	assert_int_equal(do_mmap(mm, NULL, 0, 3 * PAGE_SIZE, RW, ANON_PRIVATE, 0), -ENOMEM);
	assert_int_equal(do_mremap(mm, a, 8 * PAGE_SIZE, 11 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
			 -ENOMEM);
	mm->limits.as = RLIM_UNLIMITED;
	mm->limits.memlock = 4 * PAGE_SIZE;
	assert_int_equal(do_mlock(mm, a, 5 * PAGE_SIZE, 0, false), -ENOMEM);
	assert_int_equal(do_mlock(mm, a, 4 * PAGE_SIZE, 0, false), 0);
	assert_int_equal(do_mlock(mm, a, 4 * PAGE_SIZE, 0, false), 0); /* not counted twice */
	assert_int_equal(mm->locked_vm, 4);
	assert_int_equal(get_mm_counter(mm, MM_ANONPAGES), 4);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 4);
	assert_int_equal(do_madvise(mm, a, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	assert_int_equal(do_munlock(mm, a, PAGE_SIZE), 0);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 3);
	assert_int_equal(do_munlock(mm, a + 64 * PAGE_SIZE, PAGE_SIZE), -ENOMEM);
	end_mm(mm);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 0);
}

/* A locked page that is shared by fork is counted once, and not after its locker has its own
 * copy. */
static void test_mlock_and_fork(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);

	(void)state;
	assert_int_equal(do_mlock(mm, a, 2 * PAGE_SIZE, 0, true), 0);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 2);
	child = mm_fork(mm);
	assert_int_equal(child->locked_vm, 0);
	put_u32(a, 1); /* the parent copies; the child keeps the old page, unlocked */
	assert_int_equal(global_zone_page_state(NR_MLOCK), 2);
	end_mm(child);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 2);
	end_mm(mm);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 0);
}

/* mremap of nothing makes a second mapping of shared pages. */
static void test_mremap_duplicates(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = (unsigned long)do_mmap(mm, NULL, 0, 2 * PAGE_SIZE, RW,
						 MAP_SHARED | MAP_ANONYMOUS, 0);
	unsigned long p = map_anon(mm, PAGE_SIZE, RW), b;

	(void)state;
	put_u32(a + PAGE_SIZE, 5);
	b = (unsigned long)do_mremap(mm, a, 0, 2 * PAGE_SIZE, MREMAP_MAYMOVE, 0);
	assert_false(IS_ERR_VALUE(b));
	assert_int_equal(get_u32(b + PAGE_SIZE), 5);
	put_u32(b, 6);
	assert_int_equal(get_u32(a), 6);
	assert_int_equal(do_mremap(mm, p, 0, PAGE_SIZE, MREMAP_MAYMOVE, 0), -EINVAL);
	assert_int_equal(do_mremap(mm, a, 0, PAGE_SIZE, 0, 0), -EINVAL);
	end_mm(mm);
}

static int map_two_of_three(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	return remap_pfn_range(vma, vma->vm_start, 0xfee00, 2 * PAGE_SIZE, 0);
}

static void nothing(struct file *file)
{
	(void)file;
}

static void no_identity(struct file *file, struct file_identity *id)
{
	(void)file;
	*id = (struct file_identity){ 0, 0, 0 };
}

/* A driver's frames are not counted, cannot grow, and a page it left out is SIGBUS. */
static void test_device_area(void **state)
{
	static const struct file_mm_operations ops = { .release = nothing,
						       .mmap = map_two_of_three,
						       .identify = no_identity };
	struct file file = { { 1 }, FMODE_READ | FMODE_WRITE, NULL, &ops };
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = (unsigned long)do_mmap(mm, &file, 0, 3 * PAGE_SIZE, RW, MAP_SHARED, 0);
	u32 v;

	(void)state;
	assert_false(IS_ERR_VALUE(a));
	assert_int_equal(get_mm_rss(mm), 0);
	assert_int_equal(posix_load(a + 2 * PAGE_SIZE, &v, 4), VM_FAULT_SIGBUS);
	assert_int_equal(do_madvise(mm, a, PAGE_SIZE, MADV_DONTNEED), -EINVAL);
	assert_int_equal(do_mremap(mm, a, 3 * PAGE_SIZE, 4 * PAGE_SIZE, MREMAP_MAYMOVE, 0),
			 -EFAULT);
	child = mm_fork(mm);
	assert_int_equal(get_mm_rss(child), 0);
	end_mm(child);
	end_mm(mm);
}

static struct page *inserted;

static int insert_one(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	if (vm_insert_page(vma, vma->vm_start + PAGE_SIZE, inserted) != 0)
		return -ENOMEM;
	/* The place is taken, and outside the area there is none. */
	assert_int_equal(vm_insert_page(vma, vma->vm_start + PAGE_SIZE, inserted), -EBUSY);
	assert_int_equal(vm_insert_page(vma, vma->vm_end, inserted), -EFAULT);
	return 0;
}

/* A driver's own page in user space is counted, shared by fork and outlives the mapping. */
static void test_inserted_page(void **state)
{
	static const struct file_mm_operations ops = { .release = nothing,
						       .mmap = insert_one,
						       .identify = no_identity };
	struct file file = { { 1 }, FMODE_READ | FMODE_WRITE, NULL, &ops };
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a;

	(void)state;
	inserted = alloc_page(GFP_KERNEL | __GFP_ZERO);
	assert_non_null(inserted);
	a = (unsigned long)do_mmap(mm, &file, 0, 2 * PAGE_SIZE, RW, MAP_SHARED, 0);
	assert_false(IS_ERR_VALUE(a));
	put_u32(a + PAGE_SIZE, 77);
	assert_int_equal(*(u32 *)page_address(inserted), 77);
	child = mm_fork(mm);
	assert_int_equal(page_mapcount(inserted), 2);
	assert_int_equal(get_mm_rss(child), 1);
	end_mm(child);
	end_mm(mm);
	assert_int_equal(page_mapcount(inserted), 0);
	assert_int_equal(page_count(inserted), 1);
	__free_page(inserted);
}

static void test_overcommit(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long before = vm_memory_committed(), a;

	(void)state;
	a = map_anon(mm, 100 * PAGE_SIZE, RW);
	assert_int_equal(vm_memory_committed() - before, 100);
	assert_int_equal(do_mprotect(mm, a, 50 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(vm_memory_committed() - before, 100);
	assert_int_equal(do_mmap(mm, NULL, 0, 1UL << 30, RW, ANON_PRIVATE, 0), -ENOMEM);
	assert_false(IS_ERR_VALUE((unsigned long)do_mmap(mm, NULL, 0, 1UL << 30, RW,
							 ANON_PRIVATE | MAP_NORESERVE, 0)));
	quire_vm.overcommit_memory = 2;
	assert_int_equal(do_mmap(mm, NULL, 0, (totalram_pages() / 2 + 256) << PAGE_SHIFT, RW,
				 ANON_PRIVATE, 0),
			 -ENOMEM);
	quire_vm.overcommit_memory = 0;
	end_mm(mm);
	assert_int_equal(vm_memory_committed(), before);
}

static void test_mincore_msync(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 600 * PAGE_SIZE, RW), vec = map_anon(mm, PAGE_SIZE, RW);
	unsigned char got[600];
	unsigned i;

	(void)state;
	put_u32(a + 3 * PAGE_SIZE, 1);
	put_u32(a + 599 * PAGE_SIZE, 1);
	assert_int_equal(do_mincore(mm, a, 600 * PAGE_SIZE, (unsigned char *)vec), 0);
	assert_int_equal(copy_from_user(got, (void *)vec, sizeof(got)), 0);
	for (i = 0; i < 600; i++)
		assert_int_equal(got[i] & 1, i == 3 || i == 599);
	assert_int_equal(do_mincore(mm, a + 1, PAGE_SIZE, (unsigned char *)vec), -EINVAL);
	assert_int_equal(do_mincore(mm, a, PAGE_SIZE, (unsigned char *)0x1000), -EFAULT);
	assert_int_equal(do_munmap(mm, a + 5 * PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(do_mincore(mm, a, 10 * PAGE_SIZE, (unsigned char *)vec), -ENOMEM);
	assert_int_equal(do_msync(mm, a, 10 * PAGE_SIZE, MS_SYNC), -ENOMEM);
	assert_int_equal(do_msync(mm, a, PAGE_SIZE, MS_SYNC | MS_ASYNC), -EINVAL);
	assert_int_equal(do_msync(mm, a + 1, PAGE_SIZE, MS_SYNC), -EINVAL);
	assert_int_equal(do_msync(mm, a, PAGE_SIZE, MS_SYNC), 0);
	end_mm(mm);
}

static void test_user_copies(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);
	char buf[64];

	(void)state;
	assert_int_equal(copy_to_user((void *)(a + 2 * PAGE_SIZE - 10), "0123456789abcdef", 16), 6);
	memset(buf, 'x', sizeof(buf));
	assert_int_equal(copy_from_user(buf, (void *)(a + 2 * PAGE_SIZE - 4), 8), 4);
	assert_memory_equal(buf, "6789\0\0\0\0x", 9);
	assert_int_equal(copy_from_user(buf, (void *)(PORT_TASK_SIZE - 4), 8), 8);
	assert_int_equal(copy_to_user((void *)~0UL, buf, 8), 8);
	assert_int_equal(clear_user((void *)(a + 2 * PAGE_SIZE - 10), 20), 10);
	assert_int_equal(copy_to_user((void *)(a + 2 * PAGE_SIZE - 6), "hello", 6), 0);
	assert_int_equal(strncpy_from_user(buf, (char *)(a + 2 * PAGE_SIZE - 6), 64), 5);
	assert_string_equal(buf, "hello");
	assert_int_equal(copy_to_user((void *)(a + 2 * PAGE_SIZE - 3), "abc", 3), 0);
	assert_int_equal(strncpy_from_user(buf, (char *)(a + 2 * PAGE_SIZE - 3), 64), -EFAULT);
	assert_int_equal(strncpy_from_user(buf, (char *)(a + 2 * PAGE_SIZE - 3), 2), 2);
	end_mm(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_mmap_errors),
		MM_TEST(test_neighbours_melt),
		MM_TEST(test_map_count_limit),
		MM_TEST(test_zero_page_and_rss),
		MM_TEST(test_protection_faults),
		MM_TEST(test_last_owner_reuses),
		MM_TEST(test_shared_stays_shared),
		MM_TEST(test_fork_flags),
		MM_TEST(test_file_mappings),
		MM_TEST(test_remove_punches),
		MM_TEST(test_mremap),
		MM_TEST(test_brk),
		MM_TEST(test_stack_grows),
		MM_TEST(test_limits),
		MM_TEST(test_overcommit),
		MM_TEST(test_mincore_msync),
		MM_TEST(test_user_copies),
		MM_TEST(test_mlock_and_fork),
		MM_TEST(test_mremap_duplicates),
		MM_TEST(test_device_area),
		MM_TEST(test_inserted_page),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
