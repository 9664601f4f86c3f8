/* SPDX-License-Identifier: MIT */
/*
 * fdt.c - reads a flattened device tree (Devicetree Specification 0.4, chapter 5) that may hold anything.
 *
 *   header | reserved ranges | structure: tokens of nodes and properties | strings: property names
 *
 *   BEGIN_NODE "soc\0"  PROP len name value  …  BEGIN_NODE … END_NODE  END_NODE  END
 *
 * One pass.  What a node's properties say is kept while it is open, one slot per level, and acted on
 * where it ends: by then its parents' cell counts and ranges are known.
 *
 * Always true:  nothing outside blob[0, totalsize) is read, and totalsize <= max.
 */
#include "fdt.h"
#include <quire/bytes.h>
#include <quire/printk.h>

#define MAGIC        0xd00dfeedu
#define HEADER_SIZE  40u
#define MAX_DEPTH    16u
#define MAX_UARTS    4u
#define TOKEN_BEGIN  1u
#define TOKEN_END    2u
#define TOKEN_PROP   3u
#define TOKEN_NOP    4u
#define TOKEN_FINISH 9u

struct bytes {
	const u8 *at;
	u32 len;
};

/* An open node. */
struct node {
	const char *name;
	u32 address_cells, size_cells; /* of its children's reg */
	struct bytes compatible, device_type, reg, status, interrupts, method, ranges, isa,
		timebase;
	u32 reg_shift, clock_hz;
	bool no_map, has_ranges;
	bool off; /* it, or what it is in, is not in use */
};

struct reader {
	const u8 *tree, *tokens, *strings;
	u32 nr_tokens, nr_strings, at; /* bytes */
	unsigned depth;                /* nodes that are open */
	struct node open[MAX_DEPTH];
	struct bytes stdout_path;
	unsigned nr_uarts;
	struct {
		const char *name;
		struct fdt_range where;
		unsigned shift;
	} uart[MAX_UARTS];
	struct fdt_machine *m;
};

static u32 be32(const u8 *p)
{
	return (u32)p[0] << 24 | (u32)p[1] << 16 | (u32)p[2] << 8 | p[3];
}

static u64 be64(const u8 *p)
{
	return (u64)be32(p) << 32 | be32(p + 4);
}

/* ---- values ---------------------------------------------------------------------------------- */

/* Whether `word` is one of the strings, each with its zero, that the value is a list of. */
static bool lists(struct bytes v, const char *word)
{
	size_t n = qstrlen(word) + 1;

	while (v.len) {
		u32 len = 0;

		while (len < v.len && v.at[len])
			len++;
		if (len == v.len)
			return false; /* the last one has no end */
		if (len + 1 == n && memcmp(v.at, word, n) == 0)
			return true;
		v.at += len + 1;
		v.len -= len + 1;
	}
	return false;
}

static bool is_string(struct bytes v)
{
	return v.len && v.at[v.len - 1] == 0;
}

static u64 number(struct bytes v)
{
	return v.len == 4 ? be32(v.at) : v.len == 8 ? be64(v.at) : 0;
}

/* The name of a node without its address. */
static bool is_named(const struct node *n, const char *name)
{
	size_t len = qstrlen(name);

	return qstrncmp(n->name, name, len) == 0 && (n->name[len] == 0 || n->name[len] == '@');
}

static bool good_range(u64 base, u64 size)
{
	return size && size <= ~base;
}

/* Range `i` of a node's reg, in its parent's cells.  False: there is none, or not one that we can read. */
static bool reg_range(const struct reader *r, const struct node *n, unsigned i,
		      struct fdt_range *out)
{
	const struct node *parent = n - 1;
	u32 a = parent->address_cells, s = parent->size_cells, one = (a + s) * 4;
	const u8 *at;

	(void)r;
	if (a < 1 || a > 2 || s < 1 || s > 2 || n->reg.len / one <= i)
		return false;
	at = n->reg.at + (size_t)i * one;
	out->base = a == 2 ? be64(at) : be32(at);
	at += a * 4;
	out->size = s == 2 ? be64(at) : be32(at);
	return true;
}

/* Cells that are a number; *at moves behind them. */
static u64 cells(const u8 **at, u32 n)
{
	const u8 *v = *at;

	*at += (size_t)n * 4;
	return n == 2 ? be64(v) : be32(v);
}

