/* SPDX-License-Identifier: MIT */
/* The headers of include/quire/linux: all of them together, used as a driver would. */
#define pr_fmt(fmt) "driver: " fmt
#include "support/layers.h"
#include <quire/linux/align.h>
#include <quire/linux/atomic.h>
#include <quire/linux/bitmap.h>
#include <quire/linux/bitops.h>
#include <quire/linux/bits.h>
#include <quire/linux/bug.h>
#include <quire/linux/build_bug.h>
#include <quire/linux/cache.h>
#include <quire/linux/cma.h>
#include <quire/linux/compaction.h>
#include <quire/linux/compiler.h>
#include <quire/linux/const.h>
#include <quire/linux/container_of.h>
#include <quire/linux/err.h>
#include <quire/linux/errno.h>
#include <quire/linux/export.h>
#include <quire/linux/fault-inject.h>
#include <quire/linux/gfp.h>
#include <quire/linux/gfp_types.h>
#include <quire/linux/highmem.h>
#include <quire/linux/init.h>
#include <quire/linux/io.h>
#include <quire/linux/kernel.h>
#include <quire/linux/kfence.h>
#include <quire/linux/kmemleak.h>
#include <quire/linux/limits.h>
#include <quire/linux/list.h>
#include <quire/linux/log2.h>
#include <quire/linux/math.h>
#include <quire/linux/memblock.h>
#include <quire/linux/memory_hotplug.h>
#include <quire/linux/minmax.h>
#include <quire/linux/mempool.h>
#include <quire/linux/migrate.h>
#include <quire/linux/mm.h>
#include <quire/linux/mm_types.h>
#include <quire/linux/mmzone.h>
#include <quire/linux/module.h>
#include <quire/linux/mutex.h>
#include <quire/linux/nodemask.h>
#include <quire/linux/numa.h>
#include <quire/linux/oom.h>
#include <quire/linux/overflow.h>
#include <quire/linux/page-flags.h>
#include <quire/linux/page_owner.h>
#include <quire/linux/pagemap.h>
#include <quire/linux/percpu.h>
#include <quire/linux/pfn.h>
#include <quire/linux/printk.h>
#include <quire/linux/rbtree.h>
#include <quire/linux/rwsem.h>
#include <quire/linux/set_memory.h>
#include <quire/linux/shrinker.h>
#include <quire/linux/sizes.h>
#include <quire/linux/slab.h>
#include <quire/linux/smp.h>
#include <quire/linux/spinlock.h>
#include <quire/linux/stddef.h>
#include <quire/linux/string.h>
#include <quire/linux/types.h>
#include <quire/linux/uaccess.h>
#include <quire/linux/vmalloc.h>
#include <quire/linux/vmstat.h>
#include <quire/linux/wait.h>

static DEFINE_SPINLOCK(lock);
static DEFINE_SPINLOCK(ranked, LOCK_RANK_KERNEL);
static DEFINE_MUTEX(mutex);
static DECLARE_WAIT_QUEUE_HEAD(queue);
static DEFINE_PER_CPU(int, hits);

struct device {
	spinlock_t lock;
	struct list_head link;
	struct rb_node rb;
	wait_queue_head_t queue;
	u32 regs[4];
	int done;
};

static struct device *new_device(void)
{
	struct device *dev = kzalloc(sizeof(*dev), GFP_KERNEL);

	if (!dev)
		return ERR_PTR(-ENOMEM);
	spin_lock_init(&dev->lock);
	INIT_LIST_HEAD(&dev->link);
	init_waitqueue_head(&dev->queue);
	dev->done = 1;
	return dev;
}

static void locks_and_queues(struct device *dev)
{
	unsigned long flags;

	spin_lock_irqsave(&ranked, flags);
	assert_true(irqs_disabled());
	this_cpu_inc(hits);
	spin_unlock_irqrestore(&ranked, flags);
	spin_lock(&lock);
	lockdep_assert_held(&lock);
	spin_unlock(&lock);
	spin_lock_irq(&dev->lock);
	spin_unlock_irq(&dev->lock);
	assert_int_equal(mutex_lock_interruptible(&mutex), 0);
	mutex_unlock(&mutex);
	wait_event(dev->queue, dev->done);
	wait_event(queue, dev->done);
	assert_int_equal(wait_event_interruptible(queue, dev->done), 0);
	assert_int_equal(__this_cpu_read(hits), 1);
}

static void pages_and_registers(struct device *dev)
{
	struct page *page = alloc_page(GFP_KERNEL | __GFP_ZERO), *copy = alloc_page(GFP_KERNEL);
	char *p = kmap_local_page(page), text[4];

	p[1] = 7;
	copy_highpage(copy, page);
	memcpy_from_page(text, copy, 0, sizeof(text));
	assert_int_equal(text[1], 7);
	assert_ptr_equal(pfn_to_kaddr(virt_to_pfn(p)), p);
	assert_false(PageReserved(virt_to_page(p)));
	kunmap_local(p);
	__free_page(page);
	__free_page(copy);
	writel(0x11223344, &dev->regs[1]);
	assert_int_equal(readl(&dev->regs[1]), 0x11223344);
	memset_io(dev->regs, 0xff, 4);
	assert_int_equal(readl(dev->regs), 0xffffffffu);
}

static void a_driver(void **state)
{
	struct device *dev;

	(void)state;
	start_heap(16, 1);
	dev = new_device();
	assert_int_equal(PTR_ERR_OR_ZERO(dev), 0);
	locks_and_queues(dev);
	pages_and_registers(dev);
	kfree(dev);
	assert_int_equal(stop_heap(), 0);
}

static void small_things(void **state)
{
	DECLARE_BITMAP(map, 70);
	char name[4];
	int a = 1, b = 2;
	atomic_t v = ATOMIC_INIT(3);

	(void)state;
	BUILD_BUG_ON(SZ_1G != 0x40000000);
	swap(a, b);
	assert_int_equal(a - b, 1);
	assert_int_equal(clamp_t(int, 9, 1, 3), 3);
	assert_int_equal(ALIGN(5, 8) + round_down(15, 8) + roundup(10, 3), 8 + 8 + 12);
	assert_int_equal(GENMASK(7, 4), 0xf0);
	assert_int_equal(order_base_2(5), 3);
	assert_int_equal(min3(3, 1, 2) + max3(3, 1, 2), 4);
	assert_int_equal(strscpy(name, "abcdef"), -E2BIG);
	assert_string_equal(name, "abc");
	assert_int_equal(strscpy(name, "ab", sizeof(name)), 2);
	assert_int_equal(scnprintf(name, sizeof(name), "%d", 12345), 3);
	bitmap_zero(map, 70);
	assert_true(bitmap_empty(map, 70));
	bitmap_fill(map, 70);
	assert_true(bitmap_full(map, 70));
	assert_int_equal(atomic_cmpxchg(&v, 3, 5), 3);
	assert_int_equal(atomic_xchg(&v, 6), 5);
	assert_int_equal(upper_32_bits(0x500000000ULL), 5);
	assert_true(PTR_ERR(ERR_PTR(-EINPROGRESS)) == -115);
	posix_log_take();
	assert_false(WARN_ON(a == 1));
	assert_true(WARN_ON(a == 2));
	assert_non_null(strstr(posix_log_take(), "WARNING: "));
	pr_info("%s\n", name);
	assert_string_equal(posix_log_take(), "driver: 123\n");
}

static int __init driver_init(void)
{
	return 0;
}
module_init(driver_init);
EXPORT_SYMBOL_GPL(driver_init);
MODULE_LICENSE("MIT");

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_driver),
		cmocka_unit_test(small_things),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
