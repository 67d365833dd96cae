// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/files.h"
#include "kernel/host/operation.h"
#include "base/guard.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Opened once, so that what is checked is the file that is loaded. */
static enum sut_rc read_file(struct sut_arena *arena, const char *path, int fd,
			     struct sut_bytes *bytes, struct sut_diag *diag)
{
	struct stat st;
	unsigned char *data;

	if (fd < 0 || fstat(fd, &st) < 0)
		return sut_fail_errno(diag, "%s", path);
	if (!S_ISREG(st.st_mode) || st.st_size > SUT_KO_FILE_MAX)
		return sut_fail(diag, SUT_INVALID, "file",
				"%s: not a regular file, or far too large", path);
	data = sut_arena_alloc(arena, (size_t)st.st_size + 1);
	if (!sut_pread_all(fd, data, (size_t)st.st_size, 0))
		return sut_fail_errno(diag, "%s: short read", path);
	*bytes = (struct sut_bytes){.data = data, .size = (size_t)st.st_size};
	return SUT_OK;
}

/* The kernel makes folders of the name. */
static bool is_name(const char *name)
{
	return name && *name && strlen(name) < 56 &&
	       name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				 "0123456789_")] == '\0';
}

enum sut_rc sut_livepatch_open(struct sut_arena *arena, const char *path,
			       struct sut_livepatch *livepatch, struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc;

	/* Opening a named pipe would wait for its writer. */
	*livepatch = (struct sut_livepatch){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	rc = read_file(arena, path, livepatch->fd, &bytes, diag);
	if (rc == SUT_OK)
		rc = sut_klp_signature_read(arena, path, bytes, &livepatch->signature, diag);
	if (rc == SUT_OK)
		rc = sut_ko_read(arena, path, bytes, &livepatch->ko, diag);
	if (rc == SUT_OK)
		rc = sut_klp_patch_read(arena, &livepatch->ko, &livepatch->klp, diag);
	if (rc != SUT_OK)
		return rc;
	livepatch->name = sut_ko_info(&livepatch->ko, "name", NULL);
	for (size_t i = 0; i < livepatch->klp.object_count; i++)
		livepatch->func_count += livepatch->klp.objects[i].func_count;
	if (livepatch->klp.livepatch && is_name(livepatch->name))
		return SUT_OK;
	sut_fail(diag, SUT_INVALID, "kernel-no-livepatch", "%s: %s", path,
		 livepatch->klp.livepatch ? "its module has no proper name"
					  : "a kernel module, but no livepatch");
	sut_remedy(diag, "A livepatch says so by MODULE_INFO(livepatch, \"Y\").");
	return SUT_INVALID;
}

void sut_livepatch_close(struct sut_livepatch *livepatch)
{
	sut_guard_close(&livepatch->fd);
}

bool sut_livepatch_is_loaded(const struct sut_host *host, const struct sut_livepatch *livepatch)
{
	static const char section[] = ".note.gnu.build-id";
	const struct sut_kernel_section *note = sut_kernel_elf_section(&livepatch->ko.elf, section);

	return note && note->data &&
	       sut_host_same(host, note->data, note->size, "/sys/module/%s/notes/%s",
			     livepatch->name, section);
}

enum sut_rc sut_livepatch_refuse_name(const struct sut_livepatch *livepatch, const char *holder,
				      struct sut_diag *diag)
{
	sut_fail(diag, SUT_REFUSED, "kernel-name", "the name %s is taken by %s", livepatch->name,
		 holder);
	sut_remedy(diag,
		   "`suture revert %s kernel` removes that one; or give the patch another "
		   "name.",
		   livepatch->name);
	return SUT_REFUSED;
}
