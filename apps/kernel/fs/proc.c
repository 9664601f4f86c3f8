/* SPDX-License-Identifier: MIT */
/*
 * fs/proc.c - /proc and /sys as file systems: names are looked up in tables, text is made when a
 * file is first read.
 *
 *   /proc            proc_root_entries, and a directory for each process
 *   /proc/PID        proc_pid_entries
 *   /proc/PID/fd     a link for each open file
 *   /sys             sysfs_root_entries
 *
 * Dentries and inodes are made by each lookup and go with the last reference.
 */
#include "proc.h"
#include <quire/vmalloc.h>

#define PID_DIR_COOKIE 1000 /* of processes, descriptors and things, after the children */

/* The text of an open file. */
struct proc_text {
	char *buf;
	size_t len, size;
};

static struct kmem_cache *proc_inode_cache;
static const struct proc_entry root_entry = { .name = "/",
					      .mode = 0555,
					      .children = proc_root_entries };
static const struct proc_entry sysfs_entry = { .name = "/",
					       .mode = 0555,
					       .children = sysfs_root_entries };
static const struct proc_entry pid_entry = { .name = "PID",
					     .mode = 0555,
					     .children = proc_pid_entries };
static const struct inode_ops proc_inode_ops;
static const struct file_ops proc_file_ops, proc_dir_ops;

int proc_init(void)
{
	proc_inode_cache = kmem_cache_create("proc_inode_cache", sizeof(struct inode), 0, 0, NULL);
	return proc_inode_cache ? 0 : -ENOMEM;
}

/* ---- inodes: priv is the entry, priv2 the pid or thing and (upper half) the descriptor number -- */
static const struct proc_entry *entry_of(const struct inode *inode)
{
	return inode->priv;
}

static int pid_of(const struct inode *inode)
{
	return (int)(u32)inode->priv2;
}

static bool is_dir(const struct proc_entry *e)
{
	return e->children || e->numbers || e->each;
}

static struct inode *proc_inode(const struct proc_entry *e, int pid, unsigned number)
{
	struct inode *inode = kmem_cache_alloc(proc_inode_cache, GFP_KERNEL);
	u64 h = ((u64)(unsigned long)e ^ (u64)pid << 32 ^ number) * 0x9e3779b97f4a7c15ULL;

	if (!inode)
		return NULL;
	memset(inode, 0, sizeof(*inode));
	atomic_set(&inode->refs, 1);
	inode->mode = e->mode | (is_dir(e) ? S_IFDIR : e->link || e->target ? S_IFLNK : S_IFREG);
	inode->nlink = is_dir(e) ? 2 : 1;
	inode->dev = DEV_PROC;
	inode->ino = h >> 32 | 1;
	inode->atime = inode->mtime = inode->ctime = wall_ns();
	inode->ops = &proc_inode_ops;
	inode->fops = is_dir(e) ? &proc_dir_ops : &proc_file_ops;
	inode->priv = (void *)e;
	inode->priv2 = (u64)number << 32 | (u32)pid;
	INIT_LIST_HEAD(&inode->children);
	return inode;
}

static void proc_inode_free(struct inode *inode)
{
	kmem_cache_free(proc_inode_cache, inode);
}

static struct dentry *make_dentry(struct dentry *dir, const char *name, size_t len,
				  const struct proc_entry *e, int pid, unsigned number)
{
	struct inode *inode = proc_inode(e, pid, number);
	struct dentry *d = inode ? dentry_alloc(dir, inode, name, len) : NULL;

	if (inode)
		inode_put(inode);
	return d ? d : ERR_PTR(-ENOMEM);
}

static struct dentry *new_root(const struct proc_entry *e)
{
	struct dentry *d = make_dentry(NULL, "/", 1, e, 0, 0);

	return IS_ERR(d) ? NULL : d;
}

struct dentry *proc_new_root(void)
{
	return new_root(&root_entry);
}

struct dentry *sysfs_new_root(void)
{
	return new_root(&sysfs_entry);
}

/* ---- lookup ---------------------------------------------------------------------------------- */
static int parse_number(const char *name, size_t len)
{
	int n = 0;

	if (!len || len > 9)
		return -1;
	for (size_t i = 0; i < len; i++) {
		if (name[i] < '0' || name[i] > '9')
			return -1;
		n = n * 10 + (name[i] - '0');
	}
	return n;
}

