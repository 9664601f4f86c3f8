#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh [--accept] [CASE...] - boots the kernel and compares what it says with tests/boot/expected/CASE.txt.  Without a CASE: all.
#
# Prints TAP.  What may vary between runs (addresses, counts, times, process numbers) is normalised first.  --accept
# writes the expected files anew.  Raw transcripts: build/test/boot-CASE.txt.

set -u
cd "$(dirname "$0")/../.." || exit
out=build/test
kernel=build/bare-x86_64
ARCH=x86_64 # of the machine that boot() starts
mkdir -p $out
accept=
[ "${1:-}" = --accept ] && { accept=1; shift; }
n=0 failures=0

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - $1"; }
check() { # NAME COMMAND...
	name=$1; shift
	if "$@"; then ok "$name"; else not_ok "$name"; fi
}

# Keep what a person would read as the machine's story; replace what may vary.
normalise() {
	tr -d '\r' <"$1" |
		awk '/^(ok|FAIL|skip|init:|machine:|hello|mmtests:|order) ?/ || /^quire: (balance|init exited|panic)/ ||
		     /segfault at|Out of memory|invoked oom-killer|page allocation failure|general protection|BUG|WARNING/' |
		sed -E -e 's/^\[ *[0-9]+\.[0-9]+\] //' -e 's/(before|after) [0-9]+/\1 N/g' -e 's/0x[0-9a-f]+/ADDR/g' \
			-e 's/\b[0-9a-f]{6,16}\b/ADDR/g' -e 's/\[[0-9]+\]/[PID]/g' -e 's/(process|pid) [0-9]+/\1 PID/g' \
			-e 's/[0-9]+ ?(kB|KiB|MiB)/N \1/g' -e 's/ (at|ip|sp) [0-9a-f]+/ \1 ADDR/g'
}

# boot CASE RAM CPU INIT [ARG...]: transcript in $out/boot-CASE.txt, status in $status.
boot() {
	case_name=$1 ram=$2 cpu=$3
	shift 3
	QUIRE_CPU=$cpu timeout "${LIMIT:-240}" scripts/run.sh --arch "$ARCH" ${MACHINE:+--machine "$MACHINE"} --ram "$ram" --append "${APPEND:-}" --qemu "${QEMU:-}" \
		${KERNEL:+--kernel "$KERNEL"} ${INITRD:+--initrd "$INITRD"} -- \
		"$@" </dev/null >$out/boot-"$case_name".txt 2>&1
	status=$?
}

balanced() { grep -Eq '^(\[.*\] )?quire: balance: free before [0-9]+, after [0-9]+, missing 0' $out/boot-"$1".txt; }

compare() { # CASE [EXPECTED]
	normalise $out/boot-"$1".txt >$out/boot-"$1".normal
	[ -z "$accept" ] || [ -n "${2:-}" ] || cp $out/boot-"$1".normal tests/boot/expected/"$1".txt
	diff -u "${2:-tests/boot/expected/$1.txt}" $out/boot-"$1".normal | sed 's/^/# /' >$out/boot-"$1".diff
	[ -s $out/boot-"$1".diff ] || return 0
	head -40 $out/boot-"$1".diff
	return 1
}

steps() { # CASE: every step of init.sh is a test of its own
	while IFS= read -r line; do
		case $line in
		"ok "*)   ok "$1: ${line#ok }" ;;
		"FAIL "*) not_ok "$1: ${line#FAIL }" ;;
		"skip "*) ok "$1: ${line#skip } # SKIP" ;;
		esac
	done <<-LINES
		$(tr -d '\r' <$out/boot-"$1".txt | grep -E '^(ok|FAIL|skip) ')
	LINES
}

work_case() { # CASE RAM CPU: the whole of init.sh test
	boot "$1" "$2" "$3" /bin/sh /init test
	steps "$1"
	check "$1: the transcript is as expected" compare "$1"
	check "$1: every frame is back" balanced "$1"
	check "$1: exit status 0" [ "$status" = 0 ]
}

