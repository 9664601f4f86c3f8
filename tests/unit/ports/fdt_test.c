/* SPDX-License-Identifier: MIT */
/* Flattened device trees: what is taken from good ones, and each way to be bad. */
#include "support/layers.h"
#include "support/fdt_maker.h"
#include "fdt.h"

static struct fdt_maker f;
static struct fdt_machine machine;

static const char *read_tree(void)
{
	/* Memory of exactly that size, so that a sanitizer sees a byte too many. */
	uint8_t *copy = malloc(f.size);
	const char *why;

	memcpy(copy, f.blob, f.size);
	why = fdt_read(copy, f.size, &machine);
	machine.bootargs =
		machine.bootargs ? (const char *)f.blob + (machine.bootargs - (char *)copy) : NULL;
	free(copy);
	return why;
}

static void device(const char *name, const char *compatible, unsigned base, unsigned size,
		   unsigned base2, unsigned size2)
{
	fdt_node(&f, name);
	fdt_string(&f, "compatible", compatible);
	if (size2)
		fdt_cells(&f, "reg", 8, 0, base, 0, size, 0, base2, 0, size2);
	else
		fdt_cells(&f, "reg", 4, 0, base, 0, size);
}

static void chosen(void)
{
	fdt_node(&f, "chosen");
	fdt_string(&f, "stdout-path", "/pl011@9040000:115200");
	fdt_string(&f, "bootargs", "quiet -- a b");
	fdt_cells(&f, "linux,initrd-start", 1, 0x48000000);
	fdt_cells(&f, "linux,initrd-end", 2, 0, 0x48100000);
	fdt_end(&f);
}

static void reserved_memory(void)
{
	fdt_node(&f, "reserved-memory");
	fdt_cells(&f, "#address-cells", 1, 1);
	fdt_cells(&f, "#size-cells", 1, 1);
	fdt_node(&f, "secure@44000000");
	fdt_cells(&f, "reg", 4, 0x44000000, 0x100000, 0x45000000, 0x1000);
	fdt_value(&f, "no-map", "", 0);
	fdt_end(&f);
	fdt_node(&f, "unused@46000000");
	fdt_string(&f, "status", "disabled");
	fdt_cells(&f, "reg", 2, 0x46000000, 0x100000);
	fdt_end(&f);
	fdt_end(&f);
}

static void memory(unsigned high, unsigned base, unsigned size)
{
	fdt_node(&f, "memory@40000000");
	fdt_string(&f, "device_type", "memory");
	fdt_cells(&f, "reg", 4, high, base, 0, size);
	fdt_end(&f);
}

static void start_tree(void)
{
	fdt_begin(&f);
	fdt_node(&f, "");
	fdt_cells(&f, "#address-cells", 1, 2);
	fdt_cells(&f, "#size-cells", 1, 2);
}

static void finish_tree(void)
{
	fdt_end(&f);
	fdt_finish(&f);
}

static void good_tree(void **state)
{
	(void)state;
	start_tree();
	chosen();
	reserved_memory();
	device("intc@8000000", "arm,cortex-a15-gic", 0x8000000, 0x10000, 0x8010000, 0x20000);
	fdt_end(&f);
	device("pl011@9000000", "arm,pl011", 0x9000000, 0x1000, 0, 0);
	fdt_end(&f);
	device("pl011@9040000", "arm,pl011", 0x9040000, 0x1000, 0, 0);
	fdt_end(&f);
	device("pl031@9010000", "arm,pl031", 0x9010000, 0x1000, 0, 0);
	fdt_end(&f);
	fdt_node(&f, "timer");
	fdt_string(&f, "compatible", "arm,armv8-timer");
	fdt_cells(&f, "interrupts", 12, 1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4);
	fdt_end(&f);
	fdt_node(&f, "psci");
	fdt_value(&f, "compatible", "arm,psci-1.0\0arm,psci-0.2", 26);
	fdt_string(&f, "method", "smc");
	fdt_end(&f);
	memory(0, 0x40000000, 0x10000000);
	memory(1, 0, 0x20000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.size, f.size);
	assert_int_equal(machine.nr_mem, 2);
	assert_int_equal(machine.mem[0].base, 0x40000000);
	assert_int_equal(machine.mem[0].size, 0x10000000);
	assert_true(machine.mem[1].base == 1ULL << 32);
	assert_string_equal(machine.bootargs, "quiet -- a b");
	assert_int_equal(machine.initrd_start, 0x48000000);
	assert_int_equal(machine.initrd_end, 0x48100000);
	assert_int_equal(machine.nr_reserved, 3);
	assert_int_equal(machine.reserved[0].base, 0xfffff000);
	assert_false(machine.no_map[0]);
	assert_int_equal(machine.reserved[1].base, 0x44000000);
	assert_int_equal(machine.reserved[2].size, 0x1000);
	assert_true(machine.no_map[1] && machine.no_map[2]);
	assert_int_equal(machine.uart.base, 0x9040000);
	assert_int_equal(machine.rtc.base, 0x9010000);
	assert_int_equal(machine.gic_version, 2);
	assert_int_equal(machine.gic_cpu.base, 0x8010000);
	assert_int_equal(machine.timer_irq, 27);
	assert_true(machine.psci && machine.psci_by_smc);
}

