// SPDX-License-Identifier: Apache-2.0
#include "exec/ops/aggregate_distinct.h"

#include "exec/ops/aggregate_internal.h"
#include "exec/row_snapshot.h"

enum {
    RECENT_BYTES_MAX = 512 * 1024,
    RECENT_ROWS_MIN = 1024, // room to begin with
    WORTHWHILE = 2,         // rows for each new one that make looking pay
    BYPASS_TABLES = 32,     // rows sent before trying again, in full sets;
    BYPASS_DOUBLINGS = 5,   // twice as many after each vain try, so often
};

// --- the local half ------------------------------------------------------------------------------

void sb_distinct_local_init(struct sb_distinct_local *local, struct sb_aggregate *aggregate,
                            int32_t c)
{
    const struct sb_row_layout *layout = &aggregate->collectors[c].words;

    sb_word_set_init(&local->recent, aggregate->op.memory, layout->row_words);
    sb_row_scatter_init(&local->words, &aggregate->op, layout,
                        SB_AGGREGATE_COLLECTED + aggregate->collector_count + c);
}

void sb_distinct_local_deinit(struct sb_distinct_local *local)
{
    sb_word_set_deinit(&local->recent);
    sb_row_scatter_deinit(&local->words);
}

int64_t sb_distinct_split(const struct sb_aggregate *aggregate, struct sb_row_chunk *chunk,
                          int64_t *count, struct sb_distinct_words *words)
{
    int32_t key_count = aggregate->key_count;
    const uint8_t *nulls = key_count == 0 ? NULL : chunk->vectors[0].nulls;
    uint16_t left[SB_ROW_CHUNK];
    int64_t left_count = 0;
    int64_t taken = 0;

    for (int32_t v = 0; v <= key_count; v++) {
        words->columns[v] = chunk->vectors[v].words;
    }
    if (nulls == NULL) {
        taken = *count;
        *count = 0;
        return taken;
    }
    for (int64_t i = 0; i < *count; i++) {
        words->scratch[0][taken] = words->columns[0][i];
        words->scratch[1][taken] = words->columns[1][i];
        left[left_count] = (uint16_t)i;
        taken += !nulls[i];
        left_count += nulls[i];
    }
    words->columns[0] = words->scratch[0];
    words->columns[1] = words->scratch[1];
    for (int32_t v = 0; v <= key_count; v++) {
        sb_row_vector_gather(&chunk->vectors[v], left, left_count, &chunk->scratches[v],
                             &chunk->vectors[v]);
    }
    *count = left_count;
    return taken;
}

/* Makes room for a chunk among the recent words, if need be by forgetting all; judges them then. */
static enum sb_status recent_make_room(struct sb_distinct_local *local, struct sb_error *err)
{
    struct sb_word_set *recent = &local->recent;
    int64_t rows_max = RECENT_BYTES_MAX / (2 * 8 * recent->row_words);
    int64_t room;

    if (recent->row_count + SB_WORD_SET_CHUNK > rows_max) {
        if (local->tried_count < WORTHWHILE * recent->row_count) {
            local->bypass_count = BYPASS_TABLES * rows_max << local->vain_count;
            local->vain_count += local->vain_count < BYPASS_DOUBLINGS;
        } else {
            local->vain_count = 0;
        }
        local->tried_count = 0;
        sb_word_set_reset(recent);
    }
    room = RECENT_ROWS_MIN;
    room = room < rows_max - recent->row_count ? room : rows_max - recent->row_count;
    return sb_word_set_reserve(recent, room, err);
}

enum sb_status sb_distinct_send(struct sb_distinct_local *local,
                                const struct sb_distinct_words *words, int64_t count,
                                struct sb_op_ctx *ctx)
{
    int32_t row_words = local->recent.row_words;
    uint64_t picked[SB_WORD_SET_WIDTH_MAX][SB_WORD_SET_CHUNK];
    const uint64_t *columns[SB_WORD_SET_WIDTH_MAX] = {picked[0], picked[1]};
    const uint64_t *from[SB_WORD_SET_WIDTH_MAX] = {words->columns[0], words->columns[1]};
    uint16_t fresh[SB_WORD_SET_CHUNK];

    while (count > 0 && local->bypass_count <= 0) {
        int64_t part = count < SB_WORD_SET_CHUNK ? count : SB_WORD_SET_CHUNK;
        int64_t fresh_count;

        SB_TRY_RETURN(recent_make_room(local, ctx->error));
        fresh_count = sb_word_set_insert(&local->recent, from, 1, part, fresh);
        local->tried_count += part;
        for (int32_t w = 0; w < row_words; w++) {
            for (int64_t i = 0; i < fresh_count; i++) {
                picked[w][i] = from[w][fresh[i]];
            }
            from[w] += part;
        }
        count -= part;
        SB_TRY_RETURN(sb_row_scatter_columns(&local->words, columns, fresh_count, ctx));
    }
    local->bypass_count -= count;
    return sb_row_scatter_columns(&local->words, from, count, ctx);
}

// --- the group half ------------------------------------------------------------------------------

void sb_distinct_group_init(struct sb_distinct_group *group, const struct sb_aggregate *aggregate,
                            int32_t c)
{
    sb_word_set_init(&group->values, aggregate->op.memory, 1);
    sb_pair_set_init(&group->pairs, aggregate->op.memory,
                     sb_row_kind(&aggregate->collectors[c].type));
}

