#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Commands that are killed at any moment: the kernel goes on as it is, and the next command from there.
# vm: -b suture -c 1
# modules: tests/vm/modules/host
. ./tap.sh

# killed SECONDS COMMAND...: it runs for so long at most.
killed() {
	after=$1
	shift
	"$@" >/dev/null 2>&1 &
	command=$!
	sleep "$after"
	kill -KILL $command 2>/dev/null
	wait $command 2>/dev/null
}

# known STATE...: status can tell, and it is one of these.
known() {
	state=$(suture status kernel | sed -n 's/^\[[^]]*\] *kernel: \(host_first \)\{0,1\}\(is \)\{0,1\}//p')
	for wanted; do
		case $state in
		"$wanted"*) return ;;
		esac
	done
	echo "the state is: $state"
	return 1
}

insmod host_target.ko
# Nobody blocks: kills hit loading, following, unloading.
for after in 0.1 0.3 0.6 1; do
	killed $after suture apply host_first.ko
	check "apply killed after $after s" known "not patched" applying applied
	killed $after suture revert host_first kernel
	check "revert killed after $after s" known "not patched" applied reverting
done
# Somebody does: they hit the time that is waited, and the turn.
cat /proc/host_target/hard &
sleep 0.5
for after in 0.5 1.5 2.5; do
	killed $after suture apply host_first.ko --wait 1
	check "a blocked apply killed after $after s" known "not patched" applying reverting applied
done
echo >/proc/host_target/value
check "whatever there is gets applied" wait_for 60 sh -c 'suture apply host_first.ko; [ $? -eq 2 ]'
check "... runs" is "cat /proc/host_target/value" 2
check "... and comes out" suture revert host_first kernel
check "nothing is left" known "not patched"
check "nor is its module" [ ! -e /sys/module/host_first ]
finish
