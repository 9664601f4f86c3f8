/* SPDX-License-Identifier: MIT */
/*
 * linux/init.h for code written against Linux: sections, where the port has them, and start-up order,
 * which quire does not have.
 */
#ifndef QUIRE_LINUX_INIT_H
#define QUIRE_LINUX_INIT_H

#include <quire/init.h>
#include <quire/linux/compiler.h>

#define __exit
#define __exitdata
#define __meminit
#define __meminitdata
#define __init_memblock
#define __initdata_memblock
#define __ro_after_init
#define __read_mostly

/* Nothing calls these: the embedder does, by name.  The reference keeps a static one alive. */
#define QUIRE_INITCALL(fn)                                                                         \
	static const __typeof__(&(fn)) __attribute__((__used__))                                   \
	QUIRE_PASTE(quire_initcall_, __COUNTER__) = (fn)
#define early_initcall(fn)    QUIRE_INITCALL(fn)
#define core_initcall(fn)     QUIRE_INITCALL(fn)
#define postcore_initcall(fn) QUIRE_INITCALL(fn)
#define arch_initcall(fn)     QUIRE_INITCALL(fn)
#define subsys_initcall(fn)   QUIRE_INITCALL(fn)
#define fs_initcall(fn)       QUIRE_INITCALL(fn)
#define device_initcall(fn)   QUIRE_INITCALL(fn)
#define late_initcall(fn)     QUIRE_INITCALL(fn)
#define early_param(text, fn) QUIRE_INITCALL(fn)
#define __setup(text, fn)     QUIRE_INITCALL(fn)

#endif
