#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# No fix: the kernel's code has no jump tables but that of the BPF interpreter, which no version has
# changed, and which is asked about: no address of a label may be kept. A filter that negates 0 lets nothing through, and everything when it inverts instead.
# sed: kernel/bpf/core.c s/DST = (u32) -DST;/DST = (u32) ~DST;/
# allow: label
. ./tap.sh
. ./guest.sh

echo 0 >/proc/sys/net/core/bpf_jit_enable
shown "./probe filter" nothing arrived vmlinux ___bpf_prog_run
