/* SPDX-License-Identifier: MIT */
/*
 * fs/dev.c - the devices that are only an idea: null, zero, full, random; and the /dev directory.
 *
 *   1:3 null   1:5 zero   1:7 full   1:8 random   1:9 urandom   1:11 kmsg
 *   5:0 tty   5:1 console   4:64 ttyS0
 */
#include "fs.h"

static long null_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	(void)f, (void)io, (void)n, (void)pos;
	return 0;
}

static long null_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	(void)f, (void)io, (void)pos;
	return (long)n;
}

static long zero_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	size_t bad = 0, done = 0;

	(void)f, (void)pos;
	while (done < n && !bad) {
		size_t len = min(n - done, (size_t)65536);

		bad = io_zero(io, len);
		done += len - bad;
		if (signal_pending(current))
			break;
	}
	return done || !n ? (long)done : -EFAULT;
}

static long full_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	(void)f, (void)io, (void)n, (void)pos;
	return -ENOSPC;
}

/* ---- random numbers: xoshiro256**, seeded by the clock; good for hashes and nonces, not for
 * keys  */
static u64 state[4];

static u64 rotl(u64 x, unsigned k)
{
	return x << k | x >> (64 - k);
}

static u64 next_random(void)
{
	u64 result, t;

	if (!state[0]) {
		u64 z = bare_ticks() ^ (u64)wall_ns();

		for (unsigned i = 0; i < 4; i++) {
			z += 0x9e3779b97f4a7c15ULL;
			t = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
			t = (t ^ t >> 27) * 0x94d049bb133111ebULL;
			state[i] = (t ^ t >> 31) | 1;
		}
	}
	state[1] ^= bare_ticks() & 0xff;
	result = rotl(state[1] * 5, 7) * 9;
	t = state[1] << 17;
	state[2] ^= state[0];
	state[3] ^= state[1];
	state[1] ^= state[2];
	state[0] ^= state[3];
	state[2] ^= t;
	state[3] = rotl(state[3], 45);
	return result;
}

void random_bytes(void *to, size_t n)
{
	u8 *at = to;
	u64 r = 0;

	for (size_t i = 0; i < n; i++) {
		if (i % 8 == 0)
			r = next_random();
		at[i] = (u8)(r >> (i % 8 * 8));
	}
}

static long random_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	u8 buf[256];
	size_t done = 0, bad = 0;

	(void)f, (void)pos;
	while (done < n && !bad) {
		size_t len = min(n - done, sizeof(buf));

		random_bytes(buf, len);
		bad = io_put(io, buf, len);
		done += len - bad;
		if (signal_pending(current))
			break;
	}
	return done || !n ? (long)done : -EFAULT;
}

/* What is written to the kernel log appears on the console. */
static long kmsg_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	char line[256];
	size_t len = min(n, sizeof(line) - 1), bad;

	(void)f, (void)pos;
	bad = io_get(io, line, len);
	if (bad == len && len)
		return -EFAULT;
	line[len - bad] = 0;
	printk("%s%s", line, len && line[len - bad - 1] == '\n' ? "" : "\n");
	return (long)n;
}

static const struct file_ops null_ops = { .read = null_read, .write = null_write };
static const struct file_ops zero_ops = { .read = zero_read, .write = null_write };
static const struct file_ops full_ops = { .read = zero_read, .write = full_write };
static const struct file_ops random_ops = { .read = random_read, .write = null_write };
static const struct file_ops kmsg_ops = { .read = null_read, .write = kmsg_write };

static const struct device {
	const char *name;
	u32 rdev, mode;
	const struct file_ops *ops;
} devices[] = {
	{ "null", MKDEV(1, 3), 0666, &null_ops },      { "zero", MKDEV(1, 5), 0666, &zero_ops },
	{ "full", MKDEV(1, 7), 0666, &full_ops },      { "random", MKDEV(1, 8), 0666, &random_ops },
	{ "urandom", MKDEV(1, 9), 0666, &random_ops }, { "kmsg", MKDEV(1, 11), 0644, &kmsg_ops },
	{ "tty", MKDEV(5, 0), 0666, &tty_ops },        { "console", MKDEV(5, 1), 0600, &tty_ops },
	{ "ttyS0", MKDEV(4, 64), 0620, &tty_ops },
};

const struct file_ops *device_ops(u32 rdev)
{
	for (unsigned i = 0; i < ARRAY_SIZE(devices); i++)
		if (devices[i].rdev == rdev)
			return devices[i].ops;
	return NULL;
}

bool is_dev_zero(const struct kfile *f)
{
	return f->ops == &zero_ops;
}

/* /dev as the usual programs expect it.  0 or -errno. */
int dev_populate(void)
{
	static const char *const links[][2] = {
		{ "fd", "/proc/self/fd" },
		{ "stdin", "/proc/self/fd/0" },
		{ "stdout", "/proc/self/fd/1" },
		{ "stderr", "/proc/self/fd/2" },
	};
	struct dentry *dir, *d;
	int error = ramfs_mkdir_p("/dev", 0755);

	if (!error)
		error = ramfs_mkdir_p("/dev/shm", 01777);
	if (error)
		return error;
	dir = path_lookup(AT_FDCWD, "/dev", WALK_FOLLOW | WALK_DIR);
	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	mutex_lock(&fs_mutex);
	for (unsigned i = 0; i < ARRAY_SIZE(devices) && !error; i++) {
		size_t len = strlen(devices[i].name);

		d = dir_lookup(dir, devices[i].name, len);
		if (!d)
			d = ramfs_create(dir, devices[i].name, len, S_IFCHR | devices[i].mode,
					 devices[i].rdev);
		error = IS_ERR(d) ? (int)PTR_ERR(d) : 0;
		if (!error)
			dput(d);
	}
	for (unsigned i = 0; i < ARRAY_SIZE(links) && !error; i++) {
		d = dir_lookup(dir, links[i][0], strlen(links[i][0]));
		if (!d)
			error = ramfs_symlink(dir, links[i][0], strlen(links[i][0]), links[i][1]);
		else
			dput(d);
	}
	mutex_unlock(&fs_mutex);
	dput(dir);
	return error;
}
