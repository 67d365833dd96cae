#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Processes that live apart from the controller, in namespaces and roots of their own or of another
# user, or whose file is gone: what is needed of them is in their memory and the patch file.
. "$(dirname "$0")/lib.sh"

there_and_back() {
	ask
	suture apply "$1.sut" "pid:$pid"
	ask
	suture revert "$1" "pid:$pid"
	ask
}

# The first child of the one that was started.
its_child() {
	parent=$pid
	read -r pid _ < "/proc/$parent/task/$parent/children"
}

namespaces() {
	hosted unshare -mpfiun --mount-proc odd/odd plain
	its_child
	there_and_back odd
	ended "$parent"
	kill -KILL "$pid" 2> /dev/null # unless it ended with its parent
}

# suture_inside ARGUMENT...: with the target's own view of /proc, where it is process 1.
suture_inside() {
	echo "inside\$ suture $*"
	nsenter --mount --pid --target "$pid" "$suture" "$@" 2>&1 < /dev/null |
		sed 's/\<pid 1\>/pid PID/' | normal
}

from_both_sides() {
	hosted unshare -mpfiun --mount-proc odd/odd plain
	its_child
	suture_inside apply "$work/odd.sut" pid:1 | sed "s,$work/,,"
	ask
	suture status "pid:$pid"
	suture revert odd "pid:$pid"
	ask
	suture apply odd.sut "pid:$pid"
	suture_inside revert odd pid:1
	ask
	ended "$parent"
	kill -KILL "$pid" 2> /dev/null # unless it ended with its parent
}

user_namespace() {
	hosted unshare -Urmpf --mount-proc odd/odd plain
	its_child
	there_and_back odd
	ended "$parent"
	kill -KILL "$pid" 2> /dev/null # unless it ended with its parent
}

# Nothing but the program, read only: no libraries, no /proc.
empty_root() {
	mkdir root
	cp static/odd root
	hosted unshare -m sh -c 'mount --bind root root && mount -o remount,ro,bind root &&
		exec chroot root /odd plain'
	there_and_back static
	ended "$pid"
}

deleted() {
	cp odd/odd upgraded
	hosted ./upgraded plain
	rm upgraded
	there_and_back odd
	ended "$pid"
}

as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --no-new-privs "$@"
}

own_process() {
	cp "$suture" program
	chmod 755 program
	hosted setpriv --reuid=65534 --regid=65534 --clear-groups odd/odd plain
	ask
	for operation in 'apply odd.sut' status 'revert odd'; do
		# shellcheck disable=SC2086 # words
		as_nobody ./program $operation "pid:$pid" 2>&1 | normal
		ask
	done
	ended "$pid"
}

built odd odd
built static odd -static
created odd odd odd > /dev/null 2>&1
created static odd static > /dev/null 2>&1
if unshare -mpfiun --mount-proc true 2> /dev/null; then
	transcript "other namespaces" namespaces
	transcript "commands inside of the namespaces and outside, in turns" from_both_sides
	transcript "an empty root that is read only" empty_root
else
	skipped "other namespaces" "not allowed here"
	skipped "commands inside of the namespaces and outside, in turns" "not allowed here"
	skipped "an empty root that is read only" "not allowed here"
fi
if unshare -Urmpf --mount-proc true 2> /dev/null; then
	transcript "another user namespace" user_namespace
else
	skipped "another user namespace" "not allowed here"
fi
transcript "a program whose file is gone" deleted
name="a user's own process, without further rights"
if [ "$(id -u)" -ne 0 ]; then
	skipped "$name" "needs root to become nobody"
elif [ "$(cat /proc/sys/kernel/yama/ptrace_scope 2> /dev/null || echo 0)" -ne 0 ]; then
	skipped "$name" "kernel.yama.ptrace_scope forbids it"
else
	transcript "$name" own_process
fi
finish
