// SPDX-License-Identifier: GPL-2.0-or-later
/* What an author's arrays say, and what they must not hold. */
#include "elf/patch-format.h"
#include "elf/patch-sample.h"

#include "base/guard.h"
#include "base/tap.h"
#include "core/livepatch.h"

#include <string.h>

/* The layout by its number, as docs/formats/patch.md has it: who changes one changes all three. */
static void the_layout_is_that_of_abi_1(void)
{
	CHECK_EQUAL(SUT_LIVEPATCH_ABI, 1);
	CHECK_EQUAL(offsetof(struct klp_callbacks, pre_patch), 0);
	CHECK_EQUAL(offsetof(struct klp_callbacks, post_patch), 8);
	CHECK_EQUAL(offsetof(struct klp_callbacks, pre_unpatch), 16);
	CHECK_EQUAL(offsetof(struct klp_callbacks, post_unpatch), 24);
	CHECK_EQUAL(sizeof(struct klp_callbacks), 40);
	CHECK_EQUAL(offsetof(struct klp_callback_set, id), 0);
	CHECK_EQUAL(offsetof(struct klp_callback_set, callbacks), 8);
	CHECK_EQUAL(sizeof(struct klp_callback_set), 48);
	CHECK_EQUAL(offsetof(struct klp_shadow_type, id), 0);
	CHECK_EQUAL(offsetof(struct klp_shadow_type, dtor), 8);
	CHECK_EQUAL(sizeof(struct klp_shadow_type), 16);
	CHECK_EQUAL(offsetof(struct klp_object, name), 0);
	CHECK_EQUAL(offsetof(struct klp_object, funcs), 8);
	CHECK_EQUAL(offsetof(struct klp_object, callbacks), 16);
	CHECK_EQUAL(offsetof(struct klp_object, sets), 56);
	CHECK_EQUAL(offsetof(struct klp_object, shadow_types), 64);
	CHECK_EQUAL(sizeof(struct klp_object), 112);
	CHECK_EQUAL(offsetof(struct klp_state, id), 0);
	CHECK_EQUAL(offsetof(struct klp_state, version), 8);
	CHECK_EQUAL(offsetof(struct klp_state, data), 16);
	CHECK_EQUAL(offsetof(struct klp_state, block_disable), 24);
	CHECK_EQUAL(sizeof(struct klp_state), 32);
}

static uint32_t symbol(const struct sut_patch *patch, const char *name)
{
	for (uint32_t i = 0; i < patch->symbol_count; i++)
		if (strcmp(patch->symbols[i].name, name) == 0)
			return i;
	return SUT_PATCH_NONE;
}

static struct sut_patch_symbol *named(struct sut_patch *patch, const char *name)
{
	return &patch->symbols[symbol(patch, name)];
}

/* Bytes of a section of the sample that may be changed. */
static unsigned char *bytes(struct sut_arena *arena, struct sut_patch *patch, unsigned int section)
{
	struct sut_patch_section *s = &patch->sections[section];
	unsigned char *copy = sut_arena_memdup(arena, s->data, s->size);

	s->data = copy;
	return copy;
}

/* The relocation of the sample's suture_objects for a member of its first element. */
#define MEMBER(patch, member)                                                                      \
	relocation(&(patch)->sections[SUT_SAMPLE_OBJECTS], offsetof(struct klp_object, member))

static struct sut_patch_reloc *relocation(struct sut_patch_section *section, uint64_t offset)
{
	for (size_t i = 0; i < section->reloc_count; i++)
		if (section->relocs[i].offset == offset)
			return &section->relocs[i];
	return NULL;
}

