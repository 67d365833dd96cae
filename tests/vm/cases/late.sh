#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Parts: a module that comes has its part of the patch before anything of it runs, or does not come.
# vm: -c 2 -t 240
# modules: src/kernel/module tests/vm/modules/scenario tests/vm/modules/late
. ./tap.sh
registry=/sys/kernel/suture
object=/sys/module/late_object/parameters

# runs OBJECT VERSION: what its init ran, after its parameter was set by the part.
runs() {
	is "cat /sys/module/$1/parameters/answer" "$2" &&
		{ [ "$2" = 1 ] || is "cat /sys/module/$1/parameters/number" 100; }
}

# A module that is there is asked again.
answers() {
	echo 1 >"$object/ask" && is "cat $object/answer" "$1"
}

phase() {
	is "cat $registry/$1/phase" "$2"
}

no_part() {
	[ ! -e "/sys/module/$1" ] && [ ! -e "$registry/$1" ]
}

part_is_gone() {
	wait_for 60 no_part "$1"
}

come_and_go() {
	modprobe late_object number=5 && runs late_object 2 && rmmod late_object &&
		no_part part_object
}

rounds() {
	for round in 1 2 3 4 5 6 7 8 9 10; do
		come_and_go || return
	done
}

# does_not_come TEXT: its load fails with that, and leaves nothing.
does_not_come() {
	if modprobe late_object number=5 2>/tmp/error; then
		echo "it was loaded"
		return 1
	fi
	cat /tmp/error
	grep -q "$1" /tmp/error && [ ! -e /sys/module/late_object ] && part_is_gone part_object
}

two_at_once() {
	modprobe late_object number=5 &
	first=$!
	modprobe late_other number=5 && wait $first && runs late_object 2 && runs late_other 2
}

hold() {
	echo "$1" >/sys/module/scenario_holder/parameters/hold
}

# The object comes while the transition to its patch is open, and waits for that.
in_transition() {
	hold 1
	insmod late_whole.ko
	is "cat $livepatches/late_whole/transition" 1 || return
	modprobe late_object number=5 &
	first=$!
	sleep 1
	hold 0
	wait $first && runs late_object 2
}

# ... but not for ever.
not_in_transition() {
	hold 1
	echo 0 >$livepatches/late_whole/enabled
	does_not_come "timed out"
	code=$?
	hold 0
	return $code
}

set -- "$(cat /proc/cmdline)"
modprobe suture late_timeout=20 modprobe="$(command -v modprobe)"
insmod scenario_holder.ko
# Up to a second after an object came the kernel is busy with the transition of its part.
disabled() {
	echo 0 2>/dev/null >"$livepatches/$1/enabled"
}

check "a part that nobody asked for is refused" refused modprobe part_object
check "a patch with parts is loaded" patch late_whole.ko
check "its object has its part before its parameters, ten times, and no part stays" rounds
check "two objects come at once" two_at_once
check "each part is a patch in force" wait_for 30 phase part_object live
check "what became of it is told" \
	is "cut -d ' ' -f 1-3 $registry/late_whole/late" "late_object part_object 0
late_other part_other 0"
check "the patch goes" wait_for 10 disabled late_whole
check "... and its parts" part_is_gone part_object
check "... so that its module can" wait_for 30 rmmod late_whole
check "the object is as it was" answers 1
check "a patch takes in the part of what is there" patch late_whole.ko
check "in one transition" is "cat $livepatches/late_whole/late_object/patched" 1
check "it is part of the patch" phase part_object composed
check "it runs" answers 2
check "its object goes" rmmod late_object
check "... and the part" part_is_gone part_object
check "and comes and goes again" come_and_go
modprobe late_object
check "... and is in force" wait_for 30 phase part_object live
check "a version with another part replaces both" patch late_whole2.ko
check "the new part runs" answers 3
check "the old one is gone" part_is_gone part_object
check "... and so is that of an object for which the new patch has none" part_is_gone part_other
check "with the old patch" wait_for 60 rmmod late_whole
check "callbacks with one id ran for the first and for the last part only" \
	is "said 'late: late_object' | sed 's/.*late: //' | tail -n 1" \
	"late_object of late_whole pre_patch"
rmmod late_object
check "all of it goes" unpatch late_whole2
rmmod late_other

mkdir -p /etc/modprobe.d
echo "options part_object fail=-5" >/etc/modprobe.d/part.conf
check "a patch with a bad part" patch late_whole.ko
check "a part that fails keeps its object out" does_not_come "Package not installed"
echo "options part_object hang=4" >/etc/modprobe.d/part.conf
echo 2 >/sys/module/suture/parameters/late_timeout
check "a part that hangs keeps its object out" does_not_come "timed out"
rm /etc/modprobe.d/part.conf
wait_for 30 part_is_gone part_object
check "an object does not wait for ever for the end of a transition" not_in_transition
echo 20 >/sys/module/suture/parameters/late_timeout
wait_for 30 gone late_whole
rmmod late_whole
check "the object comes during the patch's transition" in_transition
rmmod late_object
unpatch late_whole
file=$(modinfo -n part_object)
mv "$file" /tmp/
insmod late_whole.ko
wait_for 30 settled late_whole
check "a part that is missing keeps its object out" does_not_come "Package not installed"
sed 's/ SMP preempt / UMP preempt /' /tmp/part_object.ko >"$file"
check "a part for another kernel keeps its object out" does_not_come "Package not installed"
mv /tmp/part_object.ko "$file"
check "with its part it comes" come_and_go
unpatch late_whole
echo 3 >/sys/module/suture/parameters/late_timeout
check "a part that depends on its object" patch late_whole.ko part=part_depends
check "... keeps it out, and hangs only so long" does_not_come "timed out"
unpatch late_whole
check "nothing of it stays" is "ls $registry" ""
rmmod scenario_holder
check "suture.ko goes" wait_for 60 rmmod suture
finish
