# SPDX-License-Identifier: GPL-2.0-or-later
# Flat TAP for shell tests, and a folder that goes away with them.

number=0
failed=0

# check NAME COMMAND...: one test; what the command printed is shown when it fails.
check() {
	name=$1
	shift
	number=$((number + 1))
	if "$@" >"$work/shown" 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' "$work/shown"
		failed=1
	fi
}

finish() {
	echo "1..$number"
	exit $failed
}

work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
mkdir "$work/tmp"
export TMPDIR="$work/tmp"
export LC_ALL=C.UTF-8
