// SPDX-License-Identifier: Apache-2.0
/*
 * row_scatter.h - a local half's rows, sorted into one write buffer per key group.
 *
 * A buffer is a block: a header, rows growing up, and the bytes of their long texts growing down
 * from the end, named by their offset in the block. The first block of a group is small, so that a
 * few rows for each of 128 groups do not cost megabytes. A row larger than a block gets one of its
 * own. Full blocks leave at the end of the call that filled them, the others with flush.
 */
#ifndef SABOT_EXEC_ROW_SCATTER_H
#define SABOT_EXEC_ROW_SCATTER_H

#include "exec/op.h"
#include "state/row_chunk.h"

/* At the begin of a block's bytes; the rows follow. */
struct sb_row_block {
    int32_t format; // the operator's own number for what the rows are
    int32_t row_words;
    _Alignas(64) uint64_t rows[];
};

static inline struct sb_row_block *sb_row_block(struct sb_block *block)
{
    return (struct sb_row_block *)(void *)block->data;
}

struct sb_row_scatter {
    struct sb_memory *memory;
    const struct sb_row_layout *layout; // borrowed
    int32_t format;
    int32_t group_count;
    struct sb_scatter_target *targets; // [group_count], made with the first row
    struct sb_block *full;             // to be sent
};

/* One group's write buffer. */
struct sb_scatter_target {
    uint8_t *next; // the next row
    uint8_t *end;  // where text begins
    struct sb_block *block;
    bool is_large; // blocks are no longer small
};

void sb_row_scatter_init(struct sb_row_scatter *scatter, const struct sb_op *op,
                         const struct sb_row_layout *layout, int32_t format);
void sb_row_scatter_deinit(struct sb_row_scatter *scatter);

/* Rows of vectors[layout->field_count], by chunk->hashes; uses chunk->rows. */
SB_MUST_CHECK enum sb_status sb_row_scatter_append(struct sb_row_scatter *scatter,
                                                   struct sb_row_chunk *chunk, int64_t count,
                                                   struct sb_op_ctx *ctx);

/*
 * Rows of a layout without nulls and text whose first word is the only key, or else the hash: word
 * w of row i is columns[w][i].
 */
SB_MUST_CHECK enum sb_status sb_row_scatter_columns(struct sb_row_scatter *scatter,
                                                    const uint64_t *const *columns, int64_t count,
                                                    struct sb_op_ctx *ctx);

/* The same for rows that lie elsewhere. */
SB_MUST_CHECK enum sb_status sb_row_scatter_rows(struct sb_row_scatter *scatter,
                                                 uint64_t *const *rows, int64_t count,
                                                 struct sb_op_ctx *ctx);

/* One block of the rows in the chunk's vectors; uses chunk->rows. */
SB_MUST_CHECK enum sb_status sb_row_block_make(struct sb_memory *memory,
                                               const struct sb_row_layout *layout, int32_t format,
                                               struct sb_row_chunk *chunk, int64_t count,
                                               struct sb_block **out, struct sb_error *err);

/* Sends every block that has rows. */
SB_MUST_CHECK enum sb_status sb_row_scatter_flush(struct sb_row_scatter *scatter,
                                                  struct sb_op_ctx *ctx);

#endif
