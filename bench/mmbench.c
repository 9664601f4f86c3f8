/* SPDX-License-Identifier: MIT */
/*
 * mmbench - microbenchmark of the memory-management system calls and faults.
 *
 * Plain POSIX/Linux calls only; no threads, no stdio, no malloc: it is meant to run
 * unmodified (static ELF) on Linux and on anything that offers the Linux ABI.
 *
 *   mmbench [-r reps] [-m MiB] [-d dir] [-T] [-q] [name-prefix ...]
 *     -r  repetitions of each measurement (default 5)
 *     -m  size of the "big" mapping in MiB (default 64)
 *     -d  directory for the file tests (default /tmp; a tmpfs is meant); "memfd" = memfd_create
 *     -T  prctl(PR_SET_THP_DISABLE) first
 *     -q  quick: a tenth of the iterations
 *
 * Output, one line per test, tab separated:
 *   name  min  median  max  (ns per op, one decimal)  ops-per-repetition  minor-faults-per-op
 * or
 *   name  SKIP  errno
 *
 * System calls used: write mmap munmap mprotect mremap madvise brk clone(SIGCHLD) exit_group wait4
 *   clock_gettime getppid getrusage open/openat ftruncate close unlink execve rt_sigaction
 *   rt_sigreturn mlock munlock mincore msync (prctl memfd_create only if asked)
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#ifndef PR_SET_THP_DISABLE
#define PR_SET_THP_DISABLE 41
#endif

typedef unsigned long ul;
typedef unsigned long long ull;

#define MAXREP 32
static int reps = 5, quick;
static ul big_mib = 64;
static const char *dir = "/tmp";
static const char *self;
static ul P;			/* page size */
static char **filters;

/* ---- output without stdio ------------------------------------------------ */
static char obuf[512];
static unsigned on;
static void oflush(void) { unsigned i = 0; while (i < on) { ssize_t k = write(1, obuf + i, on - i); if (k <= 0) break; i += k; } on = 0; }
static void oc(char c) { if (on == sizeof obuf) oflush(); obuf[on++] = c; }
static void os(const char *s) { while (*s) oc(*s++); }
static void ou(ull v) { char t[24]; int n = 0; do t[n++] = '0' + v % 10; while (v /= 10); while (n) oc(t[--n]); }
static void od1(ull tenths) { ou(tenths / 10); oc('.'); oc('0' + tenths % 10); }

/* ---- measuring ------------------------------------------------------------ */
static ull now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (ull)t.tv_sec * 1000000000ull + t.tv_nsec; }
static ull minflt(void) { struct rusage r; memset(&r, 0, sizeof r); if (getrusage(RUSAGE_SELF, &r)) return 0; return (ull)r.ru_minflt; }

struct res { ull t[MAXREP]; ull flt; int n; ul ops; int err; };

static void res_add(struct res *r, ull ns, ul ops, ull flt)
{
	if (r->n < MAXREP) r->t[r->n++] = ns;
	r->ops = ops; r->flt += flt;
}
static void report(const char *name, struct res *r)
{
	int i, j;
	os(name); oc('\t');
	if (r->err || !r->n) { os("SKIP\t"); ou(r->err); oc('\n'); oflush(); return; }
	for (i = 1; i < r->n; i++)
		for (j = i; j > 0 && r->t[j] < r->t[j - 1]; j--) { ull x = r->t[j]; r->t[j] = r->t[j - 1]; r->t[j - 1] = x; }
	od1(r->t[0] * 10 / r->ops); oc('\t');
	od1(r->t[r->n / 2] * 10 / r->ops); oc('\t');
	od1(r->t[r->n - 1] * 10 / r->ops); oc('\t');
	ou(r->ops); oc('\t');
	{ ull f = r->flt * 1000 / ((ull)r->n * r->ops); ou(f / 1000); oc('.'); oc('0' + f / 100 % 10); oc('0' + f / 10 % 10); oc('0' + f % 10); }
	oc('\n'); oflush();
}
static int want(const char *name)
{
	char **f;
	if (!filters || !*filters) return 1;
	for (f = filters; *f; f++) if (!strncmp(name, *f, strlen(*f))) return 1;
	return 0;
}
static ul it(ul n) { return quick ? (n / 10 ? n / 10 : 1) : n; }

