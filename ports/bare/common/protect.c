/* SPDX-License-Identifier: MIT */
/* protect.c - single pages of the linear map close and open, where a large one may be cut up under the code's feet. */
#include "board.h"
#include <quire/page.h>
#include <quire/set_memory.h>

bool port_protect_prepare(void *start, unsigned long pages)
{
	return !set_memory_4k((unsigned long)start, (int)pages);
}

void port_protect_page(void *page, bool closed)
{
	struct page *frame = virt_to_page(page);
	int error = closed ? set_direct_map_invalid_noflush(frame)
			   : set_direct_map_default_noflush(frame);

	if (error)
		port_panic("a page of the linear map cannot be closed or opened");
	bare_forget_page((unsigned long)page);
}
