# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: a program of ours with functions of every kind. What it answers depends on what
# it was asked before, so a second one, which is never patched, is asked the same.

program_build() {
	tree=$work/tree target=$work/tree/small title='A program of ours' header=small.h
	mkdir -p "$tree" && cp "$here/small.c" "$here/small.h" "$tree" || return
	(cd "$tree" && quietly "$work/build.log" "$suture" record -- \
		gcc -D_GNU_SOURCE -O2 -g -pthread -o small small.c -lm)
}

program_start() {
	rm -f "$work/asked" "$work/asked.other"
	mkfifo "$work/asked" "$work/asked.other"
	: > "$work/said"
	"$target" < "$work/asked" > "$work/said" &
	pids=$!
	"$target" < "$work/asked.other" > "$work/said.other" &
	other=$!
	(
		i=0
		while sleep 0.01; do
			i=$((i + 1))
			echo $i
		done
	) | tee "$work/asked" > "$work/asked.other" &
	asker=$!
	ours="$ours $pids $other $asker"
}

# It goes on answering.
program_ask() {
	aim=$(($(wc -l < "$work/said") + 20)) tries=0
	while [ "$(wc -l < "$work/said")" -lt $aim ]; do
		tries=$((tries + 1))
		[ $tries -lt 1000 ] || return 1
		sleep 0.02
	done
}

program_load() {
	:
}

program_unload() {
	served="$(wc -l < "$work/said") lines answered meanwhile like an unpatched process"
}

# The other one has been asked the same, to the end.
program_stop() {
	end $asker
	wait "$pids" "$other"
	ours=''
	cmp "$work/said" "$work/said.other" || die "other answers than an unpatched process gives"
}
