#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench-vm.sh - virtual memory: the same static binary on Debian's kernel and on quire, in the same QEMU.
#
# With -icount one guest instruction is one nanosecond, so every figure is an exact count of instructions.  Debian's
# side of x86-64 is kept in build/bench per kernel package and binary; the smallest kernel's figures, and those of other
# machines, are in linux-6.1-icount.tsv.  RISC-V has no figures of Linux: it stands beside x86-64.
# Prints a table for each machine (also build/bench/vm.ARCH.tsv) and one line per bar: "bar NAME MEASURED LIMIT ok|short".
# Always exits 0.

cd "$(dirname "$0")/.." || exit
out=build/bench
kernel=build/bare-x86_64
initrd=$kernel/initramfs.cpio
mkdir -p $out

# guest ARCH [ARG...]: its kernel, with its programs; with $append on the kernel's command line.
guest() {
	case $1 in x86_64) name=quire ;; *) name=quire-$1 ;; esac
	programs=build/bare-$1/initramfs.cpio; shift
	APPEND=$append bench/guest.sh "$name" 512 "$programs" "$@" 2>/dev/null
}
append=

# bar NAME MEASURED LIMIT: MEASURED may be "-" when there is no figure.
bar() {
	awk -v name="$1" -v got="$2" -v limit="$3" 'BEGIN {
		printf "bar %s %s %s %s\n", name, got, limit, got != "-" && got + 0 <= limit + 0 ? "ok" : "short" }' |
		tee -a $out/bars
}

# table FILE: the rows of mmbench's output, "name <tab> median".
table() { awk -F '\t' 'NF == 6 && $3 + 0 > 0 { print $1 "\t" $3 }' "$1"; }

linux_side() {
	id=$(cat build/cache/linux/version $kernel/user/mmbench | cksum | cut -d ' ' -f 1)
	linux=$out/linux-$id.txt
	if ! grep -q '^# end' "$linux" 2>/dev/null; then
		echo "running mmbench on $(cat build/cache/linux/version) (about a minute; kept for the next time)"
		bench/guest.sh linux 512 $initrd /bin/sh /init bench >"$linux" 2>/dev/null
	fi
}

# linux_figures ARCH DEBIAN TINY: $out/linux-ARCH.tsv, rows of name, Debian's kernel, the smallest, from these columns of
# linux-6.1-icount.tsv.  Column 0: there are none.  x86-64: Debian's are those just measured.
# shellcheck disable=SC2046
linux_figures() {
	[ "$1" != x86_64 ] || table "$linux" >$out/debian.tsv
	awk -F '\t' -v OFS='\t' -v arch="$1" -v debian="$2" -v tiny="$3" '
		FILENAME ~ /debian/ { measured[$1] = $2; next }
		!/^#/ {
			print $1, arch == "x86_64" ? ($1 in measured ? measured[$1] : "-") : debian ? $debian : "-", tiny ? $tiny : "-"
		}' $([ "$1" != x86_64 ] || echo $out/debian.tsv) bench/linux-6.1-icount.tsv >"$out/linux-$1.tsv"
}

