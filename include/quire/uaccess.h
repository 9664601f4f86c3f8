/* SPDX-License-Identifier: MIT */
/* quire/uaccess.h - user memory from the kernel's side.  All of it may sleep; see port.h for the
 * contract. */
#ifndef QUIRE_UACCESS_H
#define QUIRE_UACCESS_H

#include <quire/err.h>
#include <quire/port.h>

/* Whether [addr, addr+n) lies in user space at all. */
static inline bool access_ok(const void __user *addr, size_t n)
{
	return n <= PORT_TASK_SIZE && (unsigned long)addr <= PORT_TASK_SIZE - n;
}

/*
 * Whether a user copy may touch [ptr, ptr + n) of the kernel: 0, or -EFAULT with a report in Linux's words.
 * Refused is what leaves its object or the window of its cache (kmem_cache_create_usercopy()), its block of
 * frames or its vmalloc area, and the kernel's text.
 *   Context: task, no spinlock held.
 */
int check_object_size(const void *ptr, size_t n, bool to_user) __must_check;
/* Report a copy of n bytes from or to an object that has `size`. */
void copy_overflow(size_t size, size_t n);

/* Where the compiler knows the object's size nothing is left to find out; a constant number of bytes
 * is taken for the programmer's word, as Linux does. */
static quire_always_inline bool copy_is_bad(const void *ptr, size_t known, size_t n, bool constant,
					    bool to_user)
{
	if (known != (size_t)-1) {
		if (likely(n <= known))
			return false;
		copy_overflow(known, n);
		return true;
	}
	return !constant && unlikely(check_object_size(ptr, n, to_user));
}

/* Behind copy_from_user(): what could not be copied is cleared. */
size_t copy_from_user_unchecked(void *to, const void __user *from, size_t n) __must_check;

/* Each returns the number of bytes that were not copied; copy_from_user clears them in `to`.  What may not
 * be copied is reported, and n returned: then `to` is as it was. */
static quire_always_inline size_t __must_check copy_from_user(void *to, const void __user *from,
							      size_t n)
{
	if (copy_is_bad(to, __builtin_object_size(to, 0), n, __builtin_constant_p(n), false))
		return n;
	return copy_from_user_unchecked(to, from, n);
}

static quire_always_inline size_t __must_check copy_to_user(void __user *to, const void *from,
							    size_t n)
{
	if (copy_is_bad(from, __builtin_object_size(from, 0), n, __builtin_constant_p(n), true))
		return n;
	return port_copy_to_user(to, from, n);
}

static inline size_t __must_check clear_user(void __user *to, size_t n)
{
	return port_clear_user(to, n);
}

/* Copy a zero-terminated string.  Its length without the zero, count if none was found within count
 * bytes, or
 * -EFAULT. */
long strncpy_from_user(char *to, const char __user *from, long count) __must_check;

/* 0 or -EFAULT. */
#define put_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__(*(ptr)) v_ = (__typeof__(*(ptr)))(x);                                   \
		copy_to_user((ptr), &v_, sizeof(v_)) ? -EFAULT : 0;                                \
	})
#define get_user(x, ptr)                                                                           \
	({                                                                                         \
		__typeof__((__typeof__(*(ptr)))*(ptr)) v_;                                         \
		int e_ = copy_from_user(&v_, (ptr), sizeof(v_)) ? -EFAULT : 0;                     \
		(x) = e_ ? 0 : v_;                                                                 \
		e_;                                                                                \
	})

/*
 * Which part of an object may cross the user boundary: 0, or -EFAULT with a report in Linux's words if
 * [ptr, ptr + n) begins in an object or large block of the heap's and is not wholly in its window.
 * to_user says which words.  check_object_size() of quire/uaccess.h looks at all kinds of memory.
 */
int check_heap_object(const void *ptr, size_t n, bool to_user);
/* The same, for a copy to user space. */
int quire_usercopy_check(const void *ptr, size_t n);

#endif
