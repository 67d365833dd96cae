// SPDX-License-Identifier: GPL-2.0-or-later
/* The sample livepatch with what the kernel shows of a loaded module: its name and a build-id. */
#include "kernel/klp/sample.c"

INFO(info_name, "name=sample");
INFO(info_kernel, "kernel=00ff10");

static const unsigned char build_id[] __attribute__((used, section(".note.gnu.build-id"))) = {
	4, 0, 0, 0, 4, 0, 0, 0, 3, 0, 0, 0, 'G', 'N', 'U', 0, 0xfe, 0xed, 0xfa, 0xce,
};
