// SPDX-License-Identifier: GPL-2.0-or-later
/* What is said before a livepatch is loaded: by apply, and by plan, which only says it. */
#include "base/tap.h"
#include "kernel/host/fake.h"

#include <errno.h>
#include <string.h>

#define IN_OLD "[<0>] cmdline_proc_show+0xa8/0x170\n[<0>] seq_read+0xc/0x20\n"

/* What the file at path says refuses the patch by that rule, and nothing is loaded. */
static void refuses(const char *path, const char *text, enum sut_rc rc, const char *rule)
{
	struct run r;

	run_start(&r);
	fake_put(&r.fake, path, "%s", text);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), rc);
	CHECK_STRING(r.diag.rule, rule);
	CHECK(*r.diag.remedy);
	CHECK_EQUAL(r.fake.loads, 0);
	run_end(&r);
}

/* The kernel's own notes: its build-id has three bytes. */
static void put_build_id(const struct run *r, char last)
{
	fake_put(&r->fake, "/sys/kernel/notes", "\4%c%c%c\3%c%c%c\3%c%c%cGNU%c%c\xff%c", 0, 0, 0, 0,
		 0, 0, 0, 0, 0, 0, 0, last);
}

static void knows_the_build(void)
{
	struct run r;

	run_start(&r);
	put_build_id(&r, 0x11);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-release");
	put_build_id(&r, 0x10);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	run_end(&r);
}

static void refuses_before_loading(void)
{
	refuses("/proc/sys/kernel/osrelease", "6.1.0-49-amd64\n", SUT_REFUSED, "kernel-release");
	refuses("/proc/sys/kernel/ftrace_enabled", "0\n", SUT_REFUSED, "kernel-ftrace");
	refuses("/proc/sys/kernel/modules_disabled", "1\n", SUT_REFUSED, "kernel-modules");
	refuses("/sys/module/module/parameters/sig_enforce", "Y\n", SUT_REFUSED,
		"kernel-signature");
	refuses("/sys/kernel/security/lockdown", "none [integrity] confidentiality\n", SUT_REFUSED,
		"kernel-signature");
	refuses("/proc/kallsyms", "ffffffff8114d410 t m_show\nffffffff8138dec0 t m_show\n",
		SUT_REFUSED, "kernel-symbol");
	refuses("/proc/kallsyms",
		"ffffffff8114d410 t m_show\nffffffff8138dec0 t cmdline_proc_show\n", SUT_REFUSED,
		"kernel-symbol");
	refuses("/proc/kallsyms",
		"1 t m_show\n1 t m_show\n2 t cmdline_proc_show\n3 t cmdline_proc_show\n",
		SUT_REFUSED, "kernel-symbol");
	refuses("/sys/module/loop/initstate", "live\n", SUT_REFUSED, "kernel-symbol");
	refuses("/sys/kernel/tracing/enabled_functions",
		"cmdline_proc_show (1)   I  \ttramp: 0xffff (bpf+0x0/0x110) ->bpf\n", SUT_REFUSED,
		"kernel-redirected");
}

static void takes_no_other_for_itself(void)
{
	struct run r;

	run_start(&r);
	fake_patch(&r.fake, "sample", "cmdline_proc_show", false);
	fake_put(&r.fake, "/sys/module/sample/notes/.note.gnu.build-id", "another");
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-name");
	run_end(&r);
}

static void explains_the_kernel(void)
{
	struct run r;

	run_start(&r);
	r.fake.load_error = -EINVAL;
	r.fake.load_log = "4,1,5000000,-;livepatch: failed to find location for function 'm_show'\n"
			  "4,2,5000010,-;livepatch: failed to patch object 'vmlinux'\n"
			  "4,3,5000020,-;usb 1-1: new device\n";
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-load");
	CHECK(strstr(r.diag.entry[0], "m_show cannot be redirected"));
	CHECK(strstr(r.diag.entry[1], "kernel: livepatch: failed to find location"));
	CHECK(strstr(r.diag.entry[2], "failed to patch object"));
	CHECK(!strstr(r.diag.entry[3], "usb"));
	run_end(&r);
}

