// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_local_plain.c - plain rows into the plain table of a local half.
 *
 * The table starts small and grows while it fills, up to what stays in L2. Then its rows are sent.
 */
#include "exec/ops/aggregate_local_internal.h"

enum {
    LOCAL_BYTES_MAX = 1024 * 1024,        // of the table: a usual L2, of which it touches half
    WIDE_BYTES_MAX = 2 * LOCAL_BYTES_MAX, // with keys of several words: of wide rows hardly any
                                          // empty slot is touched
    PLAIN_ROWS_MIN = 256,                 // of the table, to begin with
    PLAIN_GROWTH = 4,
};

static size_t columns_size(const struct sb_aggregate *aggregate)
{
    return sizeof(uint64_t *) * (size_t)aggregate->plain_raw.row_words;
}

static size_t key_words_size(const struct sb_aggregate *aggregate)
{
    return sizeof(uint64_t) * SB_ROW_CHUNK * (size_t)aggregate->plain_key_words;
}

void sb_aggregate_local_plain_deinit(const struct sb_aggregate *aggregate,
                                     struct sb_aggregate_local *local)
{
    sb_word_slots_deinit(&local->plain);
    sb_row_scatter_deinit(&local->plain_raws);
    sb_row_scatter_deinit(&local->plain_states);
    if (local->columns != NULL) {
        sb_memory_free(aggregate->op.memory, local->columns, columns_size(aggregate));
    }
    if (local->key_words != NULL) {
        sb_memory_free(aggregate->op.memory, local->key_words, key_words_size(aggregate));
    }
}

enum sb_status sb_aggregate_local_plain_init(const struct sb_aggregate *aggregate,
                                             struct sb_aggregate_local *local, struct sb_error *err)
{
    size_t size;

    sb_word_slots_init(&local->plain, aggregate->op.memory, aggregate->plain_state.row_words,
                       aggregate->plain_initial_row);
    sb_row_scatter_init(&local->plain_raws, &aggregate->op, &aggregate->plain_raw,
                        SB_AGGREGATE_PLAIN_RAW);
    sb_row_scatter_init(&local->plain_states, &aggregate->op, &aggregate->plain_state,
                        SB_AGGREGATE_PLAIN_STATE);
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

enum sb_status sb_aggregate_local_plain_send(struct sb_aggregate *aggregate,
                                             struct sb_aggregate_local *local,
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
        sb_local_balance_close(&local->plain_balance, slots->row_count, local->plain_rows_max, ctx);
        sb_word_slots_reset(slots);
    }
    return SB_OK;
}

/* Sends what a step of one row has come to, as a row of its own, and starts it afresh. */
static enum sb_status plain_split(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
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
static enum sb_status plain_fold(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
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

static enum sb_status plain_pass_on(struct sb_aggregate_local *local, int32_t column_count,
                                    int64_t first, int64_t count, struct sb_op_ctx *ctx)
{
    for (int32_t c = 0; c < column_count; c++) {
        local->columns[c] += first;
    }
    local->plain_balance.bypass_count -= count - first;
    return sb_row_scatter_columns(&local->plain_raws, local->columns, count - first, ctx);
}

/* The table is full: makes it larger, or sends what it holds. */
static enum sb_status plain_make_room(struct sb_aggregate *aggregate,
                                      struct sb_aggregate_local *local, struct sb_op_ctx *ctx)
{
    struct sb_word_slots *slots = &local->plain;
    int64_t rows_max = PLAIN_GROWTH * slots->pair_count;

    if (slots->pair_count == local->plain_rows_max) {
        return sb_aggregate_local_plain_send(aggregate, local, ctx);
    }
    rows_max = rows_max < local->plain_rows_max ? rows_max : local->plain_rows_max;
    return sb_word_slots_resize(slots, rows_max, ctx->error);
}

/* Of `count` rows found for keys from `first` on, those before one that is another key's. */
static int64_t rows_claim(const struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
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
static enum sb_status plain_absorb(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
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
static void columns_set(struct sb_aggregate *aggregate, struct sb_aggregate_local *local,
                        int64_t count)
{
    sb_plain_keys_pack(aggregate, local->chunk, count, local->key_words, local->columns);
    for (int32_t a = 0; a < aggregate->plain_arg_count; a++) {
        local->columns[1 + aggregate->plain_key_words + a] =
            local->chunk->vectors[aggregate->key_count + aggregate->plain_args[a]].words;
    }
}

enum sb_status sb_aggregate_local_plain_apply(struct sb_aggregate *aggregate,
                                              struct sb_aggregate_local *local, int64_t count,
                                              struct sb_op_ctx *ctx)
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
