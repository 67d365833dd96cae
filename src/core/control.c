// SPDX-License-Identifier: LGPL-2.1-or-later
/* The control files of a patch, by the names that the kernel's sysfs has. */
#include "core/private.h"

static const char main_name[] = "vmlinux";

enum { MODE_READ = 0444, MODE_READ_WRITE = 0644, MODE_WRITE = 0200 };

enum file { ENABLED, FORCE, REPLACE, STACK_ORDER, TRANSITION, FILES };

static const struct {
	const char *name;
	unsigned int mode;
} files[FILES] = {
	[ENABLED] = {"enabled", MODE_READ_WRITE}, [FORCE] = {"force", MODE_WRITE},
	[REPLACE] = {"replace", MODE_READ},       [STACK_ORDER] = {"stack_order", MODE_READ},
	[TRANSITION] = {"transition", MODE_READ},
};

static enum file find_file(const char *name)
{
	enum file file = ENABLED;

	while (file < FILES && !sut_same(files[file].name, name))
		file++;
	return file;
}

/* The object whose "patched" file this is. */
static const struct klp_object *find_patched(const struct klp_patch *patch, const char *file)
{
	static const char patched[] = "/patched";

	sut_for_each_object(obj, patch->core) {
		const char *name = obj->name ? obj->name : main_name;
		size_t length = sut_length(name), i = 0;

		while (i < length && file[i] == name[i])
			i++;
		if (i == length && sut_same(file + length, patched))
			return obj;
	}
	return NULL;
}

static int parse_bool(const char *text, bool *value)
{
	char c = text[0];

	if (c == 'o' || c == 'O')
		c = text[1] == 'n' || text[1] == 'N'   ? 'y'
		    : text[1] == 'f' || text[1] == 'F' ? 'n'
						       : 0;
	switch (c) {
	case 'y':
	case 'Y':
	case 't':
	case 'T':
	case '1':
		*value = true;
		return 0;
	case 'n':
	case 'N':
	case 'f':
	case 'F':
	case '0':
		*value = false;
		return 0;
	default:
		return -EINVAL;
	}
}

int sut_control_write(struct sut_core *core, const char *name, const char *file, const char *text)
{
	struct klp_patch *patch = sut_core_find(core, name);
	enum file which = find_file(file);
	bool value;

	if (!patch || (which == FILES && !find_patched(patch, file)))
		return -ENOENT;
	if (which != ENABLED && which != FORCE)
		return -EACCES;
	if (parse_bool(text, &value))
		return -EINVAL;
	if (which == ENABLED)
		return sut_core_set_enabled(core, patch, value);
	return value ? sut_core_force(core, patch) : 0;
}

static void print(char value[SUT_CONTROL_VALUE_MAX], unsigned int number)
{
	char digits[SUT_CONTROL_VALUE_MAX];
	unsigned int n = 0;

	do
		digits[n++] = (char)('0' + number % 10);
	while (number /= 10);
	while (n)
		*value++ = digits[--n];
	*value = 0;
}

static unsigned int stack_order(const struct sut_core *core, const struct klp_patch *patch)
{
	unsigned int order = 0;

	sut_for_each_patch(p, core) {
		order++;
		if (p->patch == patch)
			break;
	}
	return order;
}

int sut_control_read(const struct sut_core *core, const char *name, const char *file,
		     char value[SUT_CONTROL_VALUE_MAX])
{
	const struct klp_patch *patch = sut_core_find(core, name);
	const struct klp_object *obj;

	if (!patch)
		return -ENOENT;
	switch (find_file(file)) {
	case ENABLED:
		print(value, patch->enabled);
		return 0;
	case FORCE:
		return -EACCES;
	case REPLACE:
		print(value, patch->replace || patch->replace_set);
		return 0;
	case STACK_ORDER:
		print(value, stack_order(core, patch));
		return 0;
	case TRANSITION:
		print(value, patch == core->transition);
		return 0;
	default:
		obj = find_patched(patch, file);
		if (!obj)
			return -ENOENT;
		print(value, obj->patched);
		return 0;
	}
}

static void list_object(const struct klp_object *obj,
			void (*entry)(void *arg, const struct sut_control_entry *entry), void *arg)
{
	const char *name = obj->name ? obj->name : main_name;

	entry(arg,
	      &(struct sut_control_entry){.object = name, .file = "patched", .mode = MODE_READ});
	sut_for_each_func(func, obj)
		entry(arg,
		      &(struct sut_control_entry){.object = name,
						  .function = func->old_name,
						  .position =
							  func->old_sympos ? func->old_sympos : 1});
}

int sut_control_list(const struct sut_core *core, const char *name,
		     void (*entry)(void *arg, const struct sut_control_entry *entry), void *arg)
{
	const struct klp_patch *patch = sut_core_find(core, name);

	if (!patch)
		return -ENOENT;
	for (enum file file = ENABLED; file < FILES; file++)
		entry(arg, &(struct sut_control_entry){.file = files[file].name,
						       .mode = files[file].mode});
	sut_for_each_object(obj, patch->core)
		list_object(obj, entry, arg);
	return 0;
}