static void check_refused(struct sut_arena *arena, struct sut_patch *patch, const char *message)
{
	struct sut_diag diag = {0};
	unsigned char *data;
	size_t size;

	CHECK_EQUAL(sut_patch_additions_read(arena, patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "format");
	CHECK_STRING(diag.entry[0], message);
	/* Neither the reader nor the writer lets it pass. */
	CHECK_EQUAL(sut_patch_write(arena, patch, &data, &size, &diag), SUT_BUG);
}

/* The sample with one thing changed is refused with this message. */
#define REFUSED(message, ...)                                                                      \
	do {                                                                                       \
		SUT_ARENA struct sut_arena arena_ = {0};                                           \
		struct sut_patch *p = sut_patch_sample(&arena_);                                   \
		__VA_ARGS__;                                                                       \
		check_refused(&arena_, p, message);                                                \
	} while (0)

static void check_callbacks(const struct sut_patch *patch,
			    const struct sut_patch_callbacks *callbacks, const char *const names[4])
{
	for (size_t i = 0; i < SUT_PATCH_CALLBACKS; i++) {
		uint32_t index = callbacks->symbols[i];

		CHECK_EQUAL(index == SUT_PATCH_NONE, !names[i]);
		if (names[i] && index != SUT_PATCH_NONE)
			CHECK_STRING(patch->symbols[index].name, names[i]);
	}
}

static void arrays_are_read(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	const struct sut_patch_additions *additions = &patch->additions;
	struct sut_diag diag = {0};

	CHECK_EQUAL(sut_patch_additions_read(&arena, patch, &diag), SUT_OK);
	CHECK_EQUAL(additions->count, 2);
	CHECK_EQUAL(additions->list[0].object, 0);
	check_callbacks(patch, &additions->list[0].callbacks,
			(const char *[]){"helper", NULL, NULL, "take_note"});
	CHECK_EQUAL(additions->list[0].set_count, 1);
	CHECK_EQUAL(additions->list[0].sets[0].id, 7);
	check_callbacks(patch, &additions->list[0].sets[0].callbacks,
			(const char *[]){NULL, NULL, "take_note", NULL});
	CHECK_EQUAL(additions->list[0].type_count, 1);
	CHECK_EQUAL(additions->list[0].types[0].id, 11);
	CHECK_EQUAL(additions->list[0].types[0].dtor, symbol(patch, "take_note"));
	CHECK_EQUAL(additions->list[1].object, 1);
	check_callbacks(patch, &additions->list[1].callbacks,
			(const char *[]){NULL, "take_note", NULL, NULL});
	CHECK_EQUAL(additions->list[1].set_count + additions->list[1].type_count, 0);
	CHECK_EQUAL(additions->state_count, 1);
	CHECK_EQUAL(additions->states[0].id, 3);
	CHECK_EQUAL(additions->states[0].version, 2);
	CHECK(additions->states[0].block_disable);
}

static void a_patch_may_have_none_or_only_one_array(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	struct sut_diag diag = {0};

	patch->additions.objects_symbol = SUT_PATCH_NONE;
	CHECK_EQUAL(sut_patch_additions_read(&arena, patch, &diag), SUT_OK);
	CHECK_EQUAL(patch->additions.count, 0);
	CHECK_EQUAL(patch->additions.state_count, 1);
	patch->additions = (struct sut_patch_additions){.abi = 0};
	CHECK_EQUAL(sut_patch_additions_read(&arena, patch, &diag), SUT_OK);
	CHECK_EQUAL(patch->additions.count + patch->additions.state_count, 0);
}

static void an_array_of_nothing_but_its_end_is_empty(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	struct sut_diag diag = {0};

	patch->sections[SUT_SAMPLE_OBJECTS].data = NULL;
	patch->sections[SUT_SAMPLE_OBJECTS].reloc_count = 0;
	named(patch, "suture_objects")->size = sizeof(struct klp_object);
	CHECK_EQUAL(sut_patch_additions_read(&arena, patch, &diag), SUT_OK);
	CHECK_EQUAL(patch->additions.count, 0);
}

static void another_layout_is_unsupported(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch *patch = sut_patch_sample(&arena);
	struct sut_diag diag = {0};

	patch->additions.abi = SUT_LIVEPATCH_ABI + 1;
	CHECK_EQUAL(sut_patch_additions_read(&arena, patch, &diag), SUT_UNSUPPORTED);
}

static void arrays_end_where_they_say(void)
{
	REFUSED("suture_objects: is no array of struct klp_object in the patch",
		named(p, "suture_objects")->size -= 8);
	REFUSED("greeted: is no array of struct klp_object in the patch",
		p->additions.objects_symbol = symbol(p, "greeted"));
	REFUSED("suture_objects: its last element is not zeros, so it has no end",
		named(p, "suture_objects")->size -= sizeof(struct klp_object));
	REFUSED("suture_objects[1]: is zeros, as only the last element is",
		p->sections[SUT_SAMPLE_OBJECTS].reloc_count = 4);
	REFUSED("sets: its last element is not zeros, so it has no end",
		named(p, "sets")->size -= sizeof(struct klp_callback_set));
	REFUSED("types: its last element is not zeros, so it has no end",
		named(p, "types")->size -= sizeof(void *));
	REFUSED("suture_states: its last element is not zeros, so it has no end",
		bytes(&arena_, p, SUT_SAMPLE_STATES)[63] = 1);
	REFUSED("suture_states: has more than 256 elements",
		p->sections[SUT_SAMPLE_STATES].data = NULL;
		p->sections[SUT_SAMPLE_STATES].size = 258 * sizeof(struct klp_state);
		named(p, "suture_states")->size = 258 * sizeof(struct klp_state));
}

static void members_of_the_core_stay_zeros(void)
{
	REFUSED("suture_objects[0]: sets a member of struct klp_object that is not its author's",
		MEMBER(p, callbacks.post_unpatch)->offset = offsetof(struct klp_object, patch));
	REFUSED("suture_objects[0]: sets a member of struct klp_object that is not its author's",
		MEMBER(p, callbacks.pre_patch)->offset = offsetof(struct klp_object, funcs));
	REFUSED("suture_objects[1]: sets a member of struct klp_object that is not its author's",
		bytes(&arena_, p, SUT_SAMPLE_OBJECTS)[2 * sizeof(struct klp_object) - 1] = 1);
	REFUSED("sets[0]: sets a member of struct klp_callback_set that is not its author's",
		bytes(&arena_, p, SUT_SAMPLE_SETS)[40] = KLP_ON);
}

static void what_a_relocation_overwrites_is_no_value(void)
{
	/* It reaches into the element, and into a member, from outside. */
	REFUSED("sets[0]: sets a member of struct klp_callback_set that is not its author's",
		p->sections[SUT_SAMPLE_SETS].relocs[0].offset = 4);
	REFUSED("type[0]: sets a member of struct klp_shadow_type that is not its author's",
		p->sections[SUT_SAMPLE_TYPE].relocs[0].offset = 0);
	REFUSED("suture_objects[0]: sets a member of struct klp_object that is not its author's",
		MEMBER(p, sets)->type = R_X86_64_PC64);
	REFUSED("suture_objects[0]: sets a member of struct klp_object that is not its author's",
		bytes(&arena_, p, SUT_SAMPLE_OBJECTS)[offsetof(struct klp_object, sets)] = 1);
}

static void callbacks_are_functions_of_the_patch(void)
{
	REFUSED("suture_objects[0]: pre_patch is log_line, which is no function of the patch",
		MEMBER(p, callbacks.pre_patch)->symbol = symbol(p, "log_line"));
	REFUSED("suture_objects[0]: pre_patch is klp_shadow_get, which is no function of the patch",
		MEMBER(p, callbacks.pre_patch)->symbol = symbol(p, "klp_shadow_get"));
	REFUSED("suture_objects[0]: pre_patch is table, which is no function of the patch",
		MEMBER(p, callbacks.pre_patch)->symbol = symbol(p, "table"));
	REFUSED("suture_objects[0]: pre_patch is helper, which is no function of the patch",
		MEMBER(p, callbacks.pre_patch)->addend = 1);
	/* It is code, but none that the patch names. */
	REFUSED("suture_objects[0]: pre_patch is greet.cold, which is no function of the patch",
		MEMBER(p, callbacks.pre_patch)->symbol = symbol(p, "greet.cold"));
	REFUSED("sets[0]: pre_unpatch is puts, which is no function of the patch",
		p->sections[SUT_SAMPLE_SETS].relocs[0].symbol = symbol(p, "puts"));
	REFUSED("type[0]: dtor is puts, which is no function of the patch",
		p->sections[SUT_SAMPLE_TYPE].relocs[0].symbol = symbol(p, "puts"));
}

static void lists_are_in_the_patch(void)
{
	REFUSED("suture_objects[0]: points into the middle of sets",
		MEMBER(p, sets)->addend = sizeof(struct klp_callback_set));
	REFUSED("greeted: is no array of struct klp_callback_set in the patch",
		MEMBER(p, sets)->symbol = symbol(p, "greeted"));
	REFUSED("sets: is constant, and the core writes to it",
		p->sections[SUT_SAMPLE_SETS].flags = SHF_ALLOC);
	REFUSED("types[0]: is no struct klp_shadow_type in the patch",
		p->sections[SUT_SAMPLE_TYPES].relocs[0].symbol = symbol(p, "greeted"));
	REFUSED("types[0]: is no struct klp_shadow_type in the patch",
		p->sections[SUT_SAMPLE_TYPES].relocs[0].addend = 1);
	REFUSED("types[0]: is no struct klp_shadow_type in the patch",
		p->sections[SUT_SAMPLE_TYPES].relocs[0].addend = -16);
}

static void objects_are_those_of_the_patch(void)
{
	REFUSED("suture_objects[1]: 1 is no object of the patch",
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].addend += 12);
	REFUSED("suture_objects[1]: its name is no string in the patch",
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].addend += 14);
	REFUSED("suture_objects[1]: its name is no string in the patch",
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].addend = -1);
	REFUSED("suture_objects[1]: its name is no string in the patch",
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].symbol = symbol(p, "greeted"));
	REFUSED("suture_objects[1]: its name is no string in the patch",
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].symbol = symbol(p, "table");
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].addend = 0);
	REFUSED("suture_objects[0]: the program itself (no name) is no object of the patch",
		p->objects[0].executable = false);
	REFUSED("suture_objects[1]: libscale.so.1 is no object of the patch",
		p->objects[0].executable = false;
		p->objects[1].executable = true);
	REFUSED("suture_objects[0]: libscale.so.1 is the name of several objects of the patch",
		p->objects[0].executable = false;
		p->objects[0].soname = "libscale.so.1"; p->sections[SUT_SAMPLE_OBJECTS].relocs += 4;
		p->sections[SUT_SAMPLE_OBJECTS].reloc_count = 2;
		named(p, "suture_objects")->value = sizeof(struct klp_object);
		named(p, "suture_objects")->size = 2 * sizeof(struct klp_object));
}

