/* SPDX-License-Identifier: MIT */
/* Frames of user memory fail, or are about to: what was in them is lost for those and only those who
 * had no other copy, and the frame is nobody's any more. */
#include <quire/memory_failure.h>
#include "mm_harness.h"
#include "spaces/internal.h"

#define FILE_PAGES 16u

/* ---- a file with a store --------------------------------------------------------------------- */
struct stored {
	struct file file;
	struct address_space mapping;
	unsigned reads;
};

static int read_stored(struct address_space *m, struct page *page)
{
	struct stored *s = container_of(m, struct stored, mapping);
	u32 *words = kmap_local_page(page);

	for (unsigned i = 0; i < PAGE_SIZE / 4; i++)
		words[i] = 0x57000000u + (u32)page->index;
	kunmap_local(words);
	s->reads++;
	return 0;
}

static void release_stored(struct file *file)
{
	struct stored *s = container_of(file, struct stored, file);

	truncate_inode_pages_final(&s->mapping);
	kfree(s);
}

static const struct address_space_operations stored_aops = { .read_folio = read_stored };
static const struct file_mm_operations stored_fops = { .release = release_stored };

static struct file *stored_file(void)
{
	struct stored *s = kzalloc(sizeof(*s), GFP_KERNEL);

	assert_non_null(s);
	atomic_set(&s->file.f_count, 1);
	s->file.f_mode = FMODE_READ | FMODE_WRITE;
	s->file.f_mapping = &s->mapping;
	s->file.f_op = &stored_fops;
	address_space_init(&s->mapping, &stored_aops, s);
	s->mapping.i_size = FILE_PAGES * PAGE_SIZE;
	return &s->file;
}

static unsigned reads_of(struct file *file)
{
	return container_of(file, struct stored, file)->reads;
}

/* ---- scenes ---------------------------------------------------------------------------------- */
/* `at` is the page whose frame fails; `there` is where another space sees the same page. */
struct scene {
	struct mm_struct *mm, *other;
	struct file *file;
	unsigned long at, there;
	u32 word;
};

static unsigned long map_file(struct scene *s, struct mm_struct *mm, unsigned long flags)
{
	long at = do_mmap(mm, s->file, 0, 4 * PAGE_SIZE, RW, flags, 3);

	assert_false(IS_ERR_VALUE((unsigned long)at));
	return (unsigned long)at + PAGE_SIZE; /* page 4 of the file */
}

static void anon(struct scene *s)
{
	s->at = map_anon(s->mm, 3 * PAGE_SIZE, RW) + PAGE_SIZE;
	put_u32(s->at, s->word);
}

static void anon_forked(struct scene *s)
{
	anon(s);
	s->other = mm_fork(s->mm);
	s->there = s->at;
}

static void anon_copied(struct scene *s)
{
	anon_forked(s);
	put_u32(s->at, s->word);
}

static void anon_locked(struct scene *s)
{
	anon(s);
	assert_int_equal(do_mlock(s->mm, s->at, PAGE_SIZE, 0, true), 0);
}