/* One bus up: where the parent of `bus` sees what its children call [base, base + size). */
static bool translate(const struct node *bus, struct fdt_range *where)
{
	u32 c = bus->address_cells, p = bus[-1].address_cells, s = bus->size_cells;
	u32 one = (c + p + s) * 4;

	if (!bus->has_ranges || c < 1 || c > 2 || p < 1 || p > 2 || s < 1 || s > 2)
		return false;
	if (!bus->ranges.len)
		return true; /* the same addresses on both sides */
	for (u32 i = 0; i < bus->ranges.len / one; i++) {
		const u8 *at = bus->ranges.at + (size_t)i * one;
		u64 child = cells(&at, c), parent = cells(&at, p), size = cells(&at, s);

		if (where->base < child || where->base - child >= size)
			continue;
		where->base = where->base - child + parent;
		return good_range(where->base, where->size);
	}
	return false;
}

/* Range `i` of a device, as the processor sees it: through every bus between the two. */
static bool device_range(const struct reader *r, const struct node *n, unsigned i,
			 struct fdt_range *out)
{
	struct fdt_range found;

	if (!reg_range(r, n, i, &found) || !good_range(found.base, found.size))
		return false;
	for (const struct node *bus = n - 1; bus > &r->open[0]; bus--)
		if (!translate(bus, &found))
			return false;
	*out = found;
	return true;
}

/* ---- nodes ----------------------------------------------------------------------------------- */
static const char *take_memory(struct reader *r, const struct node *n)
{
	struct fdt_machine *m = r->m;
	struct fdt_range found;

	for (unsigned i = 0; reg_range(r, n, i, &found); i++) {
		if (!found.size)
			continue;
		if (!good_range(found.base, found.size))
			return "a range of memory wraps around";
		if (m->nr_mem == FDT_MAX_MEM)
			return "it has too many ranges of memory";
		m->mem[m->nr_mem++] = found;
	}
	return NULL;
}

static const char *add_reserved(struct fdt_machine *m, struct fdt_range found, bool no_map)
{
	if (!found.size)
		return NULL;
	if (!good_range(found.base, found.size))
		return "a range that is reserved wraps around";
	if (m->nr_reserved == FDT_MAX_RESERVED)
		return "it has too many ranges that are reserved";
	m->no_map[m->nr_reserved] = no_map;
	m->reserved[m->nr_reserved++] = found;
	return NULL;
}

static const char *take_reserved(struct reader *r, const struct node *n)
{
	struct fdt_range found;
	const char *why = NULL;

	for (unsigned i = 0; !why && reg_range(r, n, i, &found); i++)
		why = add_reserved(r->m, found, n->no_map);
	return why;
}

/* Interrupts of the generic timer: secure, non-secure, virtual, hypervisor; three cells each, the
 * first says that it is a private one. */
static void take_timer(struct fdt_machine *m, const struct node *n)
{
	const u32 each = 12;

	if (n->interrupts.len >= 3 * each && be32(n->interrupts.at + 2 * each) == 1 &&
	    be32(n->interrupts.at + 2 * each + 4) < 16)
		m->timer_irq = 16 + be32(n->interrupts.at + 2 * each + 4);
}

/* One interrupt of three cells, the first of which says that it is a private one. */
static void take_global_timer(struct reader *r, const struct node *n)
{
	struct fdt_machine *m = r->m;

	if (m->global_timer.size || !device_range(r, n, 0, &m->global_timer))
		return;
	m->global_timer_hz = n->clock_hz;
	if (n->interrupts.len >= 12 && be32(n->interrupts.at) == 1 &&
	    be32(n->interrupts.at + 4) < 16)
		m->global_timer_irq = 16 + be32(n->interrupts.at + 4);
}

static void take_gic(struct reader *r, const struct node *n, unsigned version)
{
	struct fdt_machine *m = r->m;
	struct fdt_range *second = version == 2 ? &m->gic_cpu : &m->gic_redist;

	if (!m->gic_version && device_range(r, n, 0, &m->gic_dist) && device_range(r, n, 1, second))
		m->gic_version = version;
}

static void take_uart(struct reader *r, const struct node *n)
{
	struct fdt_range where;

	if (r->nr_uarts == MAX_UARTS || !device_range(r, n, 0, &where))
		return;
	r->uart[r->nr_uarts].name = n->name;
	r->uart[r->nr_uarts].shift = n->reg_shift < 4 ? n->reg_shift : 0;
	r->uart[r->nr_uarts++].where = where;
}

