/* SPDX-License-Identifier: MIT */
/* linux/slab.h for code written against Linux: objects. */
#ifndef QUIRE_LINUX_SLAB_H
#define QUIRE_LINUX_SLAB_H

#include <quire/slab.h>
#include <quire/vmalloc.h>
#include <quire/linux/gfp.h>
#include <quire/linux/overflow.h>

#endif
