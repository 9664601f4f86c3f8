/* SPDX-License-Identifier: MIT */
/*
 * api.c - what malloc's family promises, asked of whichever malloc this program runs on.
 *
 * A plain program, not a cmocka one: it must not call anything that might allocate where it counts.
 * Prints TAP; most of it also holds on glibc, and is run there too, so that the tests themselves are
 * tested.
 */
#include <errno.h>
#include <limits.h>
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static int n, failures;

static void check(bool fine, const char *what)
{
	printf("%s %d - %s\n", fine ? "ok" : "not ok", ++n, what);
	failures += !fine;
}

/* What the compiler must not reason about. */
static void *volatile sink;
static size_t hide(size_t size)
{
	static volatile size_t hidden;

	hidden = size;
	return hidden;
}

static bool all_bytes(const unsigned char *p, size_t size, unsigned char byte)
{
	for (size_t i = 0; i < size; i++)
		if (p[i] != byte)
			return false;
	return true;
}

static bool aligned(const void *p, size_t align)
{
	return (uintptr_t)p % align == 0;
}

/* ---- before main ----------------------------------------------------------------------------- */
static char *early;

__attribute__((constructor(101))) static void before_main(void)
{
	early = malloc(100);
	if (early)
		memset(early, 1, 100);
	early = realloc(early, 10000);
}

/* ---- sizes ----------------------------------------------------------------------------------- */
static const size_t sizes[] = {
	0,       1,       7,       8,       9,       15,      16,     17,      24,
	63,      64,      65,      100,     127,     128,     129,    200,     255,
	256,     257,     511,     512,     513,     1000,    1023,   1024,    1025,
	2047,    2048,    2049,    4095,    4096,    4097,    8191,   8192,    8193,
	9999,    12288,   65535,   65536,   65537,   131072,  262144, 1 << 20, (1 << 20) + 1,
	2097151, 2097152, 4194303, 4194304, 4194305, 10000000
};
#define NR_SIZES (sizeof(sizes) / sizeof(sizes[0]))

static void usable_and_aligned(void)
{
	unsigned char *p[NR_SIZES];
	bool given = true, usable = true, on16 = true, kept = true;

	for (size_t i = 0; i < NR_SIZES; i++) {
		p[i] = malloc(sizes[i]);
		given &= p[i] != NULL;
		usable &= malloc_usable_size(p[i]) >= sizes[i];
		on16 &= aligned(p[i], sizes[i] >= 16 ? 16 : 8);
		memset(p[i], (int)i + 1, sizes[i]);
	}
	for (size_t i = 0; i < NR_SIZES; i++) {
		kept &= all_bytes(p[i], sizes[i], (unsigned char)(i + 1));
		free(p[i]);
	}
	check(given, "every size is given, 0 too");
	check(usable, "malloc_usable_size() is at least what was asked for");
	check(on16, "16 bytes and more are aligned to 16, less to 8");
	check(kept, "blocks do not overlap");
	check(malloc_usable_size(NULL) == 0, "malloc_usable_size(NULL) is 0");
}

/* All usable bytes may be written. */
static void usable_is_usable(void)
{
	unsigned char *p[NR_SIZES];
	bool kept = true;

	for (size_t i = 0; i < NR_SIZES; i++) {
		p[i] = malloc(sizes[i]);
		memset(p[i], (int)i + 1, malloc_usable_size(p[i]));
	}
	for (size_t i = 0; i < NR_SIZES; i++) {
		kept &= all_bytes(p[i], malloc_usable_size(p[i]), (unsigned char)(i + 1));
		free(p[i]);
	}
	check(kept, "all usable bytes are the owner's");
}

static void calloc_is_zero(void)
{
	bool zero = true;

	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < NR_SIZES; i++) {
			unsigned char *p = calloc(1, sizes[i]);

			zero &= p && all_bytes(p, sizes[i], 0);
			memset(p, 0xff, sizes[i]);
			free(p);
			p = malloc(sizes[i]);
			memset(p, 0xff, sizes[i]);
			free(p);
		}
	check(zero, "calloc() clears, whatever was there before");
}

