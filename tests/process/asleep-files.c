// SPDX-License-Identifier: GPL-2.0-or-later
/* System calls that sleep until something happens to a descriptor, and what wakes them. */
#include "asleep.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/aio_abi.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timerfd.h>
#include <sys/un.h>
#include <unistd.h>

enum { BIG = 1 << 20, ANY = ASLEEP_ANY };

static char big[BIG];

static void pair(int fds[2], struct scene *s)
{
	s->in = fds[0];
	s->out = fds[1];
}

static void prepare_pipe(struct scene *s)
{
	int fds[2];

	asleep_must(pipe(fds) == 0, "pipe");
	pair(fds, s);
}

static void prepare_socket(struct scene *s)
{
	int fds[2];

	asleep_must(socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == 0, "socketpair");
	pair(fds, s);
}

static void prepare_part(struct scene *s)
{
	prepare_socket(s);
	asleep_must(write(s->out, "abc", 3) == 3, "write");
}

static void prepare_message(struct scene *s)
{
	int fds[2];

	asleep_must(socketpair(AF_UNIX, SOCK_DGRAM, 0, fds) == 0, "socketpair");
	pair(fds, s);
	asleep_must(write(s->out, "abc", 3) == 3, "write");
}

static void set_timeout(int fd)
{
	struct timeval t = {0, ASLEEP_TIMEOUT_MS * 1000L};

	asleep_must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0, "SO_RCVTIMEO");
}

static void prepare_socket_timed(struct scene *s)
{
	prepare_socket(s);
	set_timeout(s->in);
}

/* An abstract address: nothing is left of it. */
static void prepare_listener(struct scene *s)
{
	const struct sockaddr_un any = {.sun_family = AF_UNIX};

	s->in = socket(AF_UNIX, SOCK_STREAM, 0);
	asleep_must(bind(s->in, (const struct sockaddr *)&any, sizeof(sa_family_t)) == 0 &&
			    listen(s->in, 0) == 0,
		    "listen");
}

static void prepare_listener_timed(struct scene *s)
{
	prepare_listener(s);
	set_timeout(s->in);
}

static long connect_to(int listener)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	struct sockaddr_un address;
	socklen_t size = sizeof(address);

	asleep_must(getsockname(listener, (struct sockaddr *)&address, &size) == 0, "getsockname");
	return connect(fd, (const struct sockaddr *)&address, size);
}

static void prepare_full_listener(struct scene *s)
{
	prepare_listener(s);
	asleep_must(connect_to(s->in) == 0, "connect");
}

static void prepare_tcp(struct scene *s)
{
	struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	socklen_t size = sizeof(address);
	int listener = socket(AF_INET6, SOCK_STREAM, 0), small = 4096;

	s->out = socket(AF_INET6, SOCK_STREAM, 0);
	setsockopt(s->out, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small));
	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	asleep_must(bind(listener, (struct sockaddr *)&address, size) == 0 &&
			    listen(listener, 1) == 0 &&
			    getsockname(listener, (struct sockaddr *)&address, &size) == 0 &&
			    connect(s->out, (struct sockaddr *)&address, size) == 0,
		    "loopback");
	s->in = accept(listener, NULL, NULL);
}

static void prepare_event(struct scene *s)
{
	s->in = s->out = eventfd(0, 0);
}

static void prepare_epoll(struct scene *s)
{
	struct epoll_event event = {.events = EPOLLIN};

	prepare_event(s);
	s->in = epoll_create1(0);
	asleep_must(epoll_ctl(s->in, EPOLL_CTL_ADD, s->out, &event) == 0, "epoll_ctl");
}

/* Another open file of the same. */
static int open_again(int fd, int flags)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, flags);
}

static void prepare_inotify(struct scene *s)
{
	char path[32];

	s->out = open(P_tmpdir, O_TMPFILE | O_RDWR, 0600);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->out);
	s->in = inotify_init();
	asleep_must(inotify_add_watch(s->in, path, IN_MODIFY) > 0, "inotify");
}

static void prepare_timer(struct scene *s)
{
	s->in = timerfd_create(CLOCK_MONOTONIC, 0);
}

static void prepare_signalfd(struct scene *s)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR2);
	s->in = signalfd(-1, &set, 0);
}

/* Two open files of one file, of which the other process holds the lock. */
static void prepare_lock(struct scene *s)
{
	struct flock lock = {.l_type = F_WRLCK};

	s->out = memfd_create("asleep", 0);
	s->in = open_again(s->out, O_RDWR);
	asleep_must(flock(s->out, LOCK_EX) == 0 && fcntl(s->out, F_OFD_SETLK, &lock) == 0, "lock");
}

