/* SPDX-License-Identifier: MIT */
/*
 * fs/pipe.c - pipes and FIFOs: sixteen pages between a writer and a reader.
 *
 *   slot:  tail -> [page off len] [page off len] ... <- head
 *   a write of up to 4 KiB is never split
 *
 * Lock: pipe->lock, a mutex, because copies to and from user memory sleep.
 */
#include "fs.h"

#define SLOTS 16

struct slot {
	struct page *page;
	u32 off, len;
};

struct pipe {
	struct mutex lock;
	unsigned head, tail;       /* slots written and read so far                     */
	unsigned readers, writers; /* open ends                                         */
	unsigned opened_for_read, opened_for_write; /* counts ever, for FIFO opens            */
	unsigned users; /* kfiles, for FIFOs                                 */
	struct page *spare;
	struct wait_list wait; /* anything has changed                              */
	struct slot slot[SLOTS];
};

static struct kmem_cache *pipe_cache, *pipe_inode_cache;

static void pipe_inode_free(struct inode *inode)
{
	if (inode->pipe)
		pipe_free(inode->pipe);
	kmem_cache_free(pipe_inode_cache, inode);
}

static const struct inode_ops pipe_inode_ops = { .free = pipe_inode_free };

int pipe_init(void)
{
	pipe_cache = kmem_cache_create("pipe_cache", sizeof(struct pipe), 0, 0, NULL);
	pipe_inode_cache = kmem_cache_create("pipe_inode_cache", sizeof(struct inode), 0, 0, NULL);
	return pipe_cache && pipe_inode_cache ? 0 : -ENOMEM;
}

static struct pipe *pipe_new(void)
{
	struct pipe *p = kmem_cache_alloc(pipe_cache, GFP_KERNEL);

	if (!p)
		return NULL;
	memset(p, 0, sizeof(*p));
	mutex_init(&p->lock);
	wait_list_init(&p->wait);
	return p;
}

void pipe_free(struct pipe *p)
{
	for (; p->tail != p->head; p->tail++)
		put_page(p->slot[p->tail % SLOTS].page);
	if (p->spare)
		put_page(p->spare);
	kmem_cache_free(pipe_cache, p);
}

static unsigned filled(const struct pipe *p)
{
	return p->head - p->tail;
}

/* ---- reading --------------------------------------------------------------------------------- */
static void slot_done(struct pipe *p, struct slot *s)
{
	if (!p->spare)
		p->spare = s->page;
	else
		put_page(s->page);
	s->page = NULL;
	p->tail++;
}

/* As much as there is, up to n.  p->lock held. */
static long take(struct pipe *p, struct iobuf *io, size_t n)
{
	size_t done = 0;

	while (done < n && filled(p)) {
		struct slot *s = &p->slot[p->tail % SLOTS];
		size_t len = min((size_t)s->len, n - done), bad;

		bad = io_put_page(io, s->page, s->off, len);
		len -= bad;
		s->off += (u32)len;
		s->len -= (u32)len;
		done += len;
		if (!s->len)
			slot_done(p, s);
		if (bad)
			return done ? (long)done : -EFAULT;
	}
	return (long)done;
}

static long pipe_read(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	struct pipe *p = f->inode->pipe;
	long done;

	(void)pos;
	if (!n)
		return 0;
	for (;;) {
		mutex_lock(&p->lock);
		done = take(p, io, n);
		mutex_unlock(&p->lock);
		if (done) {
			wake_all(&p->wait);
			return done;
		}
		if (!READ_ONCE(p->writers))
			return filled(p) ? -EAGAIN : 0;
		if (f->flags & O_NONBLOCK)
			return -EAGAIN;
		if (wait_until(&p->wait, filled(p) || !READ_ONCE(p->writers)))
			return -ERESTARTSYS;
	}
}

/* ---- writing --------------------------------------------------------------------------------- */
static struct page *fresh_page(struct pipe *p)
{
	struct page *page = p->spare;

	p->spare = NULL;
	return page ? page : alloc_page(GFP_HIGHUSER);
}

