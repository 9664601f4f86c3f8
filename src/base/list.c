/* SPDX-License-Identifier: MIT */
/* base/list.c - what a damaged list looks like.  Lock: the caller's. */
#include <quire/list.h>
#include <quire/printk.h>

void list_check_add(const struct list_head *item, const struct list_head *prev,
		    const struct list_head *next)
{
	if (next->prev != prev || prev->next != next)
		quire_panic("list: adding %p between %p and %p, which are not neighbours\n",
			    (const void *)item, (const void *)prev, (const void *)next);
	if (item == prev || item == next)
		quire_panic("list: %p is added to a list that it is on\n", (const void *)item);
}

void list_check_del(const struct list_head *item)
{
	if (item->next == LIST_POISON1 || item->prev == LIST_POISON2)
		quire_panic("list: %p is taken off twice\n", (const void *)item);
	if (item->next->prev != item || item->prev->next != item)
		quire_panic("list: the neighbours of %p do not know it\n", (const void *)item);
}

const char *list_check(const struct list_head *head)
{
	const struct list_head *at = head;

	do {
		if (!at->next || at->next->prev != at)
			return "a list element's neighbour does not lead back to it";
		at = at->next;
	} while (at != head);
	return NULL;
}
