#!/bin/sh
# SPDX-License-Identifier: MIT
#
# bench-vm.sh - virtual memory: the same static binary on Debian's kernel and on quire, in the same QEMU.
#
# With -icount one guest instruction is one nanosecond, so every figure is an exact count of instructions.  Debian's
# side is kept in build/bench per kernel package and binary; the smallest kernel's figures are in linux-6.1-icount.tsv.
# Prints a table and one line per bar: "bar NAME MEASURED LIMIT ok|short".  Always exits 0.

cd "$(dirname "$0")/.." || exit
out=build/bench
kernel=build/bare-x86_64
initrd=$kernel/initramfs.cpio
mkdir -p $out

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

compare() {
	table "$linux" >$out/debian.tsv
	table $out/quire.txt >$out/quire.tsv
	awk -F '\t' -v OFS='\t' '
		FILENAME ~ /icount/ { if ($1 !~ /^#/) { tiny[$1] = $3; order[++rows] = $1 } next }
		FILENAME ~ /debian/ { debian[$1] = $2; next }
		{ quire[$1] = $2 }
		END {
			print "# row", "quire", "debian", "tiny", "quire/debian", "quire/tiny"
			for (i = 1; i <= rows; i++) {
				r = order[i]
				# A row that does not run counts as ten times as slow: leaving it out must not pay.
				a = r in quire && r in debian ? quire[r] / debian[r] : 10
				b = r in quire ? quire[r] / tiny[r] : 10
				print r, r in quire ? quire[r] : "-", r in debian ? debian[r] : "-", tiny[r], \
					sprintf("%.3f", a), sprintf("%.3f", b)
			}
		}' bench/linux-6.1-icount.tsv $out/debian.tsv $out/quire.tsv >$out/vm.x86_64.tsv
	awk -F '\t' '
		{ printf "%-30s %14s %14s %14s %13s %11s\n", $1, $2, $3, $4, $5, $6 }
		/^#/ || $1 == "touch_resident_page" || $1 == "calib_1000_insn" { next }
		{ d += log($5); t += log($6); n++; if ($5 > worst) { worst = $5; row = $1 } }
		END {
			printf "%-30s %14s %14s %14s %13.3f %11.3f\n", "geometric mean", "", "", "", exp(d / n), exp(t / n)
			print "worst row: " row
			printf "%.3f %.3f %.3f\n", exp(d / n), exp(t / n), worst > "'$out/summary'"
		}' $out/vm.x86_64.tsv
}

growth() {
	bench/guest.sh quire 512 $initrd /bin/sh /init bench tests/vma_growth >$out/growth.txt 2>/dev/null
	awk -F '\t' '
		/^growth\.[a-z]+\t/ { if ($2 == 1000) small[$1] = $3; else large[$1] = $3 }
		END {
			for (op in large) {
				ratio = large[op] / small[op]
				printf "%-20s %10.1f among 1,000 areas %10.1f among 100,000: %.2f\n", op, small[op], large[op], ratio
				if (ratio > most) most = ratio
				n++
			}
			print n == 4 ? sprintf("%.2f", most) : "-" > "'$out/growth-most'"
		}' $out/growth.txt
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

# The other machine, against the figures of Debian's arm64 kernel in linux-6.1-icount.tsv.
aarch64_bars() {
	scripts/setup.sh run-aarch64 && scripts/build.sh bare-aarch64 || { echo "- -" >$out/summary-aarch64; return; }
	bench/guest.sh quire-aarch64 512 build/bare-aarch64/initramfs.cpio /bin/sh /init bench >$out/quire-aarch64.txt 2>/dev/null
	table $out/quire-aarch64.txt >$out/quire-aarch64.tsv
	awk -F '\t' '
		FILENAME ~ /icount/ { if ($1 !~ /^#/ && $6 + 0 > 0) { debian[$1] = $6; order[++rows] = $1 } next }
		{ quire[$1] = $2 }
		END {
			for (i = 1; i <= rows; i++) {
				r = order[i]
				a = r in quire ? quire[r] / debian[r] : 10
				printf "aarch64 %-30s %14s %14s %13.3f\n", r, r in quire ? quire[r] : "-", debian[r], a
				if (r == "touch_resident_page" || r == "calib_1000_insn") continue
				d += log(a); n++
				if (a > worst) { worst = a; row = r }
			}
			print "worst row: " row
			printf "%.3f %.3f\n", exp(d / n), worst > "'$out/summary-aarch64'"
		}' bench/linux-6.1-icount.tsv $out/quire-aarch64.tsv
}

scripts/setup.sh bench || exit 0
scripts/build.sh bare-x86_64 || exit 0
: >$out/bars
echo "commit $(git rev-parse --short HEAD 2>/dev/null || echo none), $(qemu-system-x86_64 --version | head -1), $(gcc --version | head -1)"
linux_side
echo "running mmbench on quire"
bench/guest.sh quire 512 $initrd /bin/sh /init bench >$out/quire.txt 2>/dev/null
compare
growth
echo
read -r debian tiny worst <$out/summary
bar vm.x86_64.geomean-debian "$debian" 0.45
bar vm.x86_64.geomean-tiny "$tiny" 0.75
bar vm.x86_64.worst-row-debian "$worst" 0.90
bar vm.x86_64.growth "$(cat $out/growth-most)" 1.5
echo "running mmbench on quire, AArch64"
aarch64_bars
read -r debian worst <$out/summary-aarch64
bar vm.aarch64.geomean-debian "$debian" 0.50
bar vm.aarch64.worst-row-debian "$worst" 1.0
boot_bars
size_bars
exit 0