/* A bus of one cell each, whose children's [from, from + 0x1000) are the parent's at `to`. */
static void bus(const char *name, unsigned parent_cells, unsigned from, unsigned to)
{
	fdt_node(&f, name);
	fdt_string(&f, "compatible", "simple-bus");
	fdt_cells(&f, "#address-cells", 1, 1);
	fdt_cells(&f, "#size-cells", 1, 1);
	if (parent_cells == 2)
		fdt_cells(&f, "ranges", 4, from, 0, to, 0x1000);
	else
		fdt_cells(&f, "ranges", 3, from, to, 0x1000);
}

static void uart_on_bus(const char *name, unsigned base, unsigned size)
{
	fdt_node(&f, name);
	fdt_string(&f, "compatible", "arm,pl011");
	fdt_cells(&f, "reg", 2, base, size);
	fdt_end(&f);
}

static void buses_translate(void **state)
{
	(void)state;
	start_tree();
	bus("motherboard", 2, 0x70000000, 0x10000000);
	bus("iofpga", 1, 0, 0x70000000);
	uart_on_bus("uart@9f000", 0x9f000, 0x1000); /* outside of iofpga's range     */
	uart_on_bus("uart@900", 0x900, 0x1000);     /* its end wraps nowhere         */
	fdt_end(&f);
	fdt_end(&f);
	fdt_node(&f, "dark");
	fdt_cells(&f, "#address-cells", 1, 1);
	fdt_cells(&f, "#size-cells", 1, 1);
	fdt_node(&f, "rtc@1");
	fdt_string(&f, "compatible", "arm,pl031");
	fdt_cells(&f, "reg", 2, 1, 0x1000);
	fdt_end(&f);
	fdt_end(&f);
	memory(0, 0x40000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.uart.base, 0x10000900);
	assert_int_equal(machine.rtc.size, 0); /* a bus without ranges leads nowhere */
}

static void risc_v(void **state)
{
	(void)state;
	start_tree();
	fdt_node(&f, "cpus");
	fdt_cells(&f, "#address-cells", 1, 1);
	fdt_cells(&f, "#size-cells", 1, 0);
	fdt_cells(&f, "timebase-frequency", 1, 10000000);
	for (int i = 0; i < 2; i++) {
		fdt_node(&f, i ? "cpu@1" : "cpu@0");
		fdt_string(&f, "device_type", "cpu");
		fdt_string(&f, "riscv,isa", i ? "rv64imac" : "rv64imafdc_zicsr");
		fdt_end(&f);
	}
	fdt_end(&f);
	fdt_node(&f, "soc");
	fdt_cells(&f, "#address-cells", 1, 2);
	fdt_cells(&f, "#size-cells", 1, 2);
	fdt_value(&f, "ranges", "", 0);
	device("serial@10000000", "ns16550a", 0x10000000, 0x100, 0, 0);
	fdt_cells(&f, "reg-shift", 1, 2);
	fdt_end(&f);
	device("rtc@101000", "google,goldfish-rtc", 0x101000, 0x1000, 0, 0);
	fdt_end(&f);
	device("test@100000", "sifive,test1", 0x100000, 0x1000, 0, 0);
	fdt_end(&f);
	fdt_end(&f);
	memory(0, 0x80000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.nr_cpus, 2);
	assert_int_equal(machine.timebase, 10000000);
	assert_string_equal(machine.isa, "rv64imafdc_zicsr");
	assert_int_equal(machine.uart.base, 0x10000000);
	assert_int_equal(machine.uart_shift, 2);
	assert_int_equal(machine.rtc.base, 0x101000);
	assert_int_equal(machine.finisher.base, 0x100000);
}

