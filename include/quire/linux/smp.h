/* SPDX-License-Identifier: MIT */
/* linux/smp.h for code written against Linux: CPUs. */
#ifndef QUIRE_LINUX_SMP_H
#define QUIRE_LINUX_SMP_H

#include <quire/percpu.h>
#include <quire/linux/spinlock.h>

#endif
