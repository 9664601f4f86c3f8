/* SPDX-License-Identifier: MIT */
/* linux/set_memory.h for code written against Linux: pages of the linear map. */
#ifndef QUIRE_LINUX_SET_MEMORY_H
#define QUIRE_LINUX_SET_MEMORY_H

#include <quire/set_memory.h>

#endif
