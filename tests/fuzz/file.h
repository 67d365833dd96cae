/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For readers that take a path: a file in memory, one for the whole life of the fuzzer. */
#ifndef SUT_TESTS_FUZZ_FILE_H
#define SUT_TESTS_FUZZ_FILE_H

#include <stddef.h>

/* The path of a file with that content; the next call replaces it. */
const char *fuzz_file(const void *data, size_t size);

#endif
