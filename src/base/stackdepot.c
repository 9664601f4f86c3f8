/* SPDX-License-Identifier: MIT */
/*
 * base/stackdepot.c - call traces, each kept once.
 *
 *   handle = index of the entry's first word + 1
 *   | next handle | hash, n | pc 0 | pc 1 | ... |
 *
 * Always true:  an entry that a bucket leads to is complete and never changes; chains only grow at
 *               their heads.
 * Lock:         none.  Two CPUs that save the same new trace at the same moment may keep it twice,
 *               which costs a few words and nothing else.
 */
#include <quire/bytes.h>
#include <quire/stackdepot.h>

enum { ENTRY_NEXT, ENTRY_SIZE, ENTRY_PC }; /* words of an entry */

#define ENTRY_HASH_SHIFT 8 /* ENTRY_SIZE: n below, as much of the hash as fits above */

void stack_depot_init(struct stack_depot *depot, void *memory, size_t size)
{
	size_t buckets = 1;

	while (buckets * 2 * sizeof(u32) <= size / 4)
		buckets *= 2;
	*depot = (struct stack_depot){ .mask = (u32)buckets - 1, .buckets = memory };
	buckets = QUIRE_ALIGN_UP(buckets * sizeof(u32), sizeof(long));
	if (buckets >= size)
		return; /* too small for an entry, perhaps even for a bucket */
	depot->words = (unsigned long *)((char *)memory + buckets);
	depot->nr_words = (u32)min((size - buckets) / sizeof(long), (size_t)0x7fffffff);
}

static u32 hash_of(const unsigned long *pc, unsigned n)
{
	u64 h = n;

	for (unsigned i = 0; i < n; i++) {
		h = (h ^ pc[i]) * 0x9e3779b97f4a7c15ULL;
		h ^= h >> 29;
	}
	return (u32)(h >> 32);
}

static unsigned long size_word(u32 hash, unsigned n)
{
	return (unsigned long)(hash << ENTRY_HASH_SHIFT) | n;
}

/* The entry with these addresses in the chain that begins at `handle`, or 0. */
static depot_stack_handle_t find(const struct stack_depot *depot, depot_stack_handle_t handle,
				 unsigned long size, const unsigned long *pc, unsigned n)
{
	while (handle) {
		const unsigned long *entry = &depot->words[handle - 1];

		if (entry[ENTRY_SIZE] == size && !memcmp(&entry[ENTRY_PC], pc, n * sizeof(*pc)))
			return handle;
		handle = (depot_stack_handle_t)entry[ENTRY_NEXT];
	}
	return 0;
}

/* Room for an entry of n addresses: its handle, or 0. */
static depot_stack_handle_t take_room(struct stack_depot *depot, unsigned n)
{
	u32 used = __atomic_load_n(&depot->used, __ATOMIC_RELAXED), need = ENTRY_PC + n;

	do
		if (need > depot->nr_words - used)
			return 0;
	while (!__atomic_compare_exchange_n(&depot->used, &used, used + need, true,
					    __ATOMIC_RELAXED, __ATOMIC_RELAXED));
	return used + 1;
}

depot_stack_handle_t stack_depot_save(struct stack_depot *depot, const unsigned long *pc,
				      unsigned n)
{
	depot_stack_handle_t handle, head;
	unsigned long size, *entry;
	u32 hash, *bucket;

	n = min(n, STACK_DEPOT_DEPTH);
	if (!n || !depot->nr_words)
		return 0;
	hash = hash_of(pc, n);
	size = size_word(hash, n);
	bucket = &depot->buckets[hash & depot->mask];
	head = __atomic_load_n(bucket, __ATOMIC_ACQUIRE);
	handle = find(depot, head, size, pc, n);
	if (handle)
		return handle;
	handle = take_room(depot, n);
	if (!handle) {
		__atomic_fetch_add(&depot->nr_lost, 1, __ATOMIC_RELAXED);
		return 0;
	}
	entry = &depot->words[handle - 1];
	entry[ENTRY_SIZE] = size;
	memcpy(&entry[ENTRY_PC], pc, n * sizeof(*pc));
	do
		entry[ENTRY_NEXT] = head;
	while (!__atomic_compare_exchange_n(bucket, &head, handle, true, __ATOMIC_RELEASE,
					    __ATOMIC_RELAXED));
	__atomic_fetch_add(&depot->nr_stacks, 1, __ATOMIC_RELAXED);
	return handle;
}

unsigned stack_depot_fetch(const struct stack_depot *depot, depot_stack_handle_t handle,
			   const unsigned long **pc)
{
	const unsigned long *entry;

	if (!handle || handle > __atomic_load_n(&depot->used, __ATOMIC_RELAXED))
		return 0;
	entry = &depot->words[handle - 1];
	*pc = &entry[ENTRY_PC];
	return (unsigned)(entry[ENTRY_SIZE] & ((1u << ENTRY_HASH_SHIFT) - 1));
}