# compare ARCH: the table, and $out/summary-ARCH: the geometric means against both, and the worst row against Debian's.
compare() {
	guest "$1" /bin/sh /init bench >"$out/quire-$1.txt"
	table "$out/quire-$1.txt" >"$out/quire-$1.tsv"
	awk -F '\t' -v OFS='\t' '
		# A row that does not run counts as ten times as slow: leaving it out must not pay.
		function ratio(a, b) { return b == "-" ? "-" : sprintf("%.3f", a == "-" ? 10 : a / b) }
		FILENAME ~ /quire-/ { quire[$1] = $2; next }
		FNR == 1 { print "# row", "quire", "debian", "tiny", "quire/debian", "quire/tiny" }
		{
			q = $1 in quire ? quire[$1] : "-"
			print $1, q, $2, $3, $2 == "-" && $3 != "-" ? "10.000" : ratio(q, $2), ratio(q, $3)
		}' "$out/quire-$1.tsv" "$out/linux-$1.tsv" >"$out/vm.$1.tsv"
	awk -F '\t' -v arch="$1" -v summary="$out/summary-$1" '
		function mean(sum, n) { return n ? sprintf("%.3f", exp(sum / n)) : "-" }
		{ printf "%-8s%-30s %14s %14s %14s %13s %11s\n", arch, $1, $2, $3, $4, $5, $6 }
		/^#/ || $1 == "touch_resident_page" || $1 == "calib_1000_insn" { next }
		$5 != "-" { d += log($5); nd++; if ($5 > worst) { worst = $5; row = $1 } }
		$6 != "-" { t += log($6); nt++ }
		END {
			printf "%-8s%-30s %14s %14s %14s %13s %11s\n", arch, "geometric mean", "", "", "", mean(d, nd), mean(t, nt)
			print "worst row: " row
			print mean(d, nd), mean(t, nt), worst ? worst : "-" > summary
		}' "$out/vm.$1.tsv"
}

# growth ARCH: what 100,000 areas cost more than 1,000; the most in $out/growth-ARCH.
growth() {
	guest "$1" /bin/sh /init bench tests/vma_growth >"$out/growth-$1.txt"
	awk -F '\t' -v most_of="$out/growth-$1" '
		/^growth\.[a-z]+\t/ { if ($2 == 1000) small[$1] = $3; else large[$1] = $3 }
		END {
			for (op in large) {
				ratio = large[op] / small[op]
				printf "%-20s %10.1f among 1,000 areas %10.1f among 100,000: %.2f\n", op, small[op], large[op], ratio
				if (ratio > most) most = ratio
				n++
			}
			print n == 4 ? sprintf("%.2f", most) : "-" > most_of
		}' "$out/growth-$1.txt"
}

