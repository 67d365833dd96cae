// SPDX-License-Identifier: GPL-2.0-or-later
#include "runner.h"

__attribute__((noinline)) int run(const char *code)
{
	static const void *operations[3];
	int value = 5;

	if (!operations[0]) {
		operations[0] = &&add;
		operations[1] = &&twice;
		operations[2] = &&end;
	}
	goto *operations[*code++ - 'a'];
add:
	value += 1;
	goto *operations[*code++ - 'a'];
twice:
	value *= 2;
	goto *operations[*code++ - 'a'];
end:
	return value;
}

void step(void)
{
	printf("%d\n", run("abc"));
}
