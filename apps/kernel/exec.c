/* SPDX-License-Identifier: MIT */
/*
 * exec.c - replaces a process's program: scripts, ELF, the first stack.
 *
 *   open, read the head  ->  "#!": start again with the interpreter
 *                        ->  ELF: build a new space beside the old one  ->  commit, cannot fail
 *
 *   stack, from the top:  name | environment | arguments | platform, random bytes
 *                         | auxv | envp | argv | argc
 *
 * Until the commit every error leaves the caller as it was.
 */
#include "elf.h"
#include "fs/fs.h"
#include "kernel.h"
#include "syscall.h"

#define STACK_TOP   PORT_TASK_SIZE
#define STACK_FIRST (132 * 1024UL)
#define ARG_LIMIT   (2UL << 20)
#define PIE_BASE    PAGE_ALIGN_DOWN(PORT_TASK_SIZE / 3 * 2)
#define MAX_SCRIPTS 5
#define HEAD_SIZE   4096

/* Strings for the new stack, in one growing buffer. */
struct exec_args {
	char *buf;
	size_t used, size;
	unsigned argc, envc;
	u32 argv_bytes; /* of the argument strings */
};

struct exec {
	struct exec_args args;
	struct kfile *file;
	char *head; /* first HEAD_SIZE bytes of the file            */
	size_t head_len;
	char *path; /* as given to execve, for AT_EXECFN            */
	struct elf_image elf;
	struct mm_struct *mm; /* the new space                                */
	unsigned long bias, entry, interp_base, stack, vdso;
	char comm[16];
};

/* ---- argument strings ------------------------------------------------------------------------ */
static int args_room(struct exec_args *a, size_t more)
{
	size_t size = a->size ? a->size : PAGE_SIZE;
	char *buf;

	if (a->used + more > ARG_LIMIT)
		return -E2BIG;
	while (size < a->used + more)
		size *= 2;
	if (size == a->size)
		return 0;
	buf = kvmalloc(size, GFP_KERNEL);
	if (!buf)
		return -ENOMEM;
	memcpy(buf, a->buf, a->used);
	kvfree(a->buf);
	a->buf = buf;
	a->size = size;
	return 0;
}

static int args_add(struct exec_args *a, const char *s)
{
	size_t n = strlen(s) + 1;
	int error = args_room(a, n);

	if (error)
		return error;
	memcpy(a->buf + a->used, s, n);
	a->used += n;
	return 0;
}

static int args_add_user(struct exec_args *a, const char __user *s)
{
	for (;;) {
		size_t room = a->size - a->used;
		long n = room ? strncpy_from_user(a->buf + a->used, s, (long)room) : 0;

		if (n < 0)
			return (int)n;
		if (room && (size_t)n < room) {
			a->used += (size_t)n + 1;
			return 0;
		}
		if (room >= ARG_LIMIT)
			return -E2BIG;
		n = args_room(a, room + 1);
		if (n)
			return (int)n;
	}
}

static int args_add_vector(struct exec_args *a, const unsigned long __user *vec, unsigned *count)
{
	unsigned long at;
	int error;

	for (*count = 0; vec; vec++, ++*count) {
		if (copy_from_user(&at, vec, sizeof(at)))
			return -EFAULT;
		if (!at)
			break;
		if (*count >= ARG_LIMIT / sizeof(at))
			return -E2BIG;
		error = args_add_user(a, (const char __user *)at);
		if (error)
			return error;
	}
	return 0;
}

/* ---- the file -------------------------------------------------------------------------------- */
static int open_program(struct exec *x, const char *path)
{
	struct kfile *f = file_open(AT_FDCWD, path, O_RDONLY, 0);
	long n;

	if (IS_ERR(f))
		return (int)PTR_ERR(f);
	if (!S_ISREG(f->inode->mode) || !(f->inode->mode & 0111) || !f->f.f_mapping) {
		kfile_put(f);
		return -EACCES;
	}
	if (x->file)
		kfile_put(x->file);
	x->file = f;
	n = kernel_read(f, x->head, HEAD_SIZE, 0);
	if (n < 0)
		return (int)n;
	x->head_len = (size_t)n;
	return 0;
}

