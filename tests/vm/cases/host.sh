#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The life of a livepatch under suture: applied, blocked, freed by the remedy that is printed, turned
# round, replaced, reverted; and a command that is killed.
# vm: -b suture -c 1
# modules: tests/vm/modules/host
. ./tap.sh
target=/proc/host_target

# reader FILE: somebody who sleeps in reading it; sets pid.
reader() {
	cat "$target/$1" &
	pid=$!
	wait_for 5 asleep $pid
}

# goes_on FILE: the patch is applied in the end, by this command or before it came.
goes_on() {
	suture apply "$1"
	[ $? -eq 0 ] || ends 2 "applied already" suture apply "$1"
}

insmod host_target.ko
check "a plan changes nothing" ends 0 "host_first would be applied: 3 functions" \
	suture plan host_first.ko kernel
check "a livepatch is applied" ends 0 "kernel: host_first applied in" suture apply host_first.ko
check "... and runs" is "cat $target/value" 2
check "the same again is nothing to do" ends 2 "applied already" suture apply host_first.ko kernel
check "status has it in two lines" ends 0 "3 functions of host_target" suture status kernel

reader sleep
check "a revert that a sleeper blocks is turned round" ends 3 "host_first stays applied" \
	suture revert host_first kernel --wait 1
check "... and the patch still runs" is "cat $target/value" 2
check "one that stays open says so" ends 3 "the transition of host_first stays open" \
	suture revert host_first kernel --wait 0 --keep
check "the sleeper is named with its function" \
	ends 3 "task $pid (cat, S) is in first_sleep, of the patch host_first" suture blockers
check "... with its system call" grep -F "in read of 3 ($target/sleep)" /tmp/said
check "... and its stack" grep -F "stack: first_sleep [host_first] < sleep_read" /tmp/said
remedy=$(sed -n 's/.*at once: //p' /tmp/said)
check "the remedy is a command" [ "$remedy" = "kill -STOP $pid; kill -CONT $pid" ]
eval "$remedy"
check "... which frees it" ends 0 "kernel: host_first reverted" suture revert host_first kernel
check "its module is gone" [ ! -e /sys/module/host_first ]
check "the original runs" is "cat $target/value" 1
kill $pid 2>/dev/null

reader hard
check "a plan foresees who will block" ends 3 "task $pid (cat, D) is in host_sleep_hard" \
	suture plan host_first.ko
check "a patch that a task blocks is taken back" ends 6 "host_first was reverted" \
	suture apply host_first.ko --wait 1
check "... and names who blocked" \
	grep -F "task $pid (cat, D) is in host_sleep_hard [host_target], the original" /tmp/said
check "... and its module is gone" [ ! -e /sys/module/host_first ]
check "or it stays open" ends 3 "stays open" suture apply host_first.ko --wait 0 --keep
check "status has the transition" ends 3 "host_first is applying for" suture status
check "another patch has to wait" ends 3 "the transition of host_first is still open" \
	suture apply host_second.ko
check "signals do not help this one, the end of its call does" \
	grep -F "it goes over when its read of 3 ($target/hard) ends" /tmp/said
echo >$target/value
check "... and so it is" goes_on host_first.ko

check "a patch that is not in use is not replaced" ends 4 "it is not in use" \
	suture replace host_second.ko nothing
check "a patch that is gets replaced" ends 0 "host_second applied" \
	suture replace host_second.ko host_first
check "... which was told" grep -F "host_second replaces host_first" /tmp/said
check "... and unloaded" [ ! -e /sys/module/host_first ]
check "status has what suture noted" ends 0 "version 7; fixes CVE-2026-0001" suture status
check "... and that it replaces" grep -F "1 function of host_target; replaces all others" /tmp/said
check "the newest runs" is "cat $target/value" 3

suture apply host_thread.ko >/tmp/killed 2>&1 &
check "a transition is open" wait_for 20 grep -q 1 /sys/kernel/livepatch/host_thread/transition
kill -KILL $!
check "a kernel thread that never leaves is named" \
	ends 3 "(host_thread, S) is in host_thread_main [host_target], the original" \
	suture blockers kernel
check "... with what ends it" grep -F "must end it, the module host_target" /tmp/said
rmmod host_target
check "... which does; the next command goes on from there" goes_on host_thread.ko
check "patches wait for the module" ends 0 "waits for the module host_target" suture status
check "both are reverted" suture revert host_second kernel
check "... one after the other" suture revert host_thread kernel
check "nothing is left" ends 0 "kernel: not patched" suture status kernel
finish
