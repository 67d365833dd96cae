// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/seccomp.h"
#include "base/guard.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>

enum {
	BRANCHES_MAX = 64,   /* that wait to be followed */
	STEPS_MAX = 1 << 17, /* of all ways together */
	FILTERS_MAX = 32,    /* one over another */
	ANY = 0x3f,          /* no argument is known */
	FUTEX_WAIT_PRIVATE = 128,
	FUTEX_WAKE_PRIVATE = 129,
};

/*
 * What process/stub.S and the run-time call (rt/sys.c, rt/enter.S), and what the kernel calls again
 * for a thread whose sleep we interrupted.
 */
static const struct sut_filter_call calls[] = {
	{"mmap of code", SYS_mmap, 0x3, {0, 0, PROT_READ | PROT_EXEC, 0x100022, ~0ull, 0}},
	{"mmap of data", SYS_mmap, 0x3, {0, 0, PROT_READ | PROT_WRITE, 0x100022, ~0ull, 0}},
	{"mmap of data", SYS_mmap, 0x2, {0, 0, PROT_READ | PROT_WRITE, 0x22, ~0ull, 0}},
	{"munmap", SYS_munmap, ANY, {0}},
	{"rt_sigaction", SYS_rt_sigaction, 0x5, {0, 0, 0, 8}}, /* asked, not set */
	{"rt_sigprocmask", SYS_rt_sigprocmask, 0x2, {2, 0, 0, 8}},
	{"rt_sigprocmask", SYS_rt_sigprocmask, 0x2, {99, 0, 0, 8}}, /* asks for readable memory */
	{"clock_gettime", SYS_clock_gettime, ANY, {0}},
	{"gettid", SYS_gettid, 0, {0}},
	{"getpid", SYS_getpid, 0, {0}},
	{"futex", SYS_futex, ANY & ~0x2, {0, FUTEX_WAIT_PRIVATE}},
	{"futex", SYS_futex, ANY & ~0x2, {0, FUTEX_WAKE_PRIVATE}},
	{"tgkill", SYS_tgkill, 0x3, {0, 0, 0}},
	{"restart_syscall", SYS_restart_syscall, ANY, {0}},
};

/* Text becomes writable for a store, or pages of it are exchanged. */
static const struct sut_filter_call stores[] = {
	{"mprotect of code, writable for one store",
	 SYS_mprotect,
	 0x3,
	 {0, 0, PROT_READ | PROT_WRITE | PROT_EXEC}},
	{"mprotect of code", SYS_mprotect, 0x3, {0, 0, PROT_READ | PROT_EXEC}},
};
static const struct sut_filter_call swap[] = {
	{"mremap", SYS_mremap, 0x11, {0, 4096, 4096, MREMAP_MAYMOVE | MREMAP_FIXED}},
};

struct value {
	bool known;
	uint32_t number;
};

/* Where one way through the filter has come to. */
struct machine {
	size_t pc;
	struct value a, x, memory[BPF_MEMWORDS];
};

static struct value known(uint32_t number)
{
	return (struct value){true, number};
}

/* A word of struct seccomp_data. The address that the call comes from is not known. */
static struct value load(const struct sut_filter_call *call, uint32_t offset)
{
	const uint32_t arguments = offsetof(struct seccomp_data, args);
	uint32_t i;

	if (offset == offsetof(struct seccomp_data, nr))
		return known(call->number);
	if (offset == offsetof(struct seccomp_data, arch))
		return known(AUDIT_ARCH_X86_64);
	if (offset < arguments)
		return (struct value){false, 0};
	i = (offset - arguments) / 8;
	return (struct value){!(call->unknown >> i & 1),
			      (uint32_t)(call->arguments[i] >> (offset % 8 ? 32 : 0))};
}

static struct value compute(uint16_t op, struct value a, struct value b)
{
	struct value result = {a.known && b.known, 0};

