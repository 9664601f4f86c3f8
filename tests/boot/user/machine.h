/* SPDX-License-Identifier: MIT */
/*
 * machine.h - for programs that test the machine they run on: its knobs and counters, and memory of
 * every kind whose contents can be checked to the last word.
 *
 * Steps print "ok NAME" or "FAIL NAME"; the program's exit status is the number of failures.
 */
#ifndef MACHINE_H
#define MACHINE_H

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE  4096ul
#define WORDS (PAGE / 8)

static int failures;

static inline int step(const char *name, int good)
{
	printf("%s %s\n", good ? "ok" : "FAIL", name);
	fflush(stdout);
	failures += !good;
	return good;
}

static inline _Noreturn void give_up(const char *what)
{
	printf("FAIL %s: %s\n", what, strerror(errno));
	exit(100);
}

/* ---- files of the kernel --------------------------------------------------------------------- */

/* 0 or an errno. */
static inline int put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY), error = 0;

	if (fd < 0)
		return errno;
	if (write(fd, text, strlen(text)) < 0)
		error = errno;
	close(fd);
	return error;
}

static inline int put_number(const char *path, long n)
{
	char text[24];

	snprintf(text, sizeof(text), "%ld\n", n);
	return put_text(path, text);
}

static inline void get_text(const char *path, char *text, size_t size)
{
	int fd = open(path, O_RDONLY);
	ssize_t n = fd < 0 ? -1 : read(fd, text, size - 1);

	if (n < 0)
		give_up(path);
	text[n] = 0;
	close(fd);
}

static inline long get_number(const char *path)
{
	char text[64];

	get_text(path, text, sizeof(text));
	return strtol(text, NULL, 0);
}

/* The number behind the first `key` of a file, -1: there is none. */
static inline long get_key(const char *path, const char *key)
{
	static char text[1 << 16];
	char *at;

	get_text(path, text, sizeof(text));
	at = strstr(text, key);
	return at ? strtol(at + strlen(key), NULL, 10) : -1;
}

/* A line of /proc/meminfo, in KiB. */
static inline long meminfo(const char *key)
{
	return get_key("/proc/meminfo", key);
}

/* Free blocks of 512 frames and more in all zones, in units of 512 frames. */
static inline long whole_blocks(void)
{
	char text[4096], *line, *end;
	long n = 0;

	get_text("/proc/buddyinfo", text, sizeof(text));
	for (line = text; (line = strstr(line, "zone")); line = end) {
		strtok_r(line, " ", &end); /* "zone", then its name */
		strtok_r(NULL, " ", &end);
		for (unsigned order = 0; order <= 10; order++) {
			long blocks = strtol(end, &end, 10);

			if (order >= 9)
				n += blocks << (order - 9);
		}
	}
	return n;
}

/* ---- memory whose contents are known --------------------------------------------------------- */
static inline uint64_t word_of(uint64_t seed, size_t i)
{
	return (seed * WORDS + i) * 0x9e3779b97f4a7c15ull;
}

static inline void page_fill(uint64_t *page, uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++)
		page[i] = word_of(seed, i);
}

static inline int page_holds(const uint64_t *page, uint64_t seed)
{
	for (size_t i = 0; i < WORDS; i++)
		if (page[i] != word_of(seed, i))
			return 0;
	return 1;
}

