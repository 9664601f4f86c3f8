/* SPDX-License-Identifier: MIT */
/* Reverse mapping: after every way in which areas and pages can change hands, a walk from the page
 * finds each entry that maps it. */
#include "mm_harness.h"
#include "spaces/internal.h"

struct count {
	const struct page *page;
	unsigned entries, areas;
};

static void count_entry(struct vm_area_struct *vma, unsigned long addr, void *arg)
{
	struct count *c = arg;
	pt_entry *pte = mm_find_pte(vma->vm_mm, addr, NULL);
	pte_t e = pte ? pte_read(pte) : 0;

	c->areas++;
	c->entries += pte_present(e) && !pte_special(e) && pte_page(e) == c->page;
}

/* Areas that the walk looks at; every entry of the page must be among what it finds. */
static unsigned walk(struct page *page)
{
	struct count c = { page, 0, 0 };
	struct rmap rmap;

	lock_page(page);
	assert_true(rmap_begin(&rmap, page));
	rmap_walk(&rmap, count_entry, &c);
	rmap_end(&rmap);
	unlock_page(page);
	assert_int_equal(c.entries, page_mapcount(page));
	return c.areas;
}

static struct page *page_of(struct mm_struct *mm, unsigned long addr)
{
	struct page *page;

	assert_int_equal(get_user_pages(mm, addr, 1, 0, &page), 1);
	put_page(page);
	return page;
}

static void laws_hold(void)
{
	const char *why = check_all();

	if (why)
		fail_msg("check_all: %s", why);
}

static struct mm_struct *fork_of(struct mm_struct *mm)
{
	struct mm_struct *child = mm_fork(mm);

	assert_non_null(child);
	return child;
}

static void test_made_when_needed(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 4 * PAGE_SIZE, RW);
	struct vm_area_struct *vma = find_vma(mm, a);

	(void)state;
	assert_null(vma->anon_vma);
	assert_int_equal(get_u32(a), 0); /* the zero page is nobody's */
	assert_null(vma->anon_vma);
	put_u32(a + PAGE_SIZE, 1);
	assert_non_null(vma->anon_vma);
	assert_int_equal(vma->anon_vma->refs, 1);
	assert_ptr_equal(page_of(mm, a + PAGE_SIZE)->anon_vma, vma->anon_vma);
	assert_int_equal(page_of(mm, a + PAGE_SIZE)->index, (a >> PAGE_SHIFT) + 1);
	assert_int_equal(walk(page_of(mm, a + PAGE_SIZE)), 1);
	laws_hold();
	end_mm(mm);
}

static void test_fork_and_first_store(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);
	struct anon_vma *top;
	struct page *shared, *own;

	(void)state;
	put_u32(a, 1);
	put_u32(a + PAGE_SIZE, 2);
	top = find_vma(mm, a)->anon_vma;
	child = fork_of(mm);
	shared = page_of(mm, a + PAGE_SIZE);
	assert_ptr_equal(find_vma(child, a)->anon_vma, top);
	/* parents first */
	assert_ptr_equal(rb_first(&top->areas.root), &find_vma(mm, a)->anon_node.rb);
	assert_int_equal(page_mapcount(shared), 2);
	assert_int_equal(walk(shared), 2);
	posix_set_mm(child);
	put_u32(a, 3);
	own = page_of(child, a);
	assert_ptr_equal(own->anon_vma->parent, top);
	assert_int_equal(walk(own), 1);            /* the parent cannot have it */
	assert_int_equal(walk(shared), 2);         /* below the parent's */
	assert_int_equal(walk(page_of(mm, a)), 2); /* the child could have had it */
	assert_int_equal(top->refs, 2);
	laws_hold();
	end_mm(child);
	assert_int_equal(top->refs, 1);
	assert_int_equal(walk(shared), 1);
	posix_set_mm(mm);
	end_mm(mm);
}

