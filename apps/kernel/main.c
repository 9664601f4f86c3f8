/* SPDX-License-Identifier: MIT */
/*
 * main.c - from the port's hand-over to the first program, and from its end to the end of the
 * machine.
 *
 *   kernel_main (boot stack) -> quire_start() -> devices -> kmain task; then it is the idle task
 *   kmain: count free pages -> unpack initramfs -> start init -> wait -> reap all -> count again
 *
 * The balance: all pages that were free before the initramfs was unpacked must be free again at the
 * end.
 */
#include "fs/fs.h"
#include "kernel.h"
#include <quire/boot.h>
#include <quire/cma.h>
#include <quire/init.h>
#include <quire/layout.h>
#include <quire/mmzone.h>
#include <quire/quire.h>
#include <quire/task.h>
#include <quire/watch.h>

#define MAX_ARGS      64
#define STATUS_BROKEN 99

struct bare_boot *boot_info;
struct task *kmain_task;
unsigned long ram_pages;

static char *init_argv[MAX_ARGS + 1];
static char init_text[sizeof(((struct bare_boot *)0)->cmdline)];

/* ---- command line: "timing init=/path -- arg arg" -------------------------------------------- */
/* Cut init_text into words; what follows "--" are init's arguments.  A word in double quotes may
 * hold spaces. */
static void __init parse_cmdline(void)
{
	unsigned argc = 1;
	bool ours = true;
	char *at = init_text;

	quire_snprintf(init_text, sizeof(init_text), "%s", boot_info->cmdline);
	init_argv[0] = "/init";
	while (*at && argc < MAX_ARGS) {
		char *word, stop = ' ';

		while (*at == ' ')
			at++;
		if (*at == '"') {
			stop = '"';
			at++;
		}
		word = at;
		while (*at && *at != stop)
			at++;
		if (*at)
			*at++ = 0;
		if (word == at || (!*word && stop == ' '))
			continue;
		if (!ours)
			init_argv[argc++] = word;
		else if (!strcmp(word, "--"))
			ours = false;
		else if (!strncmp(word, "init=", 5))
			init_argv[0] = word + 5;
	}
	init_argv[argc] = NULL;
}

/* ---- the first program ----------------------------------------------------------------------- */
static void set_limits(struct process *p)
{
	for (unsigned i = 0; i < RLIM_NLIMITS; i++)
		p->rlim[i] = (struct linux_rlimit){ RLIM_NO_LIMIT, RLIM_NO_LIMIT };
	p->rlim[RLIMIT_STACK].cur = 8UL << 20;
	p->rlim[RLIMIT_CORE].cur = 0;
	p->rlim[RLIMIT_NOFILE] = (struct linux_rlimit){ 1024, 4096 };
	p->rlim[RLIMIT_MEMLOCK] = (struct linux_rlimit){ 8UL << 20, 8UL << 20 };
	p->rlim[RLIMIT_NPROC] = (struct linux_rlimit){ 32768, 32768 };
}

static void init_main(void *arg)
{
	static char *const envp[] = { "HOME=/", "PATH=/sbin:/usr/sbin:/bin:/usr/bin", "TERM=linux",
				      NULL };
	int error = files_open_console();

	(void)arg;
	if (error)
		quire_panic("no console for the first program: error %d\n", -error);
	error = kernel_exec(init_argv[0], init_argv, envp);
	bare_log_quiet(false);
	if (error) {
		printk("quire: cannot run %s: error %d\n", init_argv[0], -error);
		do_group_exit(127 << 8);
	}
	if (bare_cmdline_has("timing"))
		printk("quire: first user instruction at %lu (kernel entered at %lu)\n",
		       (unsigned long)bare_ticks(), (unsigned long)boot_info->entry_ticks);
	bare_enter_user();
}

