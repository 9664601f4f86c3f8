/* SPDX-License-Identifier: MIT */
/*
 * cpu.h - what of the tests is written in a processor's own words.
 *
 *   CPU_RETURN        code that returns to its caller; cpu_code_t holds it
 *   CPU_UNDEFINED()   an instruction that there is not, CPU_BREAK() a breakpoint
 *   CPU_LOAD_NULL(r)  reads address 0; a handler that calls cpu_skip_load() makes r 0x1234567
 *   cpu_context()     what a fault's context says of it
 *   cpu_keeps_registers()  whether registers, flags and the FPU survive a store that faults
 *   CPU_...           addresses and codes that differ
 *   cpu_mmap()        mmap() without the C library's own checks
 */
#ifndef CPU_H
#define CPU_H

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

struct cpu_fault {
	unsigned long address;
	int write, present; /* a store; to a page that is there */
};

#if defined(__x86_64__)
typedef unsigned char cpu_code_t;
#define CPU_RETURN          0xc3
#define CPU_UNDEFINED()     __asm__ volatile("ud2")
#define CPU_BREAK()         __asm__ volatile("int3")
#define CPU_ILL_CODE        ILL_ILLOPN
#define CPU_DIVIDE_TRAPS    1
#define CPU_LINEAR_MAP      0xffff888000000000
#define CPU_IMAGE           0xffffffff81000000
#define CPU_TASK_SIZE       0x7ffffffff000UL
#define CPU_NOT_USERS       0xfffffffffff000, 0xffff800000000000
#define CPU_TOO_MUCH        (1ul << 46) /* no space has so much in one piece */
#define CPU_STRANGE         0x1234000000000000
#define CPU_STRANGE_SAYS(f) ((f).code == SI_KERNEL && (f).addr == 0)

/* Two bytes: mov (%rax), %al. */
#define CPU_LOAD_NULL(r)                                                                           \
	__asm__ volatile("xor %%eax, %%eax\n\t.byte 0x8a, 0x00\n\tmov %%rbx, %0"                   \
			 : "=r"(r)                                                                 \
			 :                                                                         \
			 : "rax", "rbx", "memory")

static inline void cpu_skip_load(ucontext_t *u)
{
	u->uc_mcontext.gregs[REG_RIP] += 2;
	u->uc_mcontext.gregs[REG_RBX] = 0x1234567;
}

/* The trap number is the page fault's, or `address` is 0. */
static inline struct cpu_fault cpu_context(const ucontext_t *u)
{
	const greg_t *g = u->uc_mcontext.gregs;
	struct cpu_fault f = { (unsigned long)g[REG_CR2], (g[REG_ERR] & 6) == 6, g[REG_ERR] & 1 };

	if (g[REG_TRAPNO] != 14)
		f.address = 0;
	return f;
}

static inline int cpu_keeps_registers(volatile char *faults)
{
	unsigned long in[4] = { 0x1111, 0x2222, 0x3333, 0x4444 }, out[4] = { 0 };
	double x = 1.5;

	__asm__ volatile(
		"mov 0(%1), %%r12\n\tmov 8(%1), %%r13\n\tmov 16(%1), %%r14\n\tmov 24(%1), %%r15\n\t"
		"movsd %3, %%xmm7\n\tstc\n\tmovb $1, (%2)\n\tjnc 1f\n\t"
		"mov %%r12, 0(%0)\n\tmov %%r13, 8(%0)\n\tmov %%r14, 16(%0)\n\tmov %%r15, 24(%0)\n\t"
		"movsd %%xmm7, %3\n1:"
		:
		: "r"(out), "r"(in), "r"(faults), "m"(x)
		: "r12", "r13", "r14", "r15", "xmm7", "memory", "cc");
	return memcmp(in, out, sizeof(in)) == 0 && x == 1.5;
}

#elif defined(__aarch64__)
typedef unsigned int cpu_code_t;
#define CPU_RETURN          0xd65f03c0
#define CPU_UNDEFINED()     __asm__ volatile("udf #0")
#define CPU_BREAK()         __asm__ volatile("brk #0")
#define CPU_ILL_CODE        ILL_ILLOPC
#define CPU_DIVIDE_TRAPS    0 /* a division by zero is 0 */
#define CPU_LINEAR_MAP      0xffff000040000000
#define CPU_IMAGE           0xffffffff80010000
#define CPU_TASK_SIZE       0x1000000000000UL
#define CPU_NOT_USERS       0xfffffffffff000, 0xffff800000000000
#define CPU_TOO_MUCH        (1ul << 46)
#define CPU_STRANGE         0x1234000000000000
#define CPU_STRANGE_SAYS(f) ((f).code == SEGV_MAPERR && (unsigned long)(f).addr == CPU_STRANGE)

