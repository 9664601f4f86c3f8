#!/bin/sh
# SPDX-License-Identifier: MIT
#
# format.sh [--fix] - check (or bring into) the house's shape: every C file, as .clang-format says.
# bench/mmbench.c is measured as it stands and is left alone.

set -eu
cd "$(dirname "$0")/.."
files=$(find include src ports apps tests bench -name '*.[ch]' ! -path bench/mmbench.c 2>/dev/null | sort)
[ -n "$files" ] || exit 0
if [ "${1:-}" = --fix ]; then
	# shellcheck disable=SC2086
	exec clang-format -i $files
fi
bad=0 good=0
for file in $files; do
	if clang-format "$file" | cmp -s - "$file"; then
		good=$((good + 1))
	else
		bad=$((bad + 1))
		echo "not formatted (make format mends it): $file"
	fi
done
if [ "$bad" = 0 ]; then echo "ok 1 - format of $good files"; else echo "not ok 1 - format of $bad files"; exit 1; fi
