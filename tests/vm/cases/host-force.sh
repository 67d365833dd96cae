#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-or-later
# A forced transition: only with the word, and what it leaves behind.
# vm: -b suture -b setpriv
# modules: tests/vm/modules/host
. ./tap.sh

insmod host_target.ko
suture apply host_first.ko >/dev/null
cat /proc/host_target/sleep &
pid=$!
wait_for 5 asleep $pid
check "no transition, no force" ends 4 "in no transition that could be forced" \
	suture force host_first kernel --yes force
check "an open transition" ends 3 "stays open" suture apply host_second.ko --wait 0 --keep
check "the task is in the patch that is left" \
	ends 3 "is in first_sleep, of the patch host_first" suture blockers
check "others than root see that there is one, and no more" \
	ends 3 "only root may see who blocks it" \
	setpriv --reuid 65534 --regid 65534 --clear-groups suture blockers kernel
check "force needs the word" ends 1 "say so by --yes force" suture force host_second kernel
check "... and ends the transition" ends 0 "was ended by force" \
	suture force host_second kernel --yes force
check "... says who was forced" grep -F "task $pid (cat" /tmp/said
check "... and what stays for ever" grep -F "somebody may be in its code: host_first" /tmp/said
check "the new patch runs" is "cat /proc/host_target/value" 3
check "the old module is shown" ends 0 "module host_first of a patch that left is still loaded" \
	suture status kernel
check "... and is in the way of itself" ends 4 "the name host_first is taken" \
	suture apply host_first.ko
check "the new patch comes out" suture revert host_second kernel
kill $pid

# One that never sleeps, and so is never looked at.
echo 1 >/sys/module/host_target/parameters/spin
sleep 1
check "a kernel thread that runs holds up a transition" ends 3 "stays open" \
	suture apply host_second.ko --wait 3 --keep
check "... and is named" ends 3 "(host_spinner) runs on CPU" suture blockers
check "... with what would free it" grep -F "it goes over when the kernel finds it asleep" /tmp/said
echo 0 >/sys/module/host_target/parameters/spin
check "... which does" wait_for 20 settled host_second
check "... and the patch comes out" suture revert host_second kernel
finish
