/* SPDX-License-Identifier: MIT */
/* linux/vmalloc.h for code written against Linux: mappings made at run time. */
#ifndef QUIRE_LINUX_VMALLOC_H
#define QUIRE_LINUX_VMALLOC_H

#include <quire/vmalloc.h>
#include <quire/linux/io.h>

#endif