static void anon_moved(struct scene *s)
{
	unsigned long to;

	anon(s);
	to = s->at - (128UL << 20);
	assert_int_equal(do_mremap(s->mm, s->at, PAGE_SIZE, PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	s->at = to;
}

static void shmem_written(struct scene *s)
{
	s->file = shmem_file_setup("shm", FILE_PAGES * PAGE_SIZE);
	s->at = map_file(s, s->mm, MAP_SHARED);
	put_u32(s->at, s->word);
}

static void shmem_in_two_spaces(struct scene *s)
{
	u32 seen;

	shmem_written(s);
	s->other = mm_alloc();
	s->there = map_file(s, s->other, MAP_SHARED);
	assert_int_equal(access_remote_vm(s->other, s->there, &seen, 4, false), 4);
	assert_int_equal(seen, s->word);
}

static void shmem_untouched(struct scene *s)
{
	s->file = shmem_file_setup("zero", FILE_PAGES * PAGE_SIZE);
	s->at = map_file(s, s->mm, MAP_SHARED);
	s->word = 0;
	assert_int_equal(get_u32(s->at), 0);
}

static void file_clean(struct scene *s)
{
	s->file = stored_file();
	s->at = map_file(s, s->mm, MAP_SHARED);
	s->word = 0x57000004;
	assert_int_equal(get_u32(s->at), s->word);
}

static void file_clean_private(struct scene *s)
{
	file_clean(s);
	s->at = map_file(s, s->mm, MAP_PRIVATE);
	assert_int_equal(get_u32(s->at), s->word);
}

static void file_dirty(struct scene *s)
{
	file_clean(s);
	put_u32(s->at, 0xd1d1);
	s->word = 0xd1d1;
}

/* The store went through an entry that mprotect() made writable: only the processor knows of it. */
static void file_dirty_in_entry(struct scene *s)
{
	file_clean(s);
	assert_int_equal(do_mprotect(s->mm, s->at, PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(do_mprotect(s->mm, s->at, PAGE_SIZE, RW), 0);
	s->word = 0xd1d1;
	put_u32(s->at, s->word);
	assert_false(PageFlag(pte_page(pte_read(mm_find_pte(s->mm, s->at, NULL))), PG_dirty));
}

static void file_private_copy(struct scene *s)
{
	file_clean(s);
	s->other = mm_alloc();
	s->there = map_file(s, s->other, MAP_SHARED);
	s->at = map_file(s, s->mm, MAP_PRIVATE);
	put_u32(s->at, s->word + 1);
	s->word++;
}

enum fate { INTACT, LOST, GONE /* lost for the other space too */ };
static const struct kind {
	const char *name;
	void (*build)(struct scene *s);
	enum fate fate;
	const char *words; /* what the log calls it                                    */
	u32 other;         /* what the other space reads then, if not the same word    */
	bool stays;        /* in the page cache, until it is truncated                 */
	unsigned entries;  /* that were told of as lost                                */
} kinds[] = {
	{ "anonymous", anon, LOST, "dirty LRU page", 0, false, 1 },
	{ "anonymous, forked", anon_forked, GONE, "dirty LRU page", 0, false, 2 },
	{ "copied after fork", anon_copied, LOST, "dirty LRU page", 0, false, 1 },
	{ "mlocked", anon_locked, LOST, "dirty mlocked LRU page", 0, false, 1 },
	{ "moved by mremap", anon_moved, LOST, "dirty LRU page", 0, false, 1 },
	{ "shmem, written", shmem_written, LOST, "dirty LRU page", 0, true, 1 },
	{ "shmem in two spaces", shmem_in_two_spaces, GONE, "dirty LRU page", 0, true, 2 },
	{ "shmem, never written", shmem_untouched, INTACT, "clean LRU page", 0, false, 0 },
	{ "file, clean", file_clean, INTACT, "clean LRU page", 0, false, 0 },
	{ "file, clean, mapped twice", file_clean_private, INTACT, "clean LRU page", 0, false, 0 },
	{ "file, dirty", file_dirty, LOST, "dirty LRU page", 0, false, 1 },
	{ "file, dirty in the entry", file_dirty_in_entry, LOST, "dirty LRU page", 0, false, 1 },
	{ "private copy", file_private_copy, LOST, "dirty LRU page", 0x57000004, false, 1 },
};

static void laws_hold(const char *name)
{
	const char *why = check_all();

	if (why)
		fail_msg("%s: check_all: %s", name, why);
	assert_int_equal(global_node_page_state(NR_ISOLATED_ANON), 0);
	assert_int_equal(global_node_page_state(NR_ISOLATED_FILE), 0);
}

static pte_t entry(struct mm_struct *mm, unsigned long addr)
{
	pt_entry *pte = mm_find_pte(mm, addr, NULL);

	assert_non_null(pte);
	return pte_read(pte);
}

static void build(struct scene *s, const struct kind *kind)
{
	*s = (struct scene){ .mm = new_mm(), .word = 0xabc0 };
	kind->build(s);
	assert_true(pte_present(entry(s->mm, s->at)) && !pte_special(entry(s->mm, s->at)));
}

static void end_scene(struct scene *s)
{
	end_mm(s->mm);
	if (s->other)
		end_mm(s->other);
	if (s->file)
		fput(s->file);
}

/* The frame is nobody's, and good again. */
static void frame_comes_back(unsigned long pfn)
{
	assert_true(PageFlag(pfn_to_page(pfn), PG_poisoned));
	assert_int_equal(page_count(pfn_to_page(pfn)), 1);
	assert_int_equal(num_poisoned_pages(), 1);
	assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(num_poisoned_pages(), 0);
}

static unsigned told;
static int told_flags;

static void hear(struct mm_struct *mm, unsigned long addr, int flags)
{
	assert_true(pte_hwpoison(entry(mm, addr)));
	told++;
	told_flags = flags;
}

/* ---- the table: hard ------------------------------------------------------------------------- */
static vm_fault_t try_read(unsigned long addr, u32 *v)
{
	return posix_load(addr, v, sizeof(*v));
}

static void expect_fate(const struct kind *kind, const struct scene *s)
{
	u32 v = 0;

	if (kind->fate == INTACT) {
		assert_int_equal(get_u32(s->at), s->word);
	} else {
		assert_int_equal(try_read(s->at, &v), VM_FAULT_HWPOISON);
		assert_int_equal(posix_store(s->at, &v, 4), VM_FAULT_HWPOISON);
		assert_true(pte_hwpoison(entry(s->mm, s->at)));
	}
	if (!s->other)
		return;
	posix_set_mm(s->other);
	if (kind->fate == GONE)
		assert_int_equal(try_read(s->there, &v), VM_FAULT_HWPOISON);
	else
		assert_int_equal(get_u32(s->there), kind->other ? kind->other : s->word);
	posix_set_mm(s->mm);
}

/* What the page cache says of a page that failed. */
static void expect_cache(const struct kind *kind, const struct scene *s)
{
	struct address_space *m = s->file->f_mapping;
	struct page *page = read_mapping_page(m, 4);
	bool dirty_loss = kind->build == file_dirty || kind->build == file_dirty_in_entry;

	assert_null(address_space_check(m));
	if (kind->stays) {
		assert_int_equal(PTR_ERR(page), -EIO);
		assert_int_equal(PTR_ERR(grab_cache_page_write(m, 4, 0, PAGE_SIZE)), -EIO);
		assert_int_equal(PTR_ERR(grab_cache_page_write(m, 4, 8, 9)), -EIO);
		truncate_pagecache_range(m, 4 * PAGE_SIZE, 5 * PAGE_SIZE);
		page = read_mapping_page(m, 4);
	}
	assert_false(IS_ERR(page));
	assert_int_equal(page_u32(page, 0), m->a_ops ? 0x57000004 : 0);
	put_page(page);
	assert_int_equal(do_msync(s->mm, s->at, PAGE_SIZE, MS_SYNC), dirty_loss ? -EIO : 0);
	assert_int_equal(do_msync(s->mm, s->at, PAGE_SIZE, MS_SYNC), 0);
	if (m->a_ops)
		assert_int_equal(reads_of(s->file), kind->build == file_private_copy ? 1 : 2);
}

static void test_hard(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		const struct kind *kind = &kinds[i];
		struct scene s;
		unsigned long pfn, rss;
		char line[100];

		build(&s, kind);
		set_memory_lost_fn(hear);
		pfn = pte_pfn(entry(s.mm, s.at));
		rss = get_mm_rss(s.mm);
		told = 0;
		posix_log_take();
		assert_int_equal(memory_failure(pfn, MF_ACTION_REQUIRED), 0);
		snprintf(line, sizeof(line), "%#lx: recovery action for %s: Recovered\n", pfn,
			 kind->words);
		if (!strstr(posix_log_take(), line))
			fail_msg("%s: the log does not say \"%s\"", kind->name, line);
		assert_int_equal(told, kind->entries);
		if (told)
			assert_int_equal(told_flags, MF_ACTION_REQUIRED);
		assert_int_equal(page_mapcount(pfn_to_page(pfn)), 0);
		assert_int_equal(global_zone_page_state(NR_MLOCK), 0);
		assert_true(get_mm_rss(s.mm) < rss);
		laws_hold(kind->name);
		expect_fate(kind, &s);
		laws_hold(kind->name);
		assert_int_equal(memory_failure(pfn, 0), -EHWPOISON);
		if (s.file)
			expect_cache(kind, &s);
		assert_int_equal(do_madvise(s.mm, s.at, PAGE_SIZE, MADV_DONTNEED_LOCKED), 0);
		put_u32(s.at, 9); /* the address is as good as new */
		assert_int_equal(get_u32(s.at), 9);
		laws_hold(kind->name);
		frame_comes_back(pfn);
		end_scene(&s);
		set_memory_lost_fn(NULL);
		laws_hold(kind->name);
	}
}

/* ---- the table: soft ------------------------------------------------------------------------- */
static void test_soft(void **state)
{
	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct scene s;
		unsigned long pfn, free;
		pte_t was;

		build(&s, &kinds[i]);
		was = entry(s.mm, s.at);
		pfn = pte_pfn(was);
		free = quire_free_pages_exact();
		assert_int_equal(soft_offline_page(pfn), 0);
		assert_int_equal(quire_free_pages_exact(), free - 1);
		assert_int_not_equal(pte_pfn(entry(s.mm, s.at)), pfn);
		assert_true((entry(s.mm, s.at) & ~PTE_ADDRESS) == (was & ~PTE_ADDRESS));
		assert_int_equal(get_u32(s.at), s.word);
		if (s.other) {
			posix_set_mm(s.other);
			assert_int_equal(get_u32(s.there),
					 kinds[i].other ? kinds[i].other : s.word);
			posix_set_mm(s.mm);
		}
		assert_int_equal(global_zone_page_state(NR_MLOCK),
				 kinds[i].build == anon_locked ? 1 : 0);
		assert_int_equal(soft_offline_page(pfn), 0); /* it is already */
		laws_hold(kinds[i].name);
		frame_comes_back(pfn);
		end_scene(&s);
		laws_hold(kinds[i].name);
	}
}

/* ---- pages of the cache that nobody maps ------------------------------------------------------ */
static void test_unmapped_cache_page(void **state)
{
	struct file *file = stored_file();
	struct page *page = read_mapping_page(file->f_mapping, 2);
	unsigned long pfn = page_to_pfn(page);

	(void)state;
	put_page(page);
	assert_int_equal(memory_failure(pfn, 0), 0);
	page = read_mapping_page(file->f_mapping, 2);
	assert_int_not_equal(page_to_pfn(page), pfn);
	assert_int_equal(page_u32(page, 0), 0x57000002);
	assert_int_equal(reads_of(file), 2);
	frame_comes_back(pfn);
	set_page_dirty(page);
	pfn = page_to_pfn(page);
	put_page(page);
	assert_int_equal(memory_failure(pfn, 0), 0);
	assert_int_equal(filemap_check_errors(file->f_mapping), -EIO);
	assert_int_equal(filemap_check_errors(file->f_mapping), 0);
	frame_comes_back(pfn);
	fput(file);
}

/* Contents that are kept as a mark become good again only by truncation; unpoisoned, the frame goes back
 * with it. */
static void test_unpoison_what_stays(void **state)
{
	struct scene s;
	unsigned long pfn;
	u32 v;

	(void)state;
	build(&s, &kinds[5]);
	pfn = pte_pfn(entry(s.mm, s.at));
	assert_int_equal(memory_failure(pfn, 0), 0);
	assert_int_equal(unpoison_memory(pfn), 0);
	assert_int_equal(PTR_ERR(read_mapping_page(s.file->f_mapping, 4)), -EIO);
	assert_int_equal(do_madvise(s.mm, s.at, PAGE_SIZE, MADV_DONTNEED), 0);
	assert_int_equal(try_read(s.at, &v), VM_FAULT_HWPOISON); /* the file says so */
	truncate_setsize(s.file->f_mapping, 0);
	truncate_setsize(s.file->f_mapping, FILE_PAGES * PAGE_SIZE);
	assert_int_equal(get_u32(s.at), 0);
	laws_hold("unpoison");
	end_scene(&s);
}

/* A hole in a file takes what is shared; a private copy that was lost stays so. */
static void test_holes(void **state)
{
	struct scene s;
	unsigned long pfn;
	u32 v;

	(void)state;
	build(&s, &kinds[5]);
	pfn = pte_pfn(entry(s.mm, s.at));
	assert_int_equal(memory_failure(pfn, 0), 0);
	assert_int_equal(do_madvise(s.mm, s.at, PAGE_SIZE, MADV_REMOVE), 0);
	assert_int_equal(get_u32(s.at), 0);
	frame_comes_back(pfn);
	end_scene(&s);

	s = (struct scene){ .mm = new_mm(), .word = 5 };
	file_private_copy(&s);
	pfn = pte_pfn(entry(s.mm, s.at));
	assert_int_equal(memory_failure(pfn, 0), 0);
	truncate_pagecache_range(s.file->f_mapping, 0, 8 * PAGE_SIZE);
	assert_int_equal(try_read(s.at, &v), VM_FAULT_HWPOISON);
	truncate_setsize(s.file->f_mapping, 0);
	assert_int_equal(try_read(s.at, &v), VM_FAULT_SIGBUS);
	frame_comes_back(pfn);
	end_scene(&s);
}

/* ---- what cannot be taken -------------------------------------------------------------------- */
static void test_held_page(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = map_anon(mm, PAGE_SIZE, RW), pfn;
	struct page *page;
	u32 v;

	(void)state;
	put_u32(at, 77);
	assert_int_equal(get_user_pages(mm, at, 1, FOLL_WRITE, &page), 1);
	pfn = page_to_pfn(page);
	assert_int_equal(soft_offline_page(pfn), -EBUSY);
	assert_int_equal(get_u32(at), 77);
	assert_int_equal(memory_failure(pfn, 0), -EBUSY);
	assert_true(strstr(posix_log_take(), "dirty LRU page: Failed"));
	assert_int_equal(try_read(at, &v), VM_FAULT_HWPOISON); /* nobody new comes to it */
	laws_hold("held");
	put_page(page);
	frame_comes_back(pfn);
	end_mm(mm);
}

static void test_kernel_pages_stay(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long at = map_anon(mm, PAGE_SIZE, RW), pfn[3];
	void *object = kmalloc(100, GFP_KERNEL);

	(void)state;
	put_u32(at, 1);
	pfn[0] = page_to_pfn(pt_page(mm_find_pte(mm, at, NULL)));
	pfn[1] = page_to_pfn(virt_to_page(object));
	pfn[2] = page_to_pfn(spaces.zero_page);
	for (unsigned i = 0; i < ARRAY_SIZE(pfn); i++) {
		assert_int_equal(soft_offline_page(pfn[i]), -EBUSY);
		assert_int_equal(memory_failure(pfn[i], 0), -EBUSY);
		assert_true(strstr(posix_log_take(), ": Ignored"));
		assert_int_equal(unpoison_memory(pfn[i]), 0);
	}
	assert_int_equal(get_u32(at), 1);
	kfree(object);
	end_mm(mm);
}

/* A driver shows a file's page in an area that no walk finds: it is not taken away there. */
static void test_entry_that_no_walk_finds(void **state)
{
	struct mm_struct *mm = new_mm();
	struct file *file = shmem_file_setup("hidden", PAGE_SIZE);
	unsigned long a = map_anon(mm, PAGE_SIZE, RW), pfn,
		      f = (unsigned long)do_mmap(mm, file, 0, PAGE_SIZE, RW, MAP_SHARED, 0);
	struct page *page;
	u32 v;

	(void)state;
	put_u32(f, 3);
	page = pte_page(entry(mm, f));
	pfn = page_to_pfn(page);
	assert_int_equal(vm_insert_page(find_vma(mm, a), a, page), 0);
	assert_int_equal(memory_failure(pfn, 0), -EBUSY);
	assert_int_equal(try_read(f, &v), VM_FAULT_HWPOISON);
	laws_hold("hidden");
	end_mm(mm);
	fput(file);
	frame_comes_back(pfn);
}

/* ---- calls that meet a lost page -------------------------------------------------------------- */
static void expect_lost(unsigned long at)
{
	u32 v;

	assert_int_equal(try_read(at, &v), VM_FAULT_HWPOISON);
	laws_hold("calls");
}

static void test_calls_on_lost_pages(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 8 * PAGE_SIZE, RW), b = a + PAGE_SIZE, to = a - (64UL << 20);
	unsigned long pfn;
	struct page *page;
	u8 vec;

	(void)state;
	put_u32(a, 10);
	put_u32(b, 11);
	put_u32(b + PAGE_SIZE, 12);
	pfn = pte_pfn(entry(mm, b));
	assert_int_equal(do_madvise(mm, b, PAGE_SIZE, MADV_HWPOISON), 0);
	expect_lost(b);
	assert_int_equal(get_mm_rss(mm), 2);

	child = mm_fork(mm);
	assert_non_null(child);
	posix_set_mm(child);
	expect_lost(b);
	assert_int_equal(get_u32(b + PAGE_SIZE), 12);
	end_mm(child);
	posix_set_mm(mm);

	assert_int_equal(do_mprotect(mm, b, PAGE_SIZE, PROT_NONE), 0);
	laws_hold("mprotect");
	assert_int_equal(do_mprotect(mm, b, PAGE_SIZE, RW), 0);
	expect_lost(b);
	assert_int_equal(do_mremap(mm, b, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	expect_lost(to);
	assert_int_equal(do_mremap(mm, to, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED, b),
			 (long)b);
	expect_lost(b);
	/* as Linux has it: the entry is something, so the page counts as there */
	assert_int_equal(do_mincore(mm, b, PAGE_SIZE, (u8 __user *)(uintptr_t)a), 0);
	assert_int_equal(posix_load(a, &vec, 1), 0);
	assert_int_equal(vec, 1);
	assert_int_equal(do_mlock(mm, a, 3 * PAGE_SIZE, 0, true), -ENOMEM);
	assert_int_equal(do_munlock(mm, a, 3 * PAGE_SIZE), 0);
	assert_int_equal(do_madvise(mm, a, 3 * PAGE_SIZE, MADV_POPULATE_READ), -EHWPOISON);
	assert_int_equal(do_madvise(mm, a, 3 * PAGE_SIZE, MADV_POPULATE_WRITE), -EHWPOISON);
	assert_int_equal(get_user_pages(mm, b, 1, 0, &page), -EFAULT);
	assert_int_equal(access_remote_vm(mm, a, &vec, 1, false), 1);
	assert_int_equal(access_remote_vm(mm, b, &vec, 1, false), 0);
	assert_int_equal(do_madvise(mm, b, PAGE_SIZE, MADV_HWPOISON), -EFAULT);
	expect_lost(b);

	assert_int_equal(do_madvise(mm, b, PAGE_SIZE, MADV_FREE), 0);
	assert_int_equal(get_u32(b), 0);
	put_u32(b, 13);
	frame_comes_back(pfn);

	pfn = pte_pfn(entry(mm, b));
	assert_int_equal(do_madvise(mm, b, PAGE_SIZE, MADV_HWPOISON), 0);
	assert_int_equal(do_munmap(mm, a, 8 * PAGE_SIZE), 0);
	assert_int_equal(get_mm_rss(mm), 0);
	laws_hold("munmap");
	frame_comes_back(pfn);
	end_mm(mm);
}

static void test_exit_with_lost_pages(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 600 * PAGE_SIZE, RW), pfn[3];

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		put_u32(a + i * 299 * PAGE_SIZE, i);
		pfn[i] = pte_pfn(entry(mm, a + i * 299 * PAGE_SIZE));
		assert_int_equal(memory_failure(pfn[i], 0), 0);
	}
	laws_hold("exit");
	posix_set_mm(NULL);
	mmput(mm);
	assert_int_equal(num_poisoned_pages(), 3);
	for (unsigned i = 0; i < 3; i++)
		assert_int_equal(unpoison_memory(pfn[i]), 0);
}

/* ---- madvise --------------------------------------------------------------------------------- */
static void test_madvise(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 4 * PAGE_SIZE, RW), ro = map_anon(mm, PAGE_SIZE, PROT_READ);
	unsigned long free, pfn;

	(void)state;
	assert_int_equal(do_madvise(mm, a + 1, PAGE_SIZE, MADV_HWPOISON), -EINVAL);
	assert_int_equal(do_madvise(mm, a, 0, MADV_HWPOISON), 0);
	assert_int_equal(do_madvise(mm, a - (256UL << 20), PAGE_SIZE, MADV_HWPOISON), -EFAULT);
	assert_int_equal(do_madvise(mm, a - (256UL << 20), PAGE_SIZE, MADV_SOFT_OFFLINE), -EFAULT);
	/* what only shows the zero page has no frame of its own that could fail */
	assert_int_equal(get_u32(ro), 0);
	assert_int_equal(do_madvise(mm, ro, PAGE_SIZE, MADV_HWPOISON), -EFAULT);
	assert_int_equal(num_poisoned_pages(), 0);
	assert_int_equal(get_u32(a), 0);
	put_u32(a + PAGE_SIZE, 4);
	free = quire_free_pages_exact();
	assert_int_equal(do_madvise(mm, a, PAGE_SIZE, MADV_SOFT_OFFLINE), 0);
	assert_int_equal(get_u32(a), 0);
	assert_int_equal(quire_free_pages_exact(), free - 2); /* one for the page, one out of use */
	pfn = pte_pfn(entry(mm, a + PAGE_SIZE));
	assert_int_equal(do_madvise(mm, a + PAGE_SIZE, PAGE_SIZE, MADV_SOFT_OFFLINE), 0);
	assert_int_equal(get_u32(a + PAGE_SIZE), 4);
	assert_int_equal(num_poisoned_pages(), 2);
	assert_int_equal(unpoison_memory(pfn), 0);
	for (pfn = 0; num_poisoned_pages(); pfn++)
		if (pfn_valid(pfn) && PageFlag(pfn_to_page(pfn), PG_poisoned))
			assert_int_equal(unpoison_memory(pfn), 0);
	laws_hold("madvise");
	end_mm(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_hard),
		MM_TEST(test_soft),
		MM_TEST(test_unmapped_cache_page),
		MM_TEST(test_unpoison_what_stays),
		MM_TEST(test_holes),
		MM_TEST(test_held_page),
		MM_TEST(test_kernel_pages_stay),
		MM_TEST(test_entry_that_no_walk_finds),
		MM_TEST(test_calls_on_lost_pages),
		MM_TEST(test_exit_with_lost_pages),
		MM_TEST(test_madvise),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
