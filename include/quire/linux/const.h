/* SPDX-License-Identifier: MIT */
/* linux/const.h for code written against Linux: constants that assembly can read, too. */
#ifndef QUIRE_LINUX_CONST_H
#define QUIRE_LINUX_CONST_H

#include <quire/types.h>

#define _AC(x, suffix) QUIRE_PASTE(x, suffix)
#define UL(x)          _AC(x, UL)
#define ULL(x)         _AC(x, ULL)

#endif
