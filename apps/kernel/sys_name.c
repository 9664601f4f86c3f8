/* SPDX-License-Identifier: MIT */
/*
 * sys_name.c - system calls on names: open, stat, link, rename, mkdir, chmod and
 * their kin.
 *
 * The variants with and without a directory descriptor share one body each.
 */
#include "fs/fs.h"
#include "syscall.h"
#include <quire/mmzone.h>

/* ---- open ------------------------------------------------------------------------------------ */
long sys_openat(int dfd, const char __user *path, u32 flags, u32 mode)
{
	char *name = getname(path);
	struct kfile *f;
	long fd;

	if (IS_ERR(name))
		return PTR_ERR(name);
	if ((flags & O_TMPFILE) == O_TMPFILE)
		f = ERR_PTR(-EOPNOTSUPP);
	else
		f = file_open(dfd, name, flags, mode);
	kfree(name);
	if (IS_ERR(f))
		return PTR_ERR(f);
	fd = fd_alloc(f, 0, flags & O_CLOEXEC);
	if (fd < 0)
		kfile_put(f);
	return fd;
}

long sys_open(const char __user *path, u32 flags, u32 mode)
{
	return sys_openat(AT_FDCWD, path, flags, mode);
}

long sys_creat(const char __user *path, u32 mode)
{
	return sys_openat(AT_FDCWD, path, O_CREAT | O_WRONLY | O_TRUNC, mode);
}

/* ---- what a name or descriptor stands for ---------------------------------------------------- */

/* A referenced inode or an error pointer. */
static struct inode *find_inode(int dfd, const char __user *path, unsigned flags)
{
	char *name = getname(path);
	struct inode *inode;
	struct dentry *d;
	struct kfile *f;

	if (IS_ERR(name))
		return ERR_PTR(PTR_ERR(name));
	if (!*name && (flags & AT_EMPTY_PATH) && dfd != AT_FDCWD) {
		kfree(name);
		f = fget((unsigned)dfd);
		if (!f)
			return ERR_PTR(-EBADF);
		inode = f->inode;
		atomic_inc(&inode->refs);
		kfile_put(f);
		return inode;
	}
	d = path_lookup(dfd, !*name && (flags & AT_EMPTY_PATH) ? "." : name,
			flags & AT_SYMLINK_NOFOLLOW ? 0 : WALK_FOLLOW);
	kfree(name);
	if (IS_ERR(d))
		return ERR_PTR(PTR_ERR(d));
	inode = d->inode;
	atomic_inc(&inode->refs);
	dput(d);
	return inode;
}

static struct inode *inode_of_fd(unsigned fd)
{
	struct kfile *f = fget(fd);
	struct inode *inode;

	if (!f)
		return ERR_PTR(-EBADF);
	inode = f->inode;
	atomic_inc(&inode->refs);
	kfile_put(f);
	return inode;
}

static long put_stat(struct inode *inode, struct linux_stat __user *out)
{
	struct linux_stat st;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode_stat(inode, &st);
	inode_put(inode);
	return copy_to_user(out, &st, sizeof(st)) ? -EFAULT : 0;
}

long sys_newfstatat(int dfd, const char __user *path, struct linux_stat __user *out, unsigned flags)
{
	if (flags & ~(unsigned)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH | 0x800))
		return -EINVAL;
	return put_stat(find_inode(dfd, path, flags), out);
}

long sys_stat(const char __user *path, struct linux_stat __user *out)
{
	return put_stat(find_inode(AT_FDCWD, path, 0), out);
}

long sys_lstat(const char __user *path, struct linux_stat __user *out)
{
	return put_stat(find_inode(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW), out);
}

long sys_fstat(unsigned fd, struct linux_stat __user *out)
{
	return put_stat(inode_of_fd(fd), out);
}

static struct linux_statx_timestamp stamp(u64 sec, u64 nsec)
{
	return (struct linux_statx_timestamp){ (s64)sec, (u32)nsec, 0 };
}

long sys_statx(int dfd, const char __user *path, unsigned flags, unsigned mask,
	       struct linux_statx __user *out)
{
	struct inode *inode = find_inode(dfd, path, flags);
	struct linux_statx x;
	struct linux_stat st;

