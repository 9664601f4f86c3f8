#!/bin/sh
# SPDX-License-Identifier: MIT
#
# soak.sh - boots the machine again and again with changing sizes until SOAK_MINUTES (30) are over or something fails.

set -u
cd "$(dirname "$0")/.." || exit
scripts/setup.sh run
scripts/build.sh bare-x86_64 || exit
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
