/* SPDX-License-Identifier: MIT */
/*
 * quire/list.h - circular doubly linked lists whose links live inside the elements, and hash
 * chains.
 *
 *   head <-> a <-> b <-> c <-> head        an empty list's head points to itself
 *
 * Lock: the caller's.  With QUIRE_DEBUG every insertion and removal checks its neighbours.
 */
#ifndef QUIRE_LIST_H
#define QUIRE_LIST_H

#include <quire/types.h>

struct list_head {
	struct list_head *next, *prev;
};

#define LIST_HEAD_INIT(name)                                                                       \
	{                                                                                          \
		&(name), &(name)                                                                   \
	}
#define LIST_HEAD(name) struct list_head name = LIST_HEAD_INIT(name)

/* Links of an element that was taken off: non-NULL and never mapped, so a second removal is
 * seen. */
#define LIST_POISON1 ((struct list_head *)0x100)
#define LIST_POISON2 ((struct list_head *)0x122)

/* Stop, in words, if a link next to the operation is damaged.  Called in debug builds only. */
void list_check_add(const struct list_head *item, const struct list_head *prev,
		    const struct list_head *next);
void list_check_del(const struct list_head *item);

/* Words of the broken law of a whole list, or NULL. */
const char *list_check(const struct list_head *head);

static inline void INIT_LIST_HEAD(struct list_head *head)
{
	head->next = head;
	head->prev = head;
}

static inline void __list_add(struct list_head *item, struct list_head *prev,
			      struct list_head *next)
{
	if (QUIRE_DEBUG)
		list_check_add(item, prev, next);
	next->prev = item;
	item->next = next;
	item->prev = prev;
	prev->next = item;
}

/* Put item first. */
static inline void list_add(struct list_head *item, struct list_head *head)
{
	__list_add(item, head, head->next);
}

/* Put item last. */
static inline void list_add_tail(struct list_head *item, struct list_head *head)
{
	__list_add(item, head->prev, head);
}

static inline void __list_del_entry(struct list_head *item)
{
	if (QUIRE_DEBUG)
		list_check_del(item);
	item->next->prev = item->prev;
	item->prev->next = item->next;
}

static inline void list_del(struct list_head *item)
{
	__list_del_entry(item);
	item->next = LIST_POISON1;
	item->prev = LIST_POISON2;
}

/* Take off and leave as an empty list, so that list_empty(item) tells whether it is on one. */
static inline void list_del_init(struct list_head *item)
{
	__list_del_entry(item);
	INIT_LIST_HEAD(item);
}

static inline void list_move(struct list_head *item, struct list_head *head)
{
	__list_del_entry(item);
	list_add(item, head);
}

static inline void list_move_tail(struct list_head *item, struct list_head *head)
{
	__list_del_entry(item);
	list_add_tail(item, head);
}

/* `item` takes the place of `old`. */
static inline void list_replace(struct list_head *old, struct list_head *item)
{
	item->next = old->next;
	item->next->prev = item;
	item->prev = old->prev;
	item->prev->next = item;
}

static inline bool list_empty(const struct list_head *head)
{
	return READ_ONCE(head->next) == head;
}

static inline bool list_is_singular(const struct list_head *head)
{
	return !list_empty(head) && head->next == head->prev;
}

static inline bool list_is_last(const struct list_head *item, const struct list_head *head)
{
	return item->next == head;
}

/* Move all of `list` to the front (back) of `head`; `list` itself becomes empty. */
static inline void list_splice_init(struct list_head *list, struct list_head *head)
{
	if (list_empty(list))
		return;
	list->next->prev = head;
	list->prev->next = head->next;
	head->next->prev = list->prev;
	head->next = list->next;
	INIT_LIST_HEAD(list);
}

static inline void list_splice_tail_init(struct list_head *list, struct list_head *head)
{
	list_splice_init(list, head->prev);
}

#define list_entry(ptr, type, member)        container_of(ptr, type, member)
#define list_first_entry(head, type, member) list_entry((head)->next, type, member)
#define list_last_entry(head, type, member)  list_entry((head)->prev, type, member)
#define list_first_entry_or_null(head, type, member)                                               \
	(list_empty(head) ? NULL : list_first_entry(head, type, member))
#define list_next_entry(pos, member) list_entry((pos)->member.next, __typeof__(*(pos)), member)
#define list_prev_entry(pos, member) list_entry((pos)->member.prev, __typeof__(*(pos)), member)

#define list_for_each(pos, head) for ((pos) = (head)->next; (pos) != (head); (pos) = (pos)->next)
/* The _safe forms keep the next element in n, so that pos may be taken off. */
#define list_for_each_safe(pos, n, head)                                                           \
	for ((pos) = (head)->next, (n) = (pos)->next; (pos) != (head);                             \
	     (pos) = (n), (n) = (pos)->next)
#define list_for_each_entry(pos, head, member)                                                     \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head); \
	     (pos) = list_next_entry(pos, member))
#define list_for_each_entry_reverse(pos, head, member)                                             \
	for ((pos) = list_last_entry(head, __typeof__(*(pos)), member); &(pos)->member != (head);  \
	     (pos) = list_prev_entry(pos, member))
#define list_for_each_entry_safe(pos, n, head, member)                                             \
	for ((pos) = list_first_entry(head, __typeof__(*(pos)), member),                           \
	    (n) = list_next_entry(pos, member);                                                    \
	     &(pos)->member != (head); (pos) = (n), (n) = list_next_entry(n, member))

/* ---- hash chains: the head is one pointer, removal still needs no search --------------------- */
struct hlist_node {
	struct hlist_node *next, **pprev;
};
struct hlist_head {
	struct hlist_node *first;
};

#define HLIST_HEAD_INIT                                                                            \
	{                                                                                          \
		NULL                                                                               \
	}
#define INIT_HLIST_HEAD(head) ((head)->first = NULL)

static inline void INIT_HLIST_NODE(struct hlist_node *node)
{
	node->next = NULL;
	node->pprev = NULL;
}

static inline bool hlist_unhashed(const struct hlist_node *node)
{
	return !node->pprev;
}

static inline bool hlist_empty(const struct hlist_head *head)
{
	return !READ_ONCE(head->first);
}

static inline void hlist_add_head(struct hlist_node *node, struct hlist_head *head)
{
	node->next = head->first;
	if (head->first)
		head->first->pprev = &node->next;
	head->first = node;
	node->pprev = &head->first;
}

static inline void hlist_del_init(struct hlist_node *node)
{
	if (hlist_unhashed(node))
		return;
	*node->pprev = node->next;
	if (node->next)
		node->next->pprev = node->pprev;
	INIT_HLIST_NODE(node);
}

#define hlist_entry_safe(ptr, type, member)                                                        \
	({                                                                                         \
		__typeof__(ptr) p_ = (ptr);                                                        \
		p_ ? container_of(p_, type, member) : NULL;                                        \
	})
#define hlist_for_each_entry(pos, head, member)                                                    \
	for ((pos) = hlist_entry_safe((head)->first, __typeof__(*(pos)), member); (pos);           \
	     (pos) = hlist_entry_safe((pos)->member.next, __typeof__(*(pos)), member))
#define hlist_for_each_entry_safe(pos, n, head, member)                                            \
	for ((pos) = hlist_entry_safe((head)->first, __typeof__(*(pos)), member);                  \
	     (pos) && ((n) = (pos)->member.next, true);                                            \
	     (pos) = hlist_entry_safe(n, __typeof__(*(pos)), member))

#endif
