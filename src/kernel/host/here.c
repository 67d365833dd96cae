// SPDX-License-Identifier: GPL-2.0-or-later
/* The kernel that runs this program. */
#include "kernel/host/host.h"
#include "base/guard.h"
#include "base/io.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int write_value(void *context, const char *path, const char *value)
{
	SUT_CLOSE int fd = open(path, O_WRONLY | O_CLOEXEC);

	(void)context;
	return fd < 0 || write(fd, value, strlen(value)) < 0 ? -errno : 0;
}

static int load(void *context, int fd)
{
	(void)context;
	return syscall(SYS_finit_module, fd, "", 0) < 0 ? -errno : 0;
}

static int unload(void *context, const char *name)
{
	(void)context;
	return syscall(SYS_delete_module, name, O_NONBLOCK) < 0 ? -errno : 0;
}

static uint64_t now(void *context)
{
	(void)context;
	return sut_now_ns();
}

static void sleep_for(void *context, uint64_t ns)
{
	struct timespec ts = {.tv_sec = (time_t)(ns / 1000000000u), .tv_nsec = ns % 1000000000u};

	(void)context;
	nanosleep(&ts, NULL);
}

static const struct sut_host_calls calls = {
	.write = write_value,
	.load = load,
	.unload = unload,
	.now = now,
	.sleep = sleep_for,
};

const struct sut_host sut_host_here = {.root = "", .calls = &calls};
