// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and unloads what standard input says, and answers each line with one. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

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

int main(void)
{
	char line[4096];

	setvbuf(stdout, NULL, _IOLBF, 0);
	puts("ready");
	while (fgets(line, sizeof(line), stdin)) {
		line[strcspn(line, "\n")] = '\0';
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
