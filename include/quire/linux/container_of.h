/* SPDX-License-Identifier: MIT */
/* linux/container_of.h for code written against Linux: from a member to what contains it. */
#ifndef QUIRE_LINUX_CONTAINER_OF_H
#define QUIRE_LINUX_CONTAINER_OF_H

#include <quire/types.h>

#endif
