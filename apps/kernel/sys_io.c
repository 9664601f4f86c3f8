/* SPDX-License-Identifier: MIT */
/*
 * sys_io.c - system calls on open files: read, write and their relatives, lseek, ioctl, sendfile,
 * directories.
 */
#include "fs/fs.h"
#include "syscall.h"

/* Check the descriptor and its mode.  A referenced file, or an error pointer. */
static struct kfile *get_for(unsigned fd, unsigned mode)
{
	struct kfile *f = fget(fd);

	if (!f)
		return ERR_PTR(-EBADF);
	if (f->f.f_mode & mode)
		return f;
	kfile_put(f);
	return ERR_PTR(-EBADF);
}

static long do_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	if (!f->ops->read)
		return S_ISDIR(f->inode->mode) ? -EISDIR : -EINVAL;
	if (!io->kernel && !access_ok((void __user *)io->at, n))
		return -EFAULT;
	return f->ops->read(f, io, min(n, (size_t)0x7ffff000), pos);
}

static long do_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	if (!f->ops->write)
		return -EINVAL;
	if (!io->kernel && !access_ok((void __user *)io->at, n))
		return -EFAULT;
	return f->ops->write(f, io, min(n, (size_t)0x7ffff000), pos);
}

long sys_read(unsigned fd, char __user *buf, size_t n)
{
	struct kfile *f = get_for(fd, FMODE_READ);
	struct iobuf io = { .at = (char *)buf };
	long r;

	if (IS_ERR(f))
		return PTR_ERR(f);
	r = do_read(f, &io, n, &f->pos);
	kfile_put(f);
	return r;
}

long sys_write(unsigned fd, const char __user *buf, size_t n)
{
	struct kfile *f = get_for(fd, FMODE_WRITE);
	struct iobuf io = { .at = (char *)buf };
	long r;

	if (IS_ERR(f))
		return PTR_ERR(f);
	r = do_write(f, &io, n, &f->pos);
	kfile_put(f);
	return r;
}

static long at_position(unsigned fd, char __user *buf, size_t n, quire_loff_t pos, bool write)
{
	struct kfile *f = get_for(fd, write ? FMODE_WRITE : FMODE_READ);
	struct iobuf io = { .at = (char *)buf };
	long r;

	if (IS_ERR(f))
		return PTR_ERR(f);
	if (pos < 0)
		r = -EINVAL;
	else if (f->ops->stream)
		r = -ESPIPE;
	else
		r = write ? do_write(f, &io, n, &pos) : do_read(f, &io, n, &pos);
	kfile_put(f);
	return r;
}

long sys_pread64(unsigned fd, char __user *buf, size_t n, quire_loff_t pos)
{
	return at_position(fd, buf, n, pos, false);
}

long sys_pwrite64(unsigned fd, const char __user *buf, size_t n, quire_loff_t pos)
{
	return at_position(fd, (char __user *)buf, n, pos, true);
}

/* ---- vectors --------------------------------------------------------------------------------- */
static long vector(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		   quire_loff_t *at, bool write)
{
	struct kfile *f = get_for(fd, write ? FMODE_WRITE : FMODE_READ);
	struct linux_iovec v;
	long done = 0, r = 0;
	quire_loff_t *pos;

	if (IS_ERR(f))
		return PTR_ERR(f);
	if (count > IOV_MAX || (at && (*at < 0 || f->ops->stream))) {
		kfile_put(f);
		return count > IOV_MAX || *at < 0 ? -EINVAL : -ESPIPE;
	}
	pos = at ? at : &f->pos;
	for (unsigned long i = 0; i < count; i++) {
		struct iobuf io;

		r = copy_from_user(&v, vec + i, sizeof(v)) ? -EFAULT
		    : (long)v.len < 0                      ? -EINVAL
							   : 0;
		if (r || !v.len) {
			if (r)
				break;
			continue;
		}
		io = (struct iobuf){ .at = (char *)v.base };
		r = write ? do_write(f, &io, v.len, pos) : do_read(f, &io, v.len, pos);
		if (r < 0)
			break;
		done += r;
		if ((size_t)r < v.len)
			break;
	}
	kfile_put(f);
	return done ? done : r < 0 ? r : 0;
}

long sys_readv(unsigned fd, const struct linux_iovec __user *vec, unsigned long count)
{
	return vector(fd, vec, count, NULL, false);
}

long sys_writev(unsigned fd, const struct linux_iovec __user *vec, unsigned long count)
{
	return vector(fd, vec, count, NULL, true);
}

long sys_preadv(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		quire_loff_t pos)
{
	return vector(fd, vec, count, &pos, false);
}

long sys_pwritev(unsigned fd, const struct linux_iovec __user *vec, unsigned long count,
		 quire_loff_t pos)
{
	return vector(fd, vec, count, &pos, true);
}

