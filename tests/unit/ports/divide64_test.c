/* SPDX-License-Identifier: MIT */
/* Division of 64 bits by pieces of 32: against this machine's own, at every edge and by chance. */
#include "support/layers.h"
#include "divide64.h"

static void same(u64 n, u64 d)
{
	struct bare_quotient q;

	bare_divide64(&q, n, d);
	if (q.quotient != n / d || q.remainder != n % d)
		fail_msg("%llx / %llx is not %llx, %llx (QUIRE_SEED=%llu)", (unsigned long long)n,
			 (unsigned long long)d, (unsigned long long)q.quotient,
			 (unsigned long long)q.remainder, random_seed);
}

/* Few bits set, or few not, and what is beside it. */
static u64 edge(unsigned i)
{
	u64 v = i < 64 ? 1ULL << i : i < 128 ? ~0ULL << (i - 64) : ~0ULL >> (i - 128);

	return v;
}

static void edges(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 192; i++)
		for (unsigned j = 0; j < 192; j++)
			for (u64 off = 0; off < 3; off++) {
				if (edge(j) - 1 + off)
					same(edge(i), edge(j) - 1 + off);
				same(edge(i) - 1 + off, edge(j));
			}
}

static u64 random_word(void)
{
	u64 v = (u64)random_below(1ul << 31) << 33 ^ (u64)random_below(1ul << 31) << 11 ^
		(u64)random_below(1ul << 31);

	return v >> random_below(64);
}

static void by_chance(void **state)
{
	(void)state;
	random_start(1);
	for (unsigned i = 0; i < 300000; i++) {
		u64 n = random_word(), d = random_word() | 1;

		same(n, d);
		same(n - n % d, d);           /* no remainder          */
		same(n - n % d + (d - 1), d); /* the largest there is  */
	}
}

static void signs(void **state)
{
	const s64 values[] = { 1, -1, 7, -7, 1000000007, -1000000007, INT64_MAX, INT64_MIN + 1 };
	struct bare_quotient q;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(values); i++)
		for (unsigned j = 0; j < ARRAY_SIZE(values); j++) {
			bare_divide64_signed(&q, values[i], values[j]);
			assert_true((s64)q.quotient == values[i] / values[j]);
			assert_true((s64)q.remainder == values[i] % values[j]);
		}
	bare_divide64_signed(&q, INT64_MIN, -1); /* wraps */
	assert_true((s64)q.quotient == INT64_MIN && q.remainder == 0);
}

static void by_nothing(void **state)
{
	struct bare_quotient q;

	(void)state;
	bare_divide64(&q, 5, 0);
	assert_true(q.quotient == 0 && q.remainder == 5);
	bare_divide64_signed(&q, -5, 0);
	assert_true(q.quotient == 0 && (s64)q.remainder == -5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),
		cmocka_unit_test(by_chance),
		cmocka_unit_test(signs),
		cmocka_unit_test(by_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