	switch (op) {
	case BPF_ADD:
		result.number = a.number + b.number;
		break;
	case BPF_SUB:
		result.number = a.number - b.number;
		break;
	case BPF_MUL:
		result.number = a.number * b.number;
		break;
	case BPF_DIV:
		/* By zero: the kernel ends the filter, which kills. Not known is as strict. */
		result.known &= b.number != 0;
		result.number = result.known ? a.number / b.number : 0;
		break;
	case BPF_OR:
		result.number = a.number | b.number;
		break;
	case BPF_AND:
		result.number = a.number & b.number;
		/* Nothing is left of what is not known. */
		if ((b.known && !b.number) || (a.known && !a.number))
			return known(0);
		break;
	case BPF_XOR:
		result.number = a.number ^ b.number;
		break;
	case BPF_LSH:
		result.known &= b.number < 32;
		result.number = result.known ? a.number << b.number : 0;
		break;
	case BPF_RSH:
		result.known &= b.number < 32;
		result.number = result.known ? a.number >> b.number : 0;
		break;
	case BPF_NEG:
		result = (struct value){a.known, -a.number};
		break;
	default:
		result.known = false;
	}
	return result;
}

static bool holds(uint16_t op, uint32_t a, uint32_t b)
{
	switch (op) {
	case BPF_JEQ:
		return a == b;
	case BPF_JGT:
		return a > b;
	case BPF_JGE:
		return a >= b;
	case BPF_JSET:
		return a & b;
	}
	return false;
}

/* The ways through a filter that are still to be followed, and what came of the others. */
struct exploration {
	const struct sock_filter *code;
	size_t count;
	const struct sut_filter_call *call;
	size_t waiting;
	struct machine branches[BRANCHES_MAX];
	int32_t strictest; /* the kernel compares actions as signed numbers */
};

static bool jump(struct exploration *e, struct machine *m, const struct sock_filter *insn)
{
	struct value b = BPF_SRC(insn->code) == BPF_X ? m->x : known(insn->k);
	size_t next = m->pc + 1;

	if (BPF_OP(insn->code) == BPF_JA) {
		m->pc = next + insn->k;
		return true;
	}
	if (m->a.known && b.known) {
		m->pc = next +
			(holds(BPF_OP(insn->code), m->a.number, b.number) ? insn->jt : insn->jf);
		return true;
	}
	if (e->waiting == BRANCHES_MAX)
		return false;
	e->branches[e->waiting] = *m;
	e->branches[e->waiting++].pc = next + insn->jf;
	m->pc = next + insn->jt;
	return true;
}

static bool move(struct exploration *e, struct machine *m, const struct sock_filter *insn)
{
	struct value value;

	switch (BPF_MODE(insn->code)) {
	case BPF_ABS:
		if (insn->k % 4 || insn->k >= sizeof(struct seccomp_data))
			return false;
		value = load(e->call, insn->k);
		break;
	case BPF_LEN:
		value = known(sizeof(struct seccomp_data));
		break;
	case BPF_IMM:
		value = known(insn->k);
		break;
	case BPF_MEM:
		if (insn->k >= BPF_MEMWORDS)
			return false;
		value = m->memory[insn->k];
		break;
	default:
		return false;
	}
	*(BPF_CLASS(insn->code) == BPF_LD ? &m->a : &m->x) = value;
	return true;
}

static bool end(struct exploration *e, struct value result)
{
	int32_t action = (int32_t)(result.number & SECCOMP_RET_ACTION_FULL);

	if (action < e->strictest)
		e->strictest = action;
	return result.known;
}

enum step { GOES_ON, RETURNS, FAILS };

static enum step step(struct exploration *e, struct machine *m)
{
	const struct sock_filter *insn = &e->code[m->pc];
	bool fine = true;

	switch (BPF_CLASS(insn->code)) {
	case BPF_LD:
	case BPF_LDX:
		fine = move(e, m, insn);
		break;
	case BPF_ST:
	case BPF_STX:
		fine = insn->k < BPF_MEMWORDS;
		if (fine)
			m->memory[insn->k] = BPF_CLASS(insn->code) == BPF_ST ? m->a : m->x;
		break;
	case BPF_ALU:
		m->a = compute(BPF_OP(insn->code), m->a,
			       BPF_SRC(insn->code) == BPF_X ? m->x : known(insn->k));
		break;
	case BPF_JMP:
		return jump(e, m, insn) ? GOES_ON : FAILS;
	case BPF_RET:
		return end(e, BPF_RVAL(insn->code) == BPF_A ? m->a : known(insn->k)) ? RETURNS
										     : FAILS;
	case BPF_MISC:
		if (BPF_MISCOP(insn->code) == BPF_TAX)
			m->x = m->a;
		else
			m->a = m->x;
		break;
	}
	m->pc++;
	return fine ? GOES_ON : FAILS;
}