mmtests_case() {
	boot mmtests 128M max /bin/tests/mmtests
	steps mmtests
	check "mmtests: it came to its end" grep -q '^mmtests: ' $out/boot-mmtests.txt
	check "mmtests: every frame is back" balanced mmtests
}

programs_case() { # threads; every allocation failing once in the machine; calls that mean nothing
	for program in threads inject sysfuzz; do
		boot $program 128M max /bin/tests/$program
		steps $program
		check "$program: every frame is back" balanced $program
		check "$program: exit status 0" [ "$status" = 0 ]
	done
}

# Two nodes from the firmware's tables: 96 MiB with the CPU, 160 MiB without, 31 apart.
numa_case() {
	nodes="-object memory-backend-ram,id=m0,size=96M -object memory-backend-ram,id=m1,size=160M
		-numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1 -numa dist,src=0,dst=1,val=31"
	QEMU=$nodes boot numa 256M max /bin/sh /init zones
	check "numa: the tables are believed" grep -q '^node 1: \[000006000000-' $out/boot-numa.txt
	for where in 'Node 0, zone    DMA32' 'Node 1, zone    DMA32'; do
		check "numa: buddyinfo and zoneinfo show $where" [ "$(grep -c "^$where" $out/boot-numa.txt)" = 2 ]
	done
	check "numa: every allocation of a CPU comes from its node" sh -c "tr -d '\r' <$out/boot-numa.txt |
		awk '/^numa_local/ { local = \$2 } /^numa_hit/ { hit = \$2 } /^numa_(miss|other)/ { n += \$2 }
		END { exit !(local > 1000 && local == hit && n == 0) }'"
	for knob in min_free_kbytes:8192 watermark_scale_factor:100 watermark_boost_factor:15000; do
		check "numa: vm.$knob" grep -q "^$knob" $out/boot-numa.txt
	done
	check "numa: vm.lowmem_reserve_ratio" grep -q "^lowmem_reserve_ratio:64	64	8	0	0" $out/boot-numa.txt
	check "numa: drop_caches asks the shrinkers" sh -c "tr -d '\r' <$out/boot-numa.txt | awk '/^drop_slab 1$/ { asked = 1 }
		/^slabs_scanned/ { n = \$2 } /drop_caches: 2$/ { said = 1 } END { exit !(asked && said && n > 0) }'"
	check "numa: a knob out of range is refused" sh -c "! grep -q 'was taken' $out/boot-numa.txt"
	check "numa: iomem has the image inside RAM" sh -c "tr -d '\r' <$out/boot-numa.txt |
		grep -A4 '^00100000-0ffdffff : System RAM' | grep -q '^  [0-9a-f]*-[0-9a-f]* : Kernel bss'"
	check "numa: every frame is back" balanced numa
	QEMU=$nodes APPEND=numa=off boot numa 256M max /bin/sh /init zones
	check "numa: numa=off makes it one node" sh -c "! grep -q '^Node 1' $out/boot-numa.txt"
	QEMU=$nodes APPEND="movablecore=50%" boot numa 256M max /bin/sh /init test
	check "numa: the work runs with half of each node movable" [ "$status" = 0 ]
	check "numa: every frame of four zones is back" balanced numa
	check "numa: and ZONE_MOVABLE was there" [ "$(grep -c '^  Movable ' $out/boot-numa.txt)" = 2 ]
}

# Memory in pieces becomes whole: at once, by hand, by kcompactd; two sizes, and two nodes.
frag_case() {
	for ram in 64M 256M; do
		for how in order memory daemon; do
			boot frag $ram max /bin/tests/frag $how
			steps frag
			check "frag: $how in $ram: every frame is back" balanced frag
			check "frag: $how in $ram: exit status 0" [ "$status" = 0 ]
			[ $how$ram != order256M ] || check "frag: the transcript is as expected" compare frag
		done
	done
	QEMU="-object memory-backend-ram,id=m0,size=64M -object memory-backend-ram,id=m1,size=64M
		-numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1" boot frag 128M max /bin/tests/frag daemon
	steps frag
	check "frag: two nodes: every frame is back" balanced frag
	check "frag: two nodes: exit status 0" [ "$status" = 0 ]
}

