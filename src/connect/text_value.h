// SPDX-License-Identifier: Apache-2.0
/*
 * text_value.h - one value from its text, as CAST reads it, with short ways for common forms.
 */
#ifndef SABOT_CONNECT_TEXT_VALUE_H
#define SABOT_CONNECT_TEXT_VALUE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/time_zone.h"
#include "columnar/type.h"
#include "expr/number_text.h"
#include "expr/utf8.h"

static inline bool sb_text_is_utf8(const uint8_t *text, int64_t size)
{
    uint64_t word = 0;

    if (size <= 8) { // most text in data
        memcpy(&word, text, (size_t)size);
        return (word & UINT64_C(0x8080808080808080)) == 0 || sb_utf8_is_valid(text, size);
    }
    return sb_utf8_is_valid(text, size);
}

/* At most 18 digits after a sign; false: none of these. */
static inline bool sb_text_to_short_integer(const uint8_t *text, int64_t size, int64_t *out)
{
    const bool is_negative = size > 0 && *text == '-';
    int64_t value = 0;

    text += is_negative;
    size -= is_negative;
    if (size < 1 || size > 18) {
        return false;
    }
    for (int64_t i = 0; i < size; i++) {
        const uint8_t digit = (uint8_t)(text[i] - '0');
        if (digit > 9) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = is_negative ? -value : value;
    return true;
}

/*
 * Any text: blanks around it are allowed. False: it is no value of the type. `zone` is that of a
 * timestamp type, NULL for others.
 */
bool sb_text_to_value(const struct sb_type *type, struct sb_zone_cursor *zone, const uint8_t *text,
                      int64_t size, void *out);

static inline bool sb_text_to_int64(const uint8_t *text, int64_t size, int64_t *out)
{
    static const struct sb_type type = {.id = SB_TYPE_INT64};

    return sb_text_to_short_integer(text, size, out) ||
           sb_text_to_value(&type, NULL, text, size, out);
}

static inline bool sb_text_to_double(const uint8_t *text, int64_t size, double *out)
{
    static const struct sb_type type = {.id = SB_TYPE_FLOAT64};

    return sb_double_parse((const char *)text, size, out) ||
           sb_text_to_value(&type, NULL, text, size, out);
}

bool sb_text_to_integer(const struct sb_type *type, const uint8_t *text, int64_t size, void *out);
bool sb_text_to_bool(const uint8_t *text, int64_t size, bool *out);

#endif
