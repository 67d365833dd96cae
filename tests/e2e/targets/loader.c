// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and unloads what standard input says, and answers each line with one. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void *handles[64];
static int count;

/* Called through a pointer, so that it is there to be patched. */
__attribute__((noinline, noclone)) int scale(int n)
{
	return 10 * n;
}

static void loaded(void *handle)
{
	const char *error = handle ? "loaded" : dlerror();

	if (handle)
		handles[count++] = handle;
	puts(error);
}

static int call(const char *name, int n)
{
	int (*function)(int) = count ? dlsym(handles[count - 1], name) : NULL;

	return function ? function(n) : -1;
}

/* Not by the C library, which would hold a lock meanwhile: callbacks may need it. */
static int next_line(char *line, size_t size)
{
	size_t at = 0;

	while (at + 1 < size && read(STDIN_FILENO, line + at, 1) == 1)
		if (line[at++] == '\n') {
			line[at - 1] = '\0';
			return 1;
		}
	return 0;
}

int main(void)
{
	char line[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (next_line(line, sizeof(line))) {
		if (strncmp(line, "load ", 5) == 0)
			loaded(dlopen(line + 5, RTLD_NOW));
		else if (strncmp(line, "lazy ", 5) == 0)
			loaded(dlopen(line + 5, RTLD_LAZY));
		else if (strncmp(line, "new ", 4) == 0)
			loaded(dlmopen(LM_ID_NEWLM, line + 4, RTLD_NOW));
		else if (strcmp(line, "drop") == 0)
			puts(count && dlclose(handles[--count]) == 0 ? "dropped" : "not dropped");
		else
			printf("scale %d, answer %d, at start %d\n", scale(3), call("answer", 1),
			       call("at_start", 0));
	}
	return 0;
}
