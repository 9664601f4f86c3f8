/* SPDX-License-Identifier: MIT */
/* vmalloc_user_test.c - a driver shows a program memory that vmalloc_user() made. */
#include "mm_harness.h"
#include "maps/maps.h"

static struct {
	void *memory;
	unsigned long pgoff, first, size; /* size 0: the whole area */
	int err;
} driver;

static int driver_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)file;
	driver.err = driver.size
			     ? remap_vmalloc_range_partial(vma, vma->vm_start + driver.first,
							   driver.memory, driver.pgoff, driver.size)
			     : remap_vmalloc_range(vma, driver.memory, driver.pgoff);
	return driver.err;
}

static void nothing(struct file *file)
{
	(void)file;
}

static void no_identity(struct file *file, struct file_identity *id)
{
	(void)file;
	memset(id, 0, sizeof(*id));
}

static const struct file_mm_operations ops = { .release = nothing,
					       .mmap = driver_mmap,
					       .identify = no_identity };

static long map(struct mm_struct *mm, struct file *file, unsigned pages)
{
	return do_mmap(mm, file, 0, pages * PAGE_SIZE, RW, MAP_SHARED, 0);
}

static void test_both_see_it(void **state)
{
	struct file file = { { 1 }, FMODE_READ | FMODE_WRITE, NULL, &ops };
	struct mm_struct *mm = new_mm(), *child;
	char *kernel = vmalloc_user(4 * PAGE_SIZE);
	unsigned long at;

	(void)state;
	memset(&driver, 0, sizeof(driver));
	driver.memory = kernel;
	driver.pgoff = 1;
	at = (unsigned long)map(mm, &file, 3);
	assert_false(IS_ERR_VALUE(at));
	assert_int_equal(get_mm_rss(mm), 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(get_u32(at + i * PAGE_SIZE), 0);
		put_u32(at + i * PAGE_SIZE + 8, 100 + i);
		assert_int_equal(page_u32(vmalloc_to_page(kernel + (i + 1) * PAGE_SIZE), 8),
				 100 + i);
	}
	child = mm_fork(mm);
	end_mm(child);
	/* The program keeps it. */
	vfree(kernel);
	vm_unmap_aliases();
	assert_int_equal(get_u32(at + 2 * PAGE_SIZE + 8), 102);
	assert_int_equal(do_munmap(mm, at, 3 * PAGE_SIZE), 0);
	end_mm(mm);
}

static void test_refusals(void **state)
{
	struct file file = { { 1 }, FMODE_READ | FMODE_WRITE, NULL, &ops };
	char *users = vmalloc_user(4 * PAGE_SIZE), *ours = vmalloc(4 * PAGE_SIZE);
	struct mm_struct *mm = new_mm();
	const struct {
		void *memory;
		unsigned long pgoff, first, size;
	} rows[] = {
		{ ours, 0, 0, 0 },                   /* not for users                  */
		{ users, 3, 0, 0 },                  /* runs into the guard page       */
		{ users, 4, 0, 0 },                  /* is the guard page              */
		{ users, ~0ul >> PAGE_SHIFT, 0, 0 }, /* wraps                          */
		{ users, ~0ul, 0, 0 },               /* not even a number of pages     */
		{ users + 8, 0, 0, 0 },              /* no page                        */
		{ NULL, 0, 0, 0 },
		{ users, 0, 8, PAGE_SIZE },
		{ users, 0, PAGE_SIZE, 2 * PAGE_SIZE }, /* past the area                  */
		{ users, 0, 2 * PAGE_SIZE, PAGE_SIZE },
	};

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		driver.memory = rows[i].memory;
		driver.pgoff = rows[i].pgoff;
		driver.first = rows[i].first;
		driver.size = rows[i].size;
		assert_int_equal(map(mm, &file, 2), -EINVAL);
		assert_int_equal(driver.err, -EINVAL);
		assert_int_equal(get_mm_rss(mm), 0);
	}
	end_mm(mm);
	vfree(users);
	vfree(ours);
}

/* Something is there already: what was put there before it goes. */
static int mmap_over(struct file *file, struct vm_area_struct *vma)
{
	struct page *page = vmalloc_to_page(driver.memory);

	assert_int_equal(vm_insert_page(vma, vma->vm_start + PAGE_SIZE, page), 0);
	assert_int_equal(remap_vmalloc_range(vma, driver.memory, 0), -EBUSY);
	assert_int_equal(get_mm_rss(vma->vm_mm), 1);
	assert_int_equal(page_mapcount(page), 1);
	return driver_mmap(file, vma);
}

static void test_undone(void **state)
{
	static const struct file_mm_operations over = { .release = nothing,
							.mmap = mmap_over,
							.identify = no_identity };
	struct file file = { { 1 }, FMODE_READ | FMODE_WRITE, NULL, &over };
	struct mm_struct *mm = new_mm();

	(void)state;
	memset(&driver, 0, sizeof(driver));
	driver.memory = vmalloc_user(3 * PAGE_SIZE);
	driver.size = PAGE_SIZE;
	assert_false(IS_ERR_VALUE((unsigned long)map(mm, &file, 3)));
	assert_int_equal(driver.err, 0);
	end_mm(mm);
	vfree(driver.memory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_both_see_it),
		MM_TEST(test_refusals),
		MM_TEST(test_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
