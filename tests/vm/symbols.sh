#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# symbols.sh SYMBOLS: all that suture reads of symbols, with the program SYMBOLS, is what the kernel
# says of itself: their order is what a livepatch counts in.
vm=$(realpath "$(dirname "$0")")
symbols=$(realpath "$1")
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"

kernel=$("$vm/packages" kernel)
modules='loop ext4 nf_tables kvm cfg80211'
cat >"$work/list" <<END
for module in $modules; do modprobe \$module || exit 1; done
gzip -c /proc/kallsyms | base64
END

list() {
	# shellcheck disable=SC2046,SC2086 # words
	"$vm/run" $(printf -- '-n %s ' $modules) "$work/list" | tr -d '\r' | base64 -d |
		gunzip >"$work/guest"
}

# A guest's vmlinux is started as it is, without KASLR, so addresses are the linker's.
image() {
	grep -v '\[' "$work/guest" >"$work/expected"
	"$symbols" "$1" >"$work/found" || return
	[ "$(wc -l <"$work/found")" -gt 50000 ] && cmp "$work/expected" "$work/found"
}

# Where a module will lie nobody knows. In names of files an underscore may be a dash.
module() {
	pattern=$(echo "$1" | sed 's/_/[_-]/g')
	file=$(find "$kernel/lib/modules" -name "$pattern.ko*" | head -n 1)
	grep -F "[$1]" "$work/guest" | cut -d ' ' -f 2- >"$work/expected"
	"$symbols" "$file" | cut -d ' ' -f 2- >"$work/found"
	diff "$work/expected" "$work/found"
}

check "a guest lists its symbols" list
check "vmlinux has the same, in the same order" image "$kernel/vmlinux"
check "so has the compressed image" image "$kernel/boot/vmlinuz-${kernel##*/}"
for name in $(sed -n 's/.*\[\(.*\)\]$/\1/p' "$work/guest" | sort -u | grep -v '^__builtin\|^bpf$'); do
	check "module $name has the same, in the same order" module "$name"
done
finish
