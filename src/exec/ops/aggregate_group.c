// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_group.c - the group half: the rows of one key group, folded into its tables.
 *
 * Blocks wait until there are as many rows as the tables have: then each visit brings the whole
 * table into the cache for many rows, instead of missing it for a few. What waits is part of the
 * state; a snapshot applies it first.
 */
#include "exec/ops/aggregate_internal.h"
#include "exec/row_snapshot.h"

enum { PENDING_ROWS_MIN = 8 * 1024 };
static_assert((int)SB_WORD_SEGMENT_ROWS <= SB_ROW_CHUNK, "a run of rows fits a vector");

static size_t entries_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct sb_row_table) * (size_t)aggregate->collector_count;
}

static size_t distincts_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct sb_distinct_group) * (size_t)aggregate->collector_count;
}

static enum sb_status collected_init(const struct sb_aggregate *aggregate,
                                     struct sb_aggregate_group *group, struct sb_error *err)
{
    if (aggregate->collector_count == 0) {
        return SB_OK;
    }
    group->entries = sb_memory_alloc_zeroed(aggregate->op.memory, entries_size(aggregate));
    if (group->entries == NULL) {
        return sb_error_no_memory(err, "a key group", (int64_t)entries_size(aggregate));
    }
    group->distincts = sb_memory_alloc_zeroed(aggregate->op.memory, distincts_size(aggregate));
    if (group->distincts == NULL) {
        return sb_error_no_memory(err, "a key group", (int64_t)distincts_size(aggregate));
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        sb_row_table_init(&group->entries[c], aggregate->op.memory, &collector->entries,
                          collector->initial_entry);
        if (collector->is_words) {
            sb_distinct_group_init(&group->distincts[c], aggregate, c);
        }
    }
    return SB_OK;
}

enum sb_status sb_aggregate_group_create(struct sb_op *op, int32_t group_index,
                                         struct sb_op_ctx *ctx, void **out)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = sb_memory_alloc_zeroed(op->memory, sizeof *group);

    if (group == NULL) {
        return sb_error_no_memory(ctx->error, "a key group", (int64_t)sizeof *group);
    }
    sb_row_table_init(&group->full, op->memory, &aggregate->state_layout, aggregate->initial_row);
    sb_word_table_init(&group->plain, op->memory, aggregate->plain_state.row_words,
                       aggregate->plain_initial_row);
    group->pending_last = &group->pending;
    group->index = group_index;
    group->round = 1;
    group->values.memory = op->memory;
    sb_row_store_init(&group->changed, op->memory, 1);
    *out = group;
    return collected_init(aggregate, group, ctx->error);
}

void sb_aggregate_collected_drop(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group)
{
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        if (group->entries != NULL) {
            sb_row_table_deinit(&group->entries[c]);
        }
        if (group->distincts != NULL && aggregate->collectors[c].is_words) {
            sb_distinct_group_deinit(&group->distincts[c]);
        }
    }
    sb_row_heap_deinit(&group->values);
}

static struct sb_block *pending_pop(struct sb_aggregate_group *group)
{
    struct sb_block *block = group->pending;

    if (block != NULL) {
        group->pending = block->next;
        group->pending_row_count -= block->row_count;
        if (group->pending == NULL) {
            group->pending_last = &group->pending;
        }
    }
    return block;
}

void sb_aggregate_group_destroy(struct sb_op *op, void *state)
{
    struct sb_aggregate_group *group = state;
    struct sb_block *block;

    while ((block = pending_pop(group)) != NULL) {
        sb_block_destroy(op->memory, block);
    }
    sb_row_table_deinit(&group->full);
    sb_word_table_deinit(&group->plain);
    sb_aggregate_collected_drop(sb_aggregate_from(op), group);
    if (group->entries != NULL) {
        sb_memory_free(op->memory, group->entries, entries_size(sb_aggregate_from(op)));
    }
    if (group->distincts != NULL) {
        sb_memory_free(op->memory, group->distincts, distincts_size(sb_aggregate_from(op)));
    }
    sb_row_store_deinit(&group->changed);
    sb_memory_free(op->memory, group, sizeof *group);
}

