#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "udp: Deal with race between UDP socket address change and rehash": a function with a static key of
# the kernel, which runs for each datagram.
# fix: net/ipv4/udp.c:udp4_lib_lookup1,__udp4_lib_lookup
. ./tap.sh
. ./guest.sh
shown "./probe datagram" arrived arrived vmlinux __udp4_lib_lookup
