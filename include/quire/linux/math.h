/* SPDX-License-Identifier: MIT */
/* linux/math.h for code written against Linux: rounding and division. */
#ifndef QUIRE_LINUX_MATH_H
#define QUIRE_LINUX_MATH_H

#include <quire/bits.h>
#include <quire/linux/align.h>

/* To a power of two. */
#define round_up(x, y)   QUIRE_ALIGN_UP(x, y)
#define round_down(x, y) QUIRE_ALIGN_DOWN(x, y)
/* To a multiple of anything. */
#ifndef roundup
#define roundup(x, y) ((((x) + ((y)-1)) / (y)) * (y))
#endif
#define rounddown(x, y)         ((x) - (x) % (y))
#define DIV_ROUND_CLOSEST(x, d) (((x) + (d) / 2) / (d)) /* of numbers that are not negative */

#endif
