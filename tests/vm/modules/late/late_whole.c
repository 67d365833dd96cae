// SPDX-License-Identifier: GPL-2.0-only
#define PART   "part_object"
#define OTHERS {"late_other", "part_other"},
#include "whole.h"
