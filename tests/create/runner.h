/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The main program of features/: it takes a step whenever it is asked to. */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What a case shows; the main program calls it each time. */
void step(void);

/* For a case with a main() of its own: ends the last answer and waits. false: it is the end. */
bool asked(void);

#ifdef __cplusplus
}
#endif

#endif
