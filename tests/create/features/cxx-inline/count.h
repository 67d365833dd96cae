/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "runner.h"

#include <stdexcept>

template <typename T> __attribute__((noinline)) T bounded(T value, T most)
{
	if (value > most)
		throw std::out_of_range("too much");
	return value;
}

__attribute__((noinline)) inline int next()
{
	static int number = 10;

	return ++number;
}

int other(int value);
