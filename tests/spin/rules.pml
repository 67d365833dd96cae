/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that can be switched off one at a time: -DOFF=NAME. The number in front is the rule's. */

#ifndef OFF
#define OFF 0
#endif
#define off(name) (OFF == name || (OFF == ALL_SPARE && name > ALL_SPARE))

#define ARM_LAST 1         /*  1 armed after the last poke */
#define SERIALISE 2        /*  1 no core runs an old entry after arming */
#define LOOK_SERIALISE 3   /*  1 ... nor after a look (for SELF_SERIALISE) */
#define FAST_DIR 4         /*  2 the fast path looks at the direction */
#define SLOT 5             /*  2 the answer lies in no word across the jump */
#define UNARMED 6          /*  3 no mark before armed */
#define BUSY 7             /*  4 a decision inside a decision touches nothing but the counters */
#define NESTED_E 8         /*  4 ... and counts in E */
#define DIR_ONCE 9         /*  4 dir is loaded once */
#define MARK 10            /*    marks are never used again */
#define MARK_FIRST 11      /*  5 the target's mark is looked at before the scan */
#define CERT_V 12          /*  6 a certificate belongs to a V */
#define CERT_DIR 13        /*  6 ... and to a direction */
#define CERT_N 14          /*  6 ... and to a transition */
#define FOREIGN_STACK 15   /*  7 another stack is not scanned, and marks nothing */
#define FOREIGN_FIRST 16   /*  7 ... and touches nothing else either */
#define TAIL 17            /*  8 tail jumps are known by records */
#define OVERFLOW 18        /*  8 ... or by their overflow */
#define EDGES_BACK 19      /*  8 edges of the new versions on the way back */
#define KNOWN 20           /* 10 an edge target is run in the source version once */
#define KNOWN_SET 21       /* 10 ... and then no more */
#define KNOWN_DIR 22       /* 10 ... in each direction */
#define KNOWN_N 23         /* 10 ... and transition */
#define SCAN 24            /*  9 source frames on the stack are hits */
#define SCAN_BACK 25       /*  9 ... on the way back, too */
#define SCAN_CORE 26       /*  9 a pc in a thunk is a hit */
#define SCAN_START 27      /*  9 a pc on the first byte of a version is a hit */
#define SCAN_ENTRY 28      /*  9 a pc on the entry of an edge target is a hit */
#define SCAN_ENTRY_BACK 29 /*  9 ... on the way back, too */
#define COUNT_E 30         /* 11 source answers count in E */
#define COUNT_V 31         /* 11 ... and in V */
#define ANSWER_CLOSED 32   /* 11 ... unless E is closed */
#define LOOK_PC 33         /* 12 a look wants the pc outside of thunks and run-time */
#define LOOK_FOREIGN 34    /* 12 a look wants the thread on its own stack */
#define LOOK_TWICE 35      /* 12 a look counts if the thread did not run meanwhile (with tail jumps) */
#define CERT 36            /* 13 there are certificates */
#define STOP_PC 37         /* 14 like LOOK_PC, for a mark that the controller stores */
#define E_FIRST 38         /* 15 E is read before the looks */
#define CLOSE_CAS 39       /* 15 closing is a compare-and-swap */
#define DIRECT_LAST 40     /* 15 direct jumps come after closing */
#define MARK_RUNNING 41    /* 15 the mark of a running thread is looked at */
#define REVERSE_OPEN 42    /* 16 no reversal after closing */
#define LOCK 43            /* 16 none while an operation is on its way */
#define STACK_COMPARE 44   /*  2 mode S: a mark holds on the thread's own stack only */
#define ONE_STOP 45        /* 15 mode S: all looks and closing are one stop */
#define HALT_PC 46         /* 15 ... in which program counters count, too */

/* Rules that can be done without. LOCK is one if a reversal counts in E: then it is LOCK_OR_COUNT. */
#define ALL_SPARE 100
#define UNARMED_V 101      /*  3 an answer before armed counts in V */
#define NESTED_V 102       /*  4 a nested answer counts in V */
#define CLOSED_FIRST 103   /*  4 closed is looked at before the scan, too */
#define UNDECIDED_BACK 104 /*  9 on the way back undecided threads have no hits */
#define LOCK_OR_COUNT 105  /* 16 operations exclude reversals; here a reversal counts in E instead */
