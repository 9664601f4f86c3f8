#!/bin/sh
# SPDX-License-Identifier: MIT
#
# setup.sh GOAL... - makes sure that what a goal needs is there; does nothing when it is.
#
#   run     build the kernel and boot it          test    everything `make test` uses
#   bench   Debian's own kernel to compare with   lint    clang-format and clang-tidy
#   run-x86_64, run-aarch64, run-armv7, run-riscv64    `run` for that machine
#
# Debian packages only (docs/dependencies.md says what for).  As root or with sudo it installs what is missing;
# without either it prints the command.  What must not be installed (a kernel, 32-bit libraries) is downloaded
# with apt and unpacked under build/cache.

set -eu
cd "$(dirname "$0")/.."
cache=build/cache

packages_for() {
	case $1 in
	run|run-x86_64)
	       echo gcc libc6-dev binutils make cmake ninja-build qemu-system-x86 busybox-static cpio ;;
	run-aarch64)
	       packages_for run
	       echo clang lld llvm qemu-system-arm ;;
	run-armv7)
	       packages_for run-aarch64
	       echo device-tree-compiler ;;
	run-riscv64)
	       packages_for run
	       echo clang lld llvm binutils-riscv64-linux-gnu opensbi
	       # Debian 13 gave it a package of its own.
	       if known qemu-system-riscv; then echo qemu-system-riscv; else echo qemu-system-misc; fi ;;
	test)  packages_for run-armv7
	       packages_for run-riscv64
	       packages_for lint
	       echo libcmocka-dev gcc-multilib clang libclang-rt-14-dev llvm util-linux
	       echo g++ git perl python3 redis-server redis-tools sqlite3 ;;
	lint)  echo cmake ninja-build gcc clang clang-format clang-tidy ;;
	bench) packages_for run
	       echo libmimalloc2.0 libjemalloc2 libtcmalloc-minimal4 libtbbmalloc2 gnuplot-nox g++ python3 perl sqlite3 git \
	            redis-server redis-tools ;;
	*)     echo "setup.sh: no goal called '$1' (run, run-aarch64, run-armv7, run-riscv64, test, lint, bench)" >&2; exit 2 ;;
	esac
}

installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

known() { apt-cache show "$1" >/dev/null 2>&1; }

as_root() {
	if [ "$(id -u)" = 0 ]; then "$@"
	elif command -v sudo >/dev/null; then sudo "$@"
	else
		echo "setup.sh: this needs root and there is no sudo; please run:" >&2
		echo "  $*" >&2
		exit 1
	fi
}

# apt with its state in build/cache, so that a second architecture or a download leaves the system as it is.
# For RISC-V Debian 13, which is the first that has it.
private_apt() {
	arches=$1; shift
	mkdir -p "$cache/apt/$arches/lists/partial" "$cache/apt/$arches/archives/partial"
	[ -s "$cache/apt/$arches/status" ] || : >"$cache/apt/$arches/status"
	cat >"$cache/apt/$arches/apt.conf" <<-CONF
		Dir::State::Lists "$PWD/$cache/apt/$arches/lists";
		Dir::State::status "$PWD/$cache/apt/$arches/status";
		Dir::Cache "$PWD/$cache/apt/$arches";
		APT::Architecture "$arches";
		APT::Architectures { "$arches"; };
		APT::Sandbox::User "";
		Acquire::Languages "none";
	CONF
	if [ "$arches" = riscv64 ]; then
		echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] http://deb.debian.org/debian trixie main" \
			>"$cache/apt/$arches/sources.list"
		cat >>"$cache/apt/$arches/apt.conf" <<-CONF
			Dir::Etc::SourceList "$PWD/$cache/apt/$arches/sources.list";
			Dir::Etc::SourceParts "/dev/null";
		CONF
	fi
	APT_CONFIG="$PWD/$cache/apt/$arches/apt.conf" "$@"
}