static struct dentry *lookup_number(struct dentry *dir, const char *name, size_t len, int n)
{
	const struct proc_entry *e = entry_of(dir->inode);
	struct kfile *f;

	if (e == &root_entry)
		return proc_pid_exists(n) ? make_dentry(dir, name, len, &pid_entry, n, 0) : NULL;
	if (!e->numbers)
		return NULL;
	f = proc_get_file(pid_of(dir->inode), (unsigned)n);
	if (!f)
		return NULL;
	kfile_put(f);
	return make_dentry(dir, name, len, &proc_fd_link, pid_of(dir->inode), (unsigned)n);
}

static struct dentry *lookup_thing(struct dentry *dir, const char *name, size_t len)
{
	const struct proc_entry *e = entry_of(dir->inode);
	char text[PROC_NAME];

	for (int n = e->next(-1, text); n >= 0; n = e->next(n, text))
		if (strlen(text) == len && !memcmp(text, name, len))
			return make_dentry(dir, name, len, e->each, n, 0);
	return NULL;
}

static struct dentry *proc_lookup(struct dentry *dir, const char *name, size_t len)
{
	const struct proc_entry *e = entry_of(dir->inode);
	int n = parse_number(name, len);

	if (n >= 0)
		return lookup_number(dir, name, len, n);
	for (const struct proc_entry *c = e->children; c && c->name; c++)
		if (strlen(c->name) == len && !memcmp(c->name, name, len))
			return make_dentry(dir, name, len, c, pid_of(dir->inode), 0);
	return e->each ? lookup_thing(dir, name, len) : NULL;
}

static long proc_readlink(struct inode *inode, char *buf, size_t size)
{
	const struct proc_entry *e = entry_of(inode);
	struct dentry *d;
	struct kfile *f;
	char *text;
	size_t n;

	if (e->link)
		return e->link(pid_of(inode), buf, size);
	if (e == &proc_fd_link) {
		f = proc_get_file(pid_of(inode), (unsigned)(inode->priv2 >> 32));
		if (!f)
			return -ENOENT;
		if (!f->dentry) {
			n = (size_t)quire_snprintf(buf, size, "pipe:[%lu]",
						   f->inode ? (unsigned long)f->inode->ino : 0);
			kfile_put(f);
			return (long)min(n, size);
		}
		d = dget(f->dentry);
		kfile_put(f);
	} else {
		d = e->target(pid_of(inode), 0);
	}
	if (IS_ERR(d))
		return PTR_ERR(d);
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	n = text ? min(dentry_path(d, text, PATH_MAX), size) : 0;
	if (text)
		memcpy(buf, text, n);
	kfree(text);
	dput(d);
	return n ? (long)n : -ENOMEM;
}

static struct dentry *proc_follow(struct inode *inode)
{
	const struct proc_entry *e = entry_of(inode);

	return e->target ? e->target(pid_of(inode), (unsigned)(inode->priv2 >> 32))
			 : ERR_PTR(-EOPNOTSUPP);
}

static const struct inode_ops proc_inode_ops = {
	.lookup = proc_lookup,
	.readlink = proc_readlink,
	.follow = proc_follow,
	.free = proc_inode_free,
};

/* ---- files ----------------------------------------------------------------------------------- */
static int text_emit(struct seq_out *out, const char *text, size_t len)
{
	struct proc_text *t = out->arg;

	if (t->len + len > t->size) {
		size_t size = max(t->size * 2, (size_t)PAGE_SIZE);
		char *buf;

		while (size < t->len + len)
			size *= 2;
		buf = kvmalloc(size, GFP_KERNEL);
		if (!buf)
			return -ENOMEM;
		memcpy(buf, t->buf, t->len);
		kvfree(t->buf);
		t->buf = buf;
		t->size = size;
	}
	memcpy(t->buf + t->len, text, len);
	t->len += len;
	return 0;
}

/* Make the text anew. */
static int fill(struct kfile *f)
{
	const struct proc_entry *e = entry_of(f->inode);
	struct proc_text *t = f->priv;
	struct seq_out out = { .emit = text_emit };
	int error;

	if (!e->show)
		return -EINVAL;
	if (!t) {
		t = kzalloc(sizeof(*t), GFP_KERNEL);
		if (!t)
			return -ENOMEM;
		f->priv = t;
	}
	t->len = 0;
	out.arg = t;
	error = e->show(&out, pid_of(f->inode));
	return error ? error : out.error;
}

