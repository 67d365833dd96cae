# SPDX-License-Identifier: GPL-2.0-or-later
# Sourced by ./demo: the story's voice, promises, and a redis server on loopback with clients.

# Processes we started and have not seen end; only these are ever ended.
ours=

title() {
	printf '\n%s\n' "$*"
}

step() {
	printf '  %s\n' "$*"
}

# shown ARGUMENT...: prints a suture command as one would type it, and runs it in $work. Of what it
# says the first lines are shown; only inspect says more.
shown() {
	printf '  $ suture %s\n' "$*"
	(cd "$work" && "$suture" "$@") > "$work/shown.log" 2>&1
	status=$?
	sed -n '1,8s/^/    /p' "$work/shown.log"
	[ "$status" -eq 0 ] || die "suture $1 ended with status $status"
}

now_ms() {
	echo $(($(date +%s%N) / 1000000))
}

# seconds_since MS: with one decimal.
seconds_since() {
	tenths=$((($(now_ms) - $1 + 50) / 100))
	echo "$((tenths / 10)).$((tenths % 10))"
}

# expect WHAT WANTED GOT: the demo ends at the first thing that is not as promised.
expect() {
	[ "$2" = "$3" ] || die "$1: expected \"$2\", got \"$3\""
}

# field NAME FILE: the first value of that name in a JSON document of ours.
field() {
	sed -n 's/.*"'"$1"'": *"\{0,1\}\([^",}]*\).*/\1/p' "$2" | head -n 1
}

end_process() {
	kill "$1" 2>/dev/null
	wait "$1" 2>/dev/null
	status=$?
	ours=$(echo "$ours" | sed "s/ $1 / /")
	return $status
}

end_all() {
	for pid in $ours; do
		kill "$pid" 2>/dev/null
		wait "$pid" 2>/dev/null
	done
}

# server_start PROGRAMS: a server without persistence on a free port; sets server and port.
server_start() {
	programs=$1
	for attempt in 1 2 3 4 5; do
		port=$(shuf -n 1 -i 20000-60000)
		"$programs/redis-server" --bind 127.0.0.1 --port "$port" --save '' --appendonly no \
			--dir "$work" --logfile "$work/server.log" > /dev/null < /dev/null &
		server=$!
		ours="$ours $server "
		for wait in 1 2 3 4 5 6 7 8 9 10; do
			[ "$(ask PING 2>/dev/null)" = PONG ] && return 0
			kill -0 "$server" 2>/dev/null || break
			sleep 0.2
		done
		end_process "$server"
	done
	cat "$work/server.log" >&2
	die "no server came up in $attempt attempts (last waited for $wait times 0.2 s)"
}

ask() {
	"$programs/redis-cli" -p "$port" "$@"
}

# load_start: redis-benchmark and our own client, which knows every answer.
load_start() {
	"$programs/redis-benchmark" -p "$port" -q -n 100000000 -c 20 -t set,get > /dev/null 2>&1 < /dev/null &
	benchmark=$!
	build/tests/demo/demo-client "$port" > "$work/client.out" 2> "$work/client.err" &
	client=$!
	ours="$ours $benchmark  $client "
	served=$(served_commands)
	load_more
}

# Lets the clients work: until the server has served some thousand requests more.
load_more() {
	aim=$(($(served_commands) + 5000))
	tries=0
	while [ "$(served_commands)" -lt "$aim" ]; do
		tries=$((tries + 1))
		[ "$tries" -lt 1000 ] || die "the server serves its clients no more"
	done
}

served_commands() {
	ask INFO stats | tr -d '\r' | sed -n 's/^total_commands_processed://p'
}

# load_end: ends both and holds them to their promises; sets answers and longest_us.
load_end() {
	kill -0 "$benchmark" 2>/dev/null || die "redis-benchmark lost its server"
	served=$(($(served_commands) - served))
	end_process "$client" || die "a client saw it: $(cat "$work/client.err" "$work/client.out")"
	end_process "$benchmark"
	answers=$(sed 's/.*answers=\([0-9]*\).*/\1/' "$work/client.out")
	longest_us=$(sed 's/.*longest_us=\([0-9]*\).*/\1/' "$work/client.out")
	[ "$answers" -gt 100 ] || die "the client got only $answers answers"
}

server_pid() {
	ask INFO server | tr -d '\r' | sed -n 's/^process_id://p'
}

# apply_under_load FILE: applies the patch to the server while it works for its clients.
apply_under_load() {
	load_start
	step "$ suture apply $1 pid:$server"
	"$suture" apply --json "$work/$1" "pid:$server" > "$work/apply.json" ||
		die "not applied: $(cat "$work/apply.json")"
	load_more
	load_end
	report_effect
	report_load
	shown status "pid:$server"
}

# revert_under_load NAME: likewise.
revert_under_load() {
	load_start
	shown revert "$1" "pid:$server"
	load_more
	load_end
	report_load
	expect "the server's process" "$server" "$(server_pid)"
}

# Ten rounds without load, where the times are ours alone: a busy machine makes everybody wait.
apply_when_idle() {
	for round in 1 2 3 4 5 6 7 8 9 10; do
		"$suture" apply --json "$work/$1" "pid:$server" > "$work/apply.json" ||
			die "round $round: not applied: $(cat "$work/apply.json")"
		"$suture" revert "${1%.sut}" "pid:$server" > "$work/revert.log" ||
			die "round $round: not reverted: $(cat "$work/revert.log")"
		field total_ms "$work/apply.json" >> "$work/total"
		field away_us_max "$work/apply.json" >> "$work/away"
	done
	step "ten more rounds with nobody connected, median: applied in $(median "$work/total") ms," \
		"one thread away for $(median "$work/away") us"
	rm "$work/total" "$work/away"
}

median() {
	sort -n "$1" | sed -n 5p
}

report_effect() {
	step "  applied in $(field total_ms "$work/apply.json") ms;" \
		"$(field threads "$work/apply.json") threads," \
		"$(field stopped_threads "$work/apply.json") stopped," \
		"none away for more than $(field away_us_max "$work/apply.json") us"
}

report_load() {
	step "  $served requests served meanwhile; our client checked $answers answers:" \
		"0 wrong, 0 failed," \
		"longest wait $longest_us us"
}
