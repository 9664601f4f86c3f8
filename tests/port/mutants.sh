#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mutants.sh PROGRAM - each mistake of mutants.c makes the suite say not ok where it should, and nothing else does.

set -u
program=$1 n=0 status=0
says() { # WANT MUTANT WORDS
	n=$((n + 1))
	PORT_MUTANT=$2 "$program" mutant >"$program.txt" 2>&1
	if [ "$1" = fails ] && grep -q "^not ok .*: $3" "$program.txt"; then echo "ok $n - $2 is found"
	elif [ "$1" = passes ] && ! grep -q '^not ok' "$program.txt" && grep -q '^1\.\.' "$program.txt"; then echo "ok $n - without a mistake all is well"
	else echo "not ok $n - $2"; grep '^not ok' "$program.txt" | sed 's/^/# /'; status=1; fi
}
says passes nothing ''
says fails all-or-nothing 'port_copy_from_user() says to the byte'
says fails last-byte 'with every byte where it was'
says fails rounds-down 'so does port_copy_to_user()'
says fails says-all 'and port_clear_user()'
says fails always-swaps 'and leaves what it does not'
says fails no-fault 'port_cmpxchg_user() refuses them as well'
says fails no-chance 'port_random() does not say the same'
says fails one-more 'port_stack_trace() keeps to its array'
echo "1..$n"
exit $status