void sb_distinct_group_deinit(struct sb_distinct_group *group)
{
    sb_word_set_deinit(&group->values);
    sb_pair_set_deinit(&group->pairs);
}

enum sb_status sb_distinct_apply(const struct sb_aggregate *aggregate,
                                 struct sb_distinct_group *group, const uint64_t *const *columns,
                                 int64_t stride, int64_t count, struct sb_error *err)
{
    uint16_t fresh[SB_WORD_SET_CHUNK];

    if (aggregate->key_count > 0) {
        return sb_pair_set_insert(&group->pairs, columns[0], columns[1], stride, count, err);
    }
    for (int64_t first = 0; first < count; first += SB_WORD_SET_CHUNK) {
        int64_t part = count - first < SB_WORD_SET_CHUNK ? count - first : SB_WORD_SET_CHUNK;
        const uint64_t *from = columns[0] + first * stride;

        SB_TRY_RETURN(sb_word_set_reserve(&group->values, part, err));
        sb_word_set_insert(&group->values, &from, stride, part, fresh);
    }
    return SB_OK;
}

/* Adds numbers to the count of step `step` in the rows of the chunk's keys. */
static enum sb_status counts_add(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group, int32_t step,
                                 struct sb_row_chunk *chunk, const uint64_t *numbers, int64_t count,
                                 struct sb_op_ctx *ctx)
{
    int32_t word = sb_aggregate_field(aggregate, step)->word;
    int64_t rows_before = group->full.store.row_count;

    sb_row_chunk_hash(chunk, aggregate->key_count, count);
    SB_TRY_RETURN(sb_row_table_upsert(&group->full, chunk->vectors, chunk->hashes, count,
                                      chunk->rows, ctx->error));
    if (aggregate->key_count > 0 || group->index == 0) {
        // The rows the values came with have been counted as merged.
        sb_aggregate_count_merged(ctx, 0, group->full.store.row_count - rows_before);
    }
    for (int64_t i = 0; i < count; i++) {
        chunk->rows[i][word] += numbers[i];
    }
    return SB_OK;
}

static enum sb_status collector_unite(const struct sb_aggregate *aggregate,
                                      struct sb_aggregate_group *group, int32_t c,
                                      struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    const struct sb_distinct_group *distinct = &group->distincts[c];
    const struct sb_word_table *pairs = &distinct->pairs.keys;
    int32_t step = aggregate->collectors[c].step;
    uint64_t keys[SB_WORD_SEGMENT_ROWS];
    uint64_t numbers[SB_WORD_SEGMENT_ROWS];

    if (aggregate->key_count == 0) {
        numbers[0] = (uint64_t)distinct->values.row_count;
        return numbers[0] == 0 ? SB_OK : counts_add(aggregate, group, step, chunk, numbers, 1, ctx);
    }
    for (int64_t first = 0, count; first < pairs->row_count; first += count) {
        const uint64_t *rows;

        count = pairs->row_count - first;
        rows = sb_word_table_run(pairs, first, &count);
        for (int64_t i = 0; i < count; i++) {
            keys[i] = rows[SB_PAIR_WORDS * i + SB_PAIR_KEY];
            numbers[i] = rows[SB_PAIR_WORDS * i + SB_PAIR_COUNT];
        }
        chunk->vectors[0] =
            (struct sb_row_vector){aggregate->state_layout.fields[0].kind, keys, NULL};
        SB_TRY_RETURN(counts_add(aggregate, group, step, chunk, numbers, count, ctx));
    }
    return SB_OK;
}

enum sb_status sb_distinct_unite(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status = SB_OK;

    for (int32_t c = 0; c < aggregate->collector_count && status == SB_OK; c++) {
        if (!aggregate->collectors[c].is_words) {
            continue;
        }
        if (chunk == NULL) {
            SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, aggregate->key_count + 1,
                                              &chunk, ctx->error));
        }
        status = collector_unite(aggregate, group, c, chunk, ctx);
    }
    sb_row_chunk_destroy(chunk);
    return status;
}

// --- snapshots -----------------------------------------------------------------------------------

enum sb_status sb_distinct_save(const struct sb_aggregate *aggregate,
                                const struct sb_aggregate_group *group, int32_t c,
                                struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &aggregate->collectors[c].words;
    const struct sb_distinct_group *distinct = &group->distincts[c];
    uint64_t keys[SB_ROW_CHUNK];
    uint64_t words[SB_ROW_CHUNK];
    uint64_t *const columns[] = {words};
    struct sb_row_vector values = {layout->fields[aggregate->key_count].kind, words, NULL};
    struct sb_pair_cursor cursor = {0};
    int64_t position = 0;
    int64_t count;

    while ((count = sb_word_set_next(&distinct->values, &position, SB_ROW_CHUNK, columns)) > 0) {
        SB_TRY_RETURN(sb_aggregate_value_save(aggregate, c, saver, chunk, &values, count, ctx));
    }
    while ((count = sb_pair_set_next(&distinct->pairs, &cursor, SB_ROW_CHUNK, keys, words)) > 0) {
        chunk->vectors[0] = (struct sb_row_vector){layout->fields[0].kind, keys, NULL};
        SB_TRY_RETURN(sb_aggregate_value_save(aggregate, c, saver, chunk, &values, count, ctx));
    }
    return SB_OK;
}
