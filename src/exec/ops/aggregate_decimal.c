// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_decimal.c - sums of decimal256.
 *
 * As all sums of decimals they are exact and checked at the end, as long as the way there stays
 * within 255 bits: 5.7 times what 76 digits can say.
 */
#include "columnar/value_bytes.h"
#include "exec/ops/aggregate_internal.h"

enum {
    DECIMAL_BYTES = 32,
    DECIMAL_DIGITS = 76,
};

struct sb_int256 sb_decimal256_load(const uint64_t *text)
{
    struct sb_int256 value = {0};

    if (sb_text_size(text[0]) == DECIMAL_BYTES) {
        sb_decimal256_read(sb_text_bytes(text), (uint8_t *)value.words);
    }
    return value;
}

enum sb_status sb_decimal256_sums_add(const struct sb_row_field *field, uint64_t *const *rows,
                                      const struct sb_row_vector *vector, int64_t count,
                                      struct sb_row_heap *heap, struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t *row = rows[i];
        struct sb_int256 value;
        struct sb_int256 sum;
        struct sb_text text;
        uint8_t bytes[DECIMAL_BYTES];

        if (vector->nulls != NULL && vector->nulls[i]) {
            continue;
        }
        value = sb_decimal256_load(vector->words + 2 * i);
        sum = sb_decimal256_load(row + field->word);
        if (!sb_int256_add(&sum, &value, &sum)) {
            return sb_error_set(err, SB_FAILED, "a sum of decimals left the range of 256 bits");
        }
        sb_decimal256_write((const uint8_t *)sum.words, bytes);
        text = sb_text_make(bytes, DECIMAL_BYTES);
        SB_TRY_RETURN(sb_aggregate_text_put(row + field->word,
                                            (const uint64_t[]){text.head, text.tail}, heap, err));
        row[field->null_word] &= ~field->null_bit;
    }
    return SB_OK;
}

bool sb_decimal256_sums_fit(const struct sb_row_vector *sums, int64_t count)
{
    struct sb_int256 end = {{1}};
    struct sb_int256 negative_end;
    bool fits = sb_int256_scale(&end, DECIMAL_DIGITS);

    sb_assert(fits);
    negative_end = sb_int256_negate(end);
    for (int64_t i = 0; i < count; i++) {
        struct sb_int256 sum = sb_decimal256_load(sums->words + 2 * i);
        struct sb_int256 apart;

        // Opposite signs add up without overflow; a sum of the other end's sign is within it.
        if (sb_int256_is_negative(&sum)) {
            fits &= sb_int256_add(&sum, &end, &apart) && !sb_int256_is_negative(&apart) &&
                    (apart.words[0] | apart.words[1] | apart.words[2] | apart.words[3]) != 0;
        } else {
            fits &= sb_int256_add(&sum, &negative_end, &apart) && sb_int256_is_negative(&apart);
        }
    }
    return fits;
}
