/* SPDX-License-Identifier: MIT */
/* linux/pfn.h for code written against Linux: bytes and frames. */
#ifndef QUIRE_LINUX_PFN_H
#define QUIRE_LINUX_PFN_H

#include <quire/types.h>

#define __phys_to_pfn(pa)  PHYS_PFN(pa)
#define __pfn_to_phys(pfn) PFN_PHYS(pfn)
#define PFN_ALIGN(x)       (((unsigned long)(x) + (PAGE_SIZE - 1)) & PAGE_MASK)

#endif
