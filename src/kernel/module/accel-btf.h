/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the running kernel says of its own structures: BTF, which is in the image itself. Compiled
 * by kbuild and, for its test, as an ordinary program.
 */
#ifndef SUTURE_ACCEL_BTF_H
#define SUTURE_ACCEL_BTF_H

#ifdef __KERNEL__
#include <linux/types.h>
#else
#include <stddef.h>
#endif

/*
 * accel_btf_look() - where MEMBER lies in struct TYPE, in bytes; the size of the structure when
 * MEMBER is NULL. -ENOENT: there is no such structure or member; -EINVAL: this is no BTF, or
 * MEMBER is a bit field. Members of unnamed structures inside TYPE are not found.
 */
long accel_btf_look(const void *btf, size_t size, const char *type, const char *member);

#endif
