#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Patches on trial: taken back by themselves, unless somebody confirms them.
. "$(dirname "$0")/lib.sh"

target=exe:$work/swarm/swarm

# back: waits for it, at most ten seconds.
back() {
	for _ in $(seq 100); do
		"$suture" status "$target" --json > state
		grep -q '"state": "applied"' state || break
		sleep 0.1
	done
	echo "applied: $(grep -c '"state": "applied"' state), reverted: $(grep -c '"state": "reverted"' state)"
}

goes_back() {
	started swarm/swarm 2
	suture apply trial.sut "$target" --trial 1s --json | grep -c '"state": "applied"'
	suture status "pid:$pid" | sed 's/for [0-9-]* s/for N s/'
	back
	ended "$pid"
}

stays() {
	started swarm/swarm 2
	suture apply trial.sut "pid:$pid" --trial 1s
	suture confirm trial
	sleep 1.5
	suture status "pid:$pid"
	suture confirm trial "pid:$pid"
	suture confirm trial
	ended "$pid"
}

# The controller is killed as soon as the patch is in one process.
killed() {
	started swarm/swarm 12
	"$suture" apply trial.sut "$target" --trial 1s --jobs 1 > output 2>&1 &
	controller=$!
	until "$suture" status "$target" --json | grep -q '"state": "applied"'; do
		:
	done
	kill -KILL "$controller" 2> output
	wait "$controller" 2> output
	back | sed 's/reverted: .*/reverted: the others/'
	ended "$pid"
}

# A child that is forked on trial has the trial's end, too.
forked() {
	started swarm/swarm 1
	suture apply trial.sut "pid:$pid" --trial 1s
	kill -USR1 "$pid"
	back | sed 's/reverted: .*/reverted: all that were there/'
	kill -USR2 "$pid"
	ended "$pid"
}

wrong() {
	suture apply trial.sut --trial soon
	suture apply trial.sut --trial 0
	suture confirm
}

built swarm swarm
created swarm swarm trial > /dev/null 2>&1
transcript "at its end it goes back in all processes" goes_back
transcript "one that is confirmed stays" stays
transcript "it goes back although the controller was killed" killed
transcript "it goes back in children, too" forked
transcript "a time is a time" wrong
finish
