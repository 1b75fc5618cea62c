// SPDX-License-Identifier: Apache-2.0
/*
 * utf8.h - whether bytes are text.
 */
#ifndef SABOT_EXPR_UTF8_H
#define SABOT_EXPR_UTF8_H

#include <stdbool.h>
#include <stdint.h>

/* No overlong forms, no surrogates, nothing above U+10FFFF. */
bool sb_utf8_is_valid(const uint8_t *bytes, int64_t size);

#endif
