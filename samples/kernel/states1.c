// SPDX-License-Identifier: GPL-2.0-only
#define pr_fmt(fmt)   KBUILD_MODNAME ": " fmt
#define STATE_VERSION 1
#include "states.h"
