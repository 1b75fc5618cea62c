// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_group_plain.c - plain rows into the plain table of a key group.
 *
 * What does not fit there goes to the table of the full form: a key with the hash of another one,
 * and what a step has come to when its sum would overflow.
 */
#include "exec/ops/aggregate_group_internal.h"

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

enum sb_status sb_aggregate_plain_absorb(const struct sb_aggregate *aggregate,
                                         struct sb_aggregate_group *group, const uint64_t *words,
                                         int64_t stride, bool is_raw, uint64_t **rows,
                                         int64_t count, struct sb_error *err)
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

enum sb_status sb_aggregate_plain_block_apply(const struct sb_aggregate *aggregate,
                                              struct sb_aggregate_group *group,
                                              struct sb_block *block, struct sb_op_ctx *ctx)
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
        SB_TRY_RETURN(sb_aggregate_plain_absorb(aggregate, group, words, stride, is_raw, rows,
                                                count, ctx->error));
    }
    sb_aggregate_count_merged(ctx, block->row_count, rows_stood_for(group) - rows_before);
    return SB_OK;
}