# An area is lent to programs, claimed over their heads, and lent again.
cma_case() {
	for area in 16M 8M@64M; do
		APPEND=cma=$area boot cma 256M max /bin/tests/cma
		steps cma
		[ $area != 16M ] || check "cma: the transcript is as expected" compare cma
		check "cma: $area: every frame is back" balanced cma
		check "cma: $area: exit status 0" [ "$status" = 0 ]
	done
	check "cma: the area is where it was wanted" grep -q 'cma: Reserved 8192 KiB at 0x4000000 (reserved)' $out/boot-cma.txt
	for bad in cma=16X cma=1T cma=16M@; do
		APPEND=$bad boot cma 64M max /bin/tests/hello
		check "cma: $bad is refused in words" grep -q "boot parameter \"$bad\"" $out/boot-cma.txt
		check "cma: $bad: every frame is back" balanced cma
	done
}

# Sections go and come under programs: where they lie as they may, where half of memory is movable, and on two nodes.
hotplug_case() {
	boot hotplug 256M max /bin/tests/hotplug
	steps hotplug
	check "hotplug: the transcript is as expected" compare hotplug
	check "hotplug: every frame is back" balanced hotplug
	check "hotplug: exit status 0" [ "$status" = 0 ]
	APPEND=movablecore=50% boot hotplug 256M max /bin/tests/hotplug
	check "hotplug: with ZONE_MOVABLE: every frame is back" balanced hotplug
	check "hotplug: with ZONE_MOVABLE: exit status 0" [ "$status" = 0 ]
	QEMU="-object memory-backend-ram,id=m0,size=128M -object memory-backend-ram,id=m1,size=128M
		-numa node,nodeid=0,memdev=m0,cpus=0 -numa node,nodeid=1,memdev=m1" boot hotplug 256M max /bin/tests/hotplug
	check "hotplug: on two nodes: every frame is back" balanced hotplug
	check "hotplug: on two nodes: exit status 0" [ "$status" = 0 ]
}

# Frames fail under programs: who needs them dies or is told, the others go on, and the frames are out of use.
hwpoison_case() {
	boot hwpoison 256M max /bin/tests/hwpoison
	steps hwpoison
	check "hwpoison: the transcript is as expected" compare hwpoison
	check "hwpoison: the log says who dies of what" \
		grep -q 'MCE: Killing hwpoison:[0-9]* due to hardware memory corruption fault at' $out/boot-hwpoison.txt
	check "hwpoison: and what was found" \
		grep -q 'Memory failure: 0x[0-9a-f]*: recovery action for dirty LRU page: Recovered' $out/boot-hwpoison.txt
	check "hwpoison: every frame is back, once it is good again" balanced hwpoison
	check "hwpoison: exit status 0" [ "$status" = 0 ]
}

# Owners, patterns in free frames and failures by the command line, under real programs.
debug_case() {
	APPEND="page_owner=on page_poison=1" boot debug 128M max /bin/sh /init test
	check "debug: with owners and poison every step works" sh -c "! grep -E '^FAIL|BUG' $out/boot-debug.txt"
	check "debug: every frame is back" balanced debug
	APPEND="page_owner=on init_on_alloc=1 init_on_free=1" boot debug 128M max /bin/cat /proc/page_owner
	check "debug: who has a frame is named" \
		grep -qE '^Page allocated via order 0, mask 0x[0-9a-f]+\(GFP_[A-Z_|]+\), pid [0-9]+, tgid [0-9]+ \(cat\), ts [0-9]+ ns' \
		$out/boot-debug.txt
	check "debug: and from where" grep -qE '^ 0xffffffff80[0-9a-f]{6}' $out/boot-debug.txt
	check "debug: every frame is back again" balanced debug
	boot debug 128M max /bin/sh -c '"cd /sys/kernel/debug/fail_page_alloc; echo N >ignore-gfp-wait; echo N >ignore-gfp-highmem;
		echo 0 >min-order; echo 30 >interval; echo 100 >probability; cat times interval; /bin/tests/hello 3; cat times; echo 0 >probability"'
	check "debug: a failure set by hand happens once" grep -q '^FAULT_INJECTION: forcing a failure' $out/boot-debug.txt
	check "debug: and every frame is back" balanced debug
	APPEND="fail_page_alloc=1,100,0,1 failslab=nonsense" boot debug 64M max /bin/tests/hello 3
	check "debug: a word without a meaning is named" grep -q '^warning: failslab=nonsense: not <interval>' $out/boot-debug.txt
}