/* The layouts of blocks by format. */
static const struct sb_row_layout *block_layout(const struct sb_aggregate *aggregate,
                                                int32_t format)
{
    return format == SB_AGGREGATE_RAW ? &aggregate->raw_layout
           : format == SB_AGGREGATE_STATE
               ? &aggregate->state_layout
               : &aggregate->collectors[format - SB_AGGREGATE_COLLECTED].layout;
}

enum sb_status sb_aggregate_rows_changed(const struct sb_aggregate *aggregate,
                                         struct sb_aggregate_group *group, uint64_t *const *rows,
                                         int64_t count, struct sb_error *err)
{
    int32_t word;

    if (!aggregate->emits_updates) {
        return SB_OK;
    }
    word = aggregate->state_layout.fields[aggregate->key_count + aggregate->round_field].word;
    for (int64_t i = 0; i < count; i++) {
        uint64_t *address;
        if (rows[i][word] != (uint64_t)group->round) {
            SB_TRY_RETURN(sb_row_store_append(&group->changed, &address, err));
            *address = (uint64_t)(uintptr_t)rows[i];
            rows[i][word] = (uint64_t)group->round;
        }
    }
    return SB_OK;
}

// --- full blocks ---------------------------------------------------------------------------------

/* A chunk of a block in the chunk's vectors. */
static enum sb_status full_chunk_apply(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_group *group, int32_t format,
                                       struct sb_row_chunk *chunk, int64_t count,
                                       struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &group->full;
    int64_t rows_before = table->store.row_count;

    if (format >= SB_AGGREGATE_COLLECTED) {
        return sb_aggregate_collect(aggregate, group, format - SB_AGGREGATE_COLLECTED, chunk, count,
                                    ctx);
    }
    SB_TRY_RETURN(format == SB_AGGREGATE_RAW
                      ? sb_aggregate_table_update(aggregate, table, chunk, count, ctx->error)
                      : sb_aggregate_table_merge(aggregate, table, chunk, count, ctx->error));
    sb_aggregate_count_merged(ctx, count, table->store.row_count - rows_before);
    return sb_aggregate_rows_changed(aggregate, group, chunk->rows, count, ctx->error);
}

static enum sb_status full_block_apply(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_group *group, struct sb_block *block,
                                       struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    int32_t format = sb_row_block(block)->format;
    const struct sb_row_layout *layout = block_layout(aggregate, format);
    uint64_t *rows = sb_row_block(block)->rows;

    for (int64_t first = 0; first < block->row_count; first += SB_ROW_CHUNK) {
        int64_t count = block->row_count - first;
        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        sb_row_chunk_point(chunk, rows + first * layout->row_words, layout->row_words, count);
        for (int64_t i = 0; i < count; i++) {
            chunk->hashes[i] = chunk->rows[i][layout->hash_word];
        }
        for (int32_t f = 0; f < layout->field_count; f++) {
            sb_row_field_load(&layout->fields[f], chunk->rows, count, block->data,
                              &chunk->scratches[f], &chunk->vectors[f]);
        }
        SB_TRY_RETURN(full_chunk_apply(aggregate, group, format, chunk, count, ctx));
    }
    return SB_OK;
}

// --- plain blocks --------------------------------------------------------------------------------

