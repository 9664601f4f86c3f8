/* SPDX-License-Identifier: MIT */
/*
 * psci.c - the end of an Arm machine: a debugger or QEMU that serves semihosting ends it with a status, firmware by PSCI
 * without one; else it waits for ever.
 */
#include "board.h"
#include "fdt_boot.h"

#define SEMI_EXIT_EXTENDED 0x20
#define SEMI_APP_EXIT      0x20026 /* ADP_Stopped_ApplicationExit */
#define PSCI_OFF           0x84000008u
#define PSCI_RESET         0x84000009u

static void __noreturn end(unsigned status, u32 what)
{
	const unsigned long block[2] = { SEMI_APP_EXIT, status };

	bare_irq_disable();
	bare_semihost(SEMI_EXIT_EXTENDED, block);
	if (bare_machine.psci)
		bare_psci_call(what, bare_machine.psci_by_smc);
	for (;;)
		__asm__ volatile("wfi");
}

/* As QEMU's isa-debug-exit says it on a PC: 2 * status + 1, which QEMU never says by itself. */
void bare_exit(unsigned status)
{
	end((status & 127) << 1 | 1, PSCI_OFF);
}

void bare_reboot(void)
{
	end(1, PSCI_RESET);
}
