/* SPDX-License-Identifier: MIT */
/*
 * boot/reserve_mem.c - memory that is kept under a name: reserve_mem=SIZE:ALIGN:NAME.
 *
 *   "12M:4096:trace"  ->  memblock  ->  | trace | 12 MiB |  ->  a driver asks for "trace"
 *
 * Lock:  none; boot fills the table, later it is only read or its holder releases his own entry.
 */
#include <quire/bytes.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/printk.h>
#include "base/base.h"
#include "boot.h"

struct named {
	char name[RESERVE_MEM_NAME_SIZE]; /* empty: the entry is free */
	phys_addr_t start, size;          /* bytes                    */
};

static struct named table[RESERVE_MEM_MAX_ENTRIES];

void reserve_mem_exit(void)
{
	memset(table, 0, sizeof(table));
}

static struct named *find(const char *name)
{
	for (unsigned i = 0; i < RESERVE_MEM_MAX_ENTRIES; i++)
		if (*name && !qstrcmp(table[i].name, name))
			return &table[i];
	return NULL;
}

static bool __init is_letter(char c)
{
	c |= 0x20;
	return c >= 'a' && c <= 'z';
}

/* A name that is all digits would be taken for a number by who misreads the format. */
static bool __init take_name(const char *from, char to[RESERVE_MEM_NAME_SIZE])
{
	bool letter = false;
	size_t n = 0;

	for (; from[n] && from[n] != ' '; n++) {
		if (n + 1 == RESERVE_MEM_NAME_SIZE)
			return false;
		letter |= is_letter(from[n]);
		to[n] = from[n];
	}
	to[n] = 0;
	return letter;
}

static int __init parse(const char *arg, struct named *want, phys_addr_t *align)
{
	char *at;

	want->size = memparse(arg, &at);
	if (at == arg || !want->size || *at != ':')
		return -EINVAL;
	arg = at + 1;
	*align = memparse(arg, &at);
	if (at == arg || *at != ':' || *align & (*align - 1))
		return -EINVAL;
	*align = max(*align, (phys_addr_t)64);
	return take_name(at + 1, want->name) ? 0 : -EINVAL;
}

int __init reserve_mem_add(const char *arg)
{
	struct named want, *entry = NULL;
	phys_addr_t align;

	if (parse(arg, &want, &align))
		return -EINVAL;
	if (find(want.name))
		return -EEXIST;
	for (unsigned i = RESERVE_MEM_MAX_ENTRIES; i-- > 0;)
		if (!table[i].name[0])
			entry = &table[i];
	if (!entry)
		return -EBUSY;
	want.start = memblock_phys_alloc(want.size, align);
	if (!want.start)
		return -ENOMEM;
	*entry = want;
	return 0;
}

void __init reserve_mem_parse_cmdline(const char *cmdline)
{
	const char *word, *arg;
	size_t len;

	while ((word = cmdline_next(&cmdline, &len))) {
		arg = cmdline_value(word, len, "reserve_mem=");
		if (arg && reserve_mem_add(arg))
			pr_warn("memblock: boot parameter \"%.*s\" cannot be obeyed\n", (int)len,
				word);
	}
}

int reserve_mem_find_by_name(const char *name, phys_addr_t *start, phys_addr_t *size)
{
	const struct named *entry = find(name);

	if (!entry)
		return 0;
	*start = entry->start;
	*size = entry->size;
	return 1;
}

int reserve_mem_release_by_name(const char *name)
{
	struct named *entry = find(name);

	if (!entry)
		return 0;
	free_reserved_area(entry->start, entry->start + entry->size, name);
	*entry = (struct named){ { 0 }, 0, 0 };
	return 1;
}
