/* SPDX-License-Identifier: MIT */
/*
 * fs/vfs.c - from a path to what it names; opening; references.
 *
 *   "/bin/sh"  ->  start at the root or a directory  ->  name by name, through links and mounts
 *
 * Lock: fs_mutex while a path is walked.
 */
#include "fs.h"
#include <quire/linux/highmem.h>

#define MAX_LINKS 40

struct mutex fs_mutex;
struct dentry *fs_root;

/* ---- references ------------------------------------------------------------------------------ */
struct dentry *dget(struct dentry *d)
{
	atomic_inc(&d->refs);
	return d;
}

void inode_put(struct inode *inode)
{
	if (atomic_dec_and_test(&inode->refs))
		inode->ops->free(inode);
}

/* Walks up as parents lose their last child. */
void dput(struct dentry *d)
{
	while (atomic_dec_and_test(&d->refs)) {
		struct dentry *parent = d->parent != d ? d->parent : NULL;

		inode_put(d->inode);
		if (d->name != d->first_name)
			kfree(d->name);
		kfree(d);
		if (!parent)
			return;
		d = parent;
	}
}

/* parent NULL: a root.  Takes references of its own.  NULL: no memory. */
struct dentry *dentry_alloc(struct dentry *parent, struct inode *inode, const char *name,
			    size_t len)
{
	struct dentry *d = kmalloc(sizeof(*d) + len + 1, GFP_KERNEL);

	if (!d)
		return NULL;
	memset(d, 0, sizeof(*d));
	atomic_set(&d->refs, 1);
	d->name = d->first_name;
	memcpy(d->name, name, len);
	d->name[len] = 0;
	d->len = (u16)len;
	d->parent = parent ? dget(parent) : d;
	d->inode = inode;
	atomic_inc(&inode->refs);
	INIT_LIST_HEAD(&d->sibling);
	return d;
}

/* ---- walking --------------------------------------------------------------------------------- */
struct walk {
	struct dentry *at; /* referenced */
	unsigned links;
};

static struct dentry *root_dir(void)
{
	return current->fs ? current->fs->root : fs_root;
}

static void move_to(struct walk *w, struct dentry *d)
{
	struct dentry *left = w->at;

	w->at = d;
	dput(left);
}

static void cross_mounts(struct walk *w)
{
	struct dentry *root;

	/* The walk holds w->at, so leaving the place it was at before cannot free it. */
	while ((root = w->at->mounted)) /* NOLINT(clang-analyzer-unix.Malloc) */
		move_to(w, dget(root));
}

static void go_up(struct walk *w)
{
	if (w->at == root_dir())
		return;
	while (w->at->parent == w->at && w->at->covers)
		move_to(w, dget(w->at->covers));
	move_to(w, dget(w->at->parent));
}

