/* SPDX-License-Identifier: MIT */
/*
 * debug_cmdline.c - the words of a kernel's command line that switch debugging on.
 */
#include <quire/bytes.h>
#include <quire/fault_inject.h>
#include <quire/init.h>
#include <quire/kfence.h>
#include <quire/page_owner.h>
#include <quire/page_poison.h>
#include <quire/printk.h>
#include <quire/quire.h>
#include <quire/slab_debug.h>
#include "base/base.h"

#define VALUE_MAX 128 /* of one word */

/* Linux's words for yes; anything else is no. */
static bool __init is_on(const char *value)
{
	return !qstrcmp(value, "1") || !qstrcmp(value, "on") || !qstrcmp(value, "y") ||
	       !qstrcmp(value, "Y");
}

static void __init page_owner(const char *value)
{
	if (is_on(value))
		page_owner_enable();
}

static void __init page_poison(const char *value)
{
	if (is_on(value))
		page_poison_enable(PAGE_POISON_REPORT);
}

static void __init init_on_alloc(const char *value)
{
	if (is_on(value))
		init_on_alloc_enable();
}

static void __init init_on_free(const char *value)
{
	if (is_on(value))
		init_on_free_enable();
}

static void __init fault_attr(struct fault_attr *attr, const char *value)
{
	if (setup_fault_attr(attr, value))
		pr_warn("%s=%s: not <interval>,<probability>,<space>,<times>\n", attr->name, value);
}

static void __init fail_pages(const char *value)
{
	fault_attr(&fail_page_alloc.attr, value);
}

static void __init fail_slab(const char *value)
{
	fault_attr(&failslab.attr, value);
}

static void slab_debug_word(const char *value)
{
	if (slab_debug_setup(value))
		pr_warn("slab_debug=%s: not <flags>[,<cache>...]\n", value);
}

static void __init kfence_interval(const char *value)
{
	char *end;
	unsigned long long n = memparse(value, &end);

	if (end == value || *end || n > ~0UL)
		pr_warn("kfence.sample_interval=%s: not a number of allocations\n", value);
	else if (n)
		kfence_enable((unsigned long)n);
}

static const struct {
	const char *name;
	void (*set)(const char *value);
} words[] __initconst = {
	{ "page_owner=", page_owner },       { "page_poison=", page_poison },
	{ "init_on_alloc=", init_on_alloc }, { "init_on_free=", init_on_free },
	{ "fail_page_alloc=", fail_pages },  { "failslab=", fail_slab },
	{ "slab_debug=", slab_debug_word },  { "kfence.sample_interval=", kfence_interval },
};

void __init quire_debug_parse_cmdline(const char *cmdline)
{
	const char *word, *value;
	char text[VALUE_MAX];
	size_t len;

	while ((word = cmdline_next(&cmdline, &len)))
		for (unsigned i = 0; i < ARRAY_SIZE(words); i++) {
			value = cmdline_value(word, len, words[i].name);
			if (!value)
				continue;
			qstrscpy(text, value, min((size_t)(word + len - value) + 1, sizeof(text)));
			words[i].set(text);
		}
}
