#!/bin/sh
# SPDX-License-Identifier: MIT
#
# boards.sh - for run.sh: the cases of the boards that are not the PC.

# The same script, transcript and programs as on the PC.  board_work BOARD CPU OTHER-CPU RAM-LINE [PROGRAM...]
board_work() {
	board=$1
	boot $board 32M "$2" /bin/sh /init test
	steps $board
	check "$board: the memory map is the device tree's" grep -q "^  \[$4\] RAM" $out/boot-$board.txt
	check "$board: the transcript is that of x86-64" compare $board tests/boot/expected/32m.txt
	check "$board: every frame is back" balanced $board
	check "$board: exit status 0" [ "$status" = 0 ]
	second=$3
	shift 4
	for program in mmtests threads inject sysfuzz frag hotplug hwpoison "$@"; do
		boot $board 128M "$second" /bin/tests/$program
		steps $board
		check "$board: $program: exit status 0" [ "$status" = 0 ]
		check "$board: $program: every frame is back" balanced $board
	done
}

# Its kernel's own mistakes, with what the processor says of them.  board_crashes BOARD CPU NULL-WORDS CODE-WORDS
board_crashes() {
	board=$1
	APPEND=crash=stack boot $board 64M "$2" /bin/tests/hello
	check "$board: a kernel stack that overflows is named" grep -q 'BUG: kernel stack overflow of .*guard page' $out/boot-$board.txt
	check "$board: and ends with status 98" [ "$status" = 98 ]
	APPEND=crash=null boot $board 64M "$2" /bin/tests/hello
	check "$board: the kernel writing nowhere is reported" grep -q 'BUG: NULL pointer in kernel mode' $out/boot-$board.txt
	check "$board: and why" grep -q "$3" $out/boot-$board.txt
	APPEND=crash=init boot $board 64M "$2" /bin/tests/hello
	check "$board: the part that only the start needs is not run again" grep -q "$4" $out/boot-$board.txt
	check "$board: and ends with status 98" [ "$status" = 98 ]
}

