#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "tracing: Reject incomplete event filter expressions" (CVE-2026-99236).
# fix: kernel/trace/trace_events_filter.c:predicate_parse
. ./tap.sh
. ./guest.sh

try() {
	echo "next_pid == 1 &&" 2>/dev/null >/sys/kernel/tracing/events/sched/sched_switch/filter &&
		echo taken && return
	echo refused
}
shown try taken refused vmlinux process_preds
