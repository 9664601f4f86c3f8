/* SPDX-License-Identifier: MIT */
/*
 * fs/proc_pid.c - /proc/PID: what one process is and does, in Linux's layouts.
 *
 * What is needed of a process is copied under task_lock first; its address space is held by
 * reference.
 */
#include "proc.h"
#include <quire/event.h>
#include <quire/watch.h>

int proc_store_pid;

/* A snapshot. */
struct pid_info {
	char comm[16];
	int pid, ppid, pgid, sid, nr_tasks, exit_signal;
	char state;
	bool has_tty;
	short oom_score_adj;
	u32 uid, euid, suid, gid, egid, sgid;
	u64 utime, stime, cutime, cstime, minflt, majflt, cminflt, cmajflt, start_ns, nvcsw, nivcsw;
	u64 pending, shared, blocked, ignored, caught;
	unsigned fd_size;
	struct linux_rlimit rlim[RLIM_NLIMITS];
};

static char state_of(const struct process *p)
{
	struct task *t;

	if (p->zombie)
		return 'Z';
	if (p->stopped)
		return 'T';
	list_for_each_entry(t, &p->tasks, thread_link)
		if (t->state == TASK_RUNNING)
			return 'R';
	return 'S';
}

static void copy_signals(struct pid_info *i, const struct task *t)
{
	i->pending = t->pending.set;
	i->blocked = t->blocked;
	for (int s = 0; t->sighand && s < NSIG; s++) {
		unsigned long h = t->sighand->action[s].handler;

		if (h == SIG_IGN)
			i->ignored |= SIGBIT(s + 1);
		else if (h != SIG_DFL)
			i->caught |= SIGBIT(s + 1);
	}
}

