// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a program sees of the fixes in this folder. "probe WHAT" does it and prints one word or
 * number; the guest has it as a static program, since it has no C library of this machine's.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/in6.h>
#include <linux/kd.h>
#include <linux/loop.h>

/* An auxiliary vector of one entry is set; how many has the process then? */
static int auxv(void)
{
	unsigned long vector[2] = {AT_PAGESZ, 4096}, all[128] = {0};
	int fd = open("/proc/self/auxv", O_RDONLY);
	size_t count = 0;

	if (prctl(PR_SET_MM, PR_SET_MM_AUXV, vector, sizeof(vector), 0) != 0 ||
	    read(fd, all, sizeof(all)) <= 0)
		return 1;
	while (all[2 * count] != AT_NULL)
		count++;
	printf("%zu\n", count);
	return 0;
}

/* How many leases of one flow label does a socket get, of 100 that somebody without rights wants?
 */
static int flowlabel(void)
{
	struct in6_flowlabel_req request = {
		.flr_label = htonl(0x12345),
		.flr_action = IPV6_FL_A_GET,
		.flr_share = IPV6_FL_S_ANY,
		.flr_flags = IPV6_FL_F_CREATE,
		.flr_dst = IN6ADDR_LOOPBACK_INIT,
	};
	int fd = socket(AF_INET6, SOCK_DGRAM, 0), count = 0;

	if (fd < 0 || setuid(1000) != 0)
		return 1;
	while (count < 100 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_FLOWLABEL_MGR, &request, sizeof(request)) == 0)
		count++;
	printf("%d\n", count);
	return 0;
}

/* The block size of a loop device that somebody else holds for himself alone. */
static int blocksize(void)
{
	int owner = open("/dev/loop0", O_RDONLY | O_EXCL), other = open("/dev/loop0", O_RDWR);

	if (owner < 0 || other < 0)
		return 1;
	errno = 0;
	puts(ioctl(other, LOOP_SET_BLOCK_SIZE, 1024) == 0 ? "changed" : strerror(errno));
	return ioctl(other, LOOP_SET_BLOCK_SIZE, 512) != 0 && errno != EBUSY;
}

/* The keyboard's mode of a terminal that is not one's own. */
static int keyboard(void)
{
	int fd = open("/dev/tty1", O_RDWR | O_NOCTTY);

	if (fd < 0 || setuid(1000) != 0)
		return 1;
	errno = 0;
	puts(ioctl(fd, KDSKBMETA, K_METABIT) == 0 ? "changed" : strerror(errno));
	return 0;
}

/* The default table has a route to where the main one says that there is none. */
static int route(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(9),
		.sin_addr.s_addr = htonl(0x0a090909),
	};
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	if (fd < 0)
		return 1;
	puts(connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0 ? "found"
									    : strerror(errno));
	return 0;
}

/* A datagram to a socket of this machine, through a filter or not. */
static int send_and_receive(const struct sock_fprog *program)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET,
		.sin_port = htons(4242),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int to = socket(AF_INET, SOCK_DGRAM, 0), from = socket(AF_INET, SOCK_DGRAM, 0);
	struct timeval limit = {.tv_sec = 1};
	char text[16] = "nothing";

	if (setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) != 0)
		return 1;
	if (program && setsockopt(to, SOL_SOCKET, SO_ATTACH_FILTER, program, sizeof(*program)) != 0)
		return 1;
	if (bind(to, (struct sockaddr *)&address, sizeof(address)) != 0 ||
	    sendto(from, "arrived", 7, 0, (struct sockaddr *)&address, sizeof(address)) != 7)
		return 1;
	if (recv(to, text, sizeof(text) - 1, 0) < 0 && errno != EAGAIN)
		return 1;
	puts(text);
	return 0;
}

static int datagram(void)
{
	return send_and_receive(NULL);
}

/* The filter lets through as many bytes as the negation of 0 says. */
static int filter(void)
{
	struct sock_filter code[] = {
		{.code = BPF_LD | BPF_IMM, .k = 0},
		{.code = BPF_ALU | BPF_NEG},
		{.code = BPF_RET | BPF_A},
	};
	struct sock_fprog program = {.len = sizeof(code) / sizeof(*code), .filter = code};

	return send_and_receive(&program);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *name;
		int (*run)(void);
	} probes[] = {
		{"auxv", auxv},     {"blocksize", blocksize}, {"datagram", datagram},
		{"filter", filter}, {"flowlabel", flowlabel}, {"keyboard", keyboard},
		{"route", route},
	};

	for (size_t i = 0; argc == 2 && i < sizeof(probes) / sizeof(*probes); i++) {
		if (strcmp(probes[i].name, argv[1]) == 0)
			return probes[i].run();
	}
	return 2;
}
