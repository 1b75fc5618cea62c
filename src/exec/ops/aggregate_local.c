// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_local.c - the local half: fold what repeats, pass on what does not.
 *
 * Rows are folded into a table that stays in L2; when it is full its rows go to their key groups.
 * Where keys hardly ever repeat that is wasted work, so after a table that filled with little to
 * fold, rows go to the groups as they come, for a while. Rows without a null take the plain form if
 * there is one; each form has its own table and its own judgement.
 */
#include "exec/ops/aggregate_internal.h"

enum {
    LOCAL_BYTES_MAX = 1024 * 1024, // of the plain table: a usual L2, of which it touches half
    WIDE_BYTES_MAX = 2 * LOCAL_BYTES_MAX, // with keys of several words: of wide rows hardly any
                                          // empty slot is touched
    FULL_BYTES_MAX = 1024 * 1024,         // of rows and index of the full table
    FULL_HEAP_MAX = 1024 * 1024,          // of its text
    PLAIN_ROWS_MIN = 256,                 // of the plain table, to begin with
    PLAIN_GROWTH = 4,
    WORTHWHILE = 5,       // rows in for each row out that make a local table pay
    BYPASS_TABLES = 32,   // rows passed on before trying again, in full tables;
    BYPASS_DOUBLINGS = 5, // twice as many after each vain try, so often
};

/* One form's table and what it has been worth. */
struct local_balance {
    int64_t absorbed_count; // rows folded into the table since it was empty
    int64_t split_count;    // rows sent beyond one for each row of the table
    int64_t bypass_count;   // rows still to be passed on as they come
    int32_t vain_count;     // tries since one was worth it
};

/* The local half of a collecting step. */
struct local_collector {
    struct sb_row_recent recent; // DISTINCT: what was sent lately
    struct sb_row_scatter values;
    struct sb_distinct_local distinct; // words
};

struct aggregate_local {
    struct sb_row_chunk *chunk;
    struct sb_row_chunk *moved; // the rows of a chunk that are not plain; made with the first
    struct sb_row_chunk *stray; // those with the hash of another key
    const uint64_t **columns;   // [plain_raw.row_words]: words of the chunk
    uint64_t *key_words;        // [plain_key_words * SB_ROW_CHUNK]: those that are not borrowed
    uint16_t stray_places[SB_ROW_CHUNK];
    int64_t stray_count;

    struct sb_row_table full;
    int64_t full_rows_max;
    struct local_balance full_balance;
    struct sb_row_scatter raws;
    struct sb_row_scatter states;

    struct local_collector *collectors; // [collector_count]
    struct sb_row_chunk *collected;     // keys and values of a collector
    struct sb_row_heap listed;          // values of a chunk on their way to a list

    struct sb_word_slots plain;
    int64_t plain_rows_max;
    struct local_balance plain_balance;
    struct sb_row_scatter plain_raws;
    struct sb_row_scatter plain_states;
};

static size_t columns_size(const struct sb_aggregate *aggregate)
{
    return sizeof(uint64_t *) * (size_t)aggregate->plain_raw.row_words;
}

static size_t key_words_size(const struct sb_aggregate *aggregate)
{
    return sizeof(uint64_t) * SB_ROW_CHUNK * (size_t)aggregate->plain_key_words;
}

static size_t collectors_size(const struct sb_aggregate *aggregate)
{
    return sizeof(struct local_collector) * (size_t)aggregate->collector_count;
}

void sb_aggregate_local_destroy(struct sb_op *op, int32_t port, void *state)
{
    struct aggregate_local *local = state;

    sb_row_table_deinit(&local->full);
    sb_word_slots_deinit(&local->plain);
    sb_row_scatter_deinit(&local->raws);
    sb_row_scatter_deinit(&local->states);
    sb_row_scatter_deinit(&local->plain_raws);
    sb_row_scatter_deinit(&local->plain_states);
    sb_row_chunk_destroy(local->chunk);
    sb_row_chunk_destroy(local->moved);
    sb_row_chunk_destroy(local->stray);
    sb_row_chunk_destroy(local->collected);
    sb_row_heap_deinit(&local->listed);
    for (int32_t c = 0; local->collectors != NULL && c < sb_aggregate_from(op)->collector_count;
         c++) {
        sb_row_recent_deinit(&local->collectors[c].recent);
        sb_row_scatter_deinit(&local->collectors[c].values);
        if (sb_aggregate_from(op)->collectors[c].is_words) {
            sb_distinct_local_deinit(&local->collectors[c].distinct);
        }
    }
    if (local->collectors != NULL) {
        sb_memory_free(op->memory, local->collectors, collectors_size(sb_aggregate_from(op)));
    }
    if (local->columns != NULL) {
        sb_memory_free(op->memory, local->columns, columns_size(sb_aggregate_from(op)));
    }
    if (local->key_words != NULL) {
        sb_memory_free(op->memory, local->key_words, key_words_size(sb_aggregate_from(op)));
    }
    sb_memory_free(op->memory, local, sizeof *local);
}

