/* SPDX-License-Identifier: MIT */
/*
 * mm_model_test.c - random memory calls against a model that is one struct per page, with
 * mm_check() after each step.
 *
 *   WINDOW pages at a fixed address; up to SPACES spaces related by fork; one shared file.
 *   The model knows for each page: mapped how, with which rights, and the word that it must read.
 */
#include <quire/migrate.h>
#include "mm_harness.h"

#define BASE       0x10000000UL
#define WINDOW     96u
#define FILE_PAGES 48u
#define SPACES     4u
#define STEPS      6000

enum kind { NONE, ANON, SHARED, PRIVATE_FILE };

struct model_page {
	enum kind kind;
	unsigned prot;
	unsigned index; /* page of the file                             */
	bool own;       /* PRIVATE_FILE: has its own copy               */
	u32 value;      /* ANON, or own copy: what it reads             */
};

struct space {
	struct mm_struct *mm;
	struct model_page page[WINDOW];
};

static struct world {
	u64 rng;
	struct file *file;
	u32 file_value[FILE_PAGES];
	struct space space[SPACES];
	unsigned step;
	const char *op;
	u64 seed;
} w;

#define CHECK(cond)                                                                                \
	do {                                                                                       \
		if (!(cond))                                                                       \
			fail_msg("seed %llu step %u (%s): %s", (unsigned long long)w.seed, w.step, \
				 w.op, #cond);                                                     \
	} while (0)

static unsigned below(unsigned n)
{
	return rnd(&w.rng) % n;
}

static unsigned long va(unsigned page)
{
	return BASE + page * PAGE_SIZE;
}

static u32 expected(const struct model_page *p)
{
	if (p->kind == SHARED || (p->kind == PRIVATE_FILE && !p->own))
		return w.file_value[p->index];
	return p->value;
}

static void op_map(struct space *s)
{
	unsigned first = below(WINDOW), n = 1 + below(12), prot = below(4) ? RW : below(8), i;
	enum kind kind = (enum kind)(1 + below(3));
	unsigned index = below(FILE_PAGES - 12);
	long at;

	if (first + n > WINDOW)
		n = WINDOW - first;
	prot &= RW | PROT_EXEC;
	at = do_mmap(s->mm, kind == ANON ? NULL : w.file, va(first), n * PAGE_SIZE, prot,
		     MAP_FIXED | (kind == ANON     ? ANON_PRIVATE
				  : kind == SHARED ? MAP_SHARED
						   : MAP_PRIVATE),
		     index);
	CHECK(at == (long)va(first));
	for (i = 0; i < n; i++)
		s->page[first + i] = (struct model_page){ kind, prot, index + i, false, 0 };
}

static void op_unmap(struct space *s)
{
	unsigned first = below(WINDOW), n = 1 + below(16), i;

	if (first + n > WINDOW)
		n = WINDOW - first;
	CHECK(do_munmap(s->mm, va(first), n * PAGE_SIZE) == 0);
	for (i = 0; i < n; i++)
		s->page[first + i] = (struct model_page){ 0 };
}

static void op_protect(struct space *s)
{
	unsigned first = below(WINDOW), n = 1 + below(8),
		 prot = below(3) ? RW : below(8) & (RW | PROT_EXEC), i;
	long err;

	if (first + n > WINDOW)
		n = WINDOW - first;
	err = do_mprotect(s->mm, va(first), n * PAGE_SIZE, prot);
	/* As in Linux, rights change up to the first hole. */
	for (i = 0; i < n && s->page[first + i].kind != NONE; i++)
		s->page[first + i].prot = prot;
	CHECK(err == (i == n ? 0 : -ENOMEM));
}

static void op_store(struct space *s)
{
	unsigned i = below(WINDOW);
	struct model_page *p = &s->page[i];
	u32 value = rnd(&w.rng) | 1;
	vm_fault_t got;

	posix_set_mm(s->mm);
	got = posix_store(va(i) + 4 * below(1024) * 0, &value, sizeof(value));
	if (p->kind == NONE) {
		CHECK(got == VM_FAULT_MAPERR);
		return;
	}
	if (!(p->prot & PROT_WRITE)) {
		CHECK(got == VM_FAULT_ACCERR);
		return;
	}
	CHECK(got == 0);
	if (p->kind == SHARED) {
		w.file_value[p->index] = value;
	} else {
		p->own = true;
		p->value = value;
	}
}

static void check_load(struct space *s, unsigned i)
{
	const struct model_page *p = &s->page[i];
	u32 value = 0;
	vm_fault_t got = posix_load(va(i), &value, sizeof(value));

	if (p->kind == NONE)
		CHECK(got == VM_FAULT_MAPERR);
	else if (!p->prot)
		CHECK(got == VM_FAULT_ACCERR);
	else
		CHECK(got == 0 && value == expected(p));
}

static void op_load(struct space *s)
{
	posix_set_mm(s->mm);
	check_load(s, below(WINDOW));
}

static void op_dontneed(struct space *s)
{
	unsigned first = below(WINDOW), n = 1 + below(6), i;
	bool hole = false;
	long err;

	if (first + n > WINDOW)
		n = WINDOW - first;
	err = do_madvise(s->mm, va(first), n * PAGE_SIZE, MADV_DONTNEED);
	for (i = 0; i < n; i++) {
		struct model_page *p = &s->page[first + i];

		hole |= p->kind == NONE;
		p->own = false;
		if (p->kind == ANON)
			p->value = 0;
	}
	CHECK(err == (hole ? -ENOMEM : 0));
}

static void op_move(struct space *s)
{
	unsigned from = below(WINDOW), to = below(WINDOW);
	long at;

	if (from == to)
		return;
	at = do_mremap(s->mm, va(from), PAGE_SIZE, PAGE_SIZE, MREMAP_MAYMOVE | MREMAP_FIXED,
		       va(to));
	if (s->page[from].kind == NONE) {
		CHECK(at == -EFAULT);
		return;
	}
	CHECK(at == (long)va(to));
	s->page[to] = s->page[from];
	s->page[from] = (struct model_page){ 0 };
}

static void op_fork(struct space *s)
{
	struct space *child = &w.space[below(SPACES)];

	if (child == s)
		return;
	if (child->mm) {
		if (posix_current_mm() == child->mm)
			posix_set_mm(NULL);
		mmput(child->mm);
	}
	*child = *s;
	child->mm = mm_fork(s->mm);
	CHECK(child->mm != NULL);
	CHECK(mm_check(child->mm) == NULL);
}

static void op_truncate(struct space *s)
{
	unsigned keep = FILE_PAGES / 2 + below(FILE_PAGES / 2), i;

	(void)s;
	/* Shrink and grow again: what was cut off reads as zero, private copies of it are gone
	 * too. */
	truncate_setsize(w.file->f_mapping, (quire_loff_t)keep * (quire_loff_t)PAGE_SIZE);
	truncate_setsize(w.file->f_mapping, (quire_loff_t)FILE_PAGES * (quire_loff_t)PAGE_SIZE);
	for (i = keep; i < FILE_PAGES; i++)
		w.file_value[i] = 0;
	for (unsigned k = 0; k < SPACES; k++)
		for (i = 0; i < WINDOW; i++)
			if (w.space[k].page[i].kind == PRIVATE_FILE &&
			    w.space[k].page[i].index >= keep)
				w.space[k].page[i].own = false;
}

static struct page *new_frame(struct page *page, unsigned long private)
{
	(void)page, (void)private;
	return alloc_page(GFP_HIGHUSER_MOVABLE);
}

/* A few pages that can be read move; nothing that the model knows changes. */
static void op_migrate(struct space *s)
{
	struct page *batch[8];
	unsigned first = below(WINDOW), n = 0, i;

	for (i = first; i < WINDOW && n < ARRAY_SIZE(batch); i++) {
		if (s->page[i].kind == NONE || !(s->page[i].prot & PROT_READ))
			continue;
		CHECK(get_user_pages(s->mm, va(i), 1, 0, &batch[n]) == 1);
		put_page(batch[n]);
		n += isolate_movable_page(batch[n], 0); /* not the zero page */
	}
	CHECK(migrate_pages(batch, n, new_frame, NULL, 0, (enum migrate_mode)below(3), MR_SYSCALL,
			    NULL) == 0);
}

static const struct {
	const char *name;
	void (*run)(struct space *);
	unsigned weight;
} ops[] = {
	{ "map", op_map, 10 },        { "unmap", op_unmap, 6 }, { "protect", op_protect, 8 },
	{ "store", op_store, 30 },    { "load", op_load, 30 },  { "dontneed", op_dontneed, 4 },
	{ "move", op_move, 6 },       { "fork", op_fork, 2 },   { "truncate", op_truncate, 1 },
	{ "migrate", op_migrate, 6 },
};

static void step(void)
{
	unsigned total = 0, pick, i;
	struct space *s = &w.space[below(SPACES)];

	if (!s->mm)
		s = &w.space[0];
	if (!s->mm) {
		memset(s, 0, sizeof(*s));
		s->mm = mm_alloc();
	}
	for (i = 0; i < ARRAY_SIZE(ops); i++)
		total += ops[i].weight;
	pick = below(total);
	for (i = 0; pick >= ops[i].weight; i++)
		pick -= ops[i].weight;
	w.op = ops[i].name;
	ops[i].run(s);
	for (i = 0; i < SPACES; i++) {
		const char *why = w.space[i].mm ? mm_check(w.space[i].mm) : NULL;

		if (why)
			fail_msg("seed %llu step %u (%s): space %u: %s", (unsigned long long)w.seed,
				 w.step, w.op, i, why);
	}
}

static void run_model(u64 seed)
{
	unsigned i, k;

	machine_up(32);
	memset(&w, 0, sizeof(w));
	w.seed = seed;
	w.rng = seed * 2654435761u + 88172645463325252ull;
	w.file = shmem_file_setup("model", (quire_loff_t)FILE_PAGES * (quire_loff_t)PAGE_SIZE);
	assert_false(IS_ERR(w.file));
	for (w.step = 0; w.step < STEPS; w.step++) {
		step();
		if (w.step % 500 == 0) {
			const char *why = check_all();

			if (why)
				fail_msg("seed %llu step %u (%s): %s", (unsigned long long)seed,
					 w.step, w.op, why);
		}
	}
	w.op = "final load";
	for (k = 0; k < SPACES; k++) {
		if (!w.space[k].mm)
			continue;
		posix_set_mm(w.space[k].mm);
		for (i = 0; i < WINDOW; i++)
			check_load(&w.space[k], i);
		end_mm(w.space[k].mm);
	}
	assert_null(address_space_check(w.file->f_mapping));
	fput(w.file);
	machine_down();
}

static void test_random_calls(void **state)
{
	u64 seed = seed_from_env(0);

	(void)state;
	if (seed) {
		run_model(seed);
		return;
	}
	for (seed = 1; seed <= 4; seed++)
		run_model(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_random_calls) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
