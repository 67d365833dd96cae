#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# The command line as a whole: help, usage errors, exit statuses, and inspect on files of all sorts.
suture=$(realpath "$1")
here=$(realpath "$(dirname "$0")")
. "$here/../create/tap.sh"
good=$here/../fuzz/corpus/patchfile/full
cd "$work" || exit 1
commands='create convert profile record inspect verify explain plan apply status blockers replace revert gc'

# run STATUS ARGUMENT...: standard output and error are left in out and err.
run() {
	wanted=$1
	shift
	"$suture" "$@" >out 2>err </dev/null
	got=$?
	[ "$got" = "$wanted" ] && return 0
	echo "suture $*: status $got, not $wanted"
	cat out err
	return 1
}

# says [EXPRESSION VALUE]...: out is JSON, and out["..."] of each expression is the value.
says() {
	python3 -c 'import json, sys
document = json.load(open("out"))
for expression, value in zip(sys.argv[1::2], sys.argv[2::2]):
    found = str(eval("document" + expression))
    if found != value:
        sys.exit("%s is %s, not %s" % (expression, found, value))' "$@"
}

# --- help ---

overview_names_commands() {
	run 0 --help || return 1
	for command in $commands; do
		grep -q "^  $command " out || return 1
	done
	! grep -q completion out
}

help_explains_each_command() {
	for command in $commands; do
		run 0 "$command" --help && grep -q "^usage: suture $command" out &&
			grep -q -- '^  --json ' out || return 1
	done
}

version_is_named() {
	run 0 --version && grep -Eq '^suture [0-9.]+$' out
}

# --- usage errors: status 1, text on standard error, nothing on standard output ---

is_usage_error() {
	run 1 "$@" && [ ! -s out ] && [ -s err ]
}

# A create that has all it needs, and something that is wrong.
bad_create() {
	is_usage_error create --name x --target x --source . --patch x -o x "$@"
}

usage_errors() {
	is_usage_error && is_usage_error nonsense && is_usage_error inspect &&
		is_usage_error inspect a b && is_usage_error inspect --nonsense "$good" &&
		is_usage_error apply && is_usage_error revert && is_usage_error record &&
		is_usage_error create --name x && is_usage_error apply --wait &&
		is_usage_error apply --wait soon "$good" && bad_create --replace-set 0 &&
		bad_create --replace-set 4294967296 && bad_create --replace --replace-set 1 &&
		bad_create --beside x.c && is_usage_error inspect -o x "$good"
}

full_output_is_an_error() {
	[ -w /dev/full ] || return 0
	"$suture" inspect "$good" >/dev/full 2>err
	[ $? = 1 ]
}

# --- inspect ---

text_is_golden() {
	# Empty values leave a blank at the end of the line, which no file of the tree has.
	run 0 inspect "$good" && sed 's/ $//' out | diff -u "$here/inspect.txt" -
}

json_says_the_same() {
	run 0 inspect --json "$good" &&
		says '["schema"]' suture.inspect/2 '["name"]' greeting-overflow \
			'["objects"][1]["soname"]' libscale.so.1 \
			'["functions"][0]["old"][1]["size"]' 9 \
			'["additions"][0]["sets"][0]["callbacks"]["pre_unpatch"]' take_note \
			'["states"][0]["block_disable"]' True \
			'["functions"][2]["refers"][0]["thread_offset"]' -16 \
			'["headlines"][1]' \
			'for greeter with build-id 1f2e3d4c5b6a798897a6b5c4d3e2f1000f1e2d3c'
}

code_has_names() {
	run 0 inspect --disassemble "$good" && grep -q 'call puts$' out &&
		grep -q 'mov greeted(%rip), %eax$' out && grep -q 'jz greet.cold$' out &&
		grep -q '68656c6c6f00[0-9a-f]*  *hello[.]libscale' out &&
		run 0 inspect --disassemble --json "$good" && says
}

# refused CODE MESSAGE FILE: status 4 and one error, in text and in JSON.
refused() {
	run 4 inspect "$3" && grep -q "$2" out && run 4 inspect --json "$3" && grep -q "$2" out &&
		says '["error"]["code"]' "$1" '["error"]["context"]' '[]'
}

damage_is_refused() {
	cp "$good" flipped
	printf X | dd of=flipped bs=1 seek=1570 conv=notrunc 2>err
	head -c 1000 "$good" >short
	refused invalid damaged flipped && says '["error"]["rule"]' format &&
		refused invalid damaged short
}

