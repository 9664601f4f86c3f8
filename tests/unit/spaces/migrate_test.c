/* SPDX-License-Identifier: MIT */
/* User pages that move: contents, rights, marks and counts are as before, in another frame; what
 * must not move stays. */
#include <pthread.h>
#include <quire/migrate.h>
#include <quire/zoneinfo.h>
#include "mm_harness.h"
#include "spaces/internal.h"

static struct page *page_of(struct mm_struct *mm, unsigned long addr)
{
	struct page *page;

	assert_int_equal(get_user_pages(mm, addr, 1, 0, &page), 1);
	put_page(page);
	return page;
}

static struct page *fresh(struct page *page, unsigned long private)
{
	(void)page, (void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

static struct page *none_left(struct page *page, unsigned long private)
{
	(void)page, (void)private;
	return NULL;
}

static int move(struct page *page, enum migrate_mode mode)
{
	if (!isolate_movable_page(page, 0))
		return -EBUSY;
	return migrate_pages(&page, 1, fresh, NULL, 0, mode, MR_SYSCALL, NULL);
}

static void laws_hold(void)
{
	const char *why = check_all();

	if (why)
		fail_msg("check_all: %s", why);
	assert_int_equal(global_node_page_state(NR_ISOLATED_ANON), 0);
	assert_int_equal(global_node_page_state(NR_ISOLATED_FILE), 0);
}

static pte_t entry(struct mm_struct *mm, unsigned long addr)
{
	pt_entry *pte = mm_find_pte(mm, addr, NULL);

	assert_non_null(pte);
	return pte_read(pte);
}

static unsigned long all_vm_event(enum vm_event_item item)
{
	unsigned long sum[NR_VM_EVENT_ITEMS];

	all_vm_events(sum);
	return sum[item];
}

/* ---- a table of situations ------------------------------------------------------------------- */
/* Two spaces, the second forked off the first or not; `at` is the page that moves. */
struct scene {
	struct mm_struct *mm, *other;
	struct file *file;
	unsigned long at;
	u32 word;
};

static void anon(struct scene *s)
{
	s->at = map_anon(s->mm, PAGE_SIZE, RW);
	put_u32(s->at, s->word);
}

static void anon_forked(struct scene *s)
{
	anon(s);
	s->other = mm_fork(s->mm);
}

static void anon_cowed(struct scene *s)
{
	anon(s);
	s->other = mm_fork(s->mm);
	put_u32(s->at, s->word);
}

static void anon_of_child(struct scene *s)
{
	struct mm_struct *parent = s->mm;

	anon(s);
	s->mm = mm_fork(parent);
	s->other = parent;
	posix_set_mm(s->mm);
	put_u32(s->at, s->word);
}

static void anon_orphaned(struct scene *s)
{
	struct mm_struct *parent = s->mm;

	anon(s);
	s->mm = mm_fork(parent);
	end_mm(parent);
	posix_set_mm(s->mm);
}

static void anon_split(struct scene *s)
{
	s->at = map_anon(s->mm, 9 * PAGE_SIZE, RW) + 4 * PAGE_SIZE;
	put_u32(s->at, s->word);
	assert_int_equal(do_mprotect(s->mm, s->at - PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ), 0);
}

static void anon_merged(struct scene *s)
{
	anon_split(s);
	assert_int_equal(do_mprotect(s->mm, s->at - PAGE_SIZE, 3 * PAGE_SIZE, RW), 0);
}

static void anon_moved(struct scene *s)
{
	unsigned long to;

	anon_split(s);
	to = s->at - (128UL << 20);
	assert_int_equal(do_mremap(s->mm, s->at, PAGE_SIZE, 4 * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	s->at = to;
}

static void anon_trimmed(struct scene *s)
{
	anon_split(s);
	assert_int_equal(do_mprotect(s->mm, s->at - PAGE_SIZE, 3 * PAGE_SIZE, RW), 0);
	assert_int_equal(do_munmap(s->mm, s->at - 4 * PAGE_SIZE, 4 * PAGE_SIZE), 0);
	assert_int_equal(do_munmap(s->mm, s->at + PAGE_SIZE, 4 * PAGE_SIZE), 0);
}

static void anon_locked(struct scene *s)
{
	anon(s);
	assert_int_equal(do_mlock(s->mm, s->at, PAGE_SIZE, 0, true), 0);
}

static void anon_in_stack(struct scene *s)
{
	unsigned long top = PORT_TASK_SIZE & ~0xffffUL;

	assert_int_equal(mm_setup_stack(s->mm, top, PAGE_SIZE, 0), 0);
	s->at = top - 9 * PAGE_SIZE;
	put_u32(s->at, s->word);
}

static unsigned long map_file(struct scene *s, struct mm_struct *mm, unsigned long flags,
			      unsigned long pgoff)
{
	long at = do_mmap(mm, s->file, 0, 4 * PAGE_SIZE, RW, flags, pgoff);

	assert_false(IS_ERR_VALUE((unsigned long)at));
	return (unsigned long)at;
}

static void file_shared(struct scene *s)
{
	s->at = map_file(s, s->mm, MAP_SHARED, 3) + PAGE_SIZE;
	put_u32(s->at, s->word);
}

static void file_in_two_spaces(struct scene *s)
{
	unsigned long there;
	u32 seen;

	file_shared(s);
	s->other = mm_alloc();
	there = map_file(s, s->other, MAP_SHARED, 1) + 3 * PAGE_SIZE;
	assert_int_equal(access_remote_vm(s->other, there, &seen, 4, false), 4);
	assert_int_equal(seen, s->word);
	assert_int_equal(page_mapcount(page_of(s->mm, s->at)), 2);
}

static void file_private_read(struct scene *s)
{
	unsigned long shared;

	file_shared(s);
	shared = s->at;
	s->at = map_file(s, s->mm, MAP_PRIVATE, 4);
	assert_int_equal(get_u32(s->at), s->word);
	assert_ptr_equal(page_of(s->mm, s->at), page_of(s->mm, shared));
}

static void file_private_written(struct scene *s)
{
	s->at = map_file(s, s->mm, MAP_PRIVATE, 2) + PAGE_SIZE;
	put_u32(s->at, s->word);
	s->other = mm_fork(s->mm);
}

static const struct {
	const char *name;
	void (*build)(struct scene *s);
	int mapped;    /* entries that map the page                                      */
	bool writable; /* the first space may store without a fault that copies          */
	long locked;
} situations[] = {
	{ "anonymous", anon, 1, true, 0 },
	{ "anonymous, forked", anon_forked, 2, false, 0 },
	{ "copied after fork", anon_cowed, 1, true, 0 },
	{ "copied by the child", anon_of_child, 1, true, 0 },
	{ "parent gone", anon_orphaned, 1, false, 0 },
	{ "area cut", anon_split, 1, false, 0 },
	{ "areas molten", anon_merged, 1, true, 0 },
	{ "area moved", anon_moved, 1, false, 0 },
	{ "area trimmed on both sides", anon_trimmed, 1, true, 0 },
	{ "mlocked", anon_locked, 1, true, 1 },
	{ "stack", anon_in_stack, 1, true, 0 },
	{ "shared file", file_shared, 1, true, 0 },
	{ "shared file in two spaces", file_in_two_spaces, 2, true, 0 },
	{ "private file, only read", file_private_read, 2, false, 0 },
	{ "private file, written, forked", file_private_written, 2, false, 0 },
};

static void end_scene(struct scene *s)
{
	end_mm(s->mm);
	if (s->other)
		end_mm(s->other);
	fput(s->file);
}

static void run_situation(unsigned i, enum migrate_mode mode)
{
	struct scene s = { new_mm(), NULL, NULL, 0, 0xabc0 + i };
	unsigned long rss, free;
	struct page *from, *to;
	pte_t was, is;
	int err;

	s.file = shmem_file_setup("moves", 16 * PAGE_SIZE);
	situations[i].build(&s);
	from = page_of(s.mm, s.at);
	was = entry(s.mm, s.at);
	assert_int_equal(page_mapcount(from), situations[i].mapped);
	assert_null(page_why_immovable(from));
	rss = get_mm_rss(s.mm);
	free = quire_free_pages_exact();

	err = move(from, mode);
	if (err)
		fail_msg("%s: %d (%s)", situations[i].name, err, page_why_immovable(from));
	assert_int_equal(page_count(from), 0);
	assert_int_equal(quire_free_pages_exact(), free);
	is = entry(s.mm, s.at);
	assert_true(pte_present(is));
	to = pte_page(is);
	assert_ptr_not_equal(to, from);
	assert_true((was & ~PTE_ADDRESS) == (is & ~PTE_ADDRESS)); /* rights and marks */
	assert_int_equal(page_mapcount(to), situations[i].mapped);
	assert_int_equal(pte_write(is) != 0, situations[i].writable);
	assert_int_equal(get_mm_rss(s.mm), rss);
	assert_int_equal(global_zone_page_state(NR_MLOCK), situations[i].locked);
	assert_int_equal(get_u32(s.at), s.word);
	laws_hold();
	/* And again, and the program goes on. */
	assert_int_equal(move(to, mode), 0);
	if (find_vma(s.mm, s.at)->vm_flags & VM_WRITE) {
		put_u32(s.at, s.word + 1);
		assert_int_equal(get_u32(s.at), s.word + 1);
	}
	laws_hold();
	end_scene(&s);
}

static void test_situations(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(situations); i++)
		for (enum migrate_mode mode = MIGRATE_ASYNC; mode <= MIGRATE_SYNC; mode++)
			run_situation(i, mode);
}

static void test_protnone_and_marks(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);
	u32 v = 0;

	(void)state;
	put_u32(a, 5);
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, PROT_NONE), 0);
	assert_int_equal(move(pte_page(entry(mm, a)), MIGRATE_SYNC), 0);
	assert_int_equal(posix_load(a, &v, 4), VM_FAULT_ACCERR);
	laws_hold();
	assert_int_equal(do_mprotect(mm, a, PAGE_SIZE, RW), 0);
	assert_int_equal(get_u32(a), 5);
	laws_hold();
	end_mm(mm);
}

