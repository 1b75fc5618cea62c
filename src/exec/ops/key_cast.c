// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/key_cast.h"

#include <string.h>

#include "base/assert.h"
#include "base/int256.h"
#include "columnar/value_bytes.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

enum { DECIMAL_BYTES = 32 }; // what state keeps of a decimal256

/* How many units of `to` one unit of `from` is. */
static int128 cast_factor(const struct sb_type *from, const struct sb_type *to)
{
    static const int64_t thousands[] = {1, 1000, 1000000, 1000000000};
    int128 factor = 1;

    if (from->id == SB_TYPE_DATE32 && to->id == SB_TYPE_DATE64) {
        return 86400 * 1000;
    }
    if (sb_row_kind(from) == SB_ROW_INT && !sb_type_is_integer(from->id)) {
        return thousands[to->unit - from->unit]; // times, durations; others have the same
    }
    for (int32_t i = from->scale; sb_type_is_decimal(from->id) && i < to->scale; i++) {
        factor *= 10; // 38 at most: else they meet as decimal256
    }
    return factor;
}

struct sb_key_cast sb_key_cast_of(const struct sb_type *from, const struct sb_type *to)
{
    const struct sb_type *source = sb_type_value(from);
    const struct sb_type *target = sb_type_value(to);
    int128 factor;

    if (target->id == SB_TYPE_DECIMAL256) {
        return (struct sb_key_cast){
            .is_decimal256 = source->id != target->id || source->scale != target->scale,
            .digits = target->scale - source->scale,
            .factor_low = 1,
        };
    }
    factor = cast_factor(source, target);
    return (struct sb_key_cast){
        .widens = sb_row_kind(source) != SB_ROW_WIDE && sb_row_kind(target) == SB_ROW_WIDE,
        .is_unsigned = sb_row_kind(source) == SB_ROW_UINT,
        .is_target_signed = sb_row_kind(target) == SB_ROW_INT,
        .factor_low = (uint64_t)factor,
        .factor_high = (uint64_t)((uint128)factor >> 64),
    };
}

// --- one and two words ---------------------------------------------------------------------------

/* Multiplies value `i`; false when it leaves its type's range, and then it is 0. */
static inline bool value_scale(const struct sb_key_cast *cast, bool is_wide, int64_t i,
                               const uint64_t *from, uint64_t *to)
{
    bool overflows;

    if (is_wide) {
        int128 value = (int128)((uint128)from[2 * i + 1] << 64 | from[2 * i]);
        int128 factor = (int128)((uint128)cast->factor_high << 64 | cast->factor_low);
        overflows = __builtin_mul_overflow(value, factor, &value);
        to[2 * i] = overflows ? 0 : (uint64_t)value;
        to[2 * i + 1] = overflows ? 0 : (uint64_t)((uint128)value >> 64);
    } else {
        int64_t value;
        overflows = __builtin_mul_overflow((int64_t)from[i], (int64_t)cast->factor_low, &value);
        to[i] = overflows ? 0 : (uint64_t)value;
    }
    return !overflows;
}

static void values_widen(const struct sb_key_cast *cast, int64_t count,
                         struct sb_row_scratch *scratch, struct sb_row_vector *vector)
{
    for (int64_t i = count - 1; i >= 0; i--) { // backwards: both may lie in the scratch
        uint64_t word = vector->words[i];
        scratch->words[2 * i + 1] = cast->is_unsigned ? 0 : (uint64_t)((int64_t)word >> 63);
        scratch->words[2 * i] = word;
    }
    vector->words = scratch->words;
    vector->kind = SB_ROW_WIDE;
}

/* The first value that is lost makes `lost` valid for those before. */
static inline void lost_note(int64_t i, uint8_t *lost, int64_t count, bool *fits)
{
    if (*fits) {
        memset(lost, 0, (size_t)count);
        *fits = false;
    }
    lost[i] = 1;
}

// --- decimal256 ----------------------------------------------------------------------------------

static struct sb_int256 decimal_load(enum sb_row_kind kind, const uint64_t *words)
{
    struct sb_int256 value;

    if (kind != SB_ROW_TEXT) {
        return sb_int256_widen(words[0], words[1]);
    }
    sb_decimal256_read(sb_text_bytes(words), (uint8_t *)value.words);
    return value;
}

/* Any decimals as the bytes of decimal256, in the scratch's heap. */
static enum sb_status decimals_widen(const struct sb_key_cast *cast, int64_t count,
                                     struct sb_row_scratch *scratch, struct sb_row_vector *vector,
                                     uint8_t *lost, bool *fits, struct sb_error *err)
{
    uint8_t *bytes = NULL;

    if (vector->kind != SB_ROW_TEXT) {
        sb_row_heap_reset(&scratch->heap); // else it may hold the values
    }
    if (count > 0) {
        SB_TRY_RETURN(sb_row_heap_alloc(&scratch->heap, count * DECIMAL_BYTES, &bytes, err));
    }
    for (int64_t i = 0; i < count; i++, bytes += DECIMAL_BYTES) {
        struct sb_text text = {0};

        if (vector->nulls == NULL || !vector->nulls[i]) {
            struct sb_int256 value = decimal_load(vector->kind, vector->words + 2 * i);
            if (!sb_int256_scale(&value, cast->digits)) {
                lost_note(i, lost, count, fits);
                value = (struct sb_int256){0};
            }
            sb_decimal256_write((const uint8_t *)value.words, bytes);
            text = sb_text_make(bytes, DECIMAL_BYTES);
        }
        scratch->words[2 * i] = text.head;
        scratch->words[2 * i + 1] = text.tail;
    }
    vector->words = scratch->words;
    vector->kind = SB_ROW_TEXT;
    return SB_OK;
}

// --- all -----------------------------------------------------------------------------------------

enum sb_status sb_key_cast_try(const struct sb_key_cast *cast, int64_t count,
                               struct sb_row_scratch *scratch, struct sb_row_vector *vector,
                               uint8_t *lost, bool *fits, struct sb_error *err)
{
    *fits = true;
    if (cast->is_decimal256) {
        return decimals_widen(cast, count, scratch, vector, lost, fits, err);
    }
    if (cast->widens) {
        values_widen(cast, count, scratch, vector);
    }
    if (cast->factor_low == 1 && cast->factor_high == 0) {
        return SB_OK;
    }
    for (int64_t i = 0; i < count; i++) {
        if (sb_unlikely(!value_scale(cast, vector->kind == SB_ROW_WIDE, i, vector->words,
                                     scratch->words))) {
            lost_note(i, lost, count, fits);
        }
    }
    vector->words = scratch->words;
    return SB_OK;
}

enum sb_status sb_key_cast_apply(const struct sb_key_cast *cast, int64_t count,
                                 struct sb_row_scratch *scratch, struct sb_row_vector *vector,
                                 struct sb_error *err)
{
    uint8_t lost[SB_ROW_CHUNK];
    bool fits;

    if (sb_key_cast_is_none(cast)) {
        if (cast->is_unsigned && cast->is_target_signed) {
            vector->kind = SB_ROW_INT; // the words are the same
        }
        return SB_OK;
    }
    SB_TRY_RETURN(sb_key_cast_try(cast, count, scratch, vector, lost, &fits, err));
    return fits ? SB_OK
                : sb_error_set(err, SB_INVALID,
                               "a key of the right side is out of the range of the left key "
                               "column, which has a finer unit or a larger scale; cast the left "
                               "column in a map before the join");
}
