// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_collect.c - the group half of steps that need the values themselves.
 *
 * Distinct values that are not words (aggregate_distinct.h) stand in a table of (keys, value); a
 * new entry adds one to the count in the row of its key. Values of quantiles lie in chunks that
 * double, chained from the row of their key, the newest first; the row has their number. Both are
 * state: a snapshot has a row for each value.
 */
#include "exec/ops/aggregate_internal.h"
#include "exec/row_snapshot.h"
#include "state/number_order.h"

enum {
    VALUES_MIN = 4, // in the first chunk of a key
    VALUES_MAX = 4096,
};

/* Part of the values of one key. */
struct value_chunk {
    struct value_chunk *next; // older
    int32_t used;
    int32_t capacity;
    int64_t orders[]; // see number_order.h
};

static const struct sb_row_field *count_field(const struct sb_aggregate *aggregate, int32_t step)
{
    return sb_aggregate_field(aggregate, step);
}

/* The fields of a VALUES step: how many, and the newest chunk. */
static const struct sb_row_field *chunk_field(const struct sb_aggregate *aggregate, int32_t step)
{
    return sb_aggregate_field(aggregate, step) + 1;
}

static struct value_chunk *chunk_of(const struct sb_row_field *field, const uint64_t *row)
{
    return (struct value_chunk *)(uintptr_t)row[field->word];
}

/* One more chunk in front of a key's others. */
static enum sb_status chunk_add(struct sb_row_heap *heap, struct value_chunk **first,
                                struct sb_error *err)
{
    int32_t capacity = *first == NULL ? VALUES_MIN : 2 * (*first)->capacity;
    struct value_chunk *chunk;
    uint8_t *bytes;

    capacity = capacity < VALUES_MAX ? capacity : VALUES_MAX;
    // All sizes are multiples of 8, so chunks are aligned.
    SB_TRY_RETURN(sb_row_heap_alloc(
        heap, (int64_t)(sizeof *chunk + sizeof *chunk->orders * (size_t)capacity), &bytes, err));
    chunk = (struct value_chunk *)(void *)bytes;
    *chunk = (struct value_chunk){.next = *first, .capacity = capacity};
    *first = chunk;
    return SB_OK;
}

static enum sb_status values_add(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group, int32_t step,
                                 uint64_t *const *rows, const struct sb_row_vector *values,
                                 int64_t count, struct sb_error *err)
{
    int32_t count_word = count_field(aggregate, step)->word;
    const struct sb_row_field *field = chunk_field(aggregate, step);

    for (int64_t i = 0; i < count; i++) {
        struct value_chunk *chunk = chunk_of(field, rows[i]);

        if (chunk == NULL || chunk->used == chunk->capacity) {
            SB_TRY_RETURN(chunk_add(&group->values, &chunk, err));
            rows[i][field->word] = (uint64_t)(uintptr_t)chunk;
        }
        if (aggregate->steps[step].kind == SB_STEP_LIST) {
            SB_TRY_RETURN(sb_aggregate_list_keep(values->words + 2 * i, &group->values,
                                                 &chunk->orders[chunk->used], err));
        } else {
            chunk->orders[chunk->used] = sb_number_order(sb_float_load(values->words[i]));
        }
        chunk->used++;
        rows[i][count_word]++;
    }
    return SB_OK;
}

/* Keeps in the chunk what the table of entries has not seen before. */
static enum sb_status entries_add(const struct sb_aggregate *aggregate,
                                  struct sb_row_table *entries, struct sb_row_chunk *chunk,
                                  int64_t *count, struct sb_error *err)
{
    uint64_t hashes[SB_ROW_CHUNK];
    uint16_t fresh[SB_ROW_CHUNK];
    int64_t fresh_count;

    memcpy(hashes, chunk->hashes, sizeof *hashes * (size_t)*count);
    sb_row_vector_hash(&chunk->vectors[aggregate->key_count], *count, aggregate->key_count == 0,
                       hashes);
    SB_TRY_RETURN(sb_row_table_insert(entries, chunk->vectors, hashes, *count, chunk->rows, fresh,
                                      &fresh_count, err));
    if (fresh_count < *count) {
        sb_row_chunk_pick(chunk, aggregate->key_count + 1, fresh, fresh_count);
    }
    *count = fresh_count;
    return SB_OK;
}

