/* SPDX-License-Identifier: MIT */
/*
 * fs/ramfs.c - files that live in the page cache and nowhere else, and the tree of their names.
 *
 *   directory inode -> children (dentries in order of making) -> inodes -> address_space -> pages
 *
 * Names are found through one hash table over (parent, name).  A dentry that is linked holds one
 * reference to itself, its inode's link count says how many of those there are.
 *
 * Lock: fs_mutex.
 */
#include "fs.h"
#include <quire/vmalloc.h>

#define NAME_BUCKETS 1024

static struct dentry *names[NAME_BUCKETS]; /* fs_mutex */
static struct kmem_cache *inode_cache;
static u64 next_ino = 1;

static void ramfs_free(struct inode *inode);
static long ramfs_readlink(struct inode *inode, char *buf, size_t size);
static struct dentry *ramfs_lookup(struct dentry *dir, const char *name, size_t len);

static const struct inode_ops ramfs_inode_ops = {
	.lookup = ramfs_lookup,
	.readlink = ramfs_readlink,
	.free = ramfs_free,
};

int ramfs_init(void)
{
	inode_cache = kmem_cache_create("ramfs_inode_cache", sizeof(struct inode), 0, 0, NULL);
	return inode_cache ? 0 : -ENOMEM;
}

bool ramfs_is(const struct inode *inode)
{
	return inode->ops == &ramfs_inode_ops;
}

/* ---- inodes ---------------------------------------------------------------------------------- */
struct inode *ramfs_inode(u32 mode, u32 rdev)
{
	struct inode *inode = kmem_cache_alloc(inode_cache, GFP_KERNEL);

	if (!inode)
		return NULL;
	memset(inode, 0, sizeof(*inode));
	atomic_set(&inode->refs, 1);
	inode->mode = mode;
	inode->nlink = S_ISDIR(mode) ? 2 : 1;
	inode->dev = DEV_RAMFS;
	inode->rdev = rdev;
	inode->ino = __atomic_fetch_add(&next_ino, 1, __ATOMIC_RELAXED);
	inode->atime = inode->mtime = inode->ctime = wall_ns();
	inode->ops = &ramfs_inode_ops;
	if (current->proc) {
		inode->uid = current->proc->euid;
		inode->gid = current->proc->egid;
	}
	address_space_init(&inode->data, NULL, inode);
	INIT_LIST_HEAD(&inode->children);
	inode->next_cookie = 3; /* 0 to 2: ".", ".." and the first real one */
	if (S_ISREG(mode))
		inode->fops = &ramfs_file_ops;
	else if (S_ISDIR(mode))
		inode->fops = &ramfs_dir_ops;
	else if (S_ISFIFO(mode))
		inode->fops = fifo_ops();
	else if (S_ISCHR(mode) || S_ISBLK(mode))
		inode->fops = device_ops(rdev);
	return inode;
}

static void ramfs_free(struct inode *inode)
{
	if (S_ISLNK(inode->mode))
		kfree(inode->link);
	if (S_ISFIFO(inode->mode) && inode->pipe)
		pipe_free(inode->pipe);
	truncate_inode_pages_final(&inode->data);
	kmem_cache_free(inode_cache, inode);
}

static long ramfs_readlink(struct inode *inode, char *buf, size_t size)
{
	size_t n = min(strlen(inode->link), size);

	memcpy(buf, inode->link, n);
	return (long)n;
}

/* ---- names ----------------------------------------------------------------------------------- */
static u32 hash_name(const struct dentry *dir, const char *name, size_t len)
{
	u32 h = (u32)((unsigned long)dir >> 6);

	for (size_t i = 0; i < len; i++)
		h = (h ^ (u8)name[i]) * 16777619u;
	return h;
}

static struct dentry *ramfs_lookup(struct dentry *dir, const char *name, size_t len)
{
	u32 h = hash_name(dir, name, len);

	for (struct dentry *d = names[h % NAME_BUCKETS]; d; d = d->hash_next)
		if (d->hash == h && d->parent == dir && d->len == len &&
		    !memcmp(d->name, name, len))
			return dget(d);
	return NULL;
}

static void insert(struct dentry *d)
{
	struct inode *dir = d->parent->inode;

	d->hash = hash_name(d->parent, d->name, d->len);
	d->hash_next = names[d->hash % NAME_BUCKETS];
	names[d->hash % NAME_BUCKETS] = d;
	d->cookie = dir->next_cookie++;
	list_add_tail(&d->sibling, &dir->children);
	d->linked = true;
	d->ramfs = true;
	dir->mtime = dir->ctime = wall_ns();
	if (S_ISDIR(d->inode->mode))
		dir->nlink++;
	dget(d);
}