static void take_device(struct reader *r, const struct node *n)
{
	struct fdt_machine *m = r->m;

	if (lists(n->compatible, "arm,pl011") || lists(n->compatible, "ns16550a"))
		take_uart(r, n);
	else if ((lists(n->compatible, "arm,pl031") ||
		  lists(n->compatible, "google,goldfish-rtc")) &&
		 !m->rtc.size)
		device_range(r, n, 0, &m->rtc);
	else if (lists(n->compatible, "sifive,test0") || lists(n->compatible, "sifive,test1"))
		device_range(r, n, 0, &m->finisher);
	else if (lists(n->compatible, "arm,gic-v3"))
		take_gic(r, n, 3);
	else if (lists(n->compatible, "arm,cortex-a15-gic") ||
		 lists(n->compatible, "arm,gic-400") || lists(n->compatible, "arm,cortex-a9-gic"))
		take_gic(r, n, 2);
	else if (lists(n->compatible, "arm,cortex-a9-global-timer"))
		take_global_timer(r, n);
	else if (lists(n->compatible, "arm,armv8-timer") || lists(n->compatible, "arm,armv7-timer"))
		take_timer(m, n);
	else if (lists(n->compatible, "arm,psci-0.2") || lists(n->compatible, "arm,psci-1.0")) {
		m->psci = true;
		m->psci_by_smc = lists(n->method, "smc");
	}
}

static void take_cpu(struct fdt_machine *m, const struct node *n)
{
	if (m->nr_cpus == FDT_MAX_CPUS)
		return;
	if (!m->nr_cpus++ && is_string(n->isa))
		quire_snprintf(m->isa, sizeof(m->isa), "%s", (const char *)n->isa.at);
}

static bool is_on(const struct node *n)
{
	bool says = !n->status.len || lists(n->status, "okay") || lists(n->status, "ok");

	return says && !n->off;
}

/* The innermost open node ends. */
static const char *end_node(struct reader *r)
{
	const struct node *n = &r->open[r->depth - 1];
	bool on = is_on(n);
	unsigned depth = r->depth--;

	if (depth == 2 && on && lists(n->device_type, "memory"))
		return take_memory(r, n);
	if (depth == 2 && is_named(n, "cpus") && number(n->timebase) <= ~0u)
		r->m->timebase = (u32)number(n->timebase);
	if (depth >= 2 && on)
		take_device(r, n);
	if (depth == 3 && on && is_named(n - 1, "reserved-memory"))
		return take_reserved(r, n);
	if (depth == 3 && on && is_named(n - 1, "cpus") && lists(n->device_type, "cpu"))
		take_cpu(r->m, n);
	return NULL;
}

static const char *begin_node(struct reader *r)
{
	u32 start = r->at;
	const char *name = (const char *)r->tokens + start;

	while (r->at < r->nr_tokens && r->tokens[r->at])
		r->at++;
	if (r->at == r->nr_tokens)
		return "a node's name has no end";
	r->at = (r->at + 4) & ~3u;
	if (r->depth == MAX_DEPTH)
		return "its nodes are nested too deeply";
	r->open[r->depth] = (struct node){ .name = name, .address_cells = 2, .size_cells = 1 };
	/* A node's properties stand in front of the nodes in it. */
	if (r->depth)
		r->open[r->depth].off = !is_on(&r->open[r->depth - 1]);
	r->depth++;
	return NULL;
}

/* ---- properties ------------------------------------------------------------------------------ */
static void chosen_property(struct reader *r, const char *name, struct bytes v)
{
	struct fdt_machine *m = r->m;

	if (!qstrcmp(name, "bootargs") && is_string(v))
		m->bootargs = (const char *)v.at;
	else if (!qstrcmp(name, "linux,initrd-start"))
		m->initrd_start = number(v);
	else if (!qstrcmp(name, "linux,initrd-end"))
		m->initrd_end = number(v);
	else if (!qstrcmp(name, "stdout-path") && is_string(v))
		r->stdout_path = v;
}

static void node_property(struct node *n, const char *name, struct bytes v)
{
	const struct {
		const char *name;
		struct bytes *to;
	} kept[] = { { "compatible", &n->compatible },
		     { "device_type", &n->device_type },
		     { "reg", &n->reg },
		     { "status", &n->status },
		     { "interrupts", &n->interrupts },
		     { "method", &n->method },
		     { "ranges", &n->ranges },
		     { "riscv,isa", &n->isa },
		     { "timebase-frequency", &n->timebase } };

	for (unsigned i = 0; i < ARRAY_SIZE(kept); i++)
		if (!qstrcmp(name, kept[i].name))
			*kept[i].to = v;
	if (!qstrcmp(name, "#address-cells"))
		n->address_cells = (u32)number(v);
	else if (!qstrcmp(name, "#size-cells"))
		n->size_cells = (u32)number(v);
	else if (!qstrcmp(name, "reg-shift"))
		n->reg_shift = (u32)number(v);
	else if (!qstrcmp(name, "no-map"))
		n->no_map = true;
	else if (!qstrcmp(name, "clock-frequency"))
		n->clock_hz = (u32)number(v);
	else if (!qstrcmp(name, "ranges"))
		n->has_ranges = true;
}