enum sb_status sb_aggregate_collect(const struct sb_aggregate *aggregate,
                                    struct sb_aggregate_group *group, int32_t c,
                                    struct sb_row_chunk *chunk, int64_t count,
                                    struct sb_op_ctx *ctx)
{
    const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
    int32_t step = collector->step;
    int64_t rows_before = group->full.store.row_count;

    if (collector->is_words) { // only from snapshots; else those of the null key are what is left
        struct sb_distinct_words words;
        int64_t taken = sb_distinct_split(aggregate, chunk, &count, &words);
        SB_TRY_RETURN(sb_distinct_apply(aggregate, &group->distincts[c], words.columns, 1, taken,
                                        ctx->error));
        sb_row_chunk_hash(chunk, aggregate->key_count, count);
    }
    if (aggregate->steps[step].kind == SB_STEP_DISTINCT) {
        SB_TRY_RETURN(entries_add(aggregate, &group->entries[c], chunk, &count, ctx->error));
    }
    if (aggregate->key_count == 0) { // routed by value; the row is that of no key
        memset(chunk->hashes, 0, sizeof *chunk->hashes * (size_t)count);
    }
    SB_TRY_RETURN(sb_row_table_upsert(&group->full, chunk->vectors, chunk->hashes, count,
                                      chunk->rows, ctx->error));
    if (aggregate->key_count > 0 || group->index == 0) {
        // The rows the values came with are still to be counted, or have been, as merged.
        sb_aggregate_count_merged(ctx, 0, group->full.store.row_count - rows_before);
    }
    if (aggregate->steps[step].kind != SB_STEP_DISTINCT) {
        SB_TRY_RETURN(values_add(aggregate, group, step, chunk->rows,
                                 &chunk->vectors[aggregate->key_count], count, ctx->error));
    } else {
        int32_t word = count_field(aggregate, step)->word;
        for (int64_t i = 0; i < count; i++) {
            chunk->rows[i][word]++;
        }
    }
    return sb_aggregate_rows_changed(aggregate, group, chunk->rows, count, ctx->error);
}

// --- results -------------------------------------------------------------------------------------

static void values_gather(const struct value_chunk *chunk, int64_t *orders)
{
    for (; chunk != NULL; chunk = chunk->next) {
        memcpy(orders, chunk->orders, sizeof *orders * (size_t)chunk->used);
        orders += chunk->used;
    }
}

void sb_aggregate_values_gather(const struct sb_aggregate *aggregate, int32_t step,
                                const uint64_t *row, int64_t *words)
{
    values_gather(chunk_of(chunk_field(aggregate, step), row), words);
}

enum sb_status sb_aggregate_quantiles(const struct sb_aggregate *aggregate,
                                      const struct sb_aggregate_call_plan *call,
                                      uint64_t *const *rows, int64_t count,
                                      struct sb_row_scratch *scratch, struct sb_row_vector *out,
                                      struct sb_error *err)
{
    int32_t count_word = count_field(aggregate, call->step)->word;
    const struct sb_row_field *field = chunk_field(aggregate, call->step);
    int64_t most = 1;
    size_t size;
    int64_t *orders;

    for (int64_t i = 0; i < count; i++) {
        most = (int64_t)rows[i][count_word] > most ? (int64_t)rows[i][count_word] : most;
    }
    size = sizeof *orders * (size_t)most;
    orders = sb_memory_alloc(aggregate->op.memory, size);
    if (orders == NULL) {
        return sb_error_no_memory(err, "the values of a quantile", (int64_t)size);
    }
    *out = (struct sb_row_vector){SB_ROW_FLOAT, scratch->words, scratch->nulls};
    for (int64_t i = 0; i < count; i++) {
        int64_t value_count = (int64_t)rows[i][count_word];

        scratch->nulls[i] = value_count == 0;
        scratch->words[i] = 0;
        if (value_count > 0) {
            values_gather(chunk_of(field, rows[i]), orders);
            scratch->words[i] =
                sb_float_word(sb_orders_quantile(orders, value_count, call->call->quantile));
        }
    }
    sb_memory_free(aggregate->op.memory, orders, size);
    return SB_OK;
}

// --- snapshots -----------------------------------------------------------------------------------

/* As rows of a snapshot: keys and the value are there, all else is null. */
enum sb_status sb_aggregate_value_save(const struct sb_aggregate *aggregate, int32_t c,
                                       struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                       const struct sb_row_vector *values, int64_t count,
                                       struct sb_op_ctx *ctx)
{
    static const uint64_t zeros[2 * SB_ROW_CHUNK];
    const struct sb_schema *schema = aggregate->state_schema;
    int32_t collector_at = aggregate->key_count + aggregate->column_count;
    uint8_t all_null[SB_ROW_CHUNK];
    uint64_t collector[SB_ROW_CHUNK];

