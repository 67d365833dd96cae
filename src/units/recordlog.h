/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the recording program tells itself when it is called as a compiler: two variables and a
 * folder. */
#ifndef SUT_UNITS_RECORDLOG_H
#define SUT_UNITS_RECORDLOG_H

/* The file that calls are appended to, one JSON object per line:
 * {"directory", "arguments", "sources": [{"file", "sha256"}]}. */
#define SUT_RECORD_LOG "SUTURE_RECORD_LOG"

/* The folder of links at the front of PATH. */
#define SUT_RECORD_FOLDER "SUTURE_RECORD_FOLDER"

/* Inside a mount namespace of a build: log and links, and the compilers that this program is
 * mounted over, by their paths. */
#define SUT_RECORD_ROOM "/.suture"
#define SUT_RECORD_REAL SUT_RECORD_ROOM "/real"

#endif