/* ---- what is refused ------------------------------------------------------------------------- */
static bool refused(void *p, int want)
{
	bool fine = !p && errno == want;

	free(p);
	errno = 0;
	return fine;
}

static void too_much(void)
{
	size_t most = hide(PTRDIFF_MAX);
	void *p = malloc(10), *at = &at, *same = at;

	errno = 0;
	check(refused(malloc(most + 1), ENOMEM), "malloc(PTRDIFF_MAX + 1): ENOMEM");
	check(refused(malloc(hide(SIZE_MAX)), ENOMEM), "malloc(SIZE_MAX): ENOMEM");
	check(refused(malloc(most), ENOMEM), "malloc(PTRDIFF_MAX): ENOMEM");
	check(refused(calloc(hide(SIZE_MAX / 2), 3), ENOMEM), "calloc() that overflows: ENOMEM");
	check(refused(calloc(hide(1ul << 32), 1ul << 32), ENOMEM),
	      "calloc() that wraps to 0: ENOMEM");
	errno = 0;
	check(!realloc(p, most + 1) && errno == ENOMEM, "realloc(PTRDIFF_MAX + 1): ENOMEM");
	check(!reallocarray(p, hide(SIZE_MAX / 2), 3) && errno == ENOMEM,
	      "reallocarray() that overflows: ENOMEM");
	memset(p, 1, 10); /* p is as it was */
	free(p);
	errno = 0;
	check(refused(memalign(64, most), ENOMEM), "memalign() of too much: ENOMEM");
	check(refused(valloc(most), ENOMEM), "valloc() of too much: ENOMEM");
	check(refused(pvalloc(most + 2), ENOMEM), "pvalloc() of too much: ENOMEM");
	check(posix_memalign(&at, 24, 10) == EINVAL && at == same,
	      "posix_memalign(24): EINVAL, and nothing is written");
	check(posix_memalign(&at, 2, 10) == EINVAL && at == same, "posix_memalign(2): EINVAL");
	check(posix_memalign(&at, 64, most) == ENOMEM && at == same,
	      "posix_memalign() of too much: ENOMEM, and nothing is written");
}

static void errno_is_kept(void)
{
	void *p[4];

	errno = 4711;
	p[0] = malloc(10);
	p[1] = malloc(100000);
	p[2] = malloc(10000000);
	p[3] = calloc(3, 100000);
	for (int i = 0; i < 4; i++)
		free(p[i]);
	free(NULL);
	check(errno == 4711, "errno stays as it is when all goes well");
}

/* ---- alignment ------------------------------------------------------------------------------- */
static void alignments(void)
{
	bool on = true, usable = true, posix = true, c11 = true;
	void *p[64];

	for (size_t align = 8; align <= 64u << 20; align *= 2) {
		for (size_t i = 0; i < NR_SIZES; i++) {
			p[i] = memalign(align, sizes[i]);
			on &= p[i] && aligned(p[i], align);
			usable &= malloc_usable_size(p[i]) >= sizes[i];
			memset(p[i], 1, sizes[i]);
		}
		for (size_t i = 0; i < NR_SIZES; i++)
			free(p[i]);
		posix &= posix_memalign(&p[0], align, 100) == 0 && aligned(p[0], align);
		free(p[0]);
		p[0] = aligned_alloc(align, align * 2);
		c11 &= p[0] && aligned(p[0], align);
		free(p[0]);
	}
	check(on, "memalign(): 8 bytes to 64 MiB, every size");
	check(usable, "aligned blocks are as large as asked for");
	check(posix, "posix_memalign()");
	check(c11, "aligned_alloc()");
	p[0] = valloc(1);
	p[1] = pvalloc(1);
	check(aligned(p[0], 4096) && aligned(p[1], 4096) && malloc_usable_size(p[1]) >= 4096,
	      "valloc() and pvalloc(): pages");
	p[0] = realloc(p[0], 100000);
	check(p[0] != NULL, "an aligned block may be resized");
	free(p[0]);
	free(p[1]);
}

