// SPDX-License-Identifier: GPL-2.0-or-later
int unused_value = 5;
