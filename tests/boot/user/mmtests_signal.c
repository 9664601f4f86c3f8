/* SPDX-License-Identifier: MIT */
/* mmtests_signal.c - faults as signals: siginfo, returning from a handler, alternate stacks. */
#include "cpu.h"
#include "mmtests.h"

#include <setjmp.h>

static volatile char *page;
static volatile int hits;
static volatile unsigned long at_address;

static void catch (int sig, void (*handler)(int, siginfo_t *, void *), int flags)
{
	struct sigaction act = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO | flags };

	CHECK(sigaction(sig, &act, NULL) == 0);
}

static void addresses_are_exact(void)
{
	char *p = map(3, PROT_READ, ANON), *hole = map_free(3);
	static const int offsets[] = { 0, 1, 7, 4095, 4096, 8191 };

	for (size_t i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
		FAULTS(try_write, p + offsets[i], SIGSEGV, SEGV_ACCERR);
		FAULTS(try_read, hole + offsets[i], SIGSEGV, SEGV_MAPERR);
	}
}

static void kernel_addresses(void)
{
	FAULTS(try_read, (char *)CPU_LINEAR_MAP + 0x1000, SIGSEGV, SEGV_MAPERR);
	FAULTS(try_write, (char *)CPU_IMAGE, SIGSEGV, SEGV_MAPERR);
}

static void noncanonical_addresses(void)
{
	struct fault f = try_read((char *)CPU_STRANGE);

	EQUAL(f.sig, SIGSEGV);
	CHECK(CPU_STRANGE_SAYS(f));
}

static void text_is_readonly(void)
{
	FAULTS(try_write, (char *)(uintptr_t)text_is_readonly, SIGSEGV, SEGV_ACCERR);
	READS((char *)(uintptr_t)text_is_readonly);
}

static void data_is_not_executable(void)
{
	static cpu_code_t code = CPU_RETURN;
	cpu_code_t on_stack = CPU_RETURN;

	FAULTS(try_call, (char *)&code, SIGSEGV, SEGV_ACCERR);
	FAULTS(try_call, (char *)&on_stack, SIGSEGV, SEGV_ACCERR);
	FAULTS(try_call, (char *)map_free(1), SIGSEGV, SEGV_MAPERR);
}

static void unprotect(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	hits++;
	at_address = (unsigned long)info->si_addr;
	mprotect((void *)(uintptr_t)page, PAGE, RW);
}

static void handler_mends_and_returns(void)
{
	page = map(1, RW, ANON);
	*page = 1;
	catch (SIGSEGV, unprotect, 0);
	for (int i = 0; i < 100; i++) {
		CHECK(mprotect((void *)(uintptr_t)page, PAGE, PROT_READ) == 0);
		page[i] = (char)i;
		EQUAL(hits, i + 1);
		EQUAL(at_address, page + i);
	}
}

static void map_page(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	hits++;
	mmap((void *)((unsigned long)info->si_addr & ~(PAGE - 1)), PAGE, RW, ANON | MAP_FIXED, -1,
	     0);
}

static void handler_maps_on_demand(void)
{
	char *p = map_free(50);

	catch (SIGSEGV, map_page, 0);
	for (int i = 0; i < 50; i++)
		p[i * PAGE] = (char)i;
	EQUAL(hits, 50);
	for (int i = 0; i < 50; i++)
		EQUAL(p[i * PAGE], i);
}

static void skip_the_load(int sig, siginfo_t *info, void *context)
{
	(void)info;
	hits = sig;
	cpu_skip_load(context);
}

static void handler_changes_registers(void)
{
	unsigned long changed = 0;

	catch (SIGSEGV, skip_the_load, 0);
	CPU_LOAD_NULL(changed);
	EQUAL(hits, SIGSEGV);
	EQUAL(changed, 0x1234567);
}

static volatile struct cpu_fault seen_fault;

static void look_at_context(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	seen_fault = cpu_context(context);
	mprotect((void *)(uintptr_t)page, PAGE, RW);
}

static void context_tells_the_fault(void)
{
	page = map(1, PROT_READ, ANON);
	READS((char *)(uintptr_t)page);
	catch (SIGSEGV, look_at_context, 0);
	page[5] = 1;
	EQUAL(seen_fault.address, page + 5);
	CHECK(seen_fault.write && seen_fault.present);
}

