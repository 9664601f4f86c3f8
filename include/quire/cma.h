/* SPDX-License-Identifier: MIT */
/*
 * quire/cma.h - contiguous memory for devices that is lent to movable pages while nobody claims it.
 */
#ifndef QUIRE_CMA_H
#define QUIRE_CMA_H

#include <quire/types.h>

extern unsigned long totalcma_pages; /* frames in all areas */

#endif
