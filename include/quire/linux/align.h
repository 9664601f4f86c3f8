/* SPDX-License-Identifier: MIT */
/* linux/align.h for code written against Linux: rounding to powers of two. */
#ifndef QUIRE_LINUX_ALIGN_H
#define QUIRE_LINUX_ALIGN_H

#include <quire/types.h>

#define ALIGN(x, a)          QUIRE_ALIGN_UP(x, a)
#define ALIGN_DOWN(x, a)     QUIRE_ALIGN_DOWN(x, a)
#define PTR_ALIGN(p, a)      ((__typeof__(p))ALIGN((unsigned long)(p), (a)))
#define PTR_ALIGN_DOWN(p, a) ((__typeof__(p))ALIGN_DOWN((unsigned long)(p), (a)))

#endif
