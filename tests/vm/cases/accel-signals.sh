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
	[ "$1" -ge 14 ] && [ "$1" -le 17 ]
}

insmod target.ko
alone=$(signals_after)
insmod suture-accel.ko
poked=$(signals_after)
echo "# signals after $alone s, with poke after $poked s"
check "the kernel alone sends its signals in time" in_time "$alone"
check "and so it does with poke" in_time "$poked"
finish
