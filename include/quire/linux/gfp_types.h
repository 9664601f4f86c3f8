/* SPDX-License-Identifier: MIT */
/* linux/gfp_types.h for code written against Linux: allocation flags. */
#ifndef QUIRE_LINUX_GFP_TYPES_H
#define QUIRE_LINUX_GFP_TYPES_H

#include <quire/gfp.h>

#endif
