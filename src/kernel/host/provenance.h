/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What suture notes in a livepatch module: an ELF note, for notes are what the kernel keeps of a
 * module's file and shows (/sys/module/NAME/notes).
 */
#ifndef SUT_KERNEL_HOST_PROVENANCE_H
#define SUT_KERNEL_HOST_PROVENANCE_H

#define SUT_PROVENANCE_SECTION ".note.suture"

#endif
