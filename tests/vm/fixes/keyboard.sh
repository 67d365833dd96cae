#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# "vt: add permission check for KDSKBMETA ioctl": a large function, by one that was inlined into it.
# fix: drivers/tty/vt/vt_ioctl.c:vt_k_ioctl
. ./tap.sh
. ./guest.sh
shown "./probe keyboard" changed "Operation not permitted" vmlinux vt_ioctl