bool sut_filter_run(const struct sock_filter *code, size_t count,
		    const struct sut_filter_call *call, uint32_t *action)
{
	struct exploration e = {
		.code = code,
		.count = count,
		.call = call,
		.waiting = 1,
		.branches = {{.a = {true, 0}, .x = {true, 0}}},
		.strictest = INT32_MAX,
	};
	unsigned int steps = 0;

	while (e.waiting) {
		struct machine m = e.branches[--e.waiting];
		enum step result;

		do {
			if (m.pc >= count || ++steps > STEPS_MAX)
				return false;
			result = step(&e, &m);
		} while (result == GOES_ON);
		if (result == FAILS)
			return false;
	}
	*action = (uint32_t)e.strictest;
	return true;
}

static bool filter_allows(const struct sock_filter *code, size_t count,
			  const struct sut_filter_call *wanted, size_t wanted_count,
			  struct sut_seccomp *no)
{
	for (size_t i = 0; i < wanted_count; i++) {
		uint32_t action = SECCOMP_RET_KILL_PROCESS;

		if (sut_filter_run(code, count, &wanted[i], &action) &&
		    (action == SECCOMP_RET_ALLOW || action == SECCOMP_RET_LOG))
			continue;
		no->call = wanted[i].text;
		no->action = action;
		return false;
	}
	return true;
}

bool sut_seccomp_allows(pid_t tid, bool swaps, struct sut_seccomp *no)
{
	struct sock_filter code[BPF_MAXINSNS];

	for (long i = 0; i < FILTERS_MAX; i++) {
		long count = ptrace(PTRACE_SECCOMP_GET_FILTER, tid, i, code);

		*no = (struct sut_seccomp){.tid = tid, .error = errno};
		if (count < 0 && i && errno == ENOENT) { /* no more of them */
			no->tid = 0;
			return true;
		}
		if (count < 0 ||
		    !filter_allows(code, (size_t)count, calls, SUT_ARRAY_SIZE(calls), no) ||
		    !filter_allows(code, (size_t)count, swaps ? swap : stores,
				   swaps ? SUT_ARRAY_SIZE(swap) : SUT_ARRAY_SIZE(stores), no))
			return false;
	}
	no->error = E2BIG;
	return false;
}

static const char *action_name(uint32_t action)
{
	switch (action) {
	case SECCOMP_RET_KILL_PROCESS:
	case SECCOMP_RET_KILL_THREAD:
		return "kills for";
	case SECCOMP_RET_ERRNO:
		return "refuses";
	case SECCOMP_RET_TRAP:
	case SECCOMP_RET_TRACE:
	case SECCOMP_RET_USER_NOTIF:
		return "hands to somebody else";
	}
	return "does not allow";
}

enum sut_rc sut_seccomp_refuse(const struct sut_target *target, const struct sut_seccomp *no,
			       struct sut_diag *diag)
{
	if (no->call) {
		sut_fail(diag, SUT_REFUSED, "seccomp",
			 "process %d (%s): the seccomp filter of thread %d %s a call that suture "
			 "needs: %s",
			 target->pid, target->name, no->tid, action_name(no->action), no->call);
		sut_remedy(
			diag,
			"Allow it where the filter is made (for systemd: "
			"SystemCallFilter=) and restart the program; or restart it with the fix.");
	} else {
		sut_fail(diag, SUT_REFUSED, "seccomp",
			 "process %d (%s): the seccomp filters of thread %d cannot be read: %s",
			 target->pid, target->name, no->tid, strerror(no->error));
		sut_remedy(diag, "Only root (CAP_SYS_ADMIN), outside of any filter, may read them; "
				 "run suture on the host, not in the container.");
	}
	return SUT_REFUSED;
}