static void test_unmapped_cache_page(void **state)
{
	struct file *file = shmem_file_setup("cache", 4 * PAGE_SIZE);
	struct page *page = grab_cache_page_write(file->f_mapping, 2, 0, PAGE_SIZE), *now;

	(void)state;
	memset_page(page, 0, 0x5a, PAGE_SIZE);
	set_page_dirty(page);
	put_page(page);
	assert_int_equal(move(page, MIGRATE_ASYNC), 0);
	now = find_get_page(file->f_mapping, 2);
	assert_ptr_not_equal(now, page);
	assert_true(PageFlag(now, PG_dirty) && PageFlag(now, PG_uptodate));
	assert_int_equal(page_u32(now, 4092), 0x5a5a5a5a);
	assert_int_equal(page_count(now), 2);
	put_page(now);
	assert_null(address_space_check(file->f_mapping));
	laws_hold();
	fput(file);
}

/* ---- what stays ------------------------------------------------------------------------------ */
static void test_held_pages_stay(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("held", PAGE_SIZE);
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	unsigned long f = (unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	unsigned long fails = all_vm_event(PGMIGRATE_FAIL), at[] = { a, f };

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(at); i++) {
		struct page *page;
		pte_t was;

		put_u32(at[i], 70 + i);
		assert_int_equal(get_user_pages(mm, at[i], 1, FOLL_WRITE, &page), 1);
		was = entry(mm, at[i]);
		assert_string_equal(page_why_immovable(page),
				    "someone holds it by reference, not by mapping");
		for (enum migrate_mode mode = MIGRATE_ASYNC; mode <= MIGRATE_SYNC; mode++)
			assert_int_equal(move(page, mode), 1);
		assert_int_equal(entry(mm, at[i]), was);
		assert_int_equal(page_count(page), page_mapcount(page) + 1 + (int)i);
		/* What the holder writes is what the program reads. */
		memcpy_to_page(page, 0, (char *)&(u32){ 80 + i }, sizeof(u32));
		put_page(page);
		assert_int_equal(get_u32(at[i]), 80 + i);
		assert_int_equal(move(page, MIGRATE_ASYNC), 0);
		assert_int_equal(get_u32(at[i]), 80 + i);
		laws_hold();
	}
	assert_int_equal(all_vm_event(PGMIGRATE_FAIL), fails + 6);
	end_mm(mm);
	fput(file);
}

