// SPDX-License-Identifier: GPL-2.0-or-later
/* As an allocator that takes the place of the C library's. For calls-test, which calls it by name.
 */
#include <stdint.h>
#include <stdlib.h>

/* size: a function that the test wants to have called from here. */
void *malloc(size_t size)
{
	((void (*)(void))(uintptr_t)size)();
	return NULL;
}
