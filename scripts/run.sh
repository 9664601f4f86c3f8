#!/bin/sh
# SPDX-License-Identifier: MIT
#
# run.sh [--arch A] [--machine M] [--ram N] [--cpus N] [--kernel F] [--initrd F] [--append STR] [--qemu "ARGS"] -- INIT [ARG...]
#
# Boots the machine with INIT as its first program, on this terminal.  The exit status is INIT's.
# ARMv7 has two machines: vexpress-a9, or with --machine virt QEMU's own.

set -eu
cd "$(dirname "$0")/.."
arch=x86_64 board= ram=256M cpus=1 kernel= initrd= append= extra=
while [ $# -gt 0 ]; do
	case $1 in
	--arch)   arch=$2; shift 2 ;;
	--machine) board=$2; shift 2 ;;
	--ram)    ram=$2; shift 2 ;;
	--cpus)   cpus=$2; shift 2 ;;
	--kernel) kernel=$2; shift 2 ;;
	--initrd) initrd=$2; shift 2 ;;
	--append) append=$2; shift 2 ;;
	--qemu)   extra=$2; shift 2 ;;
	--)       shift; break ;;
	*)        echo "run.sh: what is '$1'?" >&2; exit 2 ;;
	esac
done
case $arch in
x86_64)  image=quire-kernel ;;
aarch64|armv7|riscv64) image=quire-kernel.img ;;
*)       echo "run.sh: there is no boot kernel for '$arch', only x86_64, aarch64, armv7 and riscv64" >&2; exit 2 ;;
esac
[ $# -gt 0 ] || set -- /bin/sh /init
kernel=${kernel:-build/bare-$arch/$image}
initrd=${initrd:-build/bare-$arch/initramfs.cpio} # or none
init=$1; shift

if [ -t 0 ]; then
	saved=$(stty -g)
	trap 'stty "$saved"' EXIT
	stty raw -echo opost
fi
status=0
# The machine, and the way out of it: all say 2 * c + 1 for a status of c.
qemu=qemu-system-$arch cpu=${QUIRE_CPU:-max} options=${QUIRE_MACHINE:+,$QUIRE_MACHINE}
semihosting="-semihosting-config enable=on,target=native"
case $arch:$board in
x86_64:)  machine="-machine pc -device isa-debug-exit,iobase=0xf4,iosize=0x04" ;;
aarch64:) machine="-machine virt$options $semihosting" ;;
riscv64:) machine="-machine virt$options" cpu=${QUIRE_CPU:-rv64} ;;
armv7:virt)
	qemu=qemu-system-arm cpu=${QUIRE_CPU:-cortex-a15} machine="-machine virt$options $semihosting" ;;
armv7:|armv7:vexpress-a9) # it has one CPU, and QEMU has no device tree for it
	qemu=qemu-system-arm cpu=cortex-a9
	machine="-machine vexpress-a9$options -dtb $(dirname "$kernel")/vexpress-a9.dtb $semihosting
		-audiodev none,id=silence -global pl041.audiodev=silence" ;;
*) echo "run.sh: $arch has no machine '$board'" >&2; exit 2 ;;
esac
# shellcheck disable=SC2086
$qemu -accel tcg -cpu "$cpu" $machine -m "$ram" -smp "$cpus" -nodefaults -display none \
	-no-reboot -chardev stdio,id=console,mux=on,signal=off -serial chardev:console \
	-mon chardev=console,mode=readline $extra \
	-kernel "$kernel" $([ "$initrd" = none ] || echo "-initrd $initrd") -append "${append:+$append }init=$init -- $*" || status=$?
# An even status is QEMU's own.
[ $((status & 1)) = 1 ] && exit $((status >> 1))
[ "$status" = 0 ] && { echo "run.sh: the machine stopped without an exit status" >&2; exit 125; }
exit "$status"