/* What happens when a reference shows up after the entries were changed. */
static void test_back_to_the_same_frame(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	struct page *page;
	struct rmap rmap;
	pte_t was;

	(void)state;
	put_u32(a, 1);
	child = mm_fork(mm);
	page = page_of(mm, a);
	was = entry(mm, a);
	get_page(page);
	lock_page(page);
	assert_true(rmap_begin(&rmap, page));
	assert_int_equal(try_to_migrate(&rmap, page), 2);
	assert_int_equal(page_mapcount(page), 0);
	assert_true(pte_migration(entry(mm, a)) && pte_migration(entry(child, a)));
	assert_int_equal(remove_migration_ptes(&rmap, page, page), 2);
	rmap_end(&rmap);
	unlock_page(page);
	put_page(page);
	assert_true(entry(mm, a) == was);
	laws_hold();
	end_mm(child);
	end_mm(mm);
}

static void test_locked_pages_stay(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	struct page *page, *list[1];

	(void)state;
	put_u32(a, 1);
	page = list[0] = page_of(mm, a);
	lock_page(page);
	assert_false(isolate_movable_page(page, 0));
	unlock_page(page);
	assert_true(isolate_movable_page(page, 0));
	assert_string_equal(page_why_immovable(page), "somebody is about to move it already");
	assert_false(isolate_movable_page(page, 0));
	lock_page(page);
	assert_int_equal(migrate_pages(list, 1, fresh, NULL, 0, MIGRATE_ASYNC, MR_SYSCALL, NULL),
			 1);
	unlock_page(page);
	assert_ptr_equal(page_of(mm, a), page);
	laws_hold();
	end_mm(mm);
}

