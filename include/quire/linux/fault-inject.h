/* SPDX-License-Identifier: MIT */
/* linux/fault-inject.h for code written against Linux: allocations that fail on purpose. */
#ifndef QUIRE_LINUX_FAULT_INJECT_H
#define QUIRE_LINUX_FAULT_INJECT_H

#include <quire/fault_inject.h>

#endif
