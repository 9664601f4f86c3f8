/* SPDX-License-Identifier: MIT */
/* linux/cma.h for code written against Linux: areas that are lent to movable pages. */
#ifndef QUIRE_LINUX_CMA_H
#define QUIRE_LINUX_CMA_H

#include <quire/cma.h>

#endif
