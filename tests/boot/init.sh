#!/bin/sh
# SPDX-License-Identifier: MIT
#
# init.sh [run|test|zones|shell|mmtests|bench [PROGRAM]] - the first program of the machine: real work under an ordinary busybox.
#
#   run      the work, the programs that must die, the memory eater, then what the memory did
#   test     the same without the reports, the work scaled to the machine
#   zones    how memory is divided, in Linux's words
#   shell    a shell for you
#   mmtests  the checks of Linux's memory calls     bench  what is measured, nothing else
#
# It is a plain shell script and runs on any Linux as well.  Every step prints "ok NAME" or "FAIL NAME"; the exit
# status is the number of failures.

PATH=/bin:/sbin:/usr/bin:/usr/sbin:/bin/tests
export PATH HOME=/root TERM="${TERM:-vt100}"
mode=${1:-run}
shift
failures=0
work=/tmp/work

[ -r /proc/meminfo ] || mount -t proc proc /proc
[ -c /dev/null ] || mount -t devtmpfs dev /dev
[ -d /tmp ] || mkdir /tmp
total_mib=$(awk '$1 == "MemTotal:" { print int($2 / 1024) }' /proc/meminfo)
ulimit -c 0

step() {	# NAME COMMAND...: the command must succeed
	name=$1; shift
	if "$@"; then echo "ok $name"; else
		echo "FAIL $name (status $?)"
		failures=$((failures + 1))
	fi
}

dies() {	# STATUS PROGRAM...: the program must end so; 128 + signal for one that was killed
	want=$1; shift
	"$@" >/dev/null 2>&1
	got=$?
	[ $got = "$want" ] && return
	echo "   $1: status $got, not $want"
	return 1
}

# ---- the work ---------------------------------------------------------------------------------

make_file() {	# lines of 64 bytes with a key that jumps about
	awk -v n="$lines" 'BEGIN {
		for (i = 1; i <= n; i++) {
			key = (key * 1103 + 12345) % 1000003
			printf "%07d line %07d of a file to be sorted, padded to 64 bytes\n", key, 1000000 + i
		}
	}' >$work/file && [ "$(wc -c <$work/file)" = $((lines * 64)) ]
}
sort_file() {
	sort $work/file >$work/sorted && sort -c $work/sorted && [ "$(wc -l <$work/sorted)" = "$lines" ]
}
sum_file() {
	awk '{ n += $3 - 1000000 } END { printf "%.0f\n", n }' $work/sorted >$work/sum &&
		[ "$(cat $work/sum)" = $((lines * (lines + 1) / 2)) ]
}
pack() {
	mkdir -p $work/in $work/out && mib=0
	while [ $((mib << 20)) -lt $((lines * 64)) ]; do
		dd if=$work/sorted of=$work/in/part.$mib bs=64k skip=$((mib * 16)) count=16 2>/dev/null || return 1
		mib=$((mib + 1))
	done
	cp /bin/busybox $work/in/ && rm $work/sorted &&
		(cd $work && tar cf pack.tar in && gzip -1 pack.tar)
}
unpack() {
	(cd $work/out && gunzip -c ../pack.tar.gz | tar xf -) &&
		for f in $work/in/*; do cmp "$f" "$work/out/in/${f##*/}" || return 1; done
}
five_stages() {
	n=$(cat $work/file | tr a-z A-Z | grep -c "LINE [0-9]*7 OF" | cat | tr -d '\n')
	[ "$n" = $((lines / 10)) ] || return 1
	n=$(seq 1 5000 | awk '{ print $1 * 3 }' | grep 9 | sort -rn | head -n 1 | sed s/$/!/)
	[ "$n" = "14997!" ]
}
hundred_forks() {
	i=0
	while [ $i -lt 100 ]; do
		(exit $((i % 50)))
		[ $? = $((i % 50)) ] || return 1
		/bin/true || return 1
		i=$((i + 1))
	done
}
recurse() { if [ "$1" -gt 0 ]; then recurse $(($1 - 1)); else echo bottom; fi; }
nest() { if [ "$1" -gt 0 ]; then (nest $(($1 - 1))); else echo bottom; fi; }
recursion() { [ "$(recurse 500)" = bottom ] && [ "$(nest 20)" = bottom ]; }
background() {
	for i in 1 2 3 4 5; do (sleep 0.$i; echo $i >$work/bg.$i) & done
	wait
	[ "$(cat $work/bg.* | tr -d '\n')" = 12345 ]
}
exit_statuses() {
	dies 0 hello && dies 7 hello 7 && dies 9 hello-pie 9 && dies 127 /bin/no-such-program
}
eats_all() {
	# In a process group of its own: only it may be killed.
	dies 137 eatmem
}

