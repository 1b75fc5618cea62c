// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_sketch.c - sketches as fields of state rows: a binary that grows where it lies.
 */
#include "exec/ops/aggregate_internal.h"
#include "state/distinct_sketch.h"
#include "state/quantile_sketch.h"

static inline bool is_null(const struct sb_row_vector *vector, int64_t i)
{
    return vector->nulls != NULL && vector->nulls[i];
}

static bool is_distinct(const struct sb_aggregate_step *step)
{
    return step->kind == SB_STEP_DISTINCT_SKETCH;
}

/* Makes an empty sketch in a field that is null. */
static enum sb_status field_begin(const struct sb_aggregate_step *step,
                                  const struct sb_row_field *field, uint64_t *row,
                                  struct sb_row_heap *heap, struct sb_error *err)
{
    uint64_t *text = row + field->word;
    int64_t size = is_distinct(step) ? SB_DISTINCT_SKETCH_SIZE_MIN : SB_QUANTILE_SKETCH_SIZE_MIN;
    uint8_t *bytes;

    if (!sb_row_is_null(field, row)) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_aggregate_text_reserve(text, size, heap, &bytes, err));
    if (is_distinct(step)) {
        sb_distinct_sketch_init(bytes);
    } else {
        sb_quantile_sketch_init(bytes);
    }
    text[0] = (uint64_t)size;
    row[field->null_word] &= ~field->null_bit;
    return SB_OK;
}

/* The field's view of a sketch that has changed. */
static void field_end(const struct sb_aggregate_step *step, uint64_t *text, const uint8_t *bytes)
{
    int64_t size =
        is_distinct(step) ? sb_distinct_sketch_size(bytes) : sb_quantile_sketch_size(bytes);
    struct sb_text view = sb_text_make(bytes, size);

    text[0] = view.head;
    text[1] = view.tail;
}

static enum sb_status distinct_add(const struct sb_aggregate_step *step, uint64_t *text,
                                   uint64_t hash, struct sb_row_heap *heap, struct sb_error *err)
{
    int64_t room = sb_distinct_sketch_room(sb_text_bytes(text));
    uint8_t *bytes;

    SB_TRY_RETURN(sb_aggregate_text_reserve(text, room, heap, &bytes, err));
    sb_distinct_sketch_add(bytes, hash);
    field_end(step, text, bytes);
    return SB_OK;
}

static enum sb_status quantile_add(const struct sb_aggregate_step *step, uint64_t *text,
                                   double value, struct sb_row_heap *heap, struct sb_error *err)
{
    int64_t room = sb_quantile_sketch_room(sb_text_bytes(text));
    uint8_t *bytes;

    SB_TRY_RETURN(sb_aggregate_text_reserve(text, room, heap, &bytes, err));
    sb_quantile_sketch_add(bytes, value);
    field_end(step, text, bytes);
    return SB_OK;
}

enum sb_status sb_aggregate_sketch_update(const struct sb_aggregate_step *step,
                                          const struct sb_row_field *field, uint64_t *const *rows,
                                          const struct sb_row_vector *arg, int64_t count,
                                          struct sb_row_heap *heap, struct sb_error *err)
{
    uint64_t hashes[SB_ROW_CHUNK];

    if (is_distinct(step)) {
        sb_row_vector_hash(arg, count, true, hashes);
    }
    for (int64_t i = 0; i < count; i++) {
        uint64_t *text = rows[i] + field->word;

        if (is_null(arg, i)) {
            continue;
        }
        SB_TRY_RETURN(field_begin(step, field, rows[i], heap, err));
        SB_TRY_RETURN(is_distinct(step)
                          ? distinct_add(step, text, hashes[i], heap, err)
                          : quantile_add(step, text, sb_aggregate_number(step, arg, i), heap, err));
    }
    return SB_OK;
}

/* A sketch may come from a snapshot, so from outside. */
static bool other_is_valid(const struct sb_aggregate_step *step, const uint64_t *text)
{
    const uint8_t *bytes = sb_text_bytes(text);
    int64_t size = sb_text_size(text[0]);

    return is_distinct(step) ? sb_distinct_sketch_is_valid(bytes, size)
                             : sb_quantile_sketch_is_valid(bytes, size);
}

enum sb_status sb_aggregate_sketch_merge(const struct sb_aggregate_step *step,
                                         const struct sb_row_field *field, uint64_t *const *rows,
                                         const struct sb_row_vector *other, int64_t count,
                                         struct sb_row_heap *heap, struct sb_error *err)
{
    for (int64_t i = 0; i < count; i++) {
        const uint64_t *words = other->words + 2 * i;
        uint64_t *text = rows[i] + field->word;
        uint8_t *bytes;

        if (is_null(other, i)) {
            continue;
        }
        if (!other_is_valid(step, words)) {
            return sb_error_set(err, SB_CORRUPT, "a sketch in the state cannot be read");
        }
        if (sb_row_is_null(field, rows[i])) { // the usual case: a copy will do
            SB_TRY_RETURN(sb_aggregate_text_put(text, words, heap, err));
            rows[i][field->null_word] &= ~field->null_bit;
            continue;
        }
        if (is_distinct(step)) {
            int64_t room = sb_distinct_sketch_merge_room(sb_text_bytes(text), sb_text_bytes(words));
            SB_TRY_RETURN(sb_aggregate_text_reserve(text, room, heap, &bytes, err));
            sb_distinct_sketch_merge(bytes, sb_text_bytes(words));
        } else {
            int64_t room = sb_quantile_sketch_merge_room(sb_text_bytes(text), sb_text_bytes(words));
            SB_TRY_RETURN(sb_aggregate_text_reserve(text, room, heap, &bytes, err));
            sb_quantile_sketch_merge(bytes, sb_text_bytes(words));
        }
        field_end(step, text, bytes);
    }
    return SB_OK;
}

void sb_aggregate_sketch_finish(const struct sb_aggregate_step *step,
                                const struct sb_row_field *field,
                                const struct sb_aggregate_call *call, uint64_t *const *rows,
                                int64_t count, struct sb_row_scratch *scratch,
                                struct sb_row_vector *out)
{
    bool is_count = is_distinct(step);

    *out = (struct sb_row_vector){is_count ? SB_ROW_INT : SB_ROW_FLOAT, scratch->words,
                                  is_count ? NULL : scratch->nulls};
    for (int64_t i = 0; i < count; i++) {
        bool is_empty = sb_row_is_null(field, rows[i]);
        const uint8_t *bytes = sb_text_bytes(rows[i] + field->word);

        scratch->nulls[i] = is_empty;
        if (is_empty) {
            scratch->words[i] = 0;
        } else if (is_count) {
            scratch->words[i] = (uint64_t)sb_distinct_sketch_count(bytes);
        } else {
            scratch->words[i] = sb_float_word(sb_quantile_sketch_get(bytes, call->quantile));
        }
    }
}
