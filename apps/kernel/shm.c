/* SPDX-License-Identifier: MIT */
/*
 * shm.c - System V shared memory: numbered segments that are files without names.
 *
 *   shmget: key -> slot -> shmem file       shmat: map it       shmctl(IPC_RMID): forget the number
 *
 * A segment lives as long as somebody maps it, because each mapping holds the file.  How many are
 * attached is counted from the file's list of mappings.
 *
 * Lock: shm_mutex.
 */
#include "fs/fs.h"
#include "syscall.h"
#include <quire/init.h>

#define SHM_MAX    128
#define IPC_CREAT  01000
#define IPC_EXCL   02000
#define IPC_RMID   0
#define IPC_SET    1
#define IPC_STAT   2
#define IPC_INFO   3
#define SHM_INFO   14
#define SHM_STAT   13
#define SHM_RDONLY 010000
#define SHM_RND    020000
#define SHM_REMAP  040000
#define SHM_EXEC   0100000

struct ABI_WORDS linux_shmid_ds {
	s32 key;
	u32 uid, gid, cuid, cgid;
	u32 mode;
	u16 seq, pad2;
	u32 pad3[ABI_GAP];
	unsigned long unused1, unused2, segsz;
	s64 atime, dtime, ctime; /* where a word has 32 bits, two words each */
	s32 cpid, lpid;
	unsigned long nattch, unused4, unused5;
};
_Static_assert(sizeof(struct linux_shmid_ds) == (sizeof(long) == 8 ? 112 : 84), "struct shmid_ds");

#define IPC_64 0x100 /* 32-bit programs ask for it */
#define SIZE_LIMIT                                                                                 \
	(sizeof(long) == 8 ? 1ULL << 40 : 0xfeffffffULL) /* SHMMAX                      */

struct segment {
	struct file *file; /* NULL: free slot */
	s32 key;
	u32 seq; /* so that an old id does not name a new segment */
	u32 mode, uid, gid;
	size_t size;
	s64 atime, dtime, ctime;
	int cpid, lpid;
};

static struct segment segments[SHM_MAX]; /* shm_mutex */
static struct mutex shm_mutex;

void __init shm_init(void)
{
	mutex_init(&shm_mutex);
}

static int id_of(const struct segment *s)
{
	return (int)(s->seq * SHM_MAX + (u32)(s - segments));
}

static struct segment *segment_of(int id)
{
	struct segment *s = &segments[(unsigned)id % SHM_MAX];

	return id >= 0 && s->file && id_of(s) == id ? s : NULL;
}

static long new_segment(s32 key, size_t size, u32 mode)
{
	struct segment *s = NULL;
	char name[24];

	if (size == 0 || (u64)size > SIZE_LIMIT)
		return -EINVAL;
	for (unsigned i = 0; i < SHM_MAX && !s; i++)
		if (!segments[i].file)
			s = &segments[i];
	if (!s)
		return -ENOSPC;
	quire_snprintf(name, sizeof(name), "/SYSV%08x (deleted)", (unsigned)key);
	s->file = shmem_file_setup(name, (quire_loff_t)size);
	if (IS_ERR(s->file)) {
		long error = PTR_ERR(s->file);

		s->file = NULL;
		return error;
	}
	s->key = key;
	s->size = size;
	s->mode = mode & 0777;
	s->uid = current->proc->euid;
	s->gid = current->proc->egid;
	s->cpid = current->proc->pid;
	s->lpid = 0;
	s->atime = s->dtime = 0;
	s->ctime = wall_ns() / NSEC_PER_SEC;
	return id_of(s);
}

static long find_or_make(s32 key, size_t size, int flags)
{
	for (unsigned i = 0; key && i < SHM_MAX; i++) {
		struct segment *s = &segments[i];

		if (!s->file || s->key != key)
			continue;
		if ((flags & (IPC_CREAT | IPC_EXCL)) == (IPC_CREAT | IPC_EXCL))
			return -EEXIST;
		return size > s->size ? -EINVAL : id_of(s);
	}
	if (key && !(flags & IPC_CREAT))
		return -ENOENT;
	return new_segment(key, size, (u32)flags);
}

long sys_shmget(s32 key, size_t size, int flags)
{
	long r;

	mutex_lock(&shm_mutex);
	r = find_or_make(key, size, flags);
	mutex_unlock(&shm_mutex);
	return r;
}

long sys_shmat(int id, unsigned long addr, int flags)
{
	unsigned long prot = PROT_READ | (flags & SHM_RDONLY ? 0 : PROT_WRITE) |
			     (flags & SHM_EXEC ? PROT_EXEC : 0);
	unsigned long map = MAP_SHARED;
	struct segment *s;
	struct file *file;
	size_t size;
	long r;

	if (addr) {
		if (flags & SHM_RND)
			addr &= PAGE_MASK;
		if (addr & ~PAGE_MASK)
			return -EINVAL;
		map |= flags & SHM_REMAP ? MAP_FIXED : MAP_FIXED_NOREPLACE;
	} else if (flags & SHM_REMAP) {
		return -EINVAL;
	}
	mutex_lock(&shm_mutex);
	s = segment_of(id);
	file = s ? get_file(s->file) : NULL;
	size = s ? s->size : 0;
	mutex_unlock(&shm_mutex);
	if (!file)
		return -EINVAL;
	r = do_mmap(current->mm, file, addr, size, prot, map, 0);
	fput(file);
	if (IS_ERR_VALUE((unsigned long)r))
		return r == -EEXIST ? -EINVAL : r;
	mutex_lock(&shm_mutex);
	s = segment_of(id);
	if (s) {
		s->atime = wall_ns() / NSEC_PER_SEC;
		s->lpid = current->proc->pid;
	}
	mutex_unlock(&shm_mutex);
	return r;
}

