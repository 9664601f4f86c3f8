/* SPDX-License-Identifier: MIT */
/* spaces/init.c - the folder's state: caches and the zero page. */
#include "internal.h"

struct spaces_state spaces;

int spaces_init(void)
{
	unsigned i;

	memset(&spaces, 0, sizeof(spaces));
	filemap_init();
	for (i = 0; i < ARRAY_SIZE(spaces.anon_lookup); i++)
		spin_lock_init(&spaces.anon_lookup[i], "anon_lookup", LOCK_RANK_ANON_LOOKUP);
	spin_lock_init(&spaces.mmlist_lock, "mmlist", LOCK_RANK_PAGE_TABLE);
	INIT_LIST_HEAD(&spaces.mmlist);
	/* As Linux: they count as a user's, and share no slabs with what does not. */
	spaces.mm_cache = kmem_cache_create("mm_struct", sizeof(struct mm_struct), 0,
					    SLAB_HWCACHE_ALIGN | SLAB_ACCOUNT, NULL);
	spaces.vma_cache = kmem_cache_create("vm_area_struct", sizeof(struct vm_area_struct), 0,
					     SLAB_ACCOUNT, NULL);
	spaces.anon_vma_cache =
		kmem_cache_create("anon_vma", sizeof(struct anon_vma), 0, SLAB_ACCOUNT, NULL);
	spaces.node_cache = kmem_cache_create("radix_tree_node", page_tree_node_size(), 0,
					      SLAB_RECLAIM_ACCOUNT, NULL);
	spaces.shmem_cache = kmem_cache_create("shmem_inode_cache", shmem_object_size(), 0,
					       SLAB_RECLAIM_ACCOUNT, NULL);
	spaces.zero_page = alloc_page(GFP_KERNEL | __GFP_ZERO);
	if (!spaces.mm_cache || !spaces.vma_cache || !spaces.anon_vma_cache || !spaces.node_cache ||
	    !spaces.shmem_cache || !spaces.zero_page) {
		spaces_exit();
		return -ENOMEM;
	}
	migrate_init();
	memory_failure_init();
	spaces.zero_entry = pte_make(page_to_pfn(spaces.zero_page), PTE_SPECIAL);
	return 0;
}

static void destroy(struct kmem_cache *cache)
{
	if (cache)
		kmem_cache_destroy(cache);
}

void spaces_exit(void)
{
	memory_failure_exit();
	migrate_exit();
	destroy(spaces.mm_cache);
	destroy(spaces.vma_cache);
	destroy(spaces.anon_vma_cache);
	destroy(spaces.node_cache);
	destroy(spaces.shmem_cache);
	if (spaces.zero_page)
		__free_page(spaces.zero_page);
	memset(&spaces, 0, sizeof(spaces));
}