struct dentry *dir_lookup(struct dentry *dir, const char *name, size_t len)
{
	if (!S_ISDIR(dir->inode->mode))
		return ERR_PTR(-ENOTDIR);
	if (len > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	return dir->inode->ops->lookup(dir, name, len);
}

static int walk_path(struct walk *w, const char *path, unsigned flags);

/* w->at is the link's directory; go where the link points. */
static int follow(struct walk *w, struct dentry *link, unsigned flags)
{
	struct dentry *target;
	char *text;
	long n;
	int error;

	if (++w->links > MAX_LINKS)
		return -ELOOP;
	if (link->inode->ops->follow) {
		target = link->inode->ops->follow(link->inode);
		if (IS_ERR(target) && PTR_ERR(target) != -EOPNOTSUPP)
			return (int)PTR_ERR(target);
		if (!IS_ERR(target)) {
			move_to(w, target);
			return 0;
		}
	}
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	n = link->inode->ops->readlink(link->inode, text, PATH_MAX - 1);
	error = n < 0 ? (int)n : 0;
	if (!error) {
		text[n] = 0;
		error = n ? walk_path(w, text, flags) : -ENOENT;
	}
	kfree(text);
	return error;
}

static bool is_dot(const char *name, size_t len)
{
	return len == 1 && name[0] == '.';
}

static bool is_dotdot(const char *name, size_t len)
{
	return len == 2 && name[0] == '.' && name[1] == '.';
}

/* One name below w->at.  last: nothing follows it. */
static int step(struct walk *w, const char *name, size_t len, bool last, unsigned flags)
{
	struct dentry *d;
	int error;

	if (!S_ISDIR(w->at->inode->mode))
		return -ENOTDIR;
	if (is_dot(name, len))
		return 0;
	if (is_dotdot(name, len)) {
		go_up(w);
		return 0;
	}
	d = dir_lookup(w->at, name, len);
	if (IS_ERR_OR_NULL(d))
		return d ? (int)PTR_ERR(d) : -ENOENT;
	if (S_ISLNK(d->inode->mode) && (!last || (flags & WALK_FOLLOW))) {
		error = follow(w, d, flags | WALK_FOLLOW);
		dput(d);
		return error;
	}
	move_to(w, d);
	cross_mounts(w);
	return 0;
}

/* From w->at along the path, all of it.  Recursion is bounded by MAX_LINKS. */
static int walk_path(struct walk *w, const char *path, unsigned flags)
{
	int error = 0;

	if (*path == '/') {
		move_to(w, dget(root_dir()));
		cross_mounts(w);
	}
	while (!error) {
		const char *end;

		while (*path == '/')
			path++;
		if (!*path)
			break;
		for (end = path; *end && *end != '/'; end++)
			;
		error = step(w, path, (size_t)(end - path), !*end,
			     *end ? flags | WALK_FOLLOW : flags);
		if (!error && *end && !S_ISDIR(w->at->inode->mode))
			error = -ENOTDIR;
		path = end;
	}
	return error;
}

/* Where a walk begins, referenced. */
static struct dentry *start_of(int dfd, const char *path)
{
	struct dentry *d;
	struct kfile *f;

	if (*path == '/')
		return dget(root_dir());
	if (dfd == AT_FDCWD)
		return dget(current->fs ? current->fs->cwd : fs_root);
	f = fget((unsigned)dfd);
	if (!f)
		return ERR_PTR(-EBADF);
	d = f->dentry ? dget(f->dentry) : ERR_PTR(-ENOTDIR);
	kfile_put(f);
	return d;
}

/* Links nest on the kernel stack, a few hundred bytes each; a chain of 40 fits. */
struct dentry *path_lookup(int dfd, const char *path, unsigned flags)
{
	struct walk w = { 0 };
	int error;

	if (!*path)
		return ERR_PTR(-ENOENT);
	w.at = start_of(dfd, path);
	if (IS_ERR(w.at))
		return w.at;
	mutex_lock(&fs_mutex);
	error = walk_path(&w, path, flags);
	if (!error && (flags & WALK_DIR) && !S_ISDIR(w.at->inode->mode))
		error = -ENOTDIR;
	mutex_unlock(&fs_mutex);
	if (error) {
		dput(w.at);
		return ERR_PTR(error);
	}
	return w.at;
}

struct dentry *path_parent(int dfd, const char *path, char *name)
{
	size_t len = strlen(path), start;
	struct dentry *dir;
	char *copy;

