/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses of labels inside functions ("computed goto"). A label belongs to one version of its
 * function: whoever keeps its address beyond the call would come back into the other version.
 */
#ifndef SUT_CREATE_LABELS_H
#define SUT_CREATE_LABELS_H

#include "create/extract.h"

/* The function whose labels the variable holds at the start, or SUT_NO_DEF. */
uint32_t sut_labels_of(const struct sut_object *object, uint32_t variable);

/* Refuses (rule "label") changed functions that have addresses of their labels in variables or
 * registers, before or after. */
void sut_labels_judge(const struct sut_extract *extract);

#endif