static enum sb_status collectors_init(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                      struct sb_error *err)
{
    struct sb_memory *memory = aggregate->op.memory;

    if (aggregate->collector_count == 0) {
        return SB_OK;
    }
    local->listed.memory = memory;
    local->collectors = sb_memory_alloc_zeroed(memory, collectors_size(aggregate));
    if (local->collectors == NULL) {
        return sb_error_no_memory(err, "local state", (int64_t)collectors_size(aggregate));
    }
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        sb_row_recent_init(&local->collectors[c].recent, memory, &collector->entries,
                           collector->initial_entry);
        sb_row_scatter_init(&local->collectors[c].values, &aggregate->op, &collector->layout,
                            SB_AGGREGATE_COLLECTED + c);
        if (collector->is_words) {
            sb_distinct_local_init(&local->collectors[c].distinct, aggregate, c);
        }
    }
    return sb_row_chunk_create(memory, aggregate->key_count + 1, &local->collected, err);
}

/* Half-built is fine: the caller destroys it. */
static enum sb_status plain_init(const struct sb_aggregate *aggregate,
                                 struct aggregate_local *local, struct sb_error *err)
{
    size_t size;

    if (!aggregate->is_plain) {
        return SB_OK;
    }
    local->plain_rows_max = (aggregate->plain_key_words > 0 ? WIDE_BYTES_MAX : LOCAL_BYTES_MAX) /
                            (2 * 8 * aggregate->plain_state.row_words);
    size = columns_size(aggregate);
    local->columns = sb_memory_alloc(aggregate->op.memory, size);
    if (local->columns == NULL) {
        return sb_error_no_memory(err, "local state", (int64_t)size);
    }
    size = key_words_size(aggregate);
    if (size > 0) {
        local->key_words = sb_memory_alloc(aggregate->op.memory, size);
        if (local->key_words == NULL) {
            return sb_error_no_memory(err, "local state", (int64_t)size);
        }
    }
    return sb_word_slots_resize(&local->plain, PLAIN_ROWS_MIN, err);
}

enum sb_status sb_aggregate_local_create(struct sb_op *op, int32_t port, struct sb_op_ctx *ctx,
                                         void **out)
{
    struct sb_aggregate *aggregate = sb_aggregate_from(op);
    struct aggregate_local *local = sb_memory_alloc_zeroed(op->memory, sizeof *local);
    enum sb_status status;

    if (local == NULL) {
        return sb_error_no_memory(ctx->error, "local state", (int64_t)sizeof *local);
    }
    sb_row_table_init(&local->full, op->memory, &aggregate->state_layout, aggregate->initial_row);
    sb_row_scatter_init(&local->raws, op, &aggregate->raw_layout, SB_AGGREGATE_RAW);
    sb_row_scatter_init(&local->states, op, &aggregate->state_layout, SB_AGGREGATE_STATE);
    // A row, and the two to four slots it has in the index.
    local->full_rows_max = FULL_BYTES_MAX / (8 * (aggregate->state_layout.row_words + 3));
    sb_word_slots_init(&local->plain, op->memory, aggregate->plain_state.row_words,
                       aggregate->plain_initial_row);
    sb_row_scatter_init(&local->plain_raws, op, &aggregate->plain_raw, SB_AGGREGATE_PLAIN_RAW);
    sb_row_scatter_init(&local->plain_states, op, &aggregate->plain_state,
                        SB_AGGREGATE_PLAIN_STATE);
    SB_TRY_OUT(sb_row_chunk_create(op->memory, sb_aggregate_vector_count(aggregate), &local->chunk,
                                   ctx->error));
    SB_TRY_OUT(collectors_init(aggregate, local, ctx->error));
    SB_TRY_OUT(plain_init(aggregate, local, ctx->error));
    *out = local;
    return SB_OK;

out:
    sb_aggregate_local_destroy(op, port, local);
    return status;
}