# The same work with the other two heaps.
heap_case() {
	APPEND=slab_debug=FZPU boot heap 128M max /bin/sh /init test
	check "heap: every step works with red zones, poison and tracks" sh -c "! grep -E '^FAIL|BUG' $out/boot-heap.txt"
	check "heap: with them every frame is back" balanced heap
	check "heap: with them exit status 0" [ "$status" = 0 ]
	APPEND=slab_debug=Q boot heap 64M max /bin/tests/hello 3
	check "heap: a letter without a meaning is named" grep -q 'slab_debug=Q: not <flags>' $out/boot-heap.txt
	for heap in slab slob; do
		scripts/build.sh bare-x86_64-$heap quire-kernel || { not_ok "heap: $heap builds"; continue; }
		KERNEL=build/bare-x86_64-$heap/quire-kernel boot heap 64M max /bin/sh /init test
		steps heap
		check "heap: $heap: nothing is reported" sh -c "! grep -E '^FAIL|BUG' $out/boot-heap.txt"
		check "heap: $heap: every frame is back" balanced heap
		check "heap: $heap: exit status 0" [ "$status" = 0 ]
		KERNEL=build/bare-x86_64-$heap/quire-kernel boot heap 64M max /bin/cat /proc/slabinfo
		check "heap: $heap: slabinfo has its caches" grep -q '^filp ' $out/boot-heap.txt
	done
}

tiny_case() { # 512 KiB of RAM and slob; the image, its stack and its page tables lie beside them
	scripts/build.sh bare-x86_64 quire-tiny || { not_ok "tiny: it builds"; return; }
	timeout 120 qemu-system-x86_64 -accel tcg -machine pc -m 8M -nodefaults -display none -no-reboot -serial stdio \
		-device isa-debug-exit,iobase=0xf4,iosize=0x04 -kernel $kernel/quire-tiny </dev/null >$out/boot-tiny.txt 2>&1
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*)     ok "tiny: ${line#ok [0-9]* - }" ;;
		"not ok "*) not_ok "tiny: ${line#not ok [0-9]* - }" ;;
		"tiny: "*)  echo "# $line" ;;
		esac
	done <<-LINES
		$(tr -d '\r' <$out/boot-tiny.txt)
	LINES
	check "tiny: it came to its end" grep -q '^tiny: 18 checks, 0 failures' $out/boot-tiny.txt
	check "tiny: nine tenths of the RAM are free once it has started" \
		sh -c "sed -n 's/^tiny: of 512 KiB:.* heap; \([0-9]*\) KiB.*/\1/p' $out/boot-tiny.txt | awk '\$1 >= 461 { n++ } END { exit n != 2 }'"
	check "tiny: it switched itself off" [ "$status" = 1 ]
}

