/* SPDX-License-Identifier: MIT */
/*
 * fs/cpio.c - unpacks the initramfs: a cpio archive of the "newc" kind, straight into ramfs.
 *
 *   header: "070701", thirteen fields of eight hex digits | name | data | next
 *   each padded to 4 bytes
 *
 * The archive is whatever the loader put in memory: every length is checked against what is left
 * before it is used, and an error says which entry was bad.
 */
#include "fs.h"
#include <quire/init.h>

#define HEADER     110
#define MAX_LINKED 256

struct cpio_entry {
	u32 ino, mode, uid, gid, nlink, mtime, filesize, devmajor, devminor, rdevmajor, rdevminor,
		namesize, check;
	const char *name; /* namesize bytes, the last one zero */
	const u8 *data;
};

struct unpack {
	const u8 *at, *end;
	unsigned count;
	/* Names of one file: the data comes with one of them. */
	struct {
		u32 ino, major, minor;
		struct inode *inode;
	} linked[MAX_LINKED];
	unsigned nr_linked;
};

static bool __init hex8(const u8 *s, u32 *v)
{
	*v = 0;
	for (unsigned i = 0; i < 8; i++) {
		u8 c = s[i];
		u32 digit = c >= '0' && c <= '9'   ? c - (u32)'0'
			    : c >= 'a' && c <= 'f' ? c - 'a' + 10u
			    : c >= 'A' && c <= 'F' ? c - 'A' + 10u
						   : 16;

		if (digit > 15)
			return false;
		*v = *v << 4 | digit;
	}
	return true;
}

/* Parse the entry at u->at and step over it.  NULL, or what is wrong. */
static const char *__init next_entry(struct unpack *u, struct cpio_entry *e)
{
	u32 *fields[13] = { &e->ino,       &e->mode,     &e->uid,      &e->gid,      &e->nlink,
			    &e->mtime,     &e->filesize, &e->devmajor, &e->devminor, &e->rdevmajor,
			    &e->rdevminor, &e->namesize, &e->check };
	size_t left = (size_t)(u->end - u->at), name_end, data_end;

	if (left < HEADER)
		return "the archive is cut off";
	if (memcmp(u->at, "070701", 6) && memcmp(u->at, "070702", 6))
		return "no newc header";
	for (unsigned i = 0; i < 13; i++)
		if (!hex8(u->at + 6 + i * 8, fields[i]))
			return "a field is not hexadecimal";
	if (e->namesize < 1 || e->namesize > PATH_MAX)
		return "the name has a bad length";
	name_end = QUIRE_ALIGN_UP((size_t)HEADER + e->namesize, (size_t)4);
	if (name_end > left)
		return "the name goes beyond the end";
	if (e->filesize > left - name_end)
		return "the data goes beyond the end";
	e->name = (const char *)u->at + HEADER;
	if (e->name[e->namesize - 1])
		return "the name does not end";
	e->data = u->at + name_end;
	data_end = QUIRE_ALIGN_UP(name_end + e->filesize, (size_t)4);
	u->at += min(data_end, left);
	return NULL;
}

static long __init write_data(struct inode *inode, const u8 *data, size_t n)
{
	struct kfile f = { .inode = inode, .ops = &ramfs_file_ops };
	struct iobuf io = { .at = (char *)data, .kernel = true };
	quire_loff_t pos = 0;
	long r = n ? ramfs_file_ops.write(&f, &io, n, &pos) : 0;

	return r < 0 ? r : (size_t)r == n ? 0 : -ENOSPC;
}

static struct inode *__init find_linked(struct unpack *u, const struct cpio_entry *e)
{
	for (unsigned i = 0; i < u->nr_linked; i++)
		if (u->linked[i].ino == e->ino && u->linked[i].major == e->devmajor &&
		    u->linked[i].minor == e->devminor)
			return u->linked[i].inode;
	return NULL;
}

static void __init remember(struct unpack *u, const struct cpio_entry *e, struct inode *inode)
{
	if (u->nr_linked == MAX_LINKED)
		return;
	atomic_inc(&inode->refs);
	u->linked[u->nr_linked].ino = e->ino;
	u->linked[u->nr_linked].major = e->devmajor;
	u->linked[u->nr_linked].minor = e->devminor;
	u->linked[u->nr_linked++].inode = inode;
}

