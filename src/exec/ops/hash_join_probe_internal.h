// SPDX-License-Identifier: Apache-2.0
/*
 * hash_join_probe_internal.h - what the files of a join's probe side share: a worker's local state,
 * and the pieces in which rows leave.
 */
#ifndef SABOT_EXEC_OPS_HASH_JOIN_PROBE_INTERNAL_H
#define SABOT_EXEC_OPS_HASH_JOIN_PROBE_INTERNAL_H

#include "exec/ops/hash_join_internal.h"
#include "state/column_writer.h"

/* Output rows under way: left positions beside build rows. */
struct sb_join_piece {
    int64_t capacity;
    int64_t row_count;                // in the writers
    struct sb_column_writer *writers; // [payload_count]
    uint32_t *positions;              // [capacity]; in the left columns
    int64_t pending_count;            // in the chunk's rows, not yet in the writers
    bool is_run;                      // positions follow each other
};

/* What became of the rows of one batch. */
struct sb_join_count {
    int64_t matched; // left rows with a match
    int64_t out;
};

struct sb_join_probe {
    struct sb_row_chunk *chunk;
    struct sb_row_scratch *scratch; // for one right column
    const struct sb_row_table *tables[SB_ROW_CHUNK];
    uint64_t *found[SB_ROW_CHUNK];
    uint64_t slots[SB_ROW_CHUNK];
    struct sb_join_piece piece;
};

// --- hash_join_find.c ----------------------------------------------------------------------------

/* The first build row of each row of the chunk, or NULL. */
void sb_join_find_rows(struct sb_hash_join *join, struct sb_join_probe *probe,
                       const uint8_t *nevers, int64_t count, uint64_t **found);

/* VALUES: the slots of a chunk's keys; slot_count where there is no row. Returns how many have. */
int64_t sb_join_find_slots(const struct sb_hash_join *join, const struct sb_row_chunk *chunk,
                           const uint8_t *nevers, int64_t count, uint64_t *slots);

// --- hash_join_piece.c ---------------------------------------------------------------------------

SB_MUST_CHECK enum sb_status sb_join_piece_open(struct sb_hash_join *join,
                                                struct sb_join_piece *piece, struct sb_error *err);
void sb_join_piece_close(struct sb_hash_join *join, struct sb_join_piece *piece);

/* Emits the piece and leaves it closed. */
SB_MUST_CHECK enum sb_status sb_join_piece_emit(struct sb_hash_join *join,
                                                struct sb_join_probe *probe,
                                                const struct sb_batch *batch,
                                                struct sb_op_ctx *ctx);

/* Makes room for `count` more rows: what is there leaves, when there is too little. */
SB_MUST_CHECK enum sb_status sb_join_piece_reserve(struct sb_hash_join *join,
                                                   struct sb_join_probe *probe,
                                                   const struct sb_batch *batch, int64_t count,
                                                   struct sb_op_ctx *ctx);

/* Whether the piece is still a run with the `count` positions behind its rows, which rise. */
void sb_join_piece_note_run(struct sb_join_piece *piece, int64_t count);

/* Gathers the right columns of the pending rows. */
SB_MUST_CHECK enum sb_status sb_join_piece_append(const struct sb_hash_join *join,
                                                  struct sb_join_probe *probe,
                                                  struct sb_error *err);

/* The payload of `count` output rows by slot; slot_count reads as null. */
SB_MUST_CHECK enum sb_status sb_join_piece_append_values(const struct sb_hash_join *join,
                                                         struct sb_join_probe *probe,
                                                         const uint64_t *slots, int64_t count,
                                                         bool has_missing, struct sb_error *err);

/* One output row. */
static inline enum sb_status sb_join_piece_add(struct sb_hash_join *join,
                                               struct sb_join_probe *probe,
                                               const struct sb_batch *batch, uint32_t position,
                                               uint64_t *row, struct sb_op_ctx *ctx)
{
    struct sb_join_piece *piece = &probe->piece;
    int64_t count = piece->row_count + piece->pending_count;

    if (sb_unlikely(count == piece->capacity)) {
        SB_TRY_RETURN(sb_join_piece_emit(join, probe, batch, ctx));
        SB_TRY_RETURN(sb_join_piece_open(join, piece, ctx->error));
        count = 0;
    } else if (sb_unlikely(piece->pending_count == SB_ROW_CHUNK)) {
        SB_TRY_RETURN(sb_join_piece_append(join, probe, ctx->error));
    }
    piece->is_run = piece->is_run && (count == 0 || piece->positions[count - 1] + 1 == position);
    piece->positions[count] = position;
    probe->chunk->rows[piece->pending_count++] = row;
    return SB_OK;
}

#endif
