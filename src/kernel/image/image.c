// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/image/image.h"
#include "kernel/image/unpack.h"

#include <string.h>

/* The header of a bzImage, as Documentation/x86/boot.rst has it: offsets in the file. */
enum {
	BOOT_SECTORS = 0x1f1, /* u8: 512-byte sectors of real-mode code behind the first */
	BOOT_MAGIC = 0x202,   /* "HdrS" */
	BOOT_VERSION = 0x206, /* u16 */
	BOOT_PAYLOAD = 0x248, /* u32: from the end of the real-mode code */
	BOOT_LENGTH = 0x24c,  /* u32 */
	BOOT_SIZE = 0x250,
	BOOT_VERSION_MIN = 0x208, /* the first with a payload */
};

static uint32_t u32_at(struct sut_bytes bytes, size_t at)
{
	uint32_t value;

	memcpy(&value, bytes.data + at, sizeof(value));
	return value;
}

static bool is_boot_image(struct sut_bytes bytes)
{
	return bytes.size > BOOT_SIZE && memcmp(bytes.data + BOOT_MAGIC, "HdrS", 4) == 0;
}

static enum sut_rc unpack(struct sut_arena *arena, const char *path, struct sut_bytes bytes,
			  struct sut_bytes *vmlinux, struct sut_diag *diag)
{
	uint64_t sectors = bytes.data[BOOT_SECTORS] ? bytes.data[BOOT_SECTORS] : 4;
	uint64_t from = (sectors + 1) * 512 + u32_at(bytes, BOOT_PAYLOAD);
	uint64_t length = u32_at(bytes, BOOT_LENGTH);

	if ((u32_at(bytes, BOOT_VERSION) & 0xffff) < BOOT_VERSION_MIN)
		return sut_fail(diag, SUT_UNSUPPORTED, "kernel-image",
				"%s: a boot image from before Linux 2.6.24", path);
	if (from > bytes.size || length > bytes.size - from)
		return sut_fail(diag, SUT_INVALID, "format", "%s: shorter than its header says",
				path);
	return sut_kernel_unpack(arena, path, (struct sut_bytes){bytes.data + from, length},
				 vmlinux, diag);
}

/* ---- what it says of itself ---- */

/* The banner has the number of the build, "#1": a weak copy for the linker's first run has none. */
static const char *find_banner(struct sut_arena *arena, const struct sut_kernel_section *section)
{
	static const char start[] = "Linux version ";
	const char *at = (const char *)section->data, *end = at + section->size;

	while ((at = memmem(at, (size_t)(end - at), start, strlen(start)))) {
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *zero = memchr(at, '\0', (size_t)(end - at));
		const char *number;

		if (line && zero && line < zero && at[strlen(start)] != '%') {
			const char *banner = sut_arena_strndup(arena, at, (size_t)(line - at));

			number = strstr(banner, ") #");
			if (number && number[3] >= '0' && number[3] <= '9')
				return banner;
		}
		at += strlen(start);
	}
	return NULL;
}

/* "gcc-12 (Debian 12.2.0-14) 12.2.0" of "... (user@host) (gcc-12 (Debian 12.2.0-14) 12.2.0, GNU ld
 * ...) #1 ..." */
static const char *find_compiler(struct sut_arena *arena, const char *banner)
{
	const char *from = strstr(banner, ") (");
	size_t depth = 0, length = 0;

	if (!from)
		return "";
	from += strlen(") (");
	for (; from[length] && (depth || (from[length] != ',' && from[length] != ')')); length++)
		depth += (from[length] == '(') - (from[length] == ')');
	return sut_arena_strndup(arena, from, length);
}

enum sut_rc sut_kernel_image_parse(struct sut_arena *arena, const char *path,
				   struct sut_bytes bytes, struct sut_kernel_image *image,
				   struct sut_diag *diag)
{
	struct sut_kernel_image found = {0};
	const struct sut_kernel_section *data;
	enum sut_rc rc = SUT_OK;

	if (is_boot_image(bytes))
		rc = unpack(arena, path, bytes, &bytes, diag);
	if (rc == SUT_OK)
		rc = sut_kernel_elf_parse(arena, path, bytes, &found.elf, diag);
	if (rc)
		return rc;
	data = sut_kernel_elf_section(&found.elf, ".rodata");
	if (data && data->data)
		found.banner = find_banner(arena, data);
	if (found.elf.relocatable || !found.banner || !found.elf.build_id_size)
		return sut_fail(diag, SUT_INVALID, "format",
				"%s: not a kernel: it has no version or no build-id", path);
	found.release = found.banner + strlen("Linux version ");
	found.release = sut_arena_strndup(arena, found.release, strcspn(found.release, " "));
	found.compiler = find_compiler(arena, found.banner);
	*image = found;
	return SUT_OK;
}

enum sut_rc sut_kernel_image_open(struct sut_arena *arena, const char *path,
				  struct sut_kernel_image *image, struct sut_diag *diag)
{
	struct sut_bytes bytes;
	enum sut_rc rc = sut_file_read(arena, path, SUT_KERNEL_FILE_MAX, &bytes, diag);

	return rc ? rc : sut_kernel_image_parse(arena, path, bytes, image, diag);
}
