// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/host/fake.h"
#include "kernel/host/files.h"

#include <errno.h>
#include <string.h>

#define IN_OLD                                                                                     \
	"[<0>] cmdline_proc_show+0xa8/0x170\n[<0>] seq_read+0xc/0x20\n[<0>] vfs_read+0xa5/0x310\n"
#define IN_NEW "[<0>] new_show+0xa8/0x170 [sample]\n[<0>] seq_read+0xc/0x20\n"

static const struct sut_host_options ten_seconds = {.wait_ns = 10000000000};

/* One operation on a fake kernel. */
struct run {
	struct fake fake;
	struct sut_arena arena;
	struct sut_host_effect effect;
	struct sut_diag diag;
};

static void start(struct run *r)
{
	*r = (struct run){0};
	fake_start(&r->fake);
}

static void end(struct run *r)
{
	sut_arena_deinit(&r->arena);
	fake_end(&r->fake);
}

static enum sut_rc apply(struct run *r, const char *replaces,
			 const struct sut_host_options *options)
{
	r->diag = (struct sut_diag){0};
	return sut_host_apply(&r->fake.host, &r->arena, SAMPLE, replaces, options, &r->effect,
			      &r->diag);
}

static enum sut_rc revert(struct run *r, const char *name, const struct sut_host_options *options)
{
	r->diag = (struct sut_diag){0};
	return sut_host_revert(&r->fake.host, &r->arena, name, options, &r->effect, &r->diag);
}

static bool warned(const struct run *r, const char *rule)
{
	for (size_t i = 0; i < r->effect.warning_count; i++)
		if (strcmp(r->effect.warnings[i].rule, rule) == 0)
			return true;
	return false;
}

static bool in_use(const struct run *r)
{
	return sut_host_exists(&r->fake.host, "/sys/kernel/livepatch/sample");
}

static void applies(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_STRING(r.effect.patch, "sample");
	CHECK_EQUAL(r.effect.func_count, 3);
	CHECK(r.effect.transition_s >= 2 && r.effect.transition_s < 3);
	CHECK(warned(&r, "kernel-object") && warned(&r, "kernel-taint"));
	CHECK(!warned(&r, "kernel-count") && !warned(&r, "kernel-replaces"));
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	CHECK_EQUAL(r.fake.loads, 1);
	end(&r);
}

static void goes_back_when_late(void)
{
	struct run r;
	const struct sut_host_blocker *b;

	start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BACK);
	CHECK_EQUAL(r.effect.blocker_total, 1);
	CHECK_EQUAL(r.effect.blockers.count, 1);
	b = &r.effect.blockers.list[0];
	CHECK_EQUAL(b->tid, 102);
	CHECK_STRING(b->comm, "a (b) c");
	CHECK_EQUAL(b->reason, SUT_HOST_ASLEEP);
	CHECK_STRING(b->function, "cmdline_proc_show");
	CHECK_STRING(b->version, "");
	CHECK_EQUAL(b->frame_count, 3);
	CHECK_STRING(b->waits, "read of 3 (unknown)");
	CHECK(strstr(b->remedy, "kill -STOP 102; kill -CONT 102"));
	CHECK(!in_use(&r));
	CHECK_EQUAL(r.fake.unloads, 1);
	end(&r);
}

static void stays_open_if_told(void)
{
	struct sut_host_options keep = ten_seconds;
	struct run r;

	start(&r);
	keep.keep = true;
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(apply(&r, NULL, &keep), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK(in_use(&r));
	/* Another command goes on from there. */
	r.fake.stuck = false;
	fake_task(&r.fake, 1, IN_OLD);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed);
	end(&r);
}

static void turns_a_revert_round(void)
{
	struct sut_host_options keep = ten_seconds;
	struct run r;

	start(&r);
	keep.keep = true;
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(revert(&r, "sample", &keep), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed);
	CHECK_EQUAL(r.fake.loads, 1);
	end(&r);
}

static void reverts(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.removed_count, 1);
	CHECK_EQUAL(r.effect.stays_count, 0);
	CHECK(!in_use(&r));
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	end(&r);
}

