/* SPDX-License-Identifier: MIT */
/* linux/uaccess.h for code written against Linux: user memory. */
#ifndef QUIRE_LINUX_UACCESS_H
#define QUIRE_LINUX_UACCESS_H

#include <quire/uaccess.h>

#endif
