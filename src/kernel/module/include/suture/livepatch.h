/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The header for authors of kernel patches. It has the name and the contents of the one for
 * processes (`suture create --with`): callbacks, sets, shadow types and states that use nothing of
 * one target build for both. Where they must differ, __KERNEL__ tells them apart.
 *
 * The kernel's structures have no room for what suture.ko adds, so from here on its names mean
 * ours. A livepatch that was written for <linux/livepatch.h> builds with this header instead, and
 * needs no other change.
 */
#ifndef SUTURE_LIVEPATCH_H
#define SUTURE_LIVEPATCH_H

#include <linux/slab.h>
#include <suture/kernel.h>

#define klp_callbacks      sut_callbacks
#define klp_callback_set   sut_callback_set
#define klp_shadow_type    sut_shadow_type
#define klp_object         sut_object
#define klp_state          sut_state
#define klp_patch          sut_patch
#define klp_enable_patch   sut_enable_patch
#define klp_get_state      sut_get_state
#define klp_get_prev_state sut_get_prev_state

/* What `suture create --with FILE.c` looks for; see the header for processes. */
extern struct klp_object suture_objects[];
extern struct klp_state suture_states[];

#endif
