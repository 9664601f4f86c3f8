/* SPDX-License-Identifier: MIT */
/*
 * linux/highmem.h for code written against Linux: frames that may need a mapping; here the
 * linear map has them all.
 */
#ifndef QUIRE_LINUX_HIGHMEM_H
#define QUIRE_LINUX_HIGHMEM_H

#include <quire/bytes.h>
#include <quire/linux/mm.h>

static inline void *kmap(struct page *page)
{
	return page_address(page);
}

static inline void kunmap(struct page *page)
{
	(void)page;
}

static inline void *kmap_local_page(struct page *page)
{
	return page_address(page);
}

static inline void kunmap_local(const void *addr)
{
	(void)addr;
}
#define kmap_atomic(page)   kmap_local_page(page)
#define kunmap_atomic(addr) kunmap_local(addr)

static inline void clear_highpage(struct page *page)
{
	port_clear_page(page_address(page));
}
#define clear_user_highpage(page, vaddr) clear_highpage(page)

static inline void copy_highpage(struct page *to, struct page *from)
{
	port_copy_page(page_address(to), page_address(from));
}

static inline void memcpy_from_page(char *to, struct page *page, size_t offset, size_t len)
{
	memcpy(to, (char *)page_address(page) + offset, len);
}

static inline void memcpy_to_page(struct page *page, size_t offset, const char *from, size_t len)
{
	memcpy((char *)page_address(page) + offset, from, len);
}

static inline void memzero_page(struct page *page, size_t offset, size_t len)
{
	memset((char *)page_address(page) + offset, 0, len);
}

#endif