	(void)mask;
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode_stat(inode, &st);
	inode_put(inode);
	memset(&x, 0, sizeof(x));
	x.stx_mask = 0x7ff;
	x.stx_blksize = (u32)st.st_blksize;
	x.stx_nlink = (u32)st.st_nlink;
	x.stx_uid = st.st_uid;
	x.stx_gid = st.st_gid;
	x.stx_mode = (u16)st.st_mode;
	x.stx_ino = st.st_ino;
	x.stx_size = (u64)st.st_size;
	x.stx_blocks = (u64)st.st_blocks;
	x.stx_atime = stamp(st.st_atime, st.st_atime_nsec);
	x.stx_mtime = stamp(st.st_mtime, st.st_mtime_nsec);
	x.stx_ctime = stamp(st.st_ctime, st.st_ctime_nsec);
	x.stx_rdev_major = MAJOR((u32)st.st_rdev);
	x.stx_rdev_minor = MINOR((u32)st.st_rdev);
	x.stx_dev_major = MAJOR((u32)st.st_dev);
	x.stx_dev_minor = MINOR((u32)st.st_dev);
	return copy_to_user(out, &x, sizeof(x)) ? -EFAULT : 0;
}

static long get_statfs(struct inode *inode, struct linux_statfs *s)
{
	bool ram;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	ram = ramfs_is(inode);
	inode_put(inode);
	memset(s, 0, sizeof(*s));
	s->f_type = ram ? 0x01021994 : 0x9fa0; /* tmpfs, proc */
	s->f_bsize = s->f_frsize = PAGE_SIZE;
	s->f_namelen = NAME_MAX;
	if (ram) {
		s->f_blocks = totalram_pages();
		s->f_bfree = s->f_bavail = nr_free_pages();
		s->f_files = s->f_ffree = s->f_blocks;
	}
	return 0;
}

long statfs_of_path(const char __user *path, struct linux_statfs *out)
{
	return get_statfs(find_inode(AT_FDCWD, path, 0), out);
}

long statfs_of_fd(unsigned fd, struct linux_statfs *out)
{
	return get_statfs(inode_of_fd(fd), out);
}

long sys_statfs(const char __user *path, struct linux_statfs __user *out)
{
	struct linux_statfs s;
	long r = statfs_of_path(path, &s);

	return r ? r : copy_to_user(out, &s, sizeof(s)) ? -EFAULT : 0;
}

long sys_fstatfs(unsigned fd, struct linux_statfs __user *out)
{
	struct linux_statfs s;
	long r = statfs_of_fd(fd, &s);

	return r ? r : copy_to_user(out, &s, sizeof(s)) ? -EFAULT : 0;
}

/* Everybody is root: only execution can be refused. */
long sys_faccessat2(int dfd, const char __user *path, unsigned mode, unsigned flags)
{
	struct inode *inode;
	long r = 0;

	if (mode & ~7u)
		return -EINVAL;
	inode = find_inode(dfd, path, flags);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	if ((mode & 1) && S_ISREG(inode->mode) && !(inode->mode & 0111))
		r = -EACCES;
	if ((mode & 2) && !ramfs_is(inode) && !(inode->mode & 0222))
		r = -EACCES;
	inode_put(inode);
	return r;
}

long sys_faccessat(int dfd, const char __user *path, unsigned mode)
{
	return sys_faccessat2(dfd, path, mode, 0);
}

long sys_access(const char __user *path, unsigned mode)
{
	return sys_faccessat2(AT_FDCWD, path, mode, 0);
}

/* ---- attributes ------------------------------------------------------------------------------ */
static long change_mode(struct inode *inode, u32 mode)
{
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	inode->mode = (inode->mode & S_IFMT) | (mode & 07777);
	inode->ctime = wall_ns();
	inode_put(inode);
	return 0;
}

long sys_fchmodat(int dfd, const char __user *path, u32 mode)
{
	return change_mode(find_inode(dfd, path, 0), mode);
}

long sys_chmod(const char __user *path, u32 mode)
{
	return change_mode(find_inode(AT_FDCWD, path, 0), mode);
}

long sys_fchmod(unsigned fd, u32 mode)
{
	return change_mode(inode_of_fd(fd), mode);
}

static long change_owner(struct inode *inode, u32 uid, u32 gid)
{
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	if (uid != ~0u)
		inode->uid = uid;
	if (gid != ~0u)
		inode->gid = gid;
	inode->ctime = wall_ns();
	inode_put(inode);
	return 0;
}

