# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the fixes' scripts in the guest, after tap.sh.

applied() {
	suture apply fix.ko kernel
}

reverted() {
	suture revert fix kernel && [ ! -e /sys/module/fix ]
}

# replaced OBJECT FUNCTION...: the fix has these functions of that object in force.
replaced() {
	object=$1
	shift
	for function; do
		if [ ! -d "$livepatches/fix/$object/$function,1" ]; then
			find "$livepatches/fix" -mindepth 2 -maxdepth 2
			return 1
		fi
	done
	[ "$(cat "$livepatches/fix/$object/patched")" = 1 ]
}

# shown COMMAND BEFORE AFTER OBJECT FUNCTION...: what the command prints without, with and again
# without the fix, which replaces these functions.
shown() {
	command=$1 before=$2 after=$3
	shift 3
	check "without the fix: $before" is "$command" "$before"
	check "the fix is applied" applied
	check "it replaces $*" replaced "$@"
	check "with the fix: $after" is "$command" "$after"
	check "the fix is reverted" reverted
	check "without the fix again: $before" is "$command" "$before"
	finish
}