# The kernel's mistakes at guarded objects, found by the faults of a real page table; then programs on guarded objects.
kfence_case() {
	APPEND="kfence.sample_interval=1 mistake=kfence" boot kfence 128M max /bin/cat /sys/kernel/debug/kfence/stats
	for what in 'out-of-bounds read' 'use-after-free write' 'out-of-bounds write' 'memory corruption'; do
		check "kfence: $what, once" [ "$(grep -c "BUG: KFENCE: $what in 0x" $out/boot-kfence.txt)" = 1 ]
	done
	check "kfence: a free inside an object and a second free" \
		[ "$(grep -c 'BUG: KFENCE: invalid free in 0x' $out/boot-kfence.txt)" = 2 ]
	check "kfence: how far" grep -Eq '^Out-of-bounds read at 0xffff8[0-9a-f]* \(1B right of kfence-#' $out/boot-kfence.txt
	check "kfence: and left of it" grep -Eq '^Out-of-bounds write at 0xffff8[0-9a-f]* \(1B left of kfence-#' $out/boot-kfence.txt
	check "kfence: the object" grep -Eq '^kfence-#[0-9]+: 0x[0-9a-f]+-0x[0-9a-f]+, size=64, cache=mistaken' $out/boot-kfence.txt
	check "kfence: who allocated it, from where" sh -c "tr -d '\r' <$out/boot-kfence.txt |
		grep -A2 '^allocated by task [0-9]* on cpu 0:' | grep -q '^ 0xffffffff80'"
	check "kfence: nothing else is reported" [ "$(grep -c 'BUG' $out/boot-kfence.txt)" = 6 ]
	check "kfence: the file of its counters" grep -q '^total bugs: 6' $out/boot-kfence.txt
	check "kfence: every frame is back" balanced kfence
	check "kfence: exit status 0" [ "$status" = 0 ]
	for every in 1 20; do
		APPEND=kfence.sample_interval=$every boot kfence 128M max /bin/sh /init test
		check "kfence: one in $every: every step works" sh -c "! grep -E '^FAIL|BUG' $out/boot-kfence.txt"
		check "kfence: one in $every: every frame is back" balanced kfence
		check "kfence: one in $every: exit status 0" [ "$status" = 0 ]
	done
	APPEND=kfence.sample_interval=often boot kfence 64M max /bin/tests/hello 3
	check "kfence: what is no number is named" grep -q 'kfence.sample_interval=often: not a number' $out/boot-kfence.txt
}

# Copies that leave their object are refused, and the log says so in Linux's words.
usercopy_case() {
	APPEND=mistake=usercopy boot usercopy 64M max /bin/tests/hello
	for way in 'exposure attempt detected from' 'overwrite attempt detected to'; do
		for what in "SLUB object 'kmalloc-64' (offset 0, size 65)" 'kernel text (offset 0, size 16)' vmalloc; do
			check "usercopy: $way $what" grep -qF "usercopy: Kernel memory $way $what" $out/boot-usercopy.txt
		done
	done
	check "usercopy: the text's other address too" [ "$(grep -c 'kernel text (offset 0, size 16)!' $out/boot-usercopy.txt)" = 4 ]
	check "usercopy: what lies there" grep -q ' slab kmalloc-64 start 0xffff8[0-9a-f]* pointer offset 0 size 64' $out/boot-usercopy.txt
	check "usercopy: every frame is back" balanced usercopy
	check "usercopy: exit status 0" [ "$status" = 0 ]
}

crash_case() { # the kernel's own mistakes are reported and end the machine with status 98
	APPEND=crash=stack boot crash 64M max /bin/tests/hello
	check "crash: a kernel stack that overflows is named" grep -q 'BUG: kernel stack overflow of .*guard page' $out/boot-crash.txt
	check "crash: and ends with status 98" [ "$status" = 98 ]
	APPEND=crash=null boot crash 64M max /bin/tests/hello
	check "crash: the kernel reading nowhere is reported" grep -qE 'BUG|panic' $out/boot-crash.txt
	check "crash: and ends with status 98" [ "$status" = 98 ]
	APPEND=crash=hole boot crash 64M max /bin/tests/hello
	check "crash: a hole between two ranges of addresses is named" grep -q 'address ffff8880[0-9a-f]*: the hole between linear and vmalloc' \
		$out/boot-crash.txt
	check "crash: and ends with status 98" [ "$status" = 98 ]
	APPEND=crash=init boot crash 64M max /bin/tests/hello
	check "crash: the part of the image that only the start needs was given back" \
		grep -qE '^Freeing unused kernel image \(initmem\) memory: [0-9]+K' $out/boot-crash.txt
	check "crash: whoever goes there faults" grep -q 'BUG: page fault in kernel mode, running kmain' $out/boot-crash.txt
	check "crash: and ends with status 98" [ "$status" = 98 ]
}

