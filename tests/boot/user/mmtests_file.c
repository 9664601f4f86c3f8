/* SPDX-License-Identifier: MIT */
/* mmtests_file.c - files in memory: MAP_SHARED, MAP_PRIVATE, truncation, msync, memfd. */
#include "cpu.h"
#include "mmtests.h"

#include <sys/stat.h>

#ifndef F_ADD_SEALS
#define F_ADD_SEALS   1033
#define F_GET_SEALS   1034
#define F_SEAL_SHRINK 2
#define F_SEAL_GROW   4
#define F_SEAL_WRITE  8
#endif

/* A file with a name, in a place where one may write. */
static const char *temp_path(void)
{
	static char path[64];

	snprintf(path, sizeof(path), "/tmp/mmtests.%d", (int)getpid());
	return path;
}

static void shared_write_reaches_the_file(void)
{
	int fd = file_of(3);
	char *p = map_at(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0), buf[4];

	memcpy(p + PAGE + 10, "abcd", 4);
	EQUAL(pread(fd, buf, 4, PAGE + 10), 4);
	CHECK(memcmp(buf, "abcd", 4) == 0);
}

static void write_reaches_the_mapping(void)
{
	int fd = file_of(3);
	char *p = map_at(NULL, 3 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	READS(p + PAGE);
	EQUAL(pwrite(fd, "wxyz", 4, PAGE + 5), 4);
	CHECK(memcmp(p + PAGE + 5, "wxyz", 4) == 0);
}

static void private_write_stays_private(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0), byte;

	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, PAGE, 2));
	memset(p, 99, PAGE);
	EQUAL(pread(fd, &byte, 1, 0), 1);
	EQUAL(byte, 1);
	EQUAL(pwrite(fd, "Q", 1, 0), 1);
	EQUAL(*p, 99);
}

static void two_mappings_agree(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	char *q = map_at(NULL, PAGE, RW, MAP_SHARED, fd, PAGE);

	p[PAGE + 7] = 'x';
	EQUAL(q[7], 'x');
	q[8] = 'y';
	EQUAL(p[PAGE + 8], 'y');
}

static void offset_picks_the_page(void)
{
	int fd = file_of(8);

	for (int i = 0; i < 8; i++)
		CHECK(filled_with(map_at(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, i * (off_t)PAGE),
				  PAGE, i + 1));
	FAILS(cpu_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, 100), EINVAL);
	FAILS(cpu_mmap(0, PAGE, PROT_READ, MAP_PRIVATE, fd, -PAGE), EOVERFLOW);
}

static void beyond_the_end_is_sigbus(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);
	char *q = map_at(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);

	WRITES(p + PAGE);
	FAULTS(try_read, p + 2 * PAGE, SIGBUS, BUS_ADRERR);
	FAULTS(try_write, p + 3 * PAGE + 5, SIGBUS, BUS_ADRERR);
	FAULTS(try_write, q + 2 * PAGE, SIGBUS, BUS_ADRERR);
}

static void tail_of_the_last_page_is_zero(void)
{
	int fd = file_of(2);
	char *p, byte;

	CHECK(ftruncate(fd, PAGE + 100) == 0);
	p = map_at(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(filled_with(p + PAGE, 100, 2));
	CHECK(filled_with(p + PAGE + 100, PAGE - 100, 0));
	p[PAGE + 200] = 1; /* beyond the end: not part of the file */
	CHECK(ftruncate(fd, PAGE + 100) == 0);
	EQUAL(pread(fd, &byte, 1, PAGE + 200), 0);
}

static void truncate_takes_pages_away(void)
{
	int fd = file_of(4);
	char *p = map_at(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);

	WRITES(p + 3 * PAGE);
	CHECK(ftruncate(fd, 2 * PAGE) == 0);
	FAULTS(try_read, p + 2 * PAGE, SIGBUS, BUS_ADRERR);
	READS(p + PAGE);
	CHECK(ftruncate(fd, 4 * PAGE) == 0);
	CHECK(filled_with(p + 2 * PAGE, 2 * PAGE, 0));
	CHECK(filled_with(p + PAGE, PAGE, 2));
}

static void truncate_takes_private_copies_away(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_PRIVATE, fd, 0);

	fill(p, 2, 50);
	CHECK(ftruncate(fd, PAGE) == 0);
	EQUAL(*p, 50);
	FAULTS(try_read, p + PAGE, SIGBUS, BUS_ADRERR);
}

static void mapping_survives_close_and_unlink(void)
{
	int fd = open(temp_path(), O_RDWR | O_CREAT | O_TRUNC, 0600);
	char *p;

	CHECK(fd >= 0);
	EQUAL(write(fd, "hello", 5), 5);
	p = map_at(NULL, PAGE, RW, MAP_SHARED, fd, 0);
	CHECK(unlink(temp_path()) == 0);
	CHECK(close(fd) == 0);
	CHECK(memcmp(p, "hello", 5) == 0);
	memcpy(p, "HELLO", 5);
	CHECK(memcmp(p, "HELLO", 5) == 0);
	FAILS(open(temp_path(), O_RDONLY), ENOENT);
}

