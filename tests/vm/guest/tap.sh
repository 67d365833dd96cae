# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the scripts that run in a guest (. ./tap.sh): flat TAP, and what tests of livepatches
# wait for and look at. The limits are for a machine that others use, too.

number=0
failed=0

# check NAME COMMAND...: one test; what the command printed is shown when it fails.
check() {
	name=$1
	shift
	number=$((number + 1))
	if "$@" >/tmp/shown 2>&1; then
		echo "ok $number - $name"
	else
		echo "not ok $number - $name"
		sed 's/^/# /' /tmp/shown
		failed=1
	fi
}

# refused COMMAND...: true when it fails.
refused() {
	! "$@"
}

# is COMMAND TEXT: the command prints that, and nothing else.
is() {
	shown=$(eval "$1" 2>&1)
	[ "$shown" = "$2" ] && return
	printf '%s prints:\n%s\n' "$1" "$shown"
	return 1
}

# ends STATUS TEXT COMMAND...: it ends with that status and prints that; /tmp/said has all of it.
ends() {
	wanted=$1 text=$2
	shift 2
	status=0
	"$@" >/tmp/said 2>&1 || status=$?
	cat /tmp/said
	echo "status $status, wanted $wanted with: $text"
	[ $status -eq "$wanted" ] && grep -qF -- "$text" /tmp/said
}

# asleep PID: in a system call, and to be found there.
asleep() {
	grep -q '^0 ' "/proc/$1/syscall"
}

# wait_for SECONDS COMMAND...: until the command is true.
wait_for() {
	end=$(($(cut -d . -f 1 /proc/uptime) + $1))
	shift
	until "$@"; do
		if [ "$(cut -d . -f 1 /proc/uptime)" -gt "$end" ]; then
			echo "never true: $*"
			return 1
		fi
		sleep 0.05
	done
}

livepatches=/sys/kernel/livepatch

# settled PATCH: it is there, and in no transition.
settled() {
	[ "$(cat "$livepatches/$1/transition" 2>/dev/null)" = 0 ]
}

# gone PATCH: the kernel no longer lists it.
gone() {
	[ ! -e "$livepatches/$1" ]
}

# unused MODULE: nothing holds the module, so rmmod will take it.
unused() {
	[ "$(cat "/sys/module/$1/refcnt" 2>/dev/null)" = 0 ]
}

# patch FILE.ko [PARAMETER...]: loads a livepatch and waits for the end of its transition.
patch() {
	insmod "$@" && wait_for 30 settled "$(module_of "$1")"
}

# unpatch PATCH: disables it, waits for the end of that, and takes its module out.
unpatch() {
	echo 0 >"$livepatches/$1/enabled" && wait_for 30 gone "$1" && wait_for 10 unused "$1" &&
		rmmod "$1"
}

module_of() {
	basename "$1" .ko | tr - _
}

# The kernel's log since the last forget.
recent() {
	dmesg | awk '/vm: forget/ { n = 0; next } { line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# said TEXT: the recent log has it.
said() {
	recent | grep -F -- "$1"
}

forget() {
	echo "vm: forget" >/dev/kmsg
}

# no_complaint: no warning, no oops, no lock that is held for ever. The taint (W, D, L) outlasts the
# log, which is a ring.
no_complaint() {
	! dmesg | grep -A 20 -E 'WARNING:|BUG:|Oops|INFO: task .* blocked|INFO: rcu|Call Trace' &&
		is "echo \$((\$(cat /proc/sys/kernel/tainted) & 0x4280))" 0
}

# The last line of every case.
finish() {
	check "the kernel complained of nothing" no_complaint
	echo "1..$number"
	exit $failed
}

forget
