/* SPDX-License-Identifier: MIT */
/* buserror.c - reads a mapping beyond the end of its file: dies of SIGBUS. */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

int main(void)
{
	int fd = open("/tmp/buserror.file", O_RDWR | O_CREAT | O_TRUNC, 0600);
	volatile char *p = mmap(0, 4096, PROT_READ, MAP_SHARED, fd, 0);

	unlink("/tmp/buserror.file");
	return p == MAP_FAILED ? 1 : *p;
}
