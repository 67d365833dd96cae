#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# convert.sh SUTURE: `suture convert` on livepatches as their authors leave them, and what comes of it
# in a guest (cases/convert.sh, which is not a test by itself).
vm=$(realpath "$(dirname "$0")")
suture=$(realpath "$1")
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"

kernel=$("$vm/packages" kernel)
modules=$("$vm/build" "$vm/modules/convert" "$vm/modules/cmdline") || exit 1
for module in $modules; do
	cp "$module" "$work/"
done
cd "$work" || exit 1

# says STATUS TEXT COMMAND FILE OPTION...: the command of suture ends with the status, and its words
# have the text.
says() {
	wanted=$1 text=$2 command=$3
	shift 3
	status=0
	[ "$command" = inspect ] ||
		set -- --image "$kernel/vmlinux" --object-dir "$kernel/lib/modules" \
			--symvers "$kernel/headers/Module.symvers" "$@"
	"$suture" "$command" "$@" >said 2>&1 || status=$?
	cat said
	echo "status $status"
	[ $status -eq "$wanted" ] && grep -qF -- "$text" said
}

converts() {
	wanted=$1 text=$2
	shift 2
	says "$wanted" "$text" convert "$@"
}

# unchanged COMMAND...: it succeeds, and all modules are as they were.
unchanged() {
	sha256sum ./*.ko >before
	"$@" && sha256sum --quiet -c before
}

check "a private variable of vmlinux is bound" converts 0 'bound 1 symbol' private.ko
check "... and then there is nothing to do" unchanged converts 2 'nothing to convert' private.ko
check "... in JSON, too" converts 2 '"schema": "suture.convert/1"' --json private.ko
check "a livepatch without private symbols is left alone" \
	unchanged converts 2 'nothing to convert' cmdline.ko
check "a symbol is annotated by its name" converts 0 'bound 1 symbol' first.ko
check "a symbol is annotated by an array" converts 0 'bound 1 symbol' second.ko
check "a name that is taken twice is refused" unchanged converts 4 klp-ambiguous ambiguous.ko
check "... with what tells them apart" \
	grep -qE 'after mntget and before lock_mnt_tree: .*vmlinux, m_show, 2' said
check "code that refers to a module is refused" unchanged converts 4 klp-late-text direct.ko
check "... unless the module is never unloaded" \
	converts 0 'cannot be loaded again' --allow klp-late-text direct.ko
check "... or its references are cleared" converts 0 'bound 3 symbols' reload.ko
check "... which is seen in what was made" says 0 'would load it' verify reload.ko
check "... without a word against it" [ "$(wc -l <said)" -eq 1 ]
cp cells.ko again.ko
check "variables that refer to a module are bound" converts 0 'bound 2 symbols' cells.ko
check "a module that is there is bound at once" \
	converts 0 'must be loaded before it' --present loop present.ko
check "a symbol of a module is not found without the modules" \
	converts 4 klp-symbol -o other.ko --object-dir "$kernel/boot" again.ko
check "... but by its own file" \
	converts 0 'bound 2 symbols' -o other.ko --object-dir "$kernel/boot" \
	--module "$(find "$kernel/lib/modules/" -name loop.ko)" again.ko
rm -f other.ko

# As the kernel's own program signs.
openssl req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=convert -keyout key -out certificate \
	2>log || exit 1
cp again.ko signed.ko
cp cells.ko wanted.ko
check "the kernel's own program signs" \
	"$(echo "$kernel"/usr/lib/linux-kbuild-*/scripts/sign-file)" sha256 key certificate wanted.ko
check "what is converted can be signed" \
	converts 0 'bound 2 symbols' --key key --certificate certificate signed.ko
check "... to the same bytes" cmp signed.ko wanted.ko
check "a module shows what it patches" \
	says 0 'loop: loop_attr_do_show_autoclear replaced by show' inspect signed.ko
check "... and who signed it" says 0 'signed, certificate of convert (sha256)' inspect signed.ko
check "what was bound would be loaded" says 0 'would load it' verify signed.ko
check "what was not would be refused" says 4 'would not load it' verify again.ko
check "... symbol by symbol" grep -q 'max_loop is exported by nobody' said
printf '0x00000001\tmodule_layout\tvmlinux\tEXPORT_SYMBOL\t\n' >other.symvers
check "what was built for other types would be refused" \
	says 4 klp-crc verify --symvers other.symvers signed.ko
check "output is not written where it is refused" [ ! -e other.ko ]

options=
for module in private first second direct reload cells present; do
	options="$options -m $work/$module.ko"
done
[ $failed -eq 0 ] || finish
# shellcheck disable=SC2086
guest -n loop $options "$vm/cases/convert.sh" $number