other_files_are_refused() {
	: >empty
	mkdir folder
	refused invalid 'not a patch file' empty && refused invalid 'not a patch file' "$suture" &&
		refused invalid 'not a regular file' folder && refused gone 'No such file' missing
}

# A file whose content was changed by somebody who also made the digest anew.
forge() {
	python3 -c 'import hashlib, sys
data = bytearray(open(sys.argv[1], "rb").read())
old, new = sys.argv[3].encode(), sys.argv[4].encode()
if old.startswith(b"@"):
    data[int(old[1:])] = int(new)
else:
    assert old in data and len(old) == len(new)
    data = data.replace(old, new)
data[84:116] = bytes(32)
data[84:116] = hashlib.sha256(data).digest()
open(sys.argv[2], "wb").write(data)' "$good" "$@"
}

forgeries_are_refused() {
	forge forged '"name":"greeting-overflow"' '"name":"greeting/overflow"' &&
		refused invalid 'not a patch name' forged &&
		forge forged '"source":"src/greet.c:12"' '"source":"s/greet\t.c:12"' &&
		refused invalid 'not a line of text' forged &&
		forge forged '"address":"0x1090"' '"address":"0x1141"' &&
		refused invalid overlaps forged
}

other_versions_are_unsupported() {
	forge forged suture.patch/4 suture.patch/5 && run 5 inspect --json forged &&
		says '["error"]["code"]' unsupported &&
		forge forged suture.patch/4 suture.patch/1 && run 5 inspect forged &&
		forge forged '"abi":1' '"abi":2' && run 5 inspect forged && forge forged @18 183 &&
		run 5 inspect forged && grep -q 'another machine' out
}

hostile_names_are_escaped() {
	hostile=$(printf 'a\033[2Jb\nc')
	run 4 inspect "$hostile" && ! grep -q "$(printf '\033')" out && grep -q 'x1b' out &&
		run 4 inspect --json "$hostile" && says
}

binutils_take_the_file() {
	command -v readelf >/dev/null && command -v objdump >/dev/null || return 0
	readelf -aW "$good" >out 2>err && [ ! -s err ] && ! grep -qi warning out &&
		objdump -dr "$good" >out 2>err && [ ! -s err ] && grep -q 'PLT32.*puts' out
}

# --- what is made from the tables ---

options_of() {
	"$suture" "$1" --help | sed -n 's/^  --\([a-z-]*\).*/\1/p'
}

completions_know_every_option() {
	options=$(for command in $commands; do options_of "$command"; done | sort -u)
	for shell in bash zsh fish; do
		run 0 completion $shell || return 1
		for option in $options; do
			grep -q -- "-l $option \|--$option" out || {
				echo "$shell: no --$option"
				return 1
			}
		done
		command -v $shell >/dev/null || continue
		$shell -n out || return 1
	done
	is_usage_error completion csh
}

bash_completes() {
	command -v bash >/dev/null || return 0
	"$suture" completion bash >script
	bash -c '. ./script
	compopt() { :; }
	COMP_WORDS=(suture ins); COMP_CWORD=1; _suture; echo "${COMPREPLY[*]}"
	COMP_WORDS=(suture inspect --dis); COMP_CWORD=2; _suture; echo "${COMPREPLY[*]}"' >out
	[ "$(cat out)" = "inspect
--disassemble" ]
}

manuals_know_every_option() {
	for command in $commands; do
		run 0 manual "$command" && options_of "$command" >options &&
			sed -n 's/^\*--\([a-z-]*\)\*.*/\1/p' out | diff options - || return 1
	done
	is_usage_error manual nonsense
}

check "the overview names the commands" overview_names_commands
check "--help explains each command" help_explains_each_command
check "--version names the version" version_is_named
check "wrong usage has status 1 and says so on standard error" usage_errors
check "output that cannot be written is an error" full_output_is_an_error
check "inspect prints what a reviewer needs" text_is_golden
check "JSON says the same" json_says_the_same
check "--disassemble prints code with names, and data" code_has_names
check "a damaged file is refused" damage_is_refused
check "files of other kinds are refused" other_files_are_refused
check "a forged file is refused for what it says" forgeries_are_refused
check "other machines and other formats are unsupported" other_versions_are_unsupported
check "hostile file names are escaped" hostile_names_are_escaped
check "readelf and objdump take the file without a warning" binutils_take_the_file
check "completions know every option" completions_know_every_option
check "bash completes commands and options" bash_completes
check "manual pages know every option" manuals_know_every_option
finish
