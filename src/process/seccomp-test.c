// SPDX-License-Identifier: GPL-2.0-or-later
#include "process/seccomp.h"
#include "base/guard.h"
#include "base/tap.h"

#include <linux/audit.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#define LOAD(field)    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define EQUAL(k, t, f) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, t, f)
#define SET(k, t, f)   BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, k, t, f)
#define RETURN(k)      BPF_STMT(BPF_RET | BPF_K, k)

static const struct sut_filter_call map_code = {
	"", SYS_mmap, 0x3, {0, 0, PROT_READ | PROT_EXEC, 0x100022, ~0ull, 0}};
static const struct sut_filter_call protect = {
	"", SYS_mprotect, 0x3, {0, 0, PROT_READ | PROT_WRITE | PROT_EXEC}};
static const struct sut_filter_call pid = {"", SYS_getpid, 0, {0}};

static uint32_t run(const struct sock_filter *code, size_t count,
		    const struct sut_filter_call *call)
{
	uint32_t action = 1;

	return sut_filter_run(code, count, call, &action) ? action : 1;
}

/* As container engines write them: the machine, then a list of what is allowed. */
static void test_list(void)
{
	const struct sock_filter code[] = {
		LOAD(arch),
		EQUAL(AUDIT_ARCH_X86_64, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		LOAD(nr),
		EQUAL(SYS_mmap, 2, 0),
		EQUAL(SYS_mprotect, 1, 0),
		RETURN(SECCOMP_RET_ERRNO | 1),
		RETURN(SECCOMP_RET_ALLOW),
	};

	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &map_code), SECCOMP_RET_ALLOW);
	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &protect), SECCOMP_RET_ALLOW);
	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &pid), SECCOMP_RET_ERRNO);
}

/* As systemd writes MemoryDenyWriteExecute=. */
static void test_argument(void)
{
	const struct sock_filter code[] = {
		LOAD(nr),
		EQUAL(SYS_mprotect, 0, 3),
		LOAD(args[2]),
		SET(PROT_EXEC, 0, 1),
		RETURN(SECCOMP_RET_ERRNO | 1),
		RETURN(SECCOMP_RET_ALLOW),
	};

	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &protect), SECCOMP_RET_ERRNO);
	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &map_code), SECCOMP_RET_ALLOW);
}

/* The address is not known beforehand: the strictest of all ways counts. */
static void test_unknown(void)
{
	const struct sock_filter code[] = {
		LOAD(args[0]),
		BPF_STMT(BPF_MISC | BPF_TAX, 0),
		LOAD(nr),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_X, 0, 1, 0),
		RETURN(SECCOMP_RET_KILL_PROCESS),
		RETURN(SECCOMP_RET_ALLOW),
	};
	const struct sock_filter masked[] = {
		LOAD(args[0]),
		BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 0),
		EQUAL(0, 0, 1),
		RETURN(SECCOMP_RET_ALLOW),
		RETURN(SECCOMP_RET_TRAP),
	};
	const struct sock_filter returned[] = {
		LOAD(args[0]),
		BPF_STMT(BPF_RET | BPF_A, 0),
	};

	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &map_code), SECCOMP_RET_KILL_PROCESS);
	CHECK_EQUAL(run(masked, SUT_ARRAY_SIZE(masked), &map_code), SECCOMP_RET_ALLOW);
	CHECK_EQUAL(run(returned, SUT_ARRAY_SIZE(returned), &map_code), 1);
}

/* Memory, arithmetic and the upper halves of arguments. */
static void test_computation(void)
{
	const struct sock_filter code[] = {
		LOAD(nr),
		BPF_STMT(BPF_ST, 3),
		BPF_STMT(BPF_LDX | BPF_MEM, 3),
		BPF_STMT(BPF_LD | BPF_IMM, 20),
		BPF_STMT(BPF_ALU | BPF_SUB | BPF_X, 0),
		BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),
		EQUAL(2 * (20 - SYS_mmap), 0, 2),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4]) + 4),
		EQUAL(0xffffffff, 1, 0),
		RETURN(SECCOMP_RET_TRAP),
		RETURN(SECCOMP_RET_LOG),
	};

	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &map_code), SECCOMP_RET_LOG);
	CHECK_EQUAL(run(code, SUT_ARRAY_SIZE(code), &protect), SECCOMP_RET_TRAP);
}

/* The kernel takes none of these, so they come from somebody who wants to mislead us. */
static void test_malformed(void)
{
	const struct sock_filter past[] = {BPF_JUMP(BPF_JMP | BPF_JA, 7, 0, 0),
					   RETURN(SECCOMP_RET_ALLOW)};
	const struct sock_filter open_end[] = {LOAD(nr)};
	const struct sock_filter outside[] = {BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 64),
					      RETURN(SECCOMP_RET_ALLOW)};
	const struct sock_filter memory[] = {BPF_STMT(BPF_ST, 16), RETURN(SECCOMP_RET_ALLOW)};
	struct sock_filter ways[400];

	for (size_t i = 0; i < SUT_ARRAY_SIZE(ways); i++)
		ways[i] = i % 2 ? (struct sock_filter)SET(1u << (i / 2 % 32), 0, 0)
				: (struct sock_filter)LOAD(args[0]);
	CHECK_EQUAL(run(past, SUT_ARRAY_SIZE(past), &pid), 1);
	CHECK_EQUAL(run(open_end, SUT_ARRAY_SIZE(open_end), &pid), 1);
	CHECK_EQUAL(run(outside, SUT_ARRAY_SIZE(outside), &pid), 1);
	CHECK_EQUAL(run(memory, SUT_ARRAY_SIZE(memory), &pid), 1);
	CHECK_EQUAL(run(ways, SUT_ARRAY_SIZE(ways), &map_code), 1);
	CHECK_EQUAL(run(ways, 0, &pid), 1);
}

static const struct sut_tap_test tests[] = {
	{"a list of calls is followed", test_list},
	{"a known argument decides", test_argument},
	{"an unknown argument is any", test_unknown},
	{"memory and arithmetic are carried out", test_computation},
	{"what is no filter allows nothing", test_malformed},
};

SUT_TAP_MAIN(tests)
