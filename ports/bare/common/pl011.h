/* SPDX-License-Identifier: MIT */
/* pl011.h - Arm's serial port as a console. */
#ifndef QUIRE_BARE_PL011_H
#define QUIRE_BARE_PL011_H

#include <quire/types.h>

/* Where its registers are seen, from now on; NULL: nowhere, and output is dropped. */
void pl011_at(volatile void *registers);

#endif