static void prepare_aio(struct scene *s)
{
	struct iocb request = {.aio_lio_opcode = IOCB_CMD_POLL, .aio_buf = POLLIN};
	struct iocb *requests[] = {&request};

	prepare_event(s);
	request.aio_fildes = (uint32_t)s->out;
	asleep_must(syscall(SYS_io_setup, 8, &s->aio) == 0 &&
			    syscall(SYS_io_submit, s->aio, 1, requests) == 1,
		    "io_submit");
}

static void prepare_uring(struct scene *s)
{
	struct io_uring_params p = {0};

	s->in = (int)syscall(SYS_io_uring_setup, 4, &p);
	asleep_must(s->in >= 0, "io_uring_setup");
	s->tail = p.sq_off.tail;
	s->ring = mmap(NULL, p.sq_off.array + p.sq_entries * sizeof(uint32_t),
		       PROT_READ | PROT_WRITE, MAP_SHARED, s->in, IORING_OFF_SQ_RING);
	s->entries = mmap(NULL, p.sq_entries * sizeof(struct io_uring_sqe), PROT_READ | PROT_WRITE,
			  MAP_SHARED, s->in, IORING_OFF_SQES);
	asleep_must(s->ring != MAP_FAILED && s->entries != MAP_FAILED, "io_uring");
}

static void prepare_splice(struct scene *s)
{
	int more[2];

	prepare_pipe(s);
	asleep_must(pipe(more) == 0, "pipe");
	s->more = more[1];
}

static void prepare_file(struct scene *s)
{
	prepare_socket(s);
	s->more = memfd_create("asleep", 0);
	asleep_must(ftruncate(s->more, BIG) == 0, "memfd");
}

static void prepare_fifo(struct scene *s)
{
	char path[64];

	snprintf(path, sizeof(path), P_tmpdir "/asleep-fifo-%d", getpid());
	asleep_must(mkfifo(path, 0600) == 0, path);
	s->in = open(path, O_PATH);
	unlink(path);
}

static long call_epoll(struct scene *s)
{
	struct epoll_event event;

	return syscall(SYS_epoll_wait, s->in, &event, 1, -1);
}

static long call_epoll_timed(struct scene *s)
{
	struct epoll_event event;

	return syscall(SYS_epoll_wait, s->in, &event, 1, ASLEEP_TIMEOUT_MS);
}

static long call_epoll_pwait2(struct scene *s)
{
	struct epoll_event event;

	return syscall(SYS_epoll_pwait2, s->in, &event, 1, &asleep_span, NULL, 8);
}

static long call_read(struct scene *s)
{
	char bytes[512];

	return syscall(SYS_read, s->in, bytes, sizeof(bytes));
}

static long call_recv(struct scene *s)
{
	char byte;

	return syscall(SYS_recvfrom, s->in, &byte, 1, 0, NULL, NULL);
}

static long call_recv_all(struct scene *s)
{
	char bytes[10];

	return syscall(SYS_recvfrom, s->in, bytes, sizeof(bytes), MSG_WAITALL, NULL, NULL);
}

static long call_recvmmsg(struct scene *s)
{
	char bytes[2][10];
	struct iovec v[] = {{bytes[0], 10}, {bytes[1], 10}};
	struct mmsghdr messages[] = {{.msg_hdr = {.msg_iov = v, .msg_iovlen = 1}},
				     {.msg_hdr = {.msg_iov = v + 1, .msg_iovlen = 1}}};

	return syscall(SYS_recvmmsg, s->in, messages, 2, 0, NULL);
}

static long call_accept(struct scene *s)
{
	return syscall(SYS_accept4, s->in, NULL, NULL, 0);
}

static long call_poll(struct scene *s)
{
	struct pollfd fd = {.fd = s->in, .events = POLLIN};

	return syscall(SYS_poll, &fd, 1, -1);
}

static long call_write(struct scene *s)
{
	return syscall(SYS_write, s->out, big, BIG);
}

static long call_flock(struct scene *s)
{
	return syscall(SYS_flock, s->in, LOCK_EX);
}

static long call_ofd_lock(struct scene *s)
{
	struct flock lock = {.l_type = F_WRLCK};

	return syscall(SYS_fcntl, s->in, F_OFD_SETLKW, &lock);
}

static long call_io_getevents(struct scene *s)
{
	struct io_event event;

	return syscall(SYS_io_getevents, s->aio, 1, 1, &event, NULL);
}