/* The motherboard of a Versatile Express: chip select and offset, through two buses. */
static void chip_selects_and_a_global_timer(void **state)
{
	(void)state;
	start_tree();
	fdt_node(&f, "timer@1e000200");
	fdt_string(&f, "compatible", "arm,cortex-a9-global-timer");
	fdt_cells(&f, "reg", 4, 0, 0x1e000200, 0, 0x20);
	fdt_cells(&f, "interrupts", 3, 1, 11, 0x101);
	fdt_cells(&f, "clock-frequency", 1, 100000000);
	fdt_end(&f);
	device("gic@1e001000", "arm,cortex-a9-gic", 0x1e001000, 0x1000, 0x1e000100, 0x100);
	fdt_end(&f);
	fdt_node(&f, "motherboard-bus");
	fdt_cells(&f, "#address-cells", 1, 2);
	fdt_cells(&f, "#size-cells", 1, 1);
	fdt_cells(&f, "ranges", 10, 0, 0, 0, 0x40000000, 0x4000000, 7, 0, 0, 0x10000000, 0x20000);
	fdt_node(&f, "iofpga-bus");
	fdt_cells(&f, "#address-cells", 1, 1);
	fdt_cells(&f, "#size-cells", 1, 1);
	fdt_cells(&f, "ranges", 4, 0, 7, 0, 0x20000);
	uart_on_bus("uart@9000", 0x9000, 0x1000);
	fdt_end(&f);
	fdt_end(&f);
	memory(0, 0x60000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.uart.base, 0x10009000);
	assert_int_equal(machine.gic_version, 2);
	assert_int_equal(machine.gic_cpu.base, 0x1e000100);
	assert_int_equal(machine.global_timer.base, 0x1e000200);
	assert_int_equal(machine.global_timer_irq, 27);
	assert_int_equal(machine.global_timer_hz, 100000000);
}

static void what_is_on_a_bus_that_is_off_is_off(void **state)
{
	(void)state;
	start_tree();
	bus("off", 2, 0, 0x10000000);
	fdt_string(&f, "status", "disabled");
	bus("below", 1, 0, 0);
	uart_on_bus("uart@0", 0, 0x1000);
	fdt_end(&f);
	fdt_end(&f);
	bus("on", 2, 0, 0x20000000);
	uart_on_bus("uart@0", 0, 0x1000);
	fdt_end(&f);
	memory(0, 0x60000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.uart.base, 0x20000000);
}