static void take_out(struct dentry *d)
{
	struct dentry **at = &names[d->hash % NAME_BUCKETS];
	struct inode *dir = d->parent->inode;

	while (*at != d)
		at = &(*at)->hash_next;
	*at = d->hash_next;
	list_del_init(&d->sibling);
	d->linked = false;
	dir->mtime = dir->ctime = wall_ns();
	if (S_ISDIR(d->inode->mode))
		dir->nlink--;
}

struct dentry *ramfs_link(struct dentry *dir, const char *name, size_t len, struct inode *inode)
{
	struct dentry *d;

	if (len == 0 || len > NAME_MAX)
		return ERR_PTR(len ? -ENAMETOOLONG : -EEXIST);
	if (!dir->linked && dir->parent != dir)
		return ERR_PTR(-ENOENT); /* the directory has been removed */
	d = dentry_alloc(dir, inode, name, len);
	if (!d)
		return ERR_PTR(-ENOMEM);
	insert(d);
	return d;
}

struct dentry *ramfs_create(struct dentry *dir, const char *name, size_t len, u32 mode, u32 rdev)
{
	struct inode *inode;
	struct dentry *d;

	if (!ramfs_is(dir->inode))
		return ERR_PTR(-EACCES);
	inode = ramfs_inode(mode, rdev);
	if (!inode)
		return ERR_PTR(-ENOMEM);
	if (dir->inode->mode & 02000) {
		inode->gid = dir->inode->gid;
		if (S_ISDIR(mode))
			inode->mode |= 02000;
	}
	d = ramfs_link(dir, name, len, inode);
	inode_put(inode);
	return d;
}

int ramfs_symlink(struct dentry *dir, const char *name, size_t len, const char *target)
{
	char *text = kstrdup(target, GFP_KERNEL);
	struct dentry *d;

	if (!text)
		return -ENOMEM;
	d = ramfs_create(dir, name, len, S_IFLNK | 0777, 0);
	if (IS_ERR(d)) {
		kfree(text);
		return (int)PTR_ERR(d);
	}
	d->inode->link = text;
	d->inode->data.i_size = (quire_loff_t)strlen(text);
	dput(d);
	return 0;
}

/* Drop the name; what it names lives as long as somebody has it open. */
static void drop_name(struct dentry *d)
{
	take_out(d);
	d->inode->nlink -= S_ISDIR(d->inode->mode) ? min(d->inode->nlink, 2u) : 1;
	d->inode->ctime = wall_ns();
	dput(d);
}

int ramfs_unlink(struct dentry *d, bool directory)
{
	if (!d->ramfs || !d->linked)
		return d->mounted || d->covers ? -EBUSY : -EPERM;
	if (d->mounted)
		return -EBUSY;
	if (directory && !S_ISDIR(d->inode->mode))
		return -ENOTDIR;
	if (!directory && S_ISDIR(d->inode->mode))
		return -EISDIR;
	if (directory && !list_empty(&d->inode->children))
		return -ENOTEMPTY;
	drop_name(d);
	return 0;
}

static bool is_inside(struct dentry *d, const struct dentry *dir)
{
	for (; d->parent != d; d = d->parent)
		if (d == dir)
			return true;
	return d == dir;
}

/* Whether `old` may be replaced by `d`. */
static int may_replace(struct dentry *d, struct dentry *old)
{
	if (old->mounted)
		return -EBUSY;
	if (S_ISDIR(old->inode->mode)) {
		if (!S_ISDIR(d->inode->mode))
			return -EISDIR;
		return list_empty(&old->inode->children) ? 0 : -ENOTEMPTY;
	}
	return S_ISDIR(d->inode->mode) ? -ENOTDIR : 0;
}

