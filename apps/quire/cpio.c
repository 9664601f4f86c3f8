/* SPDX-License-Identifier: MIT */
/*
 * cpio.c - writes an initramfs in the "newc" format.
 *
 *   entry = "070701", 13 numbers of 8 hex digits, the name with its NUL, padding to 4, the bytes,
 *   padding to 4
 *
 * The last entry is called TRAILER!!!.
 */
#include "quire.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

static void put(struct cpio *archive, const void *bytes, size_t size)
{
	if (fwrite(bytes, 1, size, archive->out) != size)
		die(EXIT_MACHINE, "cannot write %s: %s", archive->path, strerror(errno));
}

static void pad(struct cpio *archive, size_t written)
{
	put(archive, "\0\0\0", (4 - written % 4) % 4);
}

static void put_header(struct cpio *archive, const char *name, mode_t mode, unsigned links,
		       size_t size)
{
	char header[6 + 13 * 8 + 1];
	size_t name_size = strlen(name) + 1;

	/* inode, mode, uid, gid, links, mtime, size, device (2), rdev (2), name, checksum */
	snprintf(header, sizeof(header),
		 "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x",
		 archive->next_inode++, (unsigned)mode, 0u, 0u, links, 0u, (unsigned)size, 0u, 0u,
		 0u, 0u, (unsigned)name_size, 0u);
	put(archive, header, sizeof(header) - 1);
	put(archive, name, name_size);
	pad(archive, sizeof(header) - 1 + name_size);
}

void cpio_dir(struct cpio *archive, const char *name, mode_t mode)
{
	put_header(archive, name, S_IFDIR | mode, 2, 0);
}

void cpio_text(struct cpio *archive, const char *name, const char *text)
{
	put_header(archive, name, S_IFREG | 0644, 1, strlen(text));
	put(archive, text, strlen(text));
	pad(archive, strlen(text));
}

void cpio_file(struct cpio *archive, const char *name, mode_t mode, const char *from)
{
	static char buffer[65536];
	struct stat st;
	size_t n, left;
	FILE *in = fopen(from, "rb");

	if (!in || fstat(fileno(in), &st) != 0)
		die(EXIT_MACHINE, "cannot read %s: %s", from, strerror(errno));
	if (st.st_size > UINT32_MAX)
		die(EXIT_MACHINE, "%s is too large for an initramfs", from);
	put_header(archive, name, S_IFREG | mode, 1, (size_t)st.st_size);
	for (left = (size_t)st.st_size; left > 0; left -= n) {
		n = fread(buffer, 1, left < sizeof(buffer) ? left : sizeof(buffer), in);
		if (n == 0)
			die(EXIT_MACHINE, "%s became shorter while it was read", from);
		put(archive, buffer, n);
	}
	pad(archive, (size_t)st.st_size);
	fclose(in);
}

void cpio_end(struct cpio *archive)
{
	put_header(archive, "TRAILER!!!", 0, 1, 0);
	if (fclose(archive->out) != 0)
		die(EXIT_MACHINE, "cannot write %s: %s", archive->path, strerror(errno));
}
