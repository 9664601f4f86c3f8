#!/bin/sh
# SPDX-License-Identifier: MIT
#
# soak.sh - frames in many hands under ThreadSanitizer for RACE_SECONDS (60), then boots the machine again and again with
# changing sizes until SOAK_MINUTES (30) are over or something fails.

set -u
cd "$(dirname "$0")/.." || exit
scripts/setup.sh run
scripts/build.sh bare-x86_64 || exit
scripts/setup.sh test
scripts/build.sh tsan race.frames_race || exit
race=build/tsan/tests/race.frames_race
wrapper=$(setarch -R true 2>/dev/null && echo setarch -R)
mkdir -p build/soak
if QUIRE_RACE_SECONDS=${RACE_SECONDS:-60} CMOCKA_MESSAGE_OUTPUT=TAP $wrapper $race >build/soak/race.txt 2>&1; then
	echo "ok - frames_race"
else
	echo "not ok - frames_race: build/soak/race.txt"
	exit 1
fi
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
