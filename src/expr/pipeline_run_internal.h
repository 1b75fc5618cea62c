// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline_run_internal.h - one batch on its way through a pipeline.
 */
#ifndef SABOT_EXPR_PIPELINE_RUN_INTERNAL_H
#define SABOT_EXPR_PIPELINE_RUN_INTERNAL_H

#include "expr/column_output.h"
#include "expr/kernels.h"
#include "expr/pipeline_internal.h"

/* What becomes of rows that drop out, where columns are computed. */
enum sb_pipeline_form {
    SB_FORM_ROWS,    // no column is computed: a selection over those that pass
    SB_FORM_PLACES,  // they keep a place in computed columns: a selection over all
    SB_FORM_DENSE,   // values that conditions needed, too, move together chunk by chunk
    SB_FORM_DELAYED, // there are none of these: columns are computed for full chunks of rows left
};

struct sb_pipeline_run {
    const struct sb_pipeline *pipeline;
    const struct sb_batch *batch;
    struct sb_expr_scratch *scratch;
    struct sb_pipeline_place *failed;
    struct sb_error *err;

    enum sb_pipeline_form form;
    bool keeps_rows;                // somebody needs to know which rows passed
    struct sb_selection *selection; // these; NULL while all did
    bool has_bits;                  // of the same rows
    int64_t passed_count;
    int64_t computed_count;           // rows for which columns have been computed
    struct sb_column_output *outputs; // of computed columns, in order

    const uint8_t *mask;                               // of the chunk: which rows are left
    uint32_t rows[SB_EXPR_CHUNK + SB_COMPRESS_SLACK];  // of the chunk, when nobody keeps them
    uint32_t index[SB_EXPR_CHUNK + SB_COMPRESS_SLACK]; // rows left among those of the chunk
    uint8_t bits[SB_EXPR_CHUNK / 8];
};

/*
 * The conditions, over a chunk: `*passed` rows are left. In forms ROWS, PLACES and DELAYED the
 * selection has them afterwards, if there is one; `window` is what it was, or in form DENSE those.
 * With form PLACES run->mask is NULL when all are left.
 */
SB_MUST_CHECK enum sb_status sb_pipeline_filter_chunk(struct sb_pipeline_run *run,
                                                      struct sb_window *window, int32_t *passed);

/* Instructions [first, end); run->failed says which expression failed. */
SB_MUST_CHECK enum sb_status sb_pipeline_run_part(struct sb_pipeline_run *run, int32_t first,
                                                  int32_t end, const struct sb_window *window,
                                                  const uint8_t *guard);

/* The last condition; NULL = none. What it carries is what columns are computed from. */
static inline const struct sb_pipeline_root *sb_pipeline_last_condition(
    const struct sb_pipeline *pipeline)
{
    return pipeline->root_count == 0 ? NULL : &pipeline->roots[pipeline->root_count - 1];
}

#endif
