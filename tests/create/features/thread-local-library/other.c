// SPDX-License-Identifier: GPL-2.0-or-later
__thread int elsewhere = 30;
__attribute__((visibility("hidden"))) __thread int hidden = 40;
