// SPDX-License-Identifier: Apache-2.0
/*
 * pipeline_chunk.c - the conditions of a pipeline, over one chunk.
 *
 * Many rows left: those that are out stay among the others, under a guard, and raise no errors. Few
 * rows left: they move together, which are the values computed so far; columns are loaded again,
 * for these rows.
 */
#include <string.h>

#include "expr/pipeline_run_internal.h"

/* The rows left move together when less than 1 in this many are. */
enum { GATHER_BELOW = 4 };

enum sb_status sb_pipeline_run_part(struct sb_pipeline_run *run, int32_t first, int32_t end,
                                    const struct sb_window *window, const uint8_t *guard)
{
    const struct sb_program *program = run->pipeline->program;
    int32_t failed = 0;
    enum sb_status status =
        sb_program_run_part(program, first, end, window, guard, run->scratch, &failed, run->err);

    if (status != SB_OK) {
        *run->failed = run->pipeline->origins[program->instructions[failed].node->origin];
    }
    return status;
}

/* Room for the rows that pass; those of the chunks before, which all did. */
static enum sb_status selection_reserve(struct sb_pipeline_run *run)
{
    const int64_t capacity = run->batch->row_count + SB_COMPRESS_SLACK;
    const uint32_t *rows = sb_batch_rows(run->batch);

    if (run->selection != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(
        sb_selection_create_with_bits(run->batch->memory, capacity, &run->selection, run->err));
    memset(run->selection->bits, 0xff, (size_t)run->passed_count / 8); // whole chunks
    for (int64_t i = 0; i < run->passed_count; i++) {
        run->selection->rows[i] = rows == NULL ? (uint32_t)i : rows[i];
    }
    return SB_OK;
}

/* Writes the rows of `window` that the mask leaves to where rows of this chunk belong. */
static enum sb_status rows_write(struct sb_pipeline_run *run, const struct sb_window *window,
                                 uint32_t **out)
{
    const struct sb_kernel_table *table = run->pipeline->table;
    const uint8_t *mask = run->mask;
    uint8_t *bits = run->bits;

    *out = run->rows;
    if (run->keeps_rows) {
        SB_TRY_RETURN(selection_reserve(run));
        *out = run->selection->rows + run->passed_count;
        bits = run->has_bits ? run->selection->bits + window->first / 8 : bits;
    }
    if (window->rows == NULL) {
        table->compress_range(mask, (uint32_t)window->first, window->count, *out, bits);
    } else {
        table->compress_rows(mask, window->rows, window->count, *out);
        run->has_bits = false;
    }
    return SB_OK;
}

#define TOGETHER(T)                                                                                \
    do {                                                                                           \
        const T *from = values;                                                                    \
        T *to = room;                                                                              \
        for (int32_t i = 0; i < count; i++) {                                                      \
            to[i] = from[index[i]];                                                                \
        }                                                                                          \
    } while (0)

/* `room` may be `values`: rows only move to the front. */
static void values_together(const void *values, const uint32_t *index, int32_t count, int32_t width,
                            void *room)
{
    switch (width) {
    case 1:
        TOGETHER(uint8_t);
        break;
    case 2:
        TOGETHER(uint16_t);
        break;
    case 4:
        TOGETHER(uint32_t);
        break;
    case 8:
        TOGETHER(uint64_t);
        break;
    default:
        TOGETHER(sb_int128);
        break;
    }
}

static bool is_computed(const struct sb_instruction *instruction)
{
    return instruction->kernel != NULL; // else a column
}

/* Several registers may share the validity of one: its own is moved in place, after the others. */
static void validity_together(struct sb_pipeline_run *run, const struct sb_pipeline_root *root,
                              int32_t count)
{
    const struct sb_program *program = run->pipeline->program;
    struct sb_expr_scratch *scratch = run->scratch;

    for (int pass = 0; pass < 2; pass++) {
        for (int32_t i = 0; i < root->carried_count; i++) {
            const struct sb_instruction *instruction = &program->instructions[root->carried[i]];
            const uint8_t *valid = scratch->registers[instruction->out].valid;
            uint8_t *own = scratch->frame + instruction->valid_offset;

            if (is_computed(instruction) && valid != NULL && (valid == own) == (pass == 1)) {
                values_together(valid, run->index, count, 1, own);
            }
        }
    }
}

/* Moves what is read behind `root` together: to the rows of `window`, which are run->index. */
static enum sb_status registers_together(struct sb_pipeline_run *run,
                                         const struct sb_pipeline_root *root,
                                         const struct sb_window *window)
{
    const struct sb_program *program = run->pipeline->program;
    struct sb_expr_scratch *scratch = run->scratch;

    validity_together(run, root, window->count);
    for (int32_t i = 0; i < root->carried_count; i++) {
        const int32_t number = root->carried[i];
        const struct sb_instruction *instruction = &program->instructions[number];
        struct sb_vector *vector = &scratch->registers[instruction->out];

        if (!is_computed(instruction)) {
            SB_TRY_RETURN(sb_pipeline_run_part(run, number, number + 1, window, NULL));
            continue;
        }
        values_together(vector->values, run->index, window->count,
                        program->registers[instruction->out].width, (void *)vector->values);
        if (vector->valid != NULL) {
            vector->valid = scratch->frame + instruction->valid_offset;
        }
    }
    return SB_OK;
}

/* Narrows `window` to the `passed` rows that the mask leaves. */
static enum sb_status chunk_together(struct sb_pipeline_run *run,
                                     const struct sb_pipeline_root *root, struct sb_window *window,
                                     int32_t passed)
{
    uint32_t *rows;

    SB_TRY_RETURN(rows_write(run, window, &rows));
    run->has_bits = false;
    if (root->moves_values) {
        run->pipeline->table->compress_range(run->mask, 0, window->count, run->index, run->bits);
    }
    run->mask = NULL;
    window->rows = rows;
    window->count = passed;
    return registers_together(run, root, window);
}

/* mask &= the condition, where null is not true. Returns how many rows are left. */
static int32_t mask_narrow(struct sb_pipeline_run *run, const struct sb_pipeline_root *root,
                           int32_t count)
{
    const struct sb_vector *result = &run->scratch->registers[root->result];
    const struct sb_kernel_table *table = run->pipeline->table;
    uint8_t *room = run->scratch->mask;

    if (run->mask == NULL && result->valid == NULL) {
        run->mask = result->values;
        return table->mask_count(run->mask, count);
    }
    if (run->mask != room) {
        memcpy(room, run->mask == NULL ? result->values : run->mask, (size_t)count);
    }
    if (run->mask != NULL) {
        table->mask_and(room, result->values, count);
    }
    if (result->valid != NULL) {
        table->mask_and(room, result->valid, count);
    }
    run->mask = room;
    return table->mask_count(room, count);
}

/* Behind a condition that left `passed` rows, when another one follows. */
static enum sb_status chunk_go_on(struct sb_pipeline_run *run, const struct sb_pipeline_root *root,
                                  struct sb_window *window, int32_t passed)
{
    uint8_t *room = run->scratch->mask;

