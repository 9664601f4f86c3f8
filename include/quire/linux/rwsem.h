/* SPDX-License-Identifier: MIT */
/* linux/rwsem.h for code written against Linux: many readers or one writer, asleep meanwhile. */
#ifndef QUIRE_LINUX_RWSEM_H
#define QUIRE_LINUX_RWSEM_H

#include <quire/lock.h>

#endif