	if (!len)
		return ERR_PTR(-ENOENT);
	while (len > 1 && path[len - 1] == '/')
		len--;
	for (start = len; start > 0 && path[start - 1] != '/'; start--)
		;
	if (len - start > NAME_MAX)
		return ERR_PTR(-ENAMETOOLONG);
	memcpy(name, path + start, len - start);
	name[len - start] = 0;
	if (is_dot(name, len - start) || is_dotdot(name, len - start))
		name[0] = 0;
	if (start == 0)
		return path_lookup(dfd, ".", WALK_FOLLOW | WALK_DIR);
	copy = kmalloc(start + 1, GFP_KERNEL);
	if (!copy)
		return ERR_PTR(-ENOMEM);
	memcpy(copy, path, start);
	copy[start] = 0;
	dir = path_lookup(dfd, copy, WALK_FOLLOW | WALK_DIR);
	kfree(copy);
	return dir;
}

/* ---- paths for reports ----------------------------------------------------------------------- */
size_t dentry_path(struct dentry *d, char *buf, size_t size)
{
	static const char deleted[] = " (deleted)";
	bool gone = d->ramfs && !d->linked && d->parent != d;
	size_t at = size, n;

	if (size < sizeof(deleted) + 1)
		return 0;
	buf[--at] = 0;
	if (gone) {
		at -= sizeof(deleted) - 1;
		memcpy(buf + at, deleted, sizeof(deleted) - 1);
	}
	n = at;
	for (;;) {
		while (d->parent == d && d->covers)
			d = d->covers;
		if (d->parent == d)
			break;
		if (at < (size_t)d->len + 1)
			break; /* cut off at the front */
		at -= d->len;
		memcpy(buf + at, d->name, d->len);
		buf[--at] = '/';
		d = d->parent;
	}
	if (at == n)
		buf[--at] = '/';
	memmove(buf, buf + at, size - at);
	return size - at - 1;
}

char *getname(const char __user *path)
{
	char *name = kmalloc(PATH_MAX, GFP_KERNEL);
	long n;

	if (!name)
		return ERR_PTR(-ENOMEM);
	n = strncpy_from_user(name, path, PATH_MAX);
	if (n >= 0 && n < PATH_MAX)
		return name;
	kfree(name);
	return ERR_PTR(n < 0 ? n : -ENAMETOOLONG);
}

/* ---- opening --------------------------------------------------------------------------------- */
static const struct file_ops path_only_ops;

/* Takes its own reference of d. */
struct kfile *dentry_open(struct dentry *d, u32 flags)
{
	struct inode *inode = d->inode;
	const struct file_ops *ops = flags & O_PATH ? &path_only_ops : inode->fops;
	struct kfile *f;
	long error;

	if (S_ISLNK(inode->mode) && !(flags & O_PATH))
		return ERR_PTR(-ELOOP);
	if (!ops)
		return ERR_PTR(-ENXIO);
	f = kfile_alloc(ops, flags & ~(u32)(O_CREAT | O_EXCL | O_NOCTTY | O_CLOEXEC));
	if (!f)
		return ERR_PTR(-ENOMEM);
	f->dentry = dget(d);
	f->inode = inode;
	if (S_ISREG(inode->mode) && !(flags & O_PATH) && ops == &ramfs_file_ops)
		f->f.f_mapping = &inode->data;
	if (ops->open) {
		error = ops->open(f);
		if (error) {
			f->ops = &path_only_ops; /* nothing to release */
			kfile_put(f);
			return ERR_PTR(error);
		}
	}
	return f;
}

static struct dentry *create_or_open(int dfd, const char *path, u32 flags, u32 mode)
{
	char *name = kmalloc(NAME_MAX + 1, GFP_KERNEL);
	struct dentry *dir, *d;

	if (!name)
		return ERR_PTR(-ENOMEM);
	dir = path_parent(dfd, path, name);
	if (IS_ERR(dir)) {
		kfree(name);
		return dir;
	}
	mutex_lock(&fs_mutex);
	d = name[0] ? dir_lookup(dir, name, strlen(name)) : ERR_PTR(-EISDIR);
	if (!d && path[strlen(path) - 1] == '/')
		d = ERR_PTR(-EISDIR);
	if (!d) {
		u32 umask = current->fs ? current->fs->umask : 022;

		d = ramfs_create(dir, name, strlen(name), S_IFREG | (mode & 07777 & ~umask), 0);
	} else if (!IS_ERR(d) && (flags & O_EXCL)) {
		dput(d);
		d = ERR_PTR(-EEXIST);
	}
	mutex_unlock(&fs_mutex);
	dput(dir);
	kfree(name);
	if (!IS_ERR(d) && (S_ISLNK(d->inode->mode) || d->mounted)) {
		dput(d); /* the ordinary walk knows what to do with it */
		d = path_lookup(dfd, path, flags & O_NOFOLLOW ? 0 : WALK_FOLLOW);
	}
	return d;
}

static int may_open(const struct inode *inode, u32 flags)
{
	bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_TRUNC);

	if ((flags & O_PATH) == O_PATH)
		return 0;
	if (S_ISDIR(inode->mode) && (writes || (flags & O_CREAT)))
		return -EISDIR;
	return 0;
}

struct kfile *file_open(int dfd, const char *path, u32 flags, u32 mode)
{
	struct dentry *d;
	struct kfile *f;
	int error;

