/* SPDX-License-Identifier: GPL-2.0-or-later */
/* title: variable arrays, labels as values, statements as expressions, a varargs function
 * fix: s/sum += n \* 2/sum += n * 3/
 * changed: run
 * create: --allow label
 * has: __label__
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MAX(a, b)                                                                                  \
	({                                                                                         \
		__typeof__(a) a_ = (a);                                                            \
		__typeof__(b) b_ = (b);                                                            \
		a_ > b_ ? a_ : b_;                                                                 \
	})

int run(const unsigned char *code, int n, ...)
{
	static const void *const targets[] = {&&stop, &&add, &&drop};
	int values[n + 1][2], sum = 0;
	va_list list;

	va_start(list, n);
	memset(values, 0, sizeof(values));
	values[n][0] = ({
		__label__ out;
		int x = va_arg(list, int);

		if (x > 5)
			goto out;
		x++;
	out:
		x;
	});
	va_end(list);
	goto *targets[*code];
add:
	sum += n * 2;
	goto *targets[*++code];
drop:
	sum -= values[n][0];
	goto *targets[*++code];
stop:
	return MAX(sum, (int)sizeof(values[0]));
}

int main(int argc, char **argv)
{
	(void)argv;
	return run((const unsigned char[]){1, 2, 0}, argc, 4);
}
