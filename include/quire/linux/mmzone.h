/* SPDX-License-Identifier: MIT */
/* linux/mmzone.h for code written against Linux: nodes and zones. */
#ifndef QUIRE_LINUX_MMZONE_H
#define QUIRE_LINUX_MMZONE_H

#include <quire/mmzone.h>
#include <quire/linux/numa.h>

#endif
