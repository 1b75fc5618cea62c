// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_local.c - the local half: fold what repeats, pass on what does not.
 *
 * Rows are folded into a table that stays in L2; when it is full its rows go to their key groups.
 * Where keys hardly ever repeat that is wasted work, so after a table that filled with little to
 * fold, rows go to the groups as they come, for a while. Rows without a null take the plain form if
 * there is one; each form has its own table and its own judgement.
 *
 * Here are the hooks and the full form; aggregate_local_plain.c has the plain form, and
 * aggregate_local_collect.c the steps that need the values themselves.
 */
#include "exec/ops/aggregate_local_internal.h"

enum {
    FULL_BYTES_MAX = 1024 * 1024, // of rows and index of the table
    FULL_HEAP_MAX = 1024 * 1024,  // of its text
    WORTHWHILE = 5,               // rows in for each row out that make a local table pay
    BYPASS_TABLES = 32,           // rows passed on before trying again, in full tables;
    BYPASS_DOUBLINGS = 5,         // twice as many after each vain try, so often
};

void sb_aggregate_local_destroy(struct sb_op *op, int32_t port, void *state)
{
    struct sb_aggregate_local *local = state;

    sb_row_table_deinit(&local->full);
    sb_row_scatter_deinit(&local->raws);
    sb_row_scatter_deinit(&local->states);
    sb_row_chunk_destroy(local->chunk);
    sb_row_chunk_destroy(local->moved);
    sb_row_chunk_destroy(local->stray);
    sb_aggregate_local_collect_deinit(sb_aggregate_from(op), local);
    sb_aggregate_local_plain_deinit(sb_aggregate_from(op), local);
    sb_memory_free(op->memory, local, sizeof *local);
}

enum sb_status sb_aggregate_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                         void **out)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_local *local = sb_memory_alloc_zeroed(op->memory, sizeof *local);
    enum sb_status status;

    if (local == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *local);
    }
    sb_row_table_init(&local->full, op->memory, &aggregate->state_layout, aggregate->initial_row);
    sb_row_scatter_init(&local->raws, op, &aggregate->raw_layout, SB_AGGREGATE_RAW);
    sb_row_scatter_init(&local->states, op, &aggregate->state_layout, SB_AGGREGATE_STATE);
    // A row, and the two to four slots it has in the index.
    local->full_rows_max = FULL_BYTES_MAX / (8 * (aggregate->state_layout.row_words + 3));
    SB_TRY_OUT(sb_aggregate_local_plain_init(aggregate, local, ctx->error));
    SB_TRY_OUT(sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &local->chunk,
                                   ctx->error));
    SB_TRY_OUT(sb_aggregate_local_collect_init(aggregate, local, ctx->error));
    *out = local;
    return SB_OK;

out:
    sb_aggregate_local_destroy(op, port, local);
    return status;
}

void sb_local_balance_close(struct sb_local_balance *balance, int64_t row_count, int64_t rows_max,
                            struct sb_op_ctx *ctx)
{
    int64_t merged = balance->absorbed_count - row_count - balance->split_count;

    sb_op_count(ctx, SB_LEDGER_MERGED, merged);
    sb_op_count(ctx, SB_LEDGER_HELD, -merged);
    if (balance->absorbed_count >= WORTHWHILE * row_count) {
        balance->vain_count = 0;
    } else if (row_count >= rows_max) {
        balance->bypass_count = BYPASS_TABLES * rows_max << balance->vain_count;
        balance->vain_count += balance->vain_count < BYPASS_DOUBLINGS;
    }
    balance->absorbed_count = 0;
    balance->split_count = 0;
}

// --- the full form -------------------------------------------------------------------------------

static enum sb_status full_send(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                struct sb_op_ctx *ctx)
{
    const struct sb_row_layout *layout = &aggregate->state_layout;
    struct sb_row_chunk *chunk = local->chunk;
    struct sb_row_cursor cursor = {0};
    int64_t count;

    while ((count = sb_row_cursor_next(&cursor, &local->full.store, SB_ROW_CHUNK, chunk->rows)) >
           0) {
        for (int64_t i = 0; i < count; i++) {
            chunk->hashes[i] = chunk->rows[i][layout->hash_word];
        }
        for (int32_t f = 0; f < layout->field_count; f++) {
            sb_row_field_load(&layout->fields[f], chunk->rows, count, NULL, &chunk->scratches[f],
                              &chunk->vectors[f]);
        }
        SB_TRY_RETURN(sb_row_scatter_append(&local->states, chunk, count, ctx));
    }
    sb_local_balance_close(&local->full_balance, local->full.store.row_count, local->full_rows_max,
                           ctx);
    sb_row_table_reset(&local->full);
    return SB_OK;
}