static void of_two_controllers_the_first_counts(void **state)
{
	(void)state;
	start_tree();
	device("intc@8000000", "arm,gic-v3", 0x8000000, 0x10000, 0x80a0000, 0xf60000);
	fdt_end(&f);
	device("intc@9000000", "arm,gic-400", 0x9000000, 0x1000, 0x9001000, 0x1000);
	fdt_end(&f);
	device("pl011@1", "arm,pl011", 0x1000, 0x1000, 0, 0);
	fdt_string(&f, "status", "disabled");
	fdt_end(&f);
	memory(0, 0x40000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	assert_int_equal(machine.gic_version, 3);
	assert_int_equal(machine.gic_redist.size, 0xf60000);
	assert_int_equal(machine.gic_cpu.size, 0);
	assert_int_equal(machine.uart.size, 0);
}

/* A small good tree with one word of it changed. */
static void refused(uint32_t at, uint32_t value, const char *words)
{
	const char *why;

	start_tree();
	memory(0, 0x40000000, 0x10000000);
	finish_tree();
	assert_null(read_tree());
	fdt_put32(f.blob + at, value);
	why = read_tree();
	assert_non_null(why);
	assert_non_null(strstr(why, words));
	assert_int_equal(machine.nr_mem, 0);
	assert_int_equal(machine.nr_reserved, 0);
}

static void damaged_header(void **state)
{
	(void)state;
	refused(0, 0xd00dfeee, "does not begin like one");
	refused(4, 39, "size is impossible");
	refused(4, 0x100000, "size is impossible");
	refused(8, 0xfffffffc, "structure is outside");
	refused(8, FDT_TOKENS_AT + 2, "structure is outside");
	refused(36, 0xffffffff, "structure is outside");
	refused(12, 0xffffff00, "strings are outside");
	refused(32, 0x7fffffff, "strings are outside");
	refused(16, 0xfffffff8, "reserved ranges has no end");
	refused(20, 16, "version");
	refused(24, 18, "version");
	refused(40, 0xffffffff, "reserved wraps around");
	assert_non_null(strstr(fdt_read(f.blob, 12, &machine), "does not begin like one"));
}

static void damaged_structure(void **state)
{
	uint32_t first = FDT_TOKENS_AT + 8; /* the root's first property */

	(void)state;
	refused(FDT_TOKENS_AT, 3, "outside of all nodes");
	refused(FDT_TOKENS_AT, 2, "has not begun");
	refused(FDT_TOKENS_AT, 9, "nothing of memory");
	refused(first, 7, "means nothing");
	refused(first, 9, "inside a node");
	refused(first + 4, 0xffffffff, "longer than the tree");
	refused(first + 8, 0xffff, "name is outside");
	refused(36, 8, "has no end");
	refused(36, 24, "has no end");
	refused(36, 16, "property ends too early");
}

static void memory_that_cannot_be(void **state)
{
	(void)state;
	start_tree();
	fdt_node(&f, "memory");
	fdt_string(&f, "device_type", "memory");
	fdt_cells(&f, "reg", 4, 0xffffffff, 0xfffff000, 0, 0x2000);
	fdt_end(&f);
	finish_tree();
	assert_string_equal(read_tree(), "a range of memory wraps around");
	start_tree();
	memory(0, 0x40000000, 0);
	finish_tree();
	assert_string_equal(read_tree(), "it says nothing of memory");
	start_tree();
	for (unsigned i = 0; i <= FDT_MAX_MEM; i++)
		memory(0, i << 20, 1 << 20);
	finish_tree();
	assert_string_equal(read_tree(), "it has too many ranges of memory");
}

static void too_deep(void **state)
{
	(void)state;
	start_tree();
	for (unsigned i = 0; i < 40; i++)
		fdt_node(&f, "n");
	for (unsigned i = 0; i < 40; i++)
		fdt_end(&f);
	finish_tree();
	assert_string_equal(read_tree(), "its nodes are nested too deeply");
}

/* Every prefix of a tree, and the tree with every byte of it turned around. */
static void pieces_and_wrong_bytes(void **state)
{
	uint32_t whole;

	(void)state;
	start_tree();
	chosen();
	reserved_memory();
	memory(0, 0x40000000, 0x10000000);
	finish_tree();
	whole = f.size;
	for (f.size = 0; f.size < whole; f.size++)
		assert_non_null(read_tree());
	assert_null(read_tree());
	for (uint32_t i = 0; i < whole; i++) {
		f.blob[i] ^= 0xff;
		if (!read_tree())
			assert_true(machine.nr_mem > 0);
		else
			assert_int_equal(machine.nr_mem, 0);
		f.blob[i] ^= 0xff;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_tree),
		cmocka_unit_test(buses_translate),
		cmocka_unit_test(risc_v),
		cmocka_unit_test(chip_selects_and_a_global_timer),
		cmocka_unit_test(what_is_on_a_bus_that_is_off_is_off),
		cmocka_unit_test(of_two_controllers_the_first_counts),
		cmocka_unit_test(damaged_header),
		cmocka_unit_test(damaged_structure),
		cmocka_unit_test(memory_that_cannot_be),
		cmocka_unit_test(too_deep),
		cmocka_unit_test(pieces_and_wrong_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
