/* SPDX-License-Identifier: MIT */
/* linux/ioport.h for code written against Linux: who owns which physical addresses. */
#ifndef QUIRE_LINUX_IOPORT_H
#define QUIRE_LINUX_IOPORT_H

#include <quire/ioport.h>

#endif
