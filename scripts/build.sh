#!/bin/sh
# SPDX-License-Identifier: MIT
#
# build.sh PRESET [TARGET...] - configure when needed and build; quiet unless something is wrong.

set -eu
cd "$(dirname "$0")/.."
preset=$1; shift
mkdir -p build
log=build/$preset.log
if [ ! -f "build/$preset/build.ninja" ] || [ CMakePresets.json -nt "build/$preset/build.ninja" ]; then
	cmake --preset "$preset" >"$log" 2>&1 || { cat "$log"; exit 1; }
fi
cmake --build "build/$preset" -j "${JOBS:-$(nproc)}" ${1:+--target "$@"} >"$log" 2>&1 || {
	grep -E 'error|warning|FAILED|undefined|multiple definition' "$log" | head -60 || tail -40 "$log"
	echo "build.sh: $preset does not build; everything is in $log" >&2
	exit 1
}