static int get_info(int pid, struct pid_info *i)
{
	unsigned long flags;
	struct process *p;
	struct task *t;

	memset(i, 0, sizeof(*i));
	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (!p) {
		spin_unlock_irqrestore(&task_lock, flags);
		return -ESRCH;
	}
	memcpy(i->comm, p->leader->comm, sizeof(i->comm));
	i->pid = p->pid;
	i->ppid = p->ppid;
	i->pgid = p->pgid;
	i->sid = p->sid;
	i->nr_tasks = p->nr_tasks;
	i->exit_signal = p->exit_signal;
	i->state = state_of(p);
	i->has_tty = p->has_tty;
	i->oom_score_adj = p->oom_score_adj;
	i->uid = p->uid;
	i->euid = p->euid;
	i->suid = p->suid;
	i->gid = p->gid;
	i->egid = p->egid;
	i->sgid = p->sgid;
	i->utime = p->utime;
	i->stime = p->stime;
	i->cutime = p->cutime;
	i->cstime = p->cstime;
	i->minflt = p->minflt;
	i->majflt = p->majflt;
	i->cminflt = p->cminflt;
	i->cmajflt = p->cmajflt;
	i->nvcsw = p->nvcsw;
	i->nivcsw = p->nivcsw;
	i->start_ns = p->start_ns;
	i->shared = p->shared.set;
	memcpy(i->rlim, p->rlim, sizeof(i->rlim));
	list_for_each_entry(t, &p->tasks, thread_link) {
		i->utime += t->utime;
		i->stime += t->stime;
		i->minflt += t->minflt;
		i->majflt += t->majflt;
		i->nvcsw += t->nvcsw;
		i->nivcsw += t->nivcsw;
		i->fd_size = t->files ? t->files->size : 0;
		if (t == p->leader)
			copy_signals(i, t);
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return 0;
}

static struct mm_struct *get_mm(int pid)
{
	struct mm_struct *mm = NULL;
	unsigned long flags;
	struct process *p;
	struct task *t;

	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p) {
		list_for_each_entry(t, &p->tasks, thread_link) {
			if (t->mm) {
				mm = mmget(t->mm);
				break;
			}
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return mm;
}

/* ---- for proc.c ------------------------------------------------------------------------------ */
bool proc_pid_exists(int pid)
{
	unsigned long flags;
	bool r;

	spin_lock_irqsave(&task_lock, flags);
	r = process_find_locked(pid);
	spin_unlock_irqrestore(&task_lock, flags);
	return r;
}

int proc_next_pid(int after)
{
	unsigned long flags;
	struct process *p;
	int best = 0;

	spin_lock_irqsave(&task_lock, flags);
	list_for_each_entry(p, &all_processes, all)
		if (p->pid > after && (!best || p->pid < best))
			best = p->pid;
	spin_unlock_irqrestore(&task_lock, flags);
	return best;
}

static struct files *get_files(int pid)
{
	struct files *f = NULL;
	unsigned long flags;
	struct process *p;
	struct task *t;

	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p) {
		list_for_each_entry(t, &p->tasks, thread_link) {
			if (t->files && !t->exiting) {
				f = files_get(t->files);
				break;
			}
		}
	}
	spin_unlock_irqrestore(&task_lock, flags);
	return f;
}

struct kfile *proc_get_file(int pid, unsigned fd)
{
	struct files *t = get_files(pid);
	struct kfile *f = NULL;

	if (!t)
		return NULL;
	spin_lock(&t->lock);
	if (fd < t->used && t->fd[fd]) {
		f = t->fd[fd];
		get_file(&f->f);
	}
	spin_unlock(&t->lock);
	files_put(t);
	return f;
}

int proc_next_fd(int pid, int after)
{
	struct files *t = get_files(pid);
	int next = -1;

	if (!t)
		return -1;
	spin_lock(&t->lock);
	for (unsigned i = (unsigned)(after + 1); i < t->used && next < 0; i++)
		if (t->fd[i])
			next = (int)i;
	spin_unlock(&t->lock);
	files_put(t);
	return next;
}

/* ---- the library's reports ------------------------------------------------------------------- */
#define MM_REPORT(name, fn)                                                                        \
	static int name(struct seq_out *out, int pid)                                              \
	{                                                                                          \
		struct mm_struct *mm = get_mm(pid);                                                \
		if (!mm)                                                                           \
			return proc_pid_exists(pid) ? 0 : -ESRCH;                                  \
		fn(out, mm);                                                                       \
		mmput(mm);                                                                         \
		return 0;                                                                          \
	}
MM_REPORT(maps, show_pid_maps)
MM_REPORT(smaps, show_pid_smaps)
MM_REPORT(smaps_rollup, show_pid_smaps_rollup)
MM_REPORT(statm, show_pid_statm)

/* ---- status, stat ---------------------------------------------------------------------------- */
static const char *state_words(char c)
{
	switch (c) {
	case 'R': return "R (running)";
	case 'S': return "S (sleeping)";
	case 'T': return "T (stopped)";
	default: return "Z (zombie)";
	}
}

static int status(struct seq_out *out, int pid)
{
	struct pid_info *i = kmalloc(sizeof(*i), GFP_KERNEL);
	struct mm_struct *mm;
	int error = i ? get_info(pid, i) : -ENOMEM;

	if (error) {
		kfree(i);
		return error;
	}
	seq_printf(out,
		   "Name:\t%s\nUmask:\t%04o\nState:\t%s\nTgid:\t%d\nNgid:\t0\nPid:\t%d\nPPid:\t%"
		   "d\nTracerPid:\t0\n",
		   i->comm, current->fs ? current->fs->umask : 0, state_words(i->state), i->pid,
		   i->pid, i->ppid);
	seq_printf(out, "Uid:\t%u\t%u\t%u\t%u\nGid:\t%u\t%u\t%u\t%u\nFDSize:\t%u\nGroups:\t \n",
		   i->uid, i->euid, i->suid, i->euid, i->gid, i->egid, i->sgid, i->egid,
		   i->fd_size);
	seq_printf(out, "NStgid:\t%d\nNSpid:\t%d\nNSpgid:\t%d\nNSsid:\t%d\nKthread:\t0\n", i->pid,
		   i->pid, i->pgid, i->sid);
	mm = get_mm(pid);
	if (mm) {
		show_pid_status_mem(out, mm);
		mmput(mm);
		seq_puts(out, "CoreDumping:\t0\nTHP_enabled:\t0\n");
	}
	seq_printf(out,
		   "Threads:\t%d\nSigQ:\t0/"
		   "0\nSigPnd:\t%016llx\nShdPnd:\t%016llx\nSigBlk:\t%016llx\nSigIgn:\t%016llx\n"
		   "SigCgt:\t%016llx\n",
		   i->nr_tasks, (unsigned long long)i->pending, (unsigned long long)i->shared,
		   (unsigned long long)i->blocked, (unsigned long long)i->ignored,
		   (unsigned long long)i->caught);
	seq_printf(
		out,
		"Cpus_allowed:\t1\nCpus_allowed_list:\t0\nMems_allowed:\t1\nMems_allowed_list:\t0\n"
		"voluntary_ctxt_switches:\t%lu\nnonvoluntary_ctxt_switches:\t%lu\n",
		(unsigned long)i->nvcsw, (unsigned long)i->nivcsw);
	kfree(i);
	return 0;
}

static int stat(struct seq_out *out, int pid)
{
	const u64 tick = NSEC_PER_SEC / USER_HZ;
	struct pid_info *i = kmalloc(sizeof(*i), GFP_KERNEL);
	struct mm_struct *mm;
	int error = i ? get_info(pid, i) : -ENOMEM;
	unsigned long size = 0, rss = 0, code = 0, code_end = 0, stack = 0;

	if (error) {
		kfree(i);
		return error;
	}
	mm = get_mm(pid);
	if (mm) {
		size = mm->total_vm << PAGE_SHIFT;
		rss = get_mm_rss(mm);
		code = mm->start_code;
		code_end = mm->end_code;
		stack = mm->start_stack;
	}
	seq_printf(out, "%d (%s) %c %d %d %d %d %d %u %lu %lu %lu %lu %lu %lu %ld %ld ", i->pid,
		   i->comm, i->state, i->ppid, i->pgid, i->sid, i->has_tty ? (int)MKDEV(4, 64) : 0,
		   -1, 0, (unsigned long)i->minflt, (unsigned long)i->cminflt,
		   (unsigned long)i->majflt, (unsigned long)i->cmajflt,
		   (unsigned long)(i->utime / tick), (unsigned long)(i->stime / tick),
		   (long)(i->cutime / tick), (long)(i->cstime / tick));
	seq_printf(
		out,
		"20 0 %d 0 %lu %lu %lu %lu %lu %lu %lu 0 0 %lu %lu %lu %lu 0 0 0 %d 0 0 0 0 0 0 ",
		i->nr_tasks, (unsigned long)(i->start_ns / tick), size, rss,
		(unsigned long)i->rlim[RLIMIT_RSS].cur, code, code_end, stack,
		(unsigned long)i->pending, (unsigned long)i->blocked, (unsigned long)i->ignored,
		(unsigned long)i->caught, i->exit_signal);
	if (mm)
		seq_printf(out, "%lu %lu %lu %lu %lu %lu %lu 0\n", mm->start_data, mm->end_data,
			   mm->start_brk, mm->arg_start, mm->arg_end, mm->env_start, mm->env_end);
	else
		seq_puts(out, "0 0 0 0 0 0 0 0\n");
	if (mm)
		mmput(mm);
	kfree(i);
	return 0;
}

/* ---- small ones ------------------------------------------------------------------------------ */
static int memory_text(struct seq_out *out, int pid, bool environment)
{
	struct mm_struct *mm = get_mm(pid);
	unsigned long at, end;
	char chunk[256];

	if (!mm)
		return proc_pid_exists(pid) ? 0 : -ESRCH;
	at = environment ? mm->env_start : mm->arg_start;
	end = environment ? mm->env_end : mm->arg_end;
	while (at < end) {
		size_t n = access_remote_vm(mm, at, chunk, min(end - at, sizeof(chunk)), false);

		if (!n)
			break;
		seq_write(out, chunk, n);
		at += n;
	}
	mmput(mm);
	return 0;
}

static int cmdline(struct seq_out *out, int pid)
{
	return memory_text(out, pid, false);
}

static int environ(struct seq_out *out, int pid)
{
	return memory_text(out, pid, true);
}

static int comm(struct seq_out *out, int pid)
{
	unsigned long flags;
	struct process *p;
	char name[16] = "";

	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p)
		memcpy(name, p->leader->comm, sizeof(name));
	spin_unlock_irqrestore(&task_lock, flags);
	seq_printf(out, "%s\n", name);
	return p ? 0 : -ESRCH;
}

