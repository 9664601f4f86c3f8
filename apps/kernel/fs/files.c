/* SPDX-License-Identifier: MIT */
/*
 * fs/files.c - descriptor tables and the life of an open file.
 *
 *   struct files: fd[] and a close-on-exec bit for each; 32 slots inside, more from the heap
 *
 * Lock: files->lock for the slots.  A kfile lives by its reference count.
 */
#include "fs.h"

static struct kmem_cache *files_cache, *fs_cache, *kfile_cache;

int files_init(void)
{
	files_cache = kmem_cache_create("files_cache", sizeof(struct files), 0, 0, NULL);
	fs_cache = kmem_cache_create("fs_cache", sizeof(struct fs_info), 0, 0, NULL);
	kfile_cache = kmem_cache_create("filp", sizeof(struct kfile), 0, 0, NULL);
	return files_cache && fs_cache && kfile_cache ? 0 : -ENOMEM;
}

/* ---- kfiles: the library's view of them ------------------------------------------------------ */
static void kfile_release(struct file *file)
{
	struct kfile *f = container_of(file, struct kfile, f);

	if (f->ops->release)
		f->ops->release(f);
	if (f->dentry)
		dput(f->dentry);
	else if (f->inode)
		inode_put(f->inode);
	kmem_cache_free(kfile_cache, f);
}

static void kfile_identify(struct file *file, struct file_identity *id)
{
	struct kfile *f = container_of(file, struct kfile, f);

	id->dev_major = f->inode ? MAJOR(f->inode->dev) : 0;
	id->dev_minor = f->inode ? MINOR(f->inode->dev) : 0;
	id->ino = f->inode ? f->inode->ino : 0;
}

static size_t kfile_path(struct file *file, char *buf, size_t size)
{
	struct kfile *f = container_of(file, struct kfile, f);

	if (!f->dentry || !size)
		return 0;
	return dentry_path(f->dentry, buf, size);
}

static int kfile_mmap(struct file *file, struct vm_area_struct *vma)
{
	(void)vma;
	return file->f_mapping ? 0 : -ENODEV;
}

static const struct file_mm_operations kfile_mm_ops = {
	.release = kfile_release,
	.mmap = kfile_mmap,
	.identify = kfile_identify,
	.path = kfile_path,
};

/* One reference for the caller.  NULL: no memory. */
struct kfile *kfile_alloc(const struct file_ops *ops, u32 flags)
{
	struct kfile *f = kmem_cache_alloc(kfile_cache, GFP_KERNEL);

	if (!f)
		return NULL;
	memset(f, 0, sizeof(*f));
	atomic_set(&f->f.f_count, 1);
	f->f.f_op = &kfile_mm_ops;
	f->f.f_mode = (flags & O_ACCMODE) == O_RDWR     ? FMODE_READ | FMODE_WRITE
		      : (flags & O_ACCMODE) == O_WRONLY ? FMODE_WRITE
							: FMODE_READ;
	if (flags & O_PATH)
		f->f.f_mode = 0;
	f->ops = ops;
	f->flags = flags;
	return f;
}

/* ---- tables ---------------------------------------------------------------------------------- */
static void table_init(struct files *t)
{
	atomic_set(&t->refs, 1);
	spin_lock_init(&t->lock, "lock", LOCK_RANK_KERNEL_FILES);
	t->size = NR_OPEN_DEFAULT;
	t->used = 0;
	t->fd = t->first_fd;
	t->cloexec = t->first_cloexec;
	t->first_cloexec[0] = 0;
}

static void table_free(struct files *t)
{
	if (t->fd != t->first_fd) {
		kvfree(t->fd);
		kvfree(t->cloexec);
	}
	kmem_cache_free(files_cache, t);
}

/* Room for descriptor `fd`.  0 or -errno.  Sleeps. */
static int table_grow(struct files *t, unsigned fd)
{
	unsigned size = t->size, old_size;
	struct kfile **slots, **old_slots;
	u64 *bits, *old_bits;

	if (fd >= NR_OPEN_MAX)
		return -EMFILE;
	while (size <= fd)
		size *= 2;
	slots = kvzalloc(size * sizeof(*slots), GFP_KERNEL);
	bits = kvzalloc(size / 8 + 8, GFP_KERNEL);
	if (!slots || !bits) {
		kvfree(slots);
		kvfree(bits);
		return -ENOMEM;
	}
	spin_lock(&t->lock);
	old_size = t->size;
	old_slots = t->fd;
	old_bits = t->cloexec;
	if (size <= old_size) { /* another thread was faster */
		spin_unlock(&t->lock);
		kvfree(slots);
		kvfree(bits);
		return 0;
	}
	memcpy(slots, old_slots, t->used * sizeof(*slots));
	memcpy(bits, old_bits, (t->used + 7) / 8);
	t->fd = slots;
	t->cloexec = bits;
	t->size = size;
	spin_unlock(&t->lock);
	if (old_slots != t->first_fd) {
		kvfree(old_slots);
		kvfree(old_bits);
	}
	return 0;
}

