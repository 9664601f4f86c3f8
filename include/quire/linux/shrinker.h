/* SPDX-License-Identifier: MIT */
/* linux/shrinker.h for code written against Linux: caches that can be made smaller. */
#ifndef QUIRE_LINUX_SHRINKER_H
#define QUIRE_LINUX_SHRINKER_H

#include <quire/shrinker.h>

#endif
