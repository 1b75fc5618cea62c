// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline_run.c - takes a batch through a pipeline, chunk by chunk.
 *
 * Which rows passed is kept only when somebody needs to know, and not before the first row drops
 * out. What is computed of them comes out in one of the forms of pipeline_run_internal.h.
 */
#include <stddef.h>
#include <string.h>

#include "expr/pipeline_run_internal.h"

/* Rows keep their places when this many of four passed lately: fewer cost more than they spare. */
enum { PLACES_FROM = 3 };

/* Rows after which half of the history is forgotten. */
#define HISTORY_ROWS (INT64_C(1) << 20)

/* Outputs for the rows from this chunk on. */
static enum sb_status outputs_create(struct sb_pipeline_run *run, const struct sb_schema *schema,
                                     int64_t capacity)
{
    const struct sb_pipeline *pipeline = run->pipeline;
    const size_t size = (size_t)pipeline->computed_count * sizeof run->outputs[0];
    int32_t made = 0;

    if (run->outputs != NULL || pipeline->computed_count == 0) {
        return SB_OK;
    }
    run->outputs = sb_memory_alloc_zeroed(run->batch->memory, size);
    if (run->outputs == NULL) {
        return sb_error_no_memory(run->err, "columns", (int64_t)size);
    }
    for (int32_t i = 0; i < pipeline->output_count; i++) {
        if (pipeline->outputs[i].input_column < 0) {
            SB_TRY_RETURN(sb_column_output_init(&run->outputs[made++], &schema->fields[i].type,
                                                run->batch->memory, capacity, run->err));
        }
    }
    return SB_OK;
}

static void outputs_destroy(struct sb_pipeline_run *run)
{
    if (run->outputs == NULL) {
        return;
    }
    for (int32_t i = 0; i < run->pipeline->computed_count; i++) {
        sb_column_output_deinit(&run->outputs[i]);
    }
    sb_memory_free(run->batch->memory, run->outputs,
                   (size_t)run->pipeline->computed_count * sizeof run->outputs[0]);
}

/* The computed columns of the rows of `window`; those out of `mask` have values nobody reads. */
static enum sb_status chunk_compute(struct sb_pipeline_run *run, const struct sb_window *window,
                                    const uint8_t *mask)
{
    const struct sb_pipeline *pipeline = run->pipeline;
    const struct sb_pipeline_root *last = sb_pipeline_last_condition(pipeline);
    struct sb_vector *registers = run->scratch->registers;
    int32_t made = 0;

    for (int32_t i = 0; i < pipeline->output_count; i++) {
        const struct sb_pipeline_output *output = &pipeline->outputs[i];
        void *place;

        if (output->input_column >= 0) {
            continue;
        }
        place = output->is_placed ? sb_column_output_place(&run->outputs[made]) : NULL;
        if (place != NULL) {
            registers[output->result].values = place;
        }
        made++;
    }
    SB_TRY_RETURN(sb_pipeline_run_part(run, last == NULL ? 0 : last->end,
                                       pipeline->program->instruction_count, window, mask));
    made = 0;
    for (int32_t i = 0; i < pipeline->output_count; i++) {
        const struct sb_pipeline_output *output = &pipeline->outputs[i];

        if (output->input_column < 0) {
            SB_TRY_RETURN(sb_column_output_append(&run->outputs[made++], &registers[output->result],
                                                  window->count, run->err));
        }
    }
    run->computed_count += window->count;
    return SB_OK;
}

static enum sb_status chunk_skip(struct sb_pipeline_run *run, int32_t count)
{
    for (int32_t i = 0; i < run->pipeline->computed_count; i++) {
        SB_TRY_RETURN(sb_column_output_skip(&run->outputs[i], count, run->err));
    }
    return SB_OK;
}

/* Form DELAYED: columns for rows of the selection, `count` of them at least at a time. */
static enum sb_status rows_compute(struct sb_pipeline_run *run, int64_t count)
{
    const struct sb_pipeline_root *last = sb_pipeline_last_condition(run->pipeline);

