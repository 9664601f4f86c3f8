#!/bin/sh
# SPDX-License-Identifier: MIT
#
# soak.sh - frames, then objects, in many hands under ThreadSanitizer for RACE_SECONDS (60) each, then boots the machine again and again with
# changing sizes until SOAK_MINUTES (30) are over or something fails.

set -u
cd "$(dirname "$0")/.." || exit
scripts/setup.sh run
scripts/build.sh bare-x86_64 || exit
scripts/setup.sh test
races="frames_race heap_race"
scripts/build.sh tsan race.frames_race race.heap_race || exit
wrapper=$(setarch -R true 2>/dev/null && echo setarch -R)
mkdir -p build/soak
for race in $races; do
	if QUIRE_RACE_SECONDS=${RACE_SECONDS:-60} CMOCKA_MESSAGE_OUTPUT=TAP $wrapper build/tsan/tests/race.$race \
		>build/soak/$race.txt 2>&1; then
		echo "ok - $race"
	else
		echo "not ok - $race: build/soak/$race.txt"
		exit 1
	fi
done
end=$(($(date +%s) + ${SOAK_MINUTES:-30} * 60))
round=0
mkdir -p build/soak
while [ "$(date +%s)" -lt $end ]; do
	for ram in 32M 48M 64M 100M 256M 1G 4G; do
		for what in test mmtests; do
			round=$((round + 1))
			log=build/soak/$round.txt
			if scripts/run.sh --ram $ram -- /bin/sh /init $what </dev/null >"$log" 2>&1; then rm "$log"; else
				echo "not ok $round - $ram $what: $log"
				exit 1
			fi
			echo "ok $round - $ram $what"
			[ "$(date +%s)" -lt $end ] || break 2
		done
	done
done