static void set_cloexec(struct files *t, unsigned fd, bool on)
{
	if (on)
		t->cloexec[fd / 64] |= 1ULL << (fd % 64);
	else
		t->cloexec[fd / 64] &= ~(1ULL << (fd % 64));
}

struct files *files_get(struct files *f)
{
	atomic_inc(&f->refs);
	return f;
}

struct files *files_copy(struct files *old)
{
	struct files *t = kmem_cache_alloc(files_cache, GFP_KERNEL);

	if (!t)
		return NULL;
	table_init(t);
	if (old->used > t->size && table_grow(t, old->used - 1)) {
		table_free(t);
		return NULL;
	}
	spin_lock(&old->lock);
	t->used = min(old->used, t->size);
	for (unsigned i = 0; i < t->used; i++) {
		t->fd[i] = old->fd[i];
		if (t->fd[i])
			get_file(&t->fd[i]->f);
	}
	memcpy(t->cloexec, old->cloexec, (t->used + 7) / 8);
	spin_unlock(&old->lock);
	return t;
}

void files_put(struct files *t)
{
	if (!atomic_dec_and_test(&t->refs))
		return;
	for (unsigned i = 0; i < t->used; i++)
		if (t->fd[i])
			kfile_put(t->fd[i]);
	table_free(t);
}

void files_close_on_exec(struct files *t)
{
	for (unsigned i = 0; i < t->used; i++) {
		if (t->fd[i] && (t->cloexec[i / 64] >> (i % 64) & 1)) {
			struct kfile *f = t->fd[i];

			t->fd[i] = NULL;
			set_cloexec(t, i, false);
			kfile_put(f);
		}
	}
}

struct kfile *fget(unsigned fd)
{
	struct files *t = current->files;
	struct kfile *f = NULL;

	spin_lock(&t->lock);
	if (fd < t->used) {
		f = t->fd[fd];
		if (f)
			get_file(&f->f);
	}
	spin_unlock(&t->lock);
	return f;
}

/* The lowest free descriptor at or above `from`; -EMFILE at the limit.  The caller keeps f on
 * failure. */
int fd_alloc(struct kfile *f, unsigned from, bool cloexec)
{
	struct files *t = current->files;
	u64 limit = min(current->proc->rlim[RLIMIT_NOFILE].cur, (u64)NR_OPEN_MAX);

	for (;;) {
		unsigned fd = from;
		int error;

		spin_lock(&t->lock);
		while (fd < t->used && t->fd[fd])
			fd++;
		if (fd < t->size && fd < limit) {
			for (; t->used <= fd; t->used++)
				t->fd[t->used] = NULL;
			t->fd[fd] = f;
			set_cloexec(t, fd, cloexec);
			spin_unlock(&t->lock);
			return (int)fd;
		}
		spin_unlock(&t->lock);
		if (fd >= limit)
			return -EMFILE;
		error = table_grow(t, fd);
		if (error)
			return error;
	}
}

/* Put f at `to`, closing what was there.  0 or -errno; takes the reference over if it succeeds. */
static int fd_replace(unsigned to, struct kfile *f, bool cloexec)
{
	struct files *t = current->files;
	struct kfile *old;
	int error = to >= t->size ? table_grow(t, to) : 0;

	if (error)
		return error;
	spin_lock(&t->lock);
	for (; t->used <= to; t->used++)
		t->fd[t->used] = NULL;
	old = t->fd[to];
	t->fd[to] = f;
	set_cloexec(t, to, cloexec);
	spin_unlock(&t->lock);
	if (old)
		kfile_put(old);
	return 0;
}

long fd_close(unsigned fd)
{
	struct files *t = current->files;
	struct kfile *f = NULL;

	spin_lock(&t->lock);
	if (fd < t->used) {
		f = t->fd[fd];
		t->fd[fd] = NULL;
		set_cloexec(t, fd, false);
	}
	spin_unlock(&t->lock);
	if (!f)
		return -EBADF;
	kfile_put(f);
	return 0;
}

/* ---- working directory and umask ------------------------------------------------------------- */
struct fs_info *fs_info_get(struct fs_info *f)
{
	atomic_inc(&f->refs);
	return f;
}

struct fs_info *fs_info_copy(struct fs_info *old)
{
	struct fs_info *f = kmem_cache_alloc(fs_cache, GFP_KERNEL);

	if (!f)
		return NULL;
	atomic_set(&f->refs, 1);
	f->umask = old ? old->umask : 022;
	f->cwd = dget(old ? old->cwd : fs_root);
	f->root = dget(old ? old->root : fs_root);
	return f;
}

