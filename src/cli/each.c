// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/each.h"
#include "process/trace.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

/* Of several targets the status that needs attention most. */
static int worse(int a, int b)
{
	/* From best to worst; nothing to do is good news where another target had work. */
	static const int order[] = {SUT_EXIT_NOTHING,     SUT_EXIT_DONE,    SUT_EXIT_REVERTED,
				    SUT_EXIT_UNSUPPORTED, SUT_EXIT_REFUSED, SUT_EXIT_BLOCKED,
				    SUT_EXIT_USAGE};
	int worst = a;

	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		if (order[i] == a || order[i] == b)
			worst = order[i];
	return worst;
}

/* A process on its way through the loop. */
struct slot {
	pid_t pid;
	bool finished;
	bool concerned; /* it is the command's business */
	struct sut_arena arena;
	void *result;
};

/*
 * Processes of one operand, worked on by several threads and reported by the first, in order. Or
 * only asked whether the patch fits them, which is not reported.
 */
struct round {
	struct sut_each *each;
	bool named;
	bool sifts;
	size_t count;
	struct slot *slots;
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	size_t next;     /* to be worked on */
	size_t reported; /* those before it */
};

enum { AHEAD = 4 /* results per job that may wait for their report */ };

static void work_on(struct round *round, struct slot *slot, struct sut_mapped_file *known)
{
	const struct sut_each *each = round->each;

	if (round->sifts) {
		slot->concerned = sut_target_fits(slot->pid, each->patch, known);
		return;
	}
	slot->result = sut_arena_alloc(&slot->arena, each->result_size);
	slot->concerned = each->work(each, &slot->arena, slot->pid, round->named, slot->result);
}

/* NULL: nothing is left. */
static struct slot *take(struct round *round)
{
	struct slot *slot = NULL;

	pthread_mutex_lock(&round->mutex);
	while (round->next < round->count &&
	       round->next >= round->reported + AHEAD * round->each->jobs)
		pthread_cond_wait(&round->changed, &round->mutex);
	if (round->next < round->count)
		slot = &round->slots[round->next++];
	pthread_mutex_unlock(&round->mutex);
	return slot;
}

static void *run_worker(void *context)
{
	struct sut_mapped_file known = {0};
	struct round *round = context;
	struct slot *slot;

	while ((slot = take(round))) {
		work_on(round, slot, &known);
		pthread_mutex_lock(&round->mutex);
		slot->finished = true;
		pthread_cond_broadcast(&round->changed);
		pthread_mutex_unlock(&round->mutex);
	}
	return NULL;
}

static int report(struct round *round, struct slot *slot, int status)
{
	struct sut_each *each = round->each;

	int one = slot->concerned ? each->report(each, slot->pid, slot->result) : -1;

	SUT_PUSH(each->arena, each->done, each->done_count, each->done_capacity) =
		(struct sut_each_done){slot->pid, one};
	if (slot->concerned) {
		each->found++;
		status = worse(status, one);
	}
	sut_arena_deinit(&slot->arena);
	return status;
}

static int collect(struct round *round, int status)
{
	for (size_t i = 0; i < round->count; i++) {
		pthread_mutex_lock(&round->mutex);
		while (!round->slots[i].finished)
			pthread_cond_wait(&round->changed, &round->mutex);
		round->reported = i + 1;
		pthread_cond_broadcast(&round->changed);
		pthread_mutex_unlock(&round->mutex);
		status = report(round, &round->slots[i], status);
		if (round->each->brief)
			sut_progress(round->each->call, "%zu of %zu processes ...", i + 1,
				     round->count);
	}
	sut_progress(round->each->call, NULL);
	return status;
}

/* Each process is traced by the thread that took it, from its first to its last ptrace call. */
static int run_round(struct round *round, int status)
{
	unsigned int jobs = round->each->jobs, started = 0;
	pthread_t *threads = sut_arena_array(round->each->arena, jobs, sizeof(*threads));
	struct sut_mapped_file none = {0};

	if (!round->sifts && (jobs < 2 || round->count < 2)) {
		for (size_t i = 0; i < round->count; i++) {
			work_on(round, &round->slots[i], &none);
			status = report(round, &round->slots[i], status);
		}
		return status;
	}
	pthread_mutex_init(&round->mutex, NULL);
	pthread_cond_init(&round->changed, NULL);
	if (round->sifts)
		round->reported = round->count;
	while (started < jobs && !pthread_create(&threads[started], NULL, run_worker, round))
		started++;
	if (!started) { /* no thread to be had: without */
		round->reported = round->count;
		run_worker(round);
	}
	if (!round->sifts)
		status = collect(round, status);
	for (unsigned int i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&round->changed);
	pthread_mutex_destroy(&round->mutex);
	return status;
}

