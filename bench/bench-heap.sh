#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench-heap.sh [ROUNDS [WORKLOAD...]] - malloc: libquire-malloc.so beside glibc and Debian's mimalloc, jemalloc,
# tcmalloc and tbb, every workload under each of them in turn, ROUNDS (3) times.
#
# Prints a table and one line per bar: "bar NAME MEASURED LIMIT ok|short"; writes build/bench/heap.tsv and, of a whole
# run, docs/heap.tsv and docs/heap.svg.  Always exits 0.

cd "$(dirname "$0")/.." || exit
out=build/bench
rounds=${1:-3}
[ $# -gt 0 ] && shift
scripts/setup.sh bench || exit 0
scripts/build.sh release || exit 0
mkdir -p $out

# -fno-builtin: a pair of malloc and free is not to be optimised away.
gcc -std=gnu17 -O2 -Wall -Wextra -D_GNU_SOURCE -fno-builtin-malloc -fno-builtin-free bench/heap.c -o $out/heap -pthread &&
	g++ -O2 bench/programs.cc -o $out/programs-cc -pthread || exit 0

# A large file to compile: a hundred and twenty functions that all differ.
awk 'BEGIN {
	print "struct s { int a[8]; struct s *next; };"
	for (f = 0; f < 120; f++) {
		printf "long f%d(struct s *p, long x)\n{\n\tlong r = x * %d;\n", f, f + 3
		for (i = 0; i < 12; i++)
			printf "\tfor (int i = 0; i < 8; i++)\n\t\tif (p->a[i] > r + %d)\n\t\t\tr += p->a[(i + %d) %% 8] ^ x;\n", i * f, i
		print "\treturn p->next ? r + f0(p->next, r) : r;\n}\n"
	}
}' >$out/large.c
# A million rows, looked up, joined and removed.
cat >$out/rows.sql <<-SQL
	CREATE TABLE t(id INTEGER PRIMARY KEY, k INTEGER, v TEXT);
	WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000)
		INSERT INTO t SELECT i, (i * 7919) % 100003, 'row ' || i FROM n;
	CREATE INDEX tk ON t(k);
	SELECT count(*), sum(length(v)) FROM t WHERE k < 5000;
	SELECT k, count(*) AS c FROM t GROUP BY k ORDER BY c DESC, k LIMIT 5;
	DELETE FROM t WHERE id % 3 = 0;
	SELECT count(*) FROM t;
SQL
rm -rf $out/repository.git
git clone -q --bare . $out/repository.git && git -C $out/repository.git repack -adfq || exit 0

echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo none), $(nproc) processors, $rounds rounds, medians"
python3 bench/heap.py $out "$rounds" "$@" || exit 0
if [ $# = 0 ]; then
	cp $out/heap.tsv docs/heap.tsv
	gnuplot -e "in='$out/heap-plot.tsv'; out='docs/heap.svg'" bench/heap.gp
fi
exit 0