exit_case() { # the status of the first program is the machine's
	for want in 0 1 42 127; do
		boot exit 64M max /bin/tests/hello $want
		check "exit: status $want arrives" [ "$status" = $want ]
	done
	boot exit 64M max /bin/no-such-program
	check "exit: a missing first program is not success" [ "$status" != 0 ]
	boot exit 64M max /bin/tests/hello-pie 3
	check "exit: a static-PIE program as the first" [ "$status" = 3 ]
	# With less than this the loader lays the initramfs over the kernel, which says nothing any more.
	boot exit $((($(wc -c <$kernel/initramfs.cpio) >> 20) + 4))M max /bin/tests/hello 3
	check "exit: too little memory is said, not suffered" grep -q 'page allocation failure' $out/boot-exit.txt
	check "exit: and is not success" [ "$status" != 0 -a "$status" -lt 128 ]
}

tool_case() {
	tool=build/release/quire
	[ -x $tool ] || scripts/build.sh release quire-tool
	user=$kernel/user
	timeout 60 $tool boot $user/hello 42 </dev/null >$out/tool.txt 2>&1
	check "tool: exit status 42" [ $? = 42 ]
	check "tool: the program's words come through" grep -q 'hello from a static program, 1 argument' $out/tool.txt
	timeout 60 $tool boot --ram 64M $user/nullread </dev/null >$out/tool.txt 2>&1
	check "tool: 139 for a program that died of SIGSEGV" [ $? = 139 ]
	check "tool: the line meant for the tool is not shown" sh -c "! grep -q 'quire: init exited' $out/tool.txt"
	timeout 60 $tool boot $user/hello-pie </dev/null >$out/tool.txt 2>&1
	check "tool: a static-PIE program" [ $? = 0 ]
	for bad in "boot" "boot /no/such/file" "boot README.md" "boot /usr/bin/env" "boot --ram 12Q $user/hello" \
		"boot --ram 1M $user/hello" "boot --cpus 0 $user/hello" "boot --kernel /no/such/kernel $user/hello" "nonsense" ""; do
		# shellcheck disable=SC2086
		timeout 60 $tool $bad </dev/null >$out/tool.txt 2>&1
		status=$?
		check "tool: refuses '$bad' in words" [ $status != 0 -a $status -lt 128 -a -s $out/tool.txt ]
	done
}

. tests/boot/boards.sh

if [ $# = 0 ]; then # all of them, two machines at a time: neither is to build what the other does
	for preset in x86_64 aarch64 armv7 armv7-3g riscv64 riscv64-sv48; do
		scripts/build.sh bare-$preset || { echo "not ok 1 - $preset: the kernel does not build"; exit 1; }
	done
	first= second=
	for name in 32m 256m 3g-hole tiny numa frag cma heap kfence usercopy hotplug hwpoison mmtests programs debug crash exit tool aarch64 armv7 highmem riscv64; do
		first="$first $name"
		name=$first first=$second second=$name
	done
	# shellcheck disable=SC2086
	BUILT=1 tests/boot/run.sh ${accept:+--accept} $second >$out/boot-half.log 2>&1 &
	# shellcheck disable=SC2086
	BUILT=1 tests/boot/run.sh ${accept:+--accept} $first
	status=$?
	wait $! || status=1
	cat $out/boot-half.log
	exit $status
fi

[ -n "${BUILT:-}" ] || scripts/build.sh bare-x86_64 || { echo "not ok 1 - the kernel does not build"; exit 1; }
for name; do
	case $name in
	32m)     work_case 32m 32M max ;;
	256m)    work_case 256m 256M qemu64 ;;
	3g-hole) work_case 3g-hole 4G max ;;
	*)       "${name}_case" ;;
	esac
done
echo "1..$n"
exit $((failures != 0))
