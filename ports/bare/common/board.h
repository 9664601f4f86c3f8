/* SPDX-License-Identifier: MIT */
/*
 * board.h - what the files of every board share among themselves: the image, the boot record, ways out of faults.
 * The kernel does not see it.
 */
#ifndef QUIRE_BARE_BOARD_H
#define QUIRE_BARE_BOARD_H

#include <bare.h>

/* ---- the linker scripts' names --------------------------------------------------------------- */
extern char bare_text_start[], bare_text_end[], bare_rodata_start[], bare_rodata_end[];
extern char bare_data_start[], bare_bss_start[], bare_image_end[];
extern char bare_init_start[], bare_init_text_end[], bare_init_end[];

/* An instruction that may fault, and where to go on then. */
struct bare_extable {
	unsigned long insn, fixup;
};
extern const struct bare_extable bare_extable_start[], bare_extable_end[];

/* ---- record.c: what kernel_main() is told ---------------------------------------------------- */
extern struct bare_boot bare_boot;

/* The image lies at `text`: note where its parts are, and that it is in use. */
void bare_record_image(phys_addr_t text);
/* Physical address of something in the image; after bare_record_image(). */
phys_addr_t bare_image_pa(const void *at);
/* [start, start + size) is in use; panics if memblock cannot note it. */
void bare_reserve(phys_addr_t start, phys_addr_t size);
/* The loader says that the initial RAM disk is there: kept, or refused with a warning. */
void bare_record_initrd(phys_addr_t start, phys_addr_t size);
/* /proc/iomem: RAM, the image, and those of the n entries that are not RAM. */
struct quire_memmap_entry;
void bare_record_resources(const struct quire_memmap_entry *map, unsigned n);

/* ---- trace.c --------------------------------------------------------------------------------- */

/* The way out of the instruction at pc, or NULL: nobody expects it to fault. */
const struct bare_extable *bare_way_out(unsigned long pc);
/* Print the words above sp on the current kernel stack that may be return addresses. */
void bare_show_stack(unsigned long sp);
/* Whether what ends at pc is a call; pc is in the text.  Each board's. */
bool bare_follows_call(unsigned long pc);

/* ---- of boards that have them ---------------------------------------------------------------- */

/* fpu.S: the registers to memory, a struct bare_fpu, and back. */
void bare_fpu_save(void *to);
void bare_fpu_load(const void *from);
/* tlb.c: this CPU forgets the translation of a kernel page (protect.c). */
void bare_forget_page(unsigned long at);
/* port.c: semihosting's operation `op` with the two words at `block`, if anybody serves it; a PSCI call (psci.c). */
void bare_semihost(unsigned long op, const unsigned long block[2]);
void bare_psci_call(u32 what, bool by_smc);

#endif
