#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Run by tests/vm/signed.sh in a guest whose firmware knows the owner's certificate; counts its tests
# on from the number given.
. ./tap.sh
number=$1

# refuses FILE TEXT: with that text, and the kernel has no patch.
refuses() {
	ends 4 "$2" suture apply "$1" kernel && [ ! -e /sys/module/private ]
}

lives() {
	suture apply owner.ko kernel && grep '^private: ' /proc/cmdline && suture revert private kernel
}

signatures_only() {
	check "what nobody signed is refused before the kernel is asked" \
		refuses unsigned.ko "is not signed, and this kernel $1"
	check "what a stranger signed is refused" refuses stranger.ko "does not trust the key"
	check "... and its name is told" grep -F "signed by stranger" /tmp/said
	check "what the owner signed is applied, works and is reverted" lives
}

check "the kernel has the certificate from the firmware" eval \
	"dmesg | grep 'integrity: Loaded X.509 cert .owner'"
echo 1 >/sys/module/module/parameters/sig_enforce
signatures_only "has module.sig_enforce"
mount -t securityfs security /sys/kernel/security
echo integrity >/sys/kernel/security/lockdown
signatures_only "is locked down"
check "the kernel was never asked for what nobody signed" refused said "unsigned module"
finish
