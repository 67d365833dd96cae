// SPDX-License-Identifier: GPL-2.0-or-later
/* Descriptors that are JSON, or nearly so, but not that of a patch. */
#include "elf/patch-format.h"

#include "base/guard.h"
#include "base/tap.h"

#include <string.h>

/* A patch with one section (ELF index 3), one own symbol and one import. */
#define FUNC                                                                                       \
	"{\"entry\":\"" ENTRY "\",\"kind\":\"changed\",\"name\":\"f\","                            \
	"\"new_jumps\":{\"anywhere\":false,\"elsewhere\":true,\"to\":[]},"                         \
	"\"new_pieces\":[],\"object\":0,"                                                          \
	"\"old_jumps\":{\"anywhere\":true,\"elsewhere\":false,\"to\":[\"0x40\"]},\"pieces\":["     \
	"{\"address\":\"0x1000\",\"sha256\":\"" SHA "\",\"size\":16}],\"source\":\"\","            \
	"\"symbol\":1}"
#define ENTRY "554889e531c090909090909090909090909090909090ffff"
#define SHA   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define NOTE                                                                                       \
	"{\"additions\":{\"abi\":1,\"objects\":0,\"states\":1},\"allowed\":[],\"facts\":[{"        \
	"\"key\":\"k\",\"value\":\"v\"}],\"fixes\":[\"CVE\"],"                                     \
	"\"functions\":[" FUNC "],\"name\":\"n\",\"objects\":[{\"build_id\":\"0a0b\","             \
	"\"executable\":true,\"name\":\"o\",\"soname\":\"\"}],\"replace\":false,\"replace_set\":"  \
	"5,\"schema\":\"suture.patch/4\","                                                         \
	"\"sections\":[{\"index\":3,\"object\":0}],\"symbols\":[{\"index\":2,\"object\":0,"        \
	"\"slot\":\"0x3fd8\"}],\"version\":\"1\"}"

static enum sut_rc decode(struct sut_arena *arena, const char *text, size_t size,
			  struct sut_patch *patch, struct sut_diag *diag)
{
	static const int32_t sections[] = {-1, -1, -1, 0, -1};
	const struct sut_patch_map map = {SUT_ARRAY_SIZE(sections), sections, 2};

	patch->section_count = 1;
	patch->sections = sut_arena_array(arena, 1, sizeof(*patch->sections));
	patch->symbol_count = 2;
	patch->symbols = sut_arena_array(arena, 2, sizeof(*patch->symbols));
	patch->symbols[1].kind = SUT_PATCH_SYMBOL_IMPORT;
	return sut_patch_note_decode(arena, text, size, &map, patch, diag);
}

static void check_refused(const char *text, size_t size, const char *message)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(decode(&arena, text, size, &patch, &diag), SUT_INVALID);
	CHECK_STRING(diag.rule, "format");
	CHECK(strncmp(diag.entry[0], message, strlen(message)) == 0);
	if (strncmp(diag.entry[0], message, strlen(message)) != 0)
		printf("# \"%s\" does not begin with \"%s\"\n", diag.entry[0], message);
}

/* The note with the first `old` replaced by `new` is refused. */
static void refused_with(const char *old, const char *new, const char *message)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *at = strstr(NOTE, old);
	char *text;

	CHECK(at);
	if (!at)
		return;
	text = sut_arena_printf(&arena, "%.*s%s%s", (int)(at - NOTE), NOTE, new, at + strlen(old));
	check_refused(text, strlen(text), message);
}

static void a_good_note_is_taken(void)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch = {0};
	struct sut_diag diag = {0};

	CHECK_EQUAL(decode(&arena, NOTE, strlen(NOTE), &patch, &diag), SUT_OK);
	CHECK_STRING(diag.entry[0], "");
	CHECK_EQUAL(patch.symbols[1].slot, 0x3fd8);
	CHECK_EQUAL(patch.funcs[0].pieces[0].address, 0x1000);
	CHECK_EQUAL(patch.funcs[0].symbol, 0);
	CHECK_EQUAL(patch.objects[0].build_id_size, 2);
	CHECK(patch.objects[0].executable);
	CHECK_EQUAL(patch.replace_set, 5);
	CHECK_EQUAL(patch.additions.abi, 1);
	CHECK_EQUAL(patch.additions.objects_symbol, SUT_PATCH_NONE);
	CHECK_EQUAL(patch.additions.states_symbol, 0);
}

