/* SPDX-License-Identifier: MIT */
/*
 * quire/slabinfo.h - what the heap is made of, in words.
 */
#ifndef QUIRE_SLABINFO_H
#define QUIRE_SLABINFO_H

#include <quire/printk.h>

/* Every cache, in the layout of Linux's /proc/slabinfo.  Numbers may be a moment old; nobody makes or
 * destroys caches meanwhile. */
void show_slabinfo(struct seq_out *out);

#endif
