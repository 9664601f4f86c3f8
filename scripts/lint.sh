#!/bin/sh
# SPDX-License-Identifier: MIT
#
# lint.sh [FILE...] - clang-tidy over the library, the ports and the apps (or the files given), in parallel.

set -eu
cd "$(dirname "$0")/.."
scripts/setup.sh lint
# Paths that the analyzer follows in a function: by default, ten times as many, some files take half a minute.
paths='--extra-arg=-Xclang --extra-arg=-analyzer-config --extra-arg=-Xclang --extra-arg=max-nodes=20000'
lint_tree() { # PRESET FILE...
	preset=$1; shift
	[ -f "build/$preset/compile_commands.json" ] || cmake --preset "$preset" >/dev/null
	printf '%s\n' "$@" | xargs -P "$(nproc)" -n 4 clang-tidy -p "build/$preset" --quiet \
		--extra-arg=-Wno-unknown-warning-option --extra-arg=-Wno-ignored-optimization-argument $paths 2>/dev/null
}
# A file is linted with the flags it is built with: only what the preset knows can be looked at.
known() { # PRESET FOLDER...
	preset=$1; shift
	[ -f "build/$preset/compile_commands.json" ] || cmake --preset "$preset" >/dev/null
	find "$@" -name '*.c' 2>/dev/null | sort | while read -r file; do
		if grep -q "\"file\": \"$PWD/$file\"" "build/$preset/compile_commands.json"; then echo "$file"; fi
	done
}
status=0
if [ $# -gt 0 ]; then
	lint_tree clang "$@" || status=1
else
	hosted=$(known clang src ports/posix ports/preload apps/quire apps/malloc)
	bare=$(known bare-x86_64 ports/bare apps/kernel)
	# shellcheck disable=SC2086
	[ -z "$hosted" ] || lint_tree clang $hosted || status=1
	# shellcheck disable=SC2086
	[ -z "$bare" ] || lint_tree bare-x86_64 $bare || status=1
	for board in aarch64 armv7 riscv64; do
		own=$(known bare-$board ports/bare/$board ports/bare/common apps/kernel/arch)
		# shellcheck disable=SC2086
		[ -z "$own" ] || lint_tree bare-$board $own || status=1
	done
fi
if [ $status = 0 ]; then echo "ok 1 - clang-tidy"; else echo "not ok 1 - clang-tidy"; fi
exit $status
