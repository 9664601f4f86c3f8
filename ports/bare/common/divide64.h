/* SPDX-License-Identifier: MIT */
/* divide64.h - division of 64 bits on a machine that has it for 32 at most. */
#ifndef QUIRE_BARE_DIVIDE64_H
#define QUIRE_BARE_DIVIDE64_H

#include <quire/types.h>

struct bare_quotient {
	u64 quotient, remainder;
};

/* n = quotient * d + remainder, remainder < d.  By 0: quotient 0, remainder n. */
void bare_divide64(struct bare_quotient *out, u64 n, u64 d);
/* The quotient is cut towards 0, the remainder has the sign of n. */
void bare_divide64_signed(struct bare_quotient *out, s64 n, s64 d);

#endif
