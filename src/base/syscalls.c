// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/syscalls.h"
#include "base/guard.h"

#include <stddef.h>
#include <sys/syscall.h>

static const struct {
	long number;
	const char *name;
	bool descriptor; /* is the first argument */
} calls[] = {
	{SYS_read, "read", true},
	{SYS_write, "write", true},
	{SYS_readv, "readv", true},
	{SYS_writev, "writev", true},
	{SYS_pread64, "pread64", true},
	{SYS_pwrite64, "pwrite64", true},
	{SYS_ioctl, "ioctl", true},
	{SYS_fcntl, "fcntl", true},
	{SYS_flock, "flock", true},
	{SYS_fsync, "fsync", true},
	{SYS_fdatasync, "fdatasync", true},
	{SYS_getdents64, "getdents64", true},
	{SYS_close, "close", true},
#ifdef SYS_accept /* on some machines it is a form of another call, as semop is */
	{SYS_accept, "accept", true},
#endif
	{SYS_accept4, "accept4", true},
	{SYS_connect, "connect", true},
	{SYS_sendto, "sendto", true},
	{SYS_sendmsg, "sendmsg", true},
	{SYS_recvfrom, "recvfrom", true},
	{SYS_recvmsg, "recvmsg", true},
	{SYS_epoll_wait, "epoll_wait", true},
	{SYS_epoll_pwait, "epoll_pwait", true},
	{SYS_io_uring_enter, "io_uring_enter", true},
	{SYS_sendfile, "sendfile", true},
	{SYS_splice, "splice", true},
	{SYS_poll, "poll", false},
	{SYS_ppoll, "ppoll", false},
	{SYS_select, "select", false},
	{SYS_pselect6, "pselect6", false},
	{SYS_nanosleep, "nanosleep", false},
	{SYS_clock_nanosleep, "clock_nanosleep", false},
	{SYS_futex, "futex", false},
	{SYS_wait4, "wait4", false},
	{SYS_waitid, "waitid", false},
	{SYS_pause, "pause", false},
	{SYS_rt_sigsuspend, "rt_sigsuspend", false},
	{SYS_rt_sigtimedwait, "rt_sigtimedwait", false},
#ifdef SYS_semop
	{SYS_semop, "semop", false},
	{SYS_semtimedop, "semtimedop", false},
#endif
	{SYS_msgrcv, "msgrcv", false},
	{SYS_msgsnd, "msgsnd", false},
	{SYS_openat, "openat", false},
	{SYS_execve, "execve", false},
	{SYS_exit_group, "exit_group", false},
	{SYS_init_module, "init_module", false},
	{SYS_finit_module, "finit_module", true},
	{SYS_mount, "mount", false},
	{SYS_umount2, "umount2", false},
	{SYS_sync, "sync", false},
};

const char *sut_syscall_name(long number, bool *descriptor)
{
	for (size_t i = 0; i < SUT_ARRAY_SIZE(calls); i++)
		if (calls[i].number == number) {
			*descriptor = calls[i].descriptor;
			return calls[i].name;
		}
	return NULL;
}
