/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/calls.c - the system calls that differ on the ARM EABI: an offset in two words, in pages or after
 * something else; limits and sizes in words; and the calls that only this machine has.
 *
 *   number      calls with a 64-bit argument in an even register and the next: as they are, because that is
 *               also how the compiler passes it
 *   0xf0000..   the machine's own
 */
#include "arch_calls.h"

/* ---- the machine's own ----------------------------------------------------------------------- */
#define ARM_BREAKPOINT 0xf0001
#define ARM_CACHEFLUSH 0xf0002
#define ARM_SET_TLS    0xf0005
#define ARM_GET_TLS    0xf0006

/* A program has written code into [start, end). */
static long cacheflush(unsigned long start, unsigned long end, unsigned long flags)
{
	if (flags || end < start)
		return -EINVAL;
	if (!access_ok((const void __user *)start, end - start))
		return -EFAULT;
	return bare_flush_user_icache(start, end);
}

/* In the table's last place: every number that the table has no room for. */
long sys_arm_private(unsigned long a, unsigned long b, unsigned long c)
{
	switch (regs_syscall(task_regs(current))) {
	case ARM_BREAKPOINT:
		force_signal(SIGTRAP, TRAP_BRKPT, regs_pc(task_regs(current)));
		return (long)a;
	case ARM_CACHEFLUSH: return cacheflush(a, b, c);
	case ARM_SET_TLS: bare_set_tls(a); return 0;
	case ARM_GET_TLS: return (long)bare_get_tls();
	default: return sys_unknown();
	}
}

long sys_clone_tls_first(unsigned long flags, unsigned long stack, u32 __user *ptid,
			 unsigned long tls, u32 __user *ctid)
{
	return sys_clone(flags, stack, ptid, ctid, tls);
}

/* ---- offsets --------------------------------------------------------------------------------- */
static quire_loff_t two_words(u32 high, u32 low)
{
	return (quire_loff_t)((u64)high << 32 | low);
}

/* The offset counts pages of 4 KiB. */
long sys_mmap2(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	       int fd, unsigned long page)
{
	return sys_mmap(addr, len, prot, flags, fd, (u64)page << 12);
}

long sys_llseek(unsigned fd, u32 high, u32 low, s64 __user *result, int whence)
{
	quire_loff_t to = do_lseek(fd, two_words(high, low), whence);

	if (to < 0)
		return (long)to;
	return put_user(to, result) ? -EFAULT : 0;
}

long sys_preadv_words(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		      u32 low, u32 high)
{
	return sys_preadv(fd, vec, count, two_words(high, low));
}

long sys_pwritev_words(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		       u32 low, u32 high)
{
	return sys_pwritev(fd, vec, count, two_words(high, low));
}

long sys_truncate_word(const char __user *path, long size)
{
	return sys_truncate(path, size);
}

long sys_ftruncate_word(unsigned fd, long size)
{
	return sys_ftruncate(fd, size);
}

/* The advice comes first, so that no register is left empty. */
long sys_fadvise64_advice_first(unsigned fd, int advice, quire_loff_t off, quire_loff_t len)
{
	return sys_fadvise64(fd, off, len, advice);
}

/* ---- file systems ---------------------------------------------------------------------------- */
struct ABI_WORDS linux_statfs64 {
	u32 f_type, f_bsize;
	u64 f_blocks, f_bfree, f_bavail, f_files, f_ffree;
	u32 f_fsid[2], f_namelen, f_frsize, f_flags, spare[4];
};
_Static_assert(sizeof(struct linux_statfs64) == 84, "struct statfs64");

/* Programs count the end of the structure in, up to where another one could begin. */
#define STATFS64_PADDED 88

static long put_statfs64(struct linux_statfs64 __user *out, const struct linux_statfs *s)
{
	struct linux_statfs64 wide = {
		.f_type = (u32)s->f_type,
		.f_bsize = (u32)s->f_bsize,
		.f_blocks = s->f_blocks,
		.f_bfree = s->f_bfree,
		.f_bavail = s->f_bavail,
		.f_files = s->f_files,
		.f_ffree = s->f_ffree,
		.f_namelen = (u32)s->f_namelen,
		.f_frsize = (u32)s->f_frsize,
		.f_flags = (u32)s->f_flags,
	};

	return copy_to_user(out, &wide, sizeof(wide)) ? -EFAULT : 0;
}

static bool statfs64_size(size_t size)
{
	return size == sizeof(struct linux_statfs64) || size == STATFS64_PADDED;
}

long sys_statfs64(const char __user *path, size_t size, struct linux_statfs64 __user *out)
{
	struct linux_statfs s;
	long r = statfs64_size(size) ? statfs_of_path(path, &s) : -EINVAL;

	return r ? r : put_statfs64(out, &s);
}

long sys_fstatfs64(unsigned fd, size_t size, struct linux_statfs64 __user *out)
{
	struct linux_statfs s;
	long r = statfs64_size(size) ? statfs_of_fd(fd, &s) : -EINVAL;

	return r ? r : put_statfs64(out, &s);
}

/* ---- limits ---------------------------------------------------------------------------------- */
struct rlimit_words {
	unsigned long cur, max;
};

/* All ones mean: no limit, in words as in u64. */
static u64 widen(unsigned long limit)
{
	return limit == ~0ul ? ~0ull : limit;
}

static unsigned long narrow(u64 limit)
{
	return limit > ~0ul ? ~0ul : (unsigned long)limit;
}

long sys_getrlimit_words(unsigned which, struct rlimit_words __user *out)
{
	struct linux_rlimit old;
	struct rlimit_words w;
	long r = do_prlimit(0, which, NULL, &old);

	if (r)
		return r;
	w = (struct rlimit_words){ narrow(old.cur), narrow(old.max) };
	return copy_to_user(out, &w, sizeof(w)) ? -EFAULT : 0;
}

long sys_setrlimit_words(unsigned which, const struct rlimit_words __user *in)
{
	struct linux_rlimit new, old;
	struct rlimit_words w;

	if (copy_from_user(&w, in, sizeof(w)))
		return -EFAULT;
	new = (struct linux_rlimit){ widen(w.cur), widen(w.max) };
	return do_prlimit(0, which, &new, &old);
}
