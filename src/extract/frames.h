/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Call frame information of carried code: without it no exception passes the new functions, no
 * cancelled thread gets out of them, and no backtrace goes on behind them.
 */
#ifndef SUT_EXTRACT_FRAMES_H
#define SUT_EXTRACT_FRAMES_H

#include "extract/extract.h"

/*
 * Takes what the unit's .eh_frame says of the code in a carried section. The tables of exception
 * handlers that it names are carried from now on, and what they refer to.
 */
void sut_frames_carry(struct sut_extract *extract, const struct sut_origin *origin);

/* Adds a section .eh_frame to the patch for each object that has any. */
void sut_frames_finish(struct sut_extract *extract);

#endif