static long call_io_uring(struct scene *s)
{
	return syscall(SYS_io_uring_enter, s->in, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
}

static long call_splice(struct scene *s)
{
	return syscall(SYS_splice, s->in, NULL, s->more, NULL, 4096, 0);
}

static long call_sendfile(struct scene *s)
{
	return syscall(SYS_sendfile, s->out, s->more, NULL, BIG);
}

static long call_open(struct scene *s)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", s->in);
	return syscall(SYS_open, path, O_RDONLY);
}

static long call_connect(struct scene *s)
{
	return connect_to(s->in);
}

static void wake_write(struct scene *s)
{
	(void)!write(s->out, "12345678", 8);
}

static void wake_one(struct scene *s)
{
	(void)!write(s->out, "1", 1);
}

static void wake_rest(struct scene *s)
{
	(void)!write(s->out, "defghij", 7);
}

static void wake_connect(struct scene *s)
{
	connect_to(s->in);
	pause(); /* a connection that is closed at once is still one, but let it be */
}

static void wake_accept(struct scene *s)
{
	accept(s->in, NULL, NULL);
	pause();
}

static void wake_drain(struct scene *s)
{
	for (size_t size = 0; size < BIG;) {
		ssize_t n = read(s->in, big, BIG);

		if (n <= 0)
			break;
		size += (size_t)n;
	}
}

static void wake_timer(struct scene *s)
{
	const struct itimerspec soon = {.it_value = {.tv_nsec = 1}};

	timerfd_settime(s->in, 0, &soon, NULL);
}

static void wake_unlock(struct scene *s)
{
	struct flock lock = {.l_type = F_UNLCK};

	flock(s->out, LOCK_UN);
	fcntl(s->out, F_OFD_SETLK, &lock);
}

static void wake_uring(struct scene *s)
{
	/* Entry 0 is zeros, which is to do nothing. */
	__atomic_store_n((uint32_t *)((char *)s->ring + s->tail), 1, __ATOMIC_RELEASE);
	syscall(SYS_io_uring_enter, s->in, 1, 0, 0, NULL, 0);
}

static void wake_open(struct scene *s)
{
	open_again(s->in, O_WRONLY);
}

const struct asleep_kind asleep_files[] = {
	WOKEN("epoll", prepare_epoll, call_epoll, wake_write, 1),
	TIMED("epoll timed", prepare_epoll, call_epoll_timed, 0, 0),
	TIMED("epoll_pwait2 timed", prepare_epoll, call_epoll_pwait2, 0, 0),
	WOKEN("poll", prepare_event, call_poll, wake_write, 1),
	WOKEN("read pipe", prepare_pipe, call_read, wake_write, 8),
	WOKEN("read socket", prepare_socket, call_read, wake_write, 8),
	WOKEN("read inotify", prepare_inotify, call_read, wake_one, ANY),
	WOKEN("read eventfd", prepare_event, call_read, wake_write, 8),
	WOKEN("read timerfd", prepare_timer, call_read, wake_timer, 8),
	WOKEN("read signalfd", prepare_signalfd, call_read, asleep_wake_signal, ANY),
	TIMED("recv timed", prepare_socket_timed, call_recv, -1, EAGAIN),
	PARTIAL("recv all", prepare_part, call_recv_all, wake_rest, 10),
	PARTIAL("recvmmsg", prepare_message, call_recvmmsg, wake_write, 2),
	WOKEN("accept", prepare_listener, call_accept, wake_connect, ANY),
	TIMED("accept timed", prepare_listener_timed, call_accept, -1, EAGAIN),
	WOKEN("connect", prepare_full_listener, call_connect, wake_accept, 0),
	PARTIAL("write pipe", prepare_pipe, call_write, wake_drain, BIG),
	PARTIAL("write socket", prepare_socket, call_write, wake_drain, BIG),
	PARTIAL("write tcp", prepare_tcp, call_write, wake_drain, BIG),
	PARTIAL("sendfile", prepare_file, call_sendfile, wake_drain, BIG),
	PARTIAL("splice", prepare_splice, call_splice, wake_one, 1),
	WOKEN("flock", prepare_lock, call_flock, wake_unlock, 0),
	WOKEN("open file lock", prepare_lock, call_ofd_lock, wake_unlock, 0),
	WOKEN("open", prepare_fifo, call_open, wake_open, ANY),
	WOKEN("io_getevents", prepare_aio, call_io_getevents, wake_write, 1),
	WOKEN("io_uring", prepare_uring, call_io_uring, wake_uring, ANY),
};

const int asleep_file_count = sizeof(asleep_files) / sizeof(asleep_files[0]);
