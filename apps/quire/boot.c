/* SPDX-License-Identifier: MIT */
/*
 * boot.c - quire boot PROG ARGS: PROG alone in an initramfs, the boot kernel, QEMU, this terminal.
 *
 *   the kernel's last act is to write PROG's status c to QEMU's isa-debug-exit port; QEMU then
 *   exits with (c << 1) | 1, which holds seven bits.  A larger status (128 + signal) comes as a
 *   line on the console, see console.c.
 */
#include "quire.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define QEMU        "qemu-system-x86_64"
#define MIN_RAM_MIB 16ul
#define MAX_RAM_MIB (512ul << 10)
#define MAX_CPUS    64ul
#define MAX_CMDLINE 2000

struct boot {
	unsigned long ram_mib, cpus;
	const char *kernel, *append;
	char **program; /* its path and arguments, NULL-terminated */
};

static unsigned long parse_ram(const char *text)
{
	char *end;
	unsigned long n, mib;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (end == text || *text == '-' || errno || n > MAX_RAM_MIB)
		die(EXIT_USAGE, "--ram takes a size such as 256M or 4G, not '%s'", text);
	if (strcmp(end, "G") == 0 || strcmp(end, "g") == 0)
		mib = n << 10;
	else if (!*end || strcmp(end, "M") == 0 || strcmp(end, "m") == 0)
		mib = n;
	else
		die(EXIT_USAGE, "--ram takes a size such as 256M or 4G, not '%s'", text);
	if (mib < MIN_RAM_MIB || mib > MAX_RAM_MIB)
		die(EXIT_USAGE, "--ram must be between %luM and %luG", MIN_RAM_MIB,
		    MAX_RAM_MIB >> 10);
	return mib;
}