static int oom_score(struct seq_out *out, int pid)
{
	struct mm_struct *mm = get_mm(pid);
	struct oom_candidate c = { .pid = pid, .tgid = pid, .mm = mm };
	long points = 0;

	if (mm) {
		points = oom_badness(&c, ram_pages);
		mmput(mm);
	}
	seq_printf(out, "%ld\n", points < 0 ? 0 : points * 1000 / (long)max(ram_pages, 1UL));
	return 0;
}

static int oom_score_adj(struct seq_out *out, int pid)
{
	struct pid_info *i = kmalloc(sizeof(*i), GFP_KERNEL);
	int error = i ? get_info(pid, i) : -ENOMEM;

	if (!error)
		seq_printf(out, "%d\n", i->oom_score_adj);
	kfree(i);
	return error;
}

static int oom_score_adj_store(const char *text)
{
	bool minus = *text == '-';
	unsigned long flags;
	struct process *p;
	int v = 0;

	if (minus)
		text++;
	if (*text < '0' || *text > '9')
		return -EINVAL;
	for (; *text >= '0' && *text <= '9' && v <= 1000; text++)
		v = v * 10 + (*text - '0');
	if (v > 1000 || (*text && *text != '\n'))
		return -EINVAL;
	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(proc_store_pid);
	if (p)
		p->oom_score_adj = (short)(minus ? -v : v);
	spin_unlock_irqrestore(&task_lock, flags);
	return p ? 0 : -ESRCH;
}

