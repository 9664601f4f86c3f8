/* SPDX-License-Identifier: MIT */
/* linux/page_owner.h for code written against Linux: who has a frame. */
#ifndef QUIRE_LINUX_PAGE_OWNER_H
#define QUIRE_LINUX_PAGE_OWNER_H

#include <quire/page_owner.h>

#endif
