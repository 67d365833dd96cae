/* SPDX-License-Identifier: GPL-2.0-or-later */
int first(int value);
int second(int value);
