/* SPDX-License-Identifier: MIT */
/*
 * quire/printk.h - text out: the log, and reports into a caller's buffer.
 *
 * Formats are C's: %d %i %u %x %X %o %c %s %p %%, with flags - 0 + space #, width, precision (*
 * too) and lengths hh h l ll z t.  No floating point.  %pa and %pap take a phys_addr_t * and show
 * what it points to, 0x and all digits.
 */
#ifndef QUIRE_PRINTK_H
#define QUIRE_PRINTK_H

#include <quire/types.h>

/* Format into buf[size], always terminated if size > 0.  Returns the length the whole text would
 * have had. */
int quire_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap) __printf(3, 0);
int quire_snprintf(char *buf, size_t size, const char *fmt, ...) __printf(3, 4);

/* One line for the machine's log.  Any context.  Text over 512 bytes is cut. */
void printk(const char *fmt, ...) __printf(1, 2);
void vprintk(const char *fmt, va_list ap) __printf(1, 0);
#define pr_err(fmt, ...)  printk("error: " fmt, ##__VA_ARGS__)
#define pr_warn(fmt, ...) printk("warning: " fmt, ##__VA_ARGS__)
#define pr_info(fmt, ...) printk(fmt, ##__VA_ARGS__)

/* printk, then port_panic with the same words. */
void quire_panic(const char *fmt, ...) __printf(1, 2) __noreturn;

/* Memory is damaged: always reported, with the place; the machine goes on (quarantine) unless the
 * caller panics. */
#define quire_damage(fmt, ...) printk("BUG: " fmt " (%s:%d)\n", ##__VA_ARGS__, __FILE__, __LINE__)

/* The caller is wrong: stops the debug build, in words; nothing in other builds. */
#define quire_assert(cond, words)                                                                  \
	do {                                                                                       \
		if (QUIRE_DEBUG && unlikely(!(cond)))                                              \
			quire_panic("%s:%d: %s: %s\n", __FILE__, __LINE__, __func__, words);       \
	} while (0)

/*
 * A report under construction.  `emit` receives each piece; it may append to a buffer that grows,
 * write to a console or count.  Once emit returns non-zero the rest of the report is dropped and
 * `error` keeps it.
 */
struct seq_out {
	int (*emit)(struct seq_out *out, const char *text, size_t len);
	void *arg;    /* for emit                                */
	size_t count; /* bytes given to emit so far              */
	int error;    /* first non-zero result of emit, or 0     */
};
void seq_printf(struct seq_out *out, const char *fmt, ...) __printf(2, 3);
void seq_vprintf(struct seq_out *out, const char *fmt, va_list ap) __printf(2, 0);
void seq_write(struct seq_out *out, const char *text, size_t len);
void seq_puts(struct seq_out *out, const char *text);
void seq_putc(struct seq_out *out, char c);

/* An emit function for a plain buffer: arg is a struct seq_buf; more than fits is cut, error =
 * -EOVERFLOW. */
struct seq_buf {
	char *buf;
	size_t size;
	size_t len;
};
int seq_buf_emit(struct seq_out *out, const char *text, size_t len);
/* An emit function that goes to the log; arg is unused. */
int seq_log_emit(struct seq_out *out, const char *text, size_t len);

#endif
