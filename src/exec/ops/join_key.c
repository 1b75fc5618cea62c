// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/join_key.h"

#include <string.h>

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
            .is_mixed = to->id == SB_TYPE_UINT64 && sb_type_is_signed(sb_type_value(from)->id),
            .has_spellings =
                sb_row_kind(to) == SB_ROW_FLOAT || sb_type_is_nested(sb_type_value(to)->id),
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

/* The rows of values that the common type has no room for match nothing. */
static enum sb_status key_cast(const struct sb_join_key *key, int64_t count,
                               struct sb_row_scratch *scratch, struct sb_row_vector *vector,
                               struct never_bytes *nevers, struct sb_error *err)
{
    uint8_t lost[SB_ROW_CHUNK];
    bool fits;

    SB_TRY_RETURN(sb_key_cast_try(&key->cast, count, scratch, vector, lost, &fits, err));
    if (!fits) {
        never_begin(nevers, count);
        for (int64_t i = 0; i < count; i++) {
            nevers->bytes[i] |= lost[i];
        }
    }
    return SB_OK;
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
            SB_TRY_RETURN(key_cast(key, count, scratch, vector, &found, err));
        }
        if (key->is_mixed) {
            negatives_note(vector, count, &found);
        }
        vector->kind = key->kind;
    }
    *nevers = found.has_any ? bytes : NULL;
    return SB_OK;
}
