/* SPDX-License-Identifier: MIT */
/*
 * arch/aarch64/sigframe.c - the frame of a signal handler on the user stack, and the way back
 * (rt_sigreturn).
 *
 *   high   | frame record: x29, x30              |
 *          | ucontext: registers, FPU, the end   |
 *   sp ->  | siginfo                             |   16-aligned
 *
 * The layout is the one that <sys/ucontext.h> shows: what the machine adds follows the registers as
 * records with a magic number each.  Nothing read back is trusted.
 */
#include "signal.h"
#include "syscall.h"

#define FPSIMD_MAGIC 0x46508001u
#define ESR_MAGIC    0x45535201u
#define PSTATE_FLAGS 0xf0000000UL /* N Z C V: all that a program may set */

struct record {
	u32 magic, size;
};
struct fpsimd_record {
	struct record head;
	u32 fpsr, fpcr;
	u64 v[64];
};
struct esr_record {
	struct record head;
	u64 esr;
};
struct linux_sigcontext {
	u64 fault_address, regs[31], sp, pc, pstate;
	u64 pad;
};
struct linux_ucontext {
	u64 flags, link;
	struct linux_stack_t stack;
	u64 sigmask;
	u8 unused[120];
	u64 pad;
	struct linux_sigcontext mcontext;
};
struct records {
	struct fpsimd_record fp;
	struct esr_record esr;
	struct record end;
};
#define RECORDS_SIZE 4096u
struct linux_rt_sigframe {
	struct linux_siginfo info;
	struct linux_ucontext uc;
	union {
		u8 space[RECORDS_SIZE];
		struct records records;
	};
	u64 fp, lr;
};
_Static_assert(offsetof(struct linux_ucontext, mcontext) == 176, "struct ucontext");
_Static_assert(sizeof(struct linux_sigcontext) == 288, "struct sigcontext");
_Static_assert(sizeof(struct linux_rt_sigframe) == 4704, "struct rt_sigframe");

static void fill_context(struct linux_sigcontext *c, const struct bare_regs *r,
			 const struct task *t)
{
	c->fault_address = t->fault_addr;
	memcpy(c->regs, r->x, sizeof(c->regs));
	c->sp = r->sp;
	c->pc = r->pc;
	c->pstate = r->pstate;
}

static int write_context(struct linux_ucontext __user *at, const struct bare_regs *regs, u64 mask)
{
	struct task *t = current;
	struct linux_ucontext uc;

	memset(&uc, 0, sizeof(uc));
	uc.stack = signal_altstack(t, regs->sp);
	uc.sigmask = mask;
	fill_context(&uc.mcontext, regs, t);
	return copy_to_user(at, &uc, sizeof(uc)) ? -EFAULT : 0;
}

static int write_records(struct records __user *at)
{
	struct task *t = current;
	struct bare_fpu *fpu = t->thread.fpu;
	struct records r;

	bare_fpu_read(fpu);
	memset(&r.end, 0, sizeof(r.end));
	r.fp.head = (struct record){ FPSIMD_MAGIC, sizeof(r.fp) };
	r.fp.fpsr = fpu->fpsr;
	r.fp.fpcr = fpu->fpcr;
	memcpy(r.fp.v, fpu->v, sizeof(r.fp.v));
	r.esr.head = (struct record){ ESR_MAGIC, sizeof(r.esr) };
	r.esr.esr = t->fault_error >> 32;
	return copy_to_user(at, &r, sizeof(r)) ? -EFAULT : 0;
}

int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask)
{
	struct task *t = current;
	const u64 record[2] = { regs->x[29], regs->x[30] };
	struct linux_rt_sigframe __user *at;

	at = (void __user *)((signal_stack_top(t, regs, action, 0) - sizeof(*at)) & ~15ULL);
	if (action->handler >= PORT_TASK_SIZE || !access_ok(at, sizeof(*at)))
		return -EFAULT;
	if (write_context(&at->uc, regs, mask) || write_records(&at->records) ||
	    copy_to_user(&at->fp, record, sizeof(record)))
		return -EFAULT;
	if ((action->flags & SA_SIGINFO) && copy_to_user(&at->info, info, sizeof(*info)))
		return -EFAULT;
	signal_enter_handler(t);
	regs->x[0] = (u64)sig;
	regs->x[1] = (u64)&at->info;
	regs->x[2] = (u64)&at->uc;
	regs->x[29] = (u64)&at->fp;
	regs->x[30] =
		action->flags & SA_RESTORER ? action->restorer : t->proc->vdso + ARCH_SIGRETURN;
	regs->sp = (u64)at;
	regs->pc = action->handler;
	regs->syscall = -1;
	return 0;
}

static int read_fpu(struct bare_fpu *fpu, const struct fpsimd_record __user *at)
{
	struct fpsimd_record fp;

	if (copy_from_user(&fp, at, sizeof(fp)) || fp.head.size != sizeof(fp))
		return -EINVAL;
	fpu->fpsr = fp.fpsr;
	fpu->fpcr = fp.fpcr;
	memcpy(fpu->v, fp.v, sizeof(fpu->v));
	bare_fpu_write(fpu);
	return 0;
}

/* The FPU's record, wherever it stands in front of the end; without one the state stays. */
static int read_records(struct bare_fpu *fpu, const u8 __user *space)
{
	struct record head;

	for (size_t at = 0; at + sizeof(head) <= RECORDS_SIZE; at += head.size) {
		if (copy_from_user(&head, space + at, sizeof(head)))
			return -EFAULT;
		if (!head.magic && !head.size)
			return 0;
		if (head.size < sizeof(head) || head.size % 8 || head.size > RECORDS_SIZE - at)
			return -EINVAL;
		if (head.magic == FPSIMD_MAGIC &&
		    read_fpu(fpu, (const struct fpsimd_record __user *)(space + at)))
			return -EINVAL;
	}
	return -EINVAL;
}

static void load_context(struct bare_regs *r, const struct linux_sigcontext *c)
{
	memcpy(r->x, c->regs, sizeof(r->x));
	r->sp = c->sp;
	r->pc = c->pc;
	r->pstate = c->pstate & PSTATE_FLAGS;
	r->syscall = -1;
}

long sys_rt_sigreturn(void)
{
	struct task *t = current;
	struct bare_regs *regs = task_regs(t);
	struct linux_rt_sigframe __user *at = (void __user *)regs->sp;
	struct linux_ucontext uc;

	if (copy_from_user(&uc, &at->uc, sizeof(uc)) || uc.mcontext.pc >= PORT_TASK_SIZE ||
	    read_records(t->thread.fpu, at->space)) {
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	load_context(regs, &uc.mcontext);
	signal_leave_handler(t, &uc.stack, uc.sigmask);
	set_work(t, BARE_WORK_RETURN);
	return (long)regs->x[0];
}