long sys_fchownat(int dfd, const char __user *path, u32 uid, u32 gid, unsigned flags)
{
	return change_owner(find_inode(dfd, path, flags), uid, gid);
}

long sys_chown(const char __user *path, u32 uid, u32 gid)
{
	return change_owner(find_inode(AT_FDCWD, path, 0), uid, gid);
}

long sys_lchown(const char __user *path, u32 uid, u32 gid)
{
	return change_owner(find_inode(AT_FDCWD, path, AT_SYMLINK_NOFOLLOW), uid, gid);
}

long sys_fchown(unsigned fd, u32 uid, u32 gid)
{
	return change_owner(inode_of_fd(fd), uid, gid);
}

#define UTIME_NOW  0x3fffffff
#define UTIME_OMIT 0x3ffffffe

static void set_time(s64 *at, const struct linux_timespec *ts)
{
	if (ts->tv_nsec == UTIME_OMIT)
		return;
	*at = ts->tv_nsec == UTIME_NOW ? wall_ns() : ts->tv_sec * NSEC_PER_SEC + ts->tv_nsec;
}

static long change_times(struct inode *inode, const struct linux_timespec ts[2])
{
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	set_time(&inode->atime, &ts[0]);
	set_time(&inode->mtime, &ts[1]);
	inode->ctime = wall_ns();
	inode_put(inode);
	return 0;
}

static const struct linux_timespec times_now[2] = { { 0, UTIME_NOW }, { 0, UTIME_NOW } };

long do_utimens(int dfd, const char __user *path, const struct linux_timespec *times,
		unsigned flags)
{
	return change_times(path ? find_inode(dfd, path, flags) : inode_of_fd((unsigned)dfd),
			    times ? times : times_now);
}

long sys_utimensat(int dfd, const char __user *path, const struct linux_timespec __user *times,
		   unsigned flags)
{
	struct linux_timespec ts[2];

	if (times && (read_timespec(&times[0], &ts[0]) || read_timespec(&times[1], &ts[1])))
		return -EFAULT;
	return do_utimens(dfd, path, times ? ts : NULL, flags);
}

long sys_utimes(const char __user *path, const struct linux_timeval __user *times)
{
	struct linux_timespec ts[2];
	struct linux_timeval tv[2];

	if (times && copy_from_user(tv, times, sizeof(tv)))
		return -EFAULT;
	for (unsigned i = 0; times && i < 2; i++)
		ts[i] = (struct linux_timespec){ tv[i].tv_sec, (s64)tv[i].tv_usec * 1000 };
	return change_times(find_inode(AT_FDCWD, path, 0), times ? ts : times_now);
}

long sys_utime(const char __user *path, const long __user *times)
{
	struct linux_timespec ts[2];
	long t[2];

	if (times && copy_from_user(t, times, sizeof(t)))
		return -EFAULT;
	for (unsigned i = 0; times && i < 2; i++)
		ts[i] = (struct linux_timespec){ t[i], 0 };
	return change_times(find_inode(AT_FDCWD, path, 0), times ? ts : times_now);
}

long sys_truncate(const char __user *path, quire_loff_t size)
{
	struct inode *inode = find_inode(AT_FDCWD, path, 0);
	long r;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	r = ramfs_truncate(inode, size);
	inode_put(inode);
	return r;
}

long sys_umask(u32 mask)
{
	u32 old = current->fs->umask;

	current->fs->umask = mask & 0777;
	return (long)old;
}

/* ---- making and removing names --------------------------------------------------------------- */

/* A name to work on: its directory, and the last component. */
struct place {
	struct dentry *dir;
	char name[NAME_MAX + 1];
	bool slash; /* the path ended in one */
};

/* 0 or -errno; with 0 place_done() must follow. */
static int place_find(struct place *p, int dfd, const char __user *path)
{
	char *name = getname(path);

	if (IS_ERR(name))
		return (int)PTR_ERR(name);
	p->slash = *name && name[strlen(name) - 1] == '/';
	p->dir = path_parent(dfd, name, p->name);
	kfree(name);
	return IS_ERR(p->dir) ? (int)PTR_ERR(p->dir) : 0;
}

static void place_done(struct place *p)
{
	dput(p->dir);
}

