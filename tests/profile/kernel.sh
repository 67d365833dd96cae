#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# kernel.sh SUTURE SAMPLES: what suture profile --kernel refuses, with small packages of its own.
# SAMPLES has a kernel that is small, too (src/kernel/image/sample.h). tests/profile/kernel makes the
# profile of a distribution's kernel; that takes minutes.
suture=$(realpath "$1")
samples=$(realpath "$2")
. "$(dirname "$0")/../create/tap.sh"
export SUTURE_CACHE="$work/cache"
release=6.1.0-1-test
version=6.1.1-1
cd "$work" || exit 1

# package NAME VERSION: one of the files in the folder NAME.
package() {
	mkdir -p "$1/DEBIAN" packages
	cat >"$1/DEBIAN/control" <<-END
		Package: $1
		Version: $2
		Architecture: all
		Maintainer: nobody <nobody@localhost>
		Depends: ${3-libc6}
		Description: sample
	END
	dpkg-deb -Znone --build "$1" "packages/$1_$2_all.deb" >/dev/null
}

# What is small but whole; the tests take away, or change.
compiler=$(gcc --version | head -n 1)
config() {
	cat <<-END
		CONFIG_CC_VERSION_TEXT="$compiler"
		CONFIG_SMP=y
	END
}

samples() {
	rm -rf packages linux-*
	mkdir -p "linux-image-$release/boot" "linux-image-$release/lib/modules/$release/kernel"
	cp "$samples/kernel-image/0" "linux-image-$release/boot/vmlinuz-$release"
	config >"linux-image-$release/boot/config-$release"
	headers=linux-headers-$release/usr/src/linux-headers-$release
	mkdir -p "$headers/include/config" "$headers/arch"
	config | tee "$headers/.config" | tr -d '"' >"$headers/include/config/auto.conf"
	echo 'CONFIG_BUILD_SALT="6.1"' | tee -a "$headers/.config" |
		tr -d '"' >>"$headers/include/config/auto.conf"
	touch "$headers/.kernelvariables" "$headers/Module.symvers"
	mkdir -p linux-kbuild-6.1/usr/lib/linux-kbuild-6.1/scripts \
		linux-kbuild-6.1/usr/lib/linux-kbuild-6.1/tools \
		linux-kbuild-6.1/usr/lib/linux-kbuild-6.1/certs
	mkdir -p linux-source-6.1/usr/src source/linux-source-6.1
	echo './:' >source/linux-source-6.1/Makefile
	tar -C source -cJf linux-source-6.1/usr/src/linux-source-6.1.tar.xz linux-source-6.1
}

packages() {
	package "linux-image-$release" $version
	package "linux-headers-$release" $version "linux-kbuild-6.1 (>= $version)"
	package linux-kbuild-6.1 $version
	package linux-source-6.1 $version
}

# ends STATUS TEXT: no profile is made, and the text says why; nothing is left.
ends() {
	status=0
	"$suture" profile --kernel $release --packages packages >said 2>&1 || status=$?
	cat said
	[ $status -eq "$1" ] && grep -qF -- "$2" said && [ -z "$(find cache/making cache/profiles -mindepth 1)" ]
}

refused() {
	ends 4 "$1"
}

samples
packages
check "a folder without the image is refused" \
	eval 'rm packages/linux-image-*; refused "has no package linux-image-6.1.0-1-test"'

samples
packages
rm packages/linux-source-*
package linux-source-6.1 6.1.2-1
check "a source of another version is none" \
	refused "has no package linux-source-6.1 of version 6.1.1-1"

samples
packages
package "linux-image-$release" 6.1.0-9
rm packages/*_6.1.1-1_*
for name in "linux-headers-$release" linux-kbuild-6.1 linux-source-6.1; do
	package $name 6.1.0-9 "linux-kbuild-6.1"
done
check "an image that says another version than its package is refused" \
	refused "another version than the package's"

samples
cp "$samples/kernel-image/0" "linux-image-$release/boot/vmlinuz-other"
sed -i 's/6\.1\.0-1-test/6.1.0-2-test/g' "linux-image-$release/boot/vmlinuz-$release"
packages
check "an image of another release is refused" refused "another release"

samples
echo CONFIG_GCC_PLUGINS=y >>"$headers/.config"
echo CONFIG_GCC_PLUGINS=y >>"$headers/include/config/auto.conf"
packages
check "a configuration that is not the image's is refused" refused "CONFIG_GCC_PLUGINS=y is in one"

samples
sed -i /SMP/d "$headers/include/config/auto.conf"
packages
check "generated files of another configuration are refused" refused "CONFIG_SMP=y is in one"

samples
for file in "linux-image-$release/boot/config-$release" "$headers/.config" \
	"$headers/include/config/auto.conf"; do
	echo CONFIG_X86_KERNEL_IBT=y >>"$file"
done
packages
check "a kernel of which units are finished together is not supported" \
	ends 5 "built with CONFIG_X86_KERNEL_IBT"

real=$compiler
compiler="gcc-99 (Debian 99) 99.1"
samples
packages
check "a compiler that is not here is named" refused "apt-get install gcc-99"
compiler=$real

samples
printf 'damaged' >"linux-image-$release/boot/vmlinuz-$release"
packages
check "what is no image is refused" refused "not an ELF file"

samples
packages
check "what is whole comes as far as kbuild" \
	ends 5 "kbuild names no unit"

check "a name that is none of a release is refused" \
	eval '! "$suture" profile --kernel ../x --packages packages >said 2>&1 && grep -qF "no release" said'
check "options for packages and trees do not go with it" \
	eval '! "$suture" profile --kernel --build-tree . >said 2>&1 && grep -qF -- "--packages" said'
finish
