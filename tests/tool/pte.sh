#!/bin/sh
# SPDX-License-Identifier: MIT
#
# pte.sh QUIRE - `quire pte` as people use it: what it says, and how it says no.  Prints TAP.

set -u
quire=$1
n=0 failures=0

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - $1"; }

# says OUTPUT ARGUMENT...: exactly that on standard output, and 0.
says() {
	want=$1; shift
	got=$("$quire" pte "$@" 2>&1)
	status=$?
	if [ $status = 0 ] && [ "$got" = "$want" ]; then ok "pte $*"; else
		not_ok "pte $*"; printf '# status %s, said: %s\n' $status "$got"; fi
}

# refuses SENTENCE ARGUMENT...: the sentence on standard error, nothing on standard output, and 2 (argp's own: 64).
refuses() {
	want=$1; shift
	status=0
	out=$("$quire" pte "$@" 2>/dev/null) || status=$?
	got=$("$quire" pte "$@" 2>&1 >/dev/null) || :
	case $got in "$want"*) said=yes ;; *) said=no ;; esac
	if { [ $status = 2 ] || [ $status = 64 ]; } && [ -z "$out" ] && [ $said = yes ]; then ok "pte $*: refused"; else
		not_ok "pte $*: refused"; printf '# status %s, said: %s%s\n' $status "$out" "$got"; fi
}

says '0x8000187f  small page of 4 KiB at 0x80001000 kernel rw- user rw- write-back' --format armv7 0x8000187f
says '0x8010941e  section of 1 MiB at 0x80100000 kernel r-- user --- write-back global domain 0' \
	--format armv7 --level 0 0x8010941e
says '0x00000000200804d7  page of 4 KiB at 0x80201000 rw- user accessed dirty' --format riscv-sv39 0x200804d7
says '0x00e8000009000707  page of 4 KiB at 0x9000000 kernel rw- user --- attribute 1 (device) inner shareable global accessed dirty' \
	-f aarch64 -l 3 0x00e8000009000707
says '0x8000000012345067  page of 4 KiB at 0x12345000 rw- user accessed dirty
0x0000000000000000  not present (software value 0x0)' -f x86-64 9223372037160194151 0
says '0x00000000000010e7  table at 0x1000; but there are no pages of this size: bit 7 must be zero' \
	-f x86-64-5level -l 1 0x10e7

refuses "quire: no format 'arm'; there are armv7, armv7-soft, aarch64, riscv-sv39, riscv-sv48, riscv-sv57, x86-64, x86-64-5level, x86-pae" \
	--format arm 1
refuses "quire: --format says which machine's entries these are" 0x1
refuses "quire: armv7 has no level 2; its levels are 0 to 1" -f armv7 -l 2 1
refuses "quire: --level takes a number (0 is the root), not 'two'" -f armv7 -l two 1
refuses "quire: --level takes a number (0 is the root), not '-1'" -f armv7 -l -1 1
refuses "quire: '0x100000000' is wider than the 32 bits of an entry of armv7" -f armv7 0x100000000
refuses "quire: '0x10000000000000000' is no entry" -f x86-64 0x10000000000000000
refuses "quire: 'frame' is no entry" -f x86-64 frame
refuses "quire: '12x' is no entry" -f x86-64 12x
refuses "quire: '' is no entry" -f x86-64 ''
refuses "quire: '-1' is no entry" -f x86-64 -- -1
refuses "quire: '1z' is no entry" -f x86-64 1 2 1z
refuses "pte: which entry?" -f x86-64
echo "1..$n"
[ $failures = 0 ]