# vmalloc ARCH: the kernel's own, with vfree, for each page, without the frames that they take and put; 4 MiB are 1,024.
# One page alone has no bar.
vmalloc() {
	append=bench=frames
	guest "$1" /init >"$out/vmalloc-$1.txt"
	append=
	for pages in 1 64 1024; do
		page=$(awk -v row="vmalloc-$pages-pair" -v pages=$pages '$1 == "bench" && NF == 3 { n[$2] = $3 }
			END { print row in n ? sprintf("%.1f", n[row] / pages - n["order0-get"] - n["order0-put"]) : "-" }' "$out/vmalloc-$1.txt")
		if [ $pages = 1 ]; then echo "vmalloc of one page: $page"; else bar "vm.$1.vmalloc-$pages-page" "$page" 30; fi
	done
}

# another ARCH DEBIAN TINY WORD: all that is measured on a machine that is not x86-64; columns as for linux_figures.
another() {
	echo "running mmbench on quire, $4"
	rm -f "$out/summary-$1" "$out/growth-$1" "$out/vm.$1.tsv"
	scripts/setup.sh "run-$1" && scripts/build.sh "bare-$1" || { echo "- - -" >"$out/summary-$1"; return; }
	linux_figures "$1" "$2" "$3"
	compare "$1"
	[ "$2" != 0 ] || return
	growth "$1"
	vmalloc "$1"
}

# bars_of_another ARCH
bars_of_another() {
	read -r debian tiny worst <"$out/summary-$1"
	bar "vm.$1.geomean-debian" "$debian" 0.50
	[ "$tiny" = - ] || bar "vm.$1.geomean-tiny" "$tiny" 0.80
	bar "vm.$1.worst-row-debian" "$worst" 1.0
	bar "vm.$1.growth" "$(cat "$out/growth-$1" 2>/dev/null || echo -)" 1.5
}

# RISC-V beside x86-64: no bar.
beside_x86_64() {
	another riscv64 0 0 RISC-V >/dev/null
	[ -s $out/vm.riscv64.tsv ] || { echo "there are no figures of RISC-V"; return; }
	awk -F '\t' -v OFS='\t' '
		/^#/ { next }
		FILENAME ~ /x86_64/ { x86[$1] = $2; next }
		FNR == 1 { print "# row", "riscv64", "x86_64", "riscv64/x86_64" }
		{ print $1, $2, x86[$1], $2 == "-" || x86[$1] == "-" ? "-" : sprintf("%.3f", $2 / x86[$1]) }
		' $out/vm.x86_64.tsv $out/vm.riscv64.tsv >$out/vm.riscv64-x86_64.tsv
	awk -F '\t' '{ printf "%-38s %14s %14s %15s\n", $1, $2, $3, $4 }
		/^#/ || $4 == "-" || $1 == "touch_resident_page" || $1 == "calib_1000_insn" { next }
		{ sum += log($4); n++ }
		END { if (n) printf "%-38s %14s %14s %15.3f\n", "geometric mean", "", "", exp(sum / n) }' $out/vm.riscv64-x86_64.tsv
}

# The instruction count that the kernel prints when the first program starts, with so much memory.
first_instruction() {
	APPEND=timing bench/guest.sh quire "$1" $out/small.cpio /bin/hello 2>/dev/null >$out/boot-$1.txt
	awk '/quire: first user instruction at/ { sub(/.*instruction at /, ""); n = $1 } END { print n == "" ? "-" : n }' $out/boot-$1.txt
}

boot_bars() {
	root=$(mktemp -d)
	mkdir -p "$root/bin" "$root/dev" "$root/proc" "$root/tmp"
	cp $kernel/user/hello "$root/bin/" && strip "$root/bin/hello"
	(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --quiet) >$out/small.cpio
	rm -rf "$root"
	small=$(first_instruction 256)
	large=$(first_instruction 1280)
	bar boot.x86_64.first-instruction-256m "$small" 30000000
	if [ "$small" = - ] || [ "$large" = - ]; then more=-; else more=$((large - small)); fi
	bar boot.x86_64.per-gib "$more" 4000000
	# As the machine itself says: "(... reserved, of it N K frame descriptors)" of all RAM.
	bar size.frame-metadata-percent "$(sed -n 's|^Memory: [0-9]*K/\([0-9]*\)K.*of it \([0-9]*\)K frame.*|\2 \1|p' \
		$out/boot-256.txt | awk '{ printf "%.2f", $1 * 100 / $2 }')" 0.85
}

# compile_small FOLDER...: their objects in $objects, -Os and $lto; fails when one does not compile.
compile_small() {
	for file in $(find "$@" -name '*.c'); do
		# shellcheck disable=SC2086
		gcc -std=gnu17 -Os $lto -ffreestanding -m64 -mno-red-zone -mgeneral-regs-only -fno-pic -fno-pie -fno-stack-protector \
			-fno-asynchronous-unwind-tables -fcf-protection=none -ffunction-sections -fdata-sections \
			-Iinclude -Isrc -I$port $small_flags -c "$file" -o "$objects/$(echo "$file" | tr / _).o" 2>>$out/size.log || return
	done
}

# Bytes of code and constants that an embedder of pages and heap links: every function that the headers named declare,
# those of $start, and what all these need; of boot memory what the hand-over needs.  Linked as one who counts bytes
# links, with -flto.
text_pages_heap() { # HEADER...
	for header; do gcc -fpreprocessed -dD -E -P "include/quire/$header" 2>/dev/null; done | grep -oE '[a-zA-Z_0-9]+ *\(' | tr -d ' (' | sort -u >$out/declared
	gcc-nm -g --defined-only "$objects"/src_boot* "$objects"/src_frames* "$objects"/src_heap* |
		awk 'NF == 3 { print $3 }' | sort -u >$out/defined
	# shellcheck disable=SC2046
	gcc -o "$objects/linked" -Os -flto=auto -ffreestanding -nostdlib -static -fno-asynchronous-unwind-tables \
		-Wl,-e,0 -Wl,--gc-sections -Wl,--build-id=none -Wl,--unresolved-symbols=ignore-all \
		$(comm -12 $out/declared $out/defined | sed 's/^/-Wl,-u,/') $(echo $start | sed 's/[^ ][^ ]*/-Wl,-u,&/g') "$objects"/*.o 2>>$out/size.log
	size "$objects/linked" | awk 'NR > 1 { n = $1 } END { print n ? n : "-" }'
}

text_all() {
	compile_small src || { echo -; return; }
	size "$objects"/*.o | awk 'NR > 1 { n += $1 } END { print n }'
}

size_bars() {
	: >$out/size.log
	start=
	port=ports/none/include
	[ -e $port/quire_port.h ] || port=ports/posix/include
	objects=$(mktemp -d)
	lto=-flto
	compile_small src/base src/boot src/frames src/heap
	lto=
	pages_heap="boot.h gfp.h page.h mmzone.h slab.h percpu.h vmstat.h"
	# shellcheck disable=SC2086
	bar size.text-pages-heap "$(text_pages_heap $pages_heap)" 40960
	# shellcheck disable=SC2086
	echo "with every function of memblock.h as well: $(text_pages_heap $pages_heap memblock.h) bytes"
	rm -f "$objects"/linked "$objects"/*
	# A machine of 512 KiB, as tests/boot/run.sh boots one: what starts it, frames, and objects cut from them by slob.
	lto=-flto
	small_flags='-DQUIRE_CONFIG_FILE=<quire/config_tiny.h>'
	compile_small src/base src/boot src/frames src/heap
	start='memblock_add memblock_reserve frames_init memblock_free_all percpu_init heap_init'
	bar size.text-slob-frames "$(text_pages_heap gfp.h page.h slab.h)" 24576
	start=
	echo "without what starts it: $(text_pages_heap gfp.h page.h slab.h) bytes"
	rm -f "$objects"/linked "$objects"/*
	small_flags=-DQUIRE_HEAP=QUIRE_HEAP_SLOB
	compile_small src/base src/boot src/frames src/heap
	echo "and with every other option as it is by default: $(text_pages_heap gfp.h page.h slab.h) bytes"
	small_flags= lto=
	rm -f "$objects"/linked "$objects"/*
	bar size.text-all "$(text_all)" 204800
	rm -rf "$objects"
	page=$(echo '#include <quire/page.h>
		char sizeof_page[sizeof(struct page)] = { 1 };' |
		gcc -std=gnu17 -Iinclude -I$port -x c -c - -o $out/page.o 2>>$out/size.log &&
		nm -S $out/page.o | awk '$4 == "sizeof_page" { print $2 }')
	bar size.struct-page "$(if [ -n "$page" ]; then printf %d "0x$page"; else echo -; fi)" 32
}

scripts/setup.sh bench || exit 0
scripts/build.sh bare-x86_64 || exit 0
: >$out/bars
echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo none), $(qemu-system-x86_64 --version | head -1), $(gcc --version | head -1)"
linux_side
echo "running mmbench on quire"
linux_figures x86_64 2 3
compare x86_64
growth x86_64
echo
read -r debian tiny worst <$out/summary-x86_64
bar vm.x86_64.geomean-debian "$debian" 0.45
bar vm.x86_64.geomean-tiny "$tiny" 0.75
bar vm.x86_64.worst-row-debian "$worst" 0.90
bar vm.x86_64.growth "$(cat $out/growth-x86_64)" 1.5
another aarch64 6 0 AArch64
bars_of_another aarch64
another armv7 4 5 ARMv7
bars_of_another armv7
echo "running mmbench on quire, RISC-V"
beside_x86_64
boot_bars
size_bars
exit 0