/* Of the processes of a round those that the patch fits. */
static void sift(struct round *round)
{
	struct round sieve = *round;
	size_t count = 0;

	sieve.sifts = true;
	run_round(&sieve, 0);
	for (size_t i = 0; i < round->count; i++)
		if (round->slots[i].concerned)
			round->slots[count++] = (struct slot){.pid = round->slots[i].pid};
	round->count = count;
}

static bool is_done(const struct sut_each *each, pid_t pid)
{
	for (size_t i = 0; i < each->done_count; i++)
		if (each->done[i].pid == pid)
			return true;
	return false;
}

/* Those that no round has had; how many. */
static size_t make_slots(const struct sut_each *each, const struct sut_pid_list *pids,
			 struct slot *slots)
{
	size_t count = 0;

	for (size_t i = 0; i < pids->count; i++)
		if (!is_done(each, pids->pids[i]))
			slots[count++] = (struct slot){.pid = pids->pids[i]};
	return count;
}

static int run_operand(struct sut_each *each, const char *target, int status)
{
	enum { ROUNDS_MAX = 64 };

	each->exact = target && !strncmp(target, "pid:", 4);
	for (int turn = 0; turn < ROUNDS_MAX; turn++) {
		struct sut_pid_list pids;
		struct sut_diag diag = {0};
		struct round round = {.each = each, .named = target != NULL};
		enum sut_rc rc = sut_targets_find(each->arena, target, &pids, &diag);

		if (rc != SUT_OK && turn) /* the last one has ended meanwhile */
			break;
		if (rc != SUT_OK) {
			each->found++;
			sut_out_object(each->out, NULL);
			status = worse(status, sut_report_failure(each->out, rc, &diag));
			sut_out_end(each->out);
			break;
		}
		round.slots = sut_arena_array(each->arena, pids.count, sizeof(*round.slots));
		round.count = make_slots(each, &pids, round.slots);
		if (each->patch && !each->exact)
			sift(&round);
		if (!round.count)
			break;
		each->brief |= round.count > SUT_EACH_BRIEF;
		status = run_round(&round, status);
		if (!each->again)
			break;
	}
	return status;
}

/* One whose files cannot be opened, for there are too many, would look like one that has ended. */
static unsigned int within_limits(unsigned int jobs)
{
	enum { PER_JOB = 16, OTHERS = 64 };
	rlim_t wanted = OTHERS + PER_JOB * (rlim_t)jobs;
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return jobs;
	limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur == wanted)
		return jobs;
	return limit.rlim_cur < OTHERS + PER_JOB
		       ? 1
		       : (unsigned int)(limit.rlim_cur - OTHERS) / PER_JOB;
}

bool sut_call_jobs(const struct sut_call *call, unsigned int *jobs)
{
	/* Half of the time a job waits for a thread of its process. */
	enum { JOBS_MAX = 256, PER_PROCESSOR = 2 };
	const char *text = sut_call_option(call, "jobs");
	long number = PER_PROCESSOR * sysconf(_SC_NPROCESSORS_ONLN);
	char *end;

	if (text) {
		errno = 0;
		number = strtol(text, &end, 10);
		if (errno || end == text || *end || number < 1 || number > JOBS_MAX) {
			sut_usage_error(call, "--jobs %s: not a number from 1 to %d", text,
					JOBS_MAX);
			return false;
		}
	}
	*jobs = within_limits(number < 1 ? 1 : number > JOBS_MAX ? JOBS_MAX : (unsigned int)number);
	return true;
}

static int run_kernel(struct sut_each *each, bool named, int status)
{
	int one = each->kernel ? each->kernel(each, named) : -1;

	if (one < 0)
		return status;
	each->found++;
	return worse(status, one);
}

int sut_each_target(struct sut_each *each)
{
	const struct sut_call *call = each->call;
	int status = SUT_EXIT_NOTHING;

	sut_trace_prepare();
	sut_out_array(each->out, each->list ? each->list : "targets");
	if (call->argc <= each->first) {
		status = run_kernel(each, false, status);
		status = run_operand(each, NULL, status);
	}
	for (int i = each->first; i < call->argc; i++)
		if (each->kernel && strcmp(call->argv[i], "kernel") == 0)
			status = run_kernel(each, true, status);
		else
			status = run_operand(each, call->argv[i], status);
	sut_out_end(each->out);
	return status;
}