/* Moves what a step of one plain row has come to into the full form, and starts it afresh. */
static enum sb_status plain_spill(const struct sb_aggregate *aggregate,
                                  struct sb_aggregate_group *group, uint64_t *row,
                                  const struct sb_plain_step *step, struct sb_error *err)
{
    int64_t rows_before = group->full.store.row_count;
    uint64_t part[SB_PLAIN_WORDS_MAX];
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, err));
    memcpy(part, aggregate->plain_initial_row,
           sizeof *part * (size_t)aggregate->plain_state.row_words);
    memcpy(part, row, sizeof *part * (size_t)(1 + aggregate->plain_key_words));
    part[step->word] = row[step->word];
    sb_plain_rows_load(aggregate, part, 1, chunk);
    sb_row_chunk_hash(chunk, aggregate->key_count, 1);
    SB_TRY_OUT(
        sb_row_table_upsert(&group->full, chunk->vectors, chunk->hashes, 1, chunk->rows, err));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        if (&aggregate->plain_steps[aggregate->steps[s].plain] == step) {
            SB_TRY_OUT(sb_aggregate_merge(
                aggregate, s, chunk->rows,
                &chunk->vectors[aggregate->key_count + aggregate->steps[s].field], 1,
                &group->full.store.heap, err));
        }
    }
    row[step->word] = sb_plain_initial(step);
    group->spilled_count += group->full.store.row_count - rows_before;

out:
    sb_row_chunk_destroy(chunk);
    return status;
}

/* Folds rows of a block, `stride` words apart, into the state rows found for them. */
static enum sb_status plain_fold(const struct sb_aggregate *aggregate,
                                 struct sb_aggregate_group *group, const uint64_t *words,
                                 int64_t stride, bool is_raw, uint64_t **rows, int64_t count,
                                 struct sb_error *err)
{
    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        const struct sb_plain_step *step = &aggregate->plain_steps[p];
        int32_t word = is_raw ? step->raw_word : step->word;
        const uint64_t *values = word < 0 ? NULL : words + word;
        int64_t done = sb_plain_fold(step, !is_raw, rows, values, stride, count);

        while (sb_unlikely(done < count)) { // a sum would overflow
            SB_TRY_RETURN(plain_spill(aggregate, group, rows[done], step, err));
            done += sb_plain_fold(step, !is_raw, rows + done, values + done * stride, stride,
                                  count - done);
        }
    }
    return SB_OK;
}

/* The values of one raw plain row as vectors of keys and arguments. */
static void raw_row_load(const struct sb_aggregate *aggregate, const uint64_t *row,
                         struct sb_row_chunk *chunk)
{
    static const uint64_t zeros[2];
    int32_t first_word = 1 + aggregate->plain_key_words;

    for (int32_t k = 0; k < aggregate->key_count; k++) {
        sb_plain_key_load(aggregate, k, row, 1, &chunk->scratches[k], &chunk->vectors[k]);
    }
    for (int32_t a = 0; a < aggregate->arg_count; a++) { // those that are counted only have none
        int32_t f = aggregate->key_count + a;
        chunk->vectors[f] =
            (struct sb_row_vector){aggregate->raw_layout.fields[f].kind, zeros, NULL};
    }
    for (int32_t a = 0; a < aggregate->plain_arg_count; a++) {
        chunk->vectors[aggregate->key_count + aggregate->plain_args[a]].words =
            row + first_word + a;
    }
}

/* A row with the hash of another key takes the full form. */
static enum sb_status plain_stray(const struct sb_aggregate *aggregate,
                                  struct sb_aggregate_group *group, const uint64_t *row,
                                  bool is_raw, struct sb_error *err)
{
    struct sb_row_chunk *chunk;
    enum sb_status status;

    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, err));
    if (is_raw) {
        raw_row_load(aggregate, row, chunk);
    } else {
        sb_plain_rows_load(aggregate, row, 1, chunk);
    }
    sb_row_chunk_hash(chunk, aggregate->key_count, 1);
    status = is_raw ? sb_aggregate_table_update(aggregate, &group->full, chunk, 1, err)
                    : sb_aggregate_table_merge(aggregate, &group->full, chunk, 1, err);
    sb_row_chunk_destroy(chunk);
    return status;
}