static void what_is_not_json_is_refused(void)
{
	check_refused("", 0, "note: not JSON");
	check_refused("{", 1, "note: not JSON");
	check_refused(NOTE, strlen(NOTE) - 1, "note: not JSON");
	check_refused(NOTE, strlen(NOTE) + 1, "note: not JSON"); /* a NUL behind it */
	refused_with("\"size\":16", "\"size\":NaN", "note: not JSON");
	refused_with("\"size\":16", "\"size\":1e999", "note: not JSON");
	refused_with("\"CVE\"", "\"\\u0000\"", "note: not JSON");
	refused_with("\"CVE\"", "\"\xff\"", "note: not JSON");
}

static void deep_nesting_is_refused(void)
{
	char text[100000];

	memset(text, '[', sizeof(text));
	check_refused(text, sizeof(text), "note: not JSON");
}

static void doubled_keys_are_refused(void)
{
	refused_with("\"version\":\"1\"", "\"version\":\"1\",\"version\":\"1\"", "note: not JSON");
}

static void unknown_and_missing_keys_are_refused(void)
{
	refused_with("\"version\":\"1\"", "\"version\":\"1\",\"zeal\":1",
		     "note: descriptor: has other keys than the format");
	refused_with("\"soname\":\"\"", "\"soname\":\"\",\"x\":0",
		     "note: objects: has other keys than the format");
	refused_with("\"kind\":\"changed\"", "\"sort\":\"changed\"", "note: kind: not a string");
	refused_with(",\"value\":\"v\"", "", "note: facts: has other keys than the format");
}

static void values_of_the_wrong_type_are_refused(void)
{
	check_refused("[]", 2, "note: schema: not \"suture.patch/\" and a number");
	refused_with("\"name\":\"n\"", "\"name\":7", "note: name: not a string");
	refused_with("[\"CVE\"]", "\"CVE\"", "note: fixes: not an array");
	refused_with("\"CVE\"", "null", "note: fixes: not a string");
	refused_with("\"functions\":[{", "\"functions\":[[],{", "note: pieces: not an array");
	refused_with("\"objects\":[", "\"objects\":[1,", "note: objects: not an object");
	refused_with("\"size\":16", "\"size\":16.0", "note: size: not an integer");
	refused_with("\"size\":16", "\"size\":\"16\"", "note: size: not an integer");
	refused_with("\"address\":\"0x1000\"", "\"address\":4096", "note: address: not an address");
}

static void numbers_out_of_range_are_refused(void)
{
	refused_with("\"size\":16", "\"size\":0", "note: size: out of range");
	refused_with("\"size\":16", "\"size\":16777217", "note: size: out of range");
	refused_with("\"size\":16", "\"size\":-16", "note: size: out of range");
	refused_with("\"size\":16", "\"size\":99999999999999999999", "note: not JSON");
	refused_with("\"symbol\":1", "\"symbol\":0", "note: symbol: out of range");
	refused_with("\"symbol\":1", "\"symbol\":3", "note: symbol: out of range");
	refused_with("\"new_pieces\":[]", "\"new_pieces\":[3]", "note: new_pieces: out of range");
	refused_with("\"object\":0", "\"object\":4294967296", "note: object: out of range");
	refused_with("\"index\":3", "\"index\":5", "note: index: out of range");
}

static void addresses_and_digits_have_one_form(void)
{
	refused_with("\"0x1000\"", "\"0x01000\"", "note: address: not an address");
	refused_with("\"0x1000\"", "\"0X1000\"", "note: address: not an address");
	refused_with("\"0x1000\"", "\"0xABC\"", "note: address: not an address");
	refused_with("\"0x1000\"", "\"0x-1\"", "note: address: not an address");
	refused_with("\"0x1000\"", "\"0x\"", "note: address: not an address");
	refused_with("\"0x1000\"", "\"0x10000000000000000\"", "note: address: not an address");
	refused_with("\"0a0b\"", "\"0A0B\"", "note: build_id: not the hex digits");
	refused_with("\"0a0b\"", "\"0a0\"", "note: build_id: not the hex digits");
	refused_with(SHA, "00", "note: sha256: not 64 hex digits");
	refused_with(ENTRY, "00", "note: entry: not 48 hex digits");
}

