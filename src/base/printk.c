/* SPDX-License-Identifier: MIT */
/*
 * base/printk.c - C's format language without libc, and the places that text goes to.
 *
 *   quire_snprintf  -> a buffer      printk -> port_log()      seq_printf -> whatever the report's emit does
 *
 * One conversion is parsed into a struct spec, rendered into a small buffer, and put out with its
 * padding. No state, no locks.
 */
#include <quire/printk.h>
#include <quire/err.h>
#include <quire/port.h>
#include <quire/bytes.h>

struct out {
	char *buf;
	size_t size; /* of buf; text beyond size - 1 is counted only */
	size_t len;
};

struct spec {
	bool left, zero, plus, space, alt;
	int width;
	int precision; /* -1: none given */
	int length;    /* -2 hh, -1 h, 0 int, 1 l, 2 ll, 3 z or t */
	char conversion;
};
#define PHYS_ADDRESS 'a' /* conversion of %pa, %pap and %pad */

static void put(struct out *out, char c)
{
	if (out->len + 1 < out->size)
		out->buf[out->len] = c;
	out->len++;
}

static void put_many(struct out *out, char c, int n)
{
	while (n-- > 0)
		put(out, c);
}

static const char *parse_number(const char *fmt, int *n, va_list *ap)
{
	*n = 0;
	if (*fmt == '*') {
		*n = va_arg(*ap, int);
		return fmt + 1;
	}
	while (*fmt >= '0' && *fmt <= '9')
		*n = *n * 10 + (*fmt++ - '0');
	return fmt;
}

static const char *parse_flags(const char *fmt, struct spec *s)
{
	for (;; fmt++) {
		if (*fmt == '-')
			s->left = true;
		else if (*fmt == '0')
			s->zero = true;
		else if (*fmt == '+')
			s->plus = true;
		else if (*fmt == ' ')
			s->space = true;
		else if (*fmt == '#')
			s->alt = true;
		else
			return fmt;
	}
}

static const char *parse_length(const char *fmt, struct spec *s)
{
	for (;; fmt++) {
		if (*fmt == 'h')
			s->length--;
		else if (*fmt == 'l')
			s->length++;
		else if (*fmt == 'z' || *fmt == 't')
			s->length = 3;
		else
			return fmt;
	}
}

/* fmt points behind the '%'; returns what follows the conversion. */
static const char *parse(const char *fmt, struct spec *s, va_list *ap)
{
	*s = (struct spec){ .precision = -1 };
	fmt = parse_flags(fmt, s);
	fmt = parse_number(fmt, &s->width, ap);
	if (s->width < 0) {
		s->left = true;
		s->width = -s->width;
	}
	if (*fmt == '.')
		fmt = parse_number(fmt + 1, &s->precision, ap);
	fmt = parse_length(fmt, s);
	s->conversion = *fmt;
	if (fmt[0] == 'p' && fmt[1] == 'a') {
		s->conversion = PHYS_ADDRESS;
		return fmt + (fmt[2] == 'p' || fmt[2] == 'd' ? 3 : 2);
	}
	return *fmt ? fmt + 1 : fmt;
}

/* Bytes of the argument. */
static unsigned arg_size(const struct spec *s)
{
	static const u8 size[] = { 1, 2, sizeof(int), sizeof(long), sizeof(long long) };
	unsigned i = (unsigned)s->length + 2;

	return i < ARRAY_SIZE(size) ? size[i] : (unsigned)sizeof(size_t);
}

static u64 unsigned_arg(const struct spec *s, va_list *ap)
{
	unsigned size = arg_size(s);
	u64 v;

	if (size <= sizeof(int))
		v = va_arg(*ap, unsigned);
	else if (size == sizeof(long))
		v = va_arg(*ap, unsigned long);
	else
		v = va_arg(*ap, unsigned long long);
	return v & ~0ULL >> (64 - 8 * size);
}

static s64 signed_arg(const struct spec *s, va_list *ap)
{
	unsigned unused = 64 - 8 * arg_size(s);

	return (s64)(unsigned_arg(s, ap) << unused) >> unused;
}

/* Digits of v in the base, most significant first; returns their number (0 for 0). */
static int digits(char *to, u64 v, unsigned base, bool upper)
{
	const char *set = upper ? "0123456789ABCDEF" : "0123456789abcdef";
	char reversed[24];
	int n = 0;

	for (; v >> 32; v /= base)
		reversed[n++] = set[v % base];
	for (u32 low = (u32)v; low; low /= base)
		reversed[n++] = set[low % base];
	for (int i = 0; i < n; i++)
		to[i] = reversed[n - 1 - i];
	return n;
}

static void put_number(struct out *out, struct spec *s, u64 v, unsigned base, const char *sign)
{
	char text[24];
	int n = digits(text, v, base, s->conversion == 'X'), signs = (int)qstrlen(sign), zeros, pad;

	zeros = max(0, (s->precision < 0 ? 1 : s->precision) - n);
	if (s->alt && base == 8 && !zeros)
		zeros = 1;
	pad = max(0, s->width - signs - zeros - n);
	if (s->zero && !s->left && s->precision < 0) {
		zeros += pad;
		pad = 0;
	}
	if (!s->left)
		put_many(out, ' ', pad);
	while (*sign)
		put(out, *sign++);
	put_many(out, '0', zeros);
	for (int i = 0; i < n; i++)
		put(out, text[i]);
	if (s->left)
		put_many(out, ' ', pad);
}

