// SPDX-License-Identifier: Apache-2.0
/*
 * row_snapshot.h - the rows of a store as columns, and rows of columns back into vectors: what
 * snapshot and restore of keyed operators are made of.
 */
#ifndef SABOT_EXEC_ROW_SNAPSHOT_H
#define SABOT_EXEC_ROW_SNAPSHOT_H

#include "exec/op.h"
#include "state/row_chunk.h"
#include "state/row_store.h"

/* Saves every row: column i of `schema` is field i of `layout`. */
SB_MUST_CHECK enum sb_status sb_row_snapshot_save(const struct sb_row_store *store,
                                                  const struct sb_row_layout *layout,
                                                  struct sb_schema *schema, struct sb_op_ctx *ctx);

/* Rows [first, first + count) of a saved batch into the chunk's vectors, hashed by `key_count`. */
SB_MUST_CHECK enum sb_status sb_row_snapshot_load(const struct sb_batch *batch, int64_t first,
                                                  int64_t count, int32_t key_count,
                                                  struct sb_row_chunk *chunk, struct sb_error *err);

#endif
