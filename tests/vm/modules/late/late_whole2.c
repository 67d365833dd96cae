// SPDX-License-Identifier: GPL-2.0-only
#define PART "part_object2"
#define OTHERS
#include "whole.h"