#define BEGIN	ull t0_, f0_ = minflt(); t0_ = now()
#define END(r, ops) do { ull t1_ = now(); res_add(r, t1_ - t0_, (ops), minflt() - f0_); } while (0)

static inline void touchw(volatile char *p, ul len) { ul i; for (i = 0; i < len; i += P) p[i] = 1; }
static inline ul touchr(volatile char *p, ul len) { ul i, s = 0; for (i = 0; i < len; i += P) s += p[i]; return s; }

#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)
#define RW (PROT_READ | PROT_WRITE)
static void *mm(ul len, int prot, int flags) { return mmap(0, len, prot, flags, -1, 0); }

static pid_t rawfork(void) { return (pid_t)syscall(SYS_clone, (long)SIGCHLD, 0L, 0L, 0L, 0L); }
static int await(pid_t p) { int st = 0; while (waitpid(p, &st, 0) < 0) if (errno != EINTR) return -1; return st; }
static ul rawbrk(ul a) { return (ul)syscall(SYS_brk, a); }

/* ---- tests ----------------------------------------------------------------- */
static void t_loop(struct res *r)	/* touching pages that are resident: the loop's own cost */
{
	ul len = big_mib << 20; int k; char *p = mm(len, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	touchw(p, len);
	for (k = 0; k < reps; k++) { BEGIN; touchw(p, len); END(r, len / P); }
	munmap(p, len);
}
static void t_calib(struct res *r)	/* ns per 1000 instructions: 500 turns of a two-instruction loop */
{
	ul n = it(20000), i; int k;
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			ul c = 500;
#if defined __x86_64__ || defined __i386__
			__asm__ volatile ("1: dec %0\n\tjnz 1b" : "+r" (c) : : "cc");
#elif defined __arm__
			__asm__ volatile ("1: subs %0, %0, #1\n\tbne 1b" : "+r" (c) : : "cc");
#elif defined __aarch64__
			__asm__ volatile ("1: subs %0, %0, #1\n\tb.ne 1b" : "+r" (c) : : "cc");
#elif defined __riscv
			__asm__ volatile ("1: addi %0, %0, -1\n\tbnez %0, 1b" : "+r" (c));
#else
			while (c--) __asm__ volatile ("");
#endif
		}
		END(r, n);
	}
}
static void t_getppid(struct res *r)
{
	ul n = it(100000), i; int k;
	for (k = 0; k < reps; k++) { BEGIN; for (i = 0; i < n; i++) syscall(SYS_getppid); END(r, n); }
}
static void t_clock(struct res *r)
{
	ul n = it(100000), i; int k;
	for (k = 0; k < reps; k++) { BEGIN; for (i = 0; i < n; i++) now(); END(r, n); }
}

