/* SPDX-License-Identifier: MIT */
/* console.c - the user's terminal, and the one line among the machine's words that is for the
 * tool. */
#include "quire.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

static struct termios saved;
static volatile sig_atomic_t is_raw;

void console_restore(void)
{
	if (is_raw) {
		is_raw = 0;
		tcsetattr(STDIN_FILENO, TCSADRAIN, &saved);
	}
}

static void restore_and_die(int sig)
{
	console_restore();
	signal(sig, SIG_DFL);
	raise(sig);
}

void console_raw(void)
{
	struct termios raw;

	if (!isatty(STDIN_FILENO) || tcgetattr(STDIN_FILENO, &saved) != 0)
		return;
	raw = saved;
	cfmakeraw(&raw);
	raw.c_oflag |= OPOST; /* our own messages still begin at the left */
	is_raw = 1;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
	signal(SIGTERM, restore_and_die);
	signal(SIGHUP, restore_and_die);
}

/* ---- the line with the exit status ---------------------------------------------------------- */

static const char status_line[] = "quire: init exited with status ";

struct filter {
	char line[64]; /* held back: what may still become the status line */
	size_t held;
	bool line_start, for_us;
	bool drop_cr; /* not a terminal: lines end as the program wrote them */
	bool held_cr;
	int status; /* -1: none seen */
};

static void show(struct filter *f, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (f->held_cr && bytes[i] != '\n')
			putchar('\r');
		f->held_cr = f->drop_cr && bytes[i] == '\r';
		if (!f->held_cr)
			putchar(bytes[i]);
	}
}

static void finish_line(struct filter *f)
{
	f->line[f->held] = 0;
	f->status = atoi(f->line + sizeof(status_line) - 1);
	f->held = 0;
	f->for_us = false;
	f->line_start = true;
}

static void take(struct filter *f, char c)
{
	if (f->for_us) {
		if (c == '\n')
			finish_line(f);
		else if (f->held < sizeof(f->line) - 1)
			f->line[f->held++] = c;
		return;
	}
	if (f->line_start && c == status_line[f->held]) {
		f->line[f->held++] = c;
		f->for_us = f->held == sizeof(status_line) - 1;
		return;
	}
	show(f, f->line, f->held);
	show(f, &c, 1);
	f->held = 0;
	f->line_start = c == '\n';
}

int console_copy(int from, bool *said_anything)
{
	struct filter f = { .line_start = true, .status = -1, .drop_cr = !isatty(STDOUT_FILENO) };
	char buffer[4096];
	ssize_t n;

	*said_anything = false;
	while ((n = read(from, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR)) {
		for (ssize_t i = 0; i < n; i++)
			take(&f, buffer[i]);
		*said_anything |= n > 0;
		fflush(stdout);
	}
	if (f.for_us)
		finish_line(&f);
	show(&f, f.line, f.held);
	fflush(stdout);
	return f.status;
}