static enum sb_status full_apply(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                 struct sb_row_chunk *chunk, int64_t count, struct sb_op_ctx *ctx)
{
    sb_row_chunk_hash(chunk, aggregate->key_count, count);
    if (local->full_balance.bypass_count > 0) {
        local->full_balance.bypass_count -= count;
        return sb_row_scatter_append(&local->raws, chunk, count, ctx);
    }
    SB_TRY_RETURN(sb_aggregate_table_update(aggregate, &local->full, chunk, count, ctx->error));
    local->full_balance.absorbed_count += count;
    if (local->full.store.row_count >= local->full_rows_max ||
        local->full.store.heap.bytes_used >= FULL_HEAP_MAX) {
        return full_send(aggregate, local, ctx);
    }
    return SB_OK;
}

/* Without keys one row takes all. */
static enum sb_status keyless_apply(struct sb_aggregate *aggregate,
                                    struct sb_aggregate_local *local, int64_t count,
                                    struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &local->full;
    struct sb_row_chunk *chunk = local->chunk;

    chunk->hashes[0] = 0;
    SB_TRY_RETURN(sb_row_table_upsert(table, NULL, chunk->hashes, 1, chunk->rows, ctx->error));
    for (int32_t s = 0; s < aggregate->step_count; s++) {
        SB_TRY_RETURN(sb_aggregate_reduce(aggregate, s, chunk->rows[0], chunk->vectors, count,
                                          &table->store.heap, ctx->error));
    }
    local->full_balance.absorbed_count += count;
    return SB_OK;
}

static enum sb_status totals_apply(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                   const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &local->full;
    struct sb_row_chunk *chunk = local->chunk;

    chunk->hashes[0] = 0;
    SB_TRY_RETURN(sb_row_table_upsert(table, NULL, chunk->hashes, 1, chunk->rows, ctx->error));
    local->full_balance.absorbed_count += batch->row_count;
    return sb_aggregate_total(aggregate, batch, chunk->rows[0], &table->store.heap, ctx->error);
}

// --- rows that are not plain ---------------------------------------------------------------------

/*
 * Moves rows of the chunk that have a null, or are marked already, to local->moved; where all do,
 * they stay. Says how many are plain.
 */
static enum sb_status chunk_split(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                  uint8_t *moved, int64_t count, int64_t *kept,
                                  struct sb_error *err)
{
    int32_t vector_count = aggregate->key_count + aggregate->arg_count;
    uint16_t others[SB_ROW_CHUNK];
    uint16_t whole[SB_ROW_CHUNK];
    int64_t whole_count = 0;

    if (local->moved == NULL) {
        SB_TRY_RETURN(sb_row_chunk_create(
            aggregate->op.memory, sb_aggregate_vector_count(aggregate), &local->moved, err));
    }
    for (int32_t v = 0; v < vector_count; v++) {
        const uint8_t *nulls = local->chunk->vectors[v].nulls;
        for (int64_t i = 0; nulls != NULL && i < count; i++) {
            moved[i] |= nulls[i];
        }
    }
    for (int64_t i = 0; i < count; i++) { // both are written, one stays: no branch on the data
        others[i - whole_count] = (uint16_t)i;
        whole[whole_count] = (uint16_t)i;
        whole_count += !moved[i];
    }
    *kept = whole_count;
    if (whole_count == 0) {
        return SB_OK;
    }
    for (int32_t v = 0; v < vector_count; v++) {
        struct sb_row_vector *vector = &local->chunk->vectors[v];

        sb_row_vector_gather(vector, others, count - whole_count, &local->moved->scratches[v],
                             &local->moved->vectors[v]);
        vector->nulls = NULL;
        sb_row_vector_gather(vector, whole, whole_count, &local->chunk->scratches[v], vector);
    }
    return SB_OK;
}

/* Rows of the chunk with the hash of another key take the full form. */
static enum sb_status strays_apply(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                   struct sb_op_ctx *ctx)
{
    int64_t count = local->stray_count;

    local->stray_count = 0;
    if (sb_likely(count == 0)) {
        return SB_OK;
    }
    if (local->stray == NULL) {
        SB_TRY_RETURN(sb_row_chunk_create(
            aggregate->op.memory, sb_aggregate_vector_count(aggregate), &local->stray, ctx->error));
    }
    for (int32_t v = 0; v < aggregate->key_count + aggregate->arg_count; v++) {
        sb_row_vector_gather(&local->chunk->vectors[v], local->stray_places, count,
                             &local->stray->scratches[v], &local->stray->vectors[v]);
    }
    return full_apply(aggregate, local, local->stray, count, ctx);
}

// --- hooks ---------------------------------------------------------------------------------------

static enum sb_status keyed_apply(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                  int64_t count, bool has_nulls, struct sb_op_ctx *ctx)
{
    uint8_t moved[SB_ROW_CHUNK] = {0};
    int64_t kept = aggregate->is_plain ? count : 0;

