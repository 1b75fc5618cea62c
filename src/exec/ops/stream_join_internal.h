// SPDX-License-Identifier: Apache-2.0
/*
 * stream_join_internal.h - what the files of the symmetric join share: its plan and its state.
 *
 * Rows of both sides go to their key group as blocks. A group stores a row and joins it to what the
 * other side has stored, so each pair comes out when the later of its rows comes in.
 *
 * With `within`, the index key is the join key and a stretch of time (a *bucket*, four times
 * `within` wide), so that a row looks into one bucket, or two near a border, and never at rows of
 * its key from long ago. A heap by time says which rows the watermark has passed for good.
 */
#ifndef SABOT_EXEC_OPS_STREAM_JOIN_INTERNAL_H
#define SABOT_EXEC_OPS_STREAM_JOIN_INTERNAL_H

#include "exec/ops/join_key.h"
#include "exec/row_scatter.h"

enum { SB_LEFT, SB_RIGHT };

/* What is done to rows of one side; also the formats of their blocks. */
enum sb_stream_format {
    SB_STREAM_LEFT,
    SB_STREAM_RIGHT,
    SB_STREAM_LEFT_NEVER, // match nothing, come out
    SB_STREAM_RIGHT_NEVER,
    SB_STREAM_FORMAT_COUNT,
};

/* One side of the plan. Fields of its rows: keys, time, stored columns. */
struct sb_stream_side {
    struct sb_join_keys keys;
    int32_t time_column;  // -1 = none: times are 0
    int64_t time_factor;  // from the column's unit to the join's
    int32_t stored_count; // columns of the input that are fields of their own
    int32_t *stored;
    struct sb_row_layout layout;
    bool is_kept; // rows without a match come out
};

/* Where an output column's values are, by side; -1 = null when only that side has a row. */
struct sb_stream_column {
    int32_t fields[2];
    struct sb_key_cast casts[2];
};

struct sb_stream_join {
    struct sb_op op; // first
    struct sb_arena arena;
    enum sb_join_kind kind;
    bool nulls_equal;
    bool is_endless; // some side is: rows are sent at once, and forgotten
    bool has_text_keys;
    int32_t key_count;
    int32_t key_words;
    int64_t time_unit_us; // the join's times in a microsecond: 1 or 1000
    int64_t within;       // in the join's unit; -1 = at any time
    int64_t keep;         // how far behind the watermark rows are kept: within or the TTL; -1 = all
    int64_t bucket;       // width
    struct sb_stream_side sides[2];
    struct sb_stream_column *columns;  // [output columns]
    struct sb_schema *state_schema;    // side, is_matched, fields of the left, fields of the right
    struct sb_stream_output **outputs; // [worker_count + 1], each made by its worker
};

/* A stored row; its words are in the layout of its side. */
struct sb_stream_row {
    struct sb_stream_row *next;  // in its slot
    struct sb_stream_row **link; // what points to it; NULL = it is gone
    uint64_t hash;               // of keys and bucket
    int64_t time;
    struct sb_stream_segment *segment;
    uint64_t is_matched;
    uint64_t words[];
};

/* When a row may go. */
struct sb_stream_expiry {
    int64_t time;
    struct sb_stream_row *row;
};

/* The stored rows of one side of a group. */
struct sb_stream_rows {
    struct sb_memory *memory;
    int32_t row_words;
    int64_t row_count;
    struct sb_stream_segment *first; // oldest
    struct sb_stream_segment *last;
    struct sb_stream_row **slots; // [slot_count], a power of two
    int64_t slot_count;
    struct sb_stream_expiry *expiries; // a heap, the earliest first
    int64_t expiry_count;
    int64_t expiry_capacity;
};

struct sb_stream_group {
    struct sb_stream_rows sides[2];
    int64_t watermark; // in the join's unit
};

static inline struct sb_stream_join *sb_stream_join_from(struct sb_op *op)
{
    return (struct sb_stream_join *)op;
}

/* stream_join_plan.c */
SB_MUST_CHECK enum sb_status sb_stream_join_plan(struct sb_stream_join *join,
                                                 const struct sb_op_options *options,
                                                 struct sb_error *err);
void sb_stream_join_plan_deinit(struct sb_stream_join *join);

/* The watermark in the join's unit. */
int64_t sb_stream_join_watermark(const struct sb_stream_join *join, int64_t watermark_us);

/* stream_join_local.c: rows to their groups */
SB_MUST_CHECK enum sb_status sb_stream_local_create(struct sb_op *op, int32_t port,
                                                    struct sb_op_ctx *ctx, void **out);
