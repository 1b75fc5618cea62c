// SPDX-License-Identifier: Apache-2.0
/*
 * value_text.h - times, durations, intervals, float16 and the decimals other than decimal128 as
 * text.
 *
 * A time is a clock ("12:30:15.5"), a duration the number of its units, an interval an ISO 8601
 * duration of the fields its type has ("P1M2DT3.000000004S"), each with a sign of its own.
 */
#ifndef SABOT_CONNECT_VALUE_TEXT_H
#define SABOT_CONNECT_VALUE_TEXT_H

#include "columnar/column.h"

enum { SB_VALUE_TEXT_SIZE = 176 }; // 77 digits, 76 zeros of a negative scale, sign, point

bool sb_value_text_has(enum sb_type_id id);

/* `*is_bare`: JSON writes it without quotes. Returns the length. */
int32_t sb_value_text_format(const struct sb_column *column, int64_t row, char *buffer,
                             bool *is_bare);

/* False: the text is no value of the type. */
bool sb_value_text_parse(const struct sb_type *type, const char *text, int64_t size, void *out);

#endif