static const char *property(struct reader *r)
{
	struct bytes v;
	u32 name;

	if (!r->depth)
		return "a property is outside of all nodes";
	if (r->nr_tokens - r->at < 8)
		return "a property ends too early";
	v.len = be32(r->tokens + r->at);
	name = be32(r->tokens + r->at + 4);
	r->at += 8;
	if (v.len > r->nr_tokens - r->at)
		return "a property is longer than the tree";
	if (name >= r->nr_strings)
		return "a property's name is outside of the tree";
	v.at = r->tokens + r->at;
	r->at += v.len;
	if (r->at & 3)
		r->at = (r->at + 3) & ~3u;
	node_property(&r->open[r->depth - 1], (const char *)r->strings + name, v);
	if (r->depth == 2 && is_named(&r->open[1], "chosen"))
		chosen_property(r, (const char *)r->strings + name, v);
	return NULL;
}

/* ---- the tree -------------------------------------------------------------------------------- */
static const char *token(struct reader *r, u32 what)
{
	switch (what) {
	case TOKEN_BEGIN: return begin_node(r);
	case TOKEN_END: return r->depth ? end_node(r) : "a node ends that has not begun";
	case TOKEN_PROP: return property(r);
	case TOKEN_NOP: return NULL;
	default: return "it has a token that means nothing";
	}
}

static const char *walk(struct reader *r)
{
	const char *why = NULL;

	while (!why) {
		u32 what;

		if (r->at >= r->nr_tokens || r->nr_tokens - r->at < 4)
			return "it has no end";
		what = be32(r->tokens + r->at);
		r->at += 4;
		if (what == TOKEN_FINISH)
			return r->depth ? "it ends inside a node" : NULL;
		why = token(r, what);
	}
	return why;
}

/* The header's list, which ends in a pair of zeroes. */
static const char *read_reserved(struct reader *r, u32 at, u32 size)
{
	const char *why = NULL;

	while (!why) {
		struct fdt_range found;

		if (at > size || size - at < 16)
			return "its list of reserved ranges has no end";
		found = (struct fdt_range){ be64(r->tree + at), be64(r->tree + at + 8) };
		if (!found.base && !found.size)
			return NULL;
		why = add_reserved(r->m, found, false);
		at += 16;
	}
	return why;
}

static bool inside(u32 at, u32 len, u32 size)
{
	return at <= size && len <= size - at;
}

static const char *read_header(struct reader *r, size_t max)
{
	const u8 *h = r->tree;
	u32 size, tokens, strings;

	if (max < HEADER_SIZE || be32(h) != MAGIC)
		return "it does not begin like one";
	size = be32(h + 4);
	tokens = be32(h + 8);
	strings = be32(h + 12);
	r->nr_strings = be32(h + 32);
	r->nr_tokens = be32(h + 36);
	if (size < HEADER_SIZE || size > max)
		return "its size is impossible";
	if (be32(h + 20) < 17 || be32(h + 24) > 17)
		return "its version is not 17";
	if (!inside(tokens, r->nr_tokens, size) || (tokens & 3))
		return "its structure is outside of it";
	if (!inside(strings, r->nr_strings, size))
		return "its strings are outside of it";
	if (r->nr_strings && h[strings + r->nr_strings - 1])
		return "its last string has no end";
	r->tokens = h + tokens;
	r->strings = h + strings;
	r->m->size = size;
	return read_reserved(r, be32(h + 16), size);
}

/* "/pl011@9000000:115200": the last name in front of the colon. */
static bool is_stdout(struct bytes path, const char *name)
{
	size_t start = 0, end = 0;

	for (; path.at[end] && path.at[end] != ':'; end++)
		if (path.at[end] == '/')
			start = end + 1;
	return end > start && qstrlen(name) == end - start &&
	       memcmp(path.at + start, name, end - start) == 0;
}

static void choose_uart(struct reader *r)
{
	unsigned chosen = 0;

	if (!r->nr_uarts)
		return;
	for (unsigned i = 0; i < r->nr_uarts && r->stdout_path.len; i++)
		if (is_stdout(r->stdout_path, r->uart[i].name))
			chosen = i;
	r->m->uart = r->uart[chosen].where;
	r->m->uart_shift = r->uart[chosen].shift;
}

const char *fdt_read(const void *blob, size_t max, struct fdt_machine *m)
{
	struct reader r = { .tree = blob, .m = m };
	const char *why;

	memset(m, 0, sizeof(*m));
	why = read_header(&r, max);
	if (!why)
		why = walk(&r);
	if (!why && !m->nr_mem)
		why = "it says nothing of memory";
	if (why) {
		memset(m, 0, sizeof(*m));
		return why;
	}
	choose_uart(&r);
	if (m->initrd_start >= m->initrd_end)
		m->initrd_start = m->initrd_end = 0;
	return NULL;
}
