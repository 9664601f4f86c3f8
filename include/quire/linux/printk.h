/* SPDX-License-Identifier: MIT */
/*
 * linux/printk.h for code written against Linux: levels are accepted and dropped.  Of %p's
 * family only %pa.
 */
#ifndef QUIRE_LINUX_PRINTK_H
#define QUIRE_LINUX_PRINTK_H

#include <quire/printk.h>
#include <quire/linux/init.h>

#define KERN_EMERG   ""
#define KERN_ALERT   ""
#define KERN_CRIT    ""
#define KERN_ERR     "error: "
#define KERN_WARNING "warning: "
#define KERN_NOTICE  ""
#define KERN_INFO    ""
#define KERN_DEBUG   ""
#define KERN_CONT    ""
#define KERN_DEFAULT ""

#ifndef pr_fmt
#define pr_fmt(fmt) fmt
#endif
#undef pr_err
#undef pr_warn
#undef pr_info
#define pr_emerg(fmt, ...)  printk(KERN_EMERG pr_fmt(fmt), ##__VA_ARGS__)
#define pr_alert(fmt, ...)  printk(KERN_ALERT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_crit(fmt, ...)   printk(KERN_CRIT pr_fmt(fmt), ##__VA_ARGS__)
#define pr_err(fmt, ...)    printk(KERN_ERR pr_fmt(fmt), ##__VA_ARGS__)
#define pr_warn(fmt, ...)   printk(KERN_WARNING pr_fmt(fmt), ##__VA_ARGS__)
#define pr_notice(fmt, ...) printk(KERN_NOTICE pr_fmt(fmt), ##__VA_ARGS__)
#define pr_info(fmt, ...)   printk(KERN_INFO pr_fmt(fmt), ##__VA_ARGS__)
#define pr_cont(fmt, ...)   printk(KERN_CONT fmt, ##__VA_ARGS__)
/* Compiled, never printed. */
#define pr_debug(fmt, ...)                                                                         \
	do {                                                                                       \
		if (0)                                                                             \
			printk(pr_fmt(fmt), ##__VA_ARGS__);                                        \
	} while (0)
#define panic(fmt, ...) quire_panic(fmt, ##__VA_ARGS__)

#endif
