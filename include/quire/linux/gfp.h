/* SPDX-License-Identifier: MIT */
/* linux/gfp.h for code written against Linux: blocks of frames. */
#ifndef QUIRE_LINUX_GFP_H
#define QUIRE_LINUX_GFP_H

#include <quire/contig.h>
#include <quire/gfp.h>
#include <quire/linux/mmzone.h>

#endif