/* A table with `row_count` rows has been sent: counts it, and judges whether it was worth it. */
static void balance_close(struct local_balance *balance, int64_t row_count, int64_t rows_max,
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

static enum sb_status full_send(struct sb_aggregate *aggregate, struct aggregate_local *local,
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
    balance_close(&local->full_balance, local->full.store.row_count, local->full_rows_max, ctx);
    sb_row_table_reset(&local->full);
    return SB_OK;
}

static enum sb_status full_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
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
static enum sb_status keyless_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                    int64_t count, struct sb_op_ctx *ctx)
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

static enum sb_status totals_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                   const struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct sb_row_table *table = &local->full;
    struct sb_row_chunk *chunk = local->chunk;

    chunk->hashes[0] = 0;
    SB_TRY_RETURN(sb_row_table_upsert(table, NULL, chunk->hashes, 1, chunk->rows, ctx->error));
    local->full_balance.absorbed_count += batch->row_count;
    return sb_aggregate_total(aggregate, batch, chunk->rows[0], &table->store.heap, ctx->error);
}

// --- the plain form ------------------------------------------------------------------------------

static enum sb_status plain_send(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                 struct sb_op_ctx *ctx)
{
    struct sb_word_slots *slots = &local->plain;
    int64_t position = 0;
    int64_t count;

    if (slots->row_count > 0) {
        while ((count = sb_word_slots_next(slots, &position, SB_ROW_CHUNK, local->chunk->rows)) >
               0) {
            SB_TRY_RETURN(
                sb_row_scatter_rows(&local->plain_states, local->chunk->rows, count, ctx));
        }
        balance_close(&local->plain_balance, slots->row_count, local->plain_rows_max, ctx);
        sb_word_slots_reset(slots);
    }
    return SB_OK;
}

/* Sends what a step of one row has come to, as a row of its own, and starts it afresh. */
static enum sb_status plain_split(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                  uint64_t *row, const struct sb_plain_step *step,
                                  struct sb_op_ctx *ctx)
{
    uint64_t part[SB_PLAIN_WORDS_MAX];
    uint64_t *rows[] = {part};

    memcpy(part, aggregate->plain_initial_row,
           sizeof *part * (size_t)aggregate->plain_state.row_words);
    memcpy(part, row, sizeof *part * (size_t)(1 + aggregate->plain_key_words));
    part[step->word] = row[step->word];
    row[step->word] = sb_plain_initial(step);
    local->plain_balance.split_count++;
    return sb_row_scatter_rows(&local->plain_states, rows, 1, ctx);
}

/* Folds rows [first, first + count) of the chunk into the state rows found for them. */
static enum sb_status plain_fold(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                 int64_t first, int64_t count, struct sb_op_ctx *ctx)
{
    uint64_t **rows = local->chunk->rows;

    for (int32_t p = 0; p < aggregate->plain_step_count; p++) {
        const struct sb_plain_step *step = &aggregate->plain_steps[p];
        const uint64_t *values = step->raw_word < 0 ? NULL : local->columns[step->raw_word] + first;
        int64_t done = sb_plain_fold(step, false, rows, values, 1, count);

        while (sb_unlikely(done < count)) { // a sum would overflow
            SB_TRY_RETURN(plain_split(aggregate, local, rows[done], step, ctx));
            done += sb_plain_fold(step, false, rows + done, values + done, 1, count - done);
        }
    }
    local->plain_balance.absorbed_count += count;
    return SB_OK;
}

static enum sb_status plain_pass_on(struct aggregate_local *local, int32_t column_count,
                                    int64_t first, int64_t count, struct sb_op_ctx *ctx)
{
    for (int32_t c = 0; c < column_count; c++) {
        local->columns[c] += first;
    }
    local->plain_balance.bypass_count -= count - first;
    return sb_row_scatter_columns(&local->plain_raws, local->columns, count - first, ctx);
}

/* The table is full: makes it larger, or sends what it holds. */
static enum sb_status plain_make_room(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                      struct sb_op_ctx *ctx)
{
    struct sb_word_slots *slots = &local->plain;
    int64_t rows_max = PLAIN_GROWTH * slots->pair_count;

    if (slots->pair_count == local->plain_rows_max) {
        return plain_send(aggregate, local, ctx);
    }
    rows_max = rows_max < local->plain_rows_max ? rows_max : local->plain_rows_max;
    return sb_word_slots_resize(slots, rows_max, ctx->error);
}

