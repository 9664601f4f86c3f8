/* SPDX-License-Identifier: MIT */
/*
 * linux/mm_types.h for code written against Linux: struct page, struct mm_struct, struct
 * vm_area_struct.
 */
#ifndef QUIRE_LINUX_MM_TYPES_H
#define QUIRE_LINUX_MM_TYPES_H

#include <quire/mm.h>
#include <quire/page.h>

#endif
