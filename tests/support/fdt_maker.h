/* SPDX-License-Identifier: MIT */
/*
 * support/fdt_maker.h - writes flattened device trees, for tests of their reader.
 *
 *   fdt_begin(&f);  fdt_node(&f, "");  fdt_cells(&f, "reg", 2, 0, 1);  ...  fdt_end(&f);  fdt_finish(&f);
 */
#ifndef SUPPORT_FDT_MAKER_H
#define SUPPORT_FDT_MAKER_H

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#define FDT_TOKENS_AT 0x80u /* behind the header, a reserved range and the list's end */

struct fdt_maker {
	uint8_t blob[8192];
	uint32_t at; /* where the next token goes */
	char strings[512];
	uint32_t nr_strings, size;
};

static inline void fdt_put32(uint8_t *at, uint32_t v)
{
	for (int i = 0; i < 4; i++)
		at[i] = (uint8_t)(v >> (24 - 8 * i));
}

static inline void fdt_token(struct fdt_maker *f, uint32_t v)
{
	assert(f->at + 4 <= sizeof(f->blob));
	fdt_put32(f->blob + f->at, v);
	f->at += 4;
}

static inline void fdt_begin(struct fdt_maker *f)
{
	memset(f, 0, sizeof(*f));
	f->at = FDT_TOKENS_AT;
}

static inline void fdt_bytes(struct fdt_maker *f, const void *bytes, uint32_t n)
{
	assert(f->at + n + 4 <= sizeof(f->blob));
	memcpy(f->blob + f->at, bytes, n);
	f->at = (f->at + n + 3) & ~3u;
}

static inline void fdt_node(struct fdt_maker *f, const char *name)
{
	fdt_token(f, 1);
	fdt_bytes(f, name, (uint32_t)strlen(name) + 1);
}

static inline void fdt_end(struct fdt_maker *f)
{
	fdt_token(f, 2);
}

/* Where the name is among the strings, put there if it is new. */
static inline uint32_t fdt_name(struct fdt_maker *f, const char *name)
{
	uint32_t at = 0, n = (uint32_t)strlen(name) + 1;

	while (at < f->nr_strings && strcmp(f->strings + at, name))
		at += (uint32_t)strlen(f->strings + at) + 1;
	if (at == f->nr_strings) {
		assert(at + n <= sizeof(f->strings));
		memcpy(f->strings + at, name, n);
		f->nr_strings += n;
	}
	return at;
}

static inline void fdt_value(struct fdt_maker *f, const char *name, const void *value, uint32_t n)
{
	fdt_token(f, 3);
	fdt_token(f, n);
	fdt_token(f, fdt_name(f, name));
	fdt_bytes(f, value, n);
}

static inline void fdt_string(struct fdt_maker *f, const char *name, const char *value)
{
	fdt_value(f, name, value, (uint32_t)strlen(value) + 1);
}

/* `n` cells follow, as unsigned. */
static inline void fdt_cells(struct fdt_maker *f, const char *name, unsigned n, ...)
{
	uint8_t cells[64];
	va_list list;

	assert(n * 4 <= sizeof(cells));
	va_start(list, n);
	for (unsigned i = 0; i < n; i++)
		fdt_put32(cells + 4 * i, va_arg(list, unsigned));
	va_end(list);
	fdt_value(f, name, cells, 4 * n);
}

/* The end of the tokens, the strings, and the header.  One range, [0xfffff000, +0x2000), is reserved. */
static inline void fdt_finish(struct fdt_maker *f)
{
	uint32_t tokens, strings;

	fdt_token(f, 9);
	tokens = f->at - FDT_TOKENS_AT;
	strings = f->at;
	fdt_bytes(f, f->strings, f->nr_strings);
	f->size = strings + f->nr_strings;
	fdt_put32(f->blob, 0xd00dfeed);
	fdt_put32(f->blob + 4, f->size);
	fdt_put32(f->blob + 8, FDT_TOKENS_AT);
	fdt_put32(f->blob + 12, strings);
	fdt_put32(f->blob + 16, 40);
	fdt_put32(f->blob + 20, 17);
	fdt_put32(f->blob + 24, 16);
	fdt_put32(f->blob + 32, f->nr_strings);
	fdt_put32(f->blob + 36, tokens);
	fdt_put32(f->blob + 44, 0xfffff000);
	fdt_put32(f->blob + 52, 0x2000);
}

#endif