/* Of `count` rows found for keys from `first` on, those before one that is another key's. */
static int64_t rows_claim(const struct sb_aggregate *aggregate, struct aggregate_local *local,
                          int64_t first, int64_t count)
{
    int64_t i = 0;

    while (i < count && sb_plain_key_claim(local->chunk->rows[i], aggregate->plain_key_words,
                                           aggregate->plain_mark_word, local->columns, first + i)) {
        i++;
    }
    return i;
}

/*
 * Finds the rows of keys from `first` on and folds, up to a key for which there is no room, or
 * past one with the hash of another: `*done` of at most `count`.
 */
static enum sb_status plain_absorb(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                   int64_t first, int64_t count, int64_t *done,
                                   struct sb_op_ctx *ctx)
{
    int64_t found =
        sb_word_slots_upsert(&local->plain, local->columns[0] + first, count, local->chunk->rows);
    int64_t claimed = rows_claim(aggregate, local, first, found);

    *done = claimed;
    if (claimed < found) {
        local->stray_places[local->stray_count++] = (uint16_t)(first + claimed);
        ++*done;
    }
    SB_TRY_RETURN(plain_fold(aggregate, local, first, claimed, ctx));
    return found < count && claimed == found ? plain_make_room(aggregate, local, ctx) : SB_OK;
}

/* The words of the chunk's plain rows. */
static void columns_set(struct sb_aggregate *aggregate, struct aggregate_local *local,
                        int64_t count)
{
    sb_plain_keys_pack(aggregate, local->chunk, count, local->key_words, local->columns);
    for (int32_t a = 0; a < aggregate->plain_arg_count; a++) {
        local->columns[1 + aggregate->plain_key_words + a] =
            local->chunk->vectors[aggregate->key_count + aggregate->plain_args[a]].words;
    }
}

static enum sb_status plain_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                  int64_t count, struct sb_op_ctx *ctx)
{
    int64_t first = 0;

    columns_set(aggregate, local, count);
    while (first < count && local->plain_balance.bypass_count <= 0) {
        int64_t part = count - first < SB_WORD_CHUNK ? count - first : SB_WORD_CHUNK;
        int64_t done;

        if (aggregate->fused_pattern != 0) {
            done = sb_fused_absorb_columns(aggregate, &local->plain, local->columns, first,
                                           count - first);
            local->plain_balance.absorbed_count += done;
            first += done;
            part = first < count ? 1 : 0; // what the fused kernel leaves
        }
        if (part > 0) {
            SB_TRY_RETURN(plain_absorb(aggregate, local, first, part, &done, ctx));
            first += done;
        }
    }
    return first == count ? SB_OK
                          : plain_pass_on(local, aggregate->plain_raw.row_words, first, count, ctx);
}

/* Rows of the chunk with the hash of another key take the full form. */
static enum sb_status strays_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
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

// --- rows that are not plain ---------------------------------------------------------------------

/*
 * Moves rows of the chunk that have a null, or are marked already, to local->moved; where all do,
 * they stay. Says how many are plain.
 */