# QEMU's virt, on several processors and interrupt controllers.
aarch64_case() {
	scripts/build.sh bare-aarch64 || { not_ok "aarch64: the kernel does not build"; return; }
	ARCH=aarch64
	board_work aarch64 cortex-a57 max 000040000000-000041ffffff
	for machine in cortex-a53:gic-version=2 cortex-a53:virtualization=on cortex-a57:secure=on \
		max:gic-version=3 max:gic-version=3,virtualization=on; do
		QUIRE_MACHINE=${machine#*:} boot aarch64 64M "${machine%%:*}" /bin/tests/hello 42
		check "aarch64: $machine: exit status 42" [ "$status" = 42 ]
		check "aarch64: $machine: every frame is back" balanced aarch64
	done
	check "aarch64: version 3 of the interrupt controller was used" grep -q '^GIC version 3' $out/boot-aarch64.txt
	board_crashes aarch64 max '^ESR 9[0-9a-f]*: data abort, translation' '^ESR 8[0-9a-f]*: instruction abort, translation'
	aarch64_ends
	ARCH=x86_64
}

aarch64_ends() {
	# No loader: nothing is in x0, and where that leads there is no device tree.
	timeout 60 qemu-system-aarch64 -machine virt -cpu max -m 64M -nodefaults -display none -no-reboot -serial stdio \
		-semihosting-config enable=on,target=native \
		-device loader,file=build/bare-aarch64/quire-kernel.img,addr=0x40200000,cpu-num=0 </dev/null >$out/boot-aarch64.txt 2>&1
	status=$?
	check "aarch64: a device tree that is none is refused in words" \
		grep -q 'PANIC: the device tree at 0 cannot be used: it does not begin like one' $out/boot-aarch64.txt
	check "aarch64: and ends with status 98" [ $status = $((2 * 98 + 1)) ]
	# Nobody serves semihosting: the machine is switched off by PSCI, and QEMU says 0.
	timeout 60 qemu-system-aarch64 -machine virt -cpu max -m 64M -nodefaults -display none -no-reboot -serial stdio \
		-kernel build/bare-aarch64/quire-kernel.img -initrd build/bare-aarch64/initramfs.cpio \
		-append "init=/bin/tests/hello -- 42" </dev/null >$out/boot-aarch64.txt 2>&1
	status=$?
	check "aarch64: without semihosting PSCI switches it off" [ $status = 0 ]
	check "aarch64: after its work" balanced aarch64
}

# QEMU's virt for RISC-V, and its three kinds of page tables.
riscv64_case() {
	scripts/build.sh bare-riscv64 || { not_ok "riscv64: the kernel does not build"; return; }
	ARCH=riscv64
	board_work riscv64 rv64 sifive-u54 000080000000-000081ffffff
	board_crashes riscv64 rv64 '^scause 15: page fault of a store' '^scause 12: page fault of code'
	APPEND="kfence.sample_interval=1 mistake=kfence" boot riscv64 128M rv64 /bin/cat /sys/kernel/debug/kfence/stats
	check "riscv64: closed pages find every planted mistake" [ "$(grep -c 'BUG: KFENCE: ' $out/boot-riscv64.txt)" = 6 ]
	# One level more.  (Sv57 differs from it as it from Sv39; the formats' tests have it.)
	scripts/build.sh bare-riscv64-sv48 || { not_ok "riscv64: the kernel for Sv48 does not build"; return; }
	KERNEL=build/bare-riscv64-sv48/quire-kernel.img boot riscv64 64M rv64 /bin/sh /init test
	check "riscv64: Sv48: on" grep -q "on: sv48 asid16" $out/boot-riscv64.txt
	check "riscv64: Sv48: the transcript is that of x86-64" compare riscv64 tests/boot/expected/32m.txt
	check "riscv64: Sv48: every frame is back" balanced riscv64
	KERNEL=build/bare-riscv64-sv48/quire-kernel.img LIMIT=30 boot riscv64 64M rv64,mmu=off /bin/tests/hello 3
	check "riscv64: a processor without such tables is named" \
		grep -q 'PANIC: this processor has no page tables of the kind' $out/boot-riscv64.txt
	ARCH=x86_64
}

# Words of 32 bits, on a board of 2009 and on QEMU's own: the same script, transcript and programs.
armv7_case() {
	scripts/build.sh bare-armv7 || { not_ok "armv7: the kernel does not build"; return; }
	ARCH=armv7
	MACHINE=vexpress-a9
	board_work armv7-$MACHINE cortex-a9 cortex-a9 000060000000-000061ffffff kuser_armv7 divide_armv7
	MACHINE=virt
	board_work armv7-$MACHINE cortex-a15 cortex-a15 000040000000-000041ffffff kuser_armv7 divide_armv7
	armv7_refuses
	armv7_others
	board_crashes armv7 cortex-a15 '^FSR 0*805: translation of a section' '^FSR 0*f: permission of a page'
	armv7_ends
	MACHINE='' ARCH=x86_64
}

armv7_refuses() { # a program for another machine
	mkdir -p $out/armv7-extra/bin/tests
	cp build/bare-x86_64/user/hello $out/armv7-extra/bin/tests/hello64
	(cd $out/armv7-extra && printf 'bin\nbin/tests\nbin/tests/hello64\n' | cpio -o -H newc --quiet) >$out/armv7-extra.cpio
	cat build/bare-armv7/initramfs.cpio $out/armv7-extra.cpio >$out/armv7.cpio
	INITRD=$out/armv7.cpio boot armv7 128M cortex-a15 /bin/tests/hello64
	check "armv7: a program for a 64-bit machine is refused in words" \
		grep -q 'exec: /bin/tests/hello64 is a program for a 64-bit machine, and this machine is armv7l' $out/boot-armv7.txt
}

armv7_others() { # HYP mode, a secure CPU, a newer one
	for machine in cortex-a7:virtualization=on cortex-a15:secure=on max:gic-version=2; do
		QUIRE_MACHINE=${machine#*:} boot armv7 64M "${machine%%:*}" /bin/tests/hello 42
		check "armv7: $machine: exit status 42" [ "$status" = 42 ]
		check "armv7: $machine: every frame is back" balanced armv7
	done
}

armv7_ends() {
	# No loader: nothing is in r2, and no RAM is there.
	timeout 60 qemu-system-arm -machine virt -cpu cortex-a15 -m 64M -nodefaults -display none -no-reboot -serial stdio \
		-semihosting-config enable=on,target=native \
		-device loader,file=build/bare-armv7/quire-kernel.img,addr=0x42000000,cpu-num=0 </dev/null >$out/boot-armv7.txt 2>&1
	status=$?
	check "armv7: moved to where it is linked, it refuses a device tree that is none in words" \
		grep -q 'PANIC: the device tree at 0 cannot be used: it is out of reach' $out/boot-armv7.txt
	check "armv7: and ends with status 98" [ $status = $((2 * 98 + 1)) ]
	# Nobody serves semihosting: the machine is switched off by PSCI, and QEMU says 0.
	timeout 60 qemu-system-arm -machine virt -cpu cortex-a15 -m 64M -nodefaults -display none -no-reboot -serial stdio \
		-kernel build/bare-armv7/quire-kernel.img -initrd build/bare-armv7/initramfs.cpio \
		-append "init=/bin/tests/hello -- 42" </dev/null >$out/boot-armv7.txt 2>&1
	status=$?
	check "armv7: without semihosting PSCI switches it off" [ $status = 0 ]
	check "armv7: after its work" balanced armv7
}

# A quarter of RAM has no address in the kernel: programs get it first, and everything else works all the same.
highmem_case() {
	scripts/build.sh bare-armv7 && scripts/build.sh bare-armv7-3g quire-kernel || { not_ok "highmem: the kernel does not build"; return; }
	ARCH=armv7 MACHINE=virt KERNEL=build/bare-armv7-3g/quire-kernel.img INITRD=build/bare-armv7/initramfs.cpio
	for program in highmem_armv7 mmtests "frag order" "frag memory"; do
		# shellcheck disable=SC2086
		boot highmem 1G cortex-a15 /bin/tests/$program
		steps highmem
		check "highmem: $program: exit status 0" [ "$status" = 0 ]
		check "highmem: $program: every frame is back" balanced highmem
		check "highmem: $program: the zone is there" \
			grep -q '^  HighMem  000070000000 - 000080000000  65536 pages, 65536 given' $out/boot-highmem.txt
		check "highmem: $program: nothing is skipped for want of highmem" \
			sh -c "! grep -q '^skip this machine has no highmem' $out/boot-highmem.txt"
	done
	MACHINE='' KERNEL='' INITRD='' ARCH=x86_64
}
