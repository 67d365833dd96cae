#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# No fix: the shortest change of all, of a static function that uses a private variable.
# sed: fs/proc/cmdline.c s/seq_puts(m, saved_command_line);/seq_printf(m, "patched %s", saved_command_line);/
. ./tap.sh
. ./guest.sh
line=$(cat /proc/cmdline)
shown "cat /proc/cmdline" "$line" "patched $line" vmlinux cmdline_proc_show
