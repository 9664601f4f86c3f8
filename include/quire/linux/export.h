/* SPDX-License-Identifier: MIT */
/* linux/export.h for code written against Linux: every function is visible. */
#ifndef QUIRE_LINUX_EXPORT_H
#define QUIRE_LINUX_EXPORT_H

#include <quire/types.h>

#define QUIRE_EXPORT(symbol)      _Static_assert(sizeof(&symbol) != 0, "a symbol has an address")
#define EXPORT_SYMBOL(symbol)     QUIRE_EXPORT(symbol)
#define EXPORT_SYMBOL_GPL(symbol) QUIRE_EXPORT(symbol)

#endif
