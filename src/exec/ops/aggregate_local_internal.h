// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_local_internal.h - what the files of AGGREGATE's local half share: its state.
 *
 * An `init` may leave things half-built; then the caller destroys the local half.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_LOCAL_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_LOCAL_INTERNAL_H

#include "exec/ops/aggregate_internal.h"

/* One form's table and what it has been worth. */
struct sb_local_balance {
    int64_t absorbed_count; // rows folded into the table since it was empty
    int64_t split_count;    // rows sent beyond one for each row of the table
    int64_t bypass_count;   // rows still to be passed on as they come
    int32_t vain_count;     // tries since one was worth it
};

/* The local half of a collecting step. */
struct sb_local_collector {
    struct sb_row_recent recent; // DISTINCT: what was sent lately
    struct sb_row_scatter values;
    struct sb_distinct_local distinct; // words
};

struct sb_aggregate_local {
    struct sb_row_chunk *chunk;
    struct sb_row_chunk *moved; // the rows of a chunk that are not plain; made with the first
    struct sb_row_chunk *stray; // those with the hash of another key
    const uint64_t **columns;   // [plain_raw.row_words]: words of the chunk
    uint64_t *key_words;        // [plain_key_words * SB_ROW_CHUNK]: those that are not borrowed
    uint16_t stray_places[SB_ROW_CHUNK];
    int64_t stray_count;

    struct sb_row_table full;
    int64_t full_rows_max;
    struct sb_local_balance full_balance;
    struct sb_row_scatter raws;
    struct sb_row_scatter states;

    struct sb_local_collector *collectors; // [collector_count]
    struct sb_row_chunk *collected;        // keys and values of a collector
    struct sb_row_heap listed;             // values of a chunk on their way to a list

    struct sb_word_slots plain;
    int64_t plain_rows_max;
    struct sb_local_balance plain_balance;
    struct sb_row_scatter plain_raws;
    struct sb_row_scatter plain_states;
};

/*
 * aggregate_local.c. A table with `row_count` rows has been sent: counts it, and judges whether it
 * was worth it.
 */
void sb_local_balance_close(struct sb_local_balance *balance, int64_t row_count, int64_t rows_max,
                            struct sb_op_ctx *ctx);

/* aggregate_local_plain.c */
SB_MUST_CHECK enum sb_status sb_aggregate_local_plain_init(const struct sb_aggregate *aggregate,
                                                           struct sb_aggregate_local *local,
                                                           struct sb_error *err);
void sb_aggregate_local_plain_deinit(const struct sb_aggregate *aggregate,
                                     struct sb_aggregate_local *local);

/*
 * Folds the chunk's `count` rows, all of them plain, or passes them on. Those with the hash of
 * another key are left to the caller: local->stray_places.
 */
SB_MUST_CHECK enum sb_status sb_aggregate_local_plain_apply(struct sb_aggregate *aggregate,
                                                            struct sb_aggregate_local *local,
                                                            int64_t count, struct sb_op_ctx *ctx);

/* Sends what the table holds, to plain_states. */
SB_MUST_CHECK enum sb_status sb_aggregate_local_plain_send(struct sb_aggregate *aggregate,
                                                           struct sb_aggregate_local *local,
                                                           struct sb_op_ctx *ctx);

/* aggregate_local_collect.c */
SB_MUST_CHECK enum sb_status sb_aggregate_local_collect_init(struct sb_aggregate *aggregate,
                                                             struct sb_aggregate_local *local,
                                                             struct sb_error *err);
void sb_aggregate_local_collect_deinit(const struct sb_aggregate *aggregate,
                                       struct sb_aggregate_local *local);

/* Sends what collecting steps want of the chunk, which has rows of `batch` from `first` on. */
SB_MUST_CHECK enum sb_status sb_aggregate_local_collect_apply(
    struct sb_aggregate *aggregate, struct sb_aggregate_local *local, const struct sb_batch *batch,
    const uint64_t order[2], int64_t first, int64_t count, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_local_collect_flush(const struct sb_aggregate *aggregate,
                                                              struct sb_aggregate_local *local,
                                                              struct sb_op_ctx *ctx);

#endif