/* fault and unmap, in the one pass: which of them is reported is chosen by `what' */
enum { W_FAULT, W_UNMAP };
static void anon(struct res *r, int what, int advice, int wr, int flags)
{
	ul len = big_mib << 20; int k;
	for (k = 0; k < reps; k++) {
		char *p = mm(len, RW, flags);
		if (p == MAP_FAILED) { r->err = errno; return; }
		if (advice >= 0) madvise(p, len, advice);
		if (what == W_FAULT) {
			BEGIN; if (wr) touchw(p, len); else touchr(p, len); END(r, len / P);
			munmap(p, len);
		} else {
			if (wr) touchw(p, len); else touchr(p, len);
			BEGIN; munmap(p, len); END(r, len / P);
		}
	}
}
static void t_fault(struct res *r) { anon(r, W_FAULT, -1, 1, ANON); }
#ifndef MADV_NOHUGEPAGE
#define MADV_NOHUGEPAGE 15
#endif
static void t_fault_nohuge(struct res *r) { anon(r, W_FAULT, MADV_NOHUGEPAGE, 1, ANON); }
static void t_fault_read(struct res *r) { anon(r, W_FAULT, MADV_NOHUGEPAGE, 0, ANON); }
static void t_fault_shanon(struct res *r) { anon(r, W_FAULT, -1, 1, MAP_SHARED | MAP_ANONYMOUS); }
static void t_munmap(struct res *r) { anon(r, W_UNMAP, MADV_NOHUGEPAGE, 1, ANON); }
static void t_munmap_read(struct res *r) { anon(r, W_UNMAP, MADV_NOHUGEPAGE, 0, ANON); }
static void t_zero_upgrade(struct res *r)	/* write to a page that was read first (zero page) */
{
	ul len = big_mib << 20; int k;
	for (k = 0; k < reps; k++) {
		char *p = mm(len, RW, ANON);
		if (p == MAP_FAILED) { r->err = errno; return; }
		madvise(p, len, MADV_NOHUGEPAGE); touchr(p, len);
		{ BEGIN; touchw(p, len); END(r, len / P); }
		munmap(p, len);
	}
}
static void t_populate(struct res *r)
{
	ul len = big_mib << 20; int k;
	for (k = 0; k < reps; k++) {
		char *p; BEGIN; p = mm(len, RW, ANON | MAP_POPULATE); END(r, len / P);
		if (p == MAP_FAILED) { r->err = errno; return; }
		munmap(p, len);
	}
}
static void mmun(struct res *r, ul pages, int touch)
{
	ul n = it(20000 / (pages > 8 ? pages / 8 : 1)), i; int k;
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			char *p = mm(pages * P, RW, ANON);
			if (p == MAP_FAILED) { r->err = errno; return; }
			if (touch) touchw(p, pages * P);
			munmap(p, pages * P);
		}
		END(r, n);
	}
}
static void t_mm1(struct res *r) { mmun(r, 1, 0); }
static void t_mmt1(struct res *r) { mmun(r, 1, 1); }
static void t_mmt16(struct res *r) { mmun(r, 16, 1); }
static void t_mmt256(struct res *r) { mmun(r, 256, 1); }
static void brkn(struct res *r, ul pages, int touch)
{
	ul n = it(20000 / (pages > 8 ? pages / 8 : 1)), i; int k;
	ul b0 = rawbrk(0), b = (b0 + P - 1) & ~(P - 1);
	if (rawbrk(b + pages * P) != b + pages * P) { r->err = ENOMEM; return; }
	rawbrk(b);
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			rawbrk(b + pages * P);
			if (touch) touchw((char *)b, pages * P);
			rawbrk(b);
		}
		END(r, n);
	}
	rawbrk(b0);
}
static void t_brk1(struct res *r) { brkn(r, 1, 0); }
static void t_brkt1(struct res *r) { brkn(r, 1, 1); }
static void t_brkt16(struct res *r) { brkn(r, 16, 1); }
static void mprot(struct res *r, ul pages, int retouch)
{
	ul n = it(pages > 1 ? 200 : 20000), i, len = pages * P; int k;
	char *p = mm(len, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	madvise(p, len, MADV_NOHUGEPAGE); touchw(p, len);
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			if (mprotect(p, len, PROT_READ)) { r->err = errno; return; }
			mprotect(p, len, RW);
			if (retouch) touchw(p, len);
		}
		END(r, n * 2);
	}
	munmap(p, len);
}
static void t_mp1(struct res *r) { mprot(r, 1, 0); }
static void t_mp1000(struct res *r) { mprot(r, 1000, 0); }
static void t_mp1000t(struct res *r) { mprot(r, 1000, 1); }
static void t_mpsplit(struct res *r)	/* toggle the middle page of three: split and merge of areas */
{
	ul n = it(20000), i; int k; char *p = mm(3 * P, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	touchw(p, 3 * P);
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) { mprotect(p + P, P, PROT_READ); mprotect(p + P, P, RW); }
		END(r, n * 2);
	}
	munmap(p, 3 * P);
}
static void forkn(struct res *r, ul mib)
{
	ul n = it(mib > 8 ? 40 : 200), i, len = mib << 20; int k; char *p = 0;
	if (len) {
		p = mm(len, RW, ANON);
		if (p == MAP_FAILED) { r->err = errno; return; }
		madvise(p, len, MADV_NOHUGEPAGE); touchw(p, len);
	}
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			pid_t c = rawfork();
			if (c == 0) _exit(0);
			if (c < 0) { r->err = errno; return; }
			await(c);
		}
		END(r, n);
	}
	if (len) munmap(p, len);
}
static void t_fork0(struct res *r) { forkn(r, 0); }
static void t_fork1(struct res *r) { forkn(r, 1); }
static void t_fork64(struct res *r) { forkn(r, big_mib); }
static void t_forkexec(struct res *r)
{
	ul n = it(100), i; int k;
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			pid_t c = rawfork();
			if (c == 0) { char *av[] = { (char *)self, (char *)"-x", 0 }, *ev[] = { 0 }; execve(self, av, ev); _exit(errno ? errno : 1); }
			if (c < 0) { r->err = errno; return; }
			{ int st = await(c); if (st) { r->err = WIFEXITED(st) ? WEXITSTATUS(st) : 255; return; } }
		}
		END(r, n);
	}
}
struct shres { volatile ull ns, flt; };
static void cow(struct res *r, int which)	/* 0: child's copy faults; 1: parent's faults after the child has gone */
{
	ul len = big_mib << 20; int k;
	struct shres *s = mm(P, RW, MAP_SHARED | MAP_ANONYMOUS);
	char *p;
	if (s == MAP_FAILED) { r->err = errno; return; }
	p = mm(len, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	madvise(p, len, MADV_NOHUGEPAGE); touchw(p, len);
	for (k = 0; k < reps; k++) {
		pid_t c; s->ns = 0;
		c = rawfork();
		if (c == 0) {
			ull f = minflt(), a = now(), b;
			touchw(p, len); b = now();
			s->flt = minflt() - f; s->ns = b - a; _exit(0);
		}
		if (c < 0) { r->err = errno; return; }
		await(c);
		if (which == 0) { if (!s->ns) { r->err = EPROTO; return; } res_add(r, s->ns, len / P, s->flt); touchw(p, len); }
		else { BEGIN; touchw(p, len); END(r, len / P); }
	}
	munmap(p, len); munmap(s, P);
}
static void t_cow(struct res *r) { cow(r, 0); }
static void t_cow_reuse(struct res *r) { cow(r, 1); }
static ul deep(ul left);
static ul (*volatile deepp)(ul) = deep;	/* so that the recursion is not made a loop */
static volatile ul last = 2047;	/* nor the array two bytes: clang keeps only what it sees used */
static __attribute__((noinline)) ul deep(ul left)
{
	volatile char a[2048]; ul v;
	a[0] = 1; a[last] = 1;
	v = left <= 2048 ? 0 : deepp(left - 2048);
	return v + (ul)a[0] + (ul)a[last];
}
static void t_stack(struct res *r)	/* growth of the stack by 2 MiB, in a fresh child */
{
	int k; struct shres *s = mm(P, RW, MAP_SHARED | MAP_ANONYMOUS);
	ul len = 2ul << 20;
	if (s == MAP_FAILED) { r->err = errno; return; }
	for (k = 0; k < reps; k++) {
		pid_t c; s->ns = 0;
		c = rawfork();
		if (c == 0) { ull f = minflt(), a = now(), b; deep(len); b = now(); s->flt = minflt() - f; s->ns = b - a; _exit(0); }
		if (c < 0) { r->err = errno; return; }
		await(c);
		if (!s->ns) { r->err = EPROTO; return; }
		res_add(r, s->ns, len / P, s->flt);
	}
	munmap(s, P);
}

/* files */
static int openfile(ul len, int fill)
{
	static char path[256]; int fd; ul i;
	if (!strcmp(dir, "memfd")) {
#ifdef SYS_memfd_create
		fd = (int)syscall(SYS_memfd_create, "mmbench", 0);
#else
		errno = ENOSYS; fd = -1;
#endif
	} else {
		ul n = strlen(dir); if (n > 200) { errno = ENAMETOOLONG; return -1; }
		memcpy(path, dir, n); memcpy(path + n, "/mmbench.tmp", 13);
		fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
		if (fd >= 0) unlink(path);
	}
	if (fd < 0) return -1;
	if (ftruncate(fd, (off_t)len)) { int e = errno; close(fd); errno = e; return -1; }
	if (fill) {
		static char page[65536];
		memset(page, 7, sizeof page);
		for (i = 0; i < len; i += sizeof page)
			if (write(fd, page, sizeof page) != (ssize_t)sizeof page) { close(fd); errno = EIO; return -1; }
	}
	return fd;
}
static void filefault(struct res *r, int flags, int wr, int fill)
{
	ul len = (big_mib / 4 ? big_mib / 4 : 1) << 20; int k, fd = openfile(len, fill);
	if (fd < 0) { r->err = errno; return; }
	for (k = 0; k < reps; k++) {
		char *p;
		if (!fill && (ftruncate(fd, 0) || ftruncate(fd, (off_t)len))) { r->err = errno; break; }
		p = mmap(0, len, wr ? RW : PROT_READ, flags, fd, 0);
		if (p == MAP_FAILED) { r->err = errno; break; }
		{ BEGIN; if (wr) touchw(p, len); else touchr(p, len); END(r, len / P); }
		munmap(p, len);
	}
	close(fd);
}
static void t_fpr(struct res *r) { filefault(r, MAP_PRIVATE, 0, 1); }
static void t_fpw(struct res *r) { filefault(r, MAP_PRIVATE, 1, 1); }
static void t_fsr(struct res *r) { filefault(r, MAP_SHARED, 0, 1); }
static void t_fsw(struct res *r) { filefault(r, MAP_SHARED, 1, 1); }
static void t_fsh(struct res *r) { filefault(r, MAP_SHARED, 1, 0); }
static void t_fmm1(struct res *r)	/* mmap + read one page + munmap of a one-page window of a file */
{
	ul n = it(20000), i; int k, fd = openfile(1 << 20, 1);
	if (fd < 0) { r->err = errno; return; }
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			volatile char *p = mmap(0, P, PROT_READ, MAP_SHARED, fd, (off_t)((i % 64) * P));
			if (p == MAP_FAILED) { r->err = errno; close(fd); return; }
			(void)p[0]; munmap((void *)p, P);
		}
		END(r, n);
	}
	close(fd);
}