/* As Linux's fault injection: the n-th allocation from now on fails; reads 0 once it has. */
static unsigned fail_nth;

static int fail_nth_show(struct seq_out *out, int pid)
{
	(void)pid;
	seq_printf(out, "%u\n", quire_fail_fired() ? 0 : fail_nth);
	return 0;
}

static int fail_nth_store(const char *text)
{
	unsigned n = 0;

	for (; *text >= '0' && *text <= '9' && n < 100000000; text++)
		n = n * 10 + (unsigned)(*text - '0');
	if (*text && *text != '\n')
		return -EINVAL;
	fail_nth = n;
	quire_fail_nth(n);
	return 0;
}

static void limit_value(struct seq_out *out, u64 v)
{
	if (v == RLIM_NO_LIMIT)
		seq_printf(out, "%-20s ", "unlimited");
	else
		seq_printf(out, "%-20llu ", (unsigned long long)v);
}

static int limits(struct seq_out *out, int pid)
{
	static const char *const names[RLIM_NLIMITS][2] = {
		{ "Max cpu time", "seconds" },     { "Max file size", "bytes" },
		{ "Max data size", "bytes" },      { "Max stack size", "bytes" },
		{ "Max core file size", "bytes" }, { "Max resident set", "bytes" },
		{ "Max processes", "processes" },  { "Max open files", "files" },
		{ "Max locked memory", "bytes" },  { "Max address space", "bytes" },
		{ "Max file locks", "locks" },     { "Max pending signals", "signals" },
		{ "Max msgqueue size", "bytes" },  { "Max nice priority", "" },
		{ "Max realtime priority", "" },   { "Max realtime timeout", "us" },
	};
	struct pid_info *i = kmalloc(sizeof(*i), GFP_KERNEL);
	int error = i ? get_info(pid, i) : -ENOMEM;

	if (!error) {
		seq_printf(out, "%-25s %-20s %-20s %-10s\n", "Limit", "Soft Limit", "Hard Limit",
			   "Units");
		for (unsigned n = 0; n < RLIM_NLIMITS; n++) {
			seq_printf(out, "%-25s ", names[n][0]);
			limit_value(out, i->rlim[n].cur);
			limit_value(out, i->rlim[n].max);
			seq_printf(out, "%-10s\n", names[n][1]);
		}
	}
	kfree(i);
	return error;
}

