#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture create --with: what the author wrote by hand, from a C file to the patch file.
suture=$(realpath "$1")
. "$(dirname "$0")/tap.sh"

mkdir "$work/tree" "$work/author"
cd "$work/tree" || exit 1
cat >counter.h <<'END'
extern int limit;
int scale(int value);
int count(int value);
END
cat >scale.c <<'END'
#include "counter.h"

int scale(int value)
{
	return value * limit;
}
END
cat >counter.c <<'END'
#include "counter.h"

#include <stdio.h>

int limit = 12;
static int calls;

__attribute__((noinline)) static int note(int value)
{
	return ++calls * value;
}

int count(int value)
{
	return note(value) > limit ? -1 : scale(value);
}

int main(int argc, char **argv)
{
	printf("%s %d\n", argv[0], count(argc));
	return 0;
}
END
cat >Makefile <<'END'
CFLAGS = -O2 -g -fPIC
prog: counter.o libscale.so.1.2
	$(CC) -Wl,--build-id -o $@ $^
libscale.so.1.2: scale.o
	$(CC) -shared -Wl,--build-id -Wl,-soname,libscale.so.1 -o $@ $^
END
cat >../least.c <<'END'

__attribute__((noinline)) int least(int value)
{
	const int *shadow = klp_shadow_get(&limit, 1);

	return shadow ? *shadow : value;
}
END
cp -r . ../new
sed -i 's/? -1/? least(value)/; /stdio.h/a #include <suture/livepatch.h>
	/^static int calls/r ../least.c' ../new/counter.c
sed -i 's/ limit/ (limit + 1)/' ../new/scale.c
(cd .. && diff -ru tree new >fix.patch)
# The same with one of the arrays in it.
echo 'struct klp_state suture_states[] = {{.id = 9}, {}};' >>../new/scale.c
sed -i '1a #include <suture/livepatch.h>' ../new/scale.c
(cd .. && diff -ru tree new >states.patch)
cat >../author/additions.c <<'END'
#include "counter.h"

#include <stdlib.h>
#include <suture/livepatch.h>

/* Of counter.c: its own, private ones, one of the patch; and what the author brings. */
extern int calls;
int note(int value);
int least(int value);
static int enabled = 3;

static int remember(void *obj, void *data, void *ctor_data)
{
	(void)obj;
	*(int *)data = *(int *)ctor_data;
	return 0;
}

static void forget(void *obj, void *data)
{
	(void)obj;
	calls -= *(int *)data;
}

static int begin(struct klp_object *object)
{
	int value = note(1) + least(2);

	(void)object;
	return klp_shadow_get_or_alloc(&limit, 1, sizeof(int), 0, remember, &value) ? 0 : -1;
}

static void done(struct klp_object *object)
{
	struct klp_state *state = klp_get_state(object->patch, 3);

	if (state)
		state->data = &enabled;
	count(enabled);
}

static struct klp_callback_set sets[] = {
	{.id = 7, .callbacks = {.pre_patch = begin, .post_unpatch = done}},
	{.id = 8, .callbacks = {.pre_unpatch = done}},
	{},
};
static struct klp_shadow_type value_type = {.id = 1, .dtor = forget};
static struct klp_shadow_type other_type = {.id = 2};
static struct klp_shadow_type *types[] = {&value_type, &other_type, NULL};

struct klp_object suture_objects[] = {
	{.callbacks = {.post_patch = done}, .sets = sets, .shadow_types = types},
	{.name = "libscale.so.1", .callbacks = {.pre_patch = begin}},
	{},
};

struct klp_state suture_states[] = {
	{.id = 3, .version = 2, .block_disable = true},
	{.id = 4},
	{},
};
END

create() {
	rm -f "$work/out.sut"
	"$suture" create --json --name test --target prog --target libscale.so.1.2 --source . \
		--patch ../fix.patch -o "$work/out.sut" "$@" >"$work/json" 2>&1
	status=$?
	cat "$work/json"
}

# made [EXPRESSION VALUE]...: a file was written, and inspect says that of it.
made() {
	[ $status = 0 ] && "$suture" inspect --json "$work/out.sut" >"$work/inspected" &&
		python3 -c 'import json, sys
patch = json.load(open(sys.argv[1]))
functions = {f["name"]: f for f in patch["functions"]}
data = {d["section"]: d for d in patch["data"]}
def refers(part):
    return sorted(set(r["symbol"] + " " + r["kind"] for r in part["refers"]))
for expression, value in zip(sys.argv[2::2], sys.argv[3::2]):
    found = str(eval(expression))
    if found != value:
        sys.exit("%s is %s, not %s" % (expression, found, value))' "$work/inspected" "$@"
}

