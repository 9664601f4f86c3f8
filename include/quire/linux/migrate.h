/* SPDX-License-Identifier: MIT */
/* linux/migrate.h for code written against Linux: moving frames. */
#ifndef QUIRE_LINUX_MIGRATE_H
#define QUIRE_LINUX_MIGRATE_H

#include <quire/migrate.h>

#endif
