#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# What every other case relies on: a livepatch of nobody's comes and goes in the guest, modules of
# the distribution are there, and what this machine's programs are is here, too.
# vm: -n loop -b suture
# modules: tests/vm/modules/cmdline
. ./tap.sh

unpatched=$(cat /proc/cmdline)
check "a livepatch is loaded" patch cmdline.ko
check "the patched function runs" is "cat /proc/cmdline" patched
check "the kernel told of it" said "livepatch: 'cmdline': patching complete"
check "the livepatch is taken out" unpatch cmdline
check "the original function runs again" is "cat /proc/cmdline" "$unpatched"
check "a module of the distribution is loaded" modprobe loop
check "the program of this machine runs" suture --version
finish
