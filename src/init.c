/* SPDX-License-Identifier: MIT */
/*
 * init.c - every layer, in the order in which memory flows.
 *
 *   boot ─> maps (early) ─> frames ─> boot hands over ─> per-CPU data ─> heap ─> maps ─> spaces
 */
#include <quire/boot.h>
#include <quire/compaction.h>
#include <quire/err.h>
#include <quire/init.h>
#include <quire/kfence.h>
#include <quire/mm.h>
#include <quire/mmzone.h>
#include <quire/percpu.h>
#include <quire/quire.h>
#include <quire/show_mem.h>
#include <quire/slab.h>
#include <quire/stop.h>

int __init quire_start(unsigned nr_cpus, const struct maps_image *image, void (*after_tables)(void))
{
	if (PORT_KERNEL_TABLES)
		maps_early_init(image);
	if (after_tables)
		after_tables();
	frames_init();
	show_mem_init();
	memblock_free_all();
	if (percpu_init(nr_cpus) != 0)
		goto no_percpu;
	if (heap_init() != 0)
		goto no_heap;
	if (maps_init() != 0)
		goto no_maps;
	kfence_init();
	if (spaces_init() != 0)
		goto no_spaces;
	compaction_init();
	return 0;
no_spaces:
	maps_exit();
no_maps:
	heap_exit();
no_heap:
	percpu_exit();
no_percpu:
	frames_exit();
	return -ENOMEM;
}

void quire_stop(void)
{
	spaces_exit();
	maps_exit();
	heap_exit();
	percpu_exit();
	frames_exit();
}