static void test_kernel_pages_stay(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	void *object = kmalloc(100, GFP_KERNEL);
	unsigned i;

	(void)state;
	assert_int_equal(get_u32(a), 0); /* maps the zero page */
	{
		const struct {
			struct page *page;
			const char *why;
		} rows[] = {
			{ spaces.zero_page, "the kernel uses it and nobody said how it moves" },
			{ pt_page(mm_find_pte(mm, a, NULL)), "it is a page table" },
			{ virt_to_page(object), "it holds kernel objects" },
		};

		for (i = 0; i < ARRAY_SIZE(rows); i++) {
			assert_false(isolate_movable_page(rows[i].page, 0));
			assert_string_equal(page_why_immovable(rows[i].page), rows[i].why);
		}
	}
	kfree(object);
	end_mm(mm);
}

/* A driver shows a file's page in an area that the file does not know. */
static void test_entry_that_no_walk_finds(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("hidden", PAGE_SIZE);
	unsigned long a = map_anon(mm, PAGE_SIZE, RW),
		      f = (unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	struct page *page;

	(void)state;
	put_u32(f, 3);
	page = page_of(mm, f);
	assert_int_equal(vm_insert_page(find_vma(mm, a), a, page), 0);
	assert_int_equal(move(page, MIGRATE_SYNC), 1);
	assert_ptr_equal(page_of(mm, f), page);
	assert_int_equal(get_u32(a), 3);
	laws_hold();
	end_mm(mm);
	fput(file);
}

static void test_no_new_frames(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 3 * PAGE_SIZE, RW), i;
	struct page *list[3];
	unsigned moved = 9;

	(void)state;
	for (i = 0; i < 3; i++) {
		put_u32(a + i * PAGE_SIZE, (u32)i);
		list[i] = page_of(mm, a + i * PAGE_SIZE);
		assert_true(isolate_movable_page(list[i], 0));
	}
	assert_int_equal(global_node_page_state(NR_ISOLATED_ANON), 3);
	assert_int_equal(migrate_pages(list, 3, none_left, NULL, 0, MIGRATE_SYNC, MR_SYSCALL,
				       &moved),
			 -ENOMEM);
	assert_int_equal(moved, 0);
	for (i = 0; i < 3; i++) {
		assert_null(list[i]);
		assert_int_equal(get_u32(a + i * PAGE_SIZE), i);
	}
	laws_hold();
	end_mm(mm);
}

