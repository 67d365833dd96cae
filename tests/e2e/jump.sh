#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A program whose functions are left by longjmp().
. "$(dirname "$0")/lib.sh"

# asked: what the threads have seen.
asked() {
	sleep 0.2
	kill -USR1 "$pid"
	read -r said <&9
	echo "$said"
}

jumps() {
	started jumper/jumper
	for round in 1 2 3 4 5 6 7 8 9 10; do
		"$suture" apply jumper.sut "pid:$pid" > output || cat output
		[ "$round" -ne 10 ] || asked
		"$suture" revert jumper "pid:$pid" > output || cat output
	done
	asked
	ended "$pid"
}

built jumper jumper
created jumper jumper jumper > log 2>&1 || {
	sed 's/^/# /' log
	echo "Bail out! the patch was not made"
	exit 1
}

transcript "functions that are left by longjmp go over as all others" jumps
finish
