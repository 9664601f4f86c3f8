#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh - libquire-malloc.so under its own tests and under real programs.  Prints TAP.
#
# A real program runs three times: as it is, on quire's malloc, and on it with every check on.  What it says must be the
# same each time.  Wants build/release (quire-tool, quire-malloc, preload.*).

set -u
cd "$(dirname "$0")/../.." || exit
build=$PWD/build/release
quire=$build/quire
programs=$PWD/tests/preload/programs
out=$PWD/build/test/preload
rm -rf "$out"
mkdir -p "$out"
n=0 failures=0

ok() { n=$((n + 1)); echo "ok $n - $1"; }
not_ok() { n=$((n + 1)); failures=$((failures + 1)); echo "not ok $n - $1"; }
check() { # NAME COMMAND...
	title=$1; shift
	if "$@" >"$out/check.txt" 2>&1; then ok "$title"; else not_ok "$title"; head -20 "$out/check.txt" | sed 's/^/# /'; fi
}

# The lines of a program that prints TAP, under one number and one name.
tap() { # NAME COMMAND...
	name=$1; shift
	timeout 60 "$@" >"$out/tap.txt" 2>"$out/tap.err"
	status=$?
	while IFS= read -r line; do
		case $line in
		"ok "*)     ok "$name: ${line#ok * - }" ;;
		"not ok "*) not_ok "$name: ${line#not ok * - }" ;;
		"#"*)       echo "$line" ;;
		esac
	done <"$out/tap.txt"
	if [ $status = 0 ] && grep -q '^1\.\.' "$out/tap.txt"; then ok "$name: to the end"; else
		not_ok "$name: to the end (status $status)"; head -5 "$out/tap.err" | sed 's/^/# /'; fi
}

# ---- the functions, on glibc too: then the test itself is right ------------------------------------------------------
tap "glibc, api" "$build/preload/api"
tap "api" "$quire" preload "$build/preload/api"
tap "api, debug" "$quire" preload --debug "$build/preload/api"
tap "glibc, threads" "$build/preload/threads" "$build/preload/liblate.so"
tap "threads" "$quire" preload "$build/preload/threads" "$build/preload/liblate.so" ours
tap "threads, debug" "$quire" preload --debug "$build/preload/threads" "$build/preload/liblate.so"
tap "threads, guard and trace" "$quire" preload --guard 50 --trace "$out/threads.trace" "$build/preload/threads" \
	"$build/preload/liblate.so"

# ---- bugs are noticed, and named -------------------------------------------------------------------------------------
notices() { # BUG WORDS [OPTION...]
	bug=$1 words=$2; shift 2
	timeout 20 "$quire" preload "$@" "$build/preload/bugs" "$bug" >"$out/bug.txt" 2>&1
	if grep -q "$words" "$out/bug.txt"; then ok "noticed: $bug${1:+ ($*)}"; else
		not_ok "noticed: $bug${1:+ ($*)}"; head -5 "$out/bug.txt" | sed 's/^/# /'; fi
}
notices double-free "freed twice"
notices double-free-large "freed already"
notices inside-large "not allocated"
notices stack "not allocated"
notices wild-realloc "realloc of .* not allocated"
notices double-free-later "freed already" --debug
notices inside "overrun" --debug
notices overrun "100 bytes: it was overrun: byte 100 behind" --debug
notices overrun-large "100000 bytes: it was overrun: byte 100001" --debug
notices after-free "Poison overwritten" --debug
notices guard-overrun "byte 112 of .* which has 112 bytes" --guard 10
notices guard-after-free "used after it was freed" --guard 10