# refused RULE TEXT: the last verdict names both, and no file was written.
refused() {
	[ $status = 4 ] && [ ! -e "$work/out.sut" ] && grep -q "\"rule\": \"$1\"" "$work/json" &&
		grep -q "$2" "$work/json"
}

# change SED-SCRIPT: the author's file with a change, and what comes of it.
change() {
	sed "$1" ../author/additions.c >../author/changed.c
	! cmp -s ../author/additions.c ../author/changed.c && create --with ../author/changed.c
}

all_parts_are_there() {
	create --with ../author/additions.c && made \
		'patch["abi"]' 1 \
		'patch["additions"][0]["object"]' prog \
		'patch["additions"][0]["callbacks"]' "{'post_patch': 'done'}" \
		'patch["additions"][0]["sets"][0]' \
		"{'id': 7, 'callbacks': {'pre_patch': 'begin', 'post_unpatch': 'done'}}" \
		'patch["additions"][0]["sets"][1]' \
		"{'id': 8, 'callbacks': {'pre_unpatch': 'done'}}" \
		'patch["additions"][0]["shadow_types"]' \
		"[{'id': 1, 'dtor': 'forget'}, {'id': 2}]" \
		'patch["additions"][1]["object"]' libscale.so.1.2 \
		'patch["additions"][1]["callbacks"]' "{'pre_patch': 'begin'}" \
		'patch["states"][0]' "{'id': 3, 'version': 2, 'block_disable': True}" \
		'patch["states"][1]' "{'id': 4, 'version': 0, 'block_disable': False}" \
		'len(patch["additions"]), len(patch["states"])' '(2, 2)' \
		'functions["begin"]["source"]' additions.c:25 \
		'[f["value"] for f in patch["facts"] if f["key"] == "additions"]' "['additions.c']"
}

names_are_bound() {
	create --with ../author/additions.c && made \
		'refers(functions["forget"])' "['calls target']" \
		'refers(functions["begin"])' "['klp_shadow_get_or_alloc runtime', 'least own', \
'limit target', 'note target', 'remember own']" \
		'refers(functions["done"])' \
		"['count target', 'enabled own', 'klp_get_state runtime']" \
		'functions["count"]["kind"], functions["begin"]["kind"]' "('changed', 'new')" \
		'data[".data.enabled"]["writable"]' True
}

patched_units_may_call_the_run_time() {
	create && made 'refers(functions["least"])' \
		"['klp_shadow_get runtime', 'limit target']" \
		'patch["abi"], patch["additions"], patch["states"]' '(1, [], [])'
}

same_bytes() {
	create --with ../author/additions.c && cp "$work/out.sut" "$work/first.sut" &&
		mkdir -p ../elsewhere && cp ../author/additions.c ../elsewhere &&
		create --with "$work/elsewhere/additions.c" && cmp "$work/first.sut" "$work/out.sut"
}

stripped_target() {
	cp prog prog.full
	strip prog
	create --with ../author/additions.c
	mv prog.full prog
	made 'refers(functions["forget"])' "['calls target']"
}

replaces() {
	create --replace && made 'patch["replace"], patch["replace_set"]' '(True, 0)' &&
		create --replace-set 4294967295 &&
		made 'patch["replace"], patch["replace_set"]' '(False, 4294967295)' &&
		create && made 'patch["replace"], patch["replace_set"]' '(False, 0)'
}

beside_another_unit() {
	printf '%s\n' '#include <suture/livepatch.h>' '#include "counter.h"' \
		'static void post(struct klp_object *object) { (void)object; scale(limit); }' \
		'struct klp_object suture_objects[] = {' \
		'{.name = "libscale.so.1.2", .callbacks = {.post_patch = post}}, {}};' \
		>../author/scale.c
	create --with ../author/scale.c --beside scale.c &&
		made 'functions["post"]["object"]' libscale.so.1.2 || return 1
	create --with ../author/scale.c --beside other.c
	refused additions 'changed are counter.c, scale.c'
}

array_in_the_source_patch() {
	create --patch ../states.patch && made 'patch["states"][0]["id"]' 9 || return 1
	create --patch ../states.patch --with ../author/additions.c
	refused additions 'suture_states is defined twice'
}

does_not_compile() {
	change 's/return 0;/return nothing;/'
	refused compile undeclared
}

