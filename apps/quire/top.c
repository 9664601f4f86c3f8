/* SPDX-License-Identifier: MIT */
/*
 * top.c - quire top PID: what a process on libquire-malloc.so has, while it runs.
 *
 *   /proc/PID/maps -> where the library is -> its symbol table -> where the page is -> asked += 1,
 *   wait for the answer, show it; on a terminal again and again
 */
#include "quire.h"
#include "../malloc/page.h"

#include <argp.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_SECONDS 10
#define ROWS_SHOWN       24

struct top {
	pid_t pid;
	unsigned long times; /* 0: until the process ends, or Ctrl-C */
	double delay;        /* seconds                               */
};

static struct malloc_page page;

/* ---- where the page is ----------------------------------------------------------------------- */
/* The file of the library in that process, and where its first byte is mapped. */
static unsigned long find_library(pid_t pid, char *path, size_t size)
{
	char name[64], line[PATH_MAX + 128];
	unsigned long base = 0;
	FILE *maps;

	snprintf(name, sizeof(name), "/proc/%d/maps", (int)pid);
	maps = fopen(name, "r");
	if (!maps)
		die(EXIT_USAGE, "top: there is no process %d that may be looked at: %s", (int)pid,
		    strerror(errno));
	while (!base && fgets(line, sizeof(line), maps)) {
		unsigned long start, offset;
		char *file = strchr(line, '/');

		if (!file || !strstr(file, "libquire-malloc.so") ||
		    sscanf(line, "%lx-%*x %*s %lx", &start, &offset) != 2 || offset)
			continue;
		file[strcspn(file, "\n")] = 0;
		snprintf(path, size, "%s", file);
		base = start;
	}
	fclose(maps);
	if (!base)
		die(EXIT_USAGE,
		    "top: process %d does not run on libquire-malloc.so ('quire preload' starts "
		    "one)",
		    (int)pid);
	return base;
}

/* Bytes [at, at + n) of the file are there. */
static bool within(const struct stat *st, uint64_t at, uint64_t n)
{
	return at <= (uint64_t)st->st_size && n <= (uint64_t)st->st_size - at;
}

static unsigned long symbol_in(const char *file, const struct stat *st, const Elf64_Shdr *table,
			       const Elf64_Shdr *names)
{
	const Elf64_Sym *symbol = (const void *)(file + table->sh_offset);

	if (!within(st, table->sh_offset, table->sh_size) ||
	    !within(st, names->sh_offset, names->sh_size) || !names->sh_size ||
	    file[names->sh_offset + names->sh_size - 1])
		return 0;
	for (size_t i = 0; i < table->sh_size / sizeof(*symbol); i++)
		if (symbol[i].st_name < names->sh_size &&
		    !strcmp(file + names->sh_offset + symbol[i].st_name, MALLOC_PAGE_SYMBOL))
			return symbol[i].st_value;
	return 0;
}

/* Offset of the page from where the library begins. */
static unsigned long find_symbol(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	unsigned long value = 0;
	const Elf64_Ehdr *head;
	const Elf64_Shdr *section;
	struct stat st;
	char *file;

	if (fd < 0 || fstat(fd, &st))
		die(EXIT_MACHINE, "top: cannot read %s: %s", path, strerror(errno));
	file = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	close(fd);
	if (file == MAP_FAILED || (size_t)st.st_size < sizeof(*head))
		die(EXIT_MACHINE, "top: cannot read %s", path);
	head = (const void *)file;
	section = (const void *)(file + head->e_shoff);
	if (!within(&st, head->e_shoff, (uint64_t)head->e_shnum * sizeof(*section)))
		die(EXIT_MACHINE, "top: %s is damaged", path);
	for (unsigned i = 0; i < head->e_shnum && !value; i++)
		if (section[i].sh_type == SHT_DYNSYM && section[i].sh_link < head->e_shnum)
			value = symbol_in(file, &st, &section[i], &section[section[i].sh_link]);
	munmap(file, (size_t)st.st_size);
	if (!value)
		die(EXIT_MACHINE, "top: %s is of another version", path);
	return value;
}

/* ---- question and answer --------------------------------------------------------------------- */
static bool copy(pid_t pid, void *mine, unsigned long theirs, size_t n, bool out)
{
	struct iovec here = { mine, n }, there = { (void *)theirs, n };
	ssize_t done = out ? process_vm_writev(pid, &here, 1, &there, 1, 0)
			   : process_vm_readv(pid, &here, 1, &there, 1, 0);

	if (done < 0 && errno == EPERM)
		die(EXIT_MACHINE,
		    "top: process %d may not be looked at: another user's, or "
		    "kernel.yama.ptrace_scope is set",
		    (int)pid);
	return done == (ssize_t)n;
}

