// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any words may come as a seccomp filter. Where it is understood, an argument that is not known may
 * only make its answer stricter.
 */
#include "process/seccomp.h"

#include <linux/seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As the kernel orders them: the strictest first. */
static int32_t strictness(uint32_t action)
{
	return (int32_t)(action & SECCOMP_RET_ACTION_FULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MOST = 512 };
	struct sock_filter code[MOST];
	size_t count = size / sizeof(code[0]);
	struct sut_filter_call call = {
		.text = "mprotect",
		.number = SYS_mprotect,
		.arguments = {0x400000, 4096, PROT_READ | PROT_EXEC},
	};
	uint32_t known, unknown;

	if (count > MOST)
		return 0;
	memcpy(code, data, count * sizeof(code[0]));
	if (!sut_filter_run(code, count, &call, &known))
		return 0;
	call.unknown = 1 | 4;
	if (sut_filter_run(code, count, &call, &unknown) && strictness(unknown) > strictness(known))
		abort();
	return 0;
}
