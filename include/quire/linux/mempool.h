/* SPDX-License-Identifier: MIT */
/* linux/mempool.h for code written against Linux: reserves. */
#ifndef QUIRE_LINUX_MEMPOOL_H
#define QUIRE_LINUX_MEMPOOL_H

#include <quire/mempool.h>

#endif
