#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench-frames.sh - page frames: nanoseconds on this machine, instructions in the boot kernel, and what is left of large
# blocks after a while.  bench/frames.c and apps/kernel/bench.c say how each is measured.
#
# Prints tables and one line per bar: "bar NAME MEASURED LIMIT ok|short"; writes build/bench/frames*.tsv.  Always exits 0.
# ROUNDS: how often everything is timed (7).  FRAMES, QUIRE_KERNEL: a program or kernel that is built already.

cd "$(dirname "$0")/.." || exit
out=build/bench
raw=$out/frames.txt
tab=$(printf '\t')
mkdir -p $out

# bar most|least NAME MEASURED LIMIT: the limit is the most, or the least, that is ok.  MEASURED "-": there is no figure.
bar() {
	awk -v sense="$1" -v name="$2" -v got="$3" -v limit="$4" 'BEGIN {
		ok = got != "-" && (sense == "most" ? got + 0 <= limit + 0 : got + 0 >= limit + 0)
		printf "bar %s %s %s %s\n", name, got, limit, ok ? "ok" : "short" }' | tee -a $out/frames.bars
}

# figure FILE KEY...: the field after a line's first fields KEY..., or "-".
figure() {
	file=$1; shift
	key=$(printf '%s\t' "$@")
	awk -v key="$key" 'index($0, key) == 1 { $0 = substr($0, length(key) + 1); print $1; found = 1; exit }
		END { if (!found) print "-" }' "$file"
}

# ---- on this machine ---------------------------------------------------------------------------------------------

time_table() {
	awk -F '\t' -v OFS='\t' '
		$1 != "time" { next }
		{ row = $2 OFS $3 OFS $4 OFS $5 }
		$6 == "machine" { add = $7 }
		$6 == "quire" { order[++rows] = row; q[row] = $7; least[row] = $8; most[row] = $9; failed[row] = $10
			if ($4 == 1) one[$2, $3, $5] = $7
			else alone[row] = one[$2, $3, $5] }
		$6 == "null" { null[row] = $7 }
		END {
			print "# workload", "order", "threads", "op", "ns", "min", "max", "null ns", "x null", "x atomic", "x 1 thread", "refused"
			for (i = 1; i <= rows; i++) {
				r = order[i]
				print r, q[r], least[r], most[r], null[r], sprintf("%.2f", q[r] / null[r]), sprintf("%.2f", q[r] / add), \
					r in alone ? sprintf("%.2f", q[r] / alone[r]) : "-", failed[r]
			}
		}' $raw >$out/frames.tsv
	awk -F '\t' '
		{ printf "%-10s %5s %7s %-5s %8s %8s %8s %8s %8s %9s %11s %8s\n", $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 }
		/^#/ { next }
		{ null += log($9); add += log($10); n++ }
		$11 != "-" { two += log($11); pairs++ }
		END { if (n && pairs) printf "%-62s %8.2f %9.2f %11.2f\n", "geometric mean", exp(null / n), exp(add / n), exp(two / pairs) }
		' $out/frames.tsv
	awk -F '\t' '$1 == "time" && $6 == "machine" { print "one uncontended atomic add: " $7 " ns (" $8 " to " $9 ")" }' $raw
}

frag_table() {
	{
		printf '# what\torder 9\twhole\tunmovable\tideal\tmoves\n'
		sed -n "s/^frag$tab//p" $raw
	} | tee $out/frames-frag.tsv | awk -F '\t' '{ printf "%-28s %8s %8s %10s %8s %8s\n", $1, $2, $3, $4, $5, $6 }'
	sed -n "s/^meta$tab//p" $raw | tee $out/frames-meta.tsv | awk -F '\t' '{ printf "%-28s %s\n", $1, $2 }'
}

