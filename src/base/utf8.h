/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Characters in bytes that anybody may have written. */
#ifndef SUT_BASE_UTF8_H
#define SUT_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the character at s and its code; 0: no UTF-8 (overlong forms and surrogates are
 * none). */
size_t sut_utf8_next(const unsigned char *s, size_t size, uint32_t *code);

/* Control characters, and what hides text or turns its direction: a person would be shown something
 * else than there is. */
bool sut_utf8_deceives(uint32_t code);

#endif