static void reverts_what_is_being_applied(void)
{
	struct sut_host_options none = {.keep = true};
	struct run r;

	start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(apply(&r, NULL, &none), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed && !in_use(&r));
	end(&r);
}

static void late_revert_stays_applied(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BACK);
	CHECK_EQUAL(r.effect.blockers.count, 1);
	CHECK_STRING(r.effect.blockers.list[0].version, "sample");
	CHECK(in_use(&r));
	CHECK_EQUAL(sut_host_number(&r.fake.host, -1, "/sys/kernel/livepatch/sample/enabled"), 1);
	end(&r);
}

static void is_not_turned_round_below_another(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	fake_patch(&r.fake, "newer", "cmdline_proc_show", false);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK(warned(&r, "kernel-below"));
	CHECK_EQUAL(sut_host_number(&r.fake.host, -1, "/sys/kernel/livepatch/sample/enabled"), 0);
	/* Neither is it by applying it again. */
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-below");
	end(&r);
}

static void keeps_a_pinned_module(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	r.fake.pinned = true;
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.removed_count, 0);
	CHECK_EQUAL(r.effect.stays_count, 1);
	/* It is in the way of the same patch, and of one with its name. */
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-name");
	/* When nothing refers to it any more it goes. */
	fake_put(&r.fake, "/sys/module/sample/refcnt", "0\n");
	CHECK_EQUAL(revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	CHECK_EQUAL(r.effect.removed_count, 1);
	end(&r);
}

/* What the file at path says refuses the patch by that rule, and nothing is loaded. */
static void refuses(const char *path, const char *text, enum sut_rc rc, const char *rule)
{
	struct run r;

	start(&r);
	fake_put(&r.fake, path, "%s", text);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), rc);
	CHECK_STRING(r.diag.rule, rule);
	CHECK(*r.diag.remedy);
	CHECK_EQUAL(r.fake.loads, 0);
	end(&r);
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

	start(&r);
	put_build_id(&r, 0x11);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-release");
	put_build_id(&r, 0x10);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	end(&r);
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

static void waits_for_its_turn(void)
{
	struct run r;

	start(&r);
	fake_patch(&r.fake, "other", "vfs_read", true);
	fake_task(&r.fake, 0, "[<0>] vfs_read+0x1/0x2\n");
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_RETRY);
	CHECK_STRING(r.diag.rule, "kernel-transition");
	CHECK(strstr(r.diag.entry[1], "(102) in vfs_read"));
	CHECK_EQUAL(revert(&r, "other", &(struct sut_host_options){.keep = true}), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(r.fake.loads, 0);
	end(&r);
}

static void takes_no_other_for_itself(void)
{
	struct run r;

	start(&r);
	fake_patch(&r.fake, "sample", "cmdline_proc_show", false);
	fake_put(&r.fake, "/sys/module/sample/notes/.note.gnu.build-id", "another");
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-name");
	end(&r);
}

static void explains_the_kernel(void)
{
	struct run r;

	start(&r);
	r.fake.load_error = -EINVAL;
	r.fake.load_log = "4,1,5000000,-;livepatch: failed to find location for function 'm_show'\n"
			  "4,2,5000010,-;livepatch: failed to patch object 'vmlinux'\n"
			  "4,3,5000020,-;usb 1-1: new device\n";
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-load");
	CHECK(strstr(r.diag.entry[0], "m_show cannot be redirected"));
	CHECK(strstr(r.diag.entry[1], "kernel: livepatch: failed to find location"));
	CHECK(strstr(r.diag.entry[2], "failed to patch object"));
	CHECK(!strstr(r.diag.entry[3], "usb"));
	end(&r);
}