static enum sb_status chunk_split(struct sb_aggregate *aggregate, struct aggregate_local *local,
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

// --- collecting steps ----------------------------------------------------------------------------

/* The values of a collector that are not null, with their keys. */
static int64_t collected_load(const struct sb_aggregate *aggregate,
                              const struct sb_aggregate_collector *collector,
                              const struct sb_row_chunk *from, int64_t count,
                              struct sb_row_chunk *out)
{
    const struct sb_aggregate_step *step = &aggregate->steps[collector->step];
    const struct sb_row_vector *arg = &from->vectors[aggregate->key_count + collector->arg];
    struct sb_row_scratch *scratch = &out->scratches[aggregate->key_count];
    struct sb_row_vector *values = &out->vectors[aggregate->key_count];
    uint16_t places[SB_ROW_CHUNK];
    int64_t found = 0;

    if (arg->nulls == NULL && step->kind != SB_STEP_VALUES) {
        memcpy(out->vectors, from->vectors, sizeof *out->vectors * (size_t)aggregate->key_count);
        *values = *arg;
        return count;
    }
    for (int64_t i = 0; i < count; i++) {
        places[found] = (uint16_t)i;
        found += arg->nulls == NULL || !arg->nulls[i];
    }
    for (int32_t k = 0; k < aggregate->key_count; k++) {
        out->vectors[k] = from->vectors[k];
        if (found < count) {
            sb_row_vector_gather(&from->vectors[k], places, found, &out->scratches[k],
                                 &out->vectors[k]);
        }
    }
    if (step->kind == SB_STEP_VALUES) {
        for (int64_t i = 0; i < found; i++) {
            scratch->words[i] = sb_float_word(sb_aggregate_number(step, arg, places[i]));
        }
        *values = (struct sb_row_vector){SB_ROW_FLOAT, scratch->words, NULL};
        return found;
    }
    *values = *arg;
    if (found < count) {
        sb_row_vector_gather(arg, places, found, scratch, values);
        values->nulls = NULL;
    }
    return found;
}

/* Sends the values of each collecting step to where their keys are. */
static enum sb_status collect_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
                                    const struct sb_batch *batch, const uint64_t order[2],
                                    int64_t first, int64_t count, struct sb_op_ctx *ctx)
{
    struct sb_row_chunk *chunk = local->collected;
    uint64_t pair_hashes[SB_ROW_CHUNK];
    struct sb_distinct_words words;

    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        const struct sb_aggregate_collector *collector = &aggregate->collectors[c];
        bool is_list = aggregate->steps[collector->step].kind == SB_STEP_LIST;
        int64_t found =
            is_list ? count : collected_load(aggregate, collector, local->chunk, count, chunk);

        if (is_list) {
            memcpy(chunk->vectors, local->chunk->vectors,
                   sizeof *chunk->vectors * (size_t)aggregate->key_count);
            sb_row_heap_reset(&local->listed);
            SB_TRY_RETURN(sb_aggregate_list_load(
                &batch->columns[aggregate->args[collector->arg].column], sb_batch_rows(batch),
                order, first, count, &local->listed, &chunk->scratches[aggregate->key_count],
                &chunk->vectors[aggregate->key_count], ctx->error));
        }
        if (collector->is_words) {
            int64_t taken = sb_distinct_split(aggregate, chunk, &found, &words);
            SB_TRY_RETURN(sb_distinct_send(&local->collectors[c].distinct, &words, taken, ctx));
            if (found == 0) {
                continue;
            }
        }
        sb_row_chunk_hash(chunk, aggregate->key_count, found);
        if (aggregate->steps[collector->step].kind == SB_STEP_DISTINCT) {
            memcpy(pair_hashes, chunk->hashes, sizeof *pair_hashes * (size_t)found);
            sb_row_vector_hash(&chunk->vectors[aggregate->key_count], found,
                               aggregate->key_count == 0, pair_hashes);
            if (aggregate->key_count == 0 && !aggregate->emits_updates) {
                // Without keys any group will do: values are spread and counts added up at the end.
                memcpy(chunk->hashes, pair_hashes, sizeof *pair_hashes * (size_t)found);
            }
            SB_TRY_RETURN(sb_row_recent_pick(&local->collectors[c].recent, pair_hashes,
                                             aggregate->key_count + 1, chunk, &found, ctx->error));
        }
        SB_TRY_RETURN(sb_row_scatter_append(&local->collectors[c].values, chunk, found, ctx));
    }
    return SB_OK;
}

// --- hooks ---------------------------------------------------------------------------------------

static enum sb_status keyed_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
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
    SB_TRY_RETURN(plain_apply(aggregate, local, kept, ctx));
    SB_TRY_RETURN(strays_apply(aggregate, local, ctx));
    return kept < count ? full_apply(aggregate, local, local->moved, count - kept, ctx) : SB_OK;
}

/* Where all steps are words, only a row with a null has something left to say: that it was there.
 */
static enum sb_status words_apply(struct sb_aggregate *aggregate, struct aggregate_local *local,
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
    struct aggregate_local *local = state;
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
        SB_TRY_OUT(collect_apply(aggregate, local, batch, order, first, count, ctx));
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
    struct aggregate_local *local = state;

    SB_TRY_RETURN(full_send(aggregate, local, ctx));
    SB_TRY_RETURN(plain_send(aggregate, local, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->raws, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->states, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->plain_raws, ctx));
    SB_TRY_RETURN(sb_row_scatter_flush(&local->plain_states, ctx));
    for (int32_t c = 0; c < aggregate->collector_count; c++) {
        SB_TRY_RETURN(sb_row_scatter_flush(&local->collectors[c].values, ctx));
        if (aggregate->collectors[c].is_words) {
            SB_TRY_RETURN(sb_row_scatter_flush(&local->collectors[c].distinct.words, ctx));
        }
    }
    return SB_OK;
}
