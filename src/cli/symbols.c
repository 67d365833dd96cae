// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/cli.h"
#include "base/guard.h"
#include "process/symbols.h"

#include <stdlib.h>
#include <string.h>

static const struct sut_option options[] = {
	{"output", "FILE", "an ELF file for gdb's add-symbol-file (short: -o)"},
	{"perf-map", "FILE", "lines for perf, which reads /tmp/perf-PID.map"},
};

static enum sut_rc save(const struct sut_call *call, struct sut_arena *arena,
			const struct sut_symbols *symbols, struct sut_out *out,
			struct sut_diag *diag)
{
	const char *file = sut_call_option(call, "output");
	const char *map = sut_call_option(call, "perf-map");
	enum sut_rc rc = SUT_OK;

	if (file)
		rc = sut_symbols_save(arena, symbols, file, diag);
	if (rc == SUT_OK && map)
		rc = sut_symbols_save_perf(arena, symbols, map, diag);
	if (rc != SUT_OK)
		return rc;
	if (file)
		sut_out_headline(out, SUT_MARK_OK, "%s: in gdb, add-symbol-file %s", file, file);
	if (map)
		sut_out_headline(out, SUT_MARK_OK, "%s: for perf report", map);
	return SUT_OK;
}

static int symbols_of(const struct sut_call *call, pid_t pid, struct sut_out *out)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_symbols symbols;
	struct sut_diag diag = {0};
	enum sut_rc rc = sut_symbols_read(&arena, pid, &symbols, &diag);

	sut_out_unsigned(out, "pid", (uint64_t)pid);
	if (rc == SUT_OK && !symbols.count) {
		sut_out_headline(out, SUT_MARK_OK, "pid %d (%s): not patched", pid,
				 symbols.process);
		return SUT_EXIT_NOTHING;
	}
	if (rc == SUT_OK)
		rc = save(call, &arena, &symbols, out, &diag);
	if (rc != SUT_OK)
		return sut_report_failure(out, rc, &diag);
	sut_out_array(out, "symbols");
	for (size_t i = 0; i < symbols.count; i++) {
		sut_out_object(out, NULL);
		sut_out_string(out, "name", symbols.list[i].name);
		sut_out_address(out, "address", symbols.list[i].address);
		sut_out_unsigned(out, "size", symbols.list[i].size);
		sut_out_end(out);
	}
	sut_out_end(out);
	return SUT_EXIT_DONE;
}

static int run(struct sut_call *call)
{
	struct sut_out out;
	char *end;
	long pid;

	if (call->argc != 1 || strncmp(call->argv[0], "pid:", 4) != 0)
		return sut_usage_error(call, "one process is needed, as pid:N");
	pid = strtol(call->argv[0] + 4, &end, 10);
	if (*end || pid <= 0)
		return sut_usage_error(call, "%s: not a process", call->argv[0]);
	sut_call_out(call, &out, "suture.symbols/1",
		     !sut_call_option(call, "output") && !sut_call_option(call, "perf-map"));
	return sut_call_end(&out, symbols_of(call, (pid_t)pid, &out));
}

const struct sut_command sut_command_symbols = {
	.name = "symbols",
	.operands = "pid:N",
	.summary = "write the symbols of new code for debuggers and profilers",
	.options = options,
	.option_count = sizeof(options) / sizeof(options[0]),
	.run = run,
};
