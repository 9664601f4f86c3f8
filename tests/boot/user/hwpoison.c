/* SPDX-License-Identifier: MIT */
/*
 * hwpoison.c - frames fail under programs: who needs what was in them dies of it or is told, nobody else
 * notices, and the frames are out of use.
 *
 * For Linux too, as root, if a few frames less until the next boot do not matter.
 */
#include <signal.h>
#include <sys/prctl.h>
#include "machine.h"

#ifndef MADV_HWPOISON
#define MADV_HWPOISON 100
#endif
#ifndef MADV_SOFT_OFFLINE
#define MADV_SOFT_OFFLINE 101
#endif
#define MEMORY   "/sys/devices/system/memory/"
#define UNPOISON "/sys/kernel/debug/hwpoison/unpoison-pfn"

static uint64_t *filled(size_t pages, int flags, int fd)
{
	uint64_t *at = map_pages(pages, flags, fd);

	for (size_t i = 0; i < pages; i++)
		page_fill(at + i * WORDS, i + 1);
	return at;
}

static int poison(uint64_t *page)
{
	return madvise(page, PAGE, MADV_HWPOISON);
}

/* Run it in a child; its wait status. */
static int in_child(void (*fn)(void *arg), void *arg)
{
	int status = -1;
	pid_t pid;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		fn(arg);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		give_up("fork");
	return status;
}

static int died_of(int status, int sig)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

/* ---- what a signal says ---------------------------------------------------------------------- */
static volatile sig_atomic_t seen_code, seen_lsb;
static void *volatile seen_addr;