# fetch ARCH INTO PACKAGE...: download packages and unpack them into build/cache/INTO.
fetch() {
	arch=$1; into=$cache/$2; shift 2
	command -v apt-get >/dev/null || { echo "setup.sh: cannot download $*: no apt-get here" >&2; exit 1; }
	echo "setup.sh: downloading $* ($arch) into $into"
	mkdir -p "$into/debs"
	(cd "$into/debs" && rm -f ./*.deb && private_apt_here "$arch" "$@") || {
		echo "setup.sh: cannot download $* for $arch" >&2; exit 1; }
	for deb in "$into"/debs/*.deb; do dpkg -x "$deb" "$into"; done
	rm -rf "$into/debs"
}

private_apt_here() (
	arch=$1; shift
	here=$PWD
	cd "$top"
	private_apt "$arch" apt-get -qq update
	private_apt "$arch" sh -c 'cd "$1" && shift && apt-get -qq download "$@"' sh "$here" "$@"
)
top=$PWD

need_cmocka32() {
	[ -e "$cache/i386/usr/lib/i386-linux-gnu/libcmocka.so.0" ] && return
	fetch i386 i386 libcmocka-dev libcmocka0
}

# What programs for the AArch64 machine are linked with, and its busybox.
need_aarch64_user() {
	[ -e "$cache/aarch64/bin/busybox" ] && [ -e "$cache/aarch64/usr/lib/aarch64-linux-gnu/libc.a" ] && return
	fetch arm64 aarch64 libc6-dev linux-libc-dev libgcc-12-dev busybox-static
}

# Its libraries come from the packages for cross compilation, which fit this release's linker.
need_riscv64_user() {
	[ -e "$cache/riscv64/usr/bin/busybox" ] && [ -e "$cache/riscv64/usr/riscv64-linux-gnu/lib/libc.a" ] && return
	libgcc=$(apt-cache pkgnames libgcc- | grep -E '^libgcc-[0-9]+-dev-riscv64-cross$' | sort -V | tail -1) || :
	[ -n "$libgcc" ] || { echo "setup.sh: apt knows no libgcc-N-dev-riscv64-cross" >&2; exit 1; }
	fetch amd64 riscv64 libc6-dev-riscv64-cross linux-libc-dev-riscv64-cross "$libgcc"
	fetch riscv64 riscv64 busybox-static
}

# The same for the ARMv7 machine: hard-float EABI.
need_armv7_user() {
	[ -e "$cache/armhf/bin/busybox" ] && [ -e "$cache/armhf/usr/lib/arm-linux-gnueabihf/libc.a" ] && return
	fetch armhf armhf libc6-dev linux-libc-dev libgcc-12-dev busybox-static
}

need_cloud_kernel() {
	[ -s "$cache/linux/vmlinuz" ] && return
	mkdir -p "$cache/linux"
	private_apt amd64 apt-get -qq update
	image=$(private_apt amd64 apt-cache depends linux-image-cloud-amd64 |
		awk '$1 == "Depends:" && $2 ~ /^linux-image-/ { print $2; exit }')
	[ -n "$image" ] || { echo "setup.sh: apt knows no linux-image-cloud-amd64" >&2; exit 1; }
	fetch amd64 linux/image "$image"
	version=$(private_apt amd64 apt-cache policy "$image" | awk '$1 == "Candidate:" { print $2 }')
	cp "$cache"/linux/image/boot/vmlinuz-* "$cache/linux/vmlinuz"
	printf '%s %s\n' "$image" "$version" >"$cache/linux/version"
	rm -rf "$cache/linux/image"
}

[ $# -gt 0 ] || set -- run
wanted=$(for goal in "$@"; do packages_for "$goal"; done | tr ' ' '\n' | sort -u)
mkdir -p build
missing=$(for package in $wanted; do installed "$package" || echo "$package"; done)
if [ -n "$missing" ]; then
	command -v apt-get >/dev/null || {
		echo "setup.sh: this is not a Debian system; please install the equivalents of:" $missing >&2; exit 1; }
	echo "setup.sh: installing" $missing
	export DEBIAN_FRONTEND=noninteractive
	apt-cache show $missing >/dev/null 2>&1 || as_root apt-get -qq update
	as_root apt-get -qq install -y --no-install-recommends $missing >build/setup.log 2>&1 || {
		# The lists may be old: once more with fresh ones.
		as_root apt-get -qq update
		as_root apt-get -qq install -y --no-install-recommends $missing
	}
fi
for goal in "$@"; do
	case $goal in
	test)  need_cmocka32
	       need_aarch64_user
	       need_armv7_user
	       need_riscv64_user ;;
	run-riscv64) need_riscv64_user ;;
	run-aarch64) need_aarch64_user ;;
	run-armv7) need_armv7_user ;;
	bench) need_cloud_kernel ;;
	esac
done
