/* SPDX-License-Identifier: MIT */
/*
 * tables_test.c - table pages of the build's format: made on the way to an entry, taken out when they
 * map nothing; roots, and how what the kernel maps reaches them; entries written, changed, moved.
 */
#include "mm_harness.h"
#include "maps/maps.h"

struct space {
	struct pt_space pt;
	spinlock_t lock;
	atomic_long_t bytes;
};

static void new_space(struct space *s)
{
	spin_lock_init(&s->lock, "space", LOCK_RANK_PAGE_TABLE);
	atomic_long_set(&s->bytes, 0);
	s->pt = (struct pt_space){ pt_new_root(), &s->lock, &s->bytes };
	assert_non_null(s->pt.root);
}

static void end_space(struct space *s)
{
	pt_free_root(s->pt.root);
}

static long table_pages(struct space *s)
{
	return atomic_long_read(&s->bytes) / (long)PAGE_SIZE;
}

#define AT (PORT_TASK_SIZE / 2 + 5 * PAGE_SIZE)

static void test_tables_come_and_go(void **state)
{
	struct page *list;
	unsigned n = 0;
	unsigned long skip = 0;
	struct space s;
	pt_entry *pte;

	(void)state;
	new_space(&s);
	assert_null(pt_find(s.pt.root, AT, &skip));
	assert_true(skip > AT && !(skip & ((1ul << pt_shift(0)) - 1)));
	pte = pt_make_slow(&s.pt, AT);
	assert_non_null(pte);
	assert_int_equal(table_pages(&s), PT_LAST);
	assert_ptr_equal(pt_make_slow(&s.pt, AT), pte);
	assert_ptr_equal(pt_find(s.pt.root, AT, NULL), pte);
	assert_ptr_equal(pt_make_slow(&s.pt, AT + PAGE_SIZE), pte + 1);
	assert_ptr_equal(pt_page(pt_make_slow(&s.pt, AT | (PMD_SIZE - 1))), pt_page(pte));
	assert_int_equal(table_pages(&s), PT_LAST);
	assert_ptr_not_equal(pt_page(pt_make_slow(&s.pt, AT + PMD_SIZE)), pt_page(pte));
	assert_int_equal(table_pages(&s), PT_LAST + 1);
	/* One that maps something stays, with those that lead to it. */
	pt_count(pt_page(pte), 1);
	list = pt_detach_empty(&s.pt, 0, PORT_TASK_SIZE);
	assert_non_null(list);
	assert_int_equal(list->word2, 0);
	pt_free_list(list);
	assert_int_equal(table_pages(&s), PT_LAST);
	assert_ptr_equal(pt_find(s.pt.root, AT, NULL), pte);
	pt_count(pt_page(pte), -1);
	list = pt_detach_empty(&s.pt, AT, AT + PAGE_SIZE);
	for (struct page *p = list; p; p = (struct page *)p->word2)
		n++;
	assert_int_equal(n, PT_LAST);
	pt_free_list(list);
	assert_int_equal(table_pages(&s), 0);
	assert_null(pt_find(s.pt.root, AT, NULL));
	end_space(&s);
}

static void test_root(void **state)
{
	struct page *page;
	struct space s;

	(void)state;
	new_space(&s);
	page = pt_page(s.pt.root);
	assert_true(((size_t)sizeof(pt_entry) << (PT_TWINS + pt_bits(0))) <= PT_ROOT_SIZE);
	assert_int_equal(page_to_phys(page) & (PT_ROOT_SIZE - 1), 0);
	for (unsigned i = 0; i < 1u << PT_ROOT_ORDER; i++)
		assert_true(PageFlag(page + i, PG_table));
	/* The user's half is empty; the kernel's is there, unless it has a root of its own. */
	for (unsigned long va = 0; va <= PORT_TASK_SIZE - 1; va += 1ul << pt_shift(0)) {
		assert_int_equal(pt_read(pt_slot(s.pt.root, pt_index(va, 0), 0)), 0);
		if (va + (1ul << pt_shift(0)) < va)
			break;
	}
	assert_true(!pt_lookup(s.pt.root, PAGE_OFFSET + (4ul << 20), NULL) == pt_fmt.split_roots);
	end_space(&s);
}