/* Into the free room of the last slot. */
static long append(struct pipe *p, struct iobuf *io, size_t n)
{
	struct slot *s = &p->slot[(p->head - 1) % SLOTS];
	size_t room = PAGE_SIZE - s->off - s->len, len = min(room, n), bad;

	bad = io_get_page(io, s->page, s->off + s->len, len);
	s->len += (u32)(len - bad);
	return bad ? -EFAULT : (long)len;
}

/* Whether a write of n bytes may begin; small ones must fit whole. */
static bool room_for(const struct pipe *p, size_t n)
{
	size_t room = 0;

	if (filled(p)) {
		const struct slot *s = &p->slot[(p->head - 1) % SLOTS];

		room = PAGE_SIZE - s->off - s->len;
	}
	return filled(p) < SLOTS || (n <= PIPE_BUF && room >= n) || (n > PIPE_BUF && room);
}

/* Some of n bytes; 0: full.  p->lock held. */
static long give(struct pipe *p, struct iobuf *io, size_t n)
{
	size_t done = 0;
	long r;

	if (!room_for(p, n))
		return 0;
	if (filled(p) &&
	    p->slot[(p->head - 1) % SLOTS].off + p->slot[(p->head - 1) % SLOTS].len < PAGE_SIZE &&
	    (n > PIPE_BUF || filled(p) == SLOTS ||
	     p->slot[(p->head - 1) % SLOTS].off + p->slot[(p->head - 1) % SLOTS].len + n <=
		     PAGE_SIZE)) {
		r = append(p, io, n);
		if (r < 0)
			return r;
		done = (size_t)r;
	}
	while (done < n && filled(p) < SLOTS) {
		struct slot *s = &p->slot[p->head % SLOTS];

		s->page = fresh_page(p);
		if (!s->page)
			return done ? (long)done : -ENOMEM;
		s->off = s->len = 0;
		p->head++;
		r = append(p, io, n - done);
		if (r < 0) {
			if (!s->len) {
				p->head--;
				p->spare = s->page;
			}
			return done ? (long)done : r;
		}
		done += (size_t)r;
	}
	return (long)done;
}

static long broken_pipe(void)
{
	struct linux_siginfo info;

	memset(&info, 0, sizeof(info));
	info.si_code = SI_USER;
	info.pid = current->proc->pid;
	send_signal_task(SIGPIPE, &info, current);
	return -EPIPE;
}

static long pipe_write(struct kfile *f, struct iobuf *io, size_t n, quire_loff_t *pos)
{
	struct pipe *p = f->inode->pipe;
	size_t done = 0;
	long r;

	(void)pos;
	while (done < n) {
		if (!READ_ONCE(p->readers))
			return done ? (long)done : broken_pipe();
		mutex_lock(&p->lock);
		r = give(p, io, n - done);
		mutex_unlock(&p->lock);
		if (r < 0)
			return done ? (long)done : r;
		if (r > 0) {
			done += (size_t)r;
			wake_all(&p->wait);
			continue;
		}
		if (f->flags & O_NONBLOCK)
			return done ? (long)done : -EAGAIN;
		if (wait_until(&p->wait, room_for(p, n - done) || !READ_ONCE(p->readers)))
			return done ? (long)done : -ERESTARTSYS;
	}
	return (long)done;
}

/* ---- the rest -------------------------------------------------------------------------------- */
static unsigned pipe_poll(struct kfile *f, struct poll_table *pt)
{
	struct pipe *p = f->inode->pipe;
	unsigned events = 0;

	poll_wait(pt, &p->wait);
	if (f->f.f_mode & FMODE_READ) {
		if (filled(p))
			events |= POLLIN | POLLRDNORM;
		if (!p->writers)
			events |= POLLHUP;
	}
	if (f->f.f_mode & FMODE_WRITE) {
		if (!p->readers)
			events |= POLLERR;
		else if (filled(p) < SLOTS)
			events |= POLLOUT | POLLWRNORM;
	}
	return events;
}

static long pipe_ioctl(struct kfile *f, unsigned cmd, unsigned long arg)
{
	struct pipe *p = f->inode->pipe;
	int n = 0;

	if (cmd != 0x541b) /* FIONREAD */
		return -ENOTTY;
	for (unsigned i = p->tail; i != p->head; i++)
		n += (int)p->slot[i % SLOTS].len;
	return put_user(n, (int __user *)arg);
}