/* mremap */
static void t_mrgrow(struct res *r)	/* 1 -> 1001 pages in place, a page at a time */
{
	ul n = 1000, i; int k;
	for (k = 0; k < reps; k++) {
		char *a = mm((n + 2) * P, PROT_NONE, ANON), *p;
		if (a == MAP_FAILED) { r->err = errno; return; }
		munmap(a, (n + 2) * P);
		p = mmap(a, P, RW, ANON | MAP_FIXED, -1, 0);
		if (p == MAP_FAILED) { r->err = errno; return; }
		{
			BEGIN;
			for (i = 1; i <= n; i++)
				if (mremap(p, i * P, (i + 1) * P, 0) != p) { r->err = errno; return; }
			END(r, n);
		}
		munmap(p, (n + 1) * P);
	}
}
static void mrmove(struct res *r, ul pages)
{
	ul n = it(pages > 1 ? 200 : 10000), i, len = pages * P; int k;
	char *a = mm(2 * len + 3 * P, PROT_NONE, ANON), *x, *y;
	if (a == MAP_FAILED) { r->err = errno; return; }
	x = a + P; y = x + len + P;
	if (mmap(x, len, RW, ANON | MAP_FIXED, -1, 0) != x) { r->err = errno; return; }
	madvise(x, len, MADV_NOHUGEPAGE); touchw(x, len);
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) {
			char *t;
			if (mremap(x, len, len, MREMAP_MAYMOVE | MREMAP_FIXED, y) != y) { r->err = errno; return; }
			t = x; x = y; y = t;
		}
		END(r, n);
	}
	munmap(a, 2 * len + 3 * P);
}
static void t_mrmove1(struct res *r) { mrmove(r, 1); }
static void t_mrmove1000(struct res *r) { mrmove(r, 1000); }