/* What the kernel maps after a space was made. */
static void test_kernel_faults(void **state)
{
	const bool by_fault = !pt_fmt.split_roots && pt_shift(0) < 30;
	struct mm_struct *before = mm_alloc(), *after;
	char *p = vmalloc(PAGE_SIZE);
	unsigned long va = (unsigned long)p;

	(void)state;
	assert_non_null(before);
	assert_non_null(p);
	after = mm_alloc();
	assert_int_equal(maps_kernel_tables(), by_fault ? 1 : 0);
	assert_int_equal(maps_kernel_faults(), 0);
	/* Where it is there already another CPU was faster. */
	assert_int_equal(maps_kernel_fault(before->root, va), !pt_fmt.split_roots);
	assert_int_equal(maps_kernel_faults(), by_fault);
	assert_int_equal(maps_kernel_fault(before->root, va), !pt_fmt.split_roots);
	assert_int_equal(maps_kernel_fault(after->root, va), !pt_fmt.split_roots); /* a copy */
	assert_int_equal(maps_kernel_faults(), by_fault);
	assert_false(maps_kernel_fault(before->root, va + PAGE_SIZE)); /* the guard page */
	assert_false(maps_kernel_fault(before->root, 0x1000));
	assert_false(maps_kernel_fault(before->root, PORT_VMALLOC_END - PMD_SIZE));
	if (!pt_fmt.split_roots)
		assert_true(pt_lookup(before->pgd, va, NULL) ==
			    pt_lookup(maps_kernel_pgd(), va, NULL));
	/* The table stays for those who copied the entry, and is used again. */
	vfree(p);
	p = vmalloc(PAGE_SIZE);
	assert_int_equal(maps_kernel_tables(), by_fault ? 1 : 0);
	posix_set_mm(before);
	assert_non_null(posix_kernel_access((unsigned long)p, true));
	posix_set_mm(NULL);
	assert_int_equal(maps_kernel_faults(), by_fault);
	vfree(p);
	mmput(before);
	mmput(after);
}

/* The linear map is of blocks, which tell where they lie. */
static void test_lookup(void **state)
{
	unsigned level;
	pte_t e = pt_lookup(maps_kernel_pgd(), PAGE_OFFSET + (4ul << 20), &level);

	(void)state;
	assert_int_equal(level, PT_LAST - 1);
	assert_int_equal(e & PTE_ADDRESS, 4u << 20);
	assert_true((e & PTE_LARGE) && pte_valid(e) && pte_write(e));
	e = pt_lookup(maps_kernel_pgd(), PAGE_OFFSET + (1ul << 20) + PAGE_SIZE, &level);
	assert_int_equal(level, PT_LAST); /* RAM begins at 1 MiB: no whole block */
	assert_int_equal(e & PTE_ADDRESS, (1u << 20) + PAGE_SIZE);
	assert_true(pt_lookup(maps_kernel_pgd(), PAGE_OFFSET + (64ul << 20), &level) == 0);
}

/* ---- entries --------------------------------------------------------------------------------- */
/* The entry means e, and what only the hardware reads says the same. */
static void check_entry(const pt_entry *at, pte_t e)
{
	assert_true(pte_read(at) == e);
	if (PT_TWINS)
		assert_true(at[ARMV7_HARD_OFFSET / sizeof(*at)].raw ==
			    pt_encode(&pt_hw, PT_LAST, e));
}

static void test_entries(void **state)
{
	const u64 rw = PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED | PTE_DIRTY | PTE_NOEXEC;
	const pte_t e = pte_make(0x123, rw), other = pte_make(0x456, rw & ~PTE_WRITE);
	const struct pte_alike like = pte_alike(rw);
	struct page *page = pt_alloc_table(GFP_KERNEL);
	pt_entry *table;
	pte_t read;

	(void)state;
	assert_non_null(page);
	table = page_address(page);
	pte_set(&table[0], e);
	check_entry(&table[0], e);
	pte_clear_bits(&table[0], PTE_WRITE);
	check_entry(&table[0], e & ~PTE_WRITE);
	pte_clear_bits(&table[0], PTE_ACCESSED | PTE_DIRTY);
	check_entry(&table[0], e & ~(PTE_WRITE | PTE_ACCESSED | PTE_DIRTY));
	pte_set_bits(&table[0], PTE_WRITE | PTE_ACCESSED | PTE_DIRTY);
	check_entry(&table[0], e);
	pte_copy(&table[1], &table[0], e);
	check_entry(&table[1], e);
	pte_move(&table[511], &table[1]);
	check_entry(&table[1], 0);
	check_entry(&table[511], e);
	assert_true(pte_exchange(&table[0], other) == e);
	check_entry(&table[0], other);
	assert_true(pte_exchange(&table[0], pte_make_migration(e)) == other);
	check_entry(&table[0], pte_make_migration(e));
	pte_set(&table[1], pte_make_hwpoison(e));
	check_entry(&table[1], pte_make_hwpoison(e));
	assert_true(pte_read_some(&table[511], &read) && read == e);
	assert_false(pte_read_some(&table[510], &read) || read);
	pte_set_like(&table[510], PFN_PHYS(0x123), &like);
	check_entry(&table[510], e);
	pte_set(&table[510], other);
	pt_write_one(&table[510], PFN_PHYS(0x123), &like);
	check_entry(&table[510], e);
	pt_write_one(&table[510], 0, NULL);
	check_entry(&table[510], 0);
	assert_true(pte_get_and_clear(&table[1]) == pte_make_hwpoison(e));
	assert_true(pte_get_and_clear(&table[0]) == pte_make_migration(e));
	assert_true(pte_get_and_clear(&table[511]) == e);
	for (unsigned i = 0; i < PAGE_SIZE / sizeof(*table); i++)
		assert_int_equal(table[i].raw, 0); /* the law of a table that is given back */
	pt_free_table(page);
}

