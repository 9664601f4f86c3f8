/* SPDX-License-Identifier: MIT */
/*
 * arch/armv7/sigframe.c - the frame of a signal handler on the user stack, and the way back (sigreturn,
 * rt_sigreturn).
 *
 *   high   | two words that nobody uses          |
 *          | ucontext: registers, VFP, the end   |   all there is for a handler that wants no details
 *   sp ->  | siginfo                             |   8-aligned
 *
 * The layout is the one that <sys/ucontext.h> shows; what the machine adds are records with a magic number
 * each, in uc_regspace.  Which of the two frames it is tells which call returns from it.  Nothing read back is
 * trusted.
 */
#include "signal.h"
#include "arch_calls.h"

#define VFP_MAGIC   0x56465001u
#define SIMPLE_MARK 0x5ac3c35au /* uc_flags of a frame without details */
/* All that a program may set: N Z C V Q, the IT block, GE, Thumb. */
#define CPSR_USER   (0xf8000000u | 0x0600fc00u | 0x000f0000u | ARM_THUMB)
#define CPSR_ENDIAN 0x200u
#define FPSCR_USER  0xfff79f9fu /* its other bits read as zero */

struct linux_sigcontext {
	u32 trap_no, error_code, oldmask, r[13], sp, lr, pc, cpsr, fault_address;
};
struct vfp_record {
	u32 magic, size;
	u64 d[32];
	u32 fpscr, pad;
	u32 fpexc, fpinst, fpinst2, pad2;
};
_Static_assert(sizeof(struct vfp_record) == 288, "struct vfp_sigframe");
struct linux_ucontext {
	u32 flags, link;
	struct linux_stack_t stack;
	struct linux_sigcontext mcontext;
	u32 sigmask[2];
	u32 unused[30];
	struct vfp_record vfp; /* 8-aligned */
	u32 end;               /* a record without magic number is the last */
	u32 space[55];
};
_Static_assert(offsetof(struct linux_ucontext, mcontext) == 20, "struct ucontext");
_Static_assert(offsetof(struct linux_ucontext, sigmask) == 104, "struct ucontext");
_Static_assert(offsetof(struct linux_ucontext, vfp) == 232, "struct ucontext");
_Static_assert(sizeof(struct linux_ucontext) == 744, "struct ucontext");

struct linux_sigframe {
	struct linux_ucontext uc;
	u32 retcode[4]; /* Linux has code here; ours is in the vDSO */
};
struct linux_rt_sigframe {
	struct linux_siginfo info;
	struct linux_sigframe sig;
};

static void fill_context(struct linux_sigcontext *c, const struct bare_regs *r,
			 const struct task *t)
{
	c->trap_no = (u32)t->fault_trapno;
	c->error_code = (u32)(t->fault_error >> 32);
	c->fault_address = (u32)t->fault_addr;
	memcpy(c->r, r->r, sizeof(c->r));
	c->sp = r->sp;
	c->lr = r->lr;
	c->pc = r->pc;
	c->cpsr = r->cpsr;
}

static void fill_vfp(struct vfp_record *v, struct bare_fpu *fpu)
{
	bare_fpu_read(fpu);
	v->magic = VFP_MAGIC;
	v->size = sizeof(*v);
	memcpy(v->d, fpu->d, sizeof(v->d));
	v->fpscr = fpu->fpscr;
	v->fpexc = 1u << 30; /* EN */
}

static int write_ucontext(struct linux_ucontext __user *at, const struct bare_regs *regs, u32 flags,
			  u64 mask)
{
	struct task *t = current;
	struct linux_ucontext uc;

	memset(&uc, 0, sizeof(uc));
	uc.flags = flags;
	uc.stack = signal_altstack(t, regs->sp);
	memcpy(uc.sigmask, &mask, sizeof(mask));
	fill_context(&uc.mcontext, regs, t);
	uc.mcontext.oldmask = (u32)mask;
	fill_vfp(&uc.vfp, t->thread.fpu);
	return copy_to_user(at, &uc, sizeof(uc)) ? -EFAULT : 0;
}

int signal_push_frame(struct bare_regs *regs, int sig, const struct linux_siginfo *info,
		      const struct linux_sigaction *action, u64 mask)
{
	struct task *t = current;
	bool details = action->flags & SA_SIGINFO;
	size_t size = details ? sizeof(struct linux_rt_sigframe) : sizeof(struct linux_sigframe);
	unsigned long at = (signal_stack_top(t, regs, action, 0) - size) & ~7ul;
	struct linux_rt_sigframe __user *rt = (void __user *)at;
	struct linux_ucontext __user *uc = details ? &rt->sig.uc : (void __user *)at;

	if (!access_ok((void __user *)at, size))
		return -EFAULT;
	if (write_ucontext(uc, regs, details ? 0 : SIMPLE_MARK, mask))
		return -EFAULT;
	if (details && copy_to_user(&rt->info, info, sizeof(*info)))
		return -EFAULT;
	signal_enter_handler(t);
	regs->r[0] = (u32)sig;
	if (details) {
		regs->r[1] = (u32)&rt->info;
		regs->r[2] = (u32)uc;
	}
	if (action->flags & SA_RESTORER)
		regs->lr = action->restorer;
	else
		regs->lr = t->proc->vdso + (details ? ARCH_RT_SIGRETURN : ARCH_SIGRETURN);
	regs->sp = at;
	regs->cpsr &= ~CPSR_ENDIAN;
	regs_set_pc(regs, action->handler);
	regs->syscall = -1;
	return 0;
}

static int read_vfp(struct bare_fpu *fpu, const struct vfp_record *v)
{
	if (v->magic != VFP_MAGIC || v->size != sizeof(*v))
		return -EINVAL;
	memcpy(fpu->d, v->d, sizeof(v->d));
	fpu->fpscr = v->fpscr & FPSCR_USER;
	bare_fpu_write(fpu);
	return 0;
}

static void load_context(struct bare_regs *r, const struct linux_sigcontext *c)
{
	memcpy(r->r, c->r, sizeof(r->r));
	r->sp = c->sp;
	r->lr = c->lr;
	r->cpsr = (c->cpsr & CPSR_USER) | ARM_MODE_USER;
	r->pc = c->pc & ~(c->cpsr & ARM_THUMB ? 1u : 3u);
	r->syscall = -1;
}

static long return_from(const struct linux_ucontext __user *at)
{
	struct task *t = current;
	struct bare_regs *regs = task_regs(t);
	struct linux_ucontext uc;
	u64 mask;

	if (((unsigned long)at & 7) || copy_from_user(&uc, at, sizeof(uc)) ||
	    read_vfp(t->thread.fpu, &uc.vfp)) {
		force_signal(SIGSEGV, SI_KERNEL, 0);
		return 0;
	}
	load_context(regs, &uc.mcontext);
	memcpy(&mask, uc.sigmask, sizeof(mask));
	signal_leave_handler(t, &uc.stack, mask);
	set_work(t, BARE_WORK_RETURN);
	return (long)regs->r[0];
}

long sys_sigreturn(void)
{
	struct linux_sigframe __user *at = (void __user *)task_regs(current)->sp;

	return return_from(&at->uc);
}

long sys_rt_sigreturn(void)
{
	struct linux_rt_sigframe __user *at = (void __user *)task_regs(current)->sp;

	return return_from(&at->sig.uc);
}