static void dontneed(struct res *r, ul pages)
{
	ul n = it(pages > 1 ? 20 : 20000), i, len = pages * P; int k;
	char *p = mm(len, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	madvise(p, len, MADV_NOHUGEPAGE); touchw(p, len);
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) { if (madvise(p, len, MADV_DONTNEED)) { r->err = errno; return; } touchw(p, len); }
		END(r, n * pages);
	}
	munmap(p, len);
}
static void t_dn1(struct res *r) { dontneed(r, 1); }
static void t_dn1000(struct res *r) { dontneed(r, 1000); }

/* many areas */
#define NV 1000ul
static char *vma_region(void) { return mm(NV * P, PROT_NONE, ANON); }
static int vma_fill(char *a)
{
	ul i;
	for (i = 0; i < NV; i++)
		if (mmap(a + i * P, P, i & 1 ? RW : PROT_READ, ANON | MAP_FIXED, -1, 0) == MAP_FAILED) return -1;
	return 0;
}
static void vmas(struct res *r, int what)
{
	int k; ul i;
	for (k = 0; k < reps; k++) {
		char *a = vma_region();
		if (a == MAP_FAILED) { r->err = errno; return; }
		munmap(a, NV * P);
		if (what == 0) { BEGIN; if (vma_fill(a)) { r->err = errno; return; } END(r, NV); munmap(a, NV * P); continue; }
		if (vma_fill(a)) { r->err = errno; return; }
		if (what == 1) { BEGIN; munmap(a, NV * P); END(r, NV); }
		else if (what == 2) { BEGIN; for (i = 0; i < NV; i++) munmap(a + (i * 7 % NV) * P, P); END(r, NV); }
		else { ul j, s = 12345; BEGIN; for (j = 0; j < 5000; j++) { s = (s * 1103515245ul + 12345) & 0x7fffffff; i = (s >> 8) % NV;
				madvise(a + i * P, P, MADV_NORMAL); } END(r, 5000ul); munmap(a, NV * P); }
	}
}
static void t_vma_map(struct res *r) { vmas(r, 0); }
static void t_vma_unmap(struct res *r) { vmas(r, 1); }
static void t_vma_unmap1(struct res *r) { vmas(r, 2); }
static void t_vma_lookup(struct res *r) { vmas(r, 3); }
static void t_vma_fork(struct res *r)	/* fork+exit+wait with 1000 areas, each with one page touched */
{
	ul n = it(40), i; int k; char *a = mm(2 * NV * P, PROT_NONE, ANON);
	if (a == MAP_FAILED) { r->err = errno; return; }
	for (i = 0; i < NV; i++) { if (mprotect(a + 2 * i * P, P, RW)) { r->err = errno; return; } a[2 * i * P] = 1; }
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) { pid_t c = rawfork(); if (c == 0) _exit(0); if (c < 0) { r->err = errno; return; } await(c); }
		END(r, n);
	}
	munmap(a, 2 * NV * P);
}
static void t_vma_split(struct res *r)	/* mprotect every second page of one area: splits; then back: merges */
{
	int k; ul i;
	for (k = 0; k < reps; k++) {
		char *a = mm(2 * NV * P, PROT_READ, ANON);
		if (a == MAP_FAILED) { r->err = errno; return; }
		{
			BEGIN;
			for (i = 0; i < NV; i++) mprotect(a + 2 * i * P, P, RW);
			for (i = 0; i < NV; i++) mprotect(a + 2 * i * P, P, PROT_READ);
			END(r, 2 * NV);
		}
		munmap(a, 2 * NV * P);
	}
}
static void t_vma_fault(struct res *r)	/* first touch of a page in each of 1000 areas, strided order */
{
	int k; ul i;
	for (k = 0; k < reps; k++) {
		char *a = mm(2 * NV * P, PROT_NONE, ANON);
		if (a == MAP_FAILED) { r->err = errno; return; }
		for (i = 0; i < NV; i++) mprotect(a + 2 * i * P, P, RW);
		{ BEGIN; for (i = 0; i < NV; i++) ((volatile char *)a)[2 * (i * 7 % NV) * P] = 1; END(r, NV); }
		munmap(a, 2 * NV * P);
	}
}

