/* SPDX-License-Identifier: GPL-2.0-or-later */
#define INNER(x) ((x) + names_count)
int names_other(int x);
