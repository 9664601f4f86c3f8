#!/bin/sh
# SPDX-License-Identifier: MIT
#
# port-check.sh PORT - whether a port keeps the promises of quire/port.h: tests/port on it, in TAP.
#
#   bare/ARCH                the boot kernel of that board, which runs the suite and nothing else, in QEMU
#   posix, preload, none     a program of that port
#   FOLDER                   the same for a port of yours: FOLDER/*.c, FOLDER/include/quire_port.h (tests/port/hosted.c)
#
# The exit status is 0 if every check passed.

set -eu
cd "$(dirname "$0")/.."
port=${1:-posix}

bare() { # ARCH
	scripts/setup.sh "run-$1"
	out=build/port-check-$1 log=build/port-check-$1.log
	{ cmake --preset "bare-$1" -B "$out" -DQUIRE_PORT_CHECK=ON -DQUIRE_PROGRAMS=OFF && cmake --build "$out"; } >"$log" 2>&1 || {
		grep -E 'error|undefined' "$log" | head -20
		echo "port-check.sh: $port does not build; everything is in $log" >&2
		exit 1
	}
	image=$out/quire-kernel
	[ -e "$image.img" ] && image=$image.img
	timeout 120 scripts/run.sh --arch "$1" --ram 64M --kernel "$image" --initrd none -- none </dev/null >"$out/said.txt" 2>&1 && status=0 || status=$?
	tr -d '\r' <"$out/said.txt" | sed -nE 's/^(\[ *[0-9.]+\] )?((not )?ok |1\.\.|PANIC|BUG|# )/\2/p'
	grep -q '^1\.\.' "$out/said.txt" || { echo "not ok - port $1: the suite does not come to its end"; return 1; }
	return "$status"
}

# A port that lacks the hooks of a tier has not come to it.
tier_of() { # OBJECT...
	if nm "$@" | grep -q ' T port_copy_from_user'; then echo 3
	elif nm "$@" | grep -q ' T port_flush_tlb_kernel'; then echo 2
	else echo 1; fi
}

hosted() { # FOLDER NAME
	out=build/port-check
	rm -rf "$out"
	mkdir -p "$out"
	flags="-std=gnu17 -O1 -g -ffunction-sections -DQUIRE_DEBUG=1 -D_GNU_SOURCE -Iinclude -I$1/include"
	# shellcheck disable=SC2016
	find src -name '*.c' | flags="$flags -Isrc -w" out=$out xargs -P "$(nproc)" -n 8 sh -c '
		for source; do ${CC:-gcc} $flags -c "$source" -o "$out/$(echo "$source" | tr / .).o" || exit 255; done' sh
	for source in "$1"/*.c; do
		# shellcheck disable=SC2086
		${CC:-gcc} $flags -I"$1" -c "$source" -o "$out/port.$(basename "$source").o"
	done
	ar rcs "$out/libquire.a" "$out"/src.*.o
	tier=$(tier_of "$out"/port.*.o)
	case $tier in
	1) suite="pages" ;;
	2) suite="pages mappings" ;;
	3) suite="pages mappings spaces" ;;
	esac
	echo "# tiers: $tier"
	# shellcheck disable=SC2046,SC2086
	${CC:-gcc} $flags -Wall -Wextra -DPORT_CHECK_TIERS="$tier" -Itests/port $(printf 'tests/port/%s.c ' hosted port_check $suite) \
		"$out"/port.*.o -L"$out" -lquire -Wl,--gc-sections -pthread -o "$out/port-check"
	"$out/port-check" "$2"
}

case $port in
bare/*)             bare "${port#bare/}" ;;
posix|preload|none) hosted "ports/$port" "$port" ;;
*)  [ -e "$port/include/quire_port.h" ] || {
		echo "port-check.sh: '$port' is neither bare/ARCH, posix, preload nor a folder with include/quire_port.h" >&2
		exit 2
	}
	hosted "$port" "$(basename "$port")" ;;
esac
