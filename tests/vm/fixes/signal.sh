#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "signal: avoid shared siginfo namespace rewrites": a function that each signal passes through.
# fix: kernel/signal.c:send_signal_locked
. ./tap.sh
. ./guest.sh

try() {
	sleep 60 &
	kill -USR1 $!
	wait $! 2>/dev/null
	echo $?
}
shown try 138 138 vmlinux send_signal_locked