# ---- the command ------------------------------------------------------------------------------------------------------
refuses() { # NAME WORDS COMMAND...
	name=$1 words=$2; shift 2
	"$@" >"$out/refuse.txt" 2>&1
	if [ $? != 0 ] && grep -q -- "$words" "$out/refuse.txt"; then ok "$name"; else not_ok "$name"; fi
}
refuses "preload: no program" "which program" "$quire" preload
refuses "preload: no such program" "cannot run" "$quire" preload /nonexistent
refuses "preload: letters that mean nothing" "--debug takes" "$quire" preload --debug=X true
refuses "preload: guard 0" "--guard takes" "$quire" preload --guard 0 true
refuses "preload: no such library" "cannot read the library" "$quire" preload --library /nonexistent true
refuses "QUIRE_MALLOC: a word that means nothing" "'nonsense'" env QUIRE_MALLOC=report,nonsense "$quire" preload ls
report() { "$quire" preload --report ls / 2>&1 | grep -q "quire-malloc: .* KiB of RAM"; }
check "preload --report: ls really runs on it" report
help() { QUIRE_MALLOC=help "$quire" preload ls / 2>&1 | grep -q "debug=LETTERS"; }
check "QUIRE_MALLOC=help" help

# ---- real programs ----------------------------------------------------------------------------------------------------
same() { # NAME COMMAND...: three times, the same output and status
	name=$1; shift
	for how in plain preload debug; do
		case $how in
		plain)   timeout 60 "$@" >"$out/$name.$how" 2>&1 </dev/null ;;
		preload) timeout 60 "$quire" preload "$@" >"$out/$name.$how" 2>&1 </dev/null ;;
		debug)   timeout 60 "$quire" preload --debug "$@" >"$out/$name.$how" 2>&1 </dev/null ;;
		esac
		echo "status $?" >>"$out/$name.$how"
	done
	check "$name: says what it says without" cmp "$out/$name.plain" "$out/$name.preload"
	check "$name: and with every check on" cmp "$out/$name.plain" "$out/$name.debug"
	check "$name: and it is a success" grep -q '^status 0$' "$out/$name.plain"
}

same python /usr/bin/python3 "$programs/work.py"
same perl perl "$programs/work.pl"
same sqlite sqlite3 :memory: ".read $programs/rows.sql"
same git sh -c "cd '$PWD' && git -c core.pager= log --stat -40 && git grep -c include -- src | sort && git fsck --no-dangling HEAD"
# A large file: every header and every source of frames/ after the other.
same gcc sh -c "printf '#include \"%s\"\n' '$PWD'/src/frames/*.c >'$out/all.c'
	gcc -O1 -S -w -fpermissive -I include -I src -I src/frames -I ports/posix/include -o - '$out/all.c' 2>/dev/null | cksum
	gcc -O2 -S -w -I include -I src -I ports/posix/include -o - src/spaces/fault.c | cksum"
g++ -O1 -pthread -o "$out/work" "$programs/work.cc" 2>"$out/g++.txt"
same c++ "$out/work"