static unsigned long parse_cpus(const char *text)
{
	char *end;
	unsigned long n = strtoul(text, &end, 10);

	if (end == text || *end || *text == '-' || n < 1 || n > MAX_CPUS)
		die(EXIT_USAGE, "--cpus must be between 1 and %lu, not '%s'", MAX_CPUS, text);
	return n;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct boot *boot = state->input;

	switch (key) {
	case 'm': boot->ram_mib = parse_ram(arg); return 0;
	case 'c': boot->cpus = parse_cpus(arg); return 0;
	case 'k': boot->kernel = arg; return 0;
	case 'a': boot->append = arg; return 0;
	case ARGP_KEY_ARG:
		/* The first word that is no option is PROG; all after it is PROG's. */
		boot->program = &state->argv[state->next - 1];
		state->next = state->argc;
		return 0;
	case ARGP_KEY_NO_ARGS: argp_error(state, "which program?"); return 0;
	default: return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option options[] = {
	{ "ram", 'm', "SIZE", 0, "memory of the machine, such as 64M or 4G (256M)", 0 },
	{ "cpus", 'c', "N", 0, "processors of the machine (1)", 0 },
	{ "kernel", 'k', "FILE", 0, "the boot kernel ($QUIRE_KERNEL, else the one that was built)",
	  0 },
	{ "append", 'a', "STRING", 0, "more words for the kernel's command line", 0 },
	{ NULL, 0, NULL, 0, NULL, 0 },
};

static const struct argp parser = {
	options,
	parse_option,
	"PROG [ARG...]",
	"Run PROG, a static Linux program for x86-64, as the only program of a machine whose "
	"memory quire manages."
	"\vThe terminal is PROG's; Ctrl-A x stops the machine.  The exit status is PROG's, 128 + N "
	"when signal N "
	"killed it, 125 when the machine failed.",
	NULL,
	NULL,
	NULL,
};

static const char *find_kernel(const char *given)
{
	const char *const places[] = { given, getenv("QUIRE_KERNEL"), QUIRE_DEFAULT_KERNEL,
				       QUIRE_INSTALLED_KERNEL };

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (!places[i])
			continue;
		if (access(places[i], R_OK) == 0)
			return places[i];
		if (i < 2)
			die(EXIT_MACHINE, "cannot read the kernel %s: %s", places[i],
			    strerror(errno));
	}
	die(EXIT_MACHINE, "there is no boot kernel; 'make kernel' builds one, --kernel names one");
}

/* The program's name inside the machine: one word without surprises. */
static const char *inner_path(const char *path)
{
	static char inner[128];
	const char *base = strrchr(path, '/');
	char *p;

	snprintf(inner, sizeof(inner), "/bin/%s", base ? base + 1 : path);
	for (p = inner; *p; p++)
		if (strchr(" \"=\t\n", *p))
			*p = '_';
	return inner;
}

static void pack(const char *path, int fd, const char *program, const char *inner)
{
	struct cpio archive = { .out = fdopen(fd, "wb"), .path = path, .next_inode = 1 };

	if (!archive.out)
		die(EXIT_MACHINE, "cannot write %s: %s", path, strerror(errno));
	cpio_dir(&archive, ".", 0755);
	cpio_dir(&archive, "bin", 0755);
	cpio_dir(&archive, "dev", 0755);
	cpio_dir(&archive, "etc", 0755);
	cpio_dir(&archive, "proc", 0755);
	cpio_dir(&archive, "root", 0700);
	cpio_dir(&archive, "tmp", 01777);
	cpio_text(&archive, "etc/passwd", "root:x:0:0:root:/root:/bin/sh\n");
	cpio_text(&archive, "etc/group", "root:x:0:\n");
	cpio_file(&archive, inner + 1, 0755, program);
	cpio_end(&archive);
}

static void append_word(char *line, const char *word, bool quote)
{
	size_t used = strlen(line);

	if (strchr(word, '"') || strchr(word, '\n'))
		die(EXIT_USAGE, "an argument cannot hold a quotation mark or a line end: %s", word);
	quote = quote && (!*word || strchr(word, ' ') || strchr(word, '\t'));
	if (used + strlen(word) + 4 > MAX_CMDLINE)
		die(EXIT_USAGE,
		    "the arguments are longer than the kernel's command line (%d bytes)",
		    MAX_CMDLINE);
	sprintf(line + used, "%s%s%s%s", used ? " " : "", quote ? "\"" : "", word,
		quote ? "\"" : "");
}

static void command_line(char *line, const struct boot *boot, const char *inner)
{
	char init[160];

	line[0] = 0;
	append_word(line, "quiet", false);
	if (boot->append)
		append_word(line, boot->append, false);
	snprintf(init, sizeof(init), "init=%s", inner);
	append_word(line, init, false);
	append_word(line, "--", false);
	for (char **arg = boot->program + 1; *arg; arg++)
		append_word(line, *arg, true);
}

static _Noreturn void exec_qemu(const struct boot *boot, const char *kernel, const char *initrd,
				const char *line)
{
	char ram[32], cpus[32];

	snprintf(ram, sizeof(ram), "%luM", boot->ram_mib);
	snprintf(cpus, sizeof(cpus), "%lu", boot->cpus);
	execlp(QEMU, QEMU, "-accel", "tcg", "-cpu", "max", "-machine", "pc", "-m", ram, "-smp",
	       cpus, "-nodefaults", "-display", "none", "-no-reboot", "-chardev",
	       "stdio,id=console,mux=on,signal=off", "-serial", "chardev:console", "-mon",
	       "chardev=console,mode=readline", "-device", "isa-debug-exit,iobase=0xf4,iosize=0x04",
	       "-kernel", kernel, "-initrd", initrd, "-append", line, (char *)NULL);
	fprintf(stderr, "quire: cannot start " QEMU ": %s (Debian's package is qemu-system-x86)\n",
		strerror(errno));
	_exit(126);
}

/* What QEMU's wait status means; `told` is the status from the console line, -1 when there was
 * none. */
static int exit_status(int wait_status, int told, bool said_anything)
{
	int status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;

	if (status == 126)
		return EXIT_MACHINE;
	if (told >= 0 && status == ((told & 0x7f) << 1 | 1))
		return told;
	if (told >= 0 && status > 0) {
		fprintf(stderr, "quire: the machine's own check failed (see what it said last)\n");
		return EXIT_MACHINE;
	}
	if (status < 0 || !(status & 1) || (status == 1 && !said_anything)) {
		fprintf(stderr, "quire: the machine stopped without an exit status\n");
		return EXIT_MACHINE;
	}
	return status >> 1;
}

static int run(const struct boot *boot, const char *kernel, const char *initrd, const char *line)
{
	int ends[2], wait_status = 0, told;
	bool said_anything;
	pid_t pid;

	if (pipe(ends) != 0)
		die(EXIT_MACHINE, "pipe: %s", strerror(errno));
	console_raw();
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		close(ends[0]);
		close(ends[1]);
		exec_qemu(boot, kernel, initrd, line);
	}
	close(ends[1]);
	if (pid < 0)
		die(EXIT_MACHINE, "fork: %s", strerror(errno));
	told = console_copy(ends[0], &said_anything);
	while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR)
		;
	console_restore();
	return exit_status(wait_status, told, said_anything);
}

int boot_main(int argc, char **argv)
{
	struct boot boot = { .ram_mib = 256, .cpus = 1 };
	char initrd[256], line[MAX_CMDLINE + 8];
	const char *kernel, *inner, *why, *tmp = getenv("TMPDIR");
	int fd, status;

	argv[0] = (char *)"quire boot";
	argp_err_exit_status = EXIT_USAGE;
	argp_parse(&parser, argc, argv, ARGP_IN_ORDER, NULL, &boot);
	why = program_why_not(boot.program[0]);
	if (why)
		die(EXIT_USAGE, "cannot run %s: %s", boot.program[0], why);
	kernel = find_kernel(boot.kernel);
	inner = inner_path(boot.program[0]);
	command_line(line, &boot, inner);
	snprintf(initrd, sizeof(initrd), "%s/quire-initramfs-XXXXXX", tmp ? tmp : "/tmp");
	fd = mkstemp(initrd);
	if (fd < 0)
		die(EXIT_MACHINE, "cannot make %s: %s", initrd, strerror(errno));
	pack(initrd, fd, boot.program[0], inner);
	status = run(&boot, kernel, initrd, line);
	unlink(initrd);
	return status;
}
