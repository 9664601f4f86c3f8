/* SPDX-License-Identifier: MIT */
/* linux/kfence.h for code written against Linux: sampled guard pages. */
#ifndef QUIRE_LINUX_KFENCE_H
#define QUIRE_LINUX_KFENCE_H

#include <quire/kfence.h>

#endif
