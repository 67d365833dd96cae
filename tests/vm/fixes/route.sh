#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A function of a header, inlined into functions of several files and modules: a route that forbids is
# the answer of the main table, and the default table is no longer asked.
# fix: include/net/ip_fib.h:fib_lookup
. ./tap.sh
. ./guest.sh

ip route add prohibit 10.9.0.0/16
ip route add default dev lo table default
try() {
	ip route get 10.9.1.1 >/dev/null 2>&1 && echo allowed || echo forbidden
}
shown try allowed forbidden vmlinux ip_route_output_key_hash_rcu
