/* SPDX-License-Identifier: MIT */
/* linux/vmstat.h for code written against Linux: counters. */
#ifndef QUIRE_LINUX_VMSTAT_H
#define QUIRE_LINUX_VMSTAT_H

#include <quire/vmstat.h>
#include <quire/mmzone.h>

#endif