static void plans(void)
{
	struct run r;

	start(&r);
	fake_task(&r.fake, -1, IN_OLD);
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.blocker_total, 1);
	CHECK_STRING(r.effect.blockers.list[0].function, "cmdline_proc_show");
	CHECK(warned(&r, "kernel-taint"));
	/* A patch that replaces gives back what others have. */
	fake_patch(&r.fake, "older", "vfs_read", false);
	fake_task(&r.fake, -1, "[<0>] new_read+0x1/0x2 [older]\n");
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_OK);
	CHECK_EQUAL(r.effect.blocker_total, 1);
	CHECK_STRING(r.effect.blockers.list[0].version, "older");
	CHECK_EQUAL(r.fake.loads, 0);
	fake_put(&r.fake, "/proc/sys/kernel/ftrace_enabled", "0\n");
	CHECK_EQUAL(sut_host_plan(&r.fake.host, &r.arena, SAMPLE, &r.effect, &r.diag), SUT_REFUSED);
	end(&r);
}

static void warns_of_tracers(void)
{
	struct run r;

	start(&r);
	fake_put(&r.fake, "/sys/kernel/tracing/enabled_functions",
		 "vfs_read (1)\ncmdline_proc_show (1)            ->function_trace_call\n");
	fake_put(&r.fake, "/sys/kernel/debug/kprobes/list",
		 "ffffffff8138dec4  k  cmdline_proc_show+0x4    [OPTIMIZED]\n");
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK(warned(&r, "kernel-tracer"));
	CHECK(warned(&r, "kernel-kprobe"));
	end(&r);
}