static void test_heir(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);
	struct anon_vma *av;

	(void)state;
	put_u32(a, 1);
	av = find_vma(mm, a)->anon_vma;
	child = fork_of(mm);
	end_mm(mm);
	posix_set_mm(child);
	put_u32(a, 2);             /* the last owner keeps the page */
	put_u32(a + PAGE_SIZE, 3); /* nobody else uses the anon_vma: no new one */
	assert_ptr_equal(find_vma(child, a)->anon_vma, av);
	assert_ptr_equal(av->mm, child);
	assert_int_equal(walk(page_of(child, a + PAGE_SIZE)), 1);
	laws_hold();
	end_mm(child);
}

/* Pieces of an inherited area, stored to one by one, melt again as those of its parent do. */
static void test_pieces_of_a_child(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 6 * PAGE_SIZE, RW), i;
	struct anon_vma *top;

	(void)state;
	for (i = 0; i < 6; i++)
		put_u32(a + i * PAGE_SIZE, (u32)i);
	top = find_vma(mm, a)->anon_vma;
	child = fork_of(mm);
	posix_set_mm(child);
	assert_int_equal(do_mprotect(child, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(child->map_count, 3);
	put_u32(a, 10);                 /* the lowest has its own, the others inherit */
	put_u32(a + 4 * PAGE_SIZE, 14); /* no neighbour of that: one more below the parent's */
	assert_ptr_equal(find_vma(child, a)->anon_vma->parent, top);
	assert_ptr_equal(find_vma(child, a + 2 * PAGE_SIZE)->anon_vma, top);
	assert_int_equal(top->refs, 4);
	laws_hold();
	assert_int_equal(do_mprotect(child, a + 2 * PAGE_SIZE, 2 * PAGE_SIZE, RW), 0);
	assert_int_equal(child->map_count, 2); /* with the upper one; it has another below top */
	for (i = 0; i < 6; i++)
		walk(page_of(child, a + i * PAGE_SIZE));
	laws_hold();
	/* Neighbours that both inherit come to share one. */
	assert_int_equal(do_munmap(child, a, 6 * PAGE_SIZE), 0);
	end_mm(child);
	child = fork_of(mm);
	posix_set_mm(child);
	assert_int_equal(do_mprotect(child, a + 3 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ), 0);
	put_u32(a, 20);
	assert_int_equal(do_mprotect(child, a + 3 * PAGE_SIZE, 3 * PAGE_SIZE, RW | PROT_EXEC), 0);
	put_u32(a + 5 * PAGE_SIZE, 25);
	assert_ptr_equal(find_vma(child, a)->anon_vma,
			 find_vma(child, a + 5 * PAGE_SIZE)->anon_vma);
	assert_int_equal(do_mprotect(child, a, 6 * PAGE_SIZE, RW), 0);
	assert_int_equal(child->map_count, 1);
	for (i = 0; i < 6; i++)
		walk(page_of(child, a + i * PAGE_SIZE));
	assert_int_equal(get_u32(a + 5 * PAGE_SIZE), 25);
	laws_hold();
	end_mm(mm);
	laws_hold();
	end_mm(child);
}

/* Each generation forks, stores and loses its parent: what is kept is bounded. */
static void test_endless_forks(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 3 * PAGE_SIZE, RW), pages = 0;
	unsigned i;

	(void)state;
	put_u32(a + 2 * PAGE_SIZE, 77);
	for (i = 0; i < 200; i++) {
		put_u32(a, i);
		child = fork_of(mm);
		posix_set_mm(child);
		put_u32(a + PAGE_SIZE, i);
		assert_true(find_vma(child, a)->anon_vma->depth < ANON_VMA_DEPTH);
		walk(page_of(child, a + PAGE_SIZE));
		assert_int_equal(walk(page_of(child, a + 2 * PAGE_SIZE)), 2);
		mmput(mm);
		mm = child;
		if (i == 20)
			pages = quire_free_pages_exact();
		if (i > 20)
			assert_int_equal(quire_free_pages_exact(), pages);
	}
	laws_hold();
	end_mm(mm);
}

