// SPDX-License-Identifier: GPL-2.0-or-later
/* All that can be seen of the world of sample.h, as text, to compare before and after. */
#include "core/sample.h"

#include <stdarg.h>
#include <stdio.h>

struct text {
	char *at;
	size_t left;
};

__attribute__((format(printf, 2, 3))) static void add(struct text *text, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(text->at, text->left, fmt, ap);
	va_end(ap);
	if ((size_t)n >= text->left)
		n = (int)text->left - 1;
	text->at += n;
	text->left -= n;
}

static const char *name_of(const struct klp_object *obj)
{
	return obj->name ? obj->name : "main";
}

static void add_object(struct text *text, const struct sut_sample *sample,
		       const struct klp_object *obj)
{
	add(text, "  %s%s loaded %d patched %d counted %d callbacks %d", name_of(obj),
	    obj->dynamic ? " (dynamic)" : "", obj->loaded, obj->patched, obj->counted != NULL,
	    obj->callbacks.state);
	for (const struct klp_callback_set *set = obj->sets; set && set->id; set++)
		add(text, " #%lu %d", set->id, set->callbacks.state);
	for (const struct klp_func *func = obj->first; func; func = func->next)
		add(text, " %s/%lu%s old %#lx patched %d transition %d", func->old_name,
		    func->old_sympos, func->nop ? " (nop)" : "", (unsigned long)func->old_func,
		    func->patched, func->transition);
	if (obj->name)
		add(text, " there %d", sample->loaded[sut_sample_index(obj->name)]);
	add(text, "\n");
}

/* Of a patch that is not on the list only what the host has for it matters. */
static void add_patch(struct text *text, const struct sut_sample *sample,
		      const struct sut_sample_patch *patch)
{
	const struct klp_patch *klp = &patch->klp;

	add(text, "%s: listed %d refs %u forced %d", patch->mod.name, klp->core != NULL,
	    patch->mod.refs, klp->forced);
	for (size_t i = 0; i < SUT_SAMPLE_OBJECTS; i++)
		add(text, " %d%d%d", patch->part[i], patch->relocated[i], patch->plain[i]);
	if (klp->core) {
		add(text, " enabled %d transition %d nops %d\n", klp->enabled,
		    klp == sample->core.transition, klp->core->nops != NULL);
		for (const struct klp_object *obj = klp->core->first; obj; obj = obj->next)
			add_object(text, sample, obj);
	} else {
		add(text, "\n");
	}
}

static void add_stacks(struct text *text, const struct sut_sample *sample)
{
	for (const struct klp_func *top = sample->core.stacks; top; top = top->next_stack) {
		add(text, "stack %#lx:", (unsigned long)top->old_func);
		for (const struct klp_func *func = top; func; func = func->below)
			add(text, " %s%s", sut_patch_name(func->object->patch),
			    func->nop ? "(nop)" : "");
		add(text, "\n");
	}
	for (size_t i = 0; i < SUT_SAMPLE_OBJECTS; i++) {
		add(text, "object %zu: hooks", i);
		for (size_t code = 0; code < SUT_SAMPLE_CODES; code++)
			add(text, " %d", sample->hooked[i][code]);
		add(text, ", sets");
		for (size_t id = 1; id <= SUT_SAMPLE_IDS; id++)
			add(text, " %d", sample->sets[i][id]);
		add(text, "\n");
	}
}

static void add_task(struct text *text, const struct sut_sample_task *task)
{
	if (task->alive)
		add(text, "task: state %d pending %d reason %d\n", task->core.patch_state,
		    task->core.pending, task->core.reason);
}

void sut_sample_print(const struct sut_sample *sample, char buffer[SUT_SAMPLE_TEXT_SIZE])
{
	struct text text = {buffer, SUT_SAMPLE_TEXT_SIZE};

	add(&text, "target %d phase %d blocks %zu\n", sample->core.target, sample->phase,
	    sample->blocks);
	for (const struct sut_core_patch *p = sample->core.patches; p; p = p->next)
		add(&text, "%s ", sut_patch_name(p->patch));
	add(&text, "are in use\n");
	for (size_t i = 0; i < SUT_SAMPLE_PATCHES; i++)
		if (sample->patches[i].load)
			add_patch(&text, sample, &sample->patches[i]);
	add_stacks(&text, sample);
	for (size_t id = 1; id <= SUT_SAMPLE_IDS; id++)
		add(&text, "type %zu count %u\n", id, sut_core_type_count(&sample->core, id));
	for (size_t i = 0; i < SUT_SAMPLE_TASKS; i++)
		add_task(&text, &sample->tasks[i]);
}
