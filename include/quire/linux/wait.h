/* SPDX-License-Identifier: MIT */
/*
 * linux/wait.h for code written against Linux: wait_event() takes the queue itself, not its
 * address.
 */
#ifndef QUIRE_LINUX_WAIT_H
#define QUIRE_LINUX_WAIT_H

#include <quire/wait.h>

#undef wait_event
#define wait_event(wq, cond)                                                                       \
	do {                                                                                       \
		if (!(cond)) {                                                                     \
			DEFINE_WAIT(wait_);                                                        \
			for (;;) {                                                                 \
				prepare_to_wait(&(wq), &wait_);                                    \
				if (cond)                                                          \
					break;                                                     \
				port_block();                                                      \
			}                                                                          \
			finish_wait(&(wq), &wait_);                                                \
		}                                                                                  \
	} while (0)
/* Nothing interrupts the wait. */
#define wait_event_interruptible(wq, cond)                                                         \
	({                                                                                         \
		wait_event(wq, cond);                                                              \
		0;                                                                                 \
	})
#define wake_up_interruptible(wq) wake_up(wq)

#endif