/* ---- realloc --------------------------------------------------------------------------------- */
static void realloc_keeps(void)
{
	bool kept = true;

	for (size_t i = 0; i < NR_SIZES; i++)
		for (size_t k = 0; k < NR_SIZES; k++) {
			size_t both = sizes[i] < sizes[k] ? sizes[i] : sizes[k];
			unsigned char *p;

			if (both > 300000)
				continue; /* realloc_grows() has some of those */
			p = malloc(sizes[i]);
			memset(p, 0x5a, sizes[i]);
			p = realloc(p, sizes[k] + !sizes[k]);
			kept &= p && all_bytes(p, both, 0x5a);
			free(p);
		}
	check(kept, "realloc() from every size to every size keeps what both have");
	sink = realloc(NULL, 50);
	check(sink != NULL, "realloc(NULL) allocates");
	check(realloc(sink, 0) == NULL, "realloc(p, 0) frees");
}

static void realloc_grows(void)
{
	unsigned char *p = NULL;
	bool kept = true;

	for (size_t size = 64; size <= 1 << 20; size += 4096) {
		p = realloc(p, size);
		kept &= p && (size == 64 || p[size - 4097] == 7);
		p[size - 1] = 7;
	}
	free(p);
	check(kept, "realloc() by steps up to 1 MiB");
	p = malloc(8 << 20);
	memset(p, 9, 8 << 20);
	p = realloc(p, 64 << 20);
	check(p && all_bytes(p, 8 << 20, 9), "realloc() of a large block, larger");
	p = realloc(p, 5 << 20);
	check(p && all_bytes(p, 5 << 20, 9), "and smaller");
	p = realloc(p, 1 << 20);
	check(p && all_bytes(p, 1 << 20, 9), "and much smaller");
	p = realloc(p, 10);
	check(p && all_bytes(p, 10, 9), "down to 10 bytes");
	free(p);
}

/* ---- limits ---------------------------------------------------------------------------------- */
/* In a child, under a limit: 0 if f says that it was fine. */
static bool in_child(bool (*f)(void), int resource, rlim_t limit)
{
	pid_t pid;
	int status;

	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		if (resource >= 0)
			setrlimit((__rlimit_resource_t)resource, &(struct rlimit){ limit, limit });
		_exit(f() ? 0 : 1);
	}
	return waitpid(pid, &status, 0) == pid && status == 0;
}

static bool runs_out_and_recovers(void)
{
	static void *p[4096];
	unsigned i = 0;
	bool refusal = false;

	while (i < 4096 && (p[i] = malloc(1 << 20)))
		memset(p[i++], 1, 4096);
	refusal = i < 4096 && errno == ENOMEM;
	while (i-- > 0)
		free(p[i]);
	sink = malloc(1 << 20);
	return refusal && sink;
}

static void limits(void)
{
	check(in_child(runs_out_and_recovers, RLIMIT_DATA, 400 << 20),
	      "under RLIMIT_DATA memory runs out in order, and is there again after free()");
}

/* ---- reports --------------------------------------------------------------------------------- */
static void reports(void)
{
	void *p = malloc(100 << 20);
	struct mallinfo2 m = mallinfo2();
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);

	check(m.uordblks > 0 && m.hblkhd >= 100 << 20 && m.hblks >= 1, "mallinfo2() counts");
	check(malloc_info(0, out) == 0, "malloc_info()");
	fclose(out);
	check(text && strstr(text, "<malloc version=") && strstr(text, "</malloc>"), "is XML");
	check(malloc_info(1, stdout) != 0, "malloc_info() knows no options");
	check(mallopt(M_MMAP_THRESHOLD, 1 << 20) == 1, "mallopt() of what is known");
	free(text);
	free(p);
	malloc_trim(0);
	check(mallinfo2().hblkhd < 100 << 20, "what is freed is counted out");
}

int main(void)
{
	check(early && early[0] == 1 && early[99] == 1, "a constructor may allocate");
	free(early);
	usable_and_aligned();
	usable_is_usable();
	calloc_is_zero();
	too_much();
	errno_is_kept();
	alignments();
	realloc_keeps();
	realloc_grows();
	limits();
	reports();
	printf("1..%d\n", n);
	return failures != 0;
}