# ---- redis: a server with threads, a benchmark, and a snapshot by fork() ----------------------------------------------
redis() { # HOW OPTION...
	how=$1; shift
	dir=$out/redis-$how
	socket=$dir/socket
	mkdir -p "$dir"
	timeout 60 "$@" redis-server --port 0 --unixsocket "$socket" --save '' --dir "$dir" --enable-debug-command yes \
		--daemonize no >"$dir/log" 2>&1 &
	server=$!
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		redis-cli -s "$socket" ping >/dev/null 2>&1 && break
		sleep 0.2
	done
	redis-benchmark -s "$socket" -n 10000 -q -r 5000 -d 100 -t set,get,lpush,lpop,sadd,hset,zadd,mset >"$dir/bench" 2>&1 &&
		redis-cli -s "$socket" --raw set answer "$how" >/dev/null &&
		redis-cli -s "$socket" bgsave >/dev/null
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		redis-cli -s "$socket" info persistence 2>/dev/null | grep -q 'rdb_bgsave_in_progress:0' && break
		sleep 0.2
	done
	redis-cli -s "$socket" info persistence | tr -d '\r' | grep -E 'rdb_last_bgsave_status|rdb_saves' >"$dir/saved"
	redis-cli -s "$socket" debug reload >"$dir/reload" 2>&1
	redis-cli -s "$socket" --raw get answer >"$dir/answer"
	redis-cli -s "$socket" shutdown nosave >/dev/null 2>&1
	wait $server
	echo "status $?" >>"$dir/answer"
}
redis_fine() {
	[ "$(tr '\n' ' ' <"$out/redis-$1/answer")" = "$1 status 0 " ] && [ -s "$out/redis-$1/dump.rdb" ] &&
		grep -q OK "$out/redis-$1/reload" && grep -q 'rdb_last_bgsave_status:ok' "$out/redis-$1/saved" &&
		grep -q 'rdb_saves:1' "$out/redis-$1/saved" &&
		[ "$(grep -o 'requests per second' "$out/redis-$1/bench" | wc -l)" -ge 8 ] && ! grep -q BUG: "$out/redis-$1/log"
}
redis plain env
redis preload "$quire" preload
redis debug "$quire" preload --debug
check "redis: the benchmark, a snapshot by fork, an orderly end" redis_fine plain
check "redis on quire's malloc" redis_fine preload
check "redis with every check on" redis_fine debug

# ---- traces, and looking on -------------------------------------------------------------------------------------------
replays() { # OPTION...: the numbers of the trace, and that all of it was done
	"$quire" replay "$@" "$out/python.trace" >"$out/replay.txt" || return 1
	cat "$out/replay.txt"
	grep -q '^calls  *[0-9]* in [0-9]* thread' "$out/replay.txt" && grep -q '^resident  *[0-9]* KiB at most' "$out/replay.txt"
}
"$quire" preload --trace "$out/python.trace" /usr/bin/python3 "$programs/work.py" >"$out/trace.out" 2>&1
echo "status $?" >>"$out/trace.out"
check "trace: the program is as it was" cmp "$out/trace.out" "$out/python.plain"
check "replay on glibc" replays --allocator glibc
check "replay on quire" replays --allocator quire
check "replay on quire, in as many threads" replays --allocator quire --threads
same_calls() {
	a=$("$quire" replay --allocator glibc "$out/python.trace" | grep -E '^(calls|live)')
	b=$("$quire" replay --allocator quire "$out/python.trace" | grep -E '^(calls|live)')
	echo "$a / $b"
	[ -n "$a" ] && [ "$a" = "$b" ]
}
check "replay: the same calls, whoever serves them" same_calls
head -c 5000 "$out/python.trace" >"$out/cut.trace"
refuses "replay: a trace that was cut" "is no trace: it ends inside" "$quire" replay "$out/cut.trace"
refuses "replay: no trace at all" "is no trace" "$quire" replay "$quire"
refuses "replay: no file" "cannot read" "$quire" replay /nonexistent

"$quire" preload /usr/bin/python3 -c 'import time
blocks = [bytes(3000) for _ in range(8000)]
time.sleep(20)' &
sleeper=$! # quire becomes python3
looks_on() {
	"$quire" top $sleeper >"$out/top.txt" || return 1
	head -3 "$out/top.txt"
	grep -q '^Node 0, zone   Normal' "$out/top.txt" &&
		awk '$1 ~ /^malloc-3/ && $2 >= 8000 { found = 1 } END { exit !found }' "$out/top.txt"
}
for _ in 1 2 3 4 5 6 7 8 9 10; do
	grep -qs libquire-malloc "/proc/$sleeper/maps" && break
	sleep 0.1
done
sleep 1
check "top: eight thousand objects of one size are seen from outside" looks_on
kill $sleeper 2>/dev/null
refuses "top: a process without the library" "does not run on" "$quire" top $$
refuses "top: no process" "no process" "$quire" top 99999999

echo "1..$n"
[ $failures = 0 ]
