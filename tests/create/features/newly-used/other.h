/* SPDX-License-Identifier: GPL-2.0-or-later */
int other_function(int value);
extern int other_value;
