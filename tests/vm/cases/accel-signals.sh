#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The kernel's signals to who keeps a transition open come with poke when they come without, after
# 15 s.
# modules: src/kernel/module tests/vm/modules/accel
. ./tap.sh

# Seconds from the last start of a transition to the signals after it, which end it.
signals_after() {
	cat /sys/kernel/debug/target/sleep &
	wait_for 10 grep -q msleep_interruptible /proc/$!/stack
	insmod patch1.ko count=1
	wait_for 30 settled patch1
	wait $!
	unpatch patch1
	dmesg | sed 's/^\[ *//' | awk '
		/starting patching/ { start = $1; after = 0 }
		/signaling remaining tasks/ { after = $1 - start }
		END { print int(after + 0.5) }'
}

in_time() {
	echo "# signals after $1 s"
	[ "$1" -ge 14 ] && [ "$1" -le 17 ]
}

insmod target.ko
check "the kernel alone" in_time "$(signals_after)"
insmod suture-accel.ko
check "with poke" in_time "$(signals_after)"
finish
