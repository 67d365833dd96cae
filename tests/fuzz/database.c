// SPDX-License-Identifier: GPL-2.0-or-later
/* Any text may come as a database of compile commands, or as the log of a recorded build. */
#include "base/guard.h"
#include "units/database.h"
#include "units/record.h"
#include "file.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct sut_entry *entry)
{
	if (!entry->argc || entry->argv[entry->argc] || !strlen(entry->directory) ||
	    !strlen(entry->path))
		abort();
	for (size_t i = 0; i < entry->argc; i++) {
		if (!entry->argv[i])
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	SUT_ARENA struct sut_arena arena = {0};
	const char *path = fuzz_file(data, size);
	struct sut_database database;
	struct sut_entry *entries;
	struct sut_diag diag = {0};
	size_t count;

	/* Response files would let the fuzzer read the machine's files. */
	if (memchr(data, '@', size) || memmem(data, size, "\\u", 2))
		return 0;
	if (!sut_database_load(&arena, path, &database, &diag))
		for (size_t i = 0; i < database.count; i++)
			check(&database.entries[i]);
	if (!sut_record_read(&arena, path, &entries, &count, &diag))
		for (size_t i = 0; i < count; i++)
			check(&entries[i]);
	return 0;
}
