/* SPDX-License-Identifier: MIT */
/* user.c - the user copies of quire/port.h: what is not wholly user space is refused, the board's uaccess.S does the
 * rest. */
#include <bare.h>
#include <quire/uaccess.h>

/* Bytes that were not copied. */
size_t bare_copy_from_user(void *to, const void *from, size_t n);
size_t bare_copy_to_user(void *to, const void *from, size_t n);
size_t bare_clear_user(void *to, size_t n);

size_t port_copy_from_user(void *to, const void __user *from, size_t n)
{
	if (unlikely(!access_ok(from, n)))
		return n;
	return bare_copy_from_user(to, (const void *)from, n);
}

size_t port_copy_to_user(void __user *to, const void *from, size_t n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return bare_copy_to_user((void *)to, from, n);
}

size_t port_clear_user(void __user *to, size_t n)
{
	if (unlikely(!access_ok(to, n)))
		return n;
	return bare_clear_user((void *)to, n);
}
