/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * How unwinders find their way through code of ours. They ask the C library what lies at an
 * address: _dl_find_object() or, older ones, dl_iterate_phdr(). The entries of these two lead to
 * the run-time, which knows the patches, and asks the C library about everything else.
 *
 * A patch is known from the moment on that it is in sut_rt_control.patches, and that list is all
 * that there is: nothing is registered with anybody. Whoever unmaps a patch takes it from the list
 * first, and makes sure that no thread is in the run-time's text.
 */
#ifndef SUT_PROCESS_RT_UNWIND_H
#define SUT_PROCESS_RT_UNWIND_H

#include <stddef.h>
#include <stdint.h>

/* As Elf64_Phdr. */
struct sut_rt_segment {
	uint32_t type;
	uint32_t flags;
	uint64_t offset;
	uint64_t address;
	uint64_t physical;
	uint64_t file_size;
	uint64_t memory_size;
	uint64_t align;
};

enum { SUT_RT_SEGMENT_CODE, SUT_RT_SEGMENT_TABLE, SUT_RT_SEGMENTS };

/* Code, and its call frame information. */
struct sut_rt_table {
	uint64_t low; /* of the code */
	uint64_t high;
	uint64_t index; /* what .eh_frame_hdr is: functions by address */
	uint64_t near;  /* an address in the object that it belongs to */
	uint64_t name;  /* for who lists objects */
	struct sut_rt_segment segments[SUT_RT_SEGMENTS];
};

enum sut_rt_hook_function { SUT_RT_HOOK_FIND, SUT_RT_HOOK_ITERATE, SUT_RT_HOOKS };

/* A function of the C library that leads to the run-time; it stays so until the process ends. */
struct sut_rt_hook {
	uint64_t entry;    /* 0: never planned */
	uint64_t original; /* the aligned word at the entry; another one is there: it is taken */
	uint64_t head;     /* what does the original's work */
	uint64_t land;     /* of its pun page, or 0 */
	uint64_t slot;
};

/* As struct dl_find_object, which <dlfcn.h> has since glibc 2.35. */
struct sut_rt_found {
	uint64_t flags;
	uint64_t start;
	uint64_t end;
	uint64_t link_map;
	uint64_t index;
	uint64_t reserved[7];
};

/* As struct dl_phdr_info. */
struct sut_rt_listed {
	uint64_t bias;
	uint64_t name;
	uint64_t segments;
	uint16_t segment_count;
	uint64_t added;
	uint64_t removed;
	uint64_t tls_module;
	uint64_t tls_data;
};

int sut_rt_find_object(uint64_t address, struct sut_rt_found *found);
int sut_rt_iterate_phdr(int (*callback)(struct sut_rt_listed *listed, size_t size, void *data),
			void *data);

#endif