/* ---- position and size ----------------------------------------------------------------------- */
/* The first page at or after `first` that is cached, or -1. */
static s64 next_cached(struct address_space *mapping, pgoff_t first)
{
	struct page *page = find_get_next_page(mapping, &first, (pgoff_t)-2);

	if (!page)
		return -1;
	put_page(page);
	return (s64)first - 1;
}

/* SEEK_DATA (3) and SEEK_HOLE (4): a page that is not cached is a hole. */
static quire_loff_t seek_data(struct kfile *f, quire_loff_t off, bool data)
{
	struct address_space *mapping = f->f.f_mapping;
	quire_loff_t size = mapping ? mapping->i_size : f->inode->data.i_size;
	s64 page = off >> PAGE_SHIFT, next;

	if (off < 0 || off >= size)
		return -ENXIO;
	if (!mapping)
		return data ? off : size;
	next = next_cached(mapping, (pgoff_t)page);
	if (data) {
		if (next < 0 || next << PAGE_SHIFT >= size)
			return -ENXIO;
		return max(off, next << PAGE_SHIFT);
	}
	for (; next == page; next = next_cached(mapping, (pgoff_t)page))
		page++;
	off = max(off, page << PAGE_SHIFT);
	return min(off, size);
}

quire_loff_t do_lseek(unsigned fd, quire_loff_t off, int whence)
{
	struct kfile *f = fget(fd);
	quire_loff_t base = 0, to;

	if (!f)
		return -EBADF;
	if (f->ops->stream || !f->inode || S_ISFIFO(f->inode->mode)) {
		kfile_put(f);
		return -ESPIPE;
	}
	switch (whence) {
	case 0: break;
	case 1: base = f->pos; break;
	case 2: base = f->inode->data.i_size; break;
	case 3:
	case 4: off = seek_data(f, off, whence == 3); break;
	default:
		off = -EINVAL;
		base = 0;
		break;
	}
	if (whence < 0 || whence > 4 || (whence >= 3 && off < 0)) {
		to = off;
	} else if (__builtin_add_overflow(base, off, &to)) {
		to = -EOVERFLOW;
	} else if (to < 0) {
		to = -EINVAL;
	} else {
		f->pos = to;
	}
	kfile_put(f);
	return to;
}

long sys_lseek(unsigned fd, long off, int whence)
{
	quire_loff_t to = do_lseek(fd, off, whence);

	return to == (long)to ? (long)to : -EOVERFLOW;
}

long sys_ftruncate(unsigned fd, quire_loff_t size)
{
	struct kfile *f = fget(fd);
	long r;

	if (!f)
		return -EBADF;
	if (!(f->f.f_mode & FMODE_WRITE) || !f->inode || !S_ISREG(f->inode->mode))
		r = -EINVAL;
	else
		r = ramfs_truncate(f->inode, size);
	kfile_put(f);
	return r;
}

#define FALLOC_FL_KEEP_SIZE  1
#define FALLOC_FL_PUNCH_HOLE 2
#define FALLOC_FL_ZERO_RANGE 16

/* Make the pages of [off, end) exist. */
static long allocate_pages(struct inode *inode, quire_loff_t off, quire_loff_t end)
{
	for (s64 i = off >> PAGE_SHIFT; i <= (end - 1) >> PAGE_SHIFT; i++) {
		struct page *page = read_mapping_page(&inode->data, (pgoff_t)i);

		if (IS_ERR(page))
			return PTR_ERR(page) == -ENOMEM ? -ENOSPC : PTR_ERR(page);
		set_page_dirty(page);
		put_page(page);
		if (signal_pending(current))
			return -EINTR;
	}
	return 0;
}

static long allocate(struct inode *inode, int mode, quire_loff_t off, quire_loff_t len)
{
	quire_loff_t end;
	long r;

	if (off < 0 || len <= 0 || __builtin_add_overflow(off, len, &end) || ramfs_too_large(end))
		return off < 0 || len <= 0 ? -EINVAL : -EFBIG;
	if (mode & ~(FALLOC_FL_KEEP_SIZE | FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE))
		return -EOPNOTSUPP;
	if ((mode & FALLOC_FL_PUNCH_HOLE) && !(mode & FALLOC_FL_KEEP_SIZE))
		return -EOPNOTSUPP;
	if (!S_ISREG(inode->mode) || !ramfs_is(inode))
		return S_ISFIFO(inode->mode) ? -ESPIPE : -ENODEV;
	if (inode->seals & 0x18)
		return -EPERM;
	if (mode & (FALLOC_FL_PUNCH_HOLE | FALLOC_FL_ZERO_RANGE)) {
		truncate_pagecache_range(&inode->data, off, end);
		r = 0;
	} else {
		r = allocate_pages(inode, off, end);
	}
	if (!r && !(mode & FALLOC_FL_KEEP_SIZE) && end > inode->data.i_size)
		truncate_setsize(&inode->data, end);
	return r;
}