static void start_init(void)
{
	struct task *t = kthread_start(init_main, NULL, "init");
	struct process *p = process_alloc();
	unsigned long flags;

	if (!t || !p)
		quire_panic("no memory for the first program\n");
	t->sighand = sighand_alloc(NULL);
	if (!t->sighand || pid_alloc(t))
		quire_panic("no memory for the first program\n");
	set_limits(p);
	timer_setup(&p->real_timer, real_timer_fn);
	p->pid = p->pgid = p->sid = t->tid;
	p->leader = t;
	p->is_init = true;
	p->exit_signal = SIGCHLD;
	p->start_ns = now_ns();
	init_process = p;
	tty_give_to(p);
	spin_lock_irqsave(&task_lock, flags);
	t->proc = p;
	list_add_tail(&t->thread_link, &p->tasks);
	p->nr_tasks = 1;
	list_add_tail(&p->all, &all_processes);
	nr_processes++;
	spin_unlock_irqrestore(&task_lock, flags);
	sched_start(t);
}

/* ---- files ----------------------------------------------------------------------------------- */

static void __init mount_at(const char *path, const char *type)
{
	struct dentry *d = ramfs_mkdir_p(path, 0555)
				   ? ERR_PTR(-ENOMEM)
				   : path_lookup(AT_FDCWD, path, WALK_FOLLOW | WALK_DIR);

	if (IS_ERR(d) || fs_mount(type, d))
		quire_panic("cannot mount %s\n", path);
	dput(d);
}

/* The root directory, the initramfs in it, /dev, /proc and /sys.  Pages that the loader's copy gave
 * back. */
static unsigned long __init fill_root(void)
{
	struct bare_boot *b = boot_info;
	unsigned long freed = 0;

	fs_root = ramfs_new_root();
	if (!fs_root)
		quire_panic("no memory for the root directory\n");
	if (b->initrd_end > b->initrd_start) {
		int n = initramfs_unpack(__va(b->initrd_start),
					 (size_t)(b->initrd_end - b->initrd_start));

		if (n >= 0)
			printk("initramfs: %d files and directories\n", n);
		freed = free_reserved_area(PAGE_ALIGN_DOWN(b->initrd_start),
					   PAGE_ALIGN(b->initrd_end), "initrd");
	}
	if (dev_populate() || ramfs_mkdir_p("/tmp", 01777))
		quire_panic("no memory for /dev and /tmp\n");
	mount_at("/proc", "proc");
	mount_at("/sys", "sysfs");
	return freed;
}

/* ---- the end --------------------------------------------------------------------------------- */
static unsigned finish(unsigned long before)
{
	int code = init_process->exit_code;
	unsigned status =
		code & 0x7f ? 128u + ((unsigned)code & 0x7f) : ((unsigned)code >> 8) & 0xff;
	struct seq_out out = { .emit = seq_log_emit };
	unsigned long after;
	const char *broken;

	kill_all_and_reap();
	init_process = NULL;
	compactd_stop();
	shm_exit_all();
	sysfs_exit();
	fs_exit_all();
	task_cache_drain();
	after = quire_free_pages_exact() + maps_kernel_tables();
	if (unknown_syscalls()) {
		printk("quire: unknown system calls:\n");
		show_unknown_syscalls(&out);
	}
	broken = check_all();
	if (broken || before != after || !bare_cmdline_has("quiet")) {
		printk("quire: check: %s\n", broken ? broken : "every law holds");
		printk("quire: balance: free before %lu, after %lu, missing %ld\n", before, after,
		       (long)(before - after));
	}
	printk("quire: init exited with status %u\n", status);
	return broken || before != after ? STATUS_BROKEN : status;
}

/* crash=stack, crash=null, crash=hole, crash=init on the command line: show that the reports work. */
static quire_noinline unsigned long descend(unsigned long depth)
{
	volatile unsigned long frame[64];

	frame[depth % 64] = depth;
	if (depth == 1000000)
		return 0;
	return descend(depth + 1) + frame[depth % 64];
}

/* The first byte above the linear map. */
static char *hole(void)
{
	struct layout_range range[LAYOUT_RANGES];
	unsigned i = maps_layout(range);

	while (i && range[i - 1].start != PAGE_OFFSET)
		i--;
	return i ? (char *)range[i - 1].last + 1 : NULL;
}

