// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The configuration of the tree against that of the image. The tree's is the one that the headers
 * package brings, never one that is made here: what is installed on this machine (plugins of the
 * compiler, pahole, another compiler) would change it, and with it the code.
 */
#include "profile/kernel-private.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

enum { CONFIG_MAX = 16 << 20 /* bytes */ };

/* Signatures and names: Debian leaves them out of the configuration that it ships in /boot. */
static const char *const not_code[] = {
	"CONFIG_BUILD_SALT=",
	"CONFIG_MODULE_SIG_ALL=",
	"CONFIG_MODULE_SIG_KEY=",
	"CONFIG_SYSTEM_TRUSTED_KEYS=",
};

struct config {
	const char *path;
	size_t count, capacity;
	const char **lines; /* "CONFIG_X=...", without quotes, sorted */
};

static int compare(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

static bool is_code(const char *line)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(not_code); i++)
		if (strncmp(line, not_code[i], strlen(not_code[i])) == 0)
			return false;
	return true;
}

/* auto.conf has strings without their quotes. */
static char *unquote(char *line)
{
	char *value = strchr(line, '=');
	size_t length = value ? strlen(++value) : 0;

	if (length >= 2 && value[0] == '"' && value[length - 1] == '"') {
		memmove(value, value + 1, length - 2);
		value[length - 2] = '\0';
	}
	return line;
}

static enum sut_rc load(struct sut_kernel_making *kernel, const char *path, struct config *config)
{
	struct sut_arena *arena = kernel->making->arena;
	struct sut_bytes text;
	char *rest, *line;
	enum sut_rc rc = sut_file_read(arena, path, CONFIG_MAX, &text, kernel->making->diag);

	if (rc)
		return rc;
	*config = (struct config){.path = path};
	rest = (char *)text.data;
	while ((line = strsep(&rest, "\n")))
		if (strncmp(line, "CONFIG_", strlen("CONFIG_")) == 0)
			SUT_PUSH(arena, config->lines, config->count, config->capacity) =
				unquote(line);
	if (config->count)
		qsort(config->lines, config->count, sizeof(*config->lines), compare);
	return SUT_OK;
}

/* A line of one that the other has not, or NULL. */
static const char *difference(const struct config *one, const struct config *other)
{
	for (size_t i = 0; i < one->count; i++)
		if (is_code(one->lines[i]) &&
		    (!other->count || !bsearch(&one->lines[i], other->lines, other->count,
					       sizeof(*other->lines), compare)))
			return one->lines[i];
	return NULL;
}

static enum sut_rc same(struct sut_kernel_making *kernel, const struct config *one,
			const struct config *other)
{
	const char *line = difference(one, other);

	if (!line)
		line = difference(other, one);
	if (!line)
		return SUT_OK;
	sut_fail(kernel->making->diag, SUT_REFUSED, "kernel-profile",
		 "%s and %s differ: %s is in one of them only", one->path, other->path, line);
	sut_remedy(kernel->making->diag, "take image and headers of the very same version");
	return SUT_REFUSED;
}

enum sut_rc sut_kernel_config_value(struct sut_kernel_making *kernel, const char *key,
				    const char **value)
{
	const char *path = sut_arena_printf(kernel->making->arena, "%s/.config", kernel->tree);
	size_t length = strlen(key);
	struct config tree = {0};
	enum sut_rc rc = load(kernel, path, &tree);

	*value = "";
	for (size_t i = 0; i < tree.count && rc == SUT_OK; i++)
		if (strncmp(tree.lines[i], key, length) == 0 && tree.lines[i][length] == '=')
			*value = tree.lines[i] + length + 1;
	return rc;
}

/* Where calls must land on marks (IBT), and with LTO, the build works on the whole kernel at once:
 * what a unit compiles to is not what is in it. */
static enum sut_rc check_units(struct sut_kernel_making *kernel)
{
	static const char *const keys[] = {"CONFIG_X86_KERNEL_IBT", "CONFIG_LTO_CLANG"};
	enum sut_rc rc = SUT_OK;

	for (size_t i = 0; i < SUT_ARRAY_SIZE(keys) && rc == SUT_OK; i++) {
		const char *value;

		rc = sut_kernel_config_value(kernel, keys[i], &value);
		if (rc == SUT_OK && *value)
			rc = sut_fail(kernel->making->diag, SUT_UNSUPPORTED, "kernel-profile",
				      "%s: built with %s, so units are finished together and not "
				      "by themselves, which this version cannot do",
				      kernel->release, keys[i]);
	}
	return rc;
}

enum sut_rc sut_kernel_config_check(struct sut_kernel_making *kernel)
{
	struct sut_arena *arena = kernel->making->arena;
	struct config shipped, tree, used;
	enum sut_rc rc =
		load(kernel, sut_arena_printf(arena, "%s/config", kernel->files), &shipped);

	if (rc == SUT_OK)
		rc = load(kernel, sut_arena_printf(arena, "%s/.config", kernel->tree), &tree);
	if (rc == SUT_OK)
		rc = load(kernel,
			  sut_arena_printf(arena, "%s/include/config/auto.conf", kernel->tree),
			  &used);
	if (rc == SUT_OK)
		rc = same(kernel, &shipped, &tree);
	if (rc == SUT_OK)
		rc = same(kernel, &tree, &used);
	return rc ? rc : check_units(kernel);
}
