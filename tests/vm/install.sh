#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# install.sh MESON BUILD: what is installed for DKMS builds without this tree, and a patch builds with
# the headers that come with it.
vm=$(realpath "$(dirname "$0")")
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"
meson=$1 build=$(realpath "$2")
kernel=$("$vm/packages" kernel)

# kbuild FOLDER [VARIABLE=VALUE...]
kbuild() {
	folder=$1
	shift
	make -C "$kernel/headers" M="$folder" W=1 "$@" modules >"$work/log" 2>&1
	code=$?
	cat "$work/log"
	return $code
}

silent() {
	! grep -i warning "$work/log"
}

has_version() {
	modinfo -F version "$sources/suture.ko" | grep -qx "$version"
}

# The lines of dkms.conf that DKMS builds with.
by_dkms() {
	mkdir -p "$work/dkms/suture/$version"
	mv "$sources" "$work/dkms/suture/$version/build"
	sources=$work/dkms/suture/$version/build
	kernelver=$(basename "$kernel") kernel_source_dir=$kernel/headers dkms_tree=$work/dkms
	. "$sources/dkms.conf"
	# shellcheck disable=SC2154 # dkms.conf's
	eval "${MAKE[0]} W=1" >"$work/log" 2>&1
	code=$?
	cat "$work/log"
	for module in "${BUILT_MODULE_NAME[@]}"; do
		[ -e "$sources/$module.ko" ] || return 1
	done
	return $code
}

check "the modules' sources are installed" \
	"$meson" install -C "$build" --no-rebuild --tags module --destdir "$work/root"
sources=$(dirname "$(find "$work/root" -name dkms.conf)")
version=${sources##*-}
check "dkms.conf builds them" by_dkms
check "without a warning" silent
check "they know their version" has_version
mkdir "$work/patch"
cp "$vm/../../samples/kernel/shadow.c" "$work/patch"
printf 'obj-m := shadow.o\nccflags-y := -I%s/include\n' "$sources" >"$work/patch/Kbuild"
check "a patch builds with the installed headers" \
	kbuild "$work/patch" KBUILD_EXTRA_SYMBOLS="$sources/Module.symvers"
finish