static void __init crash_if_asked(void)
{
	volatile char *nowhere = bare_cmdline_has("crash=hole") ? hole() : NULL;

	if (bare_cmdline_has("crash=stack"))
		printk("%lu frames\n", descend(0));
	__asm__("" : "+r"(nowhere)); /* so that neither compiler nor checker knows where it is */
	if (bare_cmdline_has("crash=null") || nowhere)
		*nowhere = 1;
}

#if QUIRE_PORT_CHECK
/* tests/port: whether this board keeps the promises of quire/port.h; instead of a first program. */
unsigned port_check_kernel(void);
#endif

static void __ref kmain(void *arg)
{
	unsigned long before;
	unsigned status;

	(void)arg;
#if QUIRE_PORT_CHECK
	bare_exit(port_check_kernel() ? 1 : 0);
#endif
	crash_if_asked();
	make_mistakes();
	bench_if_asked();
	before = quire_free_pages_exact() + maps_kernel_tables();
	compactd_start();
	before += fill_root();
	before += free_initmem();
	if (bare_cmdline_has("crash=init"))
		parse_cmdline(); /* which is gone */
	start_init();
	while (!READ_ONCE(init_process->zombie))
		port_block();
	status = finish(before);
	/* QEMU's exit status keeps seven bits: at least it is not 0. */
	bare_exit(status && !(status & 127) ? 127 : status);
}

/* ---- the beginning --------------------------------------------------------------------------- */
static void __init show_layout(void)
{
	char brand[64], features[64];
	struct zone *zone;

	printk("zones:\n");
	for_each_populated_zone(zone)
	{
		printk("  %-8s %012llx - %012llx  %lu pages, %lu given to the buddy system\n",
		       zone->name, (unsigned long long)PFN_PHYS(zone->zone_start_pfn),
		       (unsigned long long)PFN_PHYS(zone_end_pfn(zone)), zone->present_pages,
		       zone_managed_pages(zone));
	}
	bare_cpu_brand(brand, sizeof(brand));
	bare_features(features, sizeof(features));
	printk("CPU: %s, " BARE_CLOCK_NAME " %lu.%03lu MHz, on: %s\n", brand,
	       (unsigned long)(bare_clock.hz / 1000000),
	       (unsigned long)(bare_clock.hz / 1000 % 1000), features);
	maps_print_layout();
}

/* The kernel's tables are there, and all of RAM is below the linear map: what has to be set aside
 * before it is handed over. */
static void __init after_tables(void)
{
	bare_after_tables();
	cma_parse_cmdline(boot_info->cmdline);
}

/* For reports of the library. */
static void describe_current(struct quire_task *who)
{
	const struct task *t = current;

	who->pid = t->tid;
	who->tgid = t->proc ? t->proc->pid : t->tid;
	memcpy(who->comm, t->comm, sizeof(who->comm));
	who->comm[sizeof(who->comm) - 1] = 0;
}

void __init kernel_main(struct bare_boot *boot)
{
	boot_info = boot;
	printk("quire: boot kernel, command line: %s\n", boot->cmdline);
	parse_cmdline();
	quire_debug_parse_cmdline(boot->cmdline);
	if (quire_start(1, &boot->image, after_tables))
		quire_panic("quire_start: no memory\n");
	ram_pages = totalram_pages();
	show_layout();
	if (task_init() || signal_init())
		quire_panic("no memory for the task caches\n");
	sched_init();
	set_current_task_fn(describe_current);
	futex_init();
	shm_init();
	bare_interrupts_init();
	time_init();
	if (fs_init() || vdso_init())
		quire_panic("no memory for the file system caches\n");
	kernel_oom_init();
	mce_init();
	kmain_task = kthread_start(kmain, NULL, "kmain");
	if (!kmain_task)
		quire_panic("no memory for the first task\n");
	sched_start(kmain_task);
	sched_idle_loop();
}
