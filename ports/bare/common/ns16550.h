/* SPDX-License-Identifier: MIT */
/* ns16550.h - the PC's serial port in memory, as a console. */
#ifndef QUIRE_BARE_NS16550_H
#define QUIRE_BARE_NS16550_H

#include <quire/types.h>

/* Where its registers are seen from now on, 1 << shift bytes apart; NULL: nowhere, and output is dropped. */
void ns16550_at(volatile void *registers, unsigned shift);

#endif
