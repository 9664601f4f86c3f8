/* SPDX-License-Identifier: MIT */
/* linux/oom.h for code written against Linux: who goes when nothing can be freed. */
#ifndef QUIRE_LINUX_OOM_H
#define QUIRE_LINUX_OOM_H

#include <quire/oom.h>

#endif
