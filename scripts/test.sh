#!/bin/sh
# SPDX-License-Identifier: MIT
#
# test.sh [STAGE...] - every test, or the stages named; the last line is the sum: "N passed, N failed, N skipped".
#
# Every stage prints TAP (or is a ctest run whose programs do) into build/test/STAGE.log; scripts/count-tests.awk adds up.

set -eu
cd "$(dirname "$0")/.."
stages=${*:-includes format host race host32 formats config fuzz clang docs tidy preload kernel boot}
logs=build/test
mkdir -p $logs
began=$(date +%s)

# ctest_stage PRESET: build it and run what it has.
ctest_stage() {
	scripts/build.sh "$1" || { echo "not ok - build of $1"; return; }
	echo "ok - build of $1"
	ctest --test-dir "build/$1" -j "$(nproc)" --output-on-failure >"$logs/$1.ctest" 2>&1 || :
	if [ -f "build/$1/Testing/Temporary/LastTest.log" ]; then cat "build/$1/Testing/Temporary/LastTest.log"; fi
}
build_stage() {
	if scripts/build.sh "$@"; then echo "ok - build of $1"; else echo "not ok - build of $1"; fi
}
# Two at a time, each on one processor: the end of a build is one link.
kernels() {
	for preset in bare-x86_64 bare-aarch64 bare-armv7 bare-riscv64 bare-armv7-3g bare-riscv64-sv48; do
		echo $preset
	done | xargs -P 2 -I{} env JOBS=1 sh -c 'if scripts/build.sh {}; then echo "ok - build of {}"; else echo "not ok - build of {}"; fi'
	build_stage release quire-tool
}
stage() {
	case $1 in
	includes) scripts/check-includes.sh ;;
	format)   scripts/format.sh ;;
	host)     ctest_stage host ;;
	race)     ctest_stage tsan ;;
	host32)   ctest_stage host32 ;;
	formats)  ctest_stage formats; ctest_stage formats32 ;;
	config)   scripts/check-config.sh ;;
	fuzz)     ctest_stage fuzz ;;
	clang)    build_stage clang ;;
	docs)     scripts/check-docs.sh ;;
	tidy)     scripts/lint.sh ;;
	kernel)   kernels ;;
	preload)  build_stage release quire-tool quire-malloc preload.api preload.threads preload.bugs preload.late &&
	          tests/preload/run.sh ;;
	boot)     tests/boot/run.sh ;;
	*)        echo "not ok - no stage called '$1'" ;;
	esac
}

scripts/setup.sh test
total_passed=0 total_failed=0 total_skipped=0
for name in $stages; do
	from=$(date +%s)
	rm -f build/*/Testing/Temporary/LastTest.log
	stage "$name" >$logs/"$name".log 2>&1 || :
	# shellcheck disable=SC2046
	set -- $(awk -f scripts/count-tests.awk $logs/"$name".log 2>$logs/"$name".failures)
	if [ $(($1 + $2 + $3)) = 0 ]; then set -- 0 1 0; echo "not ok - $name said nothing" >>$logs/"$name".failures; fi
	printf '%-9s %5d passed %3d failed %3d skipped   %3d s\n' "$name" "$1" "$2" "$3" $(($(date +%s) - from))
	if [ "$2" != 0 ]; then
		sed 's/^/    /' $logs/"$name".failures | head -20
		grep -E 'error:|ERROR:|runtime error|Assertion|not formatted' $logs/"$name".log | head -15 | sed 's/^/    /'
		echo "    everything: $logs/$name.log"
	fi
	total_passed=$((total_passed + $1)) total_failed=$((total_failed + $2)) total_skipped=$((total_skipped + $3))
done
echo "$(($(date +%s) - began)) seconds"
echo "$total_passed passed, $total_failed failed, $total_skipped skipped"
[ $total_failed = 0 ]