/* others */
static char *seg_page;
static volatile ul seg_n;
static void on_segv(int s) { (void)s; seg_n++; mprotect(seg_page, P, RW); }
static void t_segv(struct res *r)	/* PROT_READ page, write, SIGSEGV handler mprotects, return, mprotect back */
{
	ul n = it(5000), i; int k; struct sigaction sa, old;
	seg_page = mm(P, RW, ANON);
	if (seg_page == MAP_FAILED) { r->err = errno; return; }
	memset(&sa, 0, sizeof sa); sa.sa_handler = on_segv;
	if (sigaction(SIGSEGV, &sa, &old)) { r->err = errno; return; }
	seg_page[0] = 1; seg_n = 0;
	for (k = 0; k < reps; k++) {
		BEGIN;
		for (i = 0; i < n; i++) { mprotect(seg_page, P, PROT_READ); *(volatile char *)seg_page = 2; }
		END(r, n);
	}
	if (seg_n != n * (ul)reps) r->err = EPROTO;
	sigaction(SIGSEGV, &old, 0); munmap(seg_page, P);
}
static void t_mlock(struct res *r)	/* mlock + munlock of 256 fresh pages (64 KiB..: below RLIMIT_MEMLOCK is not assumed) */
{
	ul n = it(20), i, len = 256 * P; int k;
	for (k = 0; k < reps; k++) {
		ull acc = 0, f = minflt();
		for (i = 0; i < n; i++) {
			char *p = mm(len, RW, ANON); ull t;
			if (p == MAP_FAILED) { r->err = errno; return; }
			madvise(p, len, MADV_NOHUGEPAGE);
			t = now();
			if (mlock(p, len)) { r->err = errno; munmap(p, len); return; }
			munlock(p, len);
			acc += now() - t;
			munmap(p, len);
		}
		res_add(r, acc, n * 256, minflt() - f);
	}
}
static void t_mincore(struct res *r)
{
	static unsigned char vec[1000]; ul n = it(500), i, len = 1000 * P; int k;
	char *p = mm(len, RW, ANON);
	if (p == MAP_FAILED) { r->err = errno; return; }
	madvise(p, len, MADV_NOHUGEPAGE); touchw(p, len);
	for (k = 0; k < reps; k++) {
		BEGIN; for (i = 0; i < n; i++) if (mincore(p, len, vec)) { r->err = errno; return; } END(r, n * 1000);
	}
	munmap(p, len);
}
static void t_msync(struct res *r)
{
	ul n = it(2000), i, len = 64 * P; int k, fd = openfile(1 << 20, 1); char *p;
	if (fd < 0) { r->err = errno; return; }
	p = mmap(0, len, RW, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED) { r->err = errno; close(fd); return; }
	for (k = 0; k < reps; k++) {
		BEGIN; for (i = 0; i < n; i++) { p[(i & 63) * P]++; if (msync(p, len, MS_SYNC)) { r->err = errno; return; } } END(r, n);
	}
	munmap(p, len); close(fd);
}