static void ids_and_objects_occur_once(void)
{
	unsigned char *data;

	REFUSED("suture_objects: has greeter twice",
		MEMBER(p, shadow_types)->offset = sizeof(struct klp_object);
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].offset =
			sizeof(struct klp_object) + offsetof(struct klp_object, sets);
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].symbol = symbol(p, "sets");
		p->sections[SUT_SAMPLE_OBJECTS].relocs[4].addend = 0;
		p->sections[SUT_SAMPLE_OBJECTS].relocs[3].offset =
			sizeof(struct klp_object) + offsetof(struct klp_object, callbacks);
		p->sections[SUT_SAMPLE_OBJECTS].relocs[3].symbol = symbol(p, "helper");
		p->sections[SUT_SAMPLE_OBJECTS].reloc_count = 4);
	REFUSED("sets: has an element with the id 0, which means its end",
		bytes(&arena_, p, SUT_SAMPLE_SETS)[0] = 0);
	REFUSED("suture_states: has an element with the id 0, which means its end",
		bytes(&arena_, p, SUT_SAMPLE_STATES)[0] = 0);
	REFUSED("suture_states[0]: block_disable is neither true nor false",
		bytes(&arena_, p, SUT_SAMPLE_STATES)[offsetof(struct klp_state, block_disable)] =
			2);
	/* Room for one more element in front of the end. */
	REFUSED("sets: has the id 7 twice", data = sut_arena_alloc(&arena_, 3 * 48);
		data[0] = data[48] = 7; p->sections[SUT_SAMPLE_SETS].data = data;
		p->sections[SUT_SAMPLE_SETS].size = named(p, "sets")->size = 3 * 48);
	REFUSED("suture_states: has the id 3 twice", data = sut_arena_alloc(&arena_, 3 * 32);
		data[0] = data[32] = 3; p->sections[SUT_SAMPLE_STATES].data = data;
		p->sections[SUT_SAMPLE_STATES].size = named(p, "suture_states")->size = 3 * 32);
	REFUSED("types: has the id 11 twice",
		const struct sut_patch_reloc twice[2] =
			{
				p->sections[SUT_SAMPLE_TYPES].relocs[0],
				{8, R_X86_64_64, symbol(p, "type"), 0},
			};
		p->sections[SUT_SAMPLE_TYPES].relocs =
			sut_arena_memdup(&arena_, twice, sizeof(twice));
		p->sections[SUT_SAMPLE_TYPES].reloc_count = 2;
		p->sections[SUT_SAMPLE_TYPES].data = sut_arena_alloc(&arena_, 24);
		p->sections[SUT_SAMPLE_TYPES].size = named(p, "types")->size = 24);
}

static const struct sut_tap_test tests[] = {
	{"the layout is that of abi 1", the_layout_is_that_of_abi_1},
	{"arrays are read", arrays_are_read},
	{"a patch may have none, or only one array", a_patch_may_have_none_or_only_one_array},
	{"an array of nothing but its end is empty", an_array_of_nothing_but_its_end_is_empty},
	{"another layout is unsupported", another_layout_is_unsupported},
	{"arrays end where they say", arrays_end_where_they_say},
	{"members of the core stay zeros", members_of_the_core_stay_zeros},
	{"what a relocation overwrites is no value", what_a_relocation_overwrites_is_no_value},
	{"callbacks are functions of the patch", callbacks_are_functions_of_the_patch},
	{"lists are in the patch", lists_are_in_the_patch},
	{"objects are those of the patch", objects_are_those_of_the_patch},
	{"ids and objects occur once", ids_and_objects_occur_once},
};

SUT_TAP_MAIN(tests)
