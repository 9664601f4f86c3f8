/* SPDX-License-Identifier: MIT */
/* The tree of address ranges: who goes where, who is refused, and what memblock knows. */
#include <quire/err.h>
#include <quire/ioport.h>
#include "boot.h"
#include "support/layers.h"

#define MAX 8

static struct resource res[MAX];

/* Sorted, inside, apart: the first broken law's words, or NULL. */
static const char *tree_check(const struct resource *r)
{
	for (const struct resource *c = r->child; c; c = c->sibling) {
		const char *why;

		if (c->parent != r)
			return "a child does not know its parent";
		if (c->start > c->end || !resource_contains(r, c))
			return "a child is not inside its parent";
		if (c->sibling && c->sibling->start <= c->end)
			return "siblings overlap or are not sorted";
		why = tree_check(c);
		if (why)
			return why;
	}
	return NULL;
}

/* "10-1f(12-13)20-2f" */
static size_t shape(const struct resource *r, char *buf, size_t size)
{
	size_t n = 0;

	buf[0] = 0;
	for (const struct resource *c = r->child; c; c = c->sibling) {
		n += (size_t)snprintf(buf + n, size - n, "%s%llx-%llx", c == r->child ? "" : " ",
				      (unsigned long long)c->start, (unsigned long long)c->end);
		if (c->child) {
			buf[n++] = '(';
			n += shape(c, buf + n, size - n);
			buf[n++] = ')';
			buf[n] = 0;
		}
	}
	return n;
}

static const struct row {
	struct {
		resource_size_t start, end;
		int err;
	} in[5];
	const char *inserted; /* by insert_resource() */
} rows[] = {
	{ { { 0x10, 0x1f, 0 } }, "10-1f" },
	{ { { 0x20, 0x2f, 0 }, { 0x10, 0x1f, 0 }, { 0x40, 0x4f, 0 }, { 0x30, 0x3f, 0 } },
	  "10-1f 20-2f 30-3f 40-4f" },
	{ { { 0x10, 0x4f, 0 }, { 0x20, 0x2f, 0 }, { 0x22, 0x23, 0 } }, "10-4f(20-2f(22-23))" },
	{ { { 0x22, 0x23, 0 }, { 0x20, 0x2f, 0 }, { 0x10, 0x4f, 0 } }, "10-4f(20-2f(22-23))" },
	{ { { 0x10, 0x1f, 0 }, { 0x30, 0x3f, 0 }, { 0x50, 0x5f, 0 }, { 0x10, 0x3f, 0 } },
	  "10-3f(10-1f 30-3f) 50-5f" },
	{ { { 0x10, 0x1f, 0 }, { 0x10, 0x1f, 0 } }, "10-1f(10-1f)" },
	{ { { 0x10, 0x1f, 0 }, { 0x18, 0x27, -EBUSY }, { 0x08, 0x10, -EBUSY } }, "10-1f" },
	{ { { 0x10, 0x1f, 0 }, { 0x20, 0x2f, 0 }, { 0x08, 0x28, -EBUSY } }, "10-1f 20-2f" },
	{ { { 0x1f, 0x10, -EBUSY } }, "" },
	{ { { 0, ~0ULL, 0 }, { 0x10, 0x10, 0 } }, "0-ffffffffffffffff(10-10)" },
};

static void inserts(void **state)
{
	char text[200];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		memblock_exit();
		for (unsigned j = 0; j < 5 && (rows[i].in[j].start | rows[i].in[j].end); j++) {
			res[j] = (struct resource){ .start = rows[i].in[j].start,
						    .end = rows[i].in[j].end,
						    .name = "x" };
			assert_int_equal(insert_resource(&iomem_resource, &res[j]),
					 rows[i].in[j].err);
			assert_law(tree_check(&iomem_resource));
		}
		shape(&iomem_resource, text, sizeof(text));
		assert_string_equal(text, rows[i].inserted);
	}
	memblock_exit();
	assert_null(iomem_resource.child);
}

static void requests_and_releases(void **state)
{
	struct resource bus = { .start = 0x100, .end = 0x1ff, .name = "bus" },
			a = { .start = 0x110, .end = 0x11f, .name = "a" },
			b = { .start = 0x118, .end = 0x127, .name = "b" },
			outside = { .start = 0x1f0, .end = 0x200, .name = "outside" };
	char text[100];

	(void)state;
	memblock_exit();
	assert_int_equal(request_resource(&iomem_resource, &bus), 0);
	assert_int_equal(request_resource(&iomem_resource, &a), -EBUSY); /* taken by the bus */
	assert_int_equal(request_resource(&bus, &a), 0);
	assert_int_equal(request_resource(&bus, &b), -EBUSY);
	assert_int_equal(request_resource(&bus, &outside), -EBUSY);
	assert_int_equal(resource_size(&a), 16);
	assert_int_equal(release_resource(&b), -EINVAL);
	assert_int_equal(release_resource(&a), 0);
	assert_int_equal(release_resource(&a), -EINVAL);
	assert_int_equal(request_resource(&bus, &b), 0);
	shape(&iomem_resource, text, sizeof(text));
	assert_string_equal(text, "100-1ff(118-127)");
	assert_int_equal(release_resource(&bus), 0);
	assert_null(iomem_resource.child);
	memblock_exit();
}

/* Banks that touch are one line whatever their node, NOMAP memory is a line of its own. */
static void what_memblock_knows(void **state)
{
	static const struct posix_bank banks[] = { { 1 << 20, 8 << 20, 0 },
						   { 9 << 20, 8 << 20, 1 },
						   { 32 << 20, 8 << 20, 0 } };
	char text[100];

	(void)state;
	assert_int_equal(posix_machine_start(&(struct posix_machine){ banks, 3, 1 }), 0);
	assert_int_equal(memblock_mark_nomap(34 << 20, 1 << 20), 0);
	assert_int_equal(insert_memblock_resources(), 0);
	assert_law(tree_check(&iomem_resource));
	shape(&iomem_resource, text, sizeof(text));
	assert_string_equal(text, "100000-10fffff 2000000-21fffff 2200000-22fffff 2300000-27fffff");
	assert_string_equal(iomem_resource.child->name, "System RAM");
	assert_string_equal(iomem_resource.child->sibling->sibling->name, "reserved");
	posix_machine_stop();
	assert_null(iomem_resource.child);
	assert_int_equal(insert_memblock_resources(), -ENOMEM);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(inserts),
		cmocka_unit_test(requests_and_releases),
		cmocka_unit_test(what_memblock_knows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
