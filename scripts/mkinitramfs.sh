#!/bin/sh
# SPDX-License-Identifier: MIT
#
# mkinitramfs.sh BUSYBOX OUT INIT [PROGRAM...] - a cpio archive with busybox, an /init and some programs.
#
# $APPLETS lists busybox's programs (default: BUSYBOX itself) where it is not for this machine, and $STRIP strips.
# mmbench goes to /bin, every other program to /bin/tests.  The same input gives the same bytes.

set -eu
busybox=$1 out=$2 init=$3
shift 3
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT

for dir in bin bin/tests sbin usr/bin usr/sbin dev proc sys tmp etc root; do mkdir -p "$root/$dir"; done
chmod 1777 "$root/tmp"
cp "$busybox" "$root/bin/busybox"
"${APPLETS:-$busybox}" --list | while read -r applet; do
	[ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
cp "$init" "$root/init"
chmod 755 "$root/init"
for program; do
	case ${program##*/} in
	mmbench) cp "$program" "$root/bin/" ;;
	*)       cp "$program" "$root/bin/tests/" ;;
	esac
done
"${STRIP:-strip}" "$root"/bin/tests/* "$root"/bin/mmbench 2>/dev/null || :

echo 'root:x:0:0:root:/root:/bin/sh' >"$root/etc/passwd"
echo 'root:x:0:' >"$root/etc/group"
echo 'quire' >"$root/etc/hostname"
find "$root" -exec touch -h -d @0 {} +
(cd "$root" && find . | LC_ALL=C sort | cpio -o -H newc -R 0:0 --reproducible --quiet) >"$out.new"
mv "$out.new" "$out"