static inline uint64_t *map_pages(size_t pages, int flags, int fd)
{
	void *at = mmap(NULL, pages * PAGE, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (at == MAP_FAILED)
		give_up("mmap");
	return at;
}

/*
 * Page i of each kind:
 *   ANON     private, and after fork() shared until someone writes
 *   COW      the same; a child `who` writes every page with i % 4 == who
 *   FILE     of a file, shared              PRIVATE  the same file's: odd pages were written to
 *   SHMEM    shared, of no file
 */
enum kind { ANON, COW, SHFILE, PRIVATE, SHMEM, KINDS };
struct kinds {
	uint64_t *at[KINDS];
	size_t pages; /* filled, of each kind */
};

static inline void kinds_map(struct kinds *k, size_t room)
{
	int fd = open("/tmp/kinds", O_RDWR | O_CREAT | O_TRUNC, 0600);

	if (fd < 0 || ftruncate(fd, (off_t)(room * PAGE)))
		give_up("/tmp/kinds");
	unlink("/tmp/kinds");
	k->at[ANON] = map_pages(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	k->at[COW] = map_pages(room, MAP_PRIVATE | MAP_ANONYMOUS, -1);
	k->at[SHFILE] = map_pages(room, MAP_SHARED, fd);
	k->at[PRIVATE] = map_pages(room, MAP_PRIVATE, fd);
	k->at[SHMEM] = map_pages(room, MAP_SHARED | MAP_ANONYMOUS, -1);
	k->pages = 0;
	close(fd);
}

/* What page i of a kind holds for process `who`, 0 being the one that filled it. */
static inline uint64_t kinds_seed(enum kind kind, size_t i, unsigned who)
{
	if (kind == PRIVATE && !(i & 1))
		kind = SHFILE;
	if (kind != COW || !who || i % 4 != who)
		who = 0;
	return (i * KINDS + kind) * 4 + who;
}

/* One more page of each kind. */
static inline void kinds_add(struct kinds *k)
{
	size_t i = k->pages++;

	for (int kind = 0; kind < KINDS; kind++)
		if (kind != PRIVATE || i & 1)
			page_fill(k->at[kind] + i * WORDS, kinds_seed(kind, i, 0));
}

/* How many pages do not hold what they should. */
static inline size_t kinds_bad(const struct kinds *k, unsigned who)
{
	size_t bad = 0;

	for (int kind = 0; kind < KINDS; kind++)
		for (size_t i = 0; i < k->pages; i++)
			bad += !page_holds(k->at[kind] + i * WORDS, kinds_seed(kind, i, who));
	return bad;
}

/* ---- processes that check all of it, again and again ----------------------------------------- */
#define CHECKERS 3u
struct checkers {
	volatile unsigned turn; /* who may write: 1..CHECKERS, above: all have       */
	volatile int stop;
	volatile unsigned long rounds[CHECKERS + 1], bad[CHECKERS + 1];
	pid_t pid[CHECKERS + 1];
};

static inline _Noreturn void checker(struct checkers *c, const struct kinds *k, unsigned who)
{
	while (c->turn != who)
		usleep(1000);
	for (size_t i = who; i < k->pages; i += 4)
		page_fill(k->at[COW] + i * WORDS, kinds_seed(COW, i, who));
	c->turn++;
	do {
		c->bad[who] += kinds_bad(k, who);
		c->rounds[who]++;
	} while (!c->stop);
	_exit(0);
}

/* Start them; on return each has written its share. */
static inline struct checkers *checkers_start(const struct kinds *k)
{
	struct checkers *c = (void *)map_pages(1, MAP_SHARED | MAP_ANONYMOUS, -1);

	fflush(stdout);
	for (unsigned who = 1; who <= CHECKERS; who++) {
		pid_t pid = fork();

		if (pid < 0)
			give_up("fork");
		if (!pid)
			checker(c, k, who);
		c->pid[who] = pid; /* not in the child: the page is shared */
	}
	for (c->turn = 1; c->turn <= CHECKERS;)
		usleep(1000);
	return c;
}

/* All have looked at everything twice from now on, and found it as it was. */
static inline int checkers_agree(struct checkers *c)
{
	unsigned long bad = 0;

	for (unsigned who = 1; who <= CHECKERS; who++) {
		unsigned long began = c->rounds[who];

		while (c->rounds[who] < began + 2)
			usleep(1000);
		bad += c->bad[who];
	}
	return !bad;
}

/* They end, and none has anything to complain about. */
static inline int checkers_stop(struct checkers *c)
{
	int good = 1, status;

	c->stop = 1;
	for (unsigned who = 1; who <= CHECKERS; who++) {
		if (waitpid(c->pid[who], &status, 0) == c->pid[who] && !status && !c->bad[who])
			continue;
		printf("process %u ended with 0x%x and found %lu pages wrong\n", who, status,
		       c->bad[who]);
		good = 0;
	}
	return good;
}

/* ---- the brink ------------------------------------------------------------------------------- */
#define VM "/proc/sys/vm/"

/* Let programs use nearly all memory; what was set before. */
static inline long lower_watermarks(void)
{
	long was = get_number(VM "min_free_kbytes");

	if (put_number(VM "min_free_kbytes", 256))
		give_up("min_free_kbytes");
	return was;
}

static inline void restore_watermarks(long was)
{
	put_number(VM "min_free_kbytes", was);
}

#endif
