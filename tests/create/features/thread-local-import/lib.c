// SPDX-License-Identifier: GPL-2.0-or-later
__thread int shared = 4;
