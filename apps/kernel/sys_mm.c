/* SPDX-License-Identifier: MIT */
/*
 * sys_mm.c - the memory system calls: thin, the library does the work; and System V shared memory,
 * memfd, and the memory of other processes.
 */
#include "fs/fs.h"
#include "syscall.h"

/* ---- mmap ------------------------------------------------------------------------------------ */
static long map_file(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
		     int fd, u64 off)
{
	struct kfile *f = fget((unsigned)fd);
	bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
	long r;

	if (!f)
		return -EBADF;
	if (off > INT64_MAX || len > INT64_MAX - off)
		r = -EOVERFLOW;
	else if (is_dev_zero(f))
		r = do_mmap(current->mm, NULL, addr, len, prot, flags | MAP_ANONYMOUS, 0);
	else if (f->inode && (f->inode->seals & 0x18) && shared && (prot & PROT_WRITE))
		r = -EPERM;
	else
		r = do_mmap(current->mm, &f->f, addr, len, prot, flags,
			    (pgoff_t)(off >> PAGE_SHIFT));
	kfile_put(f);
	return r;
}

long sys_mmap(unsigned long addr, unsigned long len, unsigned long prot, unsigned long flags,
	      int fd, u64 off)
{
	if (off & ~PAGE_MASK)
		return -EINVAL;
	if (!(flags & MAP_ANONYMOUS))
		return map_file(addr, len, prot, flags, fd, off);
	return do_mmap(current->mm, NULL, addr, len, prot, flags, (pgoff_t)(off >> PAGE_SHIFT));
}

long sys_munmap(unsigned long addr, unsigned long len)
{
	return do_munmap(current->mm, addr, len);
}

long sys_mprotect(unsigned long addr, unsigned long len, unsigned long prot)
{
	return do_mprotect(current->mm, addr, len, prot);
}

long sys_mremap(unsigned long old, unsigned long old_len, unsigned long new_len,
		unsigned long flags, unsigned long new_addr)
{
	return do_mremap(current->mm, old, old_len, new_len, flags, new_addr);
}

long sys_brk(unsigned long brk)
{
	return do_brk(current->mm, brk);
}

long sys_madvise(unsigned long addr, unsigned long len, int advice)
{
	if ((advice == MADV_HWPOISON || advice == MADV_SOFT_OFFLINE) && current->proc->euid != 0)
		return -EPERM;
	return do_madvise(current->mm, addr, len, advice);
}

long sys_mincore(unsigned long addr, unsigned long len, unsigned char __user *vec)
{
	return do_mincore(current->mm, addr, len, vec);
}

static bool may_lock(void)
{
	return current->proc->euid == 0;
}

long sys_mlock(unsigned long addr, unsigned long len)
{
	return do_mlock(current->mm, addr, len, 0, may_lock());
}

long sys_mlock2(unsigned long addr, unsigned long len, int flags)
{
	if (flags & ~MLOCK_ONFAULT)
		return -EINVAL;
	return do_mlock(current->mm, addr, len, flags, may_lock());
}

long sys_munlock(unsigned long addr, unsigned long len)
{
	return do_munlock(current->mm, addr, len);
}

long sys_mlockall(int flags)
{
	return do_mlockall(current->mm, flags, may_lock());
}

long sys_munlockall(void)
{
	return do_munlockall(current->mm);
}

long sys_msync(unsigned long addr, unsigned long len, int flags)
{
	return do_msync(current->mm, addr, len, flags);
}

/* ---- memfd ----------------------------------------------------------------------------------- */
#define MFD_CLOEXEC       1u
#define MFD_ALLOW_SEALING 2u

