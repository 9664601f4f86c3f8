/* SPDX-License-Identifier: MIT */
/* ACPI's tables of affinity and distances: what is taken from good ones, and each way to be bad. */
#include "support/layers.h"
#include "srat.h"

#define RSDP 0x20u
#define XSDT 0x100u
#define SRAT 0x200u
#define SLIT 0x400u
#define END  0x800u

/* Where things stand in the good image. */
#define FIRST_CPU (SRAT + 48)
#define FIRST_MEM (SRAT + 48 + 16 + 24)
#define LAST_MEM  (FIRST_MEM + 2 * 40)
#define SRAT_LEN  (48 + 16 + 24 + 3 * 40)
#define SLIT_LEN  (44 + 16)

static u8 ram[END];

static const void *at_ram(void *arg, u64 pa, u64 size)
{
	(void)arg;
	return size <= END && pa <= END - size ? ram + pa : NULL;
}

static void put(u32 at, u64 v, unsigned bytes)
{
	for (; bytes-- > 0; v >>= 8)
		ram[at++] = (u8)v;
}

static void seal(u32 at, u32 len, u32 sum)
{
	ram[sum] = 0;
	for (u32 i = at; i < at + len; i++)
		if (i != sum)
			ram[sum] = (u8)(ram[sum] - ram[i]);
}

static void table(u32 at, const char *name, u32 len)
{
	memcpy(ram + at, name, 4);
	put(at + 4, len, 4);
}

static void mem(u32 at, u32 domain, u64 base, u64 size, u32 flags)
{
	put(at, 1 | 40 << 8, 2);
	put(at + 2, domain, 4);
	put(at + 8, base, 8);
	put(at + 16, size, 8);
	put(at + 28, flags, 4);
}

/* Domains 3 and 1: a CPU of each, 0..640K and 1M..64M of the first, 64M..96M of the second. */
static void good_image(void)
{
	memset(ram, 0, sizeof(ram));
	memcpy(ram + RSDP, "RSD PTR ", 8);
	ram[RSDP + 15] = 2;
	put(RSDP + 20, 36, 4);
	put(RSDP + 24, XSDT, 8);
	table(XSDT, "XSDT", 36 + 16);
	put(XSDT + 36, SLIT, 8);
	put(XSDT + 44, SRAT, 8);
	table(SRAT, "SRAT", SRAT_LEN);
	ram[SRAT + 8] = 3;
	put(FIRST_CPU, 0 | 16 << 8 | 3 << 16, 4);
	put(FIRST_CPU + 4, 1, 4);
	put(FIRST_CPU + 16, 2 | 24 << 8, 2);
	put(FIRST_CPU + 20, 1, 4);
	put(FIRST_CPU + 24, 260, 4);
	put(FIRST_CPU + 28, 1, 4);
	mem(FIRST_MEM, 3, 0, 0xa0000, 1);
	mem(FIRST_MEM + 40, 3, 1 << 20, 63 << 20, 1);
	mem(LAST_MEM, 1, 64 << 20, 32 << 20, 3);
	table(SLIT, "SLIT", SLIT_LEN);
	put(SLIT + 36, 4, 8);
	for (u32 i = 0; i < 16; i++)
		ram[SLIT + 44 + i] = i % 5 ? (u8)(20 + i) : 10;
}

static void seal_all(void)
{
	seal(RSDP, 20, RSDP + 8);
	seal(RSDP, 36, RSDP + 32);
	seal(XSDT, 36 + 16, XSDT + 9);
	seal(SRAT, SRAT_LEN, SRAT + 9);
	seal(SLIT, SLIT_LEN, SLIT + 9);
}

static const char *read_image(struct srat_numa *numa)
{
	return srat_read(&(struct srat_reader){ at_ram, NULL }, RSDP, numa);
}

static void good_tables(void **state)
{
	static struct srat_numa numa;

	(void)state;
	good_image();
	seal_all();
	assert_null(read_image(&numa));
	assert_int_equal(numa.nr_nodes, 2);
	assert_int_equal(numa.domain[0], 3);
	assert_int_equal(numa.domain[1], 1);
	assert_int_equal(numa.nr_mem, 3);
	assert_int_equal(numa.mem[1].base, 1 << 20);
	assert_int_equal(numa.mem[1].node, 0);
	assert_int_equal(numa.mem[2].size, 32 << 20);
	assert_int_equal(numa.mem[2].node, 1);
	assert_true(numa.mem[2].hotplug && !numa.mem[1].hotplug);
	assert_int_equal(numa.nr_cpus, 2);
	assert_int_equal(numa.cpu[0].node, 0);
	assert_int_equal(numa.cpu[1].apic_id, 260);
	assert_int_equal(numa.cpu[1].node, 1);
	assert_null(numa.no_distances);
	assert_int_equal(numa.distance[0][1], 20 + 3 * 4 + 1);
	assert_int_equal(numa.distance[1][0], 20 + 1 * 4 + 3);
	assert_int_equal(numa.distance[1][1], 10);
}