/* Finds the rows of keys, `stride` words apart: how many, before one that is another key's. */
static int64_t plain_settle(const struct sb_aggregate *aggregate, struct sb_aggregate_group *group,
                            const uint64_t *words, int64_t stride, uint64_t **rows, int64_t count)
{
    const uint64_t *columns[1 + SB_PLAIN_KEY_WORDS_MAX];

    for (int32_t w = 0; w <= aggregate->plain_key_words; w++) {
        columns[w] = words + w;
    }
    for (int64_t i = 0; i < count; i++) {
        rows[i] = sb_word_table_settle(&group->plain, words[i * stride], rows[i]);
        if (!sb_plain_key_claim(rows[i], aggregate->plain_key_words, aggregate->plain_mark_word,
                                columns, i * stride)) {
            return i;
        }
    }
    return count;
}

/* Settles the rows that were guessed for a block's rows, and folds. */
static enum sb_status plain_absorb(const struct sb_aggregate *aggregate,
                                   struct sb_aggregate_group *group, const uint64_t *words,
                                   int64_t stride, bool is_raw, uint64_t **rows, int64_t count,
                                   struct sb_error *err)
{
    for (int64_t i = 0; i < count;) {
        const uint64_t *from = words + i * stride;
        int64_t part = count - i;
        int64_t found;

        if (aggregate->fused_pattern != 0) {
            i += sb_fused_absorb_rows(aggregate, &group->plain, from, stride, !is_raw, rows + i,
                                      count - i);
            from = words + i * stride;
            part = i < count ? 1 : 0; // what the fused kernel leaves
        }
        found = plain_settle(aggregate, group, from, stride, rows + i, part);
        SB_TRY_RETURN(plain_fold(aggregate, group, from, stride, is_raw, rows + i, found, err));
        if (sb_unlikely(found < part)) {
            SB_TRY_RETURN(plain_stray(aggregate, group, from + found * stride, is_raw, err));
            found++;
        }
        i += found;
    }
    return SB_OK;
}

/* The rows of the group that an input row stands for in the ledger. */
static int64_t rows_stood_for(const struct sb_aggregate_group *group)
{
    return group->plain.row_count + group->full.store.row_count - group->spilled_count;
}

static enum sb_status plain_block_apply(const struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group, struct sb_block *block,
                                        struct sb_op_ctx *ctx)
{
    const struct sb_row_block *header = sb_row_block(block);
    bool is_raw = header->format == SB_AGGREGATE_PLAIN_RAW;
    int64_t rows_before = rows_stood_for(group);
    int64_t stride = header->row_words;
    uint64_t *rows[SB_WORD_CHUNK];

    for (int64_t first = 0; first < block->row_count; first += SB_WORD_CHUNK) {
        const uint64_t *words = header->rows + first * stride;
        int64_t count = block->row_count - first;

        count = count < SB_WORD_CHUNK ? count : SB_WORD_CHUNK;
        SB_TRY_RETURN(sb_word_table_guess(&group->plain, words, stride, count, rows, ctx->error));
        SB_TRY_RETURN(
            plain_absorb(aggregate, group, words, stride, is_raw, rows, count, ctx->error));
    }
    sb_aggregate_count_merged(ctx, block->row_count, rows_stood_for(group) - rows_before);
    return SB_OK;
}

// --- pending blocks ------------------------------------------------------------------------------

/* The words of a collector. */
static enum sb_status words_block_apply(const struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group, int32_t c,
                                        struct sb_block *block, struct sb_error *err)
{
    const struct sb_row_block *header = sb_row_block(block);
    const uint64_t *columns[SB_WORD_SET_WIDTH_MAX] = {header->rows, header->rows + 1};

    return sb_distinct_apply(aggregate, &group->distincts[c], columns, header->row_words,
                             block->row_count, err);
}

