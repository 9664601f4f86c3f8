/* SPDX-License-Identifier: MIT */
/*
 * mistakes.c - the kernel does what it must not, when the command line says so, to show that it is found.
 *
 *   mistake=kfence     with kfence.sample_interval=1: every kind at an object between closed pages
 *
 *   mistake=usercopy   more is copied to a program, or from it, than the object has, and from the kernel's text
 *
 * The machine goes on, and the balance at the end must be right all the same.
 */
#include "kernel.h"
#include <quire/kfence.h>
#include <quire/slab.h>
#include <quire/uaccess.h>

#define SIZE 64u

static volatile u8 sink;

/* ---- kfence ---------------------------------------------------------------------------------- */
/* So that neither compiler nor checker knows what it is. */
static void *hidden(void *object)
{
	__asm__("" : "+r"(object));
	return object;
}

/* An object that ends where its page does, or begins there. */
static u8 *guarded(struct kmem_cache *cache, bool at_end)
{
	u8 *object = kmem_cache_alloc(cache, GFP_KERNEL), *other;

	if (!object || !is_kfence_address(object))
		quire_panic("mistake=kfence: the object is not guarded\n");
	if (IS_ALIGNED((unsigned long)object + SIZE, PAGE_SIZE) == at_end)
		return object;
	other = object;
	object = kmem_cache_alloc(cache, GFP_KERNEL);
	kmem_cache_free(cache, other);
	return object;
}

static void wrong_accesses(struct kmem_cache *cache)
{
	volatile u8 *object = guarded(cache, true);

	sink = object[SIZE];
	kmem_cache_free(cache, hidden((void *)object));
	object[1] = 1;
	object = guarded(cache, false);
	object[-1] = 1;
	object[SIZE] = 0xac;
	kmem_cache_free(cache, hidden((void *)object));
}

static void wrong_frees(struct kmem_cache *cache)
{
	u8 *object = guarded(cache, true);

	kfree(hidden(object + 8));
	kmem_cache_free(cache, hidden(object));
	kmem_cache_free(cache, hidden(object));
}

static void kfence_mistakes(void)
{
	struct kmem_cache *cache = kmem_cache_create("mistaken", SIZE, 0, SLAB_NO_MERGE, NULL);

	if (!cache)
		return;
	wrong_accesses(cache);
	wrong_frees(cache);
	kmem_cache_destroy(cache);
}

/* ---- user copies ----------------------------------------------------------------------------- */
static void must_refuse(const void *from, size_t n)
{
	void __user *nowhere = (void __user *)(unsigned long)PAGE_SIZE;

	if (copy_to_user(nowhere, from, n) != n || copy_from_user((void *)from, nowhere, n) != n)
		quire_panic("mistake=usercopy: it was copied\n");
}

static void usercopy_mistakes(void)
{
	volatile size_t one = 1; /* so that the number of bytes is no constant */
	u8 *object = kmalloc(SIZE * one, GFP_KERNEL);

	if (!object)
		return;
	must_refuse(object, (SIZE + 1) * one);
	must_refuse((const void *)make_mistakes, 16 * one);
	must_refuse(__va((phys_addr_t)(unsigned long)make_mistakes - boot_info->image.virt_base +
			 boot_info->image.text_start),
		    16 * one);
	must_refuse((const void *)(PAGE_ALIGN_DOWN((unsigned long)&one) + PAGE_SIZE), 32768 * one);
	kfree(object);
}

void make_mistakes(void)
{
	if (bare_cmdline_has("mistake=usercopy"))
		usercopy_mistakes();

	if (bare_cmdline_has("mistake=kfence"))
		kfence_mistakes();
}