static const struct { const char *name; void (*f)(struct res *); } tests[] = {
	{ "touch_resident_page", t_loop },
	{ "calib_1000_insn", t_calib },
	{ "null_getppid", t_getppid },
	{ "clock_gettime", t_clock },
	{ "anon_fault_page", t_fault },
	{ "anon_fault_nohuge_page", t_fault_nohuge },
	{ "anon_readfault_page", t_fault_read },
	{ "zeropage_upgrade_page", t_zero_upgrade },
	{ "shared_anon_fault_page", t_fault_shanon },
	{ "populate_page", t_populate },
	{ "munmap_page", t_munmap },
	{ "munmap_zeropage_page", t_munmap_read },
	{ "mmap_munmap_1", t_mm1 },
	{ "mmap_touch_munmap_1", t_mmt1 },
	{ "mmap_touch_munmap_16", t_mmt16 },
	{ "mmap_touch_munmap_256", t_mmt256 },
	{ "brk_grow_shrink_1", t_brk1 },
	{ "brk_grow_touch_shrink_1", t_brkt1 },
	{ "brk_grow_touch_shrink_16", t_brkt16 },
	{ "mprotect_1", t_mp1 },
	{ "mprotect_1000", t_mp1000 },
	{ "mprotect_1000_retouch", t_mp1000t },
	{ "mprotect_split_merge", t_mpsplit },
	{ "fork_exit_wait_0M", t_fork0 },
	{ "fork_exit_wait_1M", t_fork1 },
	{ "fork_exit_wait_big", t_fork64 },
	{ "fork_exec_wait", t_forkexec },
	{ "cow_copy_page", t_cow },
	{ "cow_reuse_page", t_cow_reuse },
	{ "stack_growth_page", t_stack },
	{ "file_private_read_page", t_fpr },
	{ "file_private_write_page", t_fpw },
	{ "file_shared_read_page", t_fsr },
	{ "file_shared_write_page", t_fsw },
	{ "file_shared_hole_write_page", t_fsh },
	{ "file_mmap_read_munmap_1", t_fmm1 },
	{ "mremap_grow_inplace", t_mrgrow },
	{ "mremap_move_1", t_mrmove1 },
	{ "mremap_move_1000", t_mrmove1000 },
	{ "dontneed_retouch_1", t_dn1 },
	{ "dontneed_retouch_1000_page", t_dn1000 },
	{ "vma1000_mmap", t_vma_map },
	{ "vma1000_munmap_all", t_vma_unmap },
	{ "vma1000_munmap_each", t_vma_unmap1 },
	{ "vma1000_madvise_lookup", t_vma_lookup },
	{ "vma1000_mprotect_split_merge", t_vma_split },
	{ "vma1000_fault", t_vma_fault },
	{ "vma1000_fork_exit_wait", t_vma_fork },
	{ "sigsegv_mprotect_cycle", t_segv },
	{ "mlock_munlock_page", t_mlock },
	{ "mincore_page", t_mincore },
	{ "msync_64", t_msync },
};

