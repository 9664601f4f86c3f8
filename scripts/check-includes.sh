#!/bin/sh
# SPDX-License-Identifier: MIT
#
# check-includes.sh [ROOT] - enforces "who may include whom", the licence lines and the size of files.
#
#   include/quire      freestanding C headers, itself, quire_port.h
#   src/X              include/quire, base/, itself, and of each folder before X its one shared header Y/Y.h
#   src/maps/formats   base/ and itself
#   src/*.c            every shared header
#   ports, apps, bench never src/
#   tests/unit/F       of src/ only F, base/ and shared headers
#
# Without an argument it also tests itself: violations planted in a copy must be caught.

set -eu
cd "$(dirname "$0")/.."
top=$PWD

judge() (
	cd "$1"
	find include src ports apps bench tests -type f \( -name '*.[chS]' \) 2>/dev/null | sort |
		xargs grep -HnE '^[[:space:]]*#[[:space:]]*include' /dev/null |
		awk -f "$top/scripts/check-includes.awk"
)

licences() (
	cd "$1"
	find CMakeLists.txt Makefile .clang-format .clang-tidy .ci cmake include src ports apps bench tests scripts \
		-type f \( -name '*.[chS]' -o -name '*.ld' -o -name '*.lds' -o -name '*.sh' -o -name '*.awk' \
		-o -name '*.cmake' -o -name '*.tsv' -o -name '*.txt' -o -name Makefile -o -name run \) \
		! -path '*/corpus/*' ! -path '*/expected/*' 2>/dev/null | sort |
		while read -r file; do
			n=$(head -3 "$file" | grep -c 'SPDX-License-Identifier: MIT') || :
			[ "$n" = 1 ] || echo "$file: no SPDX line among the first three"
		done
)

sizes() (
	cd "$1"
	find src -name '*.[ch]' 2>/dev/null | xargs wc -l /dev/null |
		awk '$2 != "total" && $1 > 800 { printf "%s: warning: %d lines; 800 is the time to think again\n", $2, $1 }'
)

# plant FILE LINE: the check must name FILE once LINE stands in a copy of the tree.
plant() {
	mkdir -p "$copy/$(dirname "$1")"
	printf '/* SPDX-License-Identifier: MIT */\n%s\n' "$2" >"$copy/$1"
	found=$(judge "$copy") || :
	rm "$copy/$1"
	case $found in
	*"$1:2:"*) ;;
	*) echo "check-includes.sh: a planted violation was not caught: $1: $2" >&2; exit 1 ;;
	esac
}

self_test() {
	copy=$(mktemp -d)
	trap 'rm -rf "$copy"' EXIT
	for dir in include src ports apps tests; do [ ! -d $dir ] || cp -r $dir "$copy/"; done
	for folder in base boot frames heap maps spaces swap watch; do
		mkdir -p "$copy/src/$folder"
		for header in "$folder.h" planted.h; do
			[ -e "$copy/src/$folder/$header" ] || : >"$copy/src/$folder/$header"
		done
	done
	plant src/frames/planted.c '#include "heap/heap.h"'
	plant src/heap/planted.c '#include "frames/planted.h"'
	plant src/heap/planted.c '#include <stdio.h>'
	plant src/base/planted.c '#include "../boot/boot.h"'
	plant src/maps/formats/planted.c '#include "frames/frames.h"'
	plant include/quire/planted.h '#include "base/planted.h"'
	plant include/quire/planted.h '#include <string.h>'
	plant ports/posix/planted.c '#include "../../src/base/planted.h"'
	plant apps/kernel/planted.c '#include "spaces/spaces.h"'
	plant tests/unit/heap/planted.c '#include "frames/planted.h"'
	rm -rf "$copy"
	trap - EXIT
	echo "ok 3 - planted violations are caught"
}

root=${1:-.}
status=0
wrong=$(judge "$root") || :
if [ -z "$wrong" ]; then echo "ok 1 - who may include whom"
else printf '%s\n' "$wrong"; echo "not ok 1 - who may include whom"; status=1; fi
wrong=$(licences "$root")
if [ -z "$wrong" ]; then echo "ok 2 - licence lines"
else printf '%s\n' "$wrong"; echo "not ok 2 - licence lines"; status=1; fi
sizes "$root"
[ $# -gt 0 ] || self_test || { echo "not ok 3 - planted violations are caught"; status=1; }
exit $status