static void pipe_release(struct kfile *f)
{
	struct pipe *p = f->inode->pipe;
	bool last;

	mutex_lock(&p->lock);
	if (f->f.f_mode & FMODE_READ)
		p->readers--;
	if (f->f.f_mode & FMODE_WRITE)
		p->writers--;
	last = !p->readers && !p->writers;
	mutex_unlock(&p->lock);
	wake_all(&p->wait);
	if (last && f->dentry) { /* a FIFO nobody has open loses what was in it */
		mutex_lock(&p->lock);
		for (; p->tail != p->head; p->tail++)
			put_page(p->slot[p->tail % SLOTS].page);
		mutex_unlock(&p->lock);
	}
}

static const struct file_ops pipe_ops = {
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
	.stream = true,
};

static struct kfile *open_end(struct inode *inode, u32 flags)
{
	struct kfile *f = kfile_alloc(&pipe_ops, flags);

	if (!f)
		return NULL;
	f->inode = inode;
	atomic_inc(&inode->refs);
	if (f->f.f_mode & FMODE_READ)
		inode->pipe->readers++;
	else
		inode->pipe->writers++;
	return f;
}

static const struct file_ops fifo_file_ops;

/* ends[0] reads, ends[1] writes. */
long pipe_pair(struct kfile *ends[2], u32 flags)
{
	static u64 next_ino = 1;
	struct inode *inode = kmem_cache_alloc(pipe_inode_cache, GFP_KERNEL);

	if (!inode)
		return -ENOMEM;
	memset(inode, 0, sizeof(*inode));
	atomic_set(&inode->refs, 1);
	inode->mode = S_IFIFO | 0600;
	inode->nlink = 1;
	inode->dev = DEV_PIPE;
	inode->ino = next_ino++;
	inode->atime = inode->mtime = inode->ctime = wall_ns();
	inode->ops = &pipe_inode_ops;
	inode->fops = &fifo_file_ops; /* opened again through /proc/self/fd */
	inode->pipe = pipe_new();
	if (!inode->pipe) {
		inode_put(inode);
		return -ENOMEM;
	}
	ends[0] = open_end(inode, (flags & O_NONBLOCK) | O_RDONLY);
	ends[1] = ends[0] ? open_end(inode, (flags & O_NONBLOCK) | O_WRONLY) : NULL;
	inode_put(inode);
	if (ends[1])
		return 0;
	if (ends[0])
		kfile_put(ends[0]);
	return -ENOMEM;
}

/* ---- FIFOs ----------------------------------------------------------------------------------- */
static long fifo_open(struct kfile *f)
{
	struct inode *inode = f->inode;
	struct pipe *p;
	unsigned seen;
	int error = 0;

	mutex_lock(&fs_mutex);
	if (!inode->pipe)
		inode->pipe = pipe_new();
	p = inode->pipe;
	mutex_unlock(&fs_mutex);
	if (!p)
		return -ENOMEM;
	if ((f->f.f_mode & FMODE_WRITE) && !(f->f.f_mode & FMODE_READ) && (f->flags & O_NONBLOCK) &&
	    !p->readers)
		return -ENXIO;
	mutex_lock(&p->lock);
	if (f->f.f_mode & FMODE_READ) {
		p->readers++;
		p->opened_for_read++;
	}
	if (f->f.f_mode & FMODE_WRITE) {
		p->writers++;
		p->opened_for_write++;
	}
	mutex_unlock(&p->lock);
	wake_all(&p->wait);
	if (!(f->flags & O_NONBLOCK)) {
		if (f->f.f_mode == FMODE_READ) {
			seen = p->opened_for_write;
			error = wait_until(&p->wait, p->writers || p->opened_for_write != seen);
		} else if (f->f.f_mode == FMODE_WRITE) {
			seen = p->opened_for_read;
			error = wait_until(&p->wait, p->readers || p->opened_for_read != seen);
		}
	}
	if (error)
		pipe_release(f);
	return error;
}

static const struct file_ops fifo_file_ops = {
	.open = fifo_open,
	.read = pipe_read,
	.write = pipe_write,
	.poll = pipe_poll,
	.ioctl = pipe_ioctl,
	.release = pipe_release,
	.stream = true,
};

const struct file_ops *fifo_ops(void)
{
	return &fifo_file_ops;
}