long sys_fallocate(unsigned fd, int mode, quire_loff_t off, quire_loff_t len)
{
	struct kfile *f = get_for(fd, FMODE_WRITE);
	long r;

	if (IS_ERR(f))
		return PTR_ERR(f);
	r = allocate(f->inode, mode, off, len);
	kfile_put(f);
	return r;
}

/* Nothing is behind the page cache: what is written is as safe as it gets. */
static long sync_file(unsigned fd)
{
	struct kfile *f = fget(fd);
	long r;

	if (!f)
		return -EBADF;
	r = f->ops->stream ? -EINVAL : 0;
	kfile_put(f);
	return r;
}

long sys_fsync(unsigned fd)
{
	return sync_file(fd);
}

long sys_fadvise64(unsigned fd, quire_loff_t off, quire_loff_t len, int advice)
{
	(void)off, (void)len;
	return advice < 0 || advice > 5   ? -EINVAL
	       : sync_file(fd) == -EINVAL ? -ESPIPE
					  : sync_file(fd);
}

long sys_sync(void)
{
	return 0;
}

/* Advisory locks: one user of the machine, so they are always granted. */
long sys_flock(unsigned fd, int op)
{
	struct kfile *f = fget(fd);

	if (!f)
		return -EBADF;
	kfile_put(f);
	return (op & ~4) == 1 || (op & ~4) == 2 || (op & ~4) == 8 ? 0 : -EINVAL;
}

/* ---- ioctl ----------------------------------------------------------------------------------- */
#define FIONBIO  0x5421
#define FIOCLEX  0x5451
#define FIONCLEX 0x5450

long sys_ioctl(unsigned fd, unsigned cmd, unsigned long arg)
{
	struct kfile *f;
	int on;
	long r = -ENOTTY;

	if (cmd == FIOCLEX || cmd == FIONCLEX)
		return sys_fcntl(fd, F_SETFD, cmd == FIOCLEX);
	f = fget(fd);
	if (!f)
		return -EBADF;
	if (cmd == FIONBIO) {
		r = get_user(on, (const int __user *)arg) ? -EFAULT : 0;
		if (!r)
			f->flags = on ? f->flags | O_NONBLOCK : f->flags & ~(u32)O_NONBLOCK;
	} else if (f->ops->ioctl) {
		r = f->ops->ioctl(f, cmd, arg);
	}
	kfile_put(f);
	return r;
}

/* ---- pipes ----------------------------------------------------------------------------------- */
long sys_pipe2(int __user *fds, unsigned flags)
{
	struct kfile *ends[2];
	int fd[2];
	long r;

	if (flags & ~(unsigned)(O_CLOEXEC | O_NONBLOCK))
		return -EINVAL;
	r = pipe_pair(ends, flags);
	if (r)
		return r;
	fd[0] = fd_alloc(ends[0], 0, flags & O_CLOEXEC);
	if (fd[0] < 0) {
		kfile_put(ends[0]);
		kfile_put(ends[1]);
		return fd[0];
	}
	fd[1] = fd_alloc(ends[1], 0, flags & O_CLOEXEC);
	if (fd[1] < 0) {
		fd_close((unsigned)fd[0]);
		kfile_put(ends[1]);
		return fd[1];
	}
	if (copy_to_user(fds, fd, sizeof(fd))) {
		fd_close((unsigned)fd[0]);
		fd_close((unsigned)fd[1]);
		return -EFAULT;
	}
	return 0;
}

long sys_pipe(int __user *fds)
{
	return sys_pipe2(fds, 0);
}

/* ---- from file to file ----------------------------------------------------------------------- */

/* Through a page of the kernel's; bytes moved, or -errno if none were. */
static long transfer(struct kfile *from, quire_loff_t *from_pos, struct kfile *to,
		     quire_loff_t *to_pos, size_t n)
{
	size_t chunk = 16384, done = 0;
	char *buf = kmalloc(chunk, GFP_KERNEL);
	long r = 0;

	if (!buf)
		return -ENOMEM;
	while (done < n) {
		struct iobuf in = { .at = buf, .kernel = true },
			     out = { .at = buf, .kernel = true };
		quire_loff_t start = *from_pos;
		long got = do_read(from, &in, min(n - done, chunk), from_pos);

		r = got;
		if (got <= 0)
			break;
		r = do_write(to, &out, (size_t)got, to_pos);
		if (r < got && !from->ops->stream)
			*from_pos = start + max(r, 0L);
		if (r <= 0)
			break;
		done += (size_t)r;
		if (r < got || signal_pending(current))
			break;
	}
	kfree(buf);
	return done ? (long)done : r;
}

