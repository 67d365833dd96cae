# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by tests that use a guest, with $vm as this folder.

# need_guest: ends the test as skipped when there can be no guest here; where $CI says that the
# packages have been installed, that is a failure.
need_guest() {
	reason=$("$vm/run" -p 2>&1) && return
	code=$?
	if [ $code -eq 77 ] && [ -z "${CI-}" ]; then
		echo "1..0 # SKIP $(echo "$reason" | tail -n 1)"
		exit 0
	fi
	echo "Bail out! $reason"
	exit 1
}

# guest OPTION... SCRIPT [ARGUMENT...]: tests/vm/run; the script prints the test's TAP, and what
# kept it from that becomes TAP here.
guest() {
	code=0
	"$vm/run" "$@" || code=$?
	case $code in
	124) echo "Bail out! the guest was ended after its time" ;;
	125) echo "Bail out! the guest died" ;;
	126) echo "Bail out! there was no guest" ;;
	esac
	return $code
}

# need_profile SUTURE: the kernel has a profile in $SUTURE_CACHE; $kernel is its folder then, $release
# its name. It is made once, in $SUTURE_VM or build/vm where nothing else is said: that takes a minute
# or two and 2 GB.
need_profile() {
	kernel=$("$vm/packages" kernel) || return
	release=${kernel##*/}
	: "${SUTURE_CACHE:=${kernel%/kernels/*}/cache}"
	export SUTURE_CACHE
	"$1" profile list | grep -qF "linux-$release:" ||
		"$1" profile --kernel "$release" --packages "$("$vm/packages" archives)"
}
