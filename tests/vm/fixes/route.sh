#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "ipv4: fib: stop at an unreachable route": an inline function of a header, in twelve functions of seven
# files: of the kernel, and of three modules, one of which uses what another module exports.
# vm: -n nft_fib_ipv4
# fix: include/net/ip_fib.h:fib_lookup
. ./tap.sh
. ./guest.sh

modprobe nft_fib_ipv4
ip route add unreachable 10.9.9.0/24
ip route add 10.9.9.0/24 dev lo table 253
check "the fix is applied" applied
check "it replaces a module's function" replaced nft_fib_ipv4 nft_fib4_eval
again() {
	rmmod nft_fib_ipv4 nft_fib && modprobe nft_fib_ipv4
}
check "the module is unloaded and loaded" again
check "the function of the new one is replaced" replaced nft_fib_ipv4 nft_fib4_eval
check "the fix is reverted" reverted
shown "./probe route" found "No route to host" vmlinux ip_route_output_key_hash_rcu __fib_validate_source
