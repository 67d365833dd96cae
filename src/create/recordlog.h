/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recording program tells itself when it is called as a compiler: two variables. */
#ifndef SUT_CREATE_RECORDLOG_H
#define SUT_CREATE_RECORDLOG_H

/* The file that calls are appended to, one JSON array per line: folder, then argv. */
#define SUT_RECORD_LOG "SUTURE_RECORD_LOG"

/* The folder of links at the front of PATH. */
#define SUT_RECORD_FOLDER "SUTURE_RECORD_FOLDER"

#endif