    memset(all_null, 1, sizeof all_null);
    for (int64_t i = 0; i < count; i++) {
        collector[i] = (uint64_t)c;
    }
    for (int32_t f = aggregate->key_count; f < schema->field_count; f++) {
        chunk->vectors[f] =
            (struct sb_row_vector){sb_row_kind(&schema->fields[f].type), zeros, all_null};
    }
    chunk->vectors[collector_at] = (struct sb_row_vector){SB_ROW_INT, collector, NULL};
    chunk->vectors[collector_at + 1 + c] = *values;
    return sb_row_saver_add(saver, chunk->vectors, count, ctx);
}

static enum sb_status entries_save(const struct sb_aggregate *aggregate,
                                   const struct sb_row_table *entries, int32_t c,
                                   struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                   struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &aggregate->collectors[c].entries;
    struct sb_row_cursor cursor = {0};
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, &entries->store, SB_ROW_CHUNK, chunk->rows)) > 0) {
        struct sb_row_vector values;
        for (int32_t k = 0; k < aggregate->key_count; k++) {
            sb_row_field_load(&layout->fields[k], chunk->rows, count, NULL, &chunk->scratches[k],
                              &chunk->vectors[k]);
        }
        sb_row_field_load(&layout->fields[aggregate->key_count], chunk->rows, count, NULL,
                          &chunk->scratches[aggregate->key_count], &values);
        SB_TRY_RETURN(sb_aggregate_value_save(aggregate, c, saver, chunk, &values, count, ctx));
    }
    return SB_OK;
}

/* The values of one row, up to a chunk at a time, all with its key. */
static enum sb_status row_values_save(const struct sb_aggregate *aggregate, uint64_t *row,
                                      int32_t c, struct sb_row_saver *saver,
                                      struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    const struct sb_row_field *field = chunk_field(aggregate, aggregate->collectors[c].step);
    bool is_list = aggregate->steps[aggregate->collectors[c].step].kind == SB_STEP_LIST;
    uint64_t words[2 * SB_ROW_CHUNK];
    struct sb_row_vector values = {is_list ? SB_ROW_TEXT : SB_ROW_FLOAT, words, NULL};

    for (int64_t i = 0; i < SB_ROW_CHUNK; i++) {
        chunk->rows[i] = row;
    }
    for (const struct value_chunk *from = chunk_of(field, row); from != NULL; from = from->next) {
        for (int32_t first = 0; first < from->used; first += SB_ROW_CHUNK) {
            int32_t count = from->used - first < SB_ROW_CHUNK ? from->used - first : SB_ROW_CHUNK;
            for (int32_t i = 0; i < count; i++) {
                if (is_list) {
                    struct sb_text text = sb_aggregate_list_text(from->orders[first + i]);
                    words[2 * i] = text.head;
                    words[2 * i + 1] = text.tail;
                } else {
                    words[i] = sb_float_word(sb_number_of_order(from->orders[first + i]));
                }
            }
            for (int32_t k = 0; k < aggregate->key_count; k++) {
                sb_row_field_load(&aggregate->state_layout.fields[k], chunk->rows, count, NULL,
                                  &chunk->scratches[k], &chunk->vectors[k]);
            }
            SB_TRY_RETURN(sb_aggregate_value_save(aggregate, c, saver, chunk, &values, count, ctx));
        }
    }
    return SB_OK;
}

enum sb_status sb_aggregate_collected_save(struct sb_aggregate *aggregate,
                                           struct sb_aggregate_group *group,
                                           struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                           struct sb_op_ctx *ctx)
{
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        struct sb_row_cursor cursor = {0};
        uint64_t *row;

        if (aggregate->steps[aggregate->collectors[c].step].kind == SB_STEP_DISTINCT) {
            SB_TRY_RETURN(entries_save(aggregate, &group->entries[c], c, saver, chunk, ctx));
            if (aggregate->collectors[c].is_words) {
                SB_TRY_RETURN(sb_distinct_save(aggregate, group, c, saver, chunk, ctx));
            }
            continue;
        }
        while (sb_row_cursor_next(&cursor, &group->full.store, 1, &row) > 0) {
            SB_TRY_RETURN(row_values_save(aggregate, row, c, saver, chunk, ctx));
        }
    }
    return SB_OK;
}
