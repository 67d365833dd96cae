#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "ipv6: flowlabel: cap duplicate leases per socket" (CVE-2026-97597): a new static function, used in
# one that was inlined.
# fix: net/ipv6/ip6_flowlabel.c:fl_sock_at_lease_limit,ipv6_flowlabel_get
. ./tap.sh
. ./guest.sh
shown "./probe flowlabel" 100 32 vmlinux ipv6_flowlabel_opt
