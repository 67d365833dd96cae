#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "binfmt_misc: reject a flag character as the field delimiter": a module of a file system.
# vm: -n binfmt_misc
# fix: fs/binfmt_misc.c:create_entry
. ./tap.sh
. ./guest.sh

modprobe binfmt_misc
formats=/proc/sys/fs/binfmt_misc
mount -t binfmt_misc none $formats
try() {
	echo 'PxPMP0PabcPP/bin/shP' 2>/dev/null >$formats/register && echo -1 >$formats/x &&
		echo taken && return
	echo refused
}
shown try taken refused binfmt_misc bm_register_write
