/* SPDX-License-Identifier: GPL-2.0-or-later */
int used(void);
int unused(int value);
extern int unused_value;