static void test_split_and_merge(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, 9 * PAGE_SIZE, RW), i;
	struct anon_vma *av;

	(void)state;
	for (i = 0; i < 9; i++)
		put_u32(a + i * PAGE_SIZE, (u32)i);
	av = find_vma(mm, a)->anon_vma;
	assert_int_equal(do_mprotect(mm, a + 3 * PAGE_SIZE, 3 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(mm->map_count, 3);
	assert_int_equal(av->refs, 3);
	for (i = 0; i < 9; i++)
		assert_int_equal(walk(page_of(mm, a + i * PAGE_SIZE)), 1);
	laws_hold();
	assert_int_equal(do_mprotect(mm, a, 9 * PAGE_SIZE, PROT_READ), 0);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(av->refs, 1);
	assert_int_equal(do_munmap(mm, a + PAGE_SIZE, PAGE_SIZE), 0);
	assert_int_equal(do_munmap(mm, a, PAGE_SIZE), 0);
	assert_int_equal(do_munmap(mm, a + 2 * PAGE_SIZE, PAGE_SIZE), 0); /* from below */
	assert_int_equal(do_munmap(mm, a + 8 * PAGE_SIZE, PAGE_SIZE), 0); /* from above */
	assert_int_equal(av->refs, 1);
	for (i = 3; i < 8; i++)
		assert_int_equal(walk(page_of(mm, a + i * PAGE_SIZE)), 1);
	laws_hold();
	end_mm(mm);
}

static void test_neighbours(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = 0x20000000, b = a + PAGE_SIZE, c = b + PAGE_SIZE;

	(void)state;
	/* Touched apart, they have two anon_vmas and stay two areas. */
	do_mmap(mm, NULL, a, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0);
	do_mmap(mm, NULL, c, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0);
	put_u32(a, 1);
	put_u32(c, 3);
	do_mmap(mm, NULL, b, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0);
	assert_int_equal(mm->map_count, 2);
	put_u32(b, 2);
	assert_ptr_equal(find_vma(mm, b)->anon_vma, find_vma(mm, a)->anon_vma);
	assert_int_equal(walk(page_of(mm, b)), 1);
	laws_hold();
	/* Side by side but for their rights, they share one and can melt later. */
	assert_int_equal(do_munmap(mm, a, 3 * PAGE_SIZE), 0);
	do_mmap(mm, NULL, a, PAGE_SIZE, RW, ANON_PRIVATE | MAP_FIXED, 0);
	put_u32(a, 1);
	do_mmap(mm, NULL, b, PAGE_SIZE, RW | PROT_EXEC, ANON_PRIVATE | MAP_FIXED, 0);
	put_u32(b, 2);
	assert_int_equal(mm->map_count, 2);
	assert_ptr_equal(find_vma(mm, b)->anon_vma, find_vma(mm, a)->anon_vma);
	assert_int_equal(do_mprotect(mm, b, PAGE_SIZE, RW), 0);
	assert_int_equal(mm->map_count, 1);
	assert_int_equal(find_vma(mm, a)->anon_vma->refs, 1);
	laws_hold();
	end_mm(mm);
}

static void test_mremap(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 4 * PAGE_SIZE, RW), to = a - (64UL << 20), i;
	long at;

	(void)state;
	for (i = 0; i < 4; i++)
		put_u32(a + i * PAGE_SIZE, (u32)i);
	child = fork_of(mm);
	/* Two pages from the middle move, and grow; the child's stay where they are. */
	assert_int_equal(do_mremap(mm, a + PAGE_SIZE, 2 * PAGE_SIZE, 8 * PAGE_SIZE,
				   MREMAP_MAYMOVE | MREMAP_FIXED, to),
			 (long)to);
	for (i = 0; i < 2; i++) {
		struct page *page = page_of(mm, to + i * PAGE_SIZE);

		assert_int_equal(page->index, (a >> PAGE_SHIFT) + 1 + i);
		assert_int_equal(page_mapcount(page), 2);
		walk(page);
	}
	laws_hold();
	/* What stays behind of the area is still linked when nothing is left in it. */
	at = do_mremap(mm, a, PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP, 0);
	assert_false(IS_ERR_VALUE((unsigned long)at));
	put_u32(a, 9);
	walk(page_of(mm, a));
	laws_hold();
	end_mm(child);
	laws_hold();
	end_mm(mm);
}