    if (run->form != SB_FORM_PLACES && passed * GATHER_BELOW < window->count) {
        return chunk_together(run, root, window, passed);
    }
    if (run->mask != room) { // the register is used for something else
        memcpy(room, run->mask, (size_t)window->count);
        run->mask = room;
    }
    return SB_OK;
}

/* The rows of a chunk behind the conditions, to where they are kept. */
static enum sb_status chunk_keep(struct sb_pipeline_run *run, struct sb_window *window,
                                 int32_t passed)
{
    uint32_t *rows;

    if (run->form == SB_FORM_DENSE && run->mask != NULL && passed > 0) {
        return chunk_together(run, sb_pipeline_last_condition(run->pipeline), window, passed);
    }
    if (!run->keeps_rows) {
        return SB_OK;
    }
    if (run->mask != NULL) {
        // without any row left, too: bits must say so, and no later chunk stands for this one
        return passed > 0 || run->has_bits || run->selection == NULL
                   ? rows_write(run, window, &rows)
                   : SB_OK;
    }
    if (run->selection == NULL || window->rows == run->selection->rows + run->passed_count) {
        return SB_OK; // nobody is missing yet, or the rows are there
    }
    memset(run->scratch->mask, 1, (size_t)window->count);
    run->mask = run->scratch->mask;
    SB_TRY_RETURN(rows_write(run, window, &rows));
    run->mask = NULL;
    return SB_OK;
}

enum sb_status sb_pipeline_filter_chunk(struct sb_pipeline_run *run, struct sb_window *window,
                                        int32_t *out_passed)
{
    const struct sb_pipeline *pipeline = run->pipeline;
    int32_t passed = window->count;
    int32_t first = 0;

    run->mask = NULL;
    for (int32_t i = 0; i < pipeline->root_count && passed > 0; i++) {
        const struct sb_pipeline_root *root = &pipeline->roots[i];

        SB_TRY_RETURN(sb_pipeline_run_part(run, first, root->end, window, run->mask));
        first = root->end;
        if (!root->is_condition) {
            continue;
        }
        passed = mask_narrow(run, root, window->count);
        if (passed == window->count) {
            run->mask = NULL;
        } else if (passed > 0 && i + 1 < pipeline->root_count) {
            SB_TRY_RETURN(chunk_go_on(run, root, window, passed));
        }
    }
    *out_passed = passed;
    return chunk_keep(run, window, passed);
}
