// SPDX-License-Identifier: GPL-2.0-only
#define VERSION 1
#include "storm-patch.h"
