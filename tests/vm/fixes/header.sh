#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "net_sched: codel: fix stale state for empty flows in fq_codel": a function of a header that is only
# in modules, three of them, of which one is loaded.
# vm: -n sch_codel
# fix: include/net/codel_impl.h:codel_dequeue
. ./tap.sh
. ./guest.sh

modprobe sch_codel
shown "true" "" "" sch_codel codel_qdisc_dequeue
