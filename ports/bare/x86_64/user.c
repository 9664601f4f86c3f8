/* SPDX-License-Identifier: MIT */
/* user.c - the user copies of quire/port.h: what is not wholly user space is refused, uaccess.S does the rest. */
#include <bare.h>
#include <quire/err.h>
#include <quire/uaccess.h>

size_t bare_copy_user(void *to, const void *from, size_t n);
size_t bare_clear_user(void *to, size_t n);
int bare_cmpxchg_user(u32 *at, u32 expected, u32 desired, u32 *seen);

size_t port_copy_from_user(void *to, const void __user *from, size_t n)
{
	if (unlikely(!access_ok(from, n)))
		return n;
	return bare_copy_user(to, (const void *)from, n);
}

size_t port_copy_to_user(void __user *to, const void *from, size_t n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return bare_copy_user((void *)to, from, n);
}

size_t port_clear_user(void __user *to, size_t n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return bare_clear_user((void *)to, n);
}

int port_cmpxchg_user(u32 __user *at, u32 expected, u32 desired, u32 *seen)
{
	if (unlikely(!access_ok(at, 4)))
		return -EFAULT;
	return bare_cmpxchg_user((u32 *)at, expected, desired, seen);
}
