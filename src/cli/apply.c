// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/effect.h"
#include "base/guard.h"
#include "base/io.h"
#include "elf/patchfile.h"

#include <sodium.h>

static const struct sut_option options[] = {
	{"wait", "SECONDS", "how long to wait for threads to go over (10)"},
};

static enum sut_rc load(struct sut_arena *arena, const char *path, struct sut_patch *patch,
			unsigned char digest[SUT_SHA256_SIZE], struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_PATCH_FILE_MAX, &bytes, diag);

	if (rc != SUT_OK)
		return rc;
	rc = sut_patch_read(arena, bytes.data, bytes.size, patch, diag);
	if (rc != SUT_OK)
		return sut_context(diag, rc, "%s is not applied", path);
	crypto_hash_sha256(digest, bytes.data, bytes.size);
	return SUT_OK;
}

static int apply_to(struct sut_call *call, struct sut_out *out, struct sut_arena *arena,
		    const struct sut_patch *patch, const unsigned char *digest,
		    const struct sut_effect_options *wait, pid_t pid)
{
	struct sut_effect effect = {0};
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_apply(arena, pid, patch, digest, wait, &effect, &diag);

	sut_progress(call, NULL);
	return sut_effect_report(out, pid, patch->name, SUT_RT_APPLIED, rc, &effect, &diag);
}

/* Every target that the operands name, or every process that the patch fits. */
static int apply_all(struct sut_call *call, struct sut_out *out, struct sut_arena *arena,
		     const struct sut_patch *patch, const unsigned char *digest,
		     const struct sut_effect_options *wait)
{
	int status = SUT_EXIT_NOTHING;
	size_t found = 0;

	sut_out_string(out, "patch", patch->name);
	sut_out_array(out, "targets");
	for (int i = 1; i == 1 || i < call->argc; i++) {
		struct sut_pid_list pids;
		struct sut_diag diag = {0};
		enum sut_rc rc = sut_targets_find(arena, i < call->argc ? call->argv[i] : NULL,
						  patch, &pids, &diag);

		if (rc != SUT_OK) {
			sut_out_object(out, NULL);
			status = sut_exit_worse(status, sut_report_failure(out, rc, &diag));
			sut_out_end(out);
			found++;
			continue;
		}
		for (size_t k = 0; k < pids.count; k++, found++)
			status = sut_exit_worse(status, apply_to(call, out, arena, patch, digest,
								 wait, pids.pids[k]));
	}
	sut_out_end(out);
	if (!found)
		sut_out_headline(out, SUT_MARK_WARNING,
				 "%s: no running process has an object that it patches",
				 patch->name);
	return status;
}

static int run(struct sut_call *call)
{
	SUT_ARENA struct sut_arena arena = {0};
	unsigned char digest[SUT_SHA256_SIZE];
	struct sut_effect_options wait;
	struct sut_patch patch;
	struct sut_diag diag = {0};
	struct sut_out out;
	enum sut_rc rc;
	int status;

	if (call->argc < 1)
		return sut_usage_error(call, "a patch file is needed");
	if (!sut_call_wait(call, &wait))
		return SUT_EXIT_USAGE;
	sut_call_out(call, &out, "suture.apply/1", false);
	rc = load(&arena, call->argv[0], &patch, digest, &diag);
	status = rc == SUT_OK ? apply_all(call, &out, &arena, &patch, digest, &wait)
			      : sut_report_failure(&out, rc, &diag);
	return sut_call_end(&out, status);
}

const struct sut_command sut_command_apply = {
	.name = "apply",
	.operands = "FILE [TARGET...]",
	.summary = "apply a patch to running processes (pid:N, exe:PATH; none: all that it fits)",
	.options = options,
	.option_count = SUT_ARRAY_SIZE(options),
	.run = run,
};