static void each_section_and_symbol_has_one_entry(void)
{
	refused_with("{\"index\":3,\"object\":0}", "",
		     "note: sections: not one entry for each section that is loaded");
	refused_with("\"index\":3", "\"index\":2", "note: sections: an index is not that of");
	refused_with("\"index\":2,", "\"index\":1,", "note: symbols: an index is not that of");
	refused_with(",\"slot\":\"0x3fd8\"", "", "note: symbols: has other keys");
	refused_with("\"symbols\":[", "\"symbols\":[{\"index\":2,\"object\":0,\"slot\":\"0x0\"},",
		     "note: symbols: not one entry for each symbol of a target or import");
}

static void endless_names_are_refused(void)
{
	char name[SUT_PATCH_WORD_MAX + 32] = "\"name\":\"";

	memset(name + 8, 'o', SUT_PATCH_WORD_MAX + 1);
	strcpy(name + 8 + SUT_PATCH_WORD_MAX + 1, "\"");
	refused_with("\"name\":\"o\"", name, "note: name: too long");
}

static void other_forms_of_the_same_json_are_refused(void)
{
	refused_with("\"version\":\"1\"", "\"version\": \"1\"",
		     "note: descriptor: not in canonical form");
	refused_with("\"CVE\"", "\"\\u0043VE\"", "note: descriptor: not in canonical form");
	refused_with("{\"index\":3,\"object\":0}", "{\"object\":0,\"index\":3}",
		     "note: descriptor: not in canonical form");
}

static void check_unsupported(const char *schema)
{
	SUT_ARENA struct sut_arena arena = {0};
	struct sut_patch patch = {0};
	struct sut_diag diag = {0};
	const char *text = sut_arena_printf(&arena, "{\"schema\":\"%s\",\"anything\":[]}", schema);

	CHECK_EQUAL(decode(&arena, text, strlen(text), &patch, &diag), SUT_UNSUPPORTED);
	CHECK_STRING(diag.entry[0],
		     sut_arena_printf(&arena,
				      "note: this version of suture reads suture.patch/4, and "
				      "the file is %s",
				      schema));
}

static void other_formats_are_unsupported(void)
{
	check_unsupported("suture.patch/3");
	check_unsupported("suture.patch/5");
	check_unsupported("suture.patch/04");
	check_unsupported("suture.patch/");
	refused_with("suture.patch/4", "other/1",
		     "note: schema: not \"suture.patch/\" and a number");
}

static void additions_are_well_formed(void)
{
	refused_with("\"abi\":1", "\"abi\":0", "note: additions: arrays without an abi");
	refused_with("\"abi\":1", "\"abi\":\"1\"", "note: abi: not an integer");
	refused_with("\"states\":1", "\"states\":3", "note: states: out of range");
	refused_with("\"objects\":0", "\"objects\":false", "note: objects: not an integer");
	refused_with("\"objects\":0,", "", "note: additions: has other keys than the format");
	refused_with("\"replace\":false", "\"replace\":0", "note: replace: neither true nor false");
	refused_with("\"replace_set\":5", "\"replace_set\":4294967296",
		     "note: replace_set: out of range");
	refused_with("\"executable\":true", "\"executable\":1",
		     "note: executable: neither true nor false");
}

static const struct sut_tap_test tests[] = {
	{"a good note is taken", a_good_note_is_taken},
	{"what is not JSON is refused", what_is_not_json_is_refused},
	{"deep nesting is refused", deep_nesting_is_refused},
	{"doubled keys are refused", doubled_keys_are_refused},
	{"unknown and missing keys are refused", unknown_and_missing_keys_are_refused},
	{"values of the wrong type are refused", values_of_the_wrong_type_are_refused},
	{"numbers out of range are refused", numbers_out_of_range_are_refused},
	{"addresses and digits have one form", addresses_and_digits_have_one_form},
	{"each section and symbol has one entry", each_section_and_symbol_has_one_entry},
	{"endless names are refused", endless_names_are_refused},
	{"other forms of the same JSON are refused", other_forms_of_the_same_json_are_refused},
	{"additions are well-formed", additions_are_well_formed},
	{"other formats are unsupported", other_formats_are_unsupported},
};

SUT_TAP_MAIN(tests)
