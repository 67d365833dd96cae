#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# tests/vm/run itself: whatever becomes of a guest is told as what it was, and no QEMU stays behind.
vm=$(realpath "$(dirname "$0")")
. "$vm/host.sh"
need_guest
. "$vm/../create/tap.sh"

# script TEXT: a script for the guest.
script() {
	printf '#!/bin/sh\n%s\n' "$1" >"$work/script"
	chmod +x "$work/script"
}

# ends STATUS TEXT OPTION...: the script does, and what is printed has the text.
ends() {
	wanted=$1 text=$2
	shift 2
	status=0
	"$vm/run" "$@" "$work/script" 'an argument' >"$work/said" 2>&1 || status=$?
	cut -c 1-200 "$work/said"
	echo "status $status"
	[ $status -eq "$wanted" ] && grep -qE "$text" "$work/said"
}

# goes_with SIGNAL: QEMU goes with the process that started it, even when that is killed.
goes_with() {
	"$vm/run" "$work/script" >"$work/said" 2>&1 &
	killed=$!
	# The script's word says that the guest runs.
	timeout 60 sh -c 'until grep -q up "$1"; do sleep 0.1; done' - "$work/said" || return 1
	qemu=$(pgrep -P "$(pgrep -P $killed | head -n 1)" qemu | head -n 1)
	[ -n "$qemu" ] || return 1
	kill "-$1" $killed
	wait $killed
	timeout 20 sh -c 'while kill -0 "$1" 2>/dev/null; do sleep 0.1; done' - "$qemu"
}

# without_snapshots: a store in which every snapshot is something else.
without_snapshots() {
	kernel=$("$vm/packages" kernel)
	store=${kernel%/kernels/*}
	mkdir -p "$work/store/snapshots"
	ln -s "$store/kernels" "$work/store/kernels"
	cp "$store/release" "$work/store/"
	for snapshot in "$store"/snapshots/*-*[0-9a-f]; do
		echo damaged >"$work/store/snapshots/${snapshot##*/}"
	done
	(
		export SUTURE_VM="$work/store"
		ends 3 '^it has an argument$' && grep 'did not start, booting' "$work/said"
	)
}

script 'echo "it has $1"; exit 3'
check "a script's status and words come out" ends 3 '^it has an argument$'
check "... and so when the snapshots are damaged, with a word about it" without_snapshots
check "... and so from one at random addresses" ends 3 '^it has an argument$' -K
check "... and so from one that counts instructions" ends 3 '^it has an argument$' -i
script 'echo c >/proc/sysrq-trigger; sleep 60'
check "a panic is no failure of the script" ends 125 'the guest died'
script 'sleep 60'
check "a script without end is ended" ends 124 'no end after 6 s' -t 6
check "a module that is not there is told" ends 126 'no module nothing' -n nothing
script 'head -c 20000 /dev/zero | tr "\0" x; echo'
check "long lines come out whole" ends 0 '^(x{10000}){2}$'
script 'echo up; sleep 60'
check "QEMU ends when its test is ended" goes_with TERM
check "QEMU ends when its test is killed" goes_with KILL
finish
