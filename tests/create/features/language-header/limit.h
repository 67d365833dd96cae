/* SPDX-License-Identifier: GPL-2.0-or-later */
static inline int limit(int value)
{
	return value > 10;
}
