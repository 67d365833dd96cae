// SPDX-License-Identifier: GPL-2.0-or-later
/* identity-text PID FILE: 0 when what the process has of FILE's code is what the file has. */
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PAGE = 4096 };

static bool same(int memory, int file, uint64_t start, uint64_t end, uint64_t offset)
{
	unsigned char here[PAGE], there[PAGE];

	for (uint64_t at = start; at < end; at += PAGE) {
		uint64_t place = offset + (at - start);

		memset(there, 0, sizeof(there));
		if (pread(memory, here, PAGE, (off_t)at) != PAGE ||
		    pread(file, there, PAGE, (off_t)place) < 0)
			return false;
		if (memcmp(here, there, PAGE) != 0) {
			fprintf(stderr, "the page at 0x%" PRIx64 " differs from the file's\n", at);
			return false;
		}
	}
	return true;
}

int main(int argc, char **argv)
{
	char line[PATH_MAX + 128], path[PATH_MAX], name[64];
	uint64_t start, end, offset;
	char mode[8];
	int memory, file, from, pages = 0;
	FILE *maps;

	if (argc != 3 || !realpath(argv[2], path))
		return 2;
	snprintf(name, sizeof(name), "/proc/%s/mem", argv[1]);
	memory = open(name, O_RDONLY);
	file = open(path, O_RDONLY);
	snprintf(name, sizeof(name), "/proc/%s/maps", argv[1]);
	maps = fopen(name, "r");
	if (memory < 0 || file < 0 || !maps)
		return 2;
	while (fgets(line, sizeof(line), maps)) {
		line[strcspn(line, "\n")] = '\0';
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %*s %*s %n", &start, &end,
			   mode, &offset, &from) != 4 ||
		    strcmp(line + from, path) != 0 || mode[2] != 'x')
			continue;
		if (!same(memory, file, start, end, offset))
			return 1;
		pages += (int)((end - start) / PAGE);
	}
	return pages ? 0 : 2;
}