static enum sb_status block_apply(const struct sb_aggregate *aggregate,
                                  struct sb_aggregate_group *group, struct sb_block *block,
                                  struct sb_row_chunk **chunk, struct sb_op_ctx *ctx)
{
    int32_t format = sb_row_block(block)->format;
    int32_t c = format - SB_AGGREGATE_COLLECTED - aggregate->collector_count;

    if (c >= 0) {
        return words_block_apply(aggregate, group, c, block, ctx->error);
    }
    if (format == SB_AGGREGATE_PLAIN_RAW || format == SB_AGGREGATE_PLAIN_STATE) {
        return plain_block_apply(aggregate, group, block, ctx);
    }
    if (*chunk == NULL) {
        SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory,
                                          sb_aggregate_vector_count(aggregate), chunk, ctx->error));
    }
    return full_block_apply(aggregate, group, block, *chunk, ctx);
}

enum sb_status sb_aggregate_group_settle(struct sb_aggregate *aggregate,
                                         struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    enum sb_status status = SB_OK;
    struct sb_row_chunk *chunk = NULL;
    struct sb_block *block;

    while (status == SB_OK && (block = pending_pop(group)) != NULL) {
        status = block_apply(aggregate, group, block, &chunk, ctx);
        sb_block_destroy(aggregate->op.memory, block);
    }
    sb_row_chunk_destroy(chunk);
    return status;
}

/* The rows of the tables that waiting blocks are applied to. */
static int64_t rows_stored(const struct sb_aggregate *aggregate,
                           const struct sb_aggregate_group *group)
{
    int64_t count = group->plain.row_count + group->full.store.row_count;

    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        count += sb_distinct_group_weight(&group->distincts[c]);
    }
    return count;
}

enum sb_status sb_aggregate_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                     struct sb_op_ctx *ctx)
{
    struct sb_aggregate_group *group = state;

    block->next = NULL;
    *group->pending_last = block;
    group->pending_last = &block->next;
    group->pending_row_count += block->row_count;
    if (group->pending_row_count < PENDING_ROWS_MIN ||
        group->pending_row_count < rows_stored(sb_aggregate_from(op), group)) {
        return SB_OK;
    }
    return sb_aggregate_group_settle(sb_aggregate_from(op), group, ctx);
}

enum sb_status sb_aggregate_group_unite(struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk;
    int64_t rows_before;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_aggregate_group_settle(aggregate, group, ctx));
    SB_TRY_RETURN(sb_distinct_unite(aggregate, group, ctx));
    if (group->full.store.row_count == 0 || group->plain.row_count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, ctx->error));
    rows_before = group->full.store.row_count;
    for (int64_t first = 0, count; first < group->plain.row_count; first += count) {
        const uint64_t *rows;

        count = group->plain.row_count - first;
        rows = sb_word_table_run(&group->plain, first, &count);
        sb_plain_rows_load(aggregate, rows, count, chunk);
        sb_row_chunk_hash(chunk, aggregate->key_count, count);
        SB_TRY_OUT(sb_aggregate_table_merge(aggregate, &group->full, chunk, count, ctx->error));
    }
    sb_aggregate_count_merged(ctx, group->plain.row_count,
                              group->full.store.row_count - rows_before + group->spilled_count);
    group->spilled_count = 0;
    sb_word_table_deinit(&group->plain);

out:
    sb_row_chunk_destroy(chunk);
    return status;
}

// --- snapshots -----------------------------------------------------------------------------------

static enum sb_status plain_save(struct sb_aggregate *aggregate, const struct sb_word_table *table,
                                 struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                 struct sb_op_ctx *ctx)
{
    for (int64_t first = 0, count; first < table->row_count; first += count) {
        const uint64_t *rows;

        count = table->row_count - first;
        rows = sb_word_table_run(table, first, &count);
        sb_plain_rows_load(aggregate, rows, count, chunk);
        SB_TRY_RETURN(sb_row_saver_add(saver, chunk->vectors, count, ctx));
    }
    return SB_OK;
}