static void registers_survive(void)
{
	page = map(1, PROT_READ, ANON);
	catch (SIGSEGV, unprotect, 0);
	CHECK(cpu_keeps_registers(page));
	EQUAL(hits, 1);
}

/* ---- alternate stack ------------------------------------------------------------------------- */

static sigjmp_buf out_of_here;
static volatile int on_alternate;

static void note_stack(int sig, siginfo_t *info, void *context)
{
	char here;
	stack_t now;

	(void)context;
	hits = sig;
	at_address = (unsigned long)info->si_addr;
	sigaltstack(NULL, &now);
	on_alternate = (now.ss_flags & SS_ONSTACK) && &here >= (char *)now.ss_sp &&
		       &here < (char *)now.ss_sp + now.ss_size;
	siglongjmp(out_of_here, 1);
}

static int recurse(int depth)
{
	volatile char frame[4096];

	frame[0] = (char)depth;
	return depth < 0 ? 0 : recurse(depth + 1) + frame[0];
}

static void overflow_on_alternate_stack(void)
{
	stack_t alt = { .ss_sp = map(16, RW, ANON), .ss_size = 16 * PAGE };
	struct rlimit limit = { 1 << 20, 1 << 20 };

	CHECK(setrlimit(RLIMIT_STACK, &limit) == 0);
	CHECK(sigaltstack(&alt, NULL) == 0);
	catch (SIGSEGV, note_stack, SA_ONSTACK);
	if (sigsetjmp(out_of_here, 1) == 0)
		recurse(1);
	EQUAL(hits, SIGSEGV);
	EQUAL(on_alternate, 1);
	CHECK(at_address < (unsigned long)&alt && at_address > (unsigned long)&alt - (4 << 20));
}

static void overflow_without_one(void *unused)
{
	struct rlimit limit = { 1 << 20, 1 << 20 };

	(void)unused;
	setrlimit(RLIMIT_STACK, &limit);
	catch (SIGSEGV, note_stack, 0); /* no room to deliver it: the signal kills */
	recurse(1);
}

static void overflow_kills(void)
{
	int status = in_child(overflow_without_one, NULL);

	CHECK(WIFSIGNALED(status));
	EQUAL(WTERMSIG(status), SIGSEGV);
}

static void altstack_errors(void)
{
	stack_t alt = { .ss_sp = map(16, RW, ANON), .ss_size = 100 }, old;

	FAILS(sigaltstack(&alt, NULL), ENOMEM);
	alt.ss_size = 16 * PAGE;
	alt.ss_flags = 0x1000;
	FAILS(sigaltstack(&alt, NULL), EINVAL);
	FAILS(syscall(SYS_sigaltstack, 8, 0), EFAULT);
	alt.ss_flags = 0;
	EQUAL(sigaltstack(&alt, NULL), 0);
	EQUAL(sigaltstack(NULL, &old), 0);
	EQUAL(old.ss_sp, alt.ss_sp);
	EQUAL(old.ss_flags, 0);
	alt.ss_flags = SS_DISABLE;
	EQUAL(sigaltstack(&alt, NULL), 0);
	EQUAL(sigaltstack(NULL, &old), 0);
	EQUAL(old.ss_flags, SS_DISABLE);
}

/* ---- when it must kill ----------------------------------------------------------------------- */

static void fault_while_blocked(void *unused)
{
	sigset_t set;

	(void)unused;
	catch (SIGSEGV, unprotect, 0);
	sigemptyset(&set);
	sigaddset(&set, SIGSEGV);
	sigprocmask(SIG_BLOCK, &set, NULL);
	*(volatile char *)NULL = 1;
}

static void fault_while_ignored(void *unused)
{
	(void)unused;
	signal(SIGSEGV, SIG_IGN);
	*(volatile char *)NULL = 1;
}

static void fault_again(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)info;
	(void)context;
	*(volatile char *)NULL = 1;
}

static void fault_in_handler(void *unused)
{
	(void)unused;
	catch (SIGSEGV, fault_again, 0);
	*(volatile char *)NULL = 1;
}

