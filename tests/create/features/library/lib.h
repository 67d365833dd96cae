/* SPDX-License-Identifier: GPL-2.0-or-later */
int outer(int value);
int weak_one(int value);
extern int counter;