static void open_modes_limit_mappings(void)
{
	int rw = open(temp_path(), O_RDWR | O_CREAT | O_TRUNC, 0600),
	    ro = open(temp_path(), O_RDONLY);
	int wo = open(temp_path(), O_WRONLY);
	char *p;

	CHECK(rw >= 0 && ro >= 0 && wo >= 0);
	CHECK(ftruncate(rw, PAGE) == 0);
	FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, ro, 0), EACCES);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_SHARED, wo, 0), EACCES);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, wo, 0), EACCES);
	WRITES(map_at(NULL, PAGE, RW, MAP_PRIVATE, ro, 0));
	p = map_at(NULL, PAGE, PROT_READ, MAP_SHARED, ro, 0);
	FAILS(mprotect(p, PAGE, RW), EACCES);
	READS(p);
	unlink(temp_path());
}

static void what_cannot_be_mapped(void)
{
	int dir = open("/tmp", O_RDONLY | O_DIRECTORY), null = open("/dev/null", O_RDWR), ends[2];

	CHECK(dir >= 0 && null >= 0 && pipe(ends) == 0);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, dir, 0), ENODEV);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, null, 0), ENODEV);
	FAILS(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, ends[0], 0), ENODEV);
}

static void dev_zero_is_anonymous(void)
{
	int fd = open("/dev/zero", O_RDWR);
	char *p;

	CHECK(fd >= 0);
	p = map_at(NULL, 4 * PAGE, RW, MAP_PRIVATE, fd, 0);
	CHECK(filled_with(p, 4 * PAGE, 0));
	WRITES(p);
	memset(p, 1, PAGE);
	EQUAL(read(fd, p, PAGE), PAGE);
	CHECK(filled_with(p, PAGE, 0));
}

static void sparse_file_reads_zero(void)
{
	int fd = memfd_create("sparse", 0);
	char *p;

	CHECK(fd >= 0 && ftruncate(fd, 1 << 30) == 0);
	p = map_at(NULL, 1 << 30, RW, MAP_SHARED, fd, 0);
	EQUAL(p[123 * PAGE], 0);
	p[(1 << 30) - 1] = 4;
	EQUAL(pread(fd, p, 1, (1 << 30) - 1), 1);
	EQUAL(*p, 4);
}

/* Beyond what 32 bits count, in bytes and, mapped, in what a word holds of them. */
static void far_into_a_file(void)
{
	const off_t at = ((off_t)5 << 30) + 8 * PAGE + 3, end = at + 3 * PAGE;
	int fd = memfd_create("far", 0);
	char text[4] = "", *p;
	struct stat st;

	CHECK(fd >= 0 && pwrite(fd, "far", 3, at) == 3);
	CHECK(fstat(fd, &st) == 0 && st.st_size == at + 3);
	EQUAL(pread(fd, text, 3, at - ((off_t)4 << 30)), 3);
	CHECK(memcmp(text, "\0\0\0", 3) == 0);
	CHECK(lseek(fd, -3, SEEK_END) == at && read(fd, text, 4) == 3 && strcmp(text, "far") == 0);
	EQUAL(lseek(fd, 0, SEEK_DATA) == at - 3, 1);
	p = map_at(NULL, 2 * PAGE, RW, MAP_SHARED, fd, at - 3);
	CHECK(memcmp(p + 3, "far", 3) == 0);
	CHECK(ftruncate(fd, end) == 0 && fallocate(fd, 0, end, PAGE) == 0);
	CHECK(fstat(fd, &st) == 0 && st.st_size == end + (off_t)PAGE);
	FAILS(pwrite(fd, "x", 1, INT64_MAX), EINVAL);
	CHECK(ftruncate(fd, 0) == 0 && fstat(fd, &st) == 0 && st.st_blocks == 0);
}

static void mapping_of_the_file_being_read(void)
{
	int fd = file_of(3);
	char *p = map_at(NULL, 3 * PAGE, RW, MAP_SHARED, fd, 0);

	EQUAL(pread(fd, p, PAGE, 2 * PAGE), PAGE); /* from page 2 into page 0 of the same file */
	CHECK(filled_with(p, PAGE, 3));
	EQUAL(pwrite(fd, p + PAGE, PAGE, 0), PAGE);
	CHECK(filled_with(p, PAGE, 2));
}

static void punch_hole(void)
{
	int fd = file_of(4);
	char *p = map_at(NULL, 4 * PAGE, RW, MAP_SHARED, fd, 0);

	READS(p + PAGE);
	CHECK(fallocate(fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, PAGE, 2 * PAGE) == 0);
	CHECK(filled_with(p, PAGE, 1) && filled_with(p + PAGE, 2 * PAGE, 0) &&
	      filled_with(p + 3 * PAGE, PAGE, 4));
}

