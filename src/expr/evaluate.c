// SPDX-License-Identifier: Apache-2.0
/*
 * evaluate.c - runs a program over a batch, chunk by chunk, into one new column.
 *
 * The last kernel writes fixed-width values straight into the column.
 */
#include "expr/column_output.h"
#include "expr/program.h"

static enum sb_status evaluate_column(const struct sb_bound_expr *bound,
                                      const struct sb_batch *batch, struct sb_expr_scratch *scratch,
                                      struct sb_column *out, struct sb_error *err)
{
    const struct sb_column *column = &batch->columns[bound->root->column];

    if (batch->selection != NULL) {
        SB_TRY_RETURN(sb_column_gather(column, sb_batch_rows(batch), batch->row_count,
                                       scratch->memory, out, err));
    } else {
        sb_column_share(out, column);
        if (out->length != batch->row_count) {
            sb_column_slice(out, 0, batch->row_count);
        }
    }
    out->type = &bound->root->type;
    return SB_OK;
}

enum sb_status sb_expr_evaluate(const struct sb_bound_expr *bound, const struct sb_batch *batch,
                                struct sb_expr_scratch *scratch, struct sb_column *out,
                                struct sb_error *err)
{
    const struct sb_program *program = bound->program;
    const struct sb_type *type = &bound->root->type;
    const uint32_t *rows = sb_batch_rows(batch);
    const bool is_computed = program->registers[program->result].is_computed;
    struct sb_column_output output = {0};
    enum sb_status status = SB_OK;

    *out = (struct sb_column){0};
    if (bound->is_column) {
        return evaluate_column(bound, batch, scratch, out, err);
    }
    SB_TRY_RETURN(sb_program_prepare(program, scratch, err));
    SB_TRY_OUT(sb_column_output_init(&output, type, scratch->memory, batch->row_count, err));
    for (int64_t first = 0; first < batch->row_count; first += SB_EXPR_CHUNK) {
        const int64_t rest = batch->row_count - first;
        const struct sb_window window = {
            .batch = batch,
            .rows = rows == NULL ? NULL : rows + first,
            .first = first,
            .count = rest < SB_EXPR_CHUNK ? (int32_t)rest : SB_EXPR_CHUNK,
        };
        void *place = is_computed ? sb_column_output_place(&output) : NULL;

        if (place != NULL) {
            scratch->registers[program->result].values = place;
        }
        SB_TRY_OUT(sb_program_run(program, &window, NULL, scratch, err));
        SB_TRY_OUT(sb_column_output_append(&output, &scratch->registers[program->result],
                                           window.count, err));
    }
    status = sb_column_output_finish(&output, out, err);
out:
    sb_column_output_deinit(&output);
    return status;
}
