/* SPDX-License-Identifier: MIT */
/*
 * divide_armv7 - the kernel's division for processors that have none (ports/bare/armv7/aeabi.S, as it is),
 * against what division means: n = quotient * d + remainder.
 *
 * As the program is linked with these functions, its own divisions are theirs too: none is used to check.
 */
#include <stdint.h>
#include <stdio.h>

__asm__(".arm\n\t.include \"../../../ports/bare/armv7/aeabi.S\"\n\t.text\n\t.thumb");

/* What aeabi.S leads to for 64 bits: here, a bit at a time. */
struct bare_quotient {
	uint64_t quotient, remainder;
};

void bare_divide64(struct bare_quotient *out, uint64_t n, uint64_t d);
void bare_divide64(struct bare_quotient *out, uint64_t n, uint64_t d)
{
	uint64_t quotient = 0, rest = 0;

	for (int bit = 63; bit >= 0; bit--) {
		uint64_t over = rest >> 63;

		rest = rest << 1 | (n >> bit & 1);
		if (over || rest >= d) {
			rest -= d;
			quotient |= 1ull << bit;
		}
	}
	*out = (struct bare_quotient){ quotient, rest };
}

void bare_divide64_signed(struct bare_quotient *out, int64_t n, int64_t d);
void bare_divide64_signed(struct bare_quotient *out, int64_t n, int64_t d)
{
	bare_divide64(out, n < 0 ? -(uint64_t)n : (uint64_t)n, d < 0 ? -(uint64_t)d : (uint64_t)d);
	if ((n < 0) != (d < 0))
		out->quotient = -out->quotient;
	if (n < 0)
		out->remainder = -out->remainder;
}

/* Both results of a function that returns them in r0, r1. */
uint64_t __aeabi_uidivmod(uint32_t n, uint32_t d);
uint64_t __aeabi_idivmod(int32_t n, int32_t d);
/* In r0 .. r3: more than C can say, so see the remainder by the quotient. */
uint64_t __aeabi_uldivmod(uint64_t n, uint64_t d);
int64_t __aeabi_ldivmod(int64_t n, int64_t d);

static unsigned long checks, wrong;

static void check(int right, const char *what, uint64_t n, uint64_t d)
{
	checks++;
	if (right)
		return;
	if (wrong++ < 5)
		printf("%s: %llx by %llx is wrong\n", what, (unsigned long long)n,
		       (unsigned long long)d);
}

static void check32(uint32_t n, uint32_t d)
{
	uint64_t both = __aeabi_uidivmod(n, d);
	uint32_t quotient = (uint32_t)both, rest = (uint32_t)(both >> 32);
	int32_t sn = (int32_t)n, sd = (int32_t)d, sq, sr;

	check((uint64_t)quotient * d + rest == n && rest < d, "unsigned", n, d);
	both = __aeabi_idivmod(sn, sd);
	sq = (int32_t)both;
	sr = (int32_t)(both >> 32);
	check((uint32_t)sq * d + (uint32_t)sr == n &&
		      (sr < 0 ? -(int64_t)sr : sr) < (sd < 0 ? -(int64_t)sd : sd) &&
		      (!sr || (sr < 0) == (sn < 0)),
	      "signed", n, d);
}

static void check64(uint64_t n, uint64_t d)
{
	uint64_t quotient = __aeabi_uldivmod(n, d);
	int64_t sn = (int64_t)n, sd = (int64_t)d, sq = __aeabi_ldivmod(sn, sd);
	uint64_t rest = n - quotient * d, srest = n - (uint64_t)sq * d;

	check(rest < d && quotient <= n, "unsigned, 64 bits", n, d);
	if (sn >= 0 && sd > 0)
		check(quotient == (uint64_t)sq, "signed, 64 bits", n, d);
	check((int64_t)srest == 0 || ((int64_t)srest < 0) == (sn < 0), "sign of a remainder", n, d);
}

int main(void)
{
	static const uint32_t edge[] = {
		1,       2,       3,          7,          10,         0x7fff,     0x8000,    0xffff,
		0x10000, 0x10001, 0x7fffffff, 0x80000000, 0x80000001, 0xfffffffe, 0xffffffff
	};
	const unsigned edges = sizeof(edge) / sizeof(edge[0]);
	uint64_t x = 88172645463325252ull;

	for (unsigned i = 0; i < edges; i++)
		for (unsigned j = 0; j < edges; j++) {
			check32(edge[i], edge[j]);
			check32(edge[i] - 1, edge[j]);
			check64((uint64_t)edge[i] << 32 | edge[j], edge[j]);
			check64((uint64_t)edge[i] << 32, (uint64_t)edge[j] << 16);
		}
	for (unsigned i = 0; i < 20000; i++) {
		x ^= x << 13;
		x ^= x >> 7;
		x ^= x << 17;
		check32((uint32_t)x >> (i & 31), (uint32_t)(x >> 32) >> (i >> 5 & 31) | 1);
		check64(x >> (i & 63), (x * 0x9e3779b97f4a7c15ull >> (i >> 3 & 63)) | 1);
	}
	check(__aeabi_uidivmod(5, 0) == 5ull << 32, "by nothing", 5, 0);
	printf("%s division: %lu checks, %lu wrong\n", wrong ? "FAIL" : "ok", checks, wrong);
	return wrong != 0;
}