static void test_left_out_of_fork(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	unsigned long a = map_anon(mm, 2 * PAGE_SIZE, RW);

	(void)state;
	put_u32(a, 1);
	put_u32(a + PAGE_SIZE, 2);
	assert_int_equal(do_madvise(mm, a, PAGE_SIZE, MADV_WIPEONFORK), 0);
	assert_int_equal(do_madvise(mm, a + PAGE_SIZE, PAGE_SIZE, MADV_DONTFORK), 0);
	child = fork_of(mm);
	assert_null(find_vma(child, a)->anon_vma);
	assert_int_equal(child->map_count, 1);
	assert_int_equal(walk(page_of(mm, a)), 1);
	posix_set_mm(child);
	assert_int_equal(get_u32(a), 0);
	put_u32(a, 5);
	assert_null(find_vma(child, a)->anon_vma->parent);
	laws_hold();
	end_mm(mm);
	assert_int_equal(get_u32(a), 5);
	end_mm(child);
}

static void test_stack_that_grows(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long top = PORT_TASK_SIZE & ~0xffffUL, i;

	(void)state;
	assert_int_equal(mm_setup_stack(mm, top, 2 * PAGE_SIZE, 0), 0);
	for (i = 1; i < 40; i++)
		put_u32(top - i * PAGE_SIZE, (u32)i);
	for (i = 1; i < 40; i++)
		assert_int_equal(walk(page_of(mm, top - i * PAGE_SIZE)), 1);
	laws_hold();
	end_mm(mm);
}

static void test_files(void **state)
{
	struct mm_struct *mm = new_mm(), *child;
	struct file *file = shmem_file_setup("rmap", 8 * PAGE_SIZE);
	unsigned long s = (unsigned long)do_mmap(mm, file, 0, 8 * PAGE_SIZE, RW, MAP_SHARED, 0);
	unsigned long p = (unsigned long)do_mmap(mm, file, 0, 4 * PAGE_SIZE, RW, MAP_PRIVATE, 2);
	struct page *cached, *copy;

	(void)state;
	put_u32(s + 3 * PAGE_SIZE, 3);
	assert_int_equal(get_u32(p + PAGE_SIZE), 3);
	cached = page_of(mm, s + 3 * PAGE_SIZE);
	assert_int_equal(page_mapcount(cached), 2);
	assert_int_equal(walk(cached), 2);
	put_u32(p + PAGE_SIZE, 4);
	copy = page_of(mm, p + PAGE_SIZE);
	assert_int_equal(copy->index, 3); /* by the offset in the file */
	assert_int_equal(walk(copy), 1);
	child = fork_of(mm);
	assert_int_equal(walk(copy), 2);
	walk(cached);
	laws_hold();
	assert_int_equal(do_munmap(mm, s, 3 * PAGE_SIZE), 0);
	assert_int_equal(walk(cached), 4); /* both areas of both spaces */
	laws_hold();
	end_mm(child);
	end_mm(mm);
	fput(file);
}

/* The check that the other tests trust finds what it is there for. */
static void test_check_sees_damage(void **state)
{
	struct mm_struct *mm = new_mm();
	unsigned long a = map_anon(mm, PAGE_SIZE, RW);
	struct vm_area_struct *vma = find_vma(mm, a);
	struct anon_vma other = { .parent = NULL }, *av;
	struct page *page;

	(void)state;
	put_u32(a, 1);
	page = page_of(mm, a);
	av = vma->anon_vma;
	page->anon_vma = &other;
	assert_string_equal(mm_check(mm),
			    "an anonymous page would not be found in an area that maps it");
	page->anon_vma = av;
	page->index++;
	assert_string_equal(mm_check(mm),
			    "an anonymous page would be looked for at another address");
	page->index--;
	av->refs++;
	assert_string_equal(mm_check(mm),
			    "an anon_vma's references disagree with its areas and those below");
	av->refs--;
	end_mm(mm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_made_when_needed),
		MM_TEST(test_fork_and_first_store),
		MM_TEST(test_heir),
		MM_TEST(test_pieces_of_a_child),
		MM_TEST(test_endless_forks),
		MM_TEST(test_split_and_merge),
		MM_TEST(test_neighbours),
		MM_TEST(test_mremap),
		MM_TEST(test_left_out_of_fork),
		MM_TEST(test_stack_that_grows),
		MM_TEST(test_files),
		MM_TEST(test_check_sees_damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
