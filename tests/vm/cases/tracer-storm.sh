#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The function tracer is put on a function that is called all the time and taken off again, as fast as
# it goes. There is nothing of ours in it: it is about QEMU, which may lose such changes of code when
# it has a thread for each processor (README.md). Not among meson's tests.
# vm: -t 300 -S
. ./tap.sh
tracing=/sys/kernel/tracing
rounds=100

switch() {
	for _ in $(seq $rounds); do
		echo function >$tracing/current_tracer
		echo nop >$tracing/current_tracer
	done
}

echo write_null >$tracing/set_ftrace_filter
for writer in 1 2; do
	while :; do dd if=/dev/zero of=/dev/null bs=1 count=20000 2>/dev/null; done &
done
check "the function tracer comes and goes $rounds times" switch
finish
