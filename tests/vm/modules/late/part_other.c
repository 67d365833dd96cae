// SPDX-License-Identifier: GPL-2.0-only
#define OBJECT  "late_other"
#define VERSION 2
#include "part.h"
