/* SPDX-License-Identifier: MIT */
/* events_test.c - a listener hears each call once, with its arguments; without one nothing is
 * called. */
#include "mm_harness.h"

static unsigned heard[NR_QUIRE_EVENTS];
static unsigned long last[NR_QUIRE_EVENTS][3];

static void listen(void *arg, enum quire_event_id id, unsigned long a, unsigned long b,
		   unsigned long c)
{
	(void)arg;
	heard[id]++;
	last[id][0] = a;
	last[id][1] = b;
	last[id][2] = c;
}

static const struct quire_event_sink sink = { .event = listen };

static void test_a_story(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	struct file *file = shmem_file_setup("story", PAGE_SIZE);
	unsigned long a, f;
	void *v;

	(void)state;
	memset(heard, 0, sizeof(heard));
	quire_event_listen(&sink);
	a = map_anon(mm, 2 * PAGE_SIZE, RW);
	f = (unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	put_u32(a, 1);
	put_u32(f, 1);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, PROT_READ), 0);
	child = mm_fork(mm);
	mmput(child);
	assert_int_equal(do_munmap(mm, a, 2 * PAGE_SIZE), 0);
	v = vmalloc(3 * PAGE_SIZE);
	vfree(v);
	truncate_setsize(file->f_mapping, 0);
	quire_event_listen(NULL);
	assert_int_equal(heard[EVENT_mmap], 2);
	assert_int_equal(last[EVENT_mmap][0], f);
	assert_int_equal(heard[EVENT_page_fault_user], 2);
	assert_int_equal(last[EVENT_page_fault_user][0], f);
	assert_int_equal(heard[EVENT_mprotect], 1);
	assert_int_equal(last[EVENT_mprotect][2], PROT_READ);
	assert_int_equal(heard[EVENT_fork], 1);
	assert_int_equal(last[EVENT_fork][0], (unsigned long)mm);
	assert_int_equal(heard[EVENT_exit_mmap], 1);
	assert_int_equal(heard[EVENT_munmap], 1);
	assert_int_equal(last[EVENT_munmap][1], 2 * PAGE_SIZE);
	assert_int_equal(heard[EVENT_vmalloc], 1);
	assert_int_equal(last[EVENT_vfree][0], (unsigned long)v);
	assert_int_equal(last[EVENT_vfree][1], 3 * PAGE_SIZE);
	assert_int_equal(heard[EVENT_mm_filemap_add_to_page_cache], 1);
	assert_int_equal(heard[EVENT_mm_filemap_delete_from_page_cache], 1);
	assert_true(heard[EVENT_mm_page_alloc] >= 2);
	map_anon(mm, PAGE_SIZE, RW);
	assert_int_equal(heard[EVENT_mmap], 2);
	end_mm(mm);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = { MM_TEST(test_a_story) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