long sys_memfd_create(const char __user *uname, unsigned flags)
{
	char name[6 + 250] = "memfd:";
	struct inode *inode;
	struct dentry *d = NULL;
	struct kfile *f;
	long n, fd;

	if (flags & ~(MFD_CLOEXEC | MFD_ALLOW_SEALING))
		return -EINVAL;
	n = strncpy_from_user(name + 6, uname, 250);
	if (n < 0 || n >= 250)
		return n < 0 ? n : -EINVAL;
	inode = ramfs_inode(S_IFREG | 0777, 0);
	if (inode) {
		inode->nlink = 0;
		inode->data.flags |= AS_SHMEM;
		inode->seals = flags & MFD_ALLOW_SEALING ? 1u << 31 : 1u << 31 | 1;
		/* A name below the root that is not linked: shown as "/memfd:name (deleted)". */
		d = dentry_alloc(fs_root, inode, name, (size_t)n + 6);
		inode_put(inode);
	}
	if (!d)
		return -ENOMEM;
	d->ramfs = true;
	f = dentry_open(d, O_RDWR);
	dput(d);
	if (IS_ERR(f))
		return PTR_ERR(f);
	fd = fd_alloc(f, 0, flags & MFD_CLOEXEC);
	if (fd < 0)
		kfile_put(f);
	return fd;
}

/* ---- memory of other processes --------------------------------------------------------------- */
#define VM_CHUNK 4096

static struct mm_struct *mm_of_pid(int pid)
{
	struct mm_struct *mm = NULL;
	unsigned long flags;
	struct task *t;

	spin_lock_irqsave(&task_lock, flags);
	t = task_find_locked(pid);
	if (t && t->mm)
		mm = mmget(t->mm);
	spin_unlock_irqrestore(&task_lock, flags);
	return mm;
}

/* A position in a vector of user ranges that is read piece by piece. */
struct vec_walk {
	const struct linux_iovec __user *vec;
	unsigned long left;
	struct linux_iovec now;
};

static int vec_next(struct vec_walk *w)
{
	while (!w->now.len) {
		if (!w->left)
			return 0;
		if (copy_from_user(&w->now, w->vec, sizeof(w->now)))
			return -EFAULT;
		if ((long)w->now.len < 0)
			return -EINVAL;
		w->vec++;
		w->left--;
	}
	return 1;
}

static long vm_transfer(struct mm_struct *mm, struct vec_walk *local, struct vec_walk *remote,
			bool write)
{
	char *buf = kmalloc(VM_CHUNK, GFP_KERNEL);
	long done = 0;
	int r;

	if (!buf)
		return -ENOMEM;
	for (;;) {
		size_t n, moved;

		r = vec_next(local);
		if (r > 0)
			r = vec_next(remote);
		if (r <= 0)
			break;
		n = min3(local->now.len, remote->now.len, (unsigned long)VM_CHUNK);
		r = -EFAULT;
		if (write) {
			if (copy_from_user(buf, (const void __user *)local->now.base, n))
				break;
			moved = access_remote_vm(mm, remote->now.base, buf, n, true);
		} else {
			moved = access_remote_vm(mm, remote->now.base, buf, n, false);
			if (copy_to_user((void __user *)local->now.base, buf, moved))
				break;
		}
		done += (long)moved;
		if (moved < n)
			break;
		local->now.base += n;
		local->now.len -= n;
		remote->now.base += n;
		remote->now.len -= n;
	}
	kfree(buf);
	return done ? done : r;
}

static long vm_readv_writev(int pid, const struct linux_iovec __user *lvec, unsigned long ln,
			    const struct linux_iovec __user *rvec, unsigned long rn,
			    unsigned long flags, bool write)
{
	struct vec_walk local = { lvec, ln, { 0, 0 } }, remote = { rvec, rn, { 0, 0 } };
	struct mm_struct *mm;
	long r;

	if (flags || ln > IOV_MAX || rn > IOV_MAX)
		return -EINVAL;
	mm = mm_of_pid(pid);
	if (!mm)
		return -ESRCH;
	r = vm_transfer(mm, &local, &remote, write);
	mmput(mm);
	return r;
}

long sys_process_vm_readv(int pid, const struct linux_iovec __user *l, unsigned long ln,
			  const struct linux_iovec __user *r, unsigned long rn, unsigned long flags)
{
	return vm_readv_writev(pid, l, ln, r, rn, flags, false);
}

long sys_process_vm_writev(int pid, const struct linux_iovec __user *l, unsigned long ln,
			   const struct linux_iovec __user *r, unsigned long rn,
			   unsigned long flags)
{
	return vm_readv_writev(pid, l, ln, r, rn, flags, true);
}