    if (aggregate->is_plain &&
        (sb_plain_keys_misfit(aggregate, local->chunk, count, moved) || has_nulls)) {
        SB_TRY_RETURN(chunk_split(aggregate, local, moved, count, &kept, ctx->error));
    }
    if (kept == 0) {
        return full_apply(aggregate, local, local->chunk, count, ctx);
    }
    SB_TRY_RETURN(sb_aggregate_local_plain_apply(aggregate, local, kept, ctx));
    SB_TRY_RETURN(strays_apply(aggregate, local, ctx));
    return kept < count ? full_apply(aggregate, local, local->moved, count - kept, ctx) : SB_OK;
}

/* Where all steps are words, only a row with a null has something left to say: that it was there.
 */
static enum sb_status words_apply(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                                  int64_t count, bool has_nulls, struct sb_op_ctx *ctx)
{
    uint8_t moved[SB_ROW_CHUNK] = {0};
    int64_t kept = count;

    if (has_nulls) {
        SB_TRY_RETURN(chunk_split(aggregate, local, moved, count, &kept, ctx->error));
    }
    sb_aggregate_count_merged(ctx, kept, 0);
    if (kept == count) {
        return SB_OK;
    }
    return full_apply(aggregate, local, kept == 0 ? local->chunk : local->moved, count - kept, ctx);
}

/* The numbers of rows from `first` on, of a batch that begins with `order`. */
static void orders_load(const uint64_t order[2], int64_t first, int64_t count,
                        struct sb_row_scratch *scratch, struct sb_row_vector *out)
{
    sb_aggregate_int128 number = sb_wide_load(order) + first;

    *out = (struct sb_row_vector){SB_ROW_WIDE, scratch->words, NULL};
    for (int64_t i = 0; i < count; i++) {
        sb_wide_store(scratch->words + 2 * i, number + i);
    }
}

static enum sb_status vectors_load(const struct sb_aggregate *aggregate,
                                   const struct sb_batch *batch, const uint64_t order[2],
                                   int64_t first, int64_t count, struct sb_row_chunk *chunk,
                                   bool *has_nulls, struct sb_error *err)
{
    const uint32_t *rows = sb_batch_rows(batch);
    int32_t v = 0;

    *has_nulls = false;
    for (int32_t k = 0; k < aggregate->key_count; k++, v++) {
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[aggregate->keys[k]], rows, first, count,
                                         SB_ROW_CANONICAL, &chunk->scratches[v], &chunk->vectors[v],
                                         err));
        *has_nulls = *has_nulls || chunk->vectors[v].nulls != NULL;
    }
    for (int32_t a = 0; a < aggregate->arg_count; a++, v++) {
        const struct sb_aggregate_arg *arg = &aggregate->args[a];
        if (arg->column < 0) {
            orders_load(order, first, count, &chunk->scratches[v], &chunk->vectors[v]);
            continue;
        }
        SB_TRY_RETURN(sb_row_vector_load(&batch->columns[arg->column], rows, first, count,
                                         arg->reading, &chunk->scratches[v], &chunk->vectors[v],
                                         err));
        *has_nulls = *has_nulls || chunk->vectors[v].nulls != NULL;
    }
    return SB_OK;
}

enum sb_status sb_aggregate_on_batch(struct sb_op *op, void *state, int32_t port,
                                     struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_local *local = state;
    enum sb_status status = SB_OK;
    uint64_t order[2] = {0};

    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);
    if (batch->row_count > 0 && sb_aggregate_is_total(aggregate, batch)) {
        status = totals_apply(aggregate, local, batch, ctx);
        goto out;
    }
    if (aggregate->order_arg >= 0) {
        sb_op_order(ctx, batch->row_count, order);
    }
    for (int64_t first = 0; first < batch->row_count; first += SB_ROW_CHUNK) {
        int64_t count = batch->row_count - first;
        bool has_nulls;

        count = count < SB_ROW_CHUNK ? count : SB_ROW_CHUNK;
        SB_TRY_OUT(vectors_load(aggregate, batch, order, first, count, local->chunk, &has_nulls,
                                ctx->error));
        SB_TRY_OUT(
            sb_aggregate_local_collect_apply(aggregate, local, batch, order, first, count, ctx));
        if (aggregate->is_words) {
            SB_TRY_OUT(words_apply(aggregate, local, count, has_nulls, ctx));
        } else if (aggregate->key_count > 0) {
            SB_TRY_OUT(keyed_apply(aggregate, local, count, has_nulls, ctx));
        } else {
            SB_TRY_OUT(keyless_apply(aggregate, local, count, ctx));
        }
    }

out:
    sb_batch_deinit(batch);
    return status;
}

enum sb_status sb_aggregate_on_flush(struct sb_op *op, void *state, int32_t port,
                                     struct sb_op_ctx *ctx)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct sb_aggregate_local *local = state;

    SB_TRY_RETURN(full_send(aggregate, local, ctx));
    SB_TRY_RETURN(sb_aggregate_local_plain_send(aggregate, local, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->raws, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->states, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->plain_raws, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->plain_states, ctx));
    return sb_aggregate_local_collect_flush(aggregate, local, ctx);
}
