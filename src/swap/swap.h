/* SPDX-License-Identifier: MIT */
/* swap/swap.h - what watch/ needs of swap/: so far only the count of kills, which quire/oom.h
 * has. */
#ifndef QUIRE_SWAP_SWAP_H
#define QUIRE_SWAP_SWAP_H

#include <quire/oom.h>

#endif
