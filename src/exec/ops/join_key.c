// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/join_key.h"

#include <string.h>

#include "base/assert.h"

__extension__ typedef __int128 int128;
__extension__ typedef unsigned __int128 uint128;

// --- casts ---------------------------------------------------------------------------------------

/* How many units of `to` one unit of `from` is. */
static int128 cast_factor(const struct sb_type *from, const struct sb_type *to)
{
    static const int64_t thousands[] = {1, 1000, 1000000, 1000000000};
    int128 factor = 1;

    if (from->id == SB_TYPE_TIMESTAMP && to->id == SB_TYPE_TIMESTAMP) {
        return thousands[to->unit - from->unit];
    }
    if (from->id == SB_TYPE_DATE32 && to->id == SB_TYPE_DATE64) {
        return 86400 * 1000;
    }
    for (int32_t i = from->scale; from->id == SB_TYPE_DECIMAL128 && i < to->scale; i++) {
        factor *= 10; // scales differ by 38 at most
    }
    return factor;
}

struct sb_key_cast sb_key_cast_of(const struct sb_type *from, const struct sb_type *to)
{
    int128 factor = cast_factor(from, to);

    return (struct sb_key_cast){
        .widens = sb_row_kind(from) != SB_ROW_WIDE && sb_row_kind(to) == SB_ROW_WIDE,
        .is_unsigned = sb_row_kind(from) == SB_ROW_UINT,
        .factor_low = (uint64_t)factor,
        .factor_high = (uint64_t)((uint128)factor >> 64),
    };
}

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

enum sb_status sb_key_cast_apply(const struct sb_key_cast *cast, int64_t count,
                                 struct sb_row_scratch *scratch, struct sb_row_vector *vector,
                                 struct sb_error *err)
{
    bool fits = true;

    if (cast->widens) {
        values_widen(cast, count, scratch, vector);
    }
    if (cast->factor_low == 1 && cast->factor_high == 0) {
        return SB_OK;
    }
    for (int64_t i = 0; i < count; i++) {
        fits &= value_scale(cast, vector->kind == SB_ROW_WIDE, i, vector->words, scratch->words);
    }
    vector->words = scratch->words;
    return fits ? SB_OK
                : sb_error_set(err, SB_INVALID,
                               "a key of the right side is out of the range of the left key "
                               "column, which has a finer unit or a larger scale; cast the left "
                               "column in a map before the join");
}

// --- keys ----------------------------------------------------------------------------------------

enum sb_status sb_join_keys_plan(struct sb_join_keys *keys, struct sb_arena *arena,
                                 const struct sb_join_spec *spec, const struct sb_schema *input,
                                 const int32_t *columns, struct sb_error *err)
{
    keys->count = spec->key_count;
    keys->nulls_equal = spec->nulls_equal;
    keys->keys = sb_arena_alloc(arena, sizeof *keys->keys * (size_t)keys->count);
    if (keys->keys == NULL) {
        return sb_error_no_memory(err, "the plan of a join", 0);
    }
    for (int32_t k = 0; k < keys->count; k++) {
        const struct sb_type *from = &input->fields[columns[k]].type;
        const struct sb_type *to = &spec->key_types[k];

        keys->keys[k] = (struct sb_join_key){
            .column = columns[k],
            .kind = sb_row_kind(to),
            .is_mixed = to->id == SB_TYPE_UINT64 && sb_type_is_signed(from->id),
            .cast = sb_key_cast_of(from, to),
        };
    }
    return SB_OK;
}

/* What says of rows whether they match nothing, while it is found out. */
struct never_bytes {
    uint8_t *bytes;
    bool has_any;
};

static inline void never_begin(struct never_bytes *nevers, int64_t count)
{
    if (!nevers->has_any) {
        memset(nevers->bytes, 0, (size_t)count);
        nevers->has_any = true;
    }
}

static void nulls_note(const struct sb_row_vector *vector, int64_t count,
                       struct never_bytes *nevers)
{
    if (vector->nulls != NULL) {
        never_begin(nevers, count);
        for (int64_t i = 0; i < count; i++) {
            nevers->bytes[i] |= vector->nulls[i];
        }
    }
}

/* Multiplies values; rows of those that leave their type's range match nothing. */
static void key_scale(const struct sb_join_key *key, int64_t count, struct sb_row_scratch *scratch,
                      struct sb_row_vector *vector, struct never_bytes *nevers)
{
    bool is_wide = vector->kind == SB_ROW_WIDE;

    for (int64_t i = 0; i < count; i++) {
        if (sb_unlikely(!value_scale(&key->cast, is_wide, i, vector->words, scratch->words))) {
            never_begin(nevers, count);
            nevers->bytes[i] = 1;
        }
    }
    vector->words = scratch->words;
}

static void negatives_note(const struct sb_row_vector *vector, int64_t count,
                           struct never_bytes *nevers)
{
    uint64_t any = 0;

    for (int64_t i = 0; i < count; i++) {
        any |= vector->words[i];
    }
    if (any >> 63 != 0) {
        never_begin(nevers, count);
        for (int64_t i = 0; i < count; i++) {
            nevers->bytes[i] |= (uint8_t)(vector->words[i] >> 63);
        }
    }
}

enum sb_status sb_join_keys_load(const struct sb_join_keys *keys, const struct sb_batch *batch,
                                 int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                 uint8_t *bytes, const uint8_t **nevers, struct sb_error *err)
{
    struct never_bytes found = {.bytes = bytes};

    for (int32_t k = 0; k < keys->count; k++) {
        const struct sb_join_key *key = &keys->keys[k];
        struct sb_row_scratch *scratch = &chunk->scratches[k];
        struct sb_row_vector *vector = &chunk->vectors[k];

        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[key->column], sb_batch_rows(batch), first,
                                         count, SB_ROW_CANONICAL, scratch, vector, err));
        if (!keys->nulls_equal) {
            nulls_note(vector, count, &found);
        }
        if (!sb_key_cast_is_none(&key->cast)) {
            key_scale(key, count, scratch, vector, &found);
        }
        if (key->is_mixed) {
            negatives_note(vector, count, &found);
        }
        vector->kind = key->kind;
    }
    *nevers = found.has_any ? bytes : NULL;
    return SB_OK;
}