/* False: the process is gone. */
static bool ask(pid_t pid, unsigned long at)
{
	const struct timespec moment = { 0, 50000000 };
	uint32_t asked;

	if (!copy(pid, &page, at, sizeof(page), false))
		return false;
	asked = page.asked + 1;
	if (!copy(pid, &asked, at + offsetof(struct malloc_page, asked), sizeof(asked), true))
		return false;
	for (int i = 0; i < PATIENCE_SECONDS * 20; i++) {
		nanosleep(&moment, NULL);
		if (!copy(pid, &page, at, sizeof(page), false))
			return false;
		if (page.magic == MALLOC_PAGE_MAGIC && page.answered == asked)
			return true;
	}
	die(EXIT_MACHINE,
	    "top: process %d does not answer: it is stopped, has less than 8 MiB, or "
	    "runs with no-thread",
	    (int)pid);
}

/* ---- the screen ------------------------------------------------------------------------------ */
struct row {
	char name[32];
	unsigned long active, all, size, slabs, pages;
};

static int by_bytes(const void *a, const void *b)
{
	const struct row *x = a, *y = b;
	unsigned long xb = x->slabs * x->pages, yb = y->slabs * y->pages;

	return xb < yb ? 1 : xb > yb ? -1 : strcmp(x->name, y->name);
}

static size_t read_rows(struct row *row, size_t room)
{
	const char *line = page.slabinfo;
	size_t n = 0;

	for (; line && *line && n < room; line = strchr(line, '\n'), line += line != NULL) {
		struct row *r = &row[n];

		if (sscanf(line,
			   "%31s %lu %lu %lu %*u %lu : tunables %*u %*u %*u : slabdata %*u %lu",
			   r->name, &r->active, &r->all, &r->size, &r->pages, &r->slabs) == 6)
			n++;
	}
	return n;
}

static void show_table(void)
{
	static struct row row[256];
	size_t n = read_rows(row, 256);

	qsort(row, n, sizeof(*row), by_bytes);
	printf("\n%-18s %10s %10s %8s %10s %6s\n", "objects", "in use", "there", "bytes", "KiB",
	       "full");
	for (size_t i = 0; i < n && i < ROWS_SHOWN && row[i].slabs; i++)
		printf("%-18s %10lu %10lu %8lu %10lu %5lu%%\n", row[i].name, row[i].active,
		       row[i].all, row[i].size, row[i].slabs * row[i].pages * 4,
		       row[i].all ? row[i].active * 100 / row[i].all : 0);
}

static void show(pid_t pid, bool terminal)
{
	page.slabinfo[sizeof(page.slabinfo) - 1] = 0;
	page.buddyinfo[sizeof(page.buddyinfo) - 1] = 0;
	if (terminal)
		fputs("\033[H\033[J", stdout);
	printf("process %d: %lu KiB of RAM, %lu KiB free; %lu blocks mapped, %lu KiB; %u slots, %u "
	       "free\n",
	       (int)pid, (unsigned long)page.ram >> 10, (unsigned long)page.unused >> 10,
	       (unsigned long)page.nr_mapped, (unsigned long)page.mapped >> 10, page.slots,
	       page.slots_free);
	fputs(page.buddyinfo, stdout);
	if (terminal)
		show_table();
	else
		fputs(page.slabinfo, stdout);
	fflush(stdout);
}

/* ---- the command ----------------------------------------------------------------------------- */
static unsigned long positive(const char *text, const char *what)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || !n || n > INT_MAX)
		die(EXIT_USAGE, "top: %s is a number from 1 on, not '%s'", what, text);
	return n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct top *top = state->input;

	switch (key) {
	case 'n': top->times = positive(arg, "--times"); return 0;
	case 'd': top->delay = (double)positive(arg, "--delay"); return 0;
	case ARGP_KEY_ARG:
		if (top->pid)
			argp_error(state, "one process at a time");
		top->pid = (pid_t)positive(arg, "PID");
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which process?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "times", 'n', "N", 0, "show it so often (a terminal: until the process ends; else once)",
	  0 },
	{ "delay", 'd', "SECONDS", 0, "so long between (1)", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp parser = {
	options, parse_option,
	"PID",   "Show the slabs and free blocks of a process that runs on quire's malloc.",
	NULL,    NULL,
	NULL,
};

int top_main(int argc, char **argv)
{
	bool terminal = isatty(STDOUT_FILENO);
	struct top top = { .delay = 1, .times = terminal ? 0 : 1 };
	char path[PATH_MAX];
	unsigned long at;

	argp_parse(&parser, argc, argv, 0, NULL, &top);
	at = find_library(top.pid, path, sizeof(path));
	at += find_symbol(path);
	for (unsigned long i = 0; !top.times || i < top.times; i++) {
		if (i)
			usleep((useconds_t)(top.delay * 1e6));
		if (!ask(top.pid, at)) {
			if (!i)
				die(EXIT_MACHINE, "top: process %d is gone", (int)top.pid);
			break;
		}
		show(top.pid, terminal);
	}
	return 0;
}