#define CPU_LOAD_NULL(r)                                                                           \
	__asm__ volatile("mov x0, #0\n\tldrb w0, [x0]\n\tmov %0, x19"                              \
			 : "=r"(r)                                                                 \
			 :                                                                         \
			 : "x0", "x19", "memory")

static inline void cpu_skip_load(ucontext_t *u)
{
	u->uc_mcontext.pc += 4;
	u->uc_mcontext.regs[19] = 0x1234567;
}

/* ESR_EL1 is a record behind the registers; without one `address` is 0. */
static inline struct cpu_fault cpu_context(const ucontext_t *u)
{
	const unsigned char *at = (const unsigned char *)u->uc_mcontext.__reserved;
	struct cpu_fault f = { 0, 0, 0 };
	uint32_t head[2];

	for (memcpy(head, at, 8); head[0] && head[1]; at += head[1], memcpy(head, at, 8)) {
		uint64_t esr;

		if (head[0] != 0x45535201)
			continue;
		memcpy(&esr, at + 8, 8);
		f.address = u->uc_mcontext.fault_address;
		f.write = esr >> 26 == 0x24 && (esr & 1 << 6);
		f.present = (esr & 63) >= 12 && (esr & 63) < 16;
	}
	return f;
}

static inline int cpu_keeps_registers(volatile char *faults)
{
	unsigned long in[4] = { 0x1111, 0x2222, 0x3333, 0x4444 }, out[4] = { 0 };
	double x = 1.5;

	__asm__ volatile("ldp x19, x20, [%1]\n\tldp x21, x22, [%1, #16]\n\tldr d7, [%3]\n\t"
			 "cmp xzr, xzr\n\tmov w9, #1\n\tstrb w9, [%2]\n\tb.ne 1f\n\t"
			 "stp x19, x20, [%0]\n\tstp x21, x22, [%0, #16]\n\tstr d7, [%3]\n1:"
			 :
			 : "r"(out), "r"(in), "r"(faults), "r"(&x)
			 : "x9", "x19", "x20", "x21", "x22", "v7", "memory", "cc");
	return memcmp(in, out, sizeof(in)) == 0 && x == 1.5;
}
#elif defined(__arm__)
typedef unsigned int cpu_code_t; /* ARM instructions, whatever the rest is made of */
#define CPU_RETURN          0xe12fff1e
#define CPU_UNDEFINED()     __asm__ volatile("udf #0")
#define CPU_BREAK()         __asm__ volatile("bkpt #0")
#define CPU_ILL_CODE        ILL_ILLOPC
#define CPU_DIVIDE_TRAPS    0 /* where there is a division, one by zero is 0 */
#define CPU_TASK_SIZE       cpu_task_size()
#define CPU_LINEAR_MAP      (CPU_TASK_SIZE + 0x1000000)
#define CPU_IMAGE           (CPU_LINEAR_MAP + 0x8000)
#define CPU_NOT_USERS       CPU_TASK_SIZE, 0xfffff000
#define CPU_TOO_MUCH        (CPU_TASK_SIZE - 0x2000000)
#define CPU_STRANGE         0xffffe000
#define CPU_STRANGE_SAYS(f) ((f).code == SEGV_MAPERR && (unsigned long)(f).addr == CPU_STRANGE)

/* User space ends 16 MiB below the kernel, which is at a multiple of a GiB; our name is at its end. */
static inline unsigned long cpu_task_size(void)
{
	return (getauxval(AT_EXECFN) | 0xffffff) + 1;
}

#define CPU_LOAD_NULL(r)                                                                           \
	__asm__ volatile("mov r0, #0\n\tldrb.w r0, [r0]\n\tmov %0, r5"                             \
			 : "=r"(r)                                                                 \
			 :                                                                         \
			 : "r0", "r5", "memory")

static inline void cpu_skip_load(ucontext_t *u)
{
	u->uc_mcontext.arm_pc += 4;
	u->uc_mcontext.arm_r5 = 0x1234567;
}

/* The error code is the fault status: bit 11 a store, 13 and 15 a permission that lacks. */
static inline struct cpu_fault cpu_context(const ucontext_t *u)
{
	unsigned long fsr = u->uc_mcontext.error_code, status = (fsr & 15) | (fsr >> 6 & 16);
	struct cpu_fault f = { u->uc_mcontext.fault_address, fsr >> 11 & 1,
			       status == 13 || status == 15 };

	if (u->uc_mcontext.trap_no != 14)
		f.address = 0;
	return f;
}

