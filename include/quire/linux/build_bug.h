/* SPDX-License-Identifier: MIT */
/* linux/build_bug.h for code written against Linux: what must hold when compiled. */
#ifndef QUIRE_LINUX_BUILD_BUG_H
#define QUIRE_LINUX_BUILD_BUG_H

#include <quire/types.h>

#define BUILD_BUG_ON(cond)          _Static_assert(!(cond), #cond)
#define BUILD_BUG_ON_MSG(cond, why) _Static_assert(!(cond), why)
#ifndef static_assert
#define static_assert(cond, ...) QUIRE_STATIC_ASSERT(cond, ##__VA_ARGS__, #cond)
#define QUIRE_STATIC_ASSERT(cond, why, ...) _Static_assert(cond, why)
#endif

#endif