	if ((flags & O_CREAT) && !(flags & O_PATH))
		d = create_or_open(dfd, path, flags, mode);
	else
		d = path_lookup(dfd, path,
				(flags & O_NOFOLLOW ? 0 : WALK_FOLLOW) |
					(flags & O_DIRECTORY ? WALK_DIR : 0));
	if (IS_ERR(d))
		return ERR_PTR(PTR_ERR(d));
	error = may_open(d->inode, flags);
	if (!error && (flags & O_TRUNC) && S_ISREG(d->inode->mode) && ramfs_is(d->inode) &&
	    (flags & O_ACCMODE) != O_RDONLY)
		error = ramfs_truncate(d->inode, 0);
	f = error ? ERR_PTR(error) : dentry_open(d, flags);
	dput(d);
	return f;
}

/* Bytes read, fewer at the end of the file. */
long kernel_read(struct kfile *f, void *buf, size_t n, quire_loff_t pos)
{
	struct iobuf io = { .at = buf, .kernel = true };

	return f->ops->read ? f->ops->read(f, &io, n, &pos) : -EINVAL;
}

void inode_stat(struct inode *inode, struct linux_stat *st)
{
	memset(st, 0, sizeof(*st));
	st->st_dev = inode->dev;
	st->st_ino = inode->ino;
	st->st_nlink = inode->nlink;
	st->st_mode = inode->mode;
	st->st_uid = inode->uid;
	st->st_gid = inode->gid;
	st->st_rdev = inode->rdev;
	st->st_size = S_ISFIFO(inode->mode) ? 0 : inode->data.i_size;
	st->st_blksize = PAGE_SIZE;
	st->st_blocks = (s64)inode->data.nrpages * 8;
	st->st_atime = (unsigned long)(inode->atime / NSEC_PER_SEC);
	st->st_atime_nsec = (unsigned long)(inode->atime % NSEC_PER_SEC);
	st->st_mtime = (unsigned long)(inode->mtime / NSEC_PER_SEC);
	st->st_mtime_nsec = (unsigned long)(inode->mtime % NSEC_PER_SEC);
	st->st_ctime = (unsigned long)(inode->ctime / NSEC_PER_SEC);
	st->st_ctime_nsec = (unsigned long)(inode->ctime % NSEC_PER_SEC);
	arch_finish_stat(st);
}

/* ---- copies to and from whoever reads or writes ---------------------------------------------- */
size_t io_put(struct iobuf *io, const void *from, size_t n)
{
	size_t bad = 0;

	if (io->kernel)
		memcpy(io->at, from, n);
	else
		bad = copy_to_user((void __user *)io->at, from, n);
	io->at += n - bad;
	return bad;
}

size_t io_get(struct iobuf *io, void *to, size_t n)
{
	size_t bad = 0;

	if (io->kernel)
		memcpy(to, io->at, n);
	else
		bad = copy_from_user(to, (const void __user *)io->at, n);
	io->at += n - bad;
	return bad;
}

size_t io_zero(struct iobuf *io, size_t n)
{
	size_t bad = 0;

	if (io->kernel)
		memset(io->at, 0, n);
	else
		bad = clear_user((void __user *)io->at, n);
	io->at += n - bad;
	return bad;
}

/* Both sleep, so the frame needs a mapping that others on this CPU leave alone. */
size_t io_put_page(struct iobuf *io, struct page *page, size_t off, size_t n)
{
	size_t bad = io_put(io, (char *)kmap(page) + off, n);

	kunmap(page);
	return bad;
}

size_t io_get_page(struct iobuf *io, struct page *page, size_t off, size_t n)
{
	size_t bad = io_get(io, (char *)kmap(page) + off, n);

	kunmap(page);
	return bad;
}

/* ---- start and end --------------------------------------------------------------------------- */
/* The caches and locks that live for ever. */
int fs_init(void)
{
	mutex_init(&fs_mutex);
	if (files_init() || ramfs_init() || pipe_init() || proc_init())
		return -ENOMEM;
	tty_init();
	return 0;
}

/* All names and files go: nobody has anything open any more. */
void fs_exit_all(void)
{
	if (fs_root)
		ramfs_destroy(fs_root);
	fs_root = NULL;
}