/* What is lost is replaced, and the program goes on. */
static void mend(int sig, siginfo_t *info, void *context)
{
	(void)sig, (void)context;
	seen_code = info->si_code;
	seen_addr = info->si_addr;
	seen_lsb = info->si_addr_lsb;
	mmap((void *)((uintptr_t)info->si_addr & ~(PAGE - 1)), PAGE, PROT_READ | PROT_WRITE,
	     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

static void catch_signals(void)
{
	struct sigaction act = { .sa_sigaction = mend, .sa_flags = SA_SIGINFO };

	seen_code = 0;
	sigaction(SIGBUS, &act, NULL);
}

/* ---- children -------------------------------------------------------------------------------- */
static void touch_poisoned(void *arg)
{
	uint64_t *at = filled(3, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	(void)arg;
	if (poison(at + WORDS))
		_exit(1);
	if (!page_holds(at, 1) || !page_holds(at + 2 * WORDS, 3))
		_exit(2);
	_exit(*(volatile uint64_t *)(at + WORDS) ? 3 : 4);
}

static void mend_poisoned(void *arg)
{
	uint64_t *at = filled(3, MAP_PRIVATE | MAP_ANONYMOUS, -1), *hit = at + WORDS + 5;

	(void)arg;
	catch_signals();
	if (poison(at + WORDS) || *(volatile uint64_t *)hit != 0)
		_exit(1);
	if (seen_code != BUS_MCEERR_AR || seen_addr != hit || seen_lsb != 12)
		_exit(2);
	page_fill(at + WORDS, 2);
	for (size_t i = 0; i < 3; i++)
		if (!page_holds(at + i * WORDS, i + 1))
			_exit(3);
}

static void hear_early(void *arg)
{
	uint64_t *at = filled(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	catch_signals();
	if (arg && (prctl(PR_MCE_KILL, PR_MCE_KILL_SET, PR_MCE_KILL_EARLY, 0, 0) ||
		    prctl(PR_MCE_KILL_GET, 0, 0, 0, 0) != PR_MCE_KILL_EARLY))
		_exit(1);
	if (poison(at))
		_exit(2);
	_exit(seen_code == BUS_MCEERR_AO && seen_addr == at && seen_lsb == 12 ? 0 : 3);
}

static void forbidden(void *arg)
{
	uint64_t *at = filled(1, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	(void)arg;
	if (seteuid(65534))
		_exit(1);
	if (poison(at) != -1 || errno != EPERM || madvise(at, PAGE, MADV_SOFT_OFFLINE) != -1 ||
	    errno != EPERM)
		_exit(2);
	_exit(!page_holds(at, 1));
}

/* Every call that has to do with entries meets a lost one. */
static void calls(void *arg)
{
	uint64_t *at = filled(4, MAP_PRIVATE | MAP_ANONYMOUS, -1), *to;
	int fd = open("/tmp/out", O_RDWR | O_CREAT | O_TRUNC, 0600), status;
	unsigned char vec[4];
	pid_t pid;

	(void)arg;
	if (poison(at + WORDS) || mincore(at, 4 * PAGE, vec) || mprotect(at, 4 * PAGE, PROT_READ) ||
	    mprotect(at, 4 * PAGE, PROT_READ | PROT_WRITE))
		_exit(1);
	if (write(fd, at + WORDS, 8) != -1 || errno != EFAULT)
		_exit(2);
	pid = fork();
	if (pid == 0)
		_exit(*(volatile uint64_t *)(at + WORDS) != 0);
	if (waitpid(pid, &status, 0) != pid || !died_of(status, SIGBUS))
		_exit(3);
	to = mremap(at, 4 * PAGE, 5 * PAGE, MREMAP_MAYMOVE);
	if (to == MAP_FAILED || !page_holds(to + 2 * WORDS, 3) || mlock(to, 4 * PAGE) != -1)
		_exit(4);
	if (madvise(to, 4 * PAGE, 22 /* POPULATE_READ */) != -1 || errno != EHWPOISON)
		_exit(5);
	if (munlock(to, 4 * PAGE) || madvise(to + WORDS, PAGE, MADV_DONTNEED) || to[WORDS] != 0)
		_exit(6);
	close(fd);
	unlink("/tmp/out");
}

/* ---- files ----------------------------------------------------------------------------------- */
static int file_says_eio(void)
{
	int fd = open("/tmp/lost", O_RDWR | O_CREAT | O_TRUNC, 0600), good;
	uint64_t *at, page[WORDS];

	if (fd < 0 || ftruncate(fd, 3 * PAGE))
		give_up("/tmp/lost");
	at = filled(3, MAP_SHARED, fd);
	good = poison(at + WORDS) == 0;
	good = good && pread(fd, page, PAGE, PAGE) == -1 && errno == EIO;
	good = good && pwrite(fd, page, 8, PAGE) == -1 && errno == EIO;
	good = good && pread(fd, page, PAGE, 2 * PAGE) == (ssize_t)PAGE && page_holds(page, 3);
	munmap(at, 3 * PAGE);
	/* shorter, and long again: there is nothing any more that could be lost */
	good = good && !ftruncate(fd, PAGE) && !ftruncate(fd, 3 * PAGE);
	good = good && pread(fd, page, PAGE, PAGE) == (ssize_t)PAGE && page[0] == 0;
	good = good && pread(fd, page, PAGE, 0) == (ssize_t)PAGE && page_holds(page, 1);
	close(fd);
	unlink("/tmp/lost");
	return good;
}

/* ---- frames by address ----------------------------------------------------------------------- */
/* The address of the highest frame below that can be had; it is out of use now.  0: none. */
static long take_a_frame(long below)
{
	for (long at = below - (long)PAGE; at > 0; at -= (long)PAGE)
		if (put_number(MEMORY "soft_offline_page", at) == 0)
			return at;
	return 0;
}

/* The first address behind all RAM. */
static long ram_end(void)
{
	char line[128], what[64];
	unsigned long start, end, last = 0;
	FILE *f = fopen("/proc/iomem", "r");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "%lx-%lx : %63[^\n]", &start, &end, what) == 3 &&
		    !strcmp(what, "System RAM"))
			last = end + 1;
	if (f)
		fclose(f);
	return (long)last;
}

static int by_address(void)
{
	long top = ram_end(), was = meminfo("HardwareCorrupted:");
	long a = take_a_frame(top), b = take_a_frame(a);
	int good = a && b && b < a && meminfo("HardwareCorrupted:") == was + 8;

	good = good && put_number(MEMORY "soft_offline_page", a) == 0;
	good = good && put_number(MEMORY "hard_offline_page", a) == EHWPOISON;
	good = good && put_number(UNPOISON, a / (long)PAGE) == 0;
	good = good && put_number(UNPOISON, a / (long)PAGE) == ENXIO;
	good = good && put_number(MEMORY "hard_offline_page", a) == 0;
	good = good && meminfo("HardwareCorrupted:") == was + 8;
	good = good && put_number(UNPOISON, a / (long)PAGE) == 0;
	good = good && put_number(UNPOISON, b / (long)PAGE) == 0;
	return good && meminfo("HardwareCorrupted:") == was;
}

static int nonsense(void)
{
	return put_text(MEMORY "hard_offline_page", "page") == EINVAL &&
	       put_text(MEMORY "hard_offline_page", "0x7ffffffff000") == ENXIO &&
	       put_text(MEMORY "soft_offline_page", "0x7ffffffff000") == EIO &&
	       put_text(MEMORY "soft_offline_page", "0") == EIO &&
	       put_text("/proc/sys/vm/memory_failure_early_kill", "2") == EINVAL;
}

/* KiB that are free when nothing is parked. */
static long free_kib(void)
{
	put_text("/proc/sys/vm/compact_memory", "1");
	return meminfo("MemFree:");
}

int main(void)
{
	uint64_t *shared, *mine = filled(8, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	struct checkers *checkers;
	struct kinds kinds;
	long before, lost;
	int status, good = 1;

	kinds_map(&kinds, 64);
	for (int i = 0; i < 64; i++)
		kinds_add(&kinds);
	checkers = checkers_start(&kinds);
	step("a page fails, and who touches it dies",
	     died_of(in_child(touch_poisoned, NULL), SIGBUS));
	for (int i = 0; i < 10; i++) /* so that what children take of the kernel is there */
		good &= died_of(in_child(touch_poisoned, NULL), SIGBUS);
	free_kib(); /* and what it takes itself */
	before = free_kib();
	for (int i = 0; i < 10; i++)
		good &= died_of(in_child(touch_poisoned, NULL), SIGBUS);
	step("so do twenty more", good && meminfo("HardwareCorrupted:") == 21 * 4);
	lost = before - free_kib();
	if (!step("and with each ten, ten frames less are free", lost == 10 * 4))
		printf("%ld kB\n", lost);
	step("a handler learns where, and mends it", in_child(mend_poisoned, NULL) == 0);
	step("prctl(PR_MCE_KILL): told at once", in_child(hear_early, mine) == 0);
	step("not asked for: not told", WEXITSTATUS(in_child(hear_early, NULL)) == 3);
	put_text("/proc/sys/vm/memory_failure_early_kill", "1");
	step("memory_failure_early_kill: all are told", in_child(hear_early, NULL) == 0);
	put_text("/proc/sys/vm/memory_failure_early_kill", "0");
	step("it takes a privilege", in_child(forbidden, NULL) == 0);
	status = in_child(calls, NULL);
	if (!step("calls on a page that is lost", status == 0))
		printf("status 0x%x\n", status);
	step("a file says EIO, until it is cut", file_says_eio());

	shared = filled(2, MAP_SHARED | MAP_ANONYMOUS, -1);
	step("shared memory is lost for both",
	     poison(shared) == 0 && died_of(in_child(touch_poisoned, NULL), SIGBUS) &&
		     page_holds(shared + WORDS, 2));
	step("a page about to fail moves, and nothing is lost",
	     madvise(mine, 8 * PAGE, MADV_SOFT_OFFLINE) == 0 && page_holds(mine, 1) &&
		     page_holds(mine + 7 * WORDS, 8));
	good = 1;
	for (int kind = 0; kind < KINDS; kind++)
		good &= madvise(kinds.at[kind], 16 * PAGE, MADV_SOFT_OFFLINE) == 0 ||
			errno == EBUSY;
	step("pages of every kind, in use by four processes", good && kinds_bad(&kinds, 0) == 0);
	step("frames by their address, and back", by_address());
	step("nonsense is refused", nonsense());
	step("the others have noticed nothing", checkers_agree(checkers));
	step("they end well", checkers_stop(checkers));
	return failures;
}