/* Drop argv[0] and put `interp [arg] path` in its place. */
static int script_args(struct exec *x, const char *interp, const char *arg, const char *path)
{
	struct exec_args old = x->args, *a = &x->args;
	size_t skip = old.argc ? strlen(old.buf) + 1 : 0;
	int error;

	*a = (struct exec_args){ .argc = (old.argc ? old.argc - 1 : 0) + 2 + (arg != NULL),
				 .envc = old.envc };
	error = args_add(a, interp);
	if (!error && arg)
		error = args_add(a, arg);
	if (!error)
		error = args_add(a, path);
	if (!error)
		error = args_room(a, old.used - skip);
	if (!error) {
		a->argv_bytes = (u32)(a->used + old.argv_bytes - skip);
		memcpy(a->buf + a->used, old.buf + skip, old.used - skip);
		a->used += old.used - skip;
	}
	kvfree(old.buf);
	return error;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* "#! interp arg": open the interpreter.  The line must end within 255 bytes. */
static int open_script(struct exec *x, const char *path)
{
	char line[256], *interp = line + 2, *arg, *end;
	size_t n = min(x->head_len, sizeof(line) - 1);
	int error;

	memcpy(line, x->head, n);
	line[n] = 0;
	end = strchr(line, '\n');
	if (!end)
		return -ENOEXEC;
	while (end > interp && is_blank(end[-1]))
		end--;
	*end = 0;
	while (is_blank(*interp))
		interp++;
	if (!*interp)
		return -ENOEXEC;
	for (arg = interp; *arg && !is_blank(*arg); arg++)
		;
	if (*arg) {
		*arg++ = 0;
		while (is_blank(*arg))
			arg++;
	}
	error = script_args(x, interp, *arg ? arg : NULL, path);
	if (error)
		return error;
	return open_program(x, interp);
}

/* ---- the new space --------------------------------------------------------------------------- */
static unsigned long prot_of(u32 flags)
{
	return (flags & ELF_READ ? PROT_READ : 0) | (flags & ELF_WRITE ? PROT_WRITE : 0) |
	       (flags & ELF_EXEC ? PROT_EXEC : 0);
}

/* One segment: the file's pages, zeros to the end of the last one, and the rest of the bss. */
static int map_load(struct mm_struct *mm, struct file *file, const struct elf_load *l,
		    unsigned long bias)
{
	unsigned long at_start = l->vaddr + bias, file_end = at_start + l->filesz;
	unsigned long start = PAGE_ALIGN_DOWN(at_start), end = PAGE_ALIGN(at_start + l->memsz);
	unsigned long mapped = PAGE_ALIGN(file_end);
	long at;

	if (l->filesz) {
		at = do_mmap(mm, file, start, file_end - start, prot_of(l->flags),
			     MAP_PRIVATE | MAP_FIXED_NOREPLACE, (pgoff_t)(l->offset >> PAGE_SHIFT));
		if (at < 0)
			return at == -EEXIST ? -ENOEXEC : (int)at;
		if (l->memsz > l->filesz && (l->flags & ELF_WRITE) && mapped > file_end &&
		    clear_user((void __user *)file_end, mapped - file_end))
			return -ENOEXEC;
	} else {
		mapped = start;
	}
	if (end <= mapped)
		return 0;
	return (int)vm_brk_flags(mm, mapped, end - mapped, l->flags & ELF_EXEC ? VM_EXEC : 0);
}

static int map_image(struct mm_struct *mm, struct kfile *f, const struct elf_image *elf,
		     unsigned long bias)
{
	u64 size = (u64)f->f.f_mapping->i_size;

	for (unsigned i = 0; i < elf->nr_loads; i++) {
		const struct elf_load *l = &elf->load[i];
		int error;

		if (l->filesz > size || l->offset > size - l->filesz)
			return -ENOEXEC;
		error = map_load(mm, &f->f, l, bias);
		if (error)
			return error;
	}
	return 0;
}

/* A program for another machine is told so: its file is in order, and ENOEXEC alone would not say it. */
static int read_elf(const char *path, const void *head, size_t len, struct elf_image *elf)
{
	static const struct elf_machine ours = { ARCH_ELF_MACHINE, sizeof(long) == 8 ? 64 : 32,
						 PORT_TASK_SIZE };
	int error = elf_parse(head, len, &ours, elf);

	if (error && elf->foreign)
		printk("exec: %s is a program %s, and this machine is " ARCH_NAME "\n", path,
		       elf->foreign);
	return error;
}

/* PT_INTERP: the dynamic loader goes where there is room and gets control first. */
static int map_interp(struct exec *x)
{
	struct elf_image *elf;
	struct exec y = { .head = x->head };
	unsigned long base;
	char *path;
	long n;
	int error;

	if (x->elf.interp_size > PAGE_SIZE)
		return -ENOEXEC;
	path = kmalloc(x->elf.interp_size, GFP_KERNEL);
	elf = kmalloc(sizeof(*elf), GFP_KERNEL);
	error = -ENOMEM;
	if (!path || !elf)
		goto out;
	n = kernel_read(x->file, path, x->elf.interp_size, (quire_loff_t)x->elf.interp_offset);
	error = -ENOEXEC;
	if (n != (long)x->elf.interp_size || path[n - 1])
		goto out;
	error = open_program(&y, path);
	if (error)
		goto out;
	error = read_elf(path, y.head, y.head_len, elf);
	if (!error && !elf->pie)
		error = -ENOEXEC;
	if (error)
		goto out;
	base = get_unmapped_area(x->mm, elf->high - elf->low);
	error = IS_ERR_VALUE(base) ? -ENOMEM : map_image(x->mm, y.file, elf, base - elf->low);
	x->interp_base = base - elf->low;
	x->entry = elf->entry + x->interp_base;
out:
	if (y.file)
		kfile_put(y.file);
	kfree(path);
	kfree(elf);
	return error;
}

static void note_segments(struct exec *x)
{
	struct mm_struct *mm = x->mm;

	for (unsigned i = 0; i < x->elf.nr_loads; i++) {
		const struct elf_load *l = &x->elf.load[i];
		unsigned long start = l->vaddr + x->bias, end = start + l->filesz;

		if (l->flags & ELF_EXEC) {
			mm->start_code = start;
			mm->end_code = end;
		} else if (l->flags & ELF_WRITE) {
			mm->start_data = start;
			mm->end_data = end;
		}
	}
	mm->start_brk = mm->brk = PAGE_ALIGN(x->elf.high + x->bias);
}

/* auxv, in the order of Linux's reports. */
static unsigned fill_auxv(const struct exec *x, unsigned long *v, unsigned long random,
			  unsigned long platform, unsigned long execfn)
{
	struct process *p = current->proc;
	unsigned long aux[][2] = {
		{ 33, x->vdso },
		{ 51, arch_min_frame() },
		{ 16, arch_hwcap() },
		{ 6, PAGE_SIZE },
		{ 17, USER_HZ },
		{ 3, x->elf.phdr ? x->elf.phdr + x->bias : 0 },
		{ 4, x->elf.phentsize },
		{ 5, x->elf.phnum },
		{ 7, x->interp_base },
		{ 8, 0 },
		{ 9, x->elf.entry + x->bias },
		{ 11, p->uid },
		{ 12, p->euid },
		{ 13, p->gid },
		{ 14, p->egid },
		{ 23, 0 },
		{ 25, random },
		{ 26, 0 },
		{ 31, execfn },
		{ 15, platform },
		{ 0, 0 },
	};

	memcpy(v, aux, sizeof(aux));
	return ARRAY_SIZE(aux) * 2;
}

/* Pointers to `n` consecutive strings; the address after them. */
static unsigned long point(unsigned long *v, unsigned n, const char **s, unsigned long at)
{
	for (unsigned i = 0; i < n; i++) {
		size_t len = strlen(*s) + 1;

		v[i] = at;
		*s += len;
		at += len;
	}
	v[n] = 0;
	return at;
}

static int build_stack(struct exec *x)
{
	struct exec_args *a = &x->args;
	struct mm_struct *mm = x->mm;
	size_t path_len = strlen(x->path) + 1, words = 1 + a->argc + 1 + a->envc + 1 + 44;
	unsigned long execfn = STACK_TOP - 8 - path_len, strings = execfn - a->used;
	unsigned long extra = (strings - 32) & ~15UL, *v, *w;
	unsigned long sp = (extra - words * sizeof(*v)) & ~15UL;
	u8 tail[32] = ARCH_PLATFORM;
	const char *s = a->buf;
	int error = -EFAULT;

	if (STACK_TOP - sp > STACK_FIRST) {
		error = mm_setup_stack(mm, STACK_TOP, PAGE_ALIGN(STACK_TOP - sp) + STACK_FIRST, 0);
	} else {
		error = mm_setup_stack(mm, STACK_TOP, STACK_FIRST, x->elf.exec_stack ? VM_EXEC : 0);
	}
	if (error)
		return error;
	v = kvmalloc(words * sizeof(*v), GFP_KERNEL);
	if (!v)
		return -ENOMEM;
	random_bytes(tail + 16, 16);
	v[0] = a->argc;
	w = v + 1;
	mm->arg_start = strings;
	mm->arg_end = mm->env_start = point(w, a->argc, &s, strings);
	w += a->argc + 1;
	mm->env_end = point(w, a->envc, &s, mm->env_start);
	w += a->envc + 1;
	w += fill_auxv(x, w, extra + 16, extra, execfn);
	error = -EFAULT;
	if (!copy_to_user((void __user *)execfn, x->path, path_len) &&
	    !copy_to_user((void __user *)strings, a->buf, a->used) &&
	    !copy_to_user((void __user *)extra, tail, sizeof(tail)) &&
	    !copy_to_user((void __user *)sp, v, (size_t)(w - v) * sizeof(*v)))
		error = 0;
	kvfree(v);
	mm->start_stack = sp;
	x->stack = sp;
	return error;
}

/* With the new space loaded: everything that goes into it. */
static int build_space(struct exec *x)
{
	unsigned long vdso = 0;
	int error;

	tell_limits(x->mm, current->proc);
	x->bias = x->elf.pie ? PIE_BASE - x->elf.low : 0;
	x->entry = x->elf.entry + x->bias;
	error = map_image(x->mm, x->file, &x->elf, x->bias);
	if (error)
		return error;
	note_segments(x);
	if (x->elf.interp_size) {
		error = map_interp(x);
		if (error)
			return error;
	}
	error = vdso_map(x->mm, &vdso);
	if (error)
		return error;
	x->vdso = vdso;
	error = build_stack(x);
	return error == -EFAULT ? -ENOMEM : error;
}

static void switch_space(struct task *t, struct mm_struct *mm)
{
	unsigned long flags;

	spin_lock_irqsave(&task_lock, flags);
	t->mm = mm;
	sched_use_mm(mm);
	spin_unlock_irqrestore(&task_lock, flags);
}

/* ---- commit ---------------------------------------------------------------------------------- */
static void start_registers(struct task *t, unsigned long entry, unsigned long sp)
{
	regs_start(task_regs(t), entry, sp);
	bare_fpu_reset(&t->thread);
	set_work(t, BARE_WORK_RETURN);
}

static int own_sighand(struct task *t)
{
	struct sighand *s, *old;
	unsigned long flags;

	if (t->sighand->refs == 1)
		return 0;
	s = sighand_alloc(t->sighand);
	if (!s)
		return -ENOMEM;
	old = t->sighand;
	spin_lock_irqsave(&task_lock, flags);
	t->sighand = s;
	spin_unlock_irqrestore(&task_lock, flags);
	sighand_put(old);
	return 0;
}

static int own_files(struct task *t)
{
	struct files *f, *old = t->files;
	unsigned long flags;

	if (atomic_read(&old->refs) == 1)
		return 0;
	f = files_copy(old);
	if (!f)
		return -ENOMEM;
	spin_lock_irqsave(&task_lock, flags);
	t->files = f;
	spin_unlock_irqrestore(&task_lock, flags);
	files_put(old);
	return 0;
}

static void commit(struct exec *x, struct mm_struct *old)
{
	struct task *t = current;
	struct process *p = t->proc;

	process_kill_others(p);
	x->mm->exe_file = get_file(&x->file->f);
	x->mm->owner = p;
	files_close_on_exec(t->files);
	signal_exec(t);
	timer_cancel(&t->sleep_timer);
	t->clear_child_tid = NULL;
	t->robust_list = 0;
	memcpy(t->comm, x->comm, sizeof(t->comm));
	p->did_exec = true;
	p->vdso = x->vdso;
	p->exit_signal = SIGCHLD;
	if (old)
		p->maxrss = max3(p->maxrss, (u64)old->hiwater_rss, (u64)get_mm_rss(old));
	exec_release_vfork(p);
	start_registers(t, x->entry, x->stack);
	if (old)
		mmput(old);
}

static void set_comm(struct exec *x, const char *path)
{
	const char *slash = strrchr(path, '/');

	quire_snprintf(x->comm, sizeof(x->comm), "%s", slash ? slash + 1 : path);
}

/* Open, look through scripts, parse. */
static int find_program(struct exec *x)
{
	char name[256];
	int error = open_program(x, x->path);

	quire_snprintf(name, sizeof(name), "%s", x->path);
	for (int depth = 0; !error && x->head_len > 2 && x->head[0] == '#' && x->head[1] == '!';
	     depth++) {
		if (depth == MAX_SCRIPTS)
			return -ELOOP;
		error = open_script(x, name);
		quire_snprintf(name, sizeof(name), "%s", x->args.buf);
	}
	return error ? error : read_elf(x->path, x->head, x->head_len, &x->elf);
}

/* x->path and x->args are filled in; both are freed here. */
static long do_exec(struct exec *x)
{
	struct task *t = current;
	struct mm_struct *old = t->mm;
	long error = -ENOMEM;

	x->head = kmalloc(HEAD_SIZE, GFP_KERNEL);
	if (x->head)
		error = find_program(x);
	if (!error && (own_sighand(t) || own_files(t)))
		error = -ENOMEM;
	if (!error) {
		set_comm(x, x->path);
		x->mm = mm_alloc();
		error = -ENOMEM;
	}
	if (x->mm) {
		switch_space(t, x->mm);
		error = build_space(x);
		if (!error) {
			commit(x, old);
		} else {
			switch_space(t, old);
			mmput(x->mm);
		}
	}
	if (x->file)
		kfile_put(x->file);
	kfree(x->head);
	kvfree(x->args.buf);
	return error;
}

static long execve_user(char *path, const unsigned long __user *argv,
			const unsigned long __user *envp)
{
	struct exec *x = kzalloc(sizeof(*x), GFP_KERNEL);
	long error = -ENOMEM;

	if (!x)
		return error;
	x->path = path;
	error = args_room(&x->args, 1);
	if (!error)
		error = args_add_vector(&x->args, argv, &x->args.argc);
	if (!error && !x->args.argc) {
		error = args_add(&x->args, "");
		x->args.argc = 1;
	}
	x->args.argv_bytes = (u32)x->args.used;
	if (!error)
		error = args_add_vector(&x->args, envp, &x->args.envc);
	if (!error)
		error = do_exec(x);
	else
		kvfree(x->args.buf);
	kfree(x);
	return error;
}

long sys_execve(const char __user *path, const unsigned long __user *argv,
		const unsigned long __user *envp)
{
	char *name = getname(path);
	long error;

	if (IS_ERR(name))
		return PTR_ERR(name);
	error = execve_user(name, argv, envp);
	kfree(name);
	return error;
}

/* From a kernel thread that becomes the first program. */
int kernel_exec(const char *path, char *const *argv, char *const *envp)
{
	struct exec *x = kzalloc(sizeof(*x), GFP_KERNEL);
	int error = 0;

	if (!x)
		return -ENOMEM;
	x->path = (char *)path;
	for (; !error && argv[x->args.argc]; x->args.argc++)
		error = args_add(&x->args, argv[x->args.argc]);
	x->args.argv_bytes = (u32)x->args.used;
	for (; !error && envp[x->args.envc]; x->args.envc++)
		error = args_add(&x->args, envp[x->args.envc]);
	if (!error)
		error = (int)do_exec(x);
	kfree(x);
	return error;
}
