/* SPDX-License-Identifier: MIT */
/* linux/err.h for code written against Linux: error pointers. */
#ifndef QUIRE_LINUX_ERR_H
#define QUIRE_LINUX_ERR_H

#include <quire/err.h>
#include <quire/linux/errno.h>

static inline void *ERR_CAST(const void *ptr)
{
	return (void *)(unsigned long)ptr;
}

static inline int PTR_ERR_OR_ZERO(const void *ptr)
{
	return IS_ERR(ptr) ? (int)PTR_ERR(ptr) : 0;
}

#endif