/* d becomes to/name, and stays the same dentry for those who hold it.  fs_mutex held. */
int ramfs_rename(struct dentry *d, struct dentry *to, const char *name, size_t len, bool exclusive)
{
	struct dentry *old, *parent = d->parent;
	char *text = NULL;
	int error = 0;

	if (!d->ramfs || !d->linked || !ramfs_is(to->inode))
		return d->ramfs ? -EXDEV : -EBUSY;
	if (d->mounted)
		return -EBUSY;
	if (S_ISDIR(d->inode->mode) && is_inside(to, d))
		return -EINVAL;
	old = ramfs_lookup(to, name, len);
	if (old) {
		if (old->inode == d->inode)
			goto out;
		error = exclusive ? -EEXIST : may_replace(d, old);
		if (error)
			goto out;
	}
	if (len > d->len) {
		text = kmalloc(len + 1, GFP_KERNEL);
		error = text ? 0 : -ENOMEM;
		if (error)
			goto out;
	}
	if (old)
		drop_name(old);
	take_out(d);
	d->parent = dget(to);
	dput(parent);
	if (text) {
		if (d->name != d->first_name)
			kfree(d->name);
		d->name = text;
	}
	memcpy(d->name, name, len);
	d->name[len] = 0;
	d->len = (u16)len;
	insert(d);
	dput(d); /* the old place's reference: insert() took one for the new */
	d->inode->ctime = wall_ns();
out:
	if (old)
		dput(old);
	return error;
}

/* ---- the tree -------------------------------------------------------------------------------- */
struct dentry *ramfs_new_root(void)
{
	struct inode *inode = ramfs_inode(S_IFDIR | 0755, 0);
	struct dentry *d = inode ? dentry_alloc(NULL, inode, "/", 1) : NULL;

	if (inode)
		inode_put(inode);
	if (d)
		d->ramfs = true;
	return d;
}

/* Nobody uses the tree: each dentry is held by its link and its children only, `root` by `held`
 * others. fs_mutex held. */
bool ramfs_idle(struct dentry *root, int held)
{
	struct dentry *at = root, *child;

	for (;;) {
		int children = 0;

		if (at->ramfs)
			list_for_each_entry(child, &at->inode->children, sibling)
				children++;
		if (at->mounted || atomic_read(&at->refs) != children + (at == root ? held : 1))
			return false;
		if (children) {
			at = list_first_entry(&at->inode->children, struct dentry, sibling);
			continue;
		}
		while (at != root && list_is_last(&at->sibling, &at->parent->inode->children))
			at = at->parent;
		if (at == root)
			return true;
		at = list_next_entry(at, sibling);
	}
}

/* Drop every name below `root`, deepest first, without recursion. */
void ramfs_destroy(struct dentry *root)
{
	struct dentry *at = root;

	for (;;) {
		while (S_ISDIR(at->inode->mode) && !list_empty(&at->inode->children))
			at = list_first_entry(&at->inode->children, struct dentry, sibling);
		if (at == root)
			break;
		struct dentry *parent = at->parent;

		if (at->mounted) {
			struct dentry *m = at->mounted;

			at->mounted = NULL;
			m->covers = NULL;
			if (m->ramfs)
				ramfs_destroy(m);
			else
				dput(m);
			dput(at); /* what m->covers held */
		}
		drop_name(at);
		at = parent;
	}
	dput(root);
}

int ramfs_mkdir_p(const char *path, u32 mode)
{
	char name[NAME_MAX + 1];
	struct dentry *dir = path_parent(AT_FDCWD, path, name), *d;

	if (IS_ERR(dir))
		return (int)PTR_ERR(dir);
	mutex_lock(&fs_mutex);
	d = dir_lookup(dir, name, strlen(name));
	if (!d)
		d = ramfs_create(dir, name, strlen(name), S_IFDIR | mode, 0);
	mutex_unlock(&fs_mutex);
	dput(dir);
	if (IS_ERR(d))
		return (int)PTR_ERR(d);
	dput(d);
	return 0;
}

/* ---- file contents --------------------------------------------------------------------------- */
/* The page at `index`, NULL for a hole; -EIO: it is lost. */
static struct page *page_to_read(struct address_space *mapping, pgoff_t index)
{
	struct page *page = find_get_page(mapping, index);

	if (!page || likely(PageFlag(page, PG_uptodate)))
		return page;
	put_page(page);
	return read_mapping_page(mapping, index);
}

static long ramfs_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	struct address_space *mapping = &f->inode->data;
	size_t done = 0;

	while (done < n && *pos < mapping->i_size) {
		size_t off = (size_t)*pos & ~PAGE_MASK, left, bad;
		struct page *page = page_to_read(mapping, (pgoff_t)(*pos >> PAGE_SHIFT));

		if (IS_ERR(page))
			return done ? (long)done : PTR_ERR(page);
		left = (size_t)min((u64)min(PAGE_SIZE - off, n - done),
				   (u64)(mapping->i_size - *pos));
		bad = page ? io_put_page(io, page, off, left) : io_zero(io, left);
		if (page)
			put_page(page);
		done += left - bad;
		*pos += (quire_loff_t)(left - bad);
		if (bad)
			return done ? (long)done : -EFAULT;
	}
	return (long)done;
}

