/* SPDX-License-Identifier: GPL-2.0-only */
/* Many functions, and what they all do. */
#include <linux/delay.h>

/* HUNDRED(x, 10): x(1000) ... x(1099); THOUSAND(x): x(1000) ... x(1999) */
/* clang-format off */
#define TEN(x, n) \
	x(n##0) x(n##1) x(n##2) x(n##3) x(n##4) x(n##5) x(n##6) x(n##7) x(n##8) x(n##9)
#define HUNDRED(x, n) \
	TEN(x, n##0) TEN(x, n##1) TEN(x, n##2) TEN(x, n##3) TEN(x, n##4) \
	TEN(x, n##5) TEN(x, n##6) TEN(x, n##7) TEN(x, n##8) TEN(x, n##9)
#define THOUSAND(x) \
	HUNDRED(x, 10) HUNDRED(x, 11) HUNDRED(x, 12) HUNDRED(x, 13) HUNDRED(x, 14) \
	HUNDRED(x, 15) HUNDRED(x, 16) HUNDRED(x, 17) HUNDRED(x, 18) HUNDRED(x, 19)
/* clang-format on */

/* Part of each function, which must be on the stack of who sleeps in it. */
#define answer(sleep)                                                                              \
	({                                                                                         \
		if (sleep)                                                                         \
			msleep_interruptible(60000);                                               \
		barrier();                                                                         \
		VERSION;                                                                           \
	})
