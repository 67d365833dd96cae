#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Two functions of memory control that loop until memory has been given back, or the limit changes.
# fix: mm/memcontrol.c:memory_high_write,memory_max_write
. ./tap.sh
. ./guest.sh

mkdir /tmp/group
mount -t cgroup2 none /tmp/group
echo +memory >/tmp/group/cgroup.subtree_control
mkdir /tmp/group/one
try() {
	echo 64M >/tmp/group/one/memory.max && cat /tmp/group/one/memory.max
}
shown try 67108864 67108864 vmlinux memory_high_write memory_max_write