all_steps() {
	mkdir -p $work
	lines=330000
	[ "$total_mib" -ge 200 ] || lines=$((total_mib * 600))
	echo "machine: $total_mib MiB of memory; a file of $((lines * 64 / 1000)) kB"
	step "make a file of random lines" make_file
	step "sort it" sort_file
	step "awk adds up a column" sum_file
	step "pipelines of five processes" five_stages
	step "split, tar and gzip it" pack
	step "unpack and compare" unpack
	step "a hundred forks" hundred_forks
	step "a shell that recurses" recursion
	step "jobs in the background" background
	step "exit statuses arrive" exit_statuses
	rm -rf $work
	step "reading NULL kills (SIGSEGV)" dies 139 nullread
	step "writing to the program's text kills (SIGSEGV)" dies 139 writetext
	step "running data kills (SIGSEGV)" dies 139 execdata
	step "an endless recursion kills (SIGSEGV)" dies 139 stackoverflow
	step "beyond the end of a mapped file kills (SIGBUS)" dies 135 buserror
	step "a program eats all memory and is killed (SIGKILL)" eats_all
	step "the machine goes on" hundred_files
}
hundred_files() {
	mkdir $work && for i in $(seq 1 100); do echo "$i" >$work/$i; done && [ "$(cat $work/* | wc -l)" = 100 ] && rm -r $work
}

report() { echo; echo "--- $1"; shift; "$@"; }
reports() {
	report "free" free
	report "/proc/buddyinfo" cat /proc/buddyinfo
	report "/proc/meminfo" cat /proc/meminfo
	report "/proc/zoneinfo" sh -c 'grep -E "^Node|  pages free|   *(min|low|high|spanned|present|managed)  " /proc/zoneinfo'
	report "/proc/slabinfo" cat /proc/slabinfo
	report "/proc/vmallocinfo" cat /proc/vmallocinfo
	report "/proc/vmstat" sh -c 'grep -E "^(nr_free_pages|nr_anon_pages|nr_file_pages|pgalloc_|pgfree|pgfault|pgmajfault|oom_kill)" /proc/vmstat'
	report "/proc/self/maps (of cat)" cat /proc/self/maps
	report "/proc/self/status (of cat)" sh -c 'grep -E "^(Name|Vm)" /proc/self/status'
	echo
}

case $mode in
run)     all_steps; reports ;;
test)    all_steps ;;
zones)   cat /proc/buddyinfo /proc/zoneinfo
	 grep -E "^numa_" /proc/vmstat
	 cd /proc/sys/vm && echo 8192 >min_free_kbytes && echo 100 >watermark_scale_factor &&
		echo "64 64 8" >lowmem_reserve_ratio && grep . min_free_kbytes watermark_* lowmem_reserve_ratio
	 echo 2 >drop_caches && grep -E "^(drop_|slabs_scanned)" /proc/vmstat
	 echo 0 2>/dev/null >drop_caches && echo "0 was taken"
	 echo 4000 2>/dev/null >watermark_scale_factor && echo "4000 was taken"
	 cat /proc/iomem 2>/dev/null
	 exit 0 ;;
shell)   echo "An ordinary busybox.  exit or Ctrl-D ends the machine, Ctrl-A x stops it at once."
	 echo "cat /proc/buddyinfo /proc/slabinfo /proc/self/maps show what the memory does."
	 cd /root && sh -i; exit $? ;;
mmtests) mmtests "$@"; exit $? ;;
bench)   mount -t tmpfs tmpfs /tmp 2>/dev/null # our /tmp is one already
	 "/bin/${1:-mmbench}"; exit $? ;;
*)       echo "init: no mode '$mode'"; exit 2 ;;
esac
echo "init: $failures failures"
[ $failures -lt 100 ] || failures=100
exit $failures
