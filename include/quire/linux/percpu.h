/* SPDX-License-Identifier: MIT */
/* linux/percpu.h for code written against Linux: a copy of a variable for every CPU. */
#ifndef QUIRE_LINUX_PERCPU_H
#define QUIRE_LINUX_PERCPU_H

#include <quire/percpu.h>

#define DEFINE_PER_CPU_SHARED_ALIGNED(type, name) DEFINE_PER_CPU_ALIGNED(type, name)
#define raw_cpu_ptr(ptr)                          this_cpu_ptr(ptr)
#define __this_cpu_read(v)                        this_cpu_read(v)
#define __this_cpu_write(v, x)                    this_cpu_write(v, x)
#define __this_cpu_add(v, x)                      this_cpu_add(v, x)
#define __this_cpu_sub(v, x)                      this_cpu_sub(v, x)
#define __this_cpu_inc(v)                         this_cpu_inc(v)
#define __this_cpu_dec(v)                         this_cpu_dec(v)
#define get_cpu_ptr(ptr)                          this_cpu_ptr(ptr)
#define put_cpu_ptr(ptr)                          ((void)(ptr), barrier())

#endif
