/* SPDX-License-Identifier: MIT */
/* cmdline.h - words of a kernel command line. */
#ifndef QUIRE_BARE_CMDLINE_H
#define QUIRE_BARE_CMDLINE_H

#include <quire/types.h>

/* Whether `word` is one of them, in front of "--" and the first program's arguments. */
bool cmdline_has(const char *cmdline, const char *word);

#endif