    while (run->passed_count - run->computed_count >= count) {
        const int64_t rest = run->passed_count - run->computed_count;
        const struct sb_window window = {
            .batch = run->batch,
            .rows = run->selection->rows + run->computed_count,
            .count = rest < SB_EXPR_CHUNK ? (int32_t)rest : SB_EXPR_CHUNK,
        };

        sb_program_begin(run->scratch);
        for (int32_t i = 0; i < last->carried_count; i++) {
            SB_TRY_RETURN(
                sb_pipeline_run_part(run, last->carried[i], last->carried[i] + 1, &window, NULL));
        }
        SB_TRY_RETURN(chunk_compute(run, &window, NULL));
    }
    return SB_OK;
}

static enum sb_status run_chunk(struct sb_pipeline_run *run, struct sb_window *window,
                                const struct sb_schema *schema, int64_t rest)
{
    const int32_t count = window->count;
    int32_t passed;

    sb_program_begin(run->scratch);
    SB_TRY_RETURN(sb_pipeline_filter_chunk(run, window, &passed));
    if (passed > 0) {
        SB_TRY_RETURN(outputs_create(run, schema, rest));
    }
    switch (run->form) {
    case SB_FORM_ROWS:
        break;
    case SB_FORM_PLACES:
        SB_TRY_RETURN(passed > 0 ? chunk_compute(run, window, run->mask) : chunk_skip(run, count));
        break;
    case SB_FORM_DELAYED:
        if (run->selection != NULL) {
            run->passed_count += passed;
            return rows_compute(run, SB_EXPR_CHUNK);
        }
        SB_TRY_RETURN(chunk_compute(run, window, NULL));
        break;
    case SB_FORM_DENSE:
        if (passed > 0) {
            SB_TRY_RETURN(chunk_compute(run, window, NULL));
        }
        break;
    }
    run->passed_count += passed;
    return SB_OK;
}

static enum sb_status run_chunks(struct sb_pipeline_run *run, const struct sb_schema *schema)
{
    const uint32_t *rows = sb_batch_rows(run->batch);
    const int64_t row_count = run->batch->row_count;

    SB_TRY_RETURN(sb_program_prepare(run->pipeline->program, run->scratch, run->err));
    if (run->form == SB_FORM_PLACES) {
        SB_TRY_RETURN(outputs_create(run, schema, row_count));
    }
    for (int64_t first = 0; first < row_count; first += SB_EXPR_CHUNK) {
        const int64_t rest = row_count - first;
        struct sb_window window = {
            .batch = run->batch,
            .rows = rows == NULL ? NULL : rows + first,
            .first = first,
            .count = rest < SB_EXPR_CHUNK ? (int32_t)rest : SB_EXPR_CHUNK,
            .goes_on = rest > SB_EXPR_CHUNK,
        };

        SB_TRY_RETURN(
            run_chunk(run, &window, schema, rest + run->passed_count - run->computed_count));
    }
    return run->form == SB_FORM_DELAYED ? rows_compute(run, 1) : SB_OK;
}

/* A column that passes, beside computed ones without places for other rows. */
static enum sb_status column_pass(struct sb_pipeline_run *run, int32_t index, struct sb_column *out)
{
    const struct sb_column *column = &run->batch->columns[index];
    const uint32_t *rows =
        run->selection != NULL ? run->selection->rows : sb_batch_rows(run->batch);

    if (rows != NULL) {
        return sb_column_gather(column, rows, run->passed_count, run->batch->memory, out, run->err);
    }
    sb_column_share(out, column);
    if (out->length != run->passed_count) {
        sb_column_slice(out, 0, run->passed_count);
    }
    return SB_OK;
}

static enum sb_status finish_dense(struct sb_pipeline_run *run, struct sb_batch *output)
{
    int32_t made = 0;

    for (int32_t i = 0; i < run->pipeline->output_count; i++) {
        const int32_t index = run->pipeline->outputs[i].input_column;
        struct sb_column column = {0};

        SB_TRY_RETURN(index >= 0
                          ? column_pass(run, index, &column)
                          : sb_column_output_finish(&run->outputs[made++], &column, run->err));
        sb_batch_adopt_column(output, i, &column);
    }
    return SB_OK;
}

