// SPDX-License-Identifier: GPL-2.0-or-later
/* Which right to a process is missing, by the kernel's rules (ptrace(2), access mode checking). */
#include "process/target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of kernel.yama.ptrace_scope; 0 also where there is no Yama. */
enum { SCOPE_CHILDREN = 1, SCOPE_ADMIN = 2, SCOPE_NOBODY = 3 };

static int ptrace_scope(void)
{
	char text[16];

	return sut_proc_read(AT_FDCWD, "/proc/sys/kernel/yama/ptrace_scope", text, sizeof(text)) > 0
		       ? atoi(text)
		       : 0;
}

/* The real, effective and saved ids of a key ("\nUid:") must all be `own`. *id: one that is not. */
static bool are_all(const char *status, const char *key, unsigned int own, unsigned int *id)
{
	const char *line = strstr(status, key);
	unsigned int ids[3];

	*id = own;
	if (!line || sscanf(line + strlen(key), "%u %u %u", &ids[0], &ids[1], &ids[2]) != 3)
		return true;
	for (int i = 0; i < 3; i++)
		if (ids[i] != own)
			*id = ids[i];
	return *id == own;
}

/* The kernel gives the files of a process whose memory is protected to root. */
static bool is_protected(const struct sut_target *target)
{
	struct stat st;

	return fstatat(target->leader, "mem", &st, 0) == 0 && st.st_uid != geteuid();
}

static void missing(const struct sut_target *target, char *reason, size_t size, const char **remedy)
{
	char status[8192];
	unsigned int id;
	bool known = sut_proc_read(target->leader, "status", status, sizeof(status)) > 0;

	*remedy = "Run as root: the capability CAP_SYS_PTRACE overrules that.";
	if (geteuid() == 0) {
		snprintf(reason, size,
			 "root lacks the capability CAP_SYS_PTRACE for it, or a security module "
			 "forbids it");
		*remedy =
			"Run it outside of a container, or with that capability; the kernel's log "
			"names what a security module forbids.";
	} else if (known && !are_all(status, "\nUid:", geteuid(), &id)) {
		snprintf(reason, size, "it runs as user %u, and you are %u", id, geteuid());
		*remedy = "Run as root, or as that user.";
	} else if (known && !are_all(status, "\nGid:", getegid(), &id)) {
		snprintf(reason, size, "it runs as group %u, and you as %u", id, getegid());
	} else if (is_protected(target)) {
		snprintf(reason, size,
			 "it is yours, but not dumpable: it has changed its rights, or its program "
			 "cannot be read");
	} else if (ptrace_scope() == SCOPE_NOBODY) {
		snprintf(reason, size, "kernel.yama.ptrace_scope=3 forbids it to everybody");
		*remedy = "That cannot be undone before the next boot.";
	} else if (ptrace_scope() == SCOPE_CHILDREN || ptrace_scope() == SCOPE_ADMIN) {
		snprintf(
			reason, size,
			"it is yours, but kernel.yama.ptrace_scope=%d forbids to trace what is not "
			"one's child",
			ptrace_scope());
		*remedy = "Run as root, or set kernel.yama.ptrace_scope=0.";
	} else {
		snprintf(reason, size, "it is yours, but a security module forbids it");
		*remedy = "The kernel's log names what forbids it.";
	}
}

enum sut_rc sut_target_denied(const struct sut_target *target, struct sut_diag *diag)
{
	int error = errno;
	const char *remedy;
	char reason[160];

	missing(target, reason, sizeof(reason), &remedy);
	sut_fail(diag, SUT_REFUSED, "permission",
		 "process %d (%s): no right to read and write its memory (%s): %s", target->pid,
		 target->name, strerror(error), reason);
	sut_remedy(diag, "%s", remedy);
	return SUT_REFUSED;
}
