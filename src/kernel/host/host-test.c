// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/guard.h"
#include "base/tap.h"
#include "kernel/host/fake.h"
#include "kernel/host/files.h"

#include <string.h>

#define IN_OLD                                                                                     \
	"[<0>] cmdline_proc_show+0xa8/0x170\n[<0>] seq_read+0xc/0x20\n[<0>] vfs_read+0xa5/0x310\n"
#define IN_NEW "[<0>] new_show+0xa8/0x170 [sample]\n[<0>] seq_read+0xc/0x20\n"

static bool in_use(const struct run *r)
{
	return sut_host_exists(&r->fake.host, "/sys/kernel/livepatch/sample");
}

static void applies(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_STRING(r.effect.patch, "sample");
	CHECK_EQUAL(r.effect.func_count, 3);
	CHECK(r.effect.transition_s >= 2 && r.effect.transition_s < 3);
	CHECK(run_warned(&r, "kernel-object") && run_warned(&r, "kernel-taint"));
	CHECK(!run_warned(&r, "kernel-count") && !run_warned(&r, "kernel-replaces"));
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	CHECK_EQUAL(r.fake.loads, 1);
	run_end(&r);
}

static void goes_back_when_late(void)
{
	struct run r;
	const struct sut_host_blocker *b;

	run_start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
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
	run_end(&r);
}

static void stays_open_if_told(void)
{
	struct sut_host_options keep = ten_seconds;
	struct run r;

	run_start(&r);
	keep.keep = true;
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &keep), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK(in_use(&r));
	/* Another command goes on from there. */
	r.fake.stuck = false;
	fake_task(&r.fake, 1, IN_OLD);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed);
	run_end(&r);
}

static void turns_a_revert_round(void)
{
	struct sut_host_options keep = ten_seconds;
	struct run r;

	run_start(&r);
	keep.keep = true;
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(run_revert(&r, "sample", &keep), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed);
	CHECK_EQUAL(r.fake.loads, 1);
	run_end(&r);
}

static void reverts(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.removed_count, 1);
	CHECK_EQUAL(r.effect.stays_count, 0);
	CHECK(!in_use(&r));
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	run_end(&r);
}

static void reverts_what_is_being_applied(void)
{
	struct sut_host_options none = {.keep = true};
	struct run r;

	run_start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &none), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK(r.effect.resumed && !in_use(&r));
	run_end(&r);
}

static void late_revert_stays_applied(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BACK);
	CHECK_EQUAL(r.effect.blockers.count, 1);
	CHECK_STRING(r.effect.blockers.list[0].version, "sample");
	CHECK(in_use(&r));
	CHECK_EQUAL(sut_host_number(&r.fake.host, -1, "/sys/kernel/livepatch/sample/enabled"), 1);
	run_end(&r);
}

static void may_end_in_the_last_moment(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	r.fake.stuck_out = r.fake.ends_late = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.removed_count, 1);
	run_end(&r);
}

static void is_not_turned_round_below_another(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	fake_patch(&r.fake, "newer", "cmdline_proc_show", false);
	r.fake.stuck_out = true;
	fake_task(&r.fake, 1, IN_NEW);
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK(run_warned(&r, "kernel-below"));
	CHECK_EQUAL(sut_host_number(&r.fake.host, -1, "/sys/kernel/livepatch/sample/enabled"), 0);
	/* Neither is it by applying it again. */
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-below");
	run_end(&r);
}

static void keeps_a_pinned_module(void)
{
	struct run r;

	run_start(&r);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	r.fake.pinned = true;
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_DONE);
	CHECK_EQUAL(r.effect.removed_count, 0);
	CHECK_EQUAL(r.effect.stays_count, 1);
	/* It is in the way of the same patch, and of one with its name. */
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-name");
	/* When nothing refers to it any more it goes. */
	fake_put(&r.fake, "/sys/module/sample/refcnt", "0\n");
	CHECK_EQUAL(run_revert(&r, "sample", &ten_seconds), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_NOTHING);
	CHECK_EQUAL(r.effect.removed_count, 1);
	run_end(&r);
}

static void waits_for_its_turn(void)
{
	struct run r;

	run_start(&r);
	fake_patch(&r.fake, "other", "vfs_read", true);
	fake_task(&r.fake, 0, "[<0>] vfs_read+0x1/0x2\n");
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_RETRY);
	CHECK_STRING(r.diag.rule, "kernel-transition");
	CHECK(strstr(r.diag.entry[1], "(102) in vfs_read"));
	CHECK_EQUAL(run_revert(&r, "other", &(struct sut_host_options){.keep = true}), SUT_OK);
	CHECK_EQUAL(r.effect.outcome, SUT_HOST_BLOCKED);
	CHECK_EQUAL(r.fake.loads, 0);
	run_end(&r);
}

static void unloads_what_patches_nothing(void)
{
	struct run r;

	run_start(&r);
	r.fake.idle = true;
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-no-livepatch");
	CHECK_EQUAL(r.fake.unloads, 1);
	run_end(&r);
}

static void forces_only_a_transition(void)
{
	struct run r;

	run_start(&r);
	fake_patch(&r.fake, "sample", "cmdline_proc_show", false);
	CHECK_EQUAL(sut_host_force(&r.fake.host, &r.arena, "sample", &ten_seconds, &r.effect,
				   &r.diag),
		    SUT_REFUSED);
	CHECK_STRING(r.diag.rule, "kernel-force");
	run_end(&r);
}

static void reads_the_state(void)
{
	struct sut_host_state state;
	struct run r;

	run_start(&r);
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
	run_end(&r);
}

/* An older patch's function is what a newer one leaves, and not the original. */
static void blames_the_version_below(void)
{
	struct sut_host_state state;
	struct sut_host_blockers blockers;
	struct run r;

	run_start(&r);
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
	run_end(&r);
}

/* Who may end the wait of a task that reads from a pipe is whoever has it, too. */
static void finds_the_other_end(void)
{
	char path[128];
	struct run r;

	run_start(&r);
	r.fake.stuck = true;
	fake_task(&r.fake, 0, IN_OLD);
	fake_put(&r.fake, "/proc/7/comm", "writer\n");
	fake_put(&r.fake, "/proc/7/fd/x", "%s", "");
	snprintf(path, sizeof(path), "%s/proc/102/fd/3", r.fake.root);
	CHECK_EQUAL(symlink("pipe:[5]", path), 0);
	snprintf(path, sizeof(path), "%s/proc/7/fd/1", r.fake.root);
	CHECK_EQUAL(symlink("pipe:[5]", path), 0);
	CHECK_EQUAL(run_apply(&r, SAMPLE, NULL, &ten_seconds), SUT_OK);
	CHECK_STRING(r.effect.blockers.list[0].waits,
		     "read of 3 (pipe:[5], also open in writer (7))");
	run_end(&r);
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
	{"... unless it ends in the last moment", may_end_in_the_last_moment},
	{"... but not below a newer patch of the same function", is_not_turned_round_below_another},
	{"a module that is referred to stays, and is told", keeps_a_pinned_module},
	{"one transition at a time", waits_for_its_turn},
	{"a module that patches nothing is unloaded", unloads_what_patches_nothing},
	{"only a transition can be forced", forces_only_a_transition},
	{"the state is read from sysfs, modules and log", reads_the_state},
	{"the other end of a pipe is named", finds_the_other_end},
	{"code of an older patch blocks where that is what is left", blames_the_version_below},
};

SUT_TAP_MAIN(tests)
