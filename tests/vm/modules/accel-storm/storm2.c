// SPDX-License-Identifier: GPL-2.0-only
#define VERSION 2
#include "storm-patch.h"
