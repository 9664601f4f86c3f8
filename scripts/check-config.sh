#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check-config.sh - compiles the core with every line of scripts/config-extremes.txt, and with options out of range,
# which must be refused.  (-Wno-type-limits: at the end of a range a comparison may be always true.)

set -eu
cd "$(dirname "$0")/.."
cc=${CC:-gcc}
n=0 status=0
flags='-std=gnu17 -ffreestanding -fsyntax-only -Wall -Wextra -Wundef -Wshadow -Wno-type-limits -Werror -Iinclude -Isrc -Iports/posix/include'

while IFS= read -r line; do
	case $line in '' | '#'*) continue ;; esac
	n=$((n + 1))
	# shellcheck disable=SC2086
	if find src -name '*.c' | xargs -P "$(nproc)" -n 8 $cc $flags $line; then echo "ok $n - compiles with $line"
	else echo "not ok $n - compiles with $line"; status=1; fi
done <scripts/config-extremes.txt

for line in -DQUIRE_NR_CPUS=0 -DQUIRE_MAX_ORDER=19 -DQUIRE_PCP_BATCH=513 -DQUIRE_FAULT_AROUND_PAGES=3 -DQUIRE_ZONE_DMA_MIB=4096 \
	-DQUIRE_HEAP=4 -DQUIRE_MAX_CACHES=63 -DQUIRE_CPU_PARTIAL_KIB=-1 -DQUIRE_KFENCE_NUM_OBJECTS=0 \
	-DQUIRE_PCP=2 -DQUIRE_EVENTS=-1 -DQUIRE_MIN_FREE_KIB=-1 -DQUIRE_PERCPU_KIB=0 -DQUIRE_BOOT_REGIONS=7 -DQUIRE_SECTION_SHIFT=15 -DQUIRE_VMAP_LAZY_KIB=-1; do
	n=$((n + 1))
	# shellcheck disable=SC2086
	if echo '#include <quire/config.h>' | $cc $flags $line -x c - 2>/dev/null; then
		echo "not ok $n - refuses $line"; status=1
	else echo "ok $n - refuses $line"; fi
done
exit $status
