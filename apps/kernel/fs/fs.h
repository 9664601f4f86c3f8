/* SPDX-License-Identifier: MIT */
/*
 * fs/fs.h - names, inodes and open files.
 *
 *   fd -> struct kfile -> struct dentry (a name in a directory) -> struct inode (what it names)
 *                    \-> struct file_ops (how to read, write, wait)
 *
 * A directory of ramfs holds one reference to each of its dentries, so its tree stays; dentries of
 * proc are made by each lookup and go with the last reference.  A dentry holds its parent and its
 * inode; a kfile holds its dentry.
 *
 * Lock: fs_mutex for all names and links; the page cache has its own; an open file's position has
 * none (as good as any order between racing reads).
 */
#ifndef KERNEL_FS_H
#define KERNEL_FS_H

#include "../kernel.h"
#include <quire/pagemap.h>

#define PATH_MAX 4096
#define NAME_MAX 255
#define PIPE_BUF 4096

/* Where a read puts its bytes, or a write gets them: user or kernel memory. */
struct iobuf {
	char *at;
	bool kernel;
};
size_t io_put(struct iobuf *io, const void *from, size_t n); /* bytes not copied */
size_t io_get(struct iobuf *io, void *to, size_t n);
size_t io_zero(struct iobuf *io, size_t n);
/* The bytes from `off` of a frame, which may have no address. */
size_t io_put_page(struct iobuf *io, struct page *page, size_t off, size_t n);
size_t io_get_page(struct iobuf *io, struct page *page, size_t off, size_t n);

struct inode;
struct dentry;
struct pipe;
struct poll_table;

struct dir_context {
	/* One entry; false: no more room. */
	bool (*emit)(struct dir_context *ctx, const char *name, size_t len, u64 ino, unsigned type);
	u64 pos; /* cookie of the next entry */
};

struct file_ops {
	long (*open)(struct kfile *f);
	long (*read)(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos);
	long (*write)(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos);
	long (*ioctl)(struct kfile *f, unsigned cmd, unsigned long arg);
	unsigned (*poll)(struct kfile *f, struct poll_table *pt);
	int (*readdir)(struct kfile *f, struct dir_context *ctx);
	void (*release)(struct kfile *f);
	bool stream; /* has no position: pread, lseek say ESPIPE */
};

struct inode_ops {
	/* A referenced dentry, NULL if there is none, or an error pointer.  fs_mutex held. */
	struct dentry *(*lookup)(struct dentry *dir, const char *name, size_t len);
	long (*readlink)(struct inode *inode, char *buf, size_t size);
	/* Links that are not text: the referenced target or an error pointer. */
	struct dentry *(*follow)(struct inode *inode);
	void (*free)(struct inode *inode);
};

struct inode {
	atomic_t refs;
	u32 mode, uid, gid, nlink;
	u32 dev, rdev;
	u64 ino;
	s64 atime, mtime, ctime; /* ns since 1970                                        */
	const struct inode_ops *ops;
	const struct file_ops *fops;
	struct address_space data; /* pages of a regular file                              */
	struct list_head children; /* ramfs directory: its dentries, oldest first          */
	u64 next_cookie;
	union {
		char *link;        /* symbolic link                                        */
		struct pipe *pipe; /* FIFO that is open                                    */
		void *priv;        /* proc: which file                                     */
	};
	u64 priv2;
	u32 seals;
};

struct dentry {
	atomic_t refs;
	bool linked; /* in its parent's list                                 */
	bool ramfs;
	u16 len;
	u32 hash;
	struct dentry *parent;    /* referenced; itself for a root                        */
	struct inode *inode;      /* referenced                                           */
	struct dentry *mounted;   /* root of what covers it, referenced, or NULL          */
	struct dentry *covers;    /* of a root: where it is mounted                       */
	struct list_head sibling; /* in parent->inode->children                           */
	struct dentry *hash_next;
	u64 cookie;
	char *name; /* first_name, or its own allocation after a rename     */
	char first_name[];
};

struct kfile {
	struct file f; /* must be first; f_count is the reference count        */
	const struct file_ops *ops;
	struct dentry *dentry; /* NULL: pipes                                          */
	struct inode *inode;
	quire_loff_t pos;
	u32 flags; /* O_*                                                  */
	bool tty;
	void *priv;
};

#define NR_OPEN_DEFAULT 32
#define NR_OPEN_MAX     4096

struct files {
	atomic_t refs;
	spinlock_t lock;
	unsigned size; /* slots in fd[]                                        */
	unsigned used; /* no slot at or above this is in use                   */
	struct kfile **fd;
	u64 *cloexec; /* bitmap                                               */
	struct kfile *first_fd[NR_OPEN_DEFAULT];
	u64 first_cloexec[1];
};