static void replaces_what_is_named(void)
{
	struct run r;

	start(&r);
	CHECK_EQUAL(apply(&r, "older", &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-replace");
	fake_patch(&r.fake, "older", "vfs_read", false);
	CHECK_EQUAL(apply(&r, "older", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(warned(&r, "kernel-replaces"));
	end(&r);
}

static void forces_only_a_transition(void)
{
	struct run r;

	start(&r);
	fake_patch(&r.fake, "sample", "cmdline_proc_show", false);
	CHECK_EQUAL(sut_host_force(&r.fake.host, &r.arena, "sample", &ten_seconds, &r.effect,
				   &r.diag),
		    SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-force");
	end(&r);
}

static void needs_livepatches(void)
{
	struct run r;

	start(&r);
	fake_remove(&r.fake, "/sys/kernel/livepatch");
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_UNSUPPORTED);
	CHECK_STRING(r.diag.rule, "kernel-livepatch");
	end(&r);
}

static void reads_the_state(void)
{
	struct sut_host_state state;
	struct run r;

	start(&r);
	fake_patch(&r.fake, "older", "vfs_read", false);
	fake_patch(&r.fake, "newer", "vfs_write", true);
	fake_put(&r.fake, "/sys/kernel/livepatch/older/loop/patched", "0\n");
	fake_put(&r.fake, "/sys/kernel/livepatch/older/loop/f,1/x", "%s", "");
	fake_put(&r.fake, "/sys/module/newer/notes/.note.suture",
		 "%c%c%c%c%c%c%c%c%c%c%c%csuture%c%csuture=0.1%cversion=2%cfixes=A%cfixes=B", 7, 0,
		 0, 0, 36, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0);
	fake_put(&r.fake, "/dev/kmsg",
		 "5,1,10000000,-;livepatch: enabling patch 'older'\n"
		 "5,2,90000000,-;livepatch: 'newer': starting patching transition\n"
		 " SUBSYSTEM=x\n"
		 "4,3,91000000,-;livepatch: patch 'older' failed for module 'loop', refusing to "
		 "load module 'loop'\n");
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(sut_host_state_read(&r.fake.host, &r.arena, &state, &r.diag), SUT_OK);
	CHECK_EQUAL(state.patch_count, 2);
	CHECK_STRING(state.patches[0].name, "newer");
	CHECK(state.moving == &state.patches[0]);
	CHECK(state.patches[0].ours && !state.patches[1].ours);
	CHECK_STRING(state.patches[0].provenance.suture, "0.1");
	CHECK_STRING(state.patches[0].provenance.version, "2");
	CHECK_EQUAL(state.patches[0].provenance.fix_count, 2);
	CHECK_STRING(state.patches[0].provenance.fixes[1], "B");
	CHECK_EQUAL(state.transition_s, 10);
	CHECK_EQUAL(state.patches[1].age_s, 90);
	CHECK_EQUAL(state.patches[1].object_count, 2);
	CHECK(!state.patches[1].objects[0].patched && state.patches[1].objects[0].refused);
	CHECK(state.patches[1].objects[1].patched);
	CHECK_EQUAL(state.tasks, 1);
	CHECK_EQUAL(state.pending, 1);
	end(&r);
}

/* An older patch's function is what a newer one leaves, and not the original. */
static void blames_the_version_below(void)
{
	struct sut_host_state state;
	struct sut_host_blockers blockers;
	struct run r;

	start(&r);
	fake_patch(&r.fake, "older", "vfs_read", false);
	fake_patch(&r.fake, "newer", "vfs_read", true);
	fake_task(&r.fake, 0, "[<0>] vfs_read+0x1/0x2\n");
	CHECK_EQUAL(sut_host_state_read(&r.fake.host, &r.arena, &state, &r.diag), SUT_OK);
	sut_host_blockers_read(&r.fake.host, &r.arena, &state, 8, &blockers);
	CHECK_EQUAL(blockers.list[0].reason, SUT_HOST_UNSEEN);
	fake_task(&r.fake, 0, "[<0>] new_read+0x1/0x2 [older]\n");
	sut_host_blockers_read(&r.fake.host, &r.arena, &state, 8, &blockers);
	CHECK_EQUAL(blockers.list[0].reason, SUT_HOST_ASLEEP);
	CHECK_STRING(blockers.list[0].version, "older");
	end(&r);
}

/* Who may end the wait of a task that reads from a pipe is whoever has it, too. */
static void finds_the_other_end(void)
{
	char path[128];
	struct run r;

	start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	fake_put(&r.fake, "/proc/7/comm", "writer\n");
	fake_put(&r.fake, "/proc/7/fd/x", "%s", "");
	snprintf(path, sizeof(path), "%s/proc/102/fd/3", r.fake.root);
	CHECK_EQUAL(symlink("pipe:[5]", path), 0);
	snprintf(path, sizeof(path), "%s/proc/7/fd/1", r.fake.root);
	CHECK_EQUAL(symlink("pipe:[5]", path), 0);
	CHECK_EQUAL(apply(&r, NULL, &ten_seconds), SUT_OK);
	CHECK_STRING(r.effect.blockers.list[0].waits,
		     "read of 3 (pipe:[5], also open in writer (7))");
	end(&r);
}

static const struct sut_tap_test tests[] = {
	{"a livepatch is loaded and followed to its end, once", applies},
	{"a transition that takes too long is turned round, and says who blocked",
	 goes_back_when_late},
	{"... or stays open, and another command finishes it", stays_open_if_told},
	{"apply turns a revert round", turns_a_revert_round},
	{"a patch is reverted and its module unloaded", reverts},
	{"a patch on its way in is reverted", reverts_what_is_being_applied},
	{"a revert that takes too long leaves the patch applied", late_revert_stays_applied},
	{"... but not below a newer patch of the same function", is_not_turned_round_below_another},
	{"a module that is referred to stays, and is told", keeps_a_pinned_module},
	{"what the kernel would refuse or get wrong is refused before", refuses_before_loading},
	{"another build of the same release is another kernel", knows_the_build},
	{"one transition at a time", waits_for_its_turn},
	{"another patch of the same name is not taken for this one", takes_no_other_for_itself},
	{"the kernel's refusal is explained by its log", explains_the_kernel},
	{"a plan is all that is said before loading, and who would block", plans},
	{"tracers and kprobes on functions are warned of", warns_of_tracers},
	{"replace wants the patch that is named", replaces_what_is_named},
	{"only a transition can be forced", forces_only_a_transition},
	{"a kernel without livepatches is unsupported", needs_livepatches},
	{"the state is read from sysfs, modules and log", reads_the_state},
	{"the other end of a pipe is named", finds_the_other_end},
	{"code of an older patch blocks where that is what is left", blames_the_version_below},
};

SUT_TAP_MAIN(tests)
