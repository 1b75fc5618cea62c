// SPDX-License-Identifier: Apache-2.0
/*
 * seen_keys.h - the plan of what DISTINCT has seen: rows that are all key, in memory and snapshots.
 */
#ifndef SABOT_EXEC_OPS_SEEN_KEYS_H
#define SABOT_EXEC_OPS_SEEN_KEYS_H

#include "base/arena.h"
#include "exec/op.h"
#include "state/row_chunk.h"
#include "state/row_table.h"

struct sb_seen_keys {
    struct sb_arena arena;
    struct sb_row_layout layout; // every field is key
    uint64_t *initial_row;
    struct sb_schema *state_schema;
};

/* Over `count` columns of `schema`; `columns` is NULL for all. Half-built, it is to be deinited. */
SB_MUST_CHECK enum sb_status sb_seen_keys_init(struct sb_seen_keys *keys, struct sb_memory *memory,
                                               const struct sb_schema *schema,
                                               const int32_t *columns, int32_t count,
                                               struct sb_error *err);
void sb_seen_keys_deinit(struct sb_seen_keys *keys);

/* The rows of a table as a snapshot; `chunk` is room for them. */
SB_MUST_CHECK enum sb_status sb_seen_keys_save(const struct sb_seen_keys *keys,
                                               const struct sb_row_table *seen,
                                               struct sb_row_chunk *chunk, struct sb_op_ctx *ctx);
/* Adds rows of a snapshot to a table. */
SB_MUST_CHECK enum sb_status sb_seen_keys_restore(const struct sb_seen_keys *keys,
                                                  struct sb_row_table *seen,
                                                  const struct sb_batch *batch,
                                                  struct sb_row_chunk *chunk, struct sb_error *err);

#endif
