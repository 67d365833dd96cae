/* SPDX-License-Identifier: GPL-2.0-or-later */
#define PREFIX "the "
#define ANSWER "old"
