/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the commands do; play.c has their table, docs/scenarios.md what they mean. */
#ifndef SUT_SIM_COMMANDS_H
#define SUT_SIM_COMMANDS_H

#include "sim/play.h"

typedef bool sut_command_fn(struct sut_world *world, const struct sut_args *args);

/* declare.c, patch.c: what is there */
sut_command_fn sut_declare_tasks, sut_declare_object, sut_declare_function, sut_declare_patch;
/* An indented line of world->open_patch. */
bool sut_declare_patch_line(struct sut_world *world, const char *line);

/* action.c */
sut_command_fn sut_do_let, sut_do_enable, sut_do_unload, sut_do_write, sut_do_load, sut_do_tick;

/* task.c */
sut_command_fn sut_do_hold, sut_do_free, sut_do_unreliable, sut_do_reliable, sut_do_enter,
	sut_do_leave, sut_do_stack, sut_do_safepoint, sut_do_fork, sut_do_thread, sut_do_exit;

/* shadow.c */
sut_command_fn sut_do_shadow_alloc, sut_do_shadow_get_or_alloc, sut_do_shadow_get,
	sut_do_shadow_free, sut_do_shadow_free_all, sut_do_shadow_read, sut_do_shadow_fill;

/* question.c */
sut_command_fn sut_ask_calls, sut_ask_patches, sut_ask_tasks, sut_ask_stacks, sut_ask_types,
	sut_ask_shadows, sut_ask_status, sut_ask_module, sut_ask_ls, sut_ask_read, sut_ask_state,
	sut_ask_prev_state;

#endif
