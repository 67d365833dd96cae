#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "prctl: fix PR_SET_MM_AUXV losing the forced AT_NULL terminator": a static function.
# fix: kernel/sys.c:prctl_set_auxv
. ./tap.sh
. ./guest.sh
shown "./probe auxv" 20 1 vmlinux prctl_set_auxv
