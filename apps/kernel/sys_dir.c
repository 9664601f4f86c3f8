/* SPDX-License-Identifier: MIT */
/*
 * sys_dir.c - system calls about where we are, and what is mounted where.
 *
 *   directory dentry -> mounted -> root dentry of another tree -> covers -> the same directory
 *
 * Lock: fs_mutex for the links between trees and for a task's working directory.
 */
#include "fs/fs.h"
#include "syscall.h"

/* ---- where we are ---------------------------------------------------------------------------- */
static long set_dir(struct dentry **slot, struct dentry *d)
{
	struct dentry *old;

	if (IS_ERR(d))
		return PTR_ERR(d);
	mutex_lock(&fs_mutex);
	old = *slot;
	*slot = d;
	mutex_unlock(&fs_mutex);
	dput(old);
	return 0;
}

static struct dentry *user_dir(const char __user *path)
{
	char *name = getname(path);
	struct dentry *d;

	if (IS_ERR(name))
		return ERR_PTR(PTR_ERR(name));
	d = path_lookup(AT_FDCWD, name, WALK_FOLLOW | WALK_DIR);
	kfree(name);
	return d;
}

long sys_chdir(const char __user *path)
{
	return set_dir(&current->fs->cwd, user_dir(path));
}

long sys_chroot(const char __user *path)
{
	return current->proc->euid ? -EPERM : set_dir(&current->fs->root, user_dir(path));
}

long sys_fchdir(unsigned fd)
{
	struct kfile *f = fget(fd);
	long r;

	if (!f)
		return -EBADF;
	r = !f->dentry || !S_ISDIR(f->inode->mode) ? -ENOTDIR
						   : set_dir(&current->fs->cwd, dget(f->dentry));
	kfile_put(f);
	return r;
}

long sys_getcwd(char __user *buf, size_t size)
{
	struct dentry *cwd = current->fs->cwd;
	char *text;
	size_t n;
	long r;

	if (cwd->ramfs && !cwd->linked && cwd->parent != cwd)
		return -ENOENT;
	text = kmalloc(PATH_MAX, GFP_KERNEL);
	if (!text)
		return -ENOMEM;
	mutex_lock(&fs_mutex);
	n = dentry_path(cwd, text, PATH_MAX) + 1;
	mutex_unlock(&fs_mutex);
	r = n > size ? -ERANGE : copy_to_user(buf, text, n) ? -EFAULT : (long)n;
	kfree(text);
	return r;
}

/* ---- mount ----------------------------------------------------------------------------------- */
#define MAX_MOUNTS 16

static struct mount {
	char type[8];
	struct dentry *root; /* what was mounted; NULL: free */
} mounts[MAX_MOUNTS];        /* fs_mutex */

/* /proc/mounts */
int proc_mounts(struct seq_out *out, int pid)
{
	char *path = kmalloc(PATH_MAX, GFP_KERNEL);

	(void)pid;
	if (!path)
		return -ENOMEM;
	seq_puts(out, "rootfs / rootfs rw 0 0\n");
	mutex_lock(&fs_mutex);
	for (unsigned i = 0; i < MAX_MOUNTS; i++) {
		if (!mounts[i].root || !mounts[i].root->covers)
			continue;
		dentry_path(mounts[i].root, path, PATH_MAX);
		seq_printf(out, "%s %s %s rw 0 0\n", mounts[i].type, path, mounts[i].type);
	}
	mutex_unlock(&fs_mutex);
	kfree(path);
	return 0;
}

static struct dentry *new_filesystem(const char *type)
{
	if (!strcmp(type, "proc"))
		return proc_new_root();
	if (!strcmp(type, "sysfs"))
		return sysfs_new_root();
	if (!strcmp(type, "tmpfs") || !strcmp(type, "ramfs"))
		return ramfs_new_root();
	return ERR_PTR(-ENODEV);
}

/* Cover the directory `at` with a new file system. */
long fs_mount(const char *type, struct dentry *at)
{
	struct dentry *root;
	struct mount *m = NULL;

	if (at->parent == at) /* a root: there is one mounted already */
		return -EBUSY;
	root = new_filesystem(type);
	if (IS_ERR_OR_NULL(root))
		return root ? PTR_ERR(root) : -ENOMEM;
	mutex_lock(&fs_mutex);
	for (unsigned i = 0; i < MAX_MOUNTS && !m; i++)
		if (!mounts[i].root)
			m = &mounts[i];
	if (m && !at->mounted) {
		quire_snprintf(m->type, sizeof(m->type), "%s", type);
		m->root = root;
		root->covers = dget(at);
		at->mounted = root;
	} else {
		m = NULL;
	}
	mutex_unlock(&fs_mutex);
	if (!m)
		dput(root);
	return m ? 0 : -EBUSY;
}

long sys_mount(const char __user *source, const char __user *target, const char __user *type,
	       unsigned long flags)
{
	char *kind = NULL;
	struct dentry *at;
	long r;

	(void)source;
	if (current->proc->euid)
		return -EPERM;
	at = user_dir(target);
	if (IS_ERR(at))
		return PTR_ERR(at);
	if (flags & 0x20) { /* MS_REMOUNT: there is nothing to change */
		dput(at);
		return 0;
	}
	kind = type ? getname(type) : ERR_PTR(-EINVAL);
	r = IS_ERR(kind) ? PTR_ERR(kind) : fs_mount(kind, at);
	if (!IS_ERR(kind))
		kfree(kind);
	dput(at);
	return r;
}

/* Uncover `root`'s place unless somebody uses what is below.  fs_mutex held; the caller holds one
 * reference of root. */
static long detach(struct dentry *root)
{
	if (root->parent != root || !root->covers)
		return -EINVAL;
	if (!ramfs_idle(root, 2))
		return -EBUSY;
	for (unsigned i = 0; i < MAX_MOUNTS; i++)
		if (mounts[i].root == root)
			mounts[i].root = NULL;
	root->covers->mounted = NULL;
	return 0;
}

long sys_umount2(const char __user *target, int flags)
{
	struct dentry *root, *at;
	long r;

	(void)flags;
	if (current->proc->euid)
		return -EPERM;
	root = user_dir(target);
	if (IS_ERR(root))
		return PTR_ERR(root);
	mutex_lock(&fs_mutex);
	r = detach(root);
	at = root->covers;
	if (!r)
		root->covers = NULL;
	mutex_unlock(&fs_mutex);
	if (!r) {
		if (root->ramfs)
			ramfs_destroy(root);
		else
			dput(root);
		dput(at);
	}
	dput(root);
	return r;
}