static struct dentry *place_lookup(struct place *p)
{
	return p->name[0] ? dir_lookup(p->dir, p->name, strlen(p->name)) : ERR_PTR(-EEXIST);
}

static long make_node(int dfd, const char __user *path, u32 mode, u32 rdev)
{
	struct place *p = kmalloc(sizeof(*p), GFP_KERNEL);
	struct dentry *d;
	long r = p ? place_find(p, dfd, path) : -ENOMEM;

	if (!r) {
		mutex_lock(&fs_mutex);
		d = place_lookup(p);
		if (d)
			r = IS_ERR(d) ? PTR_ERR(d) : -EEXIST;
		else if (p->slash && !S_ISDIR(mode))
			r = -ENOENT;
		if (!IS_ERR_OR_NULL(d))
			dput(d);
		if (!r) {
			d = ramfs_create(p->dir, p->name, strlen(p->name), mode, rdev);
			r = IS_ERR(d) ? PTR_ERR(d) : 0;
			if (!r)
				dput(d);
		}
		mutex_unlock(&fs_mutex);
		place_done(p);
	}
	kfree(p);
	return r;
}

long sys_mkdirat(int dfd, const char __user *path, u32 mode)
{
	return make_node(dfd, path, S_IFDIR | (mode & 01777 & ~current->fs->umask), 0);
}

long sys_mkdir(const char __user *path, u32 mode)
{
	return sys_mkdirat(AT_FDCWD, path, mode);
}

long sys_mknodat(int dfd, const char __user *path, u32 mode, u32 dev)
{
	if (!(mode & S_IFMT))
		mode |= S_IFREG;
	if (!S_ISREG(mode) && !S_ISCHR(mode) && !S_ISBLK(mode) && !S_ISFIFO(mode))
		return S_ISDIR(mode) ? -EPERM : -EINVAL;
	return make_node(dfd, path, (mode & S_IFMT) | (mode & 07777 & ~current->fs->umask), dev);
}

long sys_mknod(const char __user *path, u32 mode, u32 dev)
{
	return sys_mknodat(AT_FDCWD, path, mode, dev);
}

static long remove_name(int dfd, const char __user *path, bool directory)
{
	struct place *p = kmalloc(sizeof(*p), GFP_KERNEL);
	struct dentry *d;
	long r = p ? place_find(p, dfd, path) : -ENOMEM;

	if (!r) {
		mutex_lock(&fs_mutex);
		d = p->name[0] ? place_lookup(p) : ERR_PTR(directory ? -EINVAL : -EISDIR);
		if (IS_ERR_OR_NULL(d)) {
			r = d ? PTR_ERR(d) : -ENOENT;
		} else {
			r = p->slash && !S_ISDIR(d->inode->mode) ? -ENOTDIR
								 : ramfs_unlink(d, directory);
		}
		mutex_unlock(&fs_mutex);
		if (!IS_ERR_OR_NULL(d))
			dput(d);
		place_done(p);
	}
	kfree(p);
	return r;
}

long sys_unlinkat(int dfd, const char __user *path, unsigned flags)
{
	if (flags & ~(unsigned)AT_REMOVEDIR)
		return -EINVAL;
	return remove_name(dfd, path, flags & AT_REMOVEDIR);
}

long sys_unlink(const char __user *path)
{
	return remove_name(AT_FDCWD, path, false);
}

long sys_rmdir(const char __user *path)
{
	return remove_name(AT_FDCWD, path, true);
}

#define RENAME_NOREPLACE 1u

long sys_renameat2(int fromfd, const char __user *from, int tofd, const char __user *to,
		   unsigned flags)
{
	struct place *p = kmalloc(2 * sizeof(*p), GFP_KERNEL);
	struct dentry *d = NULL;
	long r = -ENOMEM;

	if (!p)
		return r;
	if (flags & ~RENAME_NOREPLACE) {
		kfree(p);
		return -EINVAL;
	}
	r = place_find(&p[0], fromfd, from);
	if (r)
		goto out;
	r = place_find(&p[1], tofd, to);
	if (r)
		goto out_first;
	mutex_lock(&fs_mutex);
	d = p[0].name[0] && p[1].name[0] ? place_lookup(&p[0]) : ERR_PTR(-EBUSY);
	if (IS_ERR_OR_NULL(d))
		r = d ? PTR_ERR(d) : -ENOENT;
	else if ((p[0].slash || p[1].slash) && !S_ISDIR(d->inode->mode))
		r = -ENOTDIR;
	else
		r = ramfs_rename(d, p[1].dir, p[1].name, strlen(p[1].name),
				 flags & RENAME_NOREPLACE);
	mutex_unlock(&fs_mutex);
	if (!IS_ERR_OR_NULL(d))
		dput(d);
	place_done(&p[1]);
out_first:
	place_done(&p[0]);
out:
	kfree(p);
	return r;
}

