#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Everything at once, for a minute: two objects come and go, two patches with parts for them replace
# each other and are disabled, transitions are held and turned round. Afterwards nothing is left.
# vm: -c 2 -t 400
# modules: src/kernel/module tests/vm/modules/scenario tests/vm/modules/late
. ./tap.sh
registry=/sys/kernel/suture
seconds=60
end=$(($(cut -d . -f 1 /proc/uptime) + seconds))

goes_on() {
	[ "$(cut -d . -f 1 /proc/uptime)" -lt $end ]
}

# objects NAME: what it counts is how often the module came, and how often it was refused.
objects() {
	came=0 refused=0
	while goes_on; do
		if modprobe "$1" number=5 2>/dev/null; then
			came=$((came + 1))
			[ $((RANDOM % 3)) -gt 0 ] || sleep 0.3
			rmmod "$1" 2>/dev/null
		else
			refused=$((refused + 1))
		fi
	done
	echo "$1 came $came times, was refused $refused times" >"/tmp/$1"
}

patches() {
	came=0 refused=0
	while goes_on; do
		name=late_whole
		[ $((RANDOM % 2)) -gt 0 ] || name=late_whole2
		rmmod "$name" 2>/dev/null
		if insmod "$name.ko" 2>/dev/null; then came=$((came + 1)); else refused=$((refused + 1)); fi
		case $((RANDOM % 4)) in
		0) echo 0 2>/dev/null >"$livepatches/$name/enabled" ;;
		1) sleep 1 ;;
		esac
	done 2>/dev/null
	echo "patches came $came times, were refused $refused times" >/tmp/patches
}

holds() {
	while goes_on; do
		sleep 0.$((RANDOM % 10))
		echo 1 >/sys/module/scenario_holder/parameters/hold
		sleep 0.$((RANDOM % 10))
		echo 0 >/sys/module/scenario_holder/parameters/hold
	done
}

all_gone() {
	for patch in late_whole late_whole2; do
		[ ! -e $livepatches/$patch ] || echo 0 >$livepatches/$patch/enabled
		rmmod $patch
	done 2>/dev/null
	rmmod late_object late_other 2>/dev/null
	! lsmod | grep -E '^(late|part)_'
}

modprobe suture late_timeout=5 modprobe="$(command -v modprobe)"
insmod scenario_holder.ko
objects late_object &
objects late_other &
patches &
holds &
wait
sed 's/^/# /' /tmp/late_object /tmp/late_other /tmp/patches
check "objects came" refused grep -q "came 0 times" /tmp/late_object /tmp/late_other
check "all of it goes" wait_for 60 all_gone
check "nothing is known any more" is "ls $registry" ""
check "no patch is left" is "ls $livepatches" ""
rmmod scenario_holder
check "nothing uses suture.ko" rmmod suture
finish