/* Columns as they are, and those computed with a place for each row, under the rows that passed. */
static enum sb_status finish_selected(struct sb_pipeline_run *run, struct sb_batch *output)
{
    int32_t made = 0;

    output->column_length = run->batch->column_length;
    if (run->selection == NULL) {
        output->selection = sb_selection_retain(run->batch->selection);
        output->selection_first = run->batch->selection_first;
    } else {
        if (run->has_bits) {
            run->selection->bit_row_count = run->passed_count;
        } else {
            run->selection->bits = NULL;
        }
        output->selection = sb_selection_retain(run->selection);
    }
    for (int32_t i = 0; i < run->pipeline->output_count; i++) {
        const int32_t index = run->pipeline->outputs[i].input_column;
        struct sb_column column = {0};

        if (index >= 0) {
            sb_column_share(&column, &run->batch->columns[index]);
        } else {
            SB_TRY_RETURN(sb_column_output_finish(&run->outputs[made++], &column, run->err));
        }
        sb_batch_adopt_column(output, i, &column);
    }
    return SB_OK;
}

static enum sb_pipeline_form choose_form(const struct sb_pipeline *pipeline,
                                         const struct sb_batch *input,
                                         const struct sb_pipeline_history *history)
{
    const struct sb_pipeline_root *last = sb_pipeline_last_condition(pipeline);

    if (pipeline->computed_count == 0) {
        return SB_FORM_ROWS;
    }
    if (input->selection == NULL &&
        (pipeline->keeps_places ||
         (pipeline->may_keep_places && history->row_count > 0 &&
          history->passed_count * 4 >= history->row_count * PLACES_FROM))) {
        return SB_FORM_PLACES;
    }
    return last != NULL && !last->moves_values ? SB_FORM_DELAYED : SB_FORM_DENSE;
}

static void history_add(struct sb_pipeline_history *history, int64_t row_count, int64_t passed)
{
    history->row_count += row_count;
    history->passed_count += passed;
    if (history->row_count > HISTORY_ROWS) {
        history->row_count /= 2;
        history->passed_count /= 2;
    }
}

enum sb_status sb_pipeline_run(const struct sb_pipeline *pipeline, struct sb_batch *input,
                               struct sb_schema *schema, struct sb_pipeline_history *history,
                               struct sb_expr_scratch *scratch, struct sb_batch *output,
                               struct sb_pipeline_place *failed, struct sb_error *err)
{
    struct sb_pipeline_run run;
    enum sb_status status = SB_OK;

    memset(&run, 0, offsetof(struct sb_pipeline_run, rows)); // the rest is room
    run.pipeline = pipeline;
    run.batch = input;
    run.scratch = scratch;
    run.failed = failed;
    run.err = err;
    run.form = choose_form(pipeline, input, history);
    run.keeps_rows =
        pipeline->has_conditions &&
        (run.form == SB_FORM_DELAYED || pipeline->computed_count < pipeline->output_count);
    run.has_bits = input->selection == NULL && run.form <= SB_FORM_PLACES;
    *failed = (struct sb_pipeline_place){-1, -1};
    *output = (struct sb_batch){0};
    if (pipeline->program != NULL) {
        SB_TRY_OUT(run_chunks(&run, schema));
        history_add(history, input->row_count, run.passed_count);
    } else {
        run.passed_count = input->row_count;
    }
    if (run.passed_count > 0) {
        SB_TRY_OUT(sb_batch_init(output, input->memory, schema, run.passed_count, err));
        SB_TRY_OUT(run.form <= SB_FORM_PLACES ? finish_selected(&run, output)
                                              : finish_dense(&run, output));
    }

out:
    if (status != SB_OK) {
        sb_batch_deinit(output);
    }
    outputs_destroy(&run);
    sb_selection_release(run.selection);
    sb_batch_deinit(input);
    return status;
}
