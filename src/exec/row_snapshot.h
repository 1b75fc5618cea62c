// SPDX-License-Identifier: Apache-2.0
/*
 * row_snapshot.h - vectors of rows into the columns of a snapshot, and back: what snapshot and
 * restore of keyed operators are made of. Column i of the state schema is vector i.
 */
#ifndef SABOT_EXEC_ROW_SNAPSHOT_H
#define SABOT_EXEC_ROW_SNAPSHOT_H

#include "exec/op.h"
#include "state/column_writer.h"
#include "state/row_chunk.h"
#include "state/row_store.h"

/* Collects rows into batches of bounded size and saves them. */
struct sb_row_saver {
    struct sb_memory *memory;
    struct sb_schema *schema;         // borrowed
    struct sb_column_writer *writers; // [schema->field_count], open while there are rows
    int64_t capacity;
    int64_t row_count;
};

/* Knows that about `row_count` rows will come. */
SB_MUST_CHECK enum sb_status sb_row_saver_init(struct sb_row_saver *saver, struct sb_memory *memory,
                                               struct sb_schema *schema, int64_t row_count,
                                               struct sb_error *err);
void sb_row_saver_deinit(struct sb_row_saver *saver);

/* `count` is at most SB_ROW_CHUNK. */
SB_MUST_CHECK enum sb_status sb_row_saver_add(struct sb_row_saver *saver,
                                              const struct sb_row_vector *vectors, int64_t count,
                                              struct sb_op_ctx *ctx);

/* Adds rows that lie in a layout whose fields are the columns; see sb_row_field_load. */
SB_MUST_CHECK enum sb_status sb_row_saver_add_rows(struct sb_row_saver *saver,
                                                   const struct sb_row_layout *layout,
                                                   uint64_t *const *rows, int64_t count,
                                                   const uint8_t *base, struct sb_row_chunk *chunk,
                                                   struct sb_op_ctx *ctx);

/* Adds every row of a store. */
SB_MUST_CHECK enum sb_status sb_row_saver_add_store(struct sb_row_saver *saver,
                                                    const struct sb_row_layout *layout,
                                                    const struct sb_row_store *store,
                                                    struct sb_row_chunk *chunk,
                                                    struct sb_op_ctx *ctx);

/* Saves what is left. */
SB_MUST_CHECK enum sb_status sb_row_saver_finish(struct sb_row_saver *saver, struct sb_op_ctx *ctx);

/* Rows [first, first + count) of a saved batch into the chunk's vectors, hashed by `key_count`. */
SB_MUST_CHECK enum sb_status sb_row_snapshot_load(const struct sb_batch *batch, int64_t first,
                                                  int64_t count, int32_t key_count,
                                                  struct sb_row_chunk *chunk, struct sb_error *err);

#endif
