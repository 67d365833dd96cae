#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "prctl: fix PR_SET_MM_AUXV losing the forced AT_NULL terminator": a static function, and one
# word of it: ./check tries this one, which needs no newer source.
# sed: kernel/sys.c s/memcpy(mm->saved_auxv, user_auxv, len)/memcpy(mm->saved_auxv, user_auxv, sizeof(user_auxv))/
. ./tap.sh
. ./guest.sh
shown "./probe auxv" 20 1 vmlinux prctl_set_auxv
