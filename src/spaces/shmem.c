/* SPDX-License-Identifier: MIT */
/*
 * spaces/shmem.c - memory that behaves as a file and has no name: MAP_SHARED|MAP_ANONYMOUS, memfd,
 * System V.
 *
 *   struct shmem { file, address_space }: pages appear when they are touched, and go with the last
 *   reference
 */
#include <quire/printk.h>
#include "internal.h"

struct shmem {
	struct file file;
	struct address_space mapping;
	unsigned long ino;
	char name[64]; /* what maps shows                                  */
};

static struct shmem *shmem_of(struct file *file)
{
	return container_of(file, struct shmem, file);
}

static void shmem_release(struct file *file)
{
	struct shmem *s = shmem_of(file);

	truncate_inode_pages_final(&s->mapping);
	kmem_cache_free(spaces.shmem_cache, s);
}

static void shmem_identify(struct file *file, struct file_identity *id)
{
	id->dev_major = 0;
	id->dev_minor = 1;
	id->ino = shmem_of(file)->ino;
}

static size_t shmem_path(struct file *file, char *buf, size_t size)
{
	int n = quire_snprintf(buf, size, "%s", shmem_of(file)->name);

	return (size_t)n < size ? (size_t)n : size - 1;
}

static const struct file_mm_operations shmem_file_ops = {
	.release = shmem_release,
	.identify = shmem_identify,
	.path = shmem_path,
};

size_t shmem_object_size(void)
{
	return sizeof(struct shmem);
}

struct file *shmem_file_setup(const char *name, quire_loff_t size)
{
	struct shmem *s = kmem_cache_zalloc(spaces.shmem_cache, GFP_KERNEL);

	if (!s)
		return ERR_PTR(-ENOMEM);
	atomic_set(&s->file.f_count, 1);
	s->file.f_mode = FMODE_READ | FMODE_WRITE;
	s->file.f_mapping = &s->mapping;
	s->file.f_op = &shmem_file_ops;
	address_space_init(&s->mapping, NULL, s);
	s->mapping.flags = AS_SHMEM;
	s->mapping.i_size = size;
	s->ino = (unsigned long)atomic_long_inc_return(&spaces.shmem_serial);
	quire_snprintf(s->name, sizeof(s->name), "%s", name);
	return &s->file;
}
