#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check-docs.sh - cuts every C example out of the Markdown files, and compiles it; one with a main() is linked and run.
# An example that only sketches something is fenced as ```text.

set -eu
cd "$(dirname "$0")/.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
build=build/host
n=0 status=0

for page in README.md docs/*.md; do
	[ -f "$page" ] || continue
	awk -v stem="$work/$(basename "$page" .md)" '
		/^```c$/ { file = stem "." ++n ".c"; printf "#line %d \"%s\"\n", NR + 1, FILENAME > file; inside = 1; next }
		/^```/   { if (inside) close(file); inside = 0 }
		inside   { print > file }' "$page"
done
for example in "$work"/*.c; do
	[ -f "$example" ] || continue
	n=$((n + 1))
	name=$(basename "$example" .c)
	set -- -std=gnu17 -Wall -Wextra -Werror -Iinclude -Iports/posix/include -DQUIRE_DEBUG=1 "$example"
	if grep -q 'main(' "$example"; then
		set -- "$@" -fsanitize=address,undefined -Wl,--start-group $build/libquire.a $build/libquire_posix.a \
			-Wl,--end-group -pthread -o "$work/example"
	else
		set -- "$@" -fsyntax-only
	fi
	if gcc "$@" && { [ ! -x "$work/example" ] || "$work/example" >/dev/null; }; then echo "ok $n - example $name"
	else echo "not ok $n - example $name"; status=1; fi
	rm -f "$work/example"
done
exit $status