long sys_sendfile(unsigned out, unsigned in, quire_loff_t __user *upos, size_t n)
{
	struct kfile *from = get_for(in, FMODE_READ), *to;
	quire_loff_t pos;
	long r;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = get_for(out, FMODE_WRITE);
	if (IS_ERR(to)) {
		kfile_put(from);
		return PTR_ERR(to);
	}
	if (from->ops->stream) {
		r = -EINVAL;
	} else if (!upos) {
		r = transfer(from, &from->pos, to, &to->pos, n);
	} else if (get_user(pos, upos)) {
		r = -EFAULT;
	} else {
		r = pos < 0 ? -EINVAL : transfer(from, &pos, to, &to->pos, n);
		if (r >= 0 && put_user(pos, upos))
			r = -EFAULT;
	}
	kfile_put(from);
	kfile_put(to);
	return r;
}

long sys_copy_file_range(unsigned in, quire_loff_t __user *uin, unsigned out,
			 quire_loff_t __user *uout, size_t n, unsigned flags)
{
	struct kfile *from = get_for(in, FMODE_READ), *to;
	quire_loff_t a, b;
	long r = 0;

	if (IS_ERR(from))
		return PTR_ERR(from);
	to = get_for(out, FMODE_WRITE);
	if (IS_ERR(to)) {
		kfile_put(from);
		return PTR_ERR(to);
	}
	a = from->pos;
	b = to->pos;
	if (flags || !S_ISREG(from->inode->mode) || !S_ISREG(to->inode->mode) ||
	    from->inode == to->inode)
		r = -EINVAL;
	if (!r && ((uin && get_user(a, uin)) || (uout && get_user(b, uout))))
		r = -EFAULT;
	if (!r)
		r = a < 0 || b < 0 ? -EINVAL : transfer(from, &a, to, &b, n);
	if (r > 0) {
		if (!uin)
			from->pos = a;
		if (!uout)
			to->pos = b;
		if ((uin && put_user(a, uin)) || (uout && put_user(b, uout)))
			r = -EFAULT;
	}
	kfile_put(from);
	kfile_put(to);
	return r;
}

/* ---- directories ----------------------------------------------------------------------------- */
struct getdents {
	struct dir_context ctx;
	char __user *at;
	size_t room, done;
	bool old; /* getdents: struct linux_dirent */
	int error;
};

static bool emit_dirent(struct dir_context *ctx, const char *name, size_t len, u64 ino,
			unsigned type)
{
	struct getdents *g = container_of(ctx, struct getdents, ctx);
	char record[NAME_MAX + 32] __attribute__((__aligned__(8)));
	struct linux_dirent64 *d = (struct linux_dirent64 *)record;
	struct linux_dirent *old = (struct linux_dirent *)record;
	size_t name_at = g->old ? offsetof(struct linux_dirent, d_name)
				: offsetof(struct linux_dirent64, d_name);
	size_t size = QUIRE_ALIGN_UP(name_at + len + 2, g->old ? sizeof(long) : (size_t)8);

	if (size > g->room - g->done) {
		g->error = g->done ? 0 : -EINVAL;
		return false;
	}
	memset(record, 0, size);
	if (g->old) {
		old->d_ino = (unsigned long)ino;
		old->d_off = (long)ctx->pos + 1;
		old->d_reclen = (u16)size;
		record[size - 1] = (char)type;
	} else {
		d->d_ino = ino;
		d->d_off = (s64)ctx->pos + 1;
		d->d_reclen = (u16)size;
		d->d_type = (u8)type;
	}
	memcpy(record + name_at, name, len);
	if (copy_to_user(g->at + g->done, record, size)) {
		g->error = -EFAULT;
		return false;
	}
	g->done += size;
	return true;
}

static long get_entries(unsigned fd, char __user *buf, size_t n, bool old)
{
	struct kfile *f = fget(fd);
	struct getdents g = { .ctx = { .emit = emit_dirent }, .at = buf, .room = n, .old = old };
	int error;

	if (!f)
		return -EBADF;
	if (!f->ops->readdir) {
		kfile_put(f);
		return -ENOTDIR;
	}
	g.ctx.pos = (u64)f->pos;
	error = f->ops->readdir(f, &g.ctx);
	f->pos = (quire_loff_t)g.ctx.pos;
	kfile_put(f);
	if (!error && !g.done)
		error = g.error;
	return error ? error : (long)g.done;
}

long sys_getdents64(unsigned fd, char __user *buf, unsigned n)
{
	return get_entries(fd, buf, n, false);
}

long sys_getdents(unsigned fd, char __user *buf, unsigned n)
{
	return get_entries(fd, buf, n, true);
}
