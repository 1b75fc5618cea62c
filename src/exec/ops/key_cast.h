// SPDX-License-Identifier: Apache-2.0
/*
 * key_cast.h - words of one type as words of another that holds their values.
 *
 * Coarser units of time and smaller scales of decimals are multiplied; integers and narrow decimals
 * get as many words as the other type has. Types whose values are the same words need no cast:
 * integers of all widths, floats, text and bytes, dictionaries and what they stand for.
 */
#ifndef SABOT_EXEC_OPS_KEY_CAST_H
#define SABOT_EXEC_OPS_KEY_CAST_H

#include "state/row_vector.h"

struct sb_key_cast {
    bool widens;           // one word to two
    bool is_unsigned;      // and that without a sign
    bool is_target_signed; // the other type is of signed integers
    bool is_decimal256;    // to the bytes of one, from any decimal
    int32_t digits;        // and that times 10 to the power of this
    uint64_t factor_low;   // else: values are multiplied by this
    uint64_t factor_high;  // of decimals
};

struct sb_key_cast sb_key_cast_of(const struct sb_type *from, const struct sb_type *to);

/* Whether it leaves words as they are. */
static inline bool sb_key_cast_is_none(const struct sb_key_cast *cast)
{
    return !cast->widens && !cast->is_decimal256 && cast->factor_low == 1 && cast->factor_high == 0;
}

/*
 * The values of `vector`, which may lie in `scratch`, become those of the other type, in `scratch`.
 * `lost[i]` is 1 for a value that leaves its range, and the value then 0; `*fits` when there is
 * none, and then `lost` is not written.
 */
SB_MUST_CHECK enum sb_status sb_key_cast_try(const struct sb_key_cast *cast, int64_t count,
                                             struct sb_row_scratch *scratch,
                                             struct sb_row_vector *vector, uint8_t *lost,
                                             bool *fits, struct sb_error *err);

/* The same for what becomes a column; fails on a value that leaves the range. */
SB_MUST_CHECK enum sb_status sb_key_cast_apply(const struct sb_key_cast *cast, int64_t count,
                                               struct sb_row_scratch *scratch,
                                               struct sb_row_vector *vector, struct sb_error *err);

#endif