/* Rows of the full form; the columns of collectors are null in them. */
static enum sb_status full_save(struct sb_aggregate *aggregate, const struct sb_row_store *store,
                                struct sb_row_saver *saver, struct sb_row_chunk *chunk,
                                struct sb_op_ctx *ctx)
{
    static const uint64_t zeros[2 * SB_ROW_CHUNK];
    const struct sb_schema *schema = aggregate->state_schema;
    int32_t field_count = aggregate->key_count + aggregate->column_count;
    struct sb_row_cursor cursor = {0};
    uint8_t all_null[SB_ROW_CHUNK];
    int64_t count;

    memset(all_null, 1, sizeof all_null);
    while ((count = sb_row_cursor_next(&cursor, store, SB_ROW_CHUNK, chunk->rows)) > 0) {
        for (int32_t f = 0; f < field_count; f++) {
            sb_row_field_load(&aggregate->state_layout.fields[f], chunk->rows, count, NULL,
                              &chunk->scratches[f], &chunk->vectors[f]);
        }
        for (int32_t f = field_count; f < schema->field_count; f++) {
            chunk->vectors[f] =
                (struct sb_row_vector){sb_row_kind(&schema->fields[f].type), zeros, all_null};
        }
        SB_TRY_RETURN(sb_row_saver_add(saver, chunk->vectors, count, ctx));
    }
    return SB_OK;
}

enum sb_status sb_aggregate_on_barrier(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    return sb_aggregate_group_settle(sb_aggregate_from(op), state, ctx);
}

/* A key may be saved twice, from each form once; restoring merges. No block is pending. */
enum sb_status sb_aggregate_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;
    struct sb_row_saver saver = {0};
    struct sb_row_chunk *chunk;
    enum sb_status status;

    SB_TRY_RETURN(
        sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &chunk, ctx->error));
    SB_TRY_OUT(sb_row_saver_init(&saver, op->memory, aggregate->state_schema,
                                 group->plain.row_count + group->full.store.row_count, ctx->error));
    SB_TRY_OUT(plain_save(aggregate, &group->plain, &saver, chunk, ctx));
    SB_TRY_OUT(full_save(aggregate, &group->full.store, &saver, chunk, ctx));
    SB_TRY_OUT(sb_aggregate_collected_save(aggregate, group, &saver, chunk, ctx));
    SB_TRY_OUT(sb_row_saver_finish(&saver, ctx));

out:
    sb_row_saver_deinit(&saver);
    sb_row_chunk_destroy(chunk);
    return status;
}

/*
 * Takes rows of state or, with `c` not negative, values of a collector out of a restored chunk.
 * `from` stays as it is.
 */
static enum sb_status restore_some(struct sb_aggregate *aggregate, struct sb_aggregate_group *group,
                                   int32_t c, const struct sb_row_chunk *from, int64_t count,
                                   struct sb_row_chunk *chunk, struct sb_op_ctx *ctx)
{
    int32_t collector_at = aggregate->key_count + aggregate->column_count;
    const struct sb_row_vector *collectors = &from->vectors[collector_at];
    int32_t vector_count = c < 0 ? collector_at : aggregate->key_count + 1;
    uint16_t places[SB_ROW_CHUNK];
    int64_t found = 0;

    for (int64_t i = 0; i < count; i++) {
        bool is_null = collectors->nulls != NULL && collectors->nulls[i];
        places[found] = (uint16_t)i;
        found += c < 0 ? is_null : !is_null && (int64_t)collectors->words[i] == c;
    }
    if (found == 0) {
        return SB_OK;
    }
    for (int32_t v = 0; v < vector_count; v++) {
        const struct sb_row_vector *vector = &from->vectors[v];
        if (c >= 0 && v == aggregate->key_count) {
            vector = &from->vectors[collector_at + 1 + c];
        }
        sb_row_vector_gather(vector, places, found, &chunk->scratches[v], &chunk->vectors[v]);
    }
    sb_row_chunk_hash(chunk, aggregate->key_count, found);
    return c < 0 ? sb_aggregate_table_merge(aggregate, &group->full, chunk, found, ctx->error)
                 : sb_aggregate_collect(aggregate, group, c, chunk, found, ctx);
}

