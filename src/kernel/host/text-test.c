// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel's texts: stat, stacks, log, symbols, tracers. */
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/host/explain.h"
#include "kernel/host/symbols.h"
#include "kernel/host/tasks.h"
#include "kernel/host/tracers.h"

#include <errno.h>
#include <string.h>

static void reads_stat(void)
{
	struct sut_host_stat stat;

	CHECK(sut_host_stat_parse("7 (a) R (b)) D 1 2 3 4 5 2097152 7 8 9 10 11 12 13 14 15 16 17 "
				  "18 1900 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 3 37",
				  &stat));
	CHECK_STRING(stat.comm, "a) R (b)");
	CHECK_EQUAL(stat.state, 'D');
	CHECK_EQUAL(stat.flags, SUT_HOST_PF_KTHREAD);
	CHECK_EQUAL(stat.start, 1900);
	CHECK_EQUAL(stat.cpu, 3);
	CHECK(!sut_host_stat_parse("", &stat));
	CHECK(!sut_host_stat_parse("7 (a) D 1 2", &stat));
	CHECK(!sut_host_stat_parse(") (", &stat));
}

static void reads_stacks(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	char text[] = "[<0>] sut_sleep.isra.0+0xa8/0x170 [target]\n[<0>] vfs_read+0xa5/0x310\n"
		      "nothing\n[<0>] \n[<ffffffff81000000>] old_style+0x1/0x2\n";
	size_t count;
	struct sut_host_frame *frames = sut_host_stack_parse(&arena, text, &count);

	CHECK_EQUAL(count, 3);
	CHECK_STRING(frames[0].name, "sut_sleep.isra.0");
	CHECK_STRING(frames[0].module, "target");
	CHECK_STRING(frames[1].name, "vfs_read");
	CHECK_STRING(frames[1].module, "");
	CHECK_STRING(frames[2].name, "old_style");
}

static void matches(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *stars[2] = {0};

	CHECK(sut_log_match(&arena, "a 'b' c 'd'", "a '*' c '*'", stars, 2));
	CHECK_STRING(stars[0], "b");
	CHECK_STRING(stars[1], "d");
	CHECK(sut_log_match(&arena, "abc", "*", stars, 2));
	CHECK_STRING(stars[0], "abc");
	CHECK(!sut_log_match(&arena, "a 'b' c", "a '*' d", stars, 2));
	CHECK(!sut_log_match(&arena, "abcd", "abc", stars, 2));
	CHECK(!sut_log_match(&arena, "ab", "abc", stars, 2));
}

/* The explanation of a refusal with this line in the log. */
static enum sut_rc explain(struct sut_arena *arena, int error, const char *line,
			   struct sut_diag *diag)
{
	struct sut_log log = {0};

	if (line)
		sut_log_parse(arena, sut_arena_printf(arena, "4,1,5,-;%s\n", line), &log);
	return sut_explain_load(arena, "fix", error, &log, diag);
}

static void explains(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(explain(&arena, EINVAL, "livepatch: symbol 'no_such' not found in symbol table",
			    &diag),
		    SUT_REFUSED);
	CHECK(strstr(diag.entry[0], "this kernel has no symbol no_such"));
	explain(&arena, EBUSY,
		"livepatch: failed to register ftrace handler for function 'f' (-16)", &diag);
	CHECK(strstr(diag.entry[0], "f cannot be redirected: somebody else"));
	explain(&arena, ENOEXEC, "fix: version magic 'a b' should be 'c'", &diag);
	CHECK(strstr(diag.entry[0], "fix was made for 'a b', and this kernel is 'c'"));
	explain(&arena, ENOENT, "fix: Unknown symbol sut_register (err -2)", &diag);
	CHECK(strstr(diag.entry[0], "fix needs the symbol sut_register"));
	explain(&arena, ENOENT, "fix: Unknown symbol .klp.sym.rela.vmlinux.a,0 (err -2)", &diag);
	CHECK_STRING(diag.remedy, "Run suture convert on it first.");
	explain(&arena, ENODEV, "livepatch: pre-patch callback failed for object 'vmlinux'", &diag);
	CHECK(strstr(diag.entry[0], "callback for vmlinux said no"));
	explain(&arena, EKEYREJECTED, "Loading of module with unavailable key is rejected", &diag);
	CHECK(strstr(diag.entry[0], "does not trust the key"));
	CHECK(strstr(diag.remedy, "mokutil"));
	explain(&arena, EBUSY, "suture: part_x was not asked for: a part is loaded with its object",
		&diag);
	CHECK(strstr(diag.entry[0], "part_x is a part of a patch"));
	CHECK_EQUAL(explain(&arena, EBUSY, NULL, &diag), SUT_RETRY);
	CHECK(strstr(diag.entry[0], "another patch began"));
	CHECK_EQUAL(explain(&arena, EPERM, NULL, &diag), SUT_REFUSED);
	CHECK(strstr(diag.remedy, "root"));
	CHECK_EQUAL(explain(&arena, EIO, NULL, &diag), SUT_REFUSED);
	CHECK(strstr(diag.entry[0], "Input/output error"));
}

static void counts_symbols(void)
{
	char text[] = "1 t twice\n2 T once\n3 t twice\n4 t twice\t[loop]\n\nx\n5 t\n";
	struct sut_host_symbol list[] = {
		{"vmlinux", "twice", 0, 0},
		{"loop", "twice", 0, 0},
		{"vmlinux", "once", 0, 0},
		{"vmlinux", "none", 0, 0},
	};

	sut_host_symbols_count(text, list, 4);
	for (size_t i = 0; i < 4; i++)
		CHECK_EQUAL(list[i].count, strcmp(list[i].name, "none") == 0     ? 0
					   : strcmp(list[i].object, "loop") == 0 ? 1
					   : strcmp(list[i].name, "twice") == 0  ? 2
										 : 1);
}

static void reads_tracers(void)
{
	const char *line = "f [target] (3) R I   ->arch_ftrace_ops_list_func+0x0/0x1d0";
	struct sut_tracer tracer;
	struct sut_kprobe probe;

	CHECK(sut_tracer_parse(line, "target", "f", &tracer));
	CHECK_EQUAL(tracer.users, 3);
	CHECK(tracer.redirects);
	CHECK(!sut_tracer_parse(line, "vmlinux", "f", &tracer));
	CHECK(!sut_tracer_parse(line, "target", "g", &tracer));
	CHECK(sut_tracer_parse("f (1)            ->IT", "vmlinux", "f", &tracer));
	CHECK_EQUAL(tracer.users, 1);
	CHECK(!tracer.redirects);
	line = "ffffffffc0201000  k  f+0x0  target [FTRACE]";
	CHECK(sut_kprobe_parse(line, "target", "f", &probe));
	CHECK_EQUAL(probe.offset, 0);
	CHECK(!sut_kprobe_parse(line, "vmlinux", "f", &probe));
	CHECK(sut_kprobe_parse("ffffffff81000000  r  f+0x12    [DISABLED]", "vmlinux", "f",
			       &probe));
	CHECK_EQUAL(probe.offset, 0x12);
	CHECK(!sut_kprobe_parse("", "vmlinux", "f", &probe));
}

static const struct sut_tap_test tests[] = {
	{"a task's name may have parentheses", reads_stat},
	{"stacks have names and modules", reads_stacks},
	{"stars stand for text", matches},
	{"refusals of the kernel are explained", explains},
	{"symbols are counted by object", counts_symbols},
	{"users of ftrace and kprobes are found", reads_tracers},
};

SUT_TAP_MAIN(tests)