time_bars() {
	while read -r workload order op limit; do
		bar most "frames.order$order.$workload.$op-ns" "$(figure $out/frames.tsv "$workload" "$order" 1 "$op")" "$limit"
	done <<-LIMITS
		bulk50 0 get 10
		bulk50 0 put 10
		rand50 0 get 10
		rand50 0 put 23
		refill90 0 get 25
		refill90 0 put 24
		repeat50 0 pair 5
		churn50 0 pair 60
		bulk50 9 get 11
		bulk50 9 put 20
		repeat50 9 pair 30
		churn50 9 pair 30
	LIMITS
	for order in 0 9; do
		for of in bulk50.get bulk50.put bulk100.get bulk100.put rand50.get rand50.put refill90.get refill90.put \
			repeat50.pair churn50.pair; do
			ratio=$(awk -F '\t' -v workload="${of%.*}" -v order=$order -v op="${of#*.}" '
				$1 == workload && $2 == order && $3 == 2 && $4 == op { n = $11 } END { print n == "" ? "-" : n }
				' $out/frames.tsv)
			bar most "frames.order$order.$of-2-threads" "$ratio" 1.15
		done
	done
}

# frag ROW COLUMN: from the table of fragmentation; order 9 is column 2.
frag() { awk -F '\t' -v row="$1" -v column="$2" '$1 == row { n = $column } END { print n == "" ? "-" : n }' $out/frames-frag.tsv; }

frag_bars() {
	bar least frames.F1.order9 "$(frag F1 2)" 409
	bar least frames.F1.order9-after-compaction "$(frag F1-compacted 2)" 2207
	bar most frames.F1.moves-of-greedy "$(awk -F '\t' '$1 == "F1" { greedy = $6 } $1 == "F1-compacted" { n = $6 }
		END { print greedy ? sprintf("%.3f", n / greedy) : "-" }' $out/frames-frag.tsv)" 1.1
	bar least frames.F2.whole "$(frag F2 3)" 2033
	bar least frames.F2.order9 "$(frag F2 2)" 2033
	bar most frames.F3-types.unmovable "$(frag F3-types 4)" 369
	bar least frames.F3-types.order9 "$(frag F3-types 2)" 3727
	for how in churned churned-in-batches; do
		bar most frames.F3-types-$how.unmovable "$(frag F3-types-$how 4)" 376
		bar least frames.F3-types-$how.order9 "$(frag F3-types-$how 2)" 3715
	done
	bar most frames.F3-no-types.unmovable "$(frag F3-no-types 4)" 3687
	bar most frames.struct-page-bytes "$(figure $out/frames-meta.tsv struct-page-bytes)" 32
	bar most frames.metadata-percent "$(figure $out/frames-meta.tsv percent-of-ram)" 0.85
	bar most frames.hand-over-16g-ms "$(figure $out/frames-meta.tsv hand-over-16g-ms)" 40
}

# Simulated CPUs, counted store by store and lock by lock: tests/lines.  A batch is QUIRE_PCP_BATCH, 63 frames.
cpu_bars() {
	for cpus in 16 64; do
		for row in lock-per-op foreign-frees.lock-per-op; do
			bar most frames.cpus$cpus.$row "$(figure $out/frames-cpus.tsv cpus$cpus.$row)" 0.0159
		done
		for row in local.lock-per-op local.lines-shared local.descriptors-shared; do
			bar most frames.cpus$cpus.$row "$(figure $out/frames-cpus.tsv cpus$cpus.$row)" 0
		done
	done
}

# ---- in the boot kernel ------------------------------------------------------------------------------------------

run_kernel() {
	: | cpio -o -H newc --quiet >$out/empty.cpio
	APPEND=bench=frames bench/guest.sh quire 512 $out/empty.cpio /init >$out/frames-kernel.txt 2>/dev/null
	awk -v OFS='\t' '$1 == "bench" && NF == 3 { print $2, $3 }' $out/frames-kernel.txt >$out/frames-kernel.tsv
	echo "in the boot kernel, instructions:"
	awk -F '\t' '{ printf "%-28s %10s\n", $1, $2 }' $out/frames-kernel.tsv
	grep '^bench check' $out/frames-kernel.txt || echo "bench check: the kernel did not get to its end"
}

kernel_bars() {
	while read -r name row limit; do
		bar most "$name.$row" "$(figure $out/frames-kernel.tsv "$row")" "$limit"
	done <<-LIMITS
		frames.kernel order0-get 120
		frames.kernel order0-put 120
		frames.kernel order0-pair 60
		frames.kernel order9-get 300
		frames.kernel order9-put 300
		frames.kernel alloc_page-pair 60
		heap.kernel kmem_cache-pair 32
		heap.kernel kmalloc-16-pair 40
		heap.kernel kmalloc-64-pair 40
		heap.kernel kmalloc-256-pair 40
		heap.kernel kmalloc-1024-pair 40
		maps.kernel vmap-64-page 30
		maps.kernel vmap-1024-page 30
	LIMITS
	# vmalloc and vfree without the frames that they take and put: for each page.  (One page alone: no bar, there is
	# no figure of Linux's.)
	for pages in 64 1024; do
		bar most "maps.kernel.vmalloc-$pages-page" "$(awk -F '\t' -v row="vmalloc-$pages-pair" -v pages=$pages '
			{ n[$1] = $2 } END { print row in n ? sprintf("%.1f", n[row] / pages - n["order0-get"] - n["order0-put"]) : "-" }
			' $out/frames-kernel.tsv)" 30
	done
}

scripts/setup.sh run || exit 0
[ -n "$FRAMES" ] || scripts/build.sh release bench-frames || exit 0
scripts/build.sh release lines.cpus && build/release/tests/lines.cpus figures >$out/frames-cpus.tsv || : >$out/frames-cpus.tsv
[ -n "$QUIRE_KERNEL" ] || scripts/build.sh bare-x86_64 quire-kernel || exit 0
: >$out/frames.bars
echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo none), $(qemu-system-x86_64 --version | head -1), $(gcc --version | head -1)"
echo "$(nproc) x $(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1), load $(cut -d ' ' -f 1 /proc/loadavg); ${ROUNDS:-7} rounds, CPU time, medians"
"${FRAMES:-build/release/bench-frames}" "${ROUNDS:-7}" >$raw || echo "bench/frames.c did not get to its end"
time_table
echo
frag_table
echo
run_kernel
echo
time_bars
frag_bars
cpu_bars
kernel_bars
exit 0
