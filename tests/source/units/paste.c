/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: macros with # and ##, of any number of arguments
 * fix: s/LOG(1, "%d"/LOG(2, "%d"/
 * changed: report
 * golden: paste.expected
 */
#define _GNU_SOURCE
#include <stdio.h>

#define TEXT_(x)    #x
#define TEXT(x)     TEXT_(x)
#define JOIN_(a, b) a##b
#define JOIN(a, b)  JOIN_(a, b)
#define LEVEL       log_level
#define LOG(level, format, ...)                                                                    \
	do {                                                                                       \
		if (JOIN(LEVEL, _of)(level) > 0)                                                   \
			printf(__FILE__ ":" TEXT(__LINE__) ": " format "\n", ##__VA_ARGS__);       \
	} while (0)
#define UNUSED(x) ((void)(x))

int verbosity = 1;

__attribute__((noipa)) static int log_level_of(int level)
{
	return verbosity - level;
}

int report(int value, char *text)
{
	LOG(1, "%d", value);
	LOG(0, "none");
	return value + (text && *text);
}

int main(int argc, char **argv)
{
	UNUSED(argv);
	return report(argc, TEXT(JOIN(a, b)));
}
