// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_internal.h - what the files of AGGREGATE share: its plan, its steps, its halves.
 *
 * Calls are made of steps: mean is a sum and a count, and equal steps are kept once. A step owns
 * one field of a state row. Steps start out null (counts: 0) and take values (update) or what the
 * same step has come to elsewhere (merge: a pre-aggregated row, a snapshot).
 *
 * State rows have two forms. The full form holds any keys, values and nulls (row_table). The plain
 * form is for what nearly every row is: one integer-like key and values of one word, none of them
 * null. There a row is the key and a word per step (word_slots, word_table). Whatever does not fit
 * it, be it one null or one sum beyond 64 bits, goes to the full form beside it, and the two are
 * merged at the end.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H

#include "exec/row_scatter.h"
#include "state/column_writer.h"
#include "state/row_chunk.h"
#include "state/row_table.h"
#include "state/word_table.h"

enum { SB_PLAIN_STEPS_MAX = 32 }; // nodes with more have no plain form

enum sb_step_kind {
    SB_STEP_COUNT_ROWS,
    SB_STEP_COUNT, // of values that are not null
    SB_STEP_SUM,   // integers and decimals in 128 bits, so that only the total can overflow
    SB_STEP_MIN,
    SB_STEP_MAX,
};

struct sb_aggregate_step {
    enum sb_step_kind kind;
    int32_t arg;               // index into args; -1 = none
    enum sb_row_kind arg_kind; // of the argument
    struct sb_type type;       // of the step's column in a snapshot
    const char *name;          // of that column
    int32_t plain;             // its plain step
};

struct sb_aggregate_call_plan {
    int32_t step;
    int32_t count_step; // mean: what the sum is divided by; else -1
    const struct sb_aggregate_call *call;
    const char *column_name; // for messages; NULL = '*'
    int32_t decimal_scale;   // of the argument
};

struct sb_aggregate_arg {
    int32_t column; // in the input
    enum sb_row_reading reading;
};

/* What happens to the word of a plain step. Without nulls both counts are one. */
struct sb_plain_step {
    enum sb_step_kind kind; // COUNT_ROWS, SUM, MIN or MAX
    enum sb_row_kind arg_kind;
    int32_t word;     // of the state row, which has them in order
    int32_t raw_word; // of the argument in a raw row; -1 = none
};

struct sb_aggregate {
    struct sb_op op; // first
    struct sb_arena arena;
    const struct sb_schema *input;
    int32_t key_count;
    const int32_t *keys; // columns of the input
    int32_t arg_count;
    struct sb_aggregate_arg *args; // distinct
    int32_t step_count;
    struct sb_aggregate_step *steps;
    int32_t call_count;
    struct sb_aggregate_call_plan *calls;
    struct sb_row_layout raw_layout;   // keys, args: rows on their way to their group
    struct sb_row_layout state_layout; // keys, steps
    uint64_t *initial_row;             // of state_layout
    struct sb_schema *state_schema;

    bool is_plain; // one key of one word, and so are all steps: what follows is there
    int32_t plain_step_count;
    struct sb_plain_step *plain_steps; // in the order of sb_fused_rank
    int32_t fused_pattern;             // 0 = none
    int32_t plain_arg_count;
    int32_t *plain_args;              // indices into args: those that steps read
    struct sb_row_layout plain_raw;   // key, plain args
    struct sb_row_layout plain_state; // key, plain steps
    uint64_t *plain_initial_row;      // of plain_state
};

/* The form of the rows in a block. */
enum sb_aggregate_format {
    SB_AGGREGATE_RAW,   // raw_layout: update
    SB_AGGREGATE_STATE, // state_layout: merge
    SB_AGGREGATE_PLAIN_RAW,
    SB_AGGREGATE_PLAIN_STATE,
};

struct sb_aggregate_group {
    struct sb_row_table full;
    struct sb_word_table plain;
    struct sb_block *pending; // blocks to be applied, oldest first
    struct sb_block **pending_last;
    int64_t pending_row_count;
    int64_t spilled_count; // rows of `full` that no input row stands for in the ledger
};

static inline struct sb_aggregate *sb_aggregate_from(struct sb_op *op)
{
    return (struct sb_aggregate *)op;
}

static inline const struct sb_row_field *sb_aggregate_field(const struct sb_aggregate *aggregate,
                                                            int32_t step)
{
    return &aggregate->state_layout.fields[aggregate->key_count + step];
}

/* The most vectors that one pass needs: of raw rows or of state rows. */
static inline int32_t sb_aggregate_vector_count(const struct sb_aggregate *aggregate)
{
    return aggregate->key_count + (aggregate->arg_count > aggregate->step_count
                                       ? aggregate->arg_count
                                       : aggregate->step_count);
}

/* aggregate_plan.c: what the node asks for, as steps and layouts. */
SB_MUST_CHECK enum sb_status sb_aggregate_plan(struct sb_aggregate *aggregate,
                                               const struct sb_op_options *options,
                                               struct sb_error *err);
void sb_aggregate_plan_deinit(struct sb_aggregate *aggregate);

/* aggregate_step.c. `arg` is ignored by COUNT_ROWS; text is copied to `heap`. */
SB_MUST_CHECK enum sb_status sb_aggregate_update(const struct sb_aggregate *aggregate, int32_t step,
                                                 uint64_t *const *rows,
                                                 const struct sb_row_vector *arg, int64_t count,
                                                 struct sb_row_heap *heap, struct sb_error *err);

