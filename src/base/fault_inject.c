/* SPDX-License-Identifier: MIT */
/*
 * base/fault_inject.c - whether an allocation is one of those that are made to fail.
 *
 *   may it? times left, this task ──> budget used up? ──> dice ──> every n-th ──> fail, and say so
 *
 * Lock: the attribute's own, for the dice and the counts; nothing is called with it held.
 */
#include <quire/err.h>
#include <quire/fault_inject.h>
#include <quire/lock.h>
#include <quire/printk.h>
#include <quire/task.h>
#include "base.h"

static bool can_fire(const struct fault_attr *attr)
{
	return attr->probability && attr->times;
}

void fault_attr_apply(struct fault_attr *attr)
{
	if (!attr->seed)
		attr->seed = FAULT_ATTR_SEED; /* the dice would stand still */
	attr->passed = 0;
	attr->armed(can_fire(attr));
}

/* ---- text ------------------------------------------------------------------------------------ */

/* A decimal number, perhaps negative, that ends at `stop`: what follows it, or NULL. */
static const char *parse_number(const char *text, char stop, long *v)
{
	bool negative = *text == '-';

	text += negative;
	if (*text < '0' || *text > '9')
		return NULL;
	for (*v = 0; *text >= '0' && *text <= '9'; text++)
		if (__builtin_mul_overflow(*v, 10, v) || __builtin_add_overflow(*v, *text - '0', v))
			return NULL;
	if (negative)
		*v = -*v;
	return *text == stop ? text + (stop != 0) : NULL;
}

int setup_fault_attr(struct fault_attr *attr, const char *text)
{
	static const char stops[] = { ',', ',', ',', 0 };
	long v[ARRAY_SIZE(stops)];

	for (unsigned i = 0; i < ARRAY_SIZE(stops); i++) {
		text = parse_number(text, stops[i], &v[i]);
		if (!text)
			return -EINVAL;
	}
	if (v[0] < 0 || v[1] < 0 || v[1] > 100 || v[2] < 0 || v[3] < -1)
		return -EINVAL;
	attr->interval = (unsigned long)v[0];
	attr->probability = (unsigned long)v[1];
	attr->space = (unsigned long)v[2];
	attr->times = v[3];
	fault_attr_apply(attr);
	return 0;
}

/* ---- the question ---------------------------------------------------------------------------- */
static unsigned throw_dice(struct fault_attr *attr)
{
	attr->seed ^= attr->seed << 13;
	attr->seed ^= attr->seed >> 7;
	attr->seed ^= attr->seed << 17;
	return (unsigned)((attr->seed >> 32) * 100 >> 32);
}

/* What keeps this call from failing, or NULL.  attr->lock is held. */
static const char *why_not_fail(struct fault_attr *attr, size_t size)
{
	if (!can_fire(attr))
		return "nothing is to fail any more";
	if (attr->space > size) {
		attr->space -= size;
		return "the budget is not used up yet";
	}
	attr->space = 0;
	if (throw_dice(attr) >= attr->probability)
		return "the dice say so";
	if (attr->interval > 1 && ++attr->passed % attr->interval)
		return "not its turn";
	return NULL;
}

static void report(const struct fault_attr *attr)
{
	if (!attr->verbose)
		return;
	printk("FAULT_INJECTION: forcing a failure.\n"
	       "name %s, interval %lu, probability %lu, space %lu, times %ld\n",
	       attr->name, attr->interval, attr->probability, attr->space, attr->times);
	if (attr->verbose > 1)
		dump_stack();
}

static bool task_may_fail(void)
{
	struct quire_task who;

	quire_current_task(&who);
	return who.make_it_fail && !in_interrupt();
}

bool should_fail(struct fault_attr *attr, size_t size)
{
	struct fault_attr seen;
	unsigned long flags;
	const char *why_not;

	if (likely(!attr->probability) || (attr->task_filter && !task_may_fail()))
		return false;
	flags = port_irq_save();
	raw_lock(&attr->lock);
	why_not = why_not_fail(attr, size);
	if (!why_not && attr->times > 0)
		attr->times--;
	seen = *attr;
	raw_unlock(&attr->lock);
	port_irq_restore(flags);
	if (why_not)
		return false;
	report(&seen);
	return true;
}
