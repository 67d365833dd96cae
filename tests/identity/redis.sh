# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./run: redis-server of Debian's source, with redis-benchmark and our own client as load.
# It is asked redis-commands.txt, in the order of the file and on an empty database.
known='aeMain bioProcessBackgroundJobs'

. "$here/debian.sh"

program_build() {
	tree=$work/redis target=$work/redis/src/redis-server header=src/server.h
	[ -e "$work/built" ] || {
		debian_source redis || return
		(
			eval "$(DEB_BUILD_MAINT_OPTIONS=hardening=+all dpkg-buildflags --export=sh)"
			cd "$tree" && quietly "$work/build.log" nice "$suture" record -- make -j2 MALLOC=libc
		) && touch "$work/built" || return
	}
	title="redis-server, Debian's $(debian_version redis)"
}

ask() {
	"$work/redis/src/redis-cli" -p "$port" "$@"
}

program_start() {
	for attempt in 1 2 3 4 5; do
		port=$(shuf -n 1 -i 20000-60000)
		"$target" --bind 127.0.0.1 --port "$port" --save '' --appendonly no --dir "$work" \
			--enable-debug-command yes --io-threads 2 > "$work/server.log" < /dev/null 2>&1 &
		pids=$!
		ours="$ours $pids"
		for wait in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(ask PING 2> /dev/null)" = PONG ] && return 0
			kill -0 "$pids" 2> /dev/null || break
			sleep 0.2
		done
		end "$pids"
	done
	return 1
}

program_ask() {
	ask -n 9 FLUSHDB > /dev/null && ask -n 9 < "$here/redis-commands.txt"
}

program_load() {
	"$work/redis/src/redis-benchmark" -p "$port" -q -l -n 20000 -c 20 -r 1000 \
		> "$work/benchmark.log" 2>&1 < /dev/null &
	benchmark=$!
	"$build/tests/demo/demo-client" "$port" > "$work/client.out" 2> "$work/client.err" &
	client=$!
	ours="$ours $benchmark $client"
}

program_unload() {
	kill -0 "$benchmark" || return
	served="$(ask INFO stats | tr -d '\r' | sed -n 's/^total_commands_processed://p') commands served"
	end "$benchmark"
	kill "$client"
	wait "$client" || return
	ours=$(echo "$ours " | sed "s/ $client / /")
	sed 's/^/# /' "$work/client.out"
}

program_stop() {
	end "$pids"
}