void fs_info_put(struct fs_info *f)
{
	if (!atomic_dec_and_test(&f->refs))
		return;
	dput(f->cwd);
	dput(f->root);
	kmem_cache_free(fs_cache, f);
}

/* The first program's table: 0, 1 and 2 are the console. */
int files_open_console(void)
{
	struct task *t = current;
	struct kfile *f;

	t->files = kmem_cache_alloc(files_cache, GFP_KERNEL);
	t->fs = fs_info_copy(NULL);
	if (!t->files || !t->fs)
		return -ENOMEM;
	table_init(t->files);
	f = file_open(AT_FDCWD, "/dev/console", O_RDWR, 0);
	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	for (unsigned i = 0; i < 3; i++) {
		t->files->fd[i] = f;
		if (i)
			get_file(&f->f);
	}
	t->files->used = 3;
	return 0;
}

/* ---- system calls on descriptors ------------------------------------------------------------- */
long sys_close(unsigned fd)
{
	return fd_close(fd);
}

long sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	struct files *t = current->files;

	if (first > last || (flags & ~4u))
		return -EINVAL;
	for (unsigned i = first; i <= last && i < t->used; i++) {
		if (!(flags & 4))
			fd_close(i);
		else if (t->fd[i])
			set_cloexec(t, i, true);
	}
	return 0;
}

static long dup_from(unsigned fd, unsigned from, bool cloexec)
{
	struct kfile *f = fget(fd);
	long r;

	if (!f)
		return -EBADF;
	r = fd_alloc(f, from, cloexec);
	if (r < 0)
		kfile_put(f);
	return r;
}

long sys_dup(unsigned fd)
{
	return dup_from(fd, 0, false);
}

long sys_dup3(unsigned fd, unsigned to, unsigned flags)
{
	struct kfile *f;
	int error;

	if (fd == to || (flags & ~(unsigned)O_CLOEXEC))
		return -EINVAL;
	if (to >= min(current->proc->rlim[RLIMIT_NOFILE].cur, (u64)NR_OPEN_MAX))
		return -EBADF;
	f = fget(fd);
	if (!f)
		return -EBADF;
	error = fd_replace(to, f, flags & O_CLOEXEC);
	if (error) {
		kfile_put(f);
		return error;
	}
	return (long)to;
}

long sys_dup2(unsigned fd, unsigned to)
{
	struct kfile *f;

	if (fd != to)
		return sys_dup3(fd, to, 0);
	f = fget(fd);
	if (!f)
		return -EBADF;
	kfile_put(f);
	return (long)to;
}

static long set_flags(struct kfile *f, unsigned long arg)
{
	const u32 settable = O_APPEND | O_NONBLOCK;

	f->flags = (f->flags & ~settable) | ((u32)arg & settable);
	return 0;
}

#define F_SEAL_ALL 0x1fUL

static long fcntl_file(struct kfile *f, unsigned fd, int cmd, unsigned long arg)
{
	struct files *t = current->files;

	switch (cmd) {
	case F_GETFD: return t->cloexec[fd / 64] >> (fd % 64) & 1;
	case F_SETFD: set_cloexec(t, fd, arg & FD_CLOEXEC); return 0;
	case F_GETFL:
		return (long)(f->flags & ~(u32)(O_CLOEXEC | O_CREAT | O_EXCL | O_TRUNC | O_NOCTTY));
	case F_SETFL: return set_flags(f, arg);
	case F_GETPIPE_SZ:
	case F_SETPIPE_SZ: return f->inode && S_ISFIFO(f->inode->mode) ? 65536 : -EBADF;
	case F_GET_SEALS:
		return f->inode && f->inode->seals >> 31 ? (long)(f->inode->seals & F_SEAL_ALL)
							 : -EINVAL;
	case F_ADD_SEALS:
		if (!f->inode || !(f->inode->seals >> 31) || (arg & ~F_SEAL_ALL))
			return -EINVAL;
		if (f->inode->seals & 1)
			return -EPERM;
		f->inode->seals |= (u32)arg;
		return 0;
	case F_SETLK:
	case F_SETLKW:
	case F_GETLK: return -ENOLCK;
	default: return -EINVAL;
	}
}

long sys_fcntl(unsigned fd, int cmd, unsigned long arg)
{
	struct kfile *f;
	long r;

	if (cmd == F_DUPFD || cmd == F_DUPFD_CLOEXEC) {
		if (arg >= current->proc->rlim[RLIMIT_NOFILE].cur)
			return -EINVAL;
		return dup_from(fd, (unsigned)arg, cmd == F_DUPFD_CLOEXEC);
	}
	f = fget(fd);
	if (!f)
		return -EBADF;
	r = fcntl_file(f, fd, cmd, arg);
	kfile_put(f);
	return r;
}