/* All values into one row. */
SB_MUST_CHECK enum sb_status sb_aggregate_reduce(const struct sb_aggregate *aggregate, int32_t step,
                                                 uint64_t *row, const struct sb_row_vector *arg,
                                                 int64_t count, struct sb_row_heap *heap,
                                                 struct sb_error *err);

SB_MUST_CHECK enum sb_status sb_aggregate_merge(const struct sb_aggregate *aggregate, int32_t step,
                                                uint64_t *const *rows,
                                                const struct sb_row_vector *other, int64_t count,
                                                struct sb_row_heap *heap, struct sb_error *err);

/* The results of a call for `count` rows of state. */
SB_MUST_CHECK enum sb_status sb_aggregate_finish(const struct sb_aggregate *aggregate,
                                                 const struct sb_aggregate_call_plan *call,
                                                 uint64_t *const *rows, int64_t count,
                                                 struct sb_row_scratch *scratch,
                                                 struct sb_row_vector *out, struct sb_error *err);

/* aggregate_table.c: chunks of vectors (keys, then args or steps) into a full table. */
SB_MUST_CHECK enum sb_status sb_aggregate_table_update(const struct sb_aggregate *aggregate,
                                                       struct sb_row_table *table,
                                                       struct sb_row_chunk *chunk, int64_t count,
                                                       struct sb_error *err);
SB_MUST_CHECK enum sb_status sb_aggregate_table_merge(const struct sb_aggregate *aggregate,
                                                      struct sb_row_table *table,
                                                      struct sb_row_chunk *chunk, int64_t count,
                                                      struct sb_error *err);

/* aggregate_plain.c */

/*
 * Folds values[i * stride] into the word of a step, or counts when `values` is NULL. Returns
 * `count`, or the first row whose sum would not fit 64 bits; nothing is done from that row on.
 */
int64_t sb_plain_fold(const struct sb_plain_step *step, uint64_t *const *rows,
                      const uint64_t *values, int64_t stride, int64_t count);

/* The words a new plain state row begins with; the result of folding nothing. */
uint64_t sb_plain_initial(const struct sb_plain_step *step);

/* `count` plain state rows, one after another, as vectors of key and steps in full form. */
void sb_plain_rows_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_chunk *chunk);

/* The reverse, into `rows`; false when the vectors have something that does not fit. */
bool sb_plain_rows_store(const struct sb_aggregate *aggregate, const struct sb_row_chunk *chunk,
                         int64_t count, uint64_t *rows);

void sb_plain_keys_load(const struct sb_aggregate *aggregate, const uint64_t *rows, int64_t count,
                        struct sb_row_scratch *scratch, struct sb_row_vector *out);

/* The results of a call for plain state rows. */
void sb_plain_finish(const struct sb_aggregate *aggregate,
                     const struct sb_aggregate_call_plan *call, const uint64_t *rows, int64_t count,
                     struct sb_row_scratch *scratch, struct sb_row_vector *out);

/* aggregate_fused.c */

/* Where steps belong that one pass shall take: integer sums, float sums, count, the others. */
enum { SB_FUSED_RANK_COUNT = 4 };
int32_t sb_fused_rank(const struct sb_plain_step *step);

/* The kernel for these steps, in that order, or 0. */
int32_t sb_fused_pattern(const struct sb_plain_step *steps, int32_t count);

/*
 * Finds or makes the rows of columns[0][first..] and folds their values. Returns how many: all, or
 * those before a new key for which there is no room, or before a row whose sum would overflow.
 */
int64_t sb_fused_absorb_columns(const struct sb_aggregate *aggregate, struct sb_word_slots *slots,
                                const uint64_t *const *columns, int64_t first, int64_t count);

/* The same for rows of a block that sb_word_table_guess() has guessed. */
int64_t sb_fused_absorb_rows(const struct sb_aggregate *aggregate, struct sb_word_table *table,
                             const uint64_t *words, int64_t stride, bool is_state,
                             uint64_t *const *rows, int64_t count);

/* aggregate_local.c and aggregate_group.c: hooks, see op.h */
SB_MUST_CHECK enum sb_status sb_aggregate_local_create(struct sb_op *op, int32_t port,
                                                       struct sb_op_ctx *ctx, void **out);
void sb_aggregate_local_destroy(struct sb_op *op, int32_t port, void *local);
SB_MUST_CHECK enum sb_status sb_aggregate_on_batch(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_batch *batch, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_on_flush(struct sb_op *op, void *local, int32_t port,
                                                   struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_group_create(struct sb_op *op, int32_t group,
                                                       struct sb_op_ctx *ctx, void **out);
void sb_aggregate_group_destroy(struct sb_op *op, void *group);
SB_MUST_CHECK enum sb_status sb_aggregate_on_block(struct sb_op *op, void *group,
                                                   struct sb_block *block, struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_snapshot(struct sb_op *op, void *group,
                                                   struct sb_op_ctx *ctx);
SB_MUST_CHECK enum sb_status sb_aggregate_restore(struct sb_op *op, void *group,
                                                  struct sb_batch *batch, struct sb_op_ctx *ctx);

/* Applies what is pending. */
SB_MUST_CHECK enum sb_status sb_aggregate_group_settle(struct sb_aggregate *aggregate,
                                                       struct sb_aggregate_group *group,
                                                       struct sb_op_ctx *ctx);

/* The same, and leaves all rows in one form: in `plain` when `full` has none, else in `full`. */
SB_MUST_CHECK enum sb_status sb_aggregate_group_unite(struct sb_aggregate *aggregate,
                                                      struct sb_aggregate_group *group,
                                                      struct sb_op_ctx *ctx);

#endif