static void check_rights(pt_entry *at, struct pte_rights *r, pte_t e, bool write)
{
	pte_t n = pte_modify(e, r->prot) | (write ? PTE_WRITE : 0);

	pte_set(at, e);
	assert_int_equal(pte_set_rights(r, at, pte_read(at), write), n != e);
	check_entry(at, n);
	assert_false(pte_set_rights(r, at, pte_read(at), write));
	check_entry(at, n);
}

/* One after another, alike or not: each gets what it would have got alone. */
static void test_rights(void **state)
{
	static const u64 bit[] = { PTE_ACCESSED, PTE_DIRTY,  PTE_WRITE,
				   PTE_USER,     PTE_NOEXEC, PTE_SPECIAL };
	static const u64 prot[] = { PTE_PRESENT | PTE_USER | PTE_NOEXEC,
				    PTE_PRESENT | PTE_USER | PTE_WRITE, PTE_PROTNONE | PTE_NOEXEC };
	struct page *page = pt_alloc_table(GFP_KERNEL);
	pt_entry *at;

	(void)state;
	assert_non_null(page);
	at = page_address(page);
	for (unsigned n = 0; n < ARRAY_SIZE(prot) << ARRAY_SIZE(bit); n++) {
		struct pte_rights r;
		u64 flags = PTE_PRESENT;

		for (unsigned i = 0; i < ARRAY_SIZE(bit); i++)
			flags |= n >> i & 1 ? bit[i] : 0;
		pte_rights_init(&r, prot[n >> ARRAY_SIZE(bit)]);
		check_rights(at, &r, pte_make(0x123, flags), false);
		check_rights(at, &r, pte_make(0x456, flags), false);
		check_rights(at, &r, pte_make(0x456, flags), true);
		check_rights(at, &r, pte_make(0x456, flags ^ PTE_DIRTY), true);
		check_rights(at, &r, pte_make(0x123, flags), true);
	}
	pte_set(at, 0);
	pt_free_table(page);
}

/* The port hears of n stores. */
#define assert_told(statement, n)                                                                  \
	do {                                                                                       \
		unsigned long before_ = posix_entries_written;                                     \
		statement;                                                                         \
		assert_int_equal(posix_entries_written - before_, n);                              \
	} while (0)

static void test_port_is_told(void **state)
{
	const pte_t e = pte_make(0x123, PTE_PRESENT | PTE_WRITE | PTE_ACCESSED);
	struct page *page = pt_alloc_table(GFP_KERNEL);
	pt_entry *t;

	(void)state;
	assert_non_null(page);
	t = page_address(page);
	assert_told(pte_set(t, e), 1);
	assert_told(pte_set_bits(t, PTE_DIRTY), 1);
	assert_told(pte_clear_bits(t, PTE_WRITE), 1);
	assert_told(pte_copy(t + 1, t, pte_read(t)), 1);
	assert_told(pte_move(t + 2, t + 1), 2);
	assert_told(pte_get_and_clear(t + 2), 1);
	assert_told(pte_get_and_clear(t), 1);
	assert_told(pt_written_many(t, 3), 3);
	assert_told(pt_publish_table(t, 0, page_to_phys(page), true), 1);
	assert_told(pt_erase(t), 1);
	pt_free_table(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		MM_TEST(test_tables_come_and_go),
		MM_TEST(test_root),
		MM_TEST(test_kernel_faults),
		MM_TEST(test_lookup),
		MM_TEST(test_entries),
		MM_TEST(test_rights),
		MM_TEST(test_port_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
