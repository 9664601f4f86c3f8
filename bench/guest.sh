#!/bin/sh
# SPDX-License-Identifier: MIT
#
# guest.sh linux|quire|quire-ARCH RAM-MIB INITRD INIT [ARG...] - boot one kernel under -icount (1 instruction = 1 ns), print
# what it says.  ARCH: aarch64, armv7, riscv64; none is x86_64.

set -eu
cd "$(dirname "$0")/.."
which=$1 ram=$2 initrd=$3 init=$4
shift 4
case $which in
linux) kernel=build/cache/linux/vmlinuz
       append="console=ttyS0 quiet panic=-1 mitigations=off nokaslr norandmaps transparent_hugepage=never"
       append="$append init_on_alloc=0 nowatchdog rdinit=$init -- $*" ;;
quire-*)
       kernel=build/bare-${which#quire-}/quire-kernel.img
       append="${APPEND:+$APPEND }init=$init -- $*" ;;
quire) kernel=${QUIRE_KERNEL:-build/bare-x86_64/quire-kernel}
       append="${APPEND:+$APPEND }init=$init -- $*" ;;
esac
semihosting="-semihosting-config enable=on,target=native"
case $which in
quire-aarch64)
	# shellcheck disable=SC2086
	set -- qemu-system-aarch64 -machine virt,dtb-randomness=off -cpu cortex-a57 $semihosting ;;
quire-armv7)
	# shellcheck disable=SC2086
	set -- qemu-system-arm -machine virt,dtb-randomness=off -cpu cortex-a15 $semihosting ;;
quire-riscv64)
	set -- qemu-system-riscv64 -machine virt -cpu rv64 ;;
*)	set -- qemu-system-x86_64 -machine pc -cpu qemu64 -device isa-debug-exit,iobase=0xf4,iosize=0x04 ;;
esac
timeout "${LIMIT:-900}" "$@" -accel tcg -m "$ram" -smp 1 -nodefaults -nographic \
	-no-reboot -serial stdio -icount shift=0,sleep=off \
	-kernel "$kernel" -initrd "$initrd" -append "$append" </dev/null | tr -d '\r' | sed 's/^.*\x1b\[[0-9?]*[a-zA-Z]//'
