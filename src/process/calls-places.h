/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Places where a thread of a process may be. Each function notes the thread in *sut_places when it
 * is about to be there, and stays: asleep in a system call, or running.
 */
#ifndef SUT_PROCESS_CALLS_PLACES_H
#define SUT_PROCESS_CALLS_PLACES_H

#include <stdbool.h>
#include <sys/types.h>

/* In memory shared with who looks on, which makes it. */
extern struct sut_places {
	pid_t tid;    /* of the thread of interest, once it is there; 0 before */
	bool outside; /* the hammer is in code of its own */
} * sut_places;

void sut_place_code(void);   /* the program's own, in the main thread */
void sut_place_thread(void); /* in another */
void sut_place_realigned(void);
void sut_place_deep(void); /* more than SUT_FRAMES_MAX */

/* Asleep in system calls, most of them by the C library's plain wrapper. */
void sut_place_epoll(void);
void sut_place_read(void);
void sut_place_pause(void);
void sut_place_sleep(void);
void sut_place_sigwait(void);
void sut_place_futex(void);
void sut_place_condition(void);
void sut_place_timed_condition(void);
void sut_place_fgets(void);

/* In the program's code, which the library has called. */
void sut_place_qsort(void);
void sut_place_exit(void);
void sut_place_destructor(void); /* of an ending thread */
void sut_place_handler(void);    /* of a signal */
void sut_place_other_stack(void);

void sut_place_allocator(void);    /* malloc() of the library $ALLOCATOR */
void sut_place_unknown_code(void); /* made while running */
void sut_place_hammer(void);       /* now in malloc(), now outside */

#endif
