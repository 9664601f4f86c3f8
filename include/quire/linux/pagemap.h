/* SPDX-License-Identifier: MIT */
/* linux/pagemap.h for code written against Linux: the page cache. */
#ifndef QUIRE_LINUX_PAGEMAP_H
#define QUIRE_LINUX_PAGEMAP_H

#include <quire/pagemap.h>
#include <quire/gfp.h>

#endif
