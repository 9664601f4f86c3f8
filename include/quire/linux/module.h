/* SPDX-License-Identifier: MIT */
/*
 * linux/module.h for code written against Linux: a driver is linked in; the embedder calls its
 * start and end by name.
 */
#ifndef QUIRE_LINUX_MODULE_H
#define QUIRE_LINUX_MODULE_H

#include <quire/linux/export.h>
#include <quire/linux/init.h>

#define THIS_MODULE              NULL
#define module_init(fn)          QUIRE_INITCALL(fn)
#define module_exit(fn)          QUIRE_INITCALL(fn)
#define MODULE_LICENSE(text)     _Static_assert(sizeof(text) != 0, "text")
#define MODULE_AUTHOR(text)      _Static_assert(sizeof(text) != 0, "text")
#define MODULE_DESCRIPTION(text) _Static_assert(sizeof(text) != 0, "text")

#endif
