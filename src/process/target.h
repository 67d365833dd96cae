/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process as a target: found, locked, read and written through one /proc folder that stays the
 * same process (descriptors opened once, start time compared), never through a path of its own.
 */
#ifndef SUT_PROCESS_TARGET_H
#define SUT_PROCESS_TARGET_H

#include "base/arena.h"
#include "base/diag.h"
#include "elf/patchfile.h"
#include "process/pace.h"
#include "process/pages.h"
#include "process/thread-files.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { SUT_PAGE_SIZE = 4096 };

struct sut_map {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	unsigned int major, minor; /* of the device that the file is on */
	uint64_t inode;
	bool read, write, exec, shared;
	const char *path; /* "" for anonymous memory; as the kernel prints it, for people only */
};

/* An ELF image in the target, as its memory shows it. */
struct sut_object {
	uint64_t bias; /* memory address - link-time address */
	uint64_t low;  /* of its segments, in memory */
	uint64_t high;
	uint64_t text_end; /* of its executable segment, in memory */
	uint64_t dynamic;  /* address of its dynamic section, or 0 */
	uint64_t dynamic_size;
	bool executable; /* the program itself */
	bool go;         /* made by Go's linker, or with code that it has seen */
	const char *path;
	size_t build_id_size;
	unsigned char build_id[SUT_PATCH_BUILD_ID_MAX];
};

struct sut_target {
	pid_t pid;
	int leader;    /* /proc/PID */
	int lock;      /* a file in there that strangers cannot open; keeps other controllers out */
	int folder;    /* the same, or a live thread's when the leader is a zombie */
	int tasks;     /* /proc/PID/task */
	int memory;    /* .../mem */
	char name[32]; /* comm, for messages */
	struct sut_arena arena;
	/* The arena's, of an open target. */
	struct sut_pace *pace;
	struct sut_pages *pages;
	struct sut_thread_files *files;
	size_t map_count;
	struct sut_map *maps; /* ascending */
	size_t object_count;
	struct sut_object *objects;
	bool go; /* a program with code of Go: much of it runs on small stacks of its own */
};

/*
 * Opens a process. The target is untouched. With lock: waits up to five seconds for another
 * controller to finish, then fails with SUT_RETRY (rule "busy").
 * SUT_GONE: no such process. SUT_REFUSED (rule "permission"): no right to read or write it.
 */
enum sut_rc sut_target_open(pid_t pid, bool lock, struct sut_target *target, struct sut_diag *diag);
void sut_target_close(struct sut_target *target);

#define SUT_TARGET __attribute__((cleanup(sut_target_close)))

/*
 * Reads the maps and the objects in them (again). SUT_REFUSED (rule "damaged"): there were some,
 * and now there is none.
 */
enum sut_rc sut_target_refresh(struct sut_target *target, struct sut_diag *diag);

/* Only the maps. */
enum sut_rc sut_target_remap(struct sut_target *target, struct sut_diag *diag);

/* Still the same process, and not a zombie? */
bool sut_target_alive(const struct sut_target *target);

/* Has it executed a program since it was opened? What was opened is gone then. */
bool sut_target_executed(const struct sut_target *target);

/*
 * Refuses what this version must not touch: another architecture, a traced, stopped or exiting
 * process, a seccomp filter, no glibc (found by its thread control block elsewhere).
 */
enum sut_rc sut_target_check(const struct sut_target *target, struct sut_diag *diag);

bool sut_target_read(const struct sut_target *target, uint64_t address, void *data, size_t size);
/* Through target->pages, so only for what that is for. */
bool sut_target_read_kept(const struct sut_target *target, uint64_t address, void *data,
			  size_t size);
/* A string of at most size - 1 bytes; false when unreadable or without an end. */
bool sut_target_read_string(const struct sut_target *target, uint64_t address, char *data,
			    size_t size);
/* The failure "go". */
enum sut_rc sut_target_is_go(const struct sut_target *target, struct sut_diag *diag);

/* Writes also where the target itself may not; only to memory that no thread uses meanwhile. */
bool sut_target_write(const struct sut_target *target, uint64_t address, const void *data,
		      size_t size);

/*
 * Closes it at the end of an operation that came to rc. What failed in a process that has ended
 * meanwhile failed for that reason: SUT_GONE. Likewise SUT_RETRY (rule "exec") when it has executed
 * another program.
 */
enum sut_rc sut_target_leave(struct sut_target *target, enum sut_rc rc, struct sut_diag *diag);

/*
 * Says why the target's memory could not be read or written where it should be: SUT_GONE when it
 * has exited, SUT_RETRY (rule "exec") when it has executed another program, else SUT_SYSTEM with
 * errno.
 */
enum sut_rc sut_target_lost(const struct sut_target *target, struct sut_diag *diag);

/* What we left in its memory is not there, or not as it was: SUT_GONE, or SUT_REFUSED (rule
 * "damaged"). */
enum sut_rc sut_target_damaged(const struct sut_target *target, const char *what,
			       struct sut_diag *diag);

/* SUT_REFUSED (rule "permission"), with the right that is missing; errno says what the kernel said.
 */
enum sut_rc sut_target_denied(const struct sut_target *target, struct sut_diag *diag);

/* The map that contains address, or NULL. */
const struct sut_map *sut_target_map(const struct sut_target *target, uint64_t address);

const struct sut_object *sut_target_object(const struct sut_target *target,
					   const unsigned char *build_id, size_t size);

/*
 * A hole of size bytes (page-multiple) from which every address in [low, high) is within reach of
 * a rel32, and the other way round. 0: none.
 */
uint64_t sut_target_hole(const struct sut_target *target, uint64_t low, uint64_t high,
			 uint64_t size);

/* Keeps [start, end) out of later holes and free pages until the maps are read again. */
void sut_target_reserve(struct sut_target *target, uint64_t start, uint64_t end);

/* The number behind a key ("\nSeccomp:") in the text of a status file; -1: it is not there. */
long sut_status_number(const char *status, const char *key);

/* Small text file of the process or of a task ("123/stat") into buf, with an end. -1 on failure. */
ssize_t sut_proc_read(int folder, const char *name, char *buf, size_t size);

#endif