long sys_renameat(int fromfd, const char __user *from, int tofd, const char __user *to)
{
	return sys_renameat2(fromfd, from, tofd, to, 0);
}

long sys_rename(const char __user *from, const char __user *to)
{
	return sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_linkat(int fromfd, const char __user *from, int tofd, const char __user *to,
		unsigned flags)
{
	struct inode *inode = find_inode(
		fromfd, from,
		(flags & AT_EMPTY_PATH) | (flags & AT_SYMLINK_FOLLOW ? 0 : AT_SYMLINK_NOFOLLOW));
	struct place *p;
	struct dentry *d;
	long r;

	if (IS_ERR(inode))
		return PTR_ERR(inode);
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	r = S_ISDIR(inode->mode) ? -EPERM : !p ? -ENOMEM : place_find(p, tofd, to);
	if (!r) {
		mutex_lock(&fs_mutex);
		d = place_lookup(p);
		if (d)
			r = IS_ERR(d) ? PTR_ERR(d) : -EEXIST;
		if (!IS_ERR_OR_NULL(d))
			dput(d);
		if (!r && (!ramfs_is(inode) || !ramfs_is(p->dir->inode)))
			r = -EXDEV;
		if (!r) {
			d = ramfs_link(p->dir, p->name, strlen(p->name), inode);
			r = IS_ERR(d) ? PTR_ERR(d) : 0;
			if (!r) {
				inode->nlink++;
				inode->ctime = wall_ns();
				dput(d);
			}
		}
		mutex_unlock(&fs_mutex);
		place_done(p);
	}
	kfree(p);
	inode_put(inode);
	return r;
}

long sys_link(const char __user *from, const char __user *to)
{
	return sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

long sys_symlinkat(const char __user *target, int dfd, const char __user *path)
{
	char *text = getname(target);
	struct place *p;
	struct dentry *d;
	long r;

	if (IS_ERR(text))
		return PTR_ERR(text);
	p = kmalloc(sizeof(*p), GFP_KERNEL);
	r = !*text ? -ENOENT : !p ? -ENOMEM : place_find(p, dfd, path);
	if (!r) {
		mutex_lock(&fs_mutex);
		d = place_lookup(p);
		if (d)
			r = IS_ERR(d) ? PTR_ERR(d) : -EEXIST;
		else
			r = ramfs_symlink(p->dir, p->name, strlen(p->name), text);
		mutex_unlock(&fs_mutex);
		if (!IS_ERR_OR_NULL(d))
			dput(d);
		place_done(p);
	}
	kfree(p);
	kfree(text);
	return r;
}

long sys_symlink(const char __user *target, const char __user *path)
{
	return sys_symlinkat(target, AT_FDCWD, path);
}

long sys_readlinkat(int dfd, const char __user *path, char __user *buf, int size)
{
	struct inode *inode;
	char *text;
	long n;

	if (size <= 0)
		return -EINVAL;
	inode = find_inode(dfd, path, AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH);
	if (IS_ERR(inode))
		return PTR_ERR(inode);
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!S_ISLNK(inode->mode))
		n = -EINVAL;
	else
		n = text ? inode->ops->readlink(inode, text, PATH_MAX) : -ENOMEM;
	if (n > 0) {
		n = min(n, (long)size);
		if (copy_to_user(buf, text, (size_t)n))
			n = -EFAULT;
	}
	kfree(text);
	inode_put(inode);
	return n;
}

long sys_readlink(const char __user *path, char __user *buf, int size)
{
	return sys_readlinkat(AT_FDCWD, path, buf, size);
}

/* No file system here keeps extended attributes. */
long sys_no_xattr(void)
{
	return -EOPNOTSUPP;
}