/* ---- links ----------------------------------------------------------------------------------- */
static struct dentry *exe_target(int pid, unsigned number)
{
	struct mm_struct *mm = get_mm(pid);
	struct dentry *d = ERR_PTR(-ENOENT);

	(void)number;
	if (!mm)
		return d;
	if (mm->exe_file)
		d = dget(container_of(mm->exe_file, struct kfile, f)->dentry);
	mmput(mm);
	return d;
}

static struct dentry *fs_target(int pid, bool root)
{
	struct dentry *d = ERR_PTR(-ENOENT);
	struct fs_info *fs = NULL;
	unsigned long flags;
	struct process *p;

	spin_lock_irqsave(&task_lock, flags);
	p = process_find_locked(pid);
	if (p && !p->leader->exiting && p->leader->fs)
		fs = fs_info_get(p->leader->fs);
	spin_unlock_irqrestore(&task_lock, flags);
	if (fs) {
		d = dget(root ? fs->root : fs->cwd);
		fs_info_put(fs);
	}
	return d;
}

static struct dentry *cwd_target(int pid, unsigned number)
{
	(void)number;
	return fs_target(pid, false);
}

static struct dentry *root_target(int pid, unsigned number)
{
	(void)number;
	return fs_target(pid, true);
}

static struct dentry *fd_target(int pid, unsigned number)
{
	struct kfile *f = proc_get_file(pid, number);
	struct dentry *d;

	if (!f)
		return ERR_PTR(-ENOENT);
	d = f->dentry ? dget(f->dentry) : NULL;
	if (!d && f->inode)
		d = dentry_alloc(NULL, f->inode, "pipe", 4);
	kfile_put(f);
	return d ? d : ERR_PTR(-ENXIO);
}

const struct proc_entry proc_fd_link = { .name = "fd", .mode = 0700, .target = fd_target };

const struct proc_entry proc_pid_entries[] = {
	{ .name = "cmdline", .mode = 0444, .show = cmdline },
	{ .name = "comm", .mode = 0444, .show = comm },
	{ .name = "cwd", .mode = 0777, .target = cwd_target },
	{ .name = "environ", .mode = 0400, .show = environ },
	{ .name = "exe", .mode = 0777, .target = exe_target },
	{ .name = "fail-nth", .mode = 0644, .show = fail_nth_show, .store = fail_nth_store },
	{ .name = "fd", .mode = 0500, .numbers = true },
	{ .name = "limits", .mode = 0444, .show = limits },
	{ .name = "maps", .mode = 0444, .show = maps },
	{ .name = "mounts", .mode = 0444, .show = proc_mounts },
	{ .name = "oom_score", .mode = 0444, .show = oom_score },
	{ .name = "oom_score_adj",
	  .mode = 0644,
	  .show = oom_score_adj,
	  .store = oom_score_adj_store },
	{ .name = "root", .mode = 0777, .target = root_target },
	{ .name = "smaps", .mode = 0444, .show = smaps },
	{ .name = "smaps_rollup", .mode = 0444, .show = smaps_rollup },
	{ .name = "stat", .mode = 0444, .show = stat },
	{ .name = "statm", .mode = 0444, .show = statm },
	{ .name = "status", .mode = 0444, .show = status },
	{ 0 },
};