static long proc_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	struct proc_text *t = f->priv;
	size_t left, bad;

	if (!t || *pos == 0) {
		int error = fill(f);

		if (error)
			return error;
		t = f->priv;
	}
	if (*pos < 0 || (u64)*pos >= t->len)
		return 0;
	left = min(n, t->len - (size_t)*pos);
	bad = io_put(io, t->buf + *pos, left);
	*pos += (quire_loff_t)(left - bad);
	return left - bad || !left ? (long)(left - bad) : -EFAULT;
}

static long proc_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	const struct proc_entry *e = entry_of(f->inode);
	char text[64];
	size_t len = min(n, sizeof(text) - 1);
	int error;

	(void)pos;
	if (!e->store)
		return -EACCES;
	if (io_get(io, text, len))
		return -EFAULT;
	text[len] = 0;
	proc_store_pid = pid_of(f->inode);
	error = e->store(text);
	return error ? error : (long)n;
}

static void proc_release(struct kfile *f)
{
	struct proc_text *t = f->priv;

	if (!t)
		return;
	kvfree(t->buf);
	kfree(t);
}

static long proc_open(struct kfile *f)
{
	const struct proc_entry *e = entry_of(f->inode);

	if ((f->f.f_mode & FMODE_WRITE) && !e->store)
		return -EACCES;
	return 0;
}

static const struct file_ops proc_file_ops = {
	.open = proc_open,
	.read = proc_read,
	.write = proc_write,
	.release = proc_release,
};

/* ---- directories ----------------------------------------------------------------------------- */
static bool emit_number(struct dir_context *ctx, int n, unsigned type)
{
	char name[12];
	int len = quire_snprintf(name, sizeof(name), "%d", n);

	return ctx->emit(ctx, name, (size_t)len, (u64)n + 1, type);
}

static void emit_things(const struct proc_entry *e, struct dir_context *ctx)
{
	int n = ctx->pos < PID_DIR_COOKIE ? -1 : (int)(ctx->pos - PID_DIR_COOKIE);
	char name[PROC_NAME];

	while ((n = e->next(n, name)) >= 0 &&
	       ctx->emit(ctx, name, strlen(name), (u64)n + 1, DT_OF_MODE(S_IFDIR)))
		ctx->pos = PID_DIR_COOKIE + (u64)n;
}

static int proc_readdir(struct kfile *f, struct dir_context *ctx)
{
	const struct proc_entry *e = entry_of(f->inode), *c;
	int n;

	for (; ctx->pos < 2; ctx->pos++)
		if (!ctx->emit(ctx, "..", ctx->pos + 1, f->inode->ino, DT_OF_MODE(S_IFDIR)))
			return 0;
	for (c = e->children; c && c->name; c++) {
		u64 at = (u64)(c - e->children) + 2;

		if (at < ctx->pos || ctx->pos >= PID_DIR_COOKIE)
			continue;
		if (!ctx->emit(ctx, c->name, strlen(c->name), at,
			       is_dir(c)              ? DT_OF_MODE(S_IFDIR)
			       : c->link || c->target ? DT_OF_MODE(S_IFLNK)
						      : DT_OF_MODE(S_IFREG)))
			return 0;
		ctx->pos = at + 1;
	}
	if (e->each)
		emit_things(e, ctx);
	if (e != &root_entry && !e->numbers)
		return 0;
	n = ctx->pos < PID_DIR_COOKIE ? -1 : (int)(ctx->pos - PID_DIR_COOKIE);
	for (;;) {
		n = e->numbers ? proc_next_fd(pid_of(f->inode), n) : proc_next_pid(n < 0 ? 0 : n);
		if (e->numbers ? n < 0 : !n)
			return 0;
		if (!emit_number(ctx, n, e->numbers ? DT_OF_MODE(S_IFLNK) : DT_OF_MODE(S_IFDIR)))
			return 0;
		ctx->pos = PID_DIR_COOKIE + (u64)n;
	}
}

static const struct file_ops proc_dir_ops = { .readdir = proc_readdir };