static void put_text(struct out *out, const struct spec *s, const char *text, size_t n)
{
	int pad = s->width - (int)n;

	if (!s->left)
		put_many(out, ' ', pad);
	for (size_t i = 0; i < n; i++)
		put(out, text[i]);
	if (s->left)
		put_many(out, ' ', pad);
}

static void put_signed(struct out *out, struct spec *s, s64 v)
{
	const char *sign = v < 0 ? "-" : s->plus ? "+" : s->space ? " " : "";

	put_number(out, s, v < 0 ? -(u64)v : (u64)v, 10, sign);
}

static void put_hex(struct out *out, struct spec *s, u64 v)
{
	put_number(out, s, v, 16, !s->alt || !v ? "" : s->conversion == 'X' ? "0X" : "0x");
}

static void put_string(struct out *out, const struct spec *s, const char *text)
{
	if (!text)
		text = "(null)";
	put_text(out, s, text, qstrnlen(text, s->precision < 0 ? SIZE_MAX : (size_t)s->precision));
}

/* By reference, because its size is the machine's business; always all digits. */
static void put_phys(struct out *out, struct spec *s, const phys_addr_t *pa)
{
	if (!pa) {
		put_string(out, s, NULL);
		return;
	}
	s->precision = 2 * (int)sizeof(*pa);
	put_number(out, s, *pa, 16, "0x");
}

static void convert(struct out *out, struct spec *s, va_list *ap)
{
	char c;

	switch (s->conversion) {
	case 'd':
	case 'i': put_signed(out, s, signed_arg(s, ap)); break;
	case 'u': put_number(out, s, unsigned_arg(s, ap), 10, ""); break;
	case 'o': put_number(out, s, unsigned_arg(s, ap), 8, ""); break;
	case 'x':
	case 'X': put_hex(out, s, unsigned_arg(s, ap)); break;
	case 'p':
		s->alt = true;
		put_hex(out, s, (unsigned long)va_arg(*ap, void *));
		break;
	case PHYS_ADDRESS: put_phys(out, s, va_arg(*ap, const phys_addr_t *)); break;
	case 'c':
		c = (char)va_arg(*ap, int);
		put_text(out, s, &c, 1);
		break;
	case 's': put_string(out, s, va_arg(*ap, const char *)); break;
	case '%': put(out, '%'); break;
	default: /* unknown: show it, take no argument */
		put(out, '%');
		if (s->conversion)
			put(out, s->conversion);
	}
}

int quire_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
	struct out out = { buf, size, 0 };
	struct spec s;
	va_list args;

	va_copy(args, ap);
	while (*fmt) {
		if (*fmt != '%') {
			put(&out, *fmt++);
			continue;
		}
		fmt = parse(fmt + 1, &s, &args);
		convert(&out, &s, &args);
	}
	va_end(args);
	if (size)
		buf[min(out.len, size - 1)] = 0;
	return (int)out.len;
}

int quire_snprintf(char *buf, size_t size, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = quire_vsnprintf(buf, size, fmt, ap);
	va_end(ap);
	return n;
}

/* ---- the log --------------------------------------------------------------------------------- */
#define LINE_MAX 512

void vprintk(const char *fmt, va_list ap)
{
	char line[LINE_MAX];
	size_t n = (size_t)quire_vsnprintf(line, sizeof(line), fmt, ap);

	if (n >= sizeof(line)) {
		n = sizeof(line) - 1;
		line[n - 1] = '\n';
	}
	port_log(line, n);
}

void printk(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vprintk(fmt, ap);
	va_end(ap);
}

void quire_panic(const char *fmt, ...)
{
	char why[LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	quire_vsnprintf(why, sizeof(why), fmt, ap);
	va_end(ap);
	printk("panic: %s", why);
	port_panic(why);
}

/* ---- reports --------------------------------------------------------------------------------- */
void seq_write(struct seq_out *out, const char *text, size_t len)
{
	if (out->error || !len)
		return;
	out->count += len;
	out->error = out->emit(out, text, len);
}

void seq_puts(struct seq_out *out, const char *text)
{
	seq_write(out, text, qstrlen(text));
}

void seq_putc(struct seq_out *out, char c)
{
	seq_write(out, &c, 1);
}

void seq_vprintf(struct seq_out *out, const char *fmt, va_list ap)
{
	char piece[LINE_MAX];
	size_t n = (size_t)quire_vsnprintf(piece, sizeof(piece), fmt, ap);

	seq_write(out, piece, min(n, sizeof(piece) - 1));
}

void seq_printf(struct seq_out *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	seq_vprintf(out, fmt, ap);
	va_end(ap);
}

int seq_buf_emit(struct seq_out *out, const char *text, size_t len)
{
	struct seq_buf *to = out->arg;
	size_t room = to->size - to->len;

	memcpy(to->buf + to->len, text, min(len, room));
	to->len += min(len, room);
	return len > room ? -EOVERFLOW : 0;
}

int seq_log_emit(struct seq_out *out, const char *text, size_t len)
{
	(void)out;
	port_log(text, len);
	return 0;
}