/* The good image with `bytes` of `value` at `at`. */
static const struct change {
	u32 at;
	u64 value;
	unsigned bytes;
	bool sealed;      /* the checksums are right again           */
	const char *why;  /* it is refused; NULL: it is taken ...    */
	const char *slit; /* ... and why the distances are not, if so */
	unsigned nodes, mems, cpus;
} changes[] = {
	{ RSDP, 'X', 1, true, "no ACPI root pointer", NULL, 0, 0, 0 },
	{ RSDP + 9, 'X', 1, false, "root pointer's checksum", NULL, 0, 0, 0 },
	{ RSDP + 30, 1, 1, false, "root pointer's checksum", NULL, 0, 0, 0 },
	{ RSDP + 20, 35, 4, true, "root pointer's checksum", NULL, 0, 0, 0 },
	{ RSDP + 24, END, 8, true, "cannot be read", NULL, 0, 0, 0 },
	{ RSDP + 24, ~0ULL - 4, 8, true, "cannot be read", NULL, 0, 0, 0 },
	{ RSDP + 24, 0, 8, true, "cannot be read", NULL, 0, 0, 0 }, /* the RSDT is at 0 */
	{ XSDT + 4, 35, 4, true, "impossible length", NULL, 0, 0, 0 },
	{ XSDT + 4, 0xffffffff, 4, true, "impossible length", NULL, 0, 0, 0 },
	{ XSDT + 4, END, 4, true, "cannot be read", NULL, 0, 0, 0 },
	{ XSDT + 50, 1, 1, false, "checksum", NULL, 0, 0, 0 },
	{ XSDT + 44, 0, 8, true, "no table of affinity", NULL, 0, 0, 0 },
	{ SRAT, 'X', 1, true, "no table of affinity", NULL, 0, 0, 0 },
	{ SRAT + 4, 47, 4, false, "checksum", NULL, 0, 0, 0 },
	{ SRAT + 50, 1, 1, false, "checksum", NULL, 0, 0, 0 },
	{ FIRST_CPU + 1, 0, 1, true, "runs out of its table", NULL, 0, 0, 0 },
	{ FIRST_CPU + 1, 1, 1, true, "runs out of its table", NULL, 0, 0, 0 },
	{ FIRST_CPU + 1, 15, 1, true, "too short for its type", NULL, 0, 0, 0 },
	{ LAST_MEM + 1, 41, 1, true, "runs out of its table", NULL, 0, 0, 0 },
	{ LAST_MEM + 1, 39, 1, true, "too short for its type", NULL, 0, 0, 0 },
	{ LAST_MEM, 9, 1, true, NULL, NULL, 2, 2, 2 },      /* an unknown type is passed over */
	{ LAST_MEM + 28, 0, 4, true, NULL, NULL, 2, 2, 2 }, /* one that is switched off, too */
	{ LAST_MEM + 16, 0, 8, true, NULL, NULL, 2, 2, 2 }, /* and an empty one */
	{ FIRST_CPU + 4, 0, 4, true, NULL, NULL, 2, 3, 1 },
	{ FIRST_CPU + 28, 0, 4, true, NULL, NULL, 2, 3, 1 },
	{ LAST_MEM + 8, 63 << 20, 8, true, "overlap", NULL, 0, 0, 0 },
	{ LAST_MEM + 8, 1, 8, true, "overlap", NULL, 0, 0, 0 },
	{ LAST_MEM + 16, ~0ULL, 8, true, "wraps around", NULL, 0, 0, 0 },
	{ FIRST_CPU + 9, 1, 1, true, NULL, "leaves a node out", 3, 3, 2 }, /* domain 259 */
	{ SLIT, 'X', 1, true, NULL, NULL, 2, 3, 2 },
	{ SLIT + 4, 40, 4, false, NULL, "checksum", 2, 3, 2 },
	{ SLIT + 36, 5, 8, true, NULL, "impossible length", 2, 3, 2 },
	{ SLIT + 36, 1ULL << 33, 8, true, NULL, "impossible length", 2, 3, 2 },
	{ SLIT + 36, 3, 8, true, NULL, "leaves a node out", 2, 3, 2 },
	{ SLIT + 44 + 5, 11, 1, true, NULL, "nearer", 2, 3, 2 },
	{ SLIT + 44 + 7, 10, 1, true, NULL, "nearer", 2, 3, 2 },
};

static void each_way_to_be_bad(void **state)
{
	static struct srat_numa numa;

	(void)state;
	for (unsigned i = 0; i < ARRAY_SIZE(changes); i++) {
		const struct change *c = &changes[i];
		const char *why;

		good_image();
		if (!c->sealed)
			seal_all();
		put(c->at, c->value, c->bytes);
		if (c->sealed)
			seal_all();
		why = read_image(&numa);
		if (!why != !c->why || (why && !strstr(why, c->why)))
			fail_msg("change %u: \"%s\", not \"%s\"", i, why, c->why);
		why = numa.no_distances;
		if (!why != !c->slit || (why && !strstr(why, c->slit)))
			fail_msg("change %u: \"%s\", not \"%s\"", i, why, c->slit);
		assert_int_equal(numa.nr_nodes, c->nodes);
		assert_int_equal(numa.nr_mem, c->mems);
		assert_int_equal(numa.nr_cpus, c->cpus);
		assert_int_equal(numa.distance[0][0],
				 c->nodes && !c->slit && ram[SLIT] == 'S' ? 10 : 0);
	}
}

/* Revision 0 of the root pointer knows the 32-bit table only; old tables have domains of 8 bits. */
static void old_firmware(void **state)
{
	static struct srat_numa numa;

	(void)state;
	good_image();
	ram[RSDP + 15] = 0;
	put(RSDP + 16, XSDT, 4);
	table(XSDT, "RSDT", 36 + 8);
	put(XSDT + 36, SLIT, 4);
	put(XSDT + 40, SRAT, 4);
	ram[SRAT + 8] = 1;
	put(FIRST_CPU + 9, 0xabcdef, 3);
	seal_all();
	seal(XSDT, 36 + 8, XSDT + 9);
	assert_null(read_image(&numa));
	assert_int_equal(numa.nr_nodes, 2);
	assert_int_equal(numa.domain[0], 3);
	assert_int_equal(numa.distance[0][0], 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(good_tables),
		cmocka_unit_test(each_way_to_be_bad),
		cmocka_unit_test(old_firmware),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