static inline int cpu_keeps_registers(volatile char *faults)
{
	unsigned long in[4] = { 0x1111, 0x2222, 0x3333, 0x4444 }, out[4] = { 0 };
	double x = 1.5;

	__asm__ volatile(
		"ldr r4, [%1]\n\tldr r5, [%1, #4]\n\tldr r8, [%1, #8]\n\tldr r9, [%1, #12]\n\t"
		"vldr d7, [%3]\n\tmov ip, #1\n\tcmp ip, ip\n\tstrb ip, [%2]\n\tbne 1f\n\t"
		"str r4, [%0]\n\tstr r5, [%0, #4]\n\tstr r8, [%0, #8]\n\tstr r9, [%0, #12]\n\t"
		"vstr d7, [%3]\n1:"
		:
		: "r"(out), "r"(in), "r"(faults), "r"(&x)
		: "ip", "r4", "r5", "r8", "r9", "d7", "memory", "cc");
	return memcmp(in, out, sizeof(in)) == 0 && x == 1.5;
}
#elif defined(__riscv)
typedef unsigned short cpu_code_t;
#define CPU_RETURN          0x8082
#define CPU_UNDEFINED()     __asm__ volatile("unimp")
#define CPU_BREAK()         __asm__ volatile("ebreak")
#define CPU_ILL_CODE        ILL_ILLOPC
#define CPU_DIVIDE_TRAPS    0 /* a division by zero is -1 */
#define CPU_LINEAR_MAP      0xffffffc080000000
#define CPU_IMAGE           0xffffffff80010000
#define CPU_TASK_SIZE       0x4000000000UL
#define CPU_NOT_USERS       0xfffffffffff000, 0xffff800000000000
#define CPU_TOO_MUCH        (CPU_TASK_SIZE / 2)
#define CPU_STRANGE         0x1234000000000000
#define CPU_STRANGE_SAYS(f) ((f).code == SEGV_MAPERR && (unsigned long)(f).addr == CPU_STRANGE)

#define CPU_LOAD_NULL(r)                                                                           \
	__asm__ volatile(".option push\n\t.option norvc\n\t"                                       \
			 "li t0, 0\n\tlb t0, 0(t0)\n\t.option pop\n\tmv %0, s2"                    \
			 : "=r"(r)                                                                 \
			 :                                                                         \
			 : "t0", "s2", "memory")

static inline void cpu_skip_load(ucontext_t *u)
{
	u->uc_mcontext.__gregs[0] += 4;
	u->uc_mcontext.__gregs[18] = 0x1234567;
}

/* The context has registers only: the instruction at pc says what it wanted.  A store is 7 bits of immediate, rs2, rs1,
 * size, 5 bits of immediate, 0x23. */
static inline struct cpu_fault cpu_context(const ucontext_t *u)
{
	const unsigned long *r = u->uc_mcontext.__gregs;
	struct cpu_fault f = { 0, 0, 1 };
	uint32_t code;

	memcpy(&code, (const void *)r[0], sizeof(code));
	f.write = (code & 0x7f) == 0x23;
	if (f.write)
		f.address = r[code >> 15 & 31] +
			    (unsigned long)(((int32_t)code >> 25) * 32 + (int32_t)(code >> 7 & 31));
	return f;
}

static inline int cpu_keeps_registers(volatile char *faults)
{
	unsigned long in[4] = { 0x1111, 0x2222, 0x3333, 0x4444 }, out[4] = { 0 };
	double x = 1.5;

	__asm__ volatile("ld s2, 0(%1)\n\tld s3, 8(%1)\n\tld s4, 16(%1)\n\tld t3, 24(%1)\n\t"
			 "fld f7, 0(%3)\n\tli t0, 1\n\tsb t0, 0(%2)\n\t"
			 "sd s2, 0(%0)\n\tsd s3, 8(%0)\n\tsd s4, 16(%0)\n\tsd t3, 24(%0)\n\t"
			 "fsd f7, 0(%3)"
			 :
			 : "r"(out), "r"(in), "r"(faults), "r"(&x)
			 : "t0", "t3", "s2", "s3", "s4", "f7", "memory");
	return memcmp(in, out, sizeof(in)) == 0 && x == 1.5;
}
#else
#error "cpu.h: this processor's words are missing"
#endif

#ifndef SYS_newfstatat
#define SYS_newfstatat SYS_fstatat64
#endif

#ifdef SYS_mmap
static inline long cpu_mmap(unsigned long at, unsigned long len, long prot, long flags, long fd,
			    long offset)
{
	return syscall(SYS_mmap, at, len, prot, flags, fd, offset);
}
#else
/* The offset is counted in pages: what is less the call cannot even say. */
static inline long cpu_mmap(unsigned long at, unsigned long len, long prot, long flags, long fd,
			    long offset)
{
	if (offset & 4095) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_mmap2, at, len, prot, flags, fd, offset >> 12);
}
#endif

#endif
