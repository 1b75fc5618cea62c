// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline.h - filters and computed columns one behind the other, in one pass over a batch.
 *
 * Each step is said over the columns that the step before it gives; what is compiled reads the
 * columns of the batch alone. Conditions are looked at in their order and drop rows of a chunk.
 * What a condition needs is computed for the rows that got so far, everything else for the rows
 * that passed all of them: never for a row that would not have been there had the steps run one by
 * one. A column that nobody reads is not computed. What several of all these have in common is
 * computed once.
 */
#ifndef SABOT_EXPR_PIPELINE_H
#define SABOT_EXPR_PIPELINE_H

#include "expr/expr.h"

struct sb_pipeline;

/* A condition, or the columns there are behind it. */
struct sb_pipeline_step {
    const struct sb_bound_expr *predicate; // NULL = the columns change
    int32_t column_count;
    /* Column i is column source_columns[i] of the step before, or -1 - j for expression j. */
    const int32_t *source_columns;
    int32_t expression_count;
    const struct sb_bound_expr *const *expressions;
};

/* `steps` are borrowed for the call; what they point to must live as long as `arena`. */
SB_MUST_CHECK enum sb_status sb_pipeline_compile(const struct sb_pipeline_step *steps,
                                                 int32_t step_count, int32_t input_column_count,
                                                 struct sb_arena *arena,
                                                 const struct sb_pipeline **out,
                                                 struct sb_error *err);

/* Which expression failed. */
struct sb_pipeline_place {
    int32_t step;       // -1: none, memory was refused
    int32_t expression; // -1: the predicate
};

/* How many rows passed lately, which decides in what form the next ones come out. Zeroed = new. */
struct sb_pipeline_history {
    int64_t row_count;
    int64_t passed_count;
};

/*
 * Makes of the rows of `input` those that leave the last step: `output` (uninitialised) has
 * `schema`, no rows when none passed. Columns that pass are shared, under a selection, when there
 * are no others or most rows pass; else gathered. `input` is taken. `history` is of one thread.
 */
SB_MUST_CHECK enum sb_status sb_pipeline_run(
    const struct sb_pipeline *pipeline, struct sb_batch *input, struct sb_schema *schema,
    struct sb_pipeline_history *history, struct sb_expr_scratch *scratch, struct sb_batch *output,
    struct sb_pipeline_place *failed, struct sb_error *err);

#endif
