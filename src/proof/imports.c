// SPDX-License-Identifier: GPL-2.0-or-later
/* For references to symbols that the target did not import until now. */
#include "proof/target.h"

#include <string.h>
#include <unistd.h>

static bool exports(const struct sut_target *object, const char *name)
{
	size_t count;
	const struct sut_target_symbol *symbols = sut_target_find(object, name, &count);

	for (size_t i = 0; i < count; i++) {
		if (symbols[i].dynamic && !symbols[i].local)
			return true;
	}
	return false;
}

static struct sut_target *load_from(struct sut_imports *imports, const char *folder,
				    const char *name)
{
	const char *path = sut_arena_printf(imports->arena, "%s/%s", folder, name);
	struct sut_target *object = sut_arena_alloc(imports->arena, sizeof(*object));
	struct sut_diag ignored;

	if (access(path, R_OK) || sut_target_load(imports->arena, path, object, &ignored))
		return NULL;
	return object;
}

/* In the folders of DT_RUNPATH, a list with colons in which $ORIGIN is the target's own folder. */
static struct sut_target *load_by_runpath(struct sut_imports *imports, const char *name)
{
	static const char origin[] = "$ORIGIN", braces[] = "${ORIGIN}";
	const struct sut_target *target = imports->target;
	size_t own = target->name > target->path ? target->name - target->path - 1 : 0;
	struct sut_target *object = NULL;

	for (const char *from = target->runpath, *end; *from && !object;
	     from = *end ? end + 1 : end) {
		const char *rest = from, *prefix = "";

		end = strchrnul(from, ':');
		if (!strncmp(from, origin, strlen(origin)))
			rest += strlen(origin);
		else if (!strncmp(from, braces, strlen(braces)))
			rest += strlen(braces);
		if (rest > from)
			prefix = own ? sut_arena_strndup(imports->arena, target->path, own) : ".";
		object = load_from(imports,
				   sut_arena_printf(imports->arena, "%s%.*s", prefix,
						    (int)(end - rest), rest),
				   name);
	}
	return object;
}

static const struct sut_target *load(struct sut_imports *imports, const char *name)
{
	static const char *const folders[] = {"/lib/x86_64-linux-gnu",
					      "/usr/lib/x86_64-linux-gnu",
					      "/lib64",
					      "/usr/lib64",
					      "/usr/local/lib",
					      "/lib",
					      "/usr/lib"};
	struct sut_target *object;

	for (size_t i = 0; i < imports->known_count; i++) {
		if (!strcmp(imports->known[i].soname, name) ||
		    !strcmp(imports->known[i].name, name))
			return &imports->known[i];
	}
	object = load_by_runpath(imports, name);
	for (size_t i = 0; !object && i < sizeof(folders) / sizeof(folders[0]); i++)
		object = load_from(imports, folders[i], name);
	return object;
}

bool sut_imports_have(struct sut_imports *imports, const char *name)
{
	const struct sut_target *target = imports->target;

	if (!imports->loaded) {
		imports->objects = sut_arena_array(imports->arena, target->needed_count,
						   sizeof(*imports->objects));
		for (size_t i = 0; i < target->needed_count; i++) {
			const struct sut_target *object = load(imports, target->needed[i]);

			if (object)
				imports->objects[imports->object_count++] = object;
		}
		imports->loaded = true;
	}
	for (size_t i = 0; i < imports->object_count; i++) {
		if (exports(imports->objects[i], name))
			return true;
	}
	/* A module needs nothing for what the program exports to it. */
	for (size_t i = 0; i < imports->known_count; i++) {
		if (imports->known[i].executable && exports(&imports->known[i], name))
			return true;
	}
	return false;
}
