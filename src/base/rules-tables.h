/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of the table; only for rules.c and the files that hold them. */
#ifndef SUT_BASE_RULES_TABLES_H
#define SUT_BASE_RULES_TABLES_H

#include "base/rules.h"

extern const struct sut_rule sut_rules_input[], sut_rules_verdict[], sut_rules_process[],
	sut_rules_kernel[], sut_rules_create[], sut_rules_host[];
extern const size_t sut_rules_input_count, sut_rules_verdict_count, sut_rules_process_count,
	sut_rules_kernel_count, sut_rules_create_count, sut_rules_host_count;

#endif