no_such_file() {
	create --with ../author/missing.c
	[ $status = 4 ] && grep -q 'missing.c' "$work/json" && [ ! -e "$work/out.sut" ]
}

unknown_calls() {
	change 's/count(enabled);/klp_shadow_count(\&limit);/'
	refused runtime 'klp_shadow_count.*a patch may call klp_get_prev_state, klp_get_state' ||
		return 1
	change 's/count(enabled);/klp_enable_patch(object->patch);/'
	refused runtime 'klp_enable_patch, which the run-time does not have'
}

without_end() {
	change '/libscale/,$s/^	{},$//'
	refused additions 'suture_objects: its last element is not zeros.*let it end with' || return 1
	change '/^struct klp_state/,$s/^	{},$//'
	refused additions 'suture_states: its last element is not zeros' || return 1
	change '/sets.. = /,/^};/s/^	{},$//'
	refused additions '[^_]sets: its last element is not zeros' || return 1
	change 's/&other_type, NULL/\&other_type/'
	refused additions 'types: its last element is not zeros'
}

twice() {
	change 's/id = 8/id = 7/'
	refused additions 'sets: has the id 7 twice' || return 1
	change 's/id = 4/id = 3/'
	refused additions 'suture_states: has the id 3 twice' || return 1
	change 's/{.id = 2}/{.id = 1}/'
	refused additions 'types: has the id 1 twice' || return 1
	change 's/.name = "libscale.so.1", //'
	refused additions 'suture_objects: has prog twice'
}

callbacks_of_others() {
	change 's/.post_patch = done/.post_patch = (void *)count/'
	refused additions 'post_patch is count, which is no function of the patch; let it be' ||
		return 1
	change 's/.post_patch = done/.post_patch = (void *)free/'
	refused additions 'post_patch is free, which is no function of the patch' || return 1
	change 's/^static void done/extern void missing(struct klp_object *);\n&/
		s/.post_patch = done/.post_patch = missing/'
	refused symbol 'suture_objects refers to missing'
}

other_objects() {
	change 's/libscale.so.1/libother.so.1/'
	refused additions 'libother.so.1 is no object of the patch; name objects' || return 1
	change 's/libscale.so.1/prog/'
	refused additions 'prog is no object of the patch'
}

functions_are_not_listed() {
	change 's/.callbacks = {.post_patch/.funcs = (void *)1, &/'
	refused additions 'sets a member of struct klp_object that is not its author' || return 1
	change 's/.callbacks = {.post_patch/.funcs = (void *)\&enabled, &/'
	refused additions 'leave funcs and what is the core'
}

nothing_in_it() {
	printf 'int unused;\n' >../author/empty.c
	create --with ../author/empty.c
	refused additions 'empty.c defines neither suture_objects nor suture_states'
}

runs_at_start() {
	change 's/^static void done/__attribute__((constructor)) static void early(void) { calls++; }\n&/'
	refused init 'constructor'
}

thread_variable() {
	change 's/^static int enabled/static __thread int enabled/'
	refused tls enabled
}

tree_is_clean() {
	[ -z "$(ls "$work/tmp")" ] && [ "$(find . -newer "$work/built" -type f ! -name prog)" = "" ]
}

"$suture" record -- make >"$work/build" 2>&1 || cat "$work/build"
touch "$work/built"
check "callbacks, sets, types and states are in the patch" all_parts_are_there
check "names are those of the unit, of the patch and of the run-time" names_are_bound
check "a patched unit may call the run-time, too" patched_units_may_call_the_run_time
check "the same file gives the same bytes, wherever it lies" same_bytes
check "private names of a stripped target are known from the unit" stripped_target
check "what the patch replaces is recorded" replaces
check "the file may belong to another unit" beside_another_unit
check "an array may be in the source patch, but not in both" array_in_the_source_patch
check "a file that does not compile is refused with the compiler's words" does_not_compile
check "a file that is not there is an error" no_such_file
check "calls that the run-time does not have are refused" unknown_calls
check "an array without end is refused" without_end
check "an id or an object twice is refused" twice
check "callbacks of others are refused" callbacks_of_others
check "objects that the patch does not have are refused" other_objects
check "funcs and the core's members are refused" functions_are_not_listed
check "a file that defines nothing of the kind is refused" nothing_in_it
check "a constructor is refused" runs_at_start
check "a thread-local variable is refused" thread_variable
check "no file is left, and the tree is as it was" tree_is_clean
finish
