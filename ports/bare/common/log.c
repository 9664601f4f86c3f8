/* SPDX-License-Identifier: MIT */
/*
 * log.c - the log: on the console, and its end in memory for dmesg; and the panic.
 *
 *   port_log() ──> ring ──> console, unless quiet: then a panic shows what was kept
 */
#include <bare.h>
#include <quire/bytes.h>
#include <quire/lock.h>
#include <quire/printk.h>

#define LOG_SIZE 16384

unsigned bare_panic_status = 98;

static char ring[LOG_SIZE]; /* what was logged last, for dmesg */
static size_t logged;       /* bytes ever                      */

/* The last bytes of the log, up to n; how many. */
size_t bare_log_copy(char *to, size_t n)
{
	size_t have = min(logged, (size_t)LOG_SIZE);

	if (have > n)
		have = n;

	for (size_t i = 0; i < have; i++)
		to[i] = ring[(logged - have + i) % LOG_SIZE];
	return have;
}

/* While the log is quiet its text is kept for dmesg and not shown; a panic shows what was kept. */
static bool quiet;

void bare_log_quiet(bool on)
{
	quiet = on;
}

static void show_kept(void)
{
	size_t have = min(logged, (size_t)LOG_SIZE), i;

	for (i = logged - have; i < logged; i++) {
		if (ring[i % LOG_SIZE] == '\n')
			serial_write("\r", 1);
		serial_write(&ring[i % LOG_SIZE], 1);
	}
}

void port_log(const char *text, size_t len)
{
	static u32 lock;
	unsigned long flags = port_irq_save();
	size_t from = 0;

	for (unsigned spin = 0; !raw_trylock(&lock) && spin < 10000000; spin++)
		port_cpu_relax();
	for (size_t i = 0; i < len; i++) {
		ring[logged++ % LOG_SIZE] = text[i];
		if (!quiet && text[i] == '\n') {
			serial_write(text + from, i - from);
			serial_write("\r\n", 2);
			from = i + 1;
		}
	}
	if (!quiet && len > from)
		serial_write(text + from, len - from);
	raw_unlock(&lock);
	port_irq_restore(flags);
}

void port_panic(const char *why)
{
	static bool again;

	if (!again) {
		again = true;
		if (quiet)
			show_kept();
		quiet = false;
		printk("PANIC: %s%s", why, why[0] && why[qstrlen(why) - 1] == '\n' ? "" : "\n");
	}
	bare_exit(bare_panic_status);
}
