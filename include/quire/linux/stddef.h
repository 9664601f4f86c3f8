/* SPDX-License-Identifier: MIT */
/* linux/stddef.h for code written against Linux: NULL, offsetof. */
#ifndef QUIRE_LINUX_STDDEF_H
#define QUIRE_LINUX_STDDEF_H

#include <quire/types.h>

#ifndef sizeof_field
#define sizeof_field(type, member) sizeof(((type *)0)->member)
#define offsetofend(type, member)  (offsetof(type, member) + sizeof_field(type, member))
#endif

#endif