static ul num(const char *s) { ul v = 0; while (*s >= '0' && *s <= '9') v = v * 10 + (ul)(*s++ - '0'); return v; }

int main(int argc, char **argv)
{
	unsigned i; int a;
	self = argv[0];
	for (a = 1; a < argc && argv[a][0] == '-'; a++) {
		switch (argv[a][1]) {
		case 'x': _exit(0);
		case 'q': quick = 1; break;
		case 'T': prctl(PR_SET_THP_DISABLE, 1L, 0L, 0L, 0L); break;
		case 'r': if (a + 1 < argc) reps = (int)num(argv[++a]); break;
		case 'm': if (a + 1 < argc) big_mib = num(argv[++a]); break;
		case 'd': if (a + 1 < argc) dir = argv[++a]; break;
		default: os("mmbench: unknown option\n"); oflush(); return 2;
		}
	}
	filters = argv + a;
	if (reps < 1) reps = 1;
	if (reps > MAXREP) reps = MAXREP;
	P = (ul)sysconf(_SC_PAGESIZE);
	os("# mmbench page="); ou(P); os(" big_mib="); ou(big_mib); os(" reps="); ou((ull)reps); os(" wordbits="); ou(sizeof(long) * 8); oc('\n');
	os("# name\tmin\tmedian\tmax\tops\tminflt/op\n"); oflush();
	for (i = 0; i < sizeof tests / sizeof tests[0]; i++) {
		struct res r;
		if (!want(tests[i].name)) continue;
		memset(&r, 0, sizeof r);
		tests[i].f(&r);
		report(tests[i].name, &r);
	}
	os("# end\n"); oflush();
	return 0;
}