/* Its pages could not be counted in a word. */
bool ramfs_too_large(quire_loff_t size)
{
	return (u64)size >> PAGE_SHIFT > ~0ul - 1;
}

#define F_SEAL_SHRINK 2u
#define F_SEAL_GROW   4u
#define F_SEAL_WRITE  0x18u

static long ramfs_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	struct address_space *mapping = &f->inode->data;
	size_t done = 0;

	if (f->flags & O_APPEND)
		*pos = mapping->i_size;
	if (*pos > INT64_MAX - (quire_loff_t)n)
		return -EINVAL;
	if (ramfs_too_large(*pos + (quire_loff_t)n))
		return -EFBIG;
	if (current->proc && (u64)*pos + n > current->proc->rlim[RLIMIT_FSIZE].cur) {
		if ((u64)*pos >= current->proc->rlim[RLIMIT_FSIZE].cur) {
			struct linux_siginfo info = { .si_code = SI_USER };

			send_signal(SIGXFSZ, &info, current->proc);
			return -EFBIG;
		}
		n = (size_t)(current->proc->rlim[RLIMIT_FSIZE].cur - (u64)*pos);
	}
	if ((f->inode->seals & F_SEAL_WRITE) ||
	    ((f->inode->seals & F_SEAL_GROW) && *pos + (quire_loff_t)n > mapping->i_size))
		return -EPERM;
	while (done < n) {
		size_t off = (size_t)*pos & ~PAGE_MASK, len = min(PAGE_SIZE - off, n - done), bad;
		struct page *page = grab_cache_page_write(mapping, (pgoff_t)(*pos >> PAGE_SHIFT),
							  (unsigned)off, (unsigned)(off + len));

		if (IS_ERR(page)) {
			if (!done)
				return PTR_ERR(page) == -ENOMEM ? -ENOSPC : PTR_ERR(page);
			break;
		}
		bad = io_get_page(io, page, off, len);
		set_page_dirty(page);
		put_page(page);
		done += len - bad;
		*pos += (quire_loff_t)(len - bad);
		if (*pos > mapping->i_size)
			mapping->i_size = *pos;
		if (bad) {
			if (!done)
				return -EFAULT;
			break;
		}
	}
	f->inode->mtime = f->inode->ctime = wall_ns();
	return (long)done;
}

int ramfs_truncate(struct inode *inode, quire_loff_t size)
{
	if (size < 0)
		return -EINVAL;
	if (ramfs_too_large(size))
		return -EFBIG;
	if (S_ISDIR(inode->mode))
		return -EISDIR;
	if (!S_ISREG(inode->mode) || !ramfs_is(inode))
		return -EINVAL;
	if (((inode->seals & F_SEAL_SHRINK) && size < inode->data.i_size) ||
	    ((inode->seals & F_SEAL_GROW) && size > inode->data.i_size))
		return -EPERM;
	truncate_setsize(&inode->data, size);
	inode->mtime = inode->ctime = wall_ns();
	return 0;
}

static int ramfs_readdir(struct kfile *f, struct dir_context *ctx)
{
	struct dentry *dir = f->dentry, *d;

	mutex_lock(&fs_mutex);
	if (ctx->pos == 0) {
		if (!ctx->emit(ctx, ".", 1, dir->inode->ino, DT_OF_MODE(S_IFDIR)))
			goto out;
		ctx->pos = 1;
	}
	if (ctx->pos == 1) {
		if (!ctx->emit(ctx, "..", 2, dir->parent->inode->ino, DT_OF_MODE(S_IFDIR)))
			goto out;
		ctx->pos = 2;
	}
	list_for_each_entry(d, &dir->inode->children, sibling) {
		if (d->cookie < ctx->pos)
			continue;
		if (!ctx->emit(ctx, d->name, d->len, d->inode->ino, DT_OF_MODE(d->inode->mode)))
			break;
		ctx->pos = d->cookie + 1;
	}
out:
	mutex_unlock(&fs_mutex);
	return 0;
}

const struct file_ops ramfs_file_ops = { .read = ramfs_read, .write = ramfs_write };
const struct file_ops ramfs_dir_ops = { .readdir = ramfs_readdir };
