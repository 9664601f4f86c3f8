/* SPDX-License-Identifier: MIT */
/*
 * fpu.c - the FPU and vector state of user threads.  The kernel itself uses general registers only.
 *
 * Saved eagerly by bare_switch(): one instruction each way.  FXSAVE (512 bytes) or, where offered,
 * XSAVE with x87, SSE, AVX and AVX-512.
 */
#include "bare_private.h"
#include <quire/err.h>
#include <quire/init.h>
#include <quire/uaccess.h>

#define FX_SIZE          512
#define XSAVE_HEADER     64
#define FP_XSTATE_MAGIC1 0x46505853u
#define FP_XSTATE_MAGIC2 0x46505845u
#define XSTATE_WANTED    0xe7ULL /* x87 SSE AVX, AVX-512 opmask ZMM_Hi256 Hi16_ZMM */

int bare_fx_to_user(void __user *to);
int bare_fx_from_user(const void __user *from);
int bare_x_to_user(void __user *to, u64 features);
int bare_x_from_user(const void __user *from, u64 features);

/* The state every program starts with. */
static u8 initial[4096] __attribute__((__aligned__(64)));

void __init bare_fpu_init(void)
{
	u32 r[4];
	u64 cr0;

	__asm__ volatile("movq %%cr0, %0" : "=r"(cr0));
	cr0 = (cr0 & ~0xcUL) | 0x22; /* no EM, no TS; MP, NE */
	__asm__ volatile("movq %0, %%cr0" : : "r"(cr0));
	__asm__ volatile("fninit");
	bare_feature.fpu_size = FX_SIZE;
	bare_feature.xcr0 = 3;
	if (bare_feature.xsave) {
		cpuid(0xd, 0, r);
		bare_feature.xcr0 = (((u64)r[3] << 32 | r[0]) & XSTATE_WANTED) | 3;
		__asm__ volatile("xsetbv"
				 :
				 : "c"(0), "a"((u32)bare_feature.xcr0),
				   "d"((u32)(bare_feature.xcr0 >> 32)));
		cpuid(0xd, 0, r);
		bare_feature.fpu_size = r[1];
		if (r[1] > sizeof(initial)) {
			bare_feature.xsave = false;
			bare_feature.fpu_size = FX_SIZE;
		}
	}
	*(u16 *)initial = 0x37f;         /* x87 control word  */
	*(u32 *)(initial + 24) = 0x1f80; /* MXCSR            */
}

size_t bare_fpu_size(void)
{
	return bare_feature.fpu_size;
}

void bare_fpu_reset(struct bare_thread *t)
{
	(void)t;
	if (bare_feature.xsave)
		__asm__ volatile("xrstor64 (%0)"
				 :
				 : "r"(initial), "a"((u32)bare_feature.xcr0),
				   "d"((u32)(bare_feature.xcr0 >> 32))
				 : "memory");
	else
		__asm__ volatile("fxrstor64 (%0)" : : "r"(initial) : "memory");
}

void bare_fpu_fork(struct bare_thread *child)
{
	u64 *header = (u64 *)((char *)child->fpu + FX_SIZE);

	if (bare_feature.xsave) {
		for (unsigned i = 0; i < XSAVE_HEADER / 8; i++)
			header[i] = 0;
		__asm__ volatile("xsave64 (%0)"
				 :
				 : "r"(child->fpu), "a"((u32)bare_feature.xcr0),
				   "d"((u32)(bare_feature.xcr0 >> 32))
				 : "memory");
	} else {
		__asm__ volatile("fxsave64 (%0)" : : "r"(child->fpu) : "memory");
	}
}

/* ---- signal frames --------------------------------------------------------------------------- */

/* Bytes 464..511 of the FXSAVE area belong to software and say what follows. */
struct fp_sw_bytes {
	u32 magic1, extended_size;
	u64 xfeatures;
	u32 xstate_size;
	u32 padding[7];
};
#define SW_BYTES_AT 464

size_t bare_fpu_frame_size(void)
{
	return bare_feature.xsave ? bare_feature.fpu_size + sizeof(u32) : FX_SIZE;
}

int bare_fpu_to_user(void __user *frame)
{
	char __user *at = frame;
	struct fp_sw_bytes sw = { 0 };

	if (!access_ok(frame, bare_fpu_frame_size()))
		return -EFAULT;
	if (!bare_feature.xsave) {
		if (bare_fx_to_user(frame))
			return -EFAULT;
		return clear_user(at + SW_BYTES_AT, sizeof(sw)) ? -EFAULT : 0;
	}
	if (clear_user(at + FX_SIZE, XSAVE_HEADER) || bare_x_to_user(frame, bare_feature.xcr0))
		return -EFAULT;
	sw.magic1 = FP_XSTATE_MAGIC1;
	sw.extended_size = bare_feature.fpu_size + sizeof(u32);
	sw.xfeatures = bare_feature.xcr0;
	sw.xstate_size = bare_feature.fpu_size;
	if (copy_to_user(at + SW_BYTES_AT, &sw, sizeof(sw)) ||
	    put_user(FP_XSTATE_MAGIC2, (u32 __user *)(at + bare_feature.fpu_size)))
		return -EFAULT;
	return 0;
}

/* The processor checks what it loads; a bad image is a #GP, which ends in -EFAULT and a fresh
 * state. */
int bare_fpu_from_user(const void __user *frame)
{
	const char __user *at = frame;
	struct fp_sw_bytes sw;
	int error;

	if ((unsigned long)frame & 15 || !access_ok(frame, bare_fpu_frame_size()))
		return -EFAULT;
	if (bare_feature.xsave) {
		if (copy_from_user(&sw, at + SW_BYTES_AT, sizeof(sw)))
			return -EFAULT;
		if (sw.magic1 == FP_XSTATE_MAGIC1 && sw.xstate_size == bare_feature.fpu_size &&
		    ((unsigned long)frame & 63) == 0)
			error = bare_x_from_user(frame, bare_feature.xcr0);
		else
			error = bare_fx_from_user(frame);
	} else {
		error = bare_fx_from_user(frame);
	}
	if (error)
		bare_fpu_reset(bare_current());
	return error;
}