static void blocked_faults_kill(void)
{
	void (*const ways[])(void *) = { fault_while_blocked, fault_while_ignored,
					 fault_in_handler };

	for (int i = 0; i < 3; i++) {
		int status = in_child(ways[i], NULL);

		CHECK(WIFSIGNALED(status));
		EQUAL(WTERMSIG(status), SIGSEGV);
	}
}

static void resethand(void)
{
	struct sigaction now;

	page = map(1, PROT_READ, ANON);
	catch (SIGSEGV, unprotect, SA_RESETHAND);
	*page = 1;
	EQUAL(hits, 1);
	CHECK(sigaction(SIGSEGV, NULL, &now) == 0);
	CHECK(now.sa_handler == SIG_DFL);
}

static volatile int nested;

static void nest(int sig, siginfo_t *info, void *context)
{
	(void)sig;
	(void)context;
	if (nested++ < 3)
		*(volatile char *)(page + PAGE * (unsigned)nested) = 1;
	mprotect((void *)((unsigned long)info->si_addr & ~(PAGE - 1)), PAGE, RW);
}

static void nodefer_nests(void)
{
	page = map(8, PROT_READ, ANON);
	catch (SIGSEGV, nest, SA_NODEFER);
	*page = 1;
	EQUAL(nested, 4);
	for (unsigned i = 0; i < 4; i++)
		EQUAL(page[i * PAGE], 1);
}

static volatile int seen_code;

static void remember_code(int sig, siginfo_t *info, void *context)
{
	(void)context;
	hits = sig;
	seen_code = info->si_code;
	siglongjmp(out_of_here, 1);
}

static void other_traps(void)
{
	volatile int zero = 0, sink;

	catch (SIGFPE, remember_code, 0);
	catch (SIGILL, remember_code, 0);
	catch (SIGTRAP, remember_code, 0);
	if (CPU_DIVIDE_TRAPS) {
		if (sigsetjmp(out_of_here, 1) == 0)
			sink = 1000 / zero;
		(void)sink;
		EQUAL(hits, SIGFPE);
		EQUAL(seen_code, FPE_INTDIV);
	}
	if (sigsetjmp(out_of_here, 1) == 0)
		CPU_UNDEFINED();
	EQUAL(hits, SIGILL);
	EQUAL(seen_code, CPU_ILL_CODE);
	if (sigsetjmp(out_of_here, 1) == 0)
		CPU_BREAK();
	EQUAL(hits, SIGTRAP);
}

static void mask_during_handler(int sig, siginfo_t *info, void *context)
{
	sigset_t set;

	(void)info;
	(void)context;
	sigprocmask(SIG_BLOCK, NULL, &set);
	hits = sigismember(&set, sig) && sigismember(&set, SIGUSR2);
}

static void masks_are_kept(void)
{
	struct sigaction act = { .sa_sigaction = mask_during_handler, .sa_flags = SA_SIGINFO };
	sigset_t set;

	sigaddset(&act.sa_mask, SIGUSR2);
	CHECK(sigaction(SIGUSR1, &act, NULL) == 0);
	CHECK(raise(SIGUSR1) == 0);
	EQUAL(hits, 1);
	CHECK(sigprocmask(SIG_BLOCK, NULL, &set) == 0);
	EQUAL(sigismember(&set, SIGUSR1) || sigismember(&set, SIGUSR2), 0);
}

const struct mmtest tests_signal[] = {
	{ "addresses_are_exact", addresses_are_exact },
	{ "kernel_addresses", kernel_addresses },
	{ "noncanonical_addresses", noncanonical_addresses },
	{ "text_is_readonly", text_is_readonly },
	{ "data_is_not_executable", data_is_not_executable },
	{ "handler_mends_and_returns", handler_mends_and_returns },
	{ "handler_maps_on_demand", handler_maps_on_demand },
	{ "handler_changes_registers", handler_changes_registers },
	{ "context_tells_the_fault", context_tells_the_fault },
	{ "registers_survive", registers_survive },
	{ "overflow_on_alternate_stack", overflow_on_alternate_stack },
	{ "overflow_kills", overflow_kills },
	{ "altstack_errors", altstack_errors },
	{ "blocked_faults_kill", blocked_faults_kill },
	{ "resethand", resethand },
	{ "nodefer_nests", nodefer_nests },
	{ "other_traps", other_traps },
	{ "masks_are_kept", masks_are_kept },
	{ NULL, NULL },
};