static long __init make_link(struct dentry *dir, const char *name, const struct cpio_entry *e)
{
	char *text = kmalloc((size_t)e->filesize + 1, GFP_KERNEL);
	long r;

	if (!text)
		return -ENOMEM;
	memcpy(text, e->data, e->filesize);
	text[e->filesize] = 0;
	r = e->filesize && e->filesize < PATH_MAX ? ramfs_symlink(dir, name, strlen(name), text)
						  : -EINVAL;
	kfree(text);
	return r;
}

/* fs_mutex held.  `old` is what has the name already, or NULL. */
static long __init make_file(struct unpack *u, struct dentry *dir, const char *name,
			     const struct cpio_entry *e, struct dentry *old)
{
	struct inode *inode = S_ISREG(e->mode) && e->nlink > 1 ? find_linked(u, e) : NULL;
	struct dentry *d;

	if (old && S_ISDIR(e->mode) && S_ISDIR(old->inode->mode)) {
		old->inode->mode = e->mode;
		return 0;
	}
	if (old) {
		long r = ramfs_unlink(old, S_ISDIR(old->inode->mode));

		if (r)
			return r;
	}
	if (S_ISLNK(e->mode))
		return make_link(dir, name, e);
	if (inode)
		d = ramfs_link(dir, name, strlen(name), inode);
	else
		d = ramfs_create(dir, name, strlen(name), e->mode,
				 MKDEV(e->rdevmajor, e->rdevminor));
	if (IS_ERR(d))
		return PTR_ERR(d);
	if (inode)
		inode->nlink++;
	else if (S_ISREG(e->mode) && e->nlink > 1)
		remember(u, e, d->inode);
	d->inode->uid = e->uid;
	d->inode->gid = e->gid;
	d->inode->mtime = (s64)e->mtime * NSEC_PER_SEC;
	dput(d);
	return 0;
}

static long __init unpack_one(struct unpack *u, const struct cpio_entry *e)
{
	char name[NAME_MAX + 1];
	struct dentry *dir, *old, *d;
	long r;

	if (!S_ISREG(e->mode) && !S_ISDIR(e->mode) && !S_ISLNK(e->mode) && !S_ISCHR(e->mode) &&
	    !S_ISBLK(e->mode) && !S_ISFIFO(e->mode))
		return -EINVAL;
	dir = path_parent(AT_FDCWD, e->name, name);
	if (IS_ERR(dir))
		return PTR_ERR(dir);
	if (!name[0]) { /* "." */
		dput(dir);
		return 0;
	}
	mutex_lock(&fs_mutex);
	old = dir_lookup(dir, name, strlen(name));
	r = IS_ERR(old) ? PTR_ERR(old) : make_file(u, dir, name, e, old);
	d = !r && S_ISREG(e->mode) ? dir_lookup(dir, name, strlen(name)) : NULL;
	mutex_unlock(&fs_mutex);
	if (!IS_ERR_OR_NULL(d)) {
		r = write_data(d->inode, e->data, e->filesize);
		d->inode->mtime = (s64)e->mtime * NSEC_PER_SEC;
		dput(d);
	}
	if (!IS_ERR_OR_NULL(old))
		dput(old);
	dput(dir);
	return r;
}

/* How many entries, or -errno; what came before the error stays. */
int __init initramfs_unpack(const void *start, size_t len)
{
	struct unpack *u = kzalloc(sizeof(*u), GFP_KERNEL);
	struct cpio_entry e;
	const char *why = NULL;
	long r = 0;
	int count;

	if (!u)
		return -ENOMEM;
	u->at = start;
	u->end = u->at + len;
	while (u->at < u->end && !r) {
		if (*u->at == 0) { /* padding between archives */
			u->at++;
			continue;
		}
		why = next_entry(u, &e);
		if (why)
			break;
		if (!strcmp(e.name, "TRAILER!!!"))
			continue;
		r = unpack_one(u, &e);
		if (r)
			printk("initramfs: %s: error %ld\n", e.name, -r);
		u->count += !r;
	}
	if (why)
		printk("initramfs: entry %u at offset %lu: %s\n", u->count + 1,
		       (unsigned long)((const u8 *)u->at - (const u8 *)start), why);
	for (unsigned i = 0; i < u->nr_linked; i++)
		inode_put(u->linked[i].inode);
	count = (int)u->count;
	kfree(u);
	return why ? -EINVAL : r ? (int)r : count;
}