static enum sb_status collected_restore(struct sb_aggregate *aggregate,
                                        struct sb_aggregate_group *group,
                                        const struct sb_row_chunk *from, int64_t count,
                                        struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_row_chunk_create(aggregate->op.memory, sb_aggregate_vector_count(aggregate),
                                      &chunk, ctx->error));
    for (int32_t c = -1; c < aggregate->collector_count && status == SB_OK; c++) {
        status = restore_some(aggregate, group, c, from, count, chunk, ctx);
    }
    sb_row_chunk_destroy(chunk);
    return status;
}

/* The chunk's vectors as plain rows, if they fit. */
static enum sb_status plain_restore(struct sb_aggregate *aggregate,
                                    struct sb_aggregate_group *group, struct sb_row_chunk *chunk,
                                    int64_t count, bool *is_done, struct sb_error *err)
{
    int64_t row_words = aggregate->plain_state.row_words;
    size_t size = sizeof(uint64_t) * (size_t)(row_words * count);
    uint64_t *words;
    enum sb_status status = SB_OK;

    *is_done = false;
    if (!aggregate->is_plain) {
        return SB_OK;
    }
    words = sb_memory_alloc(aggregate->op.memory, size);
    if (words == NULL) {
        return sb_error_no_memory(err, "restored rows", (int64_t)size);
    }
    *is_done = sb_plain_rows_store(aggregate, chunk, count, words);
    for (int64_t first = 0; *is_done && first < count; first += SB_WORD_CHUNK) {
        const uint64_t *rows = words + first * row_words;
        int64_t part = count - first < SB_WORD_CHUNK ? count - first : SB_WORD_CHUNK;
        SB_TRY_OUT(sb_word_table_guess(&group->plain, rows, row_words, part, chunk->rows, err));
        SB_TRY_OUT(plain_absorb(aggregate, group, rows, row_words, false, chunk->rows, part, err));
    }

out:
    sb_memory_free(aggregate->op.memory, words, size);
    return status;
}

static enum sb_status chunk_restore(struct sb_aggregate *aggregate,
                                    struct sb_aggregate_group *group, struct sb_row_chunk *chunk,
                                    int64_t count, struct sb_op_ctx *ctx)
{
    bool is_done;

    if (aggregate->collector_count > 0) {
        return collected_restore(aggregate, group, chunk, count, ctx);
    }
    SB_TRY_RETURN(plain_restore(aggregate, group, chunk, count, &is_done, ctx->error));
    return is_done ? SB_OK
                   : sb_aggregate_table_merge(aggregate, &group->full, chunk, count, ctx->error);
}

enum sb_status sb_aggregate_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                    struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_group *group = state;
    int64_t rows_before = group->full.store.row_count + group->plain.row_count;
    struct sb_row_chunk *chunk = NULL;
    enum sb_status status;

    SB_TRY_OUT(
        sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &chunk, ctx->error));
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(
            sb_row_snapshot_load(batch, first, count, aggregate->key_count, chunk, ctx->error));
        SB_TRY_OUT(chunk_restore(aggregate, group, chunk, count, ctx));
    }
    sb_row_store_reset(&group->changed); // what had changed was emitted before the snapshot
    group->round++;
    if (aggregate->collector_count == 0) {
        sb_aggregate_count_merged(ctx, batch->row_count,
                                  group->full.store.row_count + group->plain.row_count -
                                      rows_before);
    }

out:
    sb_row_chunk_destroy(chunk);
    sb_batch_deinit(batch);
    return status;
}
