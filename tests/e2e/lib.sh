# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by the end-to-end tests: golden transcripts, as TAP. What a test prints must be what
# stands under its name in the .expected file beside the script:
#
#   == name of the test
#   what it prints
#
# tests/e2e/NAME.sh SUTURE MEDDLE UPDATE writes that file anew; read the difference before you
# commit it.
set -u
here=$(cd "$(dirname "$0")" && pwd)
suture=$(realpath "$1") meddle=$(realpath "$2") update=${3:-}
expected=$here/$(basename "$0" .sh).expected
work=$(mktemp -d "${TMPDIR:-/tmp}/suture-e2e.XXXXXX")
chmod 755 "$work" # one test runs suture as nobody
count=0 failed=0 ours=''

leave() {
	# shellcheck disable=SC2086 # a list
	[ -z "$ours" ] || kill -KILL $ours 2> /dev/null
	rm -rf "$work"
}
trap leave EXIT
trap 'exit 130' INT TERM
cd "$work" || exit 1
[ -z "$update" ] || : > "$expected"

# built FOLDER NAME [GCC-OPTION...]: builds targets/NAME.c as a user would, with gcc or $compiler.
built() {
	folder=$1 name=$2
	shift 2
	mkdir "$work/$folder"
	cp "$here/targets/$name.c" "$work/$folder"
	(cd "$work/$folder" &&
		"$suture" record -- "${compiler:-gcc}" -D_GNU_SOURCE -O2 -g -pthread "$@" -o "$name" "$name.c") \
		> log 2>&1 && return
	sed 's/^/# /' log
	echo "Bail out! $name was not built"
	exit 1
}

# created FOLDER NAME PATCH [OPTION...]: makes PATCH.sut from NAME's fix.
created() {
	folder=$1 name=$2 patch=$3
	shift 3
	"$suture" create --name "$patch" --target "$folder/$name" --source "$folder" \
		--patch "$here/targets/$name.patch" -o "$patch.sut" "$@"
}

# started COMMAND...: runs it in the background and waits for its first line; sets pid and said.
started() {
	rm -f first
	mkfifo first
	"$@" > first &
	pid=$!
	ours="$ours $pid"
	exec 9< first
	read -r said <&9
}

# hosted COMMAND...: likewise; `ask` then gives it a line and shows what it answers.
hosted() {
	rm -f first lines
	mkfifo first lines
	"$@" < lines > first &
	pid=$!
	ours="$ours $pid"
	exec 7> lines 9< first
	read -r said <&9
}

ask() {
	echo >&7
	read -r said <&9
	echo "$said"
}

# ended PID
ended() {
	kill -KILL "$1"
	wait "$1" 2> /dev/null
	ours=$(echo "$ours" | sed "s/ $1\>//")
}

# The same on every machine and at every time.
normal() {
	sed -E -e "s/\<${pid:-none}\>/PID/g" -e "s,$work/,,g" \
		-e 's/\<thread [0-9]+/thread TID/g' -e 's/"thread": [0-9]+/"thread": TID/' \
		-e 's/0x[0-9a-f]{5,}/ADDRESS/g' -e 's/\<[0-9a-f]{64}\>/SHA256/g' \
		-e 's/\<[0-9a-f]{40}\>/BUILD-ID/g' -e 's/[0-9.]+ (ms|s|us|KiB|MB|bytes)\>/N \1/g' \
		-e 's/borrowed [0-9]+ times?/borrowed N times/' -e 's/looked at: [0-9]+/looked at: N/' \
		-e 's/"(total_ms|switch_ms|away_us_max|entered|stopped_threads|kept_bytes|searched_bytes|predicted_ms|stops|pause_ms_max)": [0-9.]+/"\1": N/' \
		-e 's/[0-9]+ (of [0-9]+ )?looks/N looks/' -e 's/"(looks|seen)": [0-9]+/"\1": N/' \
		-e 's/process [0-9]+$/process N/' -e 's/(traced by process) [0-9]+/\1 N/'
}

# suture ARGUMENT...: runs it and shows command, output and exit status.
suture() {
	echo "\$ suture $*" | normal
	"$suture" "$@" > output 2>&1 < /dev/null
	status=$?
	normal < output
	[ "$status" -eq 0 ] || echo "[$status]"
}

# The part of the expected file that belongs to a test.
wanted() {
	awk -v name="$1" '/^== / { on = substr($0, 4) == name; next } on' "$expected"
}

# transcript NAME FUNCTION: one test.
transcript() {
	count=$((count + 1))
	"$2" > transcript 2>&1
	if [ -n "$update" ]; then
		{
			echo "== $1"
			cat transcript
		} >> "$expected"
	fi
	wanted "$1" > wanted
	if diff -u wanted transcript > difference; then
		echo "ok $count - $1"
	else
		failed=$((failed + 1))
		echo "not ok $count - $1"
		sed 's/^/# /' difference
	fi
}

# skipped "NAME" REASON: a test that cannot run here.
skipped() {
	count=$((count + 1))
	echo "ok $count - $1 # SKIP $2"
}

finish() {
	echo "1..$count"
	[ "$failed" -eq 0 ]
}