static void plans(void)
{
	struct run r;

	run_start(&r);
	fake_task(&r.fake, -1, IN_OLD);
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.blocker_total, 1);
	CHECK_STRING(r.effect.blockers.list[0].function, "cmdline_proc_show");
	CHECK(run_warned(&r, "kernel-taint"));
	/* A patch that replaces gives back what others have. */
	fake_patch(&r.fake, "older", "vfs_read", false);
	fake_task(&r.fake, -1, "[<0>] new_read+0x1/0x2 [older]\n");
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_OK);
	CHECK_EQUAL(r.effect.blocker_total, 1);
	CHECK_STRING(r.effect.blockers.list[0].version, "older");
	CHECK_EQUAL(r.fake.loads, 0);
	fake_put(&r.fake, "/proc/sys/kernel/ftrace_enabled", "0\n");
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_REFUSED);
	run_end(&r);
}

static void warns_of_tracers(void)
{
	struct run r;

	run_start(&r);
	fake_put(&r.fake, "/sys/kernel/tracing/enabled_functions",
		 "vfs_read (1)\ncmdline_proc_show (1)            ->function_trace_call\n");
	fake_put(&r.fake, "/sys/kernel/debug/kprobes/list",
		 "ffffffff8138dec4  k  cmdline_proc_show+0x4    [OPTIMIZED]\n");
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK(run_warned(&r, "kernel-tracer"));
	CHECK(run_warned(&r, "kernel-kprobe"));
	run_end(&r);
}

/* What a plan says of the number of functions; "": nothing. */
static const char *warned_of_count(struct run *r)
{
	CHECK_EQUAL(sut_host_plan(&r->fake.host, &r->arena, SAMPLE, &r->effect, &r->diag), SUT_OK);
	for (size_t i = 0; i < r->effect.warning_count; i++)
		if (strcmp(r->effect.warnings[i].rule, "kernel-count") == 0)
			return r->effect.warnings[i].message;
	return "";
}

static void warns_of_the_count(void)
{
	struct run r;
	char name[16];

	run_start(&r);
	CHECK_STRING(warned_of_count(&r), "");
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "older%d", i);
		fake_patch(&r.fake, name, "vfs_read", false);
	}
	CHECK(strstr(warned_of_count(&r), "some 16 s to apply"));
	CHECK(strstr(warned_of_count(&r), "next to nothing for those"));
	fake_put(&r.fake, "/sys/module/suture_accel/anchors", "off: as asked\n");
	CHECK(strstr(warned_of_count(&r), "the anchors of suture-accel.ko are off: as asked"));
	fake_put(&r.fake, "/sys/module/suture_accel/anchors", "on\n");
	fake_put(&r.fake, "/sys/module/suture_accel/anchored", "40\n");
	CHECK(strstr(warned_of_count(&r), "60 functions: some 10 s to apply"));
	fake_put(&r.fake, "/sys/module/suture_accel/anchored", "100\n");
	CHECK_STRING(warned_of_count(&r), "");
	run_end(&r);
}

static void replaces_what_is_named(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, "older", &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-replace");
	fake_patch(&r.fake, "older", "vfs_read", false);
	CHECK_EQUAL(run_apply(&r, SAMPLE, "older", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(run_warned(&r, "kernel-replaces"));
	run_end(&r);
}

static void needs_livepatches(void)
{
	struct run r;

	run_start(&r);
	fake_remove(&r.fake, "/sys/kernel/livepatch");
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_UNSUPPORTED);
	CHECK_STRING(r.diag.rule, "kernel-livepatch");
	run_end(&r);
}

static const struct sut_tap_test tests[] = {
	{"what the kernel would refuse or get wrong is refused before", refuses_before_loading},
	{"another build of the same release is another kernel", knows_the_build},
	{"another patch of the same name is not taken for this one", takes_no_other_for_itself},
	{"the kernel's refusal is explained by its log", explains_the_kernel},
	{"a plan is all that is said before loading, and who would block", plans},
	{"tracers and kprobes on functions are warned of", warns_of_tracers},
	{"many functions are warned of, unless they have anchors", warns_of_the_count},
	{"replace wants the patch that is named", replaces_what_is_named},
	{"a kernel without livepatches is unsupported", needs_livepatches},
};

SUT_TAP_MAIN(tests)
