// SPDX-License-Identifier: Apache-2.0
/*
 * number_text.h - floats and integers as text and back, the same in every locale.
 */
#ifndef SABOT_EXPR_NUMBER_TEXT_H
#define SABOT_EXPR_NUMBER_TEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "expr/vector.h"

enum { SB_DOUBLE_TEXT_SIZE = 32 };

/* "-1.5e3", "inf", "nan" in any case; nothing around it. Correctly rounded. */
bool sb_double_parse(const char *text, int64_t size, double *out);
bool sb_float_parse(const char *text, int64_t size, float *out);

/*
 * The shortest text that reads back as the same value, as Python prints it: 1.0, 1e+16, nan.
 * `buffer` has SB_DOUBLE_TEXT_SIZE bytes. Returns the length.
 */
int32_t sb_double_format(double value, char *buffer);
int32_t sb_float_format(float value, char *buffer);

/* "-12": a sign and digits, at most 39 of them. */
bool sb_integer_parse(const char *text, int64_t size, sb_int128 *out);

/* "true", "false" in any case, "1", "0". */
bool sb_boolean_parse(const char *text, int64_t size, bool *out);

#endif