/* The attached area begins exactly at addr and may have been split since: unmap all of it that is
 * still in place. */
long sys_shmdt(unsigned long addr)
{
	struct mm_struct *mm = current->mm;
	struct vm_area_struct *vma;
	unsigned long end = 0;

	if (addr & ~PAGE_MASK)
		return -EINVAL;
	mutex_lock(&shm_mutex);
	down_read(&mm->mmap_lock);
	vma = find_vma(mm, addr);
	if (vma && vma->vm_start == addr && vma->vm_file && vma->vm_pgoff == 0 &&
	    (vma->vm_flags & VM_SHARED)) {
		struct file *file = vma->vm_file;

		end = vma->vm_end;
		for (; vma && vma->vm_file == file &&
		       vma->vm_start == addr + (vma->vm_pgoff << PAGE_SHIFT);
		     vma = find_vma(mm, end))
			end = vma->vm_end;
		for (unsigned i = 0; i < SHM_MAX; i++) {
			if (segments[i].file == file) {
				segments[i].dtime = wall_ns() / NSEC_PER_SEC;
				segments[i].lpid = current->proc->pid;
			}
		}
	}
	up_read(&mm->mmap_lock);
	mutex_unlock(&shm_mutex);
	return end ? do_munmap(mm, addr, end - addr) : -EINVAL;
}

static unsigned long attached(struct segment *s)
{
	struct address_space *mapping = s->file->f_mapping;
	struct span_node *at;
	unsigned long n = 0;

	spin_lock(&mapping->i_mmap_lock);
	span_for_each(at, &mapping->i_mmap, 0, ~(pgoff_t)0) n++;
	spin_unlock(&mapping->i_mmap_lock);
	return n;
}

static long stat_segment(struct segment *s, void __user *out)
{
	struct linux_shmid_ds d;

	memset(&d, 0, sizeof(d));
	d.key = s->key;
	d.uid = d.cuid = s->uid;
	d.gid = d.cgid = s->gid;
	d.mode = s->mode;
	d.seq = (u16)s->seq;
	d.segsz = s->size;
	d.atime = s->atime;
	d.dtime = s->dtime;
	d.ctime = s->ctime;
	d.cpid = s->cpid;
	d.lpid = s->lpid;
	d.nattch = attached(s);
	return copy_to_user(out, &d, sizeof(d)) ? -EFAULT : 0;
}

static long control(int id, int cmd, void __user *arg)
{
	struct linux_shmid_ds d;
	struct segment *s =
		cmd == SHM_STAT
			? id >= 0 && id < SHM_MAX && segments[id].file ? &segments[id] : NULL
			: segment_of(id);
	long r;

	if (!s)
		return -EINVAL;
	switch (cmd) {
	case IPC_RMID:
		fput(s->file);
		s->file = NULL;
		s->seq = (s->seq + 1) & 0xffff;
		return 0;
	case IPC_STAT:
	case SHM_STAT: r = stat_segment(s, arg); return r ? r : cmd == SHM_STAT ? id_of(s) : 0;
	case IPC_SET:
		if (copy_from_user(&d, arg, sizeof(d)))
			return -EFAULT;
		s->uid = d.uid;
		s->gid = d.gid;
		s->mode = d.mode & 0777;
		s->ctime = wall_ns() / NSEC_PER_SEC;
		return 0;
	case 11: /* SHM_LOCK, SHM_UNLOCK: nothing is ever swapped */
	case 12: return 0;
	default: return -EINVAL;
	}
}

/* IPC_INFO and SHM_INFO: the limits, and the highest slot in use. */
static long info(int cmd, void __user *arg)
{
	unsigned long v[9] = { (unsigned long)SIZE_LIMIT, 1, SHM_MAX, SHM_MAX,
			       (unsigned long)(SIZE_LIMIT >> PAGE_SHIFT) };
	long top = 0;

	if (cmd == SHM_INFO)
		memset(v, 0, sizeof(v));
	for (unsigned i = 0; i < SHM_MAX; i++) {
		if (!segments[i].file)
			continue;
		top = i;
		if (cmd == SHM_INFO) {
			v[0]++; /* used_ids, padded to a long */
			v[1] += PFN_UP(segments[i].size);
			v[2] += segments[i].file->f_mapping->nrpages;
		}
	}
	return copy_to_user(arg, v, (cmd == SHM_INFO ? 6 : 9) * sizeof(*v)) ? -EFAULT : top;
}

long sys_shmctl(int id, int cmd, void __user *arg)
{
	long r;

	if (sizeof(long) == 4)
		cmd &= ~IPC_64;
	mutex_lock(&shm_mutex);
	r = cmd == IPC_INFO || cmd == SHM_INFO ? info(cmd, arg) : control(id, cmd, arg);
	mutex_unlock(&shm_mutex);
	return r;
}

/* The machine goes down: segments nobody removed. */
void shm_exit_all(void)
{
	for (unsigned i = 0; i < SHM_MAX; i++) {
		if (segments[i].file)
			fput(segments[i].file);
		segments[i].file = NULL;
	}
}