void sb_stream_local_destroy(struct sb_op *op, int32_t port, void *local);
SB_MUST_CHECK enum sb_status sb_stream_local_batch(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_batch *batch, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_stream_local_flush(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_op_ctx *ctx);

/* stream_join_rows.c: storing, finding and forgetting rows */
void sb_stream_rows_init(struct sb_stream_rows *rows, struct sb_memory *memory, int32_t row_words);
void sb_stream_rows_deinit(struct sb_stream_rows *rows);

/* Room in the index for `count` more rows. */
SB_MUST_CHECK enum sb_status sb_stream_rows_reserve(struct sb_stream_rows *rows, int64_t count,
                                                    struct sb_error *err);

/*
 * Stores a copy of `words`, whose long texts are named by offset from `base`; `has_expiry` puts it
 * on the heap. There must be room in the index.
 */
SB_MUST_CHECK enum sb_status sb_stream_rows_add(struct sb_stream_rows *rows,
                                                const struct sb_row_layout *layout,
                                                const uint64_t *words, const uint8_t *base,
                                                uint64_t hash, int64_t time, bool has_expiry,
                                                struct sb_stream_row **out, struct sb_error *err);

/* The first row in the slot of a hash; others follow by `next`, of other hashes, too. */
static inline struct sb_stream_row **sb_stream_rows_slot(const struct sb_stream_rows *rows,
                                                         uint64_t hash)
{
    return &rows->slots[hash & (uint64_t)(rows->slot_count - 1)];
}

/* Takes the earliest row off the heap when its time is below `time`; else NULL. It stays stored. */
struct sb_stream_row *sb_stream_rows_expire(struct sb_stream_rows *rows, int64_t time);

/* Forgets a row that is off the heap. */
void sb_stream_rows_remove(struct sb_stream_rows *rows, struct sb_stream_row *row);

/* Up to `count` further rows, oldest segment first; a zeroed walk begins; 0 at the end. */
struct sb_stream_walk {
    struct sb_stream_segment *segment;
    int64_t row;
    bool is_begun;
};
int64_t sb_stream_rows_next(const struct sb_stream_rows *rows, struct sb_stream_walk *walk,
                            int64_t count, struct sb_stream_row **out);

/* stream_join_output.c: pairs, and rows without one, into batches */
SB_MUST_CHECK enum sb_status sb_stream_output_get(struct sb_stream_join *join,
                                                  struct sb_op_ctx *ctx,
                                                  struct sb_stream_output **out);
void sb_stream_output_destroy(struct sb_stream_join *join, struct sb_stream_output *output);

/*
 * One output row: the words of both sides, or of one with NULL for the other. They must stay until
 * the next sb_stream_output_settle. Long texts count from `base`.
 */
SB_MUST_CHECK enum sb_status sb_stream_output_add(struct sb_stream_output *output,
                                                  const uint64_t *left, const uint64_t *right,
                                                  const uint8_t *base, struct sb_op_ctx *ctx);

/* Copies what was added, so that its rows may go. */
SB_MUST_CHECK enum sb_status sb_stream_output_settle(struct sb_stream_output *output,
                                                     struct sb_op_ctx *ctx);

/* Emits all there is. */
SB_MUST_CHECK enum sb_status sb_stream_output_emit(struct sb_stream_output *output,
                                                   struct sb_op_ctx *ctx);

/* After a failure: forgets what there is. */
void sb_stream_output_reset(struct sb_stream_output *output);

/* stream_join_group.c: a key group */
SB_MUST_CHECK enum sb_status sb_stream_group_create(struct sb_op *op, int32_t group_index,
                                                    struct sb_op_ctx *ctx, void **out);
void sb_stream_group_destroy(struct sb_op *op, void *group);
SB_MUST_CHECK enum sb_status sb_stream_on_block(struct sb_op *op, void *group,
                                                struct sb_block *block, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_stream_on_watermark(struct sb_op *op, void *group,
                                                    int64_t watermark_us, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_stream_on_end(struct sb_op *op, void *group, struct sb_op_ctx *ctx);

/* Stores the rows of a block without joining them; `matched` says of each whether it had been. */
SB_MUST_CHECK enum sb_status sb_stream_group_store(struct sb_stream_join *join,
                                                   struct sb_stream_group *group, int32_t side,
                                                   struct sb_block *block, const uint64_t *matched,
                                                   struct sb_error *err);

/* stream_join_snapshot.c */
SB_MUST_CHECK enum sb_status sb_stream_snapshot(struct sb_op *op, void *group,
                                                struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_stream_restore(struct sb_op *op, void *group,
                                               struct sb_batch *batch, struct sb_op_ctx *ctx);

#endif
