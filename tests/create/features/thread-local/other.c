// SPDX-License-Identifier: GPL-2.0-or-later
__thread int elsewhere = 30;
