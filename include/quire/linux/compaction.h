/* SPDX-License-Identifier: MIT */
/* linux/compaction.h for code written against Linux: making large blocks. */
#ifndef QUIRE_LINUX_COMPACTION_H
#define QUIRE_LINUX_COMPACTION_H

#include <quire/compaction.h>

#endif