/* ---- what happens between isolation and the move ---------------------------------------------- */
static void test_freed_meanwhile(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("gone", PAGE_SIZE);
	unsigned long a = map_anon(mm, PAGE_SIZE, RW),
		      f = (unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	struct page *list[2];
	unsigned moved;

	(void)state;
	put_u32(a, 1);
	put_u32(f, 1);
	list[0] = page_of(mm, a);
	list[1] = page_of(mm, f);
	assert_true(isolate_movable_page(list[0], 0) && isolate_movable_page(list[1], 0));
	assert_int_equal(do_munmap(mm, a, PAGE_SIZE), 0);
	truncate_setsize(file->f_mapping, 0);
	/* Nothing is left to move, and the frames are free: that is what was wanted. */
	assert_int_equal(
		migrate_pages(list, 2, none_left, NULL, 0, MIGRATE_SYNC, MR_SYSCALL, &moved), 0);
	assert_int_equal(moved, 2);
	laws_hold();
	end_mm(mm);
	fput(file);
}

/* ---- what happens during the move ------------------------------------------------------------ */
/* The page of `at` has left its entries, and comes back to them in another frame. */
struct journey {
	struct page *from, *to;
	struct rmap rmap;
};

static void depart(struct journey *j, struct mm_struct *mm, unsigned long at)
{
	j->from = pte_page(entry(mm, at));
	assert_true(isolate_movable_page(j->from, 0));
	lock_page(j->from);
	assert_true(rmap_begin(&j->rmap, j->from));
	assert_int_equal(try_to_migrate(&j->rmap, j->from), 1);
	assert_true(pte_migration(entry(mm, at)));
}

/* Returns how many entries it came back to. */
static unsigned arrive(struct journey *j)
{
	unsigned n = remove_migration_ptes(&j->rmap, j->from, j->from);

	rmap_end(&j->rmap);
	unlock_page(j->from);
	putback_movable_pages(&j->from, 1);
	return n;
}

static void test_calls_during_the_move(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 8 * PAGE_SIZE, RW), b = a + PAGE_SIZE, to = a - (64UL << 20);
	unsigned char vec[1];
	struct journey j;
	u32 v = 1;

	(void)state;
	put_u32(b, 11);
	depart(&j, mm, b); /* fork copies the entry: both get it back, write-protected */
	child = mm_fork(mm);
	assert_non_null(child);
	assert_int_equal(arrive(&j), 2);
	assert_false(pte_write(entry(mm, b)) || pte_write(entry(child, b)));
	laws_hold();
	end_mm(child);
	put_u32(b, 12);

	depart(&j, mm, b); /* mremap carries it along */
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	assert_int_equal(arrive(&j), 1);
	assert_int_equal(get_u32(to), 12);
	assert_int_equal(do_mremap(mm, to, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, b),
			 (long)b);
	laws_hold();

	depart(&j, mm, b); /* mprotect: it comes back with the new rights */
	assert_int_equal(do_mprotect(mm, b, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(arrive(&j), 1);
	assert_int_equal(posix_store(b, &v, 4), VM_FAULT_ACCERR);
	laws_hold();
	assert_int_equal(do_mprotect(mm, b, PAGE_SIZE, RW), 0);
	assert_int_equal(get_u32(b), 12);

	depart(&j, mm, b); /* mlock counts it when it is back, munlock forgets it */
	assert_int_equal(do_mlock(mm, b, PAGE_SIZE, MLOCK_ONFAULT, true), 0);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 0);
	assert_int_equal(arrive(&j), 1);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 1);
	depart(&j, mm, b);
	assert_int_equal(do_munlock(mm, b, PAGE_SIZE), 0);
	assert_int_equal(arrive(&j), 1);
	assert_int_equal(global_zone_page_state(NR_MLOCK), 0);
	laws_hold();

	depart(&j, mm, b); /* it is there, in the eyes of the program */
	assert_int_equal(get_mm_rss(mm), 1);
	assert_int_equal(do_mmap(mm, NULL, a - PAGE_SIZE, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED,
				 0),
			 (long)(a - PAGE_SIZE));
	assert_int_equal(do_mincore(mm, b, PAGE_SIZE,
				    (unsigned char __user *)(uintptr_t)(a - PAGE_SIZE)),
			 0);
	assert_int_equal(posix_load(a - PAGE_SIZE, vec, 1), 0);
	assert_int_equal(vec[0], 1);
	assert_int_equal(arrive(&j), 1);
	laws_hold();

	depart(&j, mm, b); /* DONTNEED: it comes back to nobody and is freed */
	assert_int_equal(do_madvise(mm, b, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(arrive(&j), 0);
	assert_int_equal(get_u32(b), 0);
	put_u32(b, 13);
	laws_hold();

	depart(&j, mm, b); /* munmap likewise, with the area and the table */
	assert_int_equal(do_munmap(mm, a - PAGE_SIZE, 9 * PAGE_SIZE), 0);
	assert_int_equal(arrive(&j), 0);
	assert_int_equal(get_mm_rss(mm), 0);
	laws_hold();
	end_mm(mm);
}

static void test_exit_during_the_move(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	struct journey j;

	(void)state;
	put_u32(a, 1);
	depart(&j, mm, a);
	posix_set_mm(NULL);
	mmput(mm);
	assert_int_equal(arrive(&j), 0);
	laws_hold();
}

/* Truncation takes entries of a file's page, but not private copies when it only makes a hole. */
static void test_truncation_during_the_move(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("cut", 4 * PAGE_SIZE);
	unsigned long f = (unsigned long)do_mmap(mm, file, 0, 4 * PAGE_SIZE, RW, MAP_PRIVATE, 0);
	struct journey j;

	(void)state;
	put_u32(f, 21);
	depart(&j, mm, f);
	unmap_mapping_range(file->f_mapping, 0, 3, false);
	assert_int_equal(arrive(&j), 1);
	assert_int_equal(get_u32(f), 21);
	depart(&j, mm, f);
	unmap_mapping_range(file->f_mapping, 0, 3, true);
	assert_int_equal(arrive(&j), 0);
	assert_int_equal(get_u32(f), 0);
	laws_hold();
	end_mm(mm);
	fput(file);
}

/* ---- a fault waits --------------------------------------------------------------------------- */
static struct mm_struct *waiter_mm;
static unsigned long waiter_at;

static void *waiter(void *arg)
{
	u32 *seen = arg, v = 55;

	posix_cpu_enter(1);
	posix_set_mm(waiter_mm);
	if (posix_load(waiter_at, seen, 4) || posix_store(waiter_at, &v, 4))
		*seen = 0;
	posix_set_mm(NULL);
	posix_cpu_leave();
	return NULL;
}

static bool someone_waits(void)
{
	unsigned long flags;
	bool yes;

	spin_lock_irqsave(&page_waiters.lock, flags);
	yes = waitqueue_active(&page_waiters);
	spin_unlock_irqrestore(&page_waiters.lock, flags);
	return yes;
}

static void test_fault_waits(void **state)
{
	struct journey j;
	pthread_t thread;
	u32 seen = 0;
	const char *why;

	(void)state;
	assert_int_equal(posix_machine_start_simple(32, 2), 0);
	assert_int_equal(quire_start(2, NULL, NULL), 0);
	waiter_mm = new_mm();
	waiter_at = map_anon(waiter_mm, PAGE_SIZE, RW);
	put_u32(waiter_at, 44);
	for (unsigned i = 0; i < 50; i++) {
		depart(&j, waiter_mm, waiter_at);
		assert_int_equal(pthread_create(&thread, NULL, waiter, &seen), 0);
		/* However far it has come, it must not have got through; every other time we look
		 * until it sleeps. */
		while (i & 1 && !someone_waits())
			port_yield();
		assert_int_equal(__atomic_load_n(&seen, __ATOMIC_RELAXED), 0);
		assert_int_equal(arrive(&j), 1);
		pthread_join(thread, NULL);
		assert_int_equal(seen, i ? 55 : 44);
		assert_int_equal(get_u32(waiter_at), 55);
		seen = 0;
	}
	why = check_all();
	if (why)
		fail_msg("check_all: %s", why);
	end_mm(waiter_mm);
	quire_stop();
	posix_machine_stop();
}

/* ---- what is told ---------------------------------------------------------------------------- */
static unsigned long told[3];

static void listen(void *arg, enum quire_event_id id, unsigned long a, unsigned long b,
		   unsigned long c)
{
	(void)arg;
	if (id != EVENT_mm_migrate_pages)
		return;
	told[0] = a;
	told[1] = b;
	told[2] = c;
}

static void test_counters_and_event(void **state)
{
	const struct quire_event_sink sink = { listen, NULL };
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 3 * PAGE_SIZE, RW), i,
		      before = all_vm_event(PGMIGRATE_SUCCESS);
	struct page *list[3], *held;
	unsigned moved;

	(void)state;
	for (i = 0; i < 3; i++) {
		put_u32(a + i * PAGE_SIZE, (u32)i);
		list[i] = page_of(mm, a + i * PAGE_SIZE);
	}
	held = list[1];
	get_page(held);
	for (i = 0; i < 3; i++)
		assert_true(isolate_movable_page(list[i], 0));
	quire_event_listen(&sink);
	assert_int_equal(migrate_pages(list, 3, fresh, NULL, 0, MIGRATE_SYNC_LIGHT, MR_CONTIG_RANGE,
				       &moved),
			 1);
	quire_event_listen(NULL);
	put_page(held);
	assert_int_equal(moved, 2);
	assert_int_equal(all_vm_event(PGMIGRATE_SUCCESS), before + 2);
	assert_int_equal(told[0], 2);
	assert_int_equal(told[1], 1);
	assert_int_equal(told[2], MIGRATE_SYNC_LIGHT << 8 | MR_CONTIG_RANGE);
	laws_hold();
	end_mm(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_situations),
		MM_TEST(test_protnone_and_marks),
		MM_TEST(test_unmapped_cache_page),
		MM_TEST(test_held_pages_stay),
		MM_TEST(test_back_to_the_same_frame),
		MM_TEST(test_locked_pages_stay),
		MM_TEST(test_kernel_pages_stay),
		MM_TEST(test_entry_that_no_walk_finds),
		MM_TEST(test_no_new_frames),
		MM_TEST(test_freed_meanwhile),
		MM_TEST(test_calls_during_the_move),
		MM_TEST(test_exit_during_the_move),
		MM_TEST(test_truncation_during_the_move),
		cmocka_unit_test(test_fault_waits),
		MM_TEST(test_counters_and_event),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
