#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What suture.ko does where the model has no word: it tells what it knows, notices patches of others
# that replace ours, and keeps what went by force.
# vm: -c 1
# modules: src/kernel/module tests/vm/modules/scenario tests/vm/modules/cmdline
. ./tap.sh
registry=/sys/kernel/suture
holder=/sys/module/scenario_holder/parameters

# another NUMBER: the patch of scenarios under one more name.
another() {
	sed "s/scenario_patch00/scenario_patch$1/g" scenario_patch00.ko >"scenario_patch$1.ko"
}

view() {
	is "cat $registry/$1/$2" "$3"
}

# calls TEXT: what was called of patches since the last forget.
calls() {
	is "recent | sed '/scenario: /!d; s/.*scenario: //'" "$1"
}

kept() {
	! said dtor
}

insmod suture.ko
insmod scenario_holder.ko
another 01
another 02

check "a patch comes" patch scenario_patch00.ko "objects=vmlinux:f,c,1,t1" states=7.2
check "its phase is told" view scenario_patch00 phase live
check "... its sets and their state" view scenario_patch00 sets "vmlinux 1 on"
check "... its types and their users" view scenario_patch00 types "vmlinux 1 1"
check "... its states" view scenario_patch00 states "7 2"
check "a lower state is refused" refused insmod scenario_patch02.ko "objects=vmlinux:f" replace=y states=7.1
check "it goes" unpatch scenario_patch00
check "... and is no longer told of" is "ls $registry" ""
patch scenario_patch00.ko "objects=vmlinux:f,c,1,t1"
check "another one beside it shares set and type" \
	patch scenario_patch01.ko "objects=vmlinux:g,1,2,t1"
check "both count" view scenario_patch00 types "vmlinux 1 2"
check "the same patch is not taken twice" refused insmod scenario_patch00.ko

echo "x 1" >$holder/alloc
forget
check "a patch of somebody else replaces ours" patch cmdline.ko
check "that is noticed" wait_for 10 said "scenario_patch01 was replaced by a patch"
wait_for 10 said "dtor x 1" >/dev/null
check "sets are left and types collected, as by a patch of ours" \
	calls "scenario_patch01 vmlinux#1 pre_unpatch
scenario_patch01 vmlinux#2 pre_unpatch
scenario_patch01 vmlinux#1 post_unpatch
scenario_patch01 vmlinux#2 post_unpatch
scenario_patch01 dtor x 1"
check "it is known to be gone" view scenario_patch00 phase gone
check "its module goes" wait_for 10 rmmod scenario_patch00
rmmod scenario_patch01
forget
check "it comes again" patch scenario_patch00.ko objects=vmlinux:f,1,t1
check "with all that belongs to it" calls "scenario_patch00 vmlinux#1 pre_patch
scenario_patch00 vmlinux#1 post_patch"
unpatch cmdline

# The next look would be in a second.
another 03
patch scenario_patch03.ko objects=vmlinux:f,3 replace=y
sed 's/cmdline/scmline/g; s/scmline_proc_show/cmdline_proc_show/g' cmdline.ko >scmline.ko
forget
patch scmline.ko
wait_for 5 unused scenario_patch03
check "one that was replaced unnoticed is left when its module goes" rmmod scenario_patch03
check "... with all that was to be done" calls "scenario_patch03 vmlinux#3 pre_unpatch
scenario_patch03 vmlinux#3 post_unpatch"
unpatch scmline
rmmod scenario_patch00

another 04
patch scenario_patch04.ko "objects=vmlinux:f,4,t4"
echo "x 4" >$holder/alloc
forget
echo 1 >$holder/hold
echo 0 >$livepatches/scenario_patch04/enabled
echo 1 >$livepatches/scenario_patch04/force
check "a forced transition ends" wait_for 10 gone scenario_patch04
echo 0 >$holder/hold
check "callbacks run, as the kernel's own do" calls "scenario_patch04 vmlinux#4 pre_unpatch
scenario_patch04 vmlinux#4 post_unpatch"
check "its module cannot go" refused rmmod scenario_patch04
check "what it may still use is kept" view scenario_patch04 types "vmlinux 4 1"
check "a later patch has the same type" patch scenario_patch02.ko "objects=vmlinux:f,t4"
check "... and goes" unpatch scenario_patch02
check "... and leaves it alone" kept
rmmod scenario_holder
finish