struct fs_info {
	atomic_t refs;
	u32 umask;
	struct dentry *cwd, *root;
};

extern struct mutex fs_mutex;
extern struct dentry *fs_root;

/* files.c */
struct kfile *kfile_alloc(const struct file_ops *ops, u32 flags);
struct kfile *fget(unsigned fd); /* referenced or NULL */
static inline void kfile_put(struct kfile *f)
{
	fput(&f->f);
}
int fd_alloc(struct kfile *f, unsigned from,
	     bool cloexec); /* takes the reference over when it succeeds */
long fd_close(unsigned fd);
int files_init(void);

/* vfs.c */
#define WALK_FOLLOW 1u /* follow a link in the last place */
#define WALK_DIR    2u /* the last must be a directory    */
struct dentry *path_lookup(int dfd, const char *path, unsigned flags);
/* The directory that holds the last name, which is copied to name[NAME_MAX + 1]; its length, 0
 * for "." ".." and "/". */
struct dentry *path_parent(int dfd, const char *path, char *name);
struct dentry *dget(struct dentry *d);
void dput(struct dentry *d);
struct dentry *dentry_alloc(struct dentry *parent, struct inode *inode, const char *name,
			    size_t len);
size_t dentry_path(struct dentry *d, char *buf,
		   size_t size);        /* at most size - 1 bytes and a zero */
char *getname(const char __user *path); /* kfree() it, or an error pointer */
struct kfile *file_open(int dfd, const char *path, u32 flags, u32 mode);
struct kfile *dentry_open(struct dentry *d, u32 flags);
struct dentry *dir_lookup(struct dentry *dir, const char *name, size_t len);
long kernel_read(struct kfile *f, void *buf, size_t n, quire_loff_t pos);
void inode_put(struct inode *inode);
void inode_stat(struct inode *inode, struct linux_stat *st);

/* ramfs.c */
extern const struct file_ops ramfs_file_ops, ramfs_dir_ops;
int ramfs_init(void);
struct inode *ramfs_inode(u32 mode, u32 rdev);
struct dentry *ramfs_new_root(void);
/* Create a name in a directory; fs_mutex held.  The new dentry, referenced for the caller, or an
 * error pointer. */
struct dentry *ramfs_create(struct dentry *dir, const char *name, size_t len, u32 mode, u32 rdev);
struct dentry *ramfs_link(struct dentry *dir, const char *name, size_t len, struct inode *inode);
int ramfs_symlink(struct dentry *dir, const char *name, size_t len, const char *target);
int ramfs_unlink(struct dentry *d, bool directory);
int ramfs_rename(struct dentry *d, struct dentry *to, const char *name, size_t len, bool exclusive);
/* No file can have so many bytes. */
bool ramfs_too_large(quire_loff_t size);
int ramfs_truncate(struct inode *inode, quire_loff_t size);
void ramfs_destroy(struct dentry *root);
bool ramfs_idle(struct dentry *root, int held);
bool ramfs_is(const struct inode *inode);
int ramfs_mkdir_p(const char *path, u32 mode);

/* pipe.c, dev.c, tty.c, proc.c */
const struct file_ops *fifo_ops(void);
long pipe_pair(struct kfile *ends[2], u32 flags);
void pipe_free(struct pipe *p);
int pipe_init(void);
const struct file_ops *device_ops(u32 rdev);
int dev_populate(void);
bool is_dev_zero(const struct kfile *f);
extern const struct file_ops tty_ops;
void tty_init(void);
struct dentry *proc_new_root(void);
struct dentry *sysfs_new_root(void);
void sysfs_exit(void);
int proc_init(void);
int proc_mounts(struct seq_out *out, int pid);
long fs_mount(const char *type, struct dentry *at);
void random_bytes(void *to, size_t n);

/* poll.c: a poll in progress waits on several lists at once. */
#define POLL_MAX_WAITERS 2
struct poll_table {
	struct waiter *waiters; /* NULL: only asking */
	unsigned used, max;
};
void poll_wait(struct poll_table *pt, struct wait_list *w);

#define MKDEV(major, minor) ((u32)(major) << 8 | (u32)(minor))
#define MAJOR(dev)          ((dev) >> 8)
#define MINOR(dev)          ((dev)&0xff)
#define DEV_RAMFS           MKDEV(0, 2)
#define DEV_PROC            MKDEV(0, 4)
#define DEV_PIPE            MKDEV(0, 5)

#endif
