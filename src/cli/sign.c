// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/sign.h"
#include "kernel/klp/sign.h"

bool sut_sign_check(const struct sut_call *call)
{
	if (!sut_call_option(call, "key") == !sut_call_option(call, "certificate"))
		return true;
	sut_usage_error(call, "--key and --certificate belong together");
	return false;
}

enum sut_rc sut_sign_if_asked(struct sut_arena *arena, const struct sut_call *call,
			      struct sut_bytes *module, struct sut_diag *diag)
{
	const char *key = sut_call_option(call, "key");

	if (!key)
		return SUT_OK;
	return sut_klp_sign(arena, *module, key, sut_call_option(call, "certificate"), module,
			    diag);
}
