// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_internal.h - what the files of AGGREGATE share: its plan and its steps.
 *
 * Calls are made of steps: mean is a sum and a count, and equal steps are kept once. A step owns
 * one field of a state row. Steps start out null (counts: 0) and take values (update) or what the
 * same step has come to elsewhere (merge: a pre-aggregated row, a snapshot).
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_INTERNAL_H

#include "exec/row_scatter.h"
#include "state/column_writer.h"
#include "state/row_chunk.h"
#include "state/row_table.h"

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
};

/* The form of the rows in a block. */
enum sb_aggregate_format {
    SB_AGGREGATE_RAW,   // raw_layout: update
    SB_AGGREGATE_STATE, // state_layout: merge
};

static inline const struct sb_row_field *sb_aggregate_field(const struct sb_aggregate *aggregate,
                                                            int32_t step)
{
    return &aggregate->state_layout.fields[aggregate->key_count + step];
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

#endif
