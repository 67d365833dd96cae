// SPDX-License-Identifier: GPL-2.0-only
/*
 * A reader for the one question that accel-btf.h asks. The kernel's own reader cannot be asked: it
 * is not exported, and what it gives depends on more than these bytes.
 *
 * Nothing here trusts what it reads: a kernel that is not ours may hand out anything.
 */
#include <linux/btf.h>
#ifdef __KERNEL__
#include <linux/errno.h>
#include <linux/limits.h>
#include <linux/string.h>
#else
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#endif
#include "accel-btf.h"

struct sections {
	const char *types, *types_end;
	const char *strings;
	size_t strings_size; /* the last byte is 0 */
};

static bool inside(size_t size, size_t from, size_t length)
{
	return from <= size && length <= size - from;
}

static bool find_sections(const char *btf, size_t size, struct sections *s)
{
	struct btf_header h;

	if (size < sizeof(h))
		return false;
	memcpy(&h, btf, sizeof(h));
	if (h.magic != BTF_MAGIC || h.version != BTF_VERSION || !inside(size, 0, h.hdr_len))
		return false;
	btf += h.hdr_len;
	size -= h.hdr_len;
	if (!inside(size, h.type_off, h.type_len) || !inside(size, h.str_off, h.str_len))
		return false;
	s->types = btf + h.type_off;
	s->types_end = s->types + h.type_len;
	s->strings = btf + h.str_off;
	s->strings_size = h.str_len;
	return h.str_len && !s->strings[h.str_len - 1];
}

static bool is_named(const struct sections *s, __u32 offset, const char *name)
{
	return offset < s->strings_size && !strcmp(s->strings + offset, name);
}

/* What follows the head of a type, in bytes; -1: a kind that this reader does not know. */
static long rest_of_type(__u32 info)
{
	long n = BTF_INFO_VLEN(info);

	switch (BTF_INFO_KIND(info)) {
	case BTF_KIND_INT:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return n * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
		return n * sizeof(struct btf_enum);
	case BTF_KIND_FUNC_PROTO:
		return n * sizeof(struct btf_param);
	case BTF_KIND_VAR:
		return sizeof(struct btf_var);
	case BTF_KIND_DATASEC:
		return n * sizeof(struct btf_var_secinfo);
	case BTF_KIND_DECL_TAG:
		return sizeof(struct btf_decl_tag);
	case BTF_KIND_ENUM64:
		return n * sizeof(struct btf_enum64);
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	default:
		return -1;
	}
}

static long find_member(const struct sections *s, const struct btf_type *t, const char *members,
			const char *name)
{
	for (__u32 i = 0; i < BTF_INFO_VLEN(t->info); i++) {
		struct btf_member m;
		__u32 bits;

		memcpy(&m, members + i * sizeof(m), sizeof(m));
		if (!is_named(s, m.name_off, name))
			continue;
		bits = m.offset;
		if (BTF_INFO_KFLAG(t->info)) {
			if (BTF_MEMBER_BITFIELD_SIZE(m.offset))
				return -EINVAL;
			bits = BTF_MEMBER_BIT_OFFSET(m.offset);
		}
		return bits % 8 ? -EINVAL : (long)(bits / 8);
	}
	return -ENOENT;
}

long accel_btf_look(const void *btf, size_t size, const char *type, const char *member)
{
	struct sections s;

	if (!find_sections(btf, size, &s))
		return -EINVAL;
	for (const char *at = s.types; at < s.types_end;) {
		struct btf_type t;
		long rest;

		if ((size_t)(s.types_end - at) < sizeof(t))
			return -EINVAL;
		memcpy(&t, at, sizeof(t));
		at += sizeof(t);
		rest = rest_of_type(t.info);
		if (rest < 0 || rest > s.types_end - at)
			return -EINVAL;
		if (BTF_INFO_KIND(t.info) == BTF_KIND_STRUCT && is_named(&s, t.name_off, type))
			return member ? find_member(&s, &t, at, member) : (long)t.size;
		at += rest;
	}
	return -ENOENT;
}
