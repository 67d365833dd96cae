// SPDX-License-Identifier: GPL-2.0-or-later
#include "kernel/host/symbols.h"
#include "kernel/host/files.h"
#include "kernel/host/operation.h"
#include "base/guard.h"

#include <stdlib.h>
#include <string.h>

static int compare(const void *a, const void *b)
{
	return strcmp(((const struct sut_host_symbol *)a)->name,
		      ((const struct sut_host_symbol *)b)->name);
}

static void count_symbol(struct sut_host_symbol *list, size_t count, const char *name,
			 const char *object)
{
	struct sut_host_symbol key = {.name = name}, *found;

	found = bsearch(&key, list, count, sizeof(list[0]), compare);
	while (found && found > list && strcmp(found[-1].name, name) == 0)
		found--;
	for (; found && found < list + count && strcmp(found->name, name) == 0; found++)
		found->count += strcmp(found->object, object) == 0;
}

/* "ADDRESS TYPE NAME", with a tab and "[MODULE]" behind it for a module's. */
static void take_line(char *line, struct sut_host_symbol *list, size_t count)
{
	const char *object = "vmlinux";
	char *name = strchr(line, ' '), *module;

	name = name ? strchr(name + 1, ' ') : NULL;
	if (!name)
		return;
	module = strchr(++name, '\t');
	if (module) {
		*module++ = '\0';
		module += *module == '[';
		module[strcspn(module, "]")] = '\0';
		object = module;
	}
	count_symbol(list, count, name, object);
}

void sut_host_symbols_count(char *text, struct sut_host_symbol *list, size_t count)
{
	char *line;

	if (!count)
		return;
	qsort(list, count, sizeof(list[0]), compare);
	while ((line = strsep(&text, "\n")))
		take_line(line, list, count);
}

struct symbols {
	size_t count, capacity;
	struct sut_host_symbol *list;
};

static bool is_loaded(const struct sut_host *host, const char *object)
{
	return strcmp(object, "vmlinux") == 0 ||
	       sut_host_exists(host, "/sys/module/%s/initstate", object);
}

static void collect(const struct sut_host *host, struct sut_arena *arena,
		    const struct sut_klp_patch *klp, struct symbols *symbols)
{
	for (size_t i = 0; i < klp->object_count; i++)
		for (size_t k = 0;
		     is_loaded(host, klp->objects[i].name) && k < klp->objects[i].func_count; k++)
			SUT_PUSH(arena, symbols->list, symbols->count, symbols->capacity) =
				(struct sut_host_symbol){
					.object = klp->objects[i].name,
					.name = klp->objects[i].funcs[k].name,
					.sympos = klp->objects[i].funcs[k].sympos,
				};
	for (size_t i = 0; i < klp->symbol_count; i++)
		if (is_loaded(host, klp->symbols[i].object))
			SUT_PUSH(arena, symbols->list, symbols->count, symbols->capacity) =
				(struct sut_host_symbol){
					.object = klp->symbols[i].object,
					.name = klp->symbols[i].name,
					.sympos = klp->symbols[i].sympos,
				};
}

static bool is_found(const struct sut_host_symbol *s)
{
	return s->count && (s->sympos ? s->sympos <= s->count : s->count == 1);
}

static enum sut_rc refuse(const struct sut_livepatch *lp, const struct sut_host_symbol *s,
			  struct sut_diag *diag)
{
	if (!s->count)
		sut_fail(diag, SUT_REFUSED, "kernel-symbol", "%s has no symbol %s, which %s wants",
			 s->object, s->name, lp->name);
	else if (!s->sympos)
		sut_fail(diag, SUT_REFUSED, "kernel-symbol",
			 "%s has %llu symbols %s, and %s does not say which one it means",
			 s->object, (unsigned long long)s->count, s->name, lp->name);
	else
		sut_fail(diag, SUT_REFUSED, "kernel-symbol",
			 "%s wants symbol %s number %llu, and %s has %llu of that name", lp->name,
			 s->name, (unsigned long long)s->sympos, s->object,
			 (unsigned long long)s->count);
	sut_remedy(diag, "Make the patch for exactly this kernel: suture create --target kernel.");
	return SUT_REFUSED;
}

enum sut_rc sut_livepatch_check_symbols(const struct sut_host *host, const struct sut_livepatch *lp,
					struct sut_diag *diag)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct symbols symbols = {0};
	char *text;

	collect(host, &arena, &lp->klp, &symbols);
	text = sut_host_text(host, &arena, "/proc/kallsyms");
	if (!text)
		return sut_fail_errno(diag, "/proc/kallsyms");
	sut_host_symbols_count(text, symbols.list, symbols.count);
	for (size_t i = 0; i < symbols.count; i++)
		if (!is_found(&symbols.list[i]))
			return refuse(lp, &symbols.list[i], diag);
	return SUT_OK;
}
