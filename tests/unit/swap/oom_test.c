/* SPDX-License-Identifier: MIT */
/* oom_test.c - who is chosen, what the log says, and that the request that found no memory then
 * gets by. */
#include <limits.h>
#include "mm_harness.h"
#include <quire/oom.h>

#define NR 4

static struct oom_candidate cast[NR];
static int killed;

static void for_each(bool (*fn)(const struct oom_candidate *, void *), void *arg)
{
	for (int i = 0; i < NR; i++)
		if (!fn(&cast[i], arg))
			return;
}

/* The victim goes at once. */
static void kill_now(void *task)
{
	struct oom_candidate *c = task;

	killed = c->pid;
	if (posix_current_mm() == c->mm)
		posix_set_mm(NULL);
	mmput(c->mm);
	c->mm = NULL;
}

static const struct oom_ops ops = { .for_each = for_each, .kill = kill_now };

static void fill(struct mm_struct *mm, unsigned pages)
{
	unsigned long a = (unsigned long)do_mmap(mm, NULL, 0, pages * PAGE_SIZE, RW,
						 ANON_PRIVATE | MAP_NORESERVE, 0);

	for (unsigned i = 0; i < pages; i++)
		put_u32(a + i * PAGE_SIZE, i);
}

static void build_cast(void)
{
	static const unsigned pages[NR] = { 3000, 100, 1000, 500 };

	killed = 0;
	for (int i = 0; i < NR; i++) {
		cast[i] = (struct oom_candidate){ .task = &cast[i],
						  .pid = i + 1,
						  .tgid = i + 1,
						  .comm = "prog",
						  .mm = new_mm() };
		fill(cast[i].mm, pages[i]);
	}
	cast[0].unkillable = true; /* init, though it is the largest */
}

static void end_cast(void)
{
	oom_init(NULL);
	posix_set_mm(NULL);
	for (int i = 0; i < NR; i++)
		if (cast[i].mm)
			mmput(cast[i].mm);
}

static void test_badness(void **state)
{
	(void)state;
	build_cast();
	assert_int_equal(oom_badness(&cast[0], 8192), LONG_MIN);
	assert_true(oom_badness(&cast[2], 8192) >= 1000);
	assert_true(oom_badness(&cast[2], 8192) > oom_badness(&cast[3], 8192));
	cast[1].oom_score_adj = 1000;
	assert_true(oom_badness(&cast[1], 8192) >= 8192);
	cast[1].oom_score_adj = OOM_SCORE_ADJ_MIN;
	assert_int_equal(oom_badness(&cast[1], 8192), LONG_MIN);
	end_cast();
}

/* Fill memory until somebody has to go. */
static void exhaust(struct mm_struct *mm)
{
	unsigned long a = (unsigned long)do_mmap(mm, NULL, 0, 8192 * PAGE_SIZE, RW,
						 ANON_PRIVATE | MAP_NORESERVE, 0);
	unsigned i;
	u32 v = 1;

	posix_set_mm(mm);
	for (i = 0; i < 8192 && !killed; i++)
		if (posix_store(a + i * PAGE_SIZE, &v, 4) != 0)
			break;
}

static void test_largest_goes(void **state)
{
	const char *log;

	(void)state;
	build_cast();
	oom_init(&ops);
	posix_log_take();
	exhaust(cast[0].mm);
	log = posix_log_take();
	assert_int_equal(killed, 3);
	assert_int_equal(oom_kills(), 1);
	assert_non_null(strstr(log, " invoked oom-killer: gfp_mask=0x"));
	assert_non_null(strstr(log, "[  pid  ]   uid  tgid total_vm      rss rss_anon rss_file "
				    "rss_shmem pgtables_bytes "
				    "swapents oom_score_adj name\n"));
	assert_non_null(strstr(log, "Out of memory: Killed process 3 (prog) total-vm:"));
	end_cast();
}

static void test_adj_protects(void **state)
{
	(void)state;
	build_cast();
	cast[2].oom_score_adj = OOM_SCORE_ADJ_MIN;
	oom_init(&ops);
	exhaust(cast[0].mm);
	assert_int_equal(killed, 4);
	end_cast();
}

static void test_nobody_left(void **state)
{
	u32 v = 1;
	unsigned long a;
	vm_fault_t got = 0;

	(void)state;
	build_cast();
	for (int i = 0; i < NR; i++)
		cast[i].unkillable = true;
	oom_init(&ops);
	posix_log_take();
	posix_set_mm(cast[0].mm);
	a = (unsigned long)do_mmap(cast[0].mm, NULL, 0, 8192 * PAGE_SIZE, RW,
				   ANON_PRIVATE | MAP_NORESERVE, 0);
	for (unsigned i = 0; i < 8192 && !got; i++)
		got = posix_store(a + i * PAGE_SIZE, &v, 4);
	assert_int_equal(got, VM_FAULT_OOM);
	assert_int_equal(killed, 0);
	assert_non_null(strstr(posix_log_take(), "Out of memory and no killable processes..."));
	end_cast();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_badness),
		MM_TEST(test_largest_goes),
		MM_TEST(test_adj_protects),
		MM_TEST(test_nobody_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
