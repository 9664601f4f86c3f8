/* SPDX-License-Identifier: MIT */
/* linux/highmem.h for code written against Linux. */
#ifndef QUIRE_LINUX_HIGHMEM_H
#define QUIRE_LINUX_HIGHMEM_H

#include <quire/highmem.h>
#include <quire/linux/mm.h>

#endif
