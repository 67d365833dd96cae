// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/borrow.h"
#include "base/io.h"

#include <time.h>

enum {
	RED_ZONE = 128,
	STACK_LOOK = 16 * 1024,
};

bool sut_borrow_outside(const struct sut_target *target, uint64_t pc, uint64_t sp, uint64_t low,
			uint64_t high)
{
	const struct sut_map *map = sut_target_map(target, sp);
	uint64_t words[STACK_LOOK / 8];
	uint64_t size = sizeof(words);

	if (pc >= low && pc < high)
		return false;
	if (map && map->end - sp < size)
		size = map->end - sp;
	if (!map || !sut_target_read(target, sp, words, size & ~UINT64_C(7)))
		return false;
	for (uint64_t i = 0; i < size / 8; i++)
		if (words[i] >= low && words[i] < high)
			return false;
	return true;
}

bool sut_borrow_left(struct sut_runtime *runtime, pid_t tid, uint64_t low, uint64_t high,
		     bool may_stop)
{
	const struct sut_target *target = runtime->target;
	struct sut_thread_state state;
	struct sut_stopped stopped;
	bool left;

	sut_thread_state(target, tid, &state);
	if (state.activity == SUT_THREAD_GONE)
		return true;
	if (state.activity == SUT_THREAD_ASLEEP)
		return sut_borrow_outside(target, state.pc, state.sp, low, high) &&
		       sut_thread_slept(target, tid, &state);
	if (!may_stop || !sut_stop_running(runtime, tid, &stopped))
		return false;
	runtime->cost.stopped++;
	left = sut_borrow_outside(target, stopped.pc, stopped.sp, low, high);
	sut_resume(&stopped);
	return left;
}

bool sut_borrow_past_stub(const struct sut_runtime *runtime, const struct sut_stopped *stopped)
{
	uint64_t slack[2]; /* where, and how much */

	_Static_assert(offsetof(struct sut_rt_control, slack_size) ==
			       offsetof(struct sut_rt_control, slack) + sizeof(slack[0]),
		       "one behind the other");
	return sut_target_read(runtime->target,
			       runtime->control + offsetof(struct sut_rt_control, slack), slack,
			       sizeof(slack)) &&
	       (!slack[0] || sut_borrow_outside(runtime->target, stopped->pc, stopped->sp, slack[0],
						slack[0] + slack[1]));
}

void sut_borrow_pause(unsigned int turn)
{
	nanosleep(&(struct timespec){.tv_nsec = (turn < 20 ? 20 : 100) * 1000}, NULL);
}

bool sut_borrow_wait(uint64_t since_ns, uint64_t wait_ns, unsigned int turn)
{
	enum { LOOKS = 1000 };

	if (turn >= LOOKS && sut_now_ns() - since_ns > wait_ns)
		return false;
	sut_borrow_pause(turn);
	return true;
}

void sut_borrow_note(struct sut_runtime *runtime, const struct sut_stopped *stopped,
		     uint64_t end_ns)
{
	uint64_t away = end_ns - stopped->since_ns;

	runtime->cost.count++;
	if (away > runtime->cost.away_ns_max)
		runtime->cost.away_ns_max = away;
	runtime->last = stopped->tid;
}

uint64_t sut_borrow_iret(const struct sut_stopped *stopped)
{
	return ((stopped->sp - RED_ZONE) & ~UINT64_C(15)) - SUT_IRET_SIZE;
}
