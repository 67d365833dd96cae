#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# Many processes of one program: at once, in all or in none, and while they fork.
. "$(dirname "$0")/lib.sh"

target=exe:$work/swarm/swarm

without_pids() {
	sed -e 's/process [0-9]*/process N/' -e 's/pid:[0-9]*/pid:N/'
}

at_once() {
	started swarm/swarm 20
	suture apply swarm.sut "$target" --jobs 4
	suture apply swarm.sut "$target"
	suture apply swarm.sut "$target" --json | grep -c '"nothing": true'
	suture revert swarm "$target" --jobs 4
	ended "$pid"
}

few_files() {
	started swarm/swarm 20
	(ulimit -n 100 && suture apply swarm.sut "$target" --jobs 200)
	ended "$pid"
}

all_or_none() {
	started swarm/swarm 12 stay
	suture apply swarm.sut "$target" --atomic --wait 0.2 | without_pids
	"$suture" status "$target" --json | grep -c '"state": "reverted"'
	suture apply swarm.sut "$target" --wait 0.2 | without_pids
	suture revert swarm "$target" --wait 5
	ended "$pid"
}

nowhere() {
	started swarm/swarm 2
	suture apply swarm.sut "pid:$pid"
	suture apply other.sut "$target" --atomic
	"$suture" status "$target" --json | grep -c '"state": "applied"'
	ended "$pid"
}

storm() {
	started swarm/swarm 4
	kill -USR1 "$pid"
	"$suture" apply swarm.sut "$target" --json > output 2>&1
	kill -USR2 "$pid"
	# A child that was forked amid an operation on its parent is refused, and nothing else is.
	echo "other failures: $(grep '"rule":' output | grep -cv '"forked"')"
	# Whoever lives now has the new code, children of later forks from their parents.
	"$suture" status "$target" --json > state
	echo "not applied: $(grep -c '"state": "[^a]' state)"
	[ "$(grep -c '"state": "applied"' state)" -ge 5 ] && echo "at least five have it"
	ended "$pid"
}

built swarm swarm
created swarm swarm swarm > /dev/null 2>&1
created swarm swarm other --replace > /dev/null 2>&1
transcript "many processes are told in one line" at_once
transcript "with few files allowed there are fewer jobs, and nobody is left out" few_files
transcript "where one process cannot, all go back" all_or_none
transcript "what could not be taken back is not begun" nowhere
transcript "processes that are forked meanwhile get it, too" storm
finish
