#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# suture explain: one rule, several, all of them; text and JSON say the same.
suture=$(realpath "$1")
. "$(dirname "$0")/../create/tap.sh"
cd "$work" || exit 1

one_rule() {
	"$suture" explain layout >out && head -n 1 out | grep -q '^ *layout: A type changes' &&
		grep -q klp_shadow_alloc out && grep -q -- '--allow layout: overrules it' out &&
		! grep -q '.\{83\}' out
}

several_rules() {
	"$suture" explain match build-id >out &&
		[ "$(grep -o '^ *[a-z-]*: [A-Z]' out | tr -d ' \n')" = match:Wbuild-id:A ] &&
		grep -q -- '--allow match: cannot be allowed: the patch would be wrong' out
}

json_says_the_same() {
	"$suture" explain --json data match >out && python3 -c 'import json
rules = json.load(open("out"))
assert rules["schema"] == "suture.explain/1"
data, match = rules["rules"]
assert data["rule"] == "data" and data["allowable"] and not match["allowable"]
assert data["stages"] == ["the judgement of a change"]
assert any(data["meaning"] in line for line in rules["headlines"])'
}

# The list has each rule that JSON has, under each stage of it.
the_list_is_whole() {
	"$suture" explain >out && "$suture" explain --json >json && python3 -c 'import json
rules, stage, listed = json.load(open("json"))["rules"], "", set()
for line in open("out"):
    if line.endswith(":\n"):
        stage = line.strip().rstrip(":")
    else:
        listed.add((stage, line.split()[0], "(--allow)" in line))
wanted = {(s, r["rule"], r["allowable"]) for r in rules for s in r["stages"]}
assert len(rules) > 50 and listed == wanted, listed ^ wanted'
}

unknown_rules_are_usage_errors() {
	"$suture" explain layout nonsense >out 2>err
	[ $? = 1 ] && [ ! -s out ] && grep -q 'nonsense: no rule' err
}

check "a rule is explained, in short lines" one_rule
check "several rules are explained in their order" several_rules
check "JSON says the same" json_says_the_same
check "without a rule all are listed" the_list_is_whole
check "a word that is no rule is wrong usage" unknown_rules_are_usage_errors
finish