static void fallocate_grows(void)
{
	int fd = memfd_create("grow", 0);
	struct stat st;

	CHECK(fd >= 0 && fallocate(fd, 0, 0, 5 * PAGE) == 0);
	CHECK(fstat(fd, &st) == 0);
	EQUAL(st.st_size, 5 * PAGE);
	CHECK(filled_with(map_at(NULL, 5 * PAGE, RW, MAP_SHARED, fd, 0), 5 * PAGE, 0));
	FAILS(fallocate(fd, 0, -1, PAGE), EINVAL);
	FAILS(fallocate(fd, 0, 0, 0), EINVAL);
}

static void append_after_mapping(void)
{
	int fd = file_of(1);
	char *p = map_at(NULL, 2 * PAGE, PROT_READ, MAP_SHARED, fd, 0);

	FAULTS(try_read, p + PAGE, SIGBUS, BUS_ADRERR);
	EQUAL(pwrite(fd, "new", 3, PAGE), 3);
	CHECK(memcmp(p + PAGE, "new", 3) == 0);
	CHECK(filled_with(p + PAGE + 3, PAGE - 3, 0));
}

static void msync_errors(void)
{
	int fd = file_of(2);
	char *p = map_at(NULL, 2 * PAGE, RW, MAP_SHARED, fd, 0);

	WRITES(p);
	EQUAL(msync(p, 2 * PAGE, MS_SYNC), 0);
	EQUAL(msync(p, 2 * PAGE, MS_ASYNC), 0);
	EQUAL(msync(p, 2 * PAGE, MS_INVALIDATE), 0);
	EQUAL(msync(p, 0, MS_SYNC), 0);
	FAILS(msync(p + 1, PAGE, MS_SYNC), EINVAL);
	FAILS(msync(p, PAGE, MS_SYNC | MS_ASYNC), EINVAL);
	FAILS(msync(p, PAGE, 0x100), EINVAL);
	CHECK(munmap(p + PAGE, PAGE) == 0);
	FAILS(msync(p, 2 * PAGE, MS_SYNC), ENOMEM);
	FAILS(msync(map_free(1), PAGE, MS_SYNC), ENOMEM);
}

static void memfd_seals(void)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);

	CHECK(fd >= 0 && ftruncate(fd, 2 * PAGE) == 0);
	EQUAL(fcntl(fd, F_GETFD), FD_CLOEXEC);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0);
	FAILS(ftruncate(fd, PAGE), EPERM);
	FAILS(ftruncate(fd, 3 * PAGE), EPERM);
	CHECK(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE) == 0);
	FAILS(write(fd, "x", 1), EPERM);
	FAILS(mmap(NULL, PAGE, RW, MAP_SHARED, fd, 0), EPERM);
	READS(map_at(NULL, PAGE, PROT_READ, MAP_SHARED, fd, 0));
	EQUAL(fcntl(fd, F_GET_SEALS), F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE);
}

static void memfd_errors(void)
{
	FAILS(memfd_create("x", 0x8000), EINVAL);
	FAILS(syscall(SYS_memfd_create, (char *)8, 0), EFAULT);
	FAILS(ftruncate(memfd_create("x", 0), -1), EINVAL);
}

static void large_file_through_windows(void)
{
	int fd = file_of(200);

	for (int i = 0; i < 2000; i++) {
		int page = i * 73 % 200;
		char *p = map_at(NULL, PAGE, PROT_READ, MAP_SHARED, fd, page * (off_t)PAGE);

		EQUAL((unsigned char)p[i % PAGE], (unsigned char)(page + 1));
		CHECK(munmap(p, PAGE) == 0);
	}
}

const struct mmtest tests_file[] = {
	{ "shared_write_reaches_the_file", shared_write_reaches_the_file },
	{ "write_reaches_the_mapping", write_reaches_the_mapping },
	{ "private_write_stays_private", private_write_stays_private },
	{ "two_mappings_agree", two_mappings_agree },
	{ "offset_picks_the_page", offset_picks_the_page },
	{ "beyond_the_end_is_sigbus", beyond_the_end_is_sigbus },
	{ "tail_of_the_last_page_is_zero", tail_of_the_last_page_is_zero },
	{ "truncate_takes_pages_away", truncate_takes_pages_away },
	{ "truncate_takes_private_copies_away", truncate_takes_private_copies_away },
	{ "mapping_survives_close_and_unlink", mapping_survives_close_and_unlink },
	{ "open_modes_limit_mappings", open_modes_limit_mappings },
	{ "what_cannot_be_mapped", what_cannot_be_mapped },
	{ "dev_zero_is_anonymous", dev_zero_is_anonymous },
	{ "sparse_file_reads_zero", sparse_file_reads_zero },
	{ "far_into_a_file", far_into_a_file },
	{ "mapping_of_the_file_being_read", mapping_of_the_file_being_read },
	{ "punch_hole", punch_hole },
	{ "fallocate_grows", fallocate_grows },
	{ "append_after_mapping", append_after_mapping },
	{ "msync_errors", msync_errors },
	{ "memfd_seals", memfd_seals },
	{ "memfd_errors", memfd_errors },
	{ "large_file_through_windows", large_file_through_windows },
	{ NULL, NULL },
};
