/* SPDX-License-Identifier: MIT */
/* The format engine against the host's, and the places that text goes to. */
#include <quire/err.h>
#include "support/layers.h"

/* Both engines must agree on text and length. */
#define same(fmt, ...)                                                                             \
	do {                                                                                       \
		char ours[200], theirs[200];                                                       \
		int a = quire_snprintf(ours, sizeof(ours), fmt, ##__VA_ARGS__);                    \
		int b = snprintf(theirs, sizeof(theirs), fmt, ##__VA_ARGS__);                      \
		assert_string_equal(ours, theirs);                                                 \
		assert_int_equal(a, b);                                                            \
	} while (0)

static void integers(void **state)
{
	(void)state;
	same("%d %i %u", -5, 7, 9u);
	same("[%5d][%-5d][%05d][%+d][% d]", 42, 42, 42, 42, 42);
	same("[%.3d][%8.3d][%-8.3d]", 7, 7, 7);
	same("[%.0d][%.0x]", 0, 0u);
	same("%x %X %#x %#X %#o %o", 255u, 255u, 255u, 255u, 8u, 8u);
	same("%#x %#o", 0u, 0u);
	same("%hhd %hd %ld %lld %zu %td", (signed char)-1, (short)-2, -3L, -4LL, (size_t)5,
	     (ptrdiff_t)-6);
	same("%llx %016llx", 0xfedcba9876543210ULL, 0x12ULL);
	same("%lld %llu", (long long)(-0x7fffffffffffffffLL - 1), ~0ULL);
	same("[%*d][%-*d][%.*d]", 6, 1, 6, 2, 4, 3);
	same("[%*d]", -6, 1);
}

static void text(void **state)
{
	(void)state;
	same("%s|%10s|%-10s|%.2s|", "abc", "abc", "abc", "abc");
	same("%c%c%%", 'x', 'y');
	same("[%3c][%-3c]", 'x', 'y');
	same("%p", (void *)0x1234);
	same("plain");
}

/* What the host's printf does not know. */
static void physical_addresses(void **state)
{
	static const struct {
		const char *fmt, *text;
	} rows[] = {
		{ "%pa", "0x0123456789abcdef" },       { "%pap", "0x0123456789abcdef" },
		{ "%pad.", "0x0123456789abcdef." },    { "[%pa]x", "[0x0123456789abcdef]x" },
		{ "%20pa|", "  0x0123456789abcdef|" }, { "%-20pap|", "0x0123456789abcdef  |" },
	};
	phys_addr_t pa = 0x0123456789abcdefULL;
	char buf[40];

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(rows); i++) {
		const char *volatile fmt =
			rows[i].fmt; /* widths are not for every compiler's eyes */

		quire_snprintf(buf, sizeof(buf), fmt, &pa);
		assert_string_equal(buf, rows[i].text);
	}
	pa = 0;
	quire_snprintf(buf, sizeof(buf), "%pa", &pa);
	assert_string_equal(buf, "0x0000000000000000");
	quire_snprintf(buf, sizeof(buf), "%pa", (void *)NULL);
	assert_string_equal(buf, "(null)");
}

static void unusual(void **state)
{
	const char *volatile nothing = NULL;
	char buf[8];

	(void)state;
	assert_int_equal(quire_snprintf(buf, sizeof(buf), "%s", nothing), 6);
	assert_string_equal(buf, "(null)");
	assert_int_equal(quire_snprintf(buf, 4, "abcdef"), 6);
	assert_string_equal(buf, "abc");
	assert_int_equal(quire_snprintf(NULL, 0, "abcdef"), 6);
	buf[0] = 'z';
	quire_snprintf(buf, 1, "abc");
	assert_string_equal(buf, "");
}

static void log_lines(void **state)
{
	char long_text[700];

	(void)state;
	posix_log_take();
	printk("hello %d\n", 5);
	pr_warn("careful\n");
	assert_string_equal(posix_log_take(), "hello 5\nwarning: careful\n");
	memset(long_text, 'x', sizeof(long_text));
	long_text[699] = 0;
	printk("%s", long_text);
	assert_int_equal(strlen(posix_log_take()), 511);
	quire_damage("bad thing %d", 1);
	assert_true(logged("BUG: bad thing 1 (") != 0);
}

static void reports(void **state)
{
	char text_buf[16];
	struct seq_buf buf = { text_buf, sizeof(text_buf), 0 };
	struct seq_out out = { seq_buf_emit, &buf, 0, 0 };

	(void)state;
	seq_printf(&out, "%d-%s", 12, "ab");
	seq_putc(&out, '!');
	seq_puts(&out, "xyz");
	assert_int_equal(buf.len, 9);
	assert_memory_equal(text_buf, "12-ab!xyz", 9);
	seq_puts(&out, "0123456789");
	assert_int_equal(out.error, -EOVERFLOW);
	assert_int_equal(buf.len, 16);
	seq_puts(&out, "more");
	assert_int_equal(buf.len, 16);
}

static void panic_stops(void **state)
{
	(void)state;
	assert_panics(quire_panic("the end %d\n", 3), "the end 3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers),           cmocka_unit_test(text),
		cmocka_unit_test(physical_addresses), cmocka_unit_test(unusual),
		cmocka_unit_test(log_lines),          cmocka_unit_test(reports),
		cmocka_unit_test(panic_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
