/* SPDX-License-Identifier: MIT */
/* linux/list.h for code written against Linux: lists whose links live in the elements. */
#ifndef QUIRE_LINUX_LIST_H
#define QUIRE_LINUX_LIST_H

#include <quire/list.h>
#include <quire/linux/container_of.h>

#define list_for_each_entry_continue(pos, head, member)                                            \
	for ((pos) = list_next_entry(pos, member); &(pos)->member != (head);                       \
	     (pos) = list_next_entry(pos, member))
#define list_for_each_prev(pos, head)                                                              \
	for ((pos) = (head)->prev; (pos) != (head); (pos) = (pos)->prev)
#define list_entry_is_head(pos, head, member) (&(pos)->member == (head))

static inline bool list_is_first(const struct list_head *item, const struct list_head *head)
{
	return item->prev == head;
}

/* `list` itself is left as it was, and must be initialised before it is used again. */
static inline void list_splice(struct list_head *list, struct list_head *head)
{
	struct list_head was = *list;

	list_splice_init(list, head);
	*list = was;
}

static inline void list_splice_tail(struct list_head *list, struct list_head *head)
{
	list_splice(list, head->prev);
}

#define hlist_entry(ptr, type, member) container_of(ptr, type, member)
#define hlist_for_each(pos, head)      for ((pos) = (head)->first; (pos); (pos) = (pos)->next)
#define HLIST_HEAD(name)               struct hlist_head name = HLIST_HEAD_INIT
#define hlist_del(node)                hlist_del_init(node)

#endif
