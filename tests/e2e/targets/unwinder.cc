// SPDX-License-Identifier: GPL-2.0-or-later
/* Everything that gets out of a function in another way than by its return, through work(). */
#include <atomic>
#include <cstdio>
#include <execinfo.h>
#include <link.h>
#include <pthread.h>
#include <stdexcept>
#include <unistd.h>

extern "C" int work(void (*callee)(void *), void *data);
extern "C" void _start();

static std::atomic<int> left;
static int go[2];

struct guard {
	~guard() { left++; }
};

static void throws(void *)
{
	throw std::runtime_error("thrown");
}

static void exits(void *)
{
	pthread_exit(nullptr);
}

static void waits(void *data)
{
	char byte;

	if (read(go[0], &byte, 1) == 1 && data)
		throw std::runtime_error("thrown");
}

static void *outer(void *callee)
{
	guard g;

	try {
		work(reinterpret_cast<void (*)(void *)>(callee), &left);
	} catch (const std::runtime_error &e) {
		printf("caught: %s, ", e.what());
	}
	return nullptr;
}

static pthread_t begun(void (*callee)(void *))
{
	pthread_t thread;

	pthread_create(&thread, nullptr, outer, reinterpret_cast<void *>(callee));
	return thread;
}

static void ended(pthread_t thread)
{
	pthread_join(thread, nullptr);
	printf("cleaned up behind: %d\n", left.exchange(0));
}

/* Do the frames go on to the very first function? */
static void traces(void *)
{
	const char *start = reinterpret_cast<const char *>(&_start);
	void *frames[64];
	int count = backtrace(frames, 64);
	const char *last = static_cast<const char *>(frames[count - 1]);

	printf("%s\n", last > start && last < start + 64 ? "to the start" : "cut off");
}

static int look(struct dl_phdr_info *info, size_t, void *address)
{
	bool code = false, table = false;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		ElfW(Addr) at = reinterpret_cast<ElfW(Addr)>(address) - info->dlpi_addr;

		code |= p->p_type == PT_LOAD && at - p->p_vaddr < p->p_memsz;
		table |= p->p_type == PT_GNU_EH_FRAME;
	}
	return code && table;
}

static void lists(void *)
{
	puts(dl_iterate_phdr(look, __builtin_return_address(0)) ? "listed" : "not listed");
}

int main()
{
	pthread_t waiting{};
	int command;

	if (pipe(go))
		return 1;
	setvbuf(stdout, nullptr, _IOLBF, 0);
	puts("ready");
	while ((command = getchar()) != EOF) {
		switch (command) {
		case 'v':
			printf("%d\n", work([](void *) {}, nullptr));
			break;
		case 'b':
			work(traces, nullptr);
			break;
		case 'l':
			work(lists, nullptr);
			break;
		case 'e':
			ended(begun(throws));
			break;
		case 'x':
			ended(begun(exits));
			break;
		case 'c':
			waiting = begun(waits);
			pthread_cancel(waiting);
			ended(waiting);
			break;
		case 'w':
			waiting = begun(waits);
			puts("waits");
			break;
		case 't':
			if (write(go[1], "", 1) == 1)
				ended(waiting);
			break;
		}
	}
	return 0;
}
