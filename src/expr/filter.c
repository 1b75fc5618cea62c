// SPDX-License-Identifier: Apache-2.0
/*
 * filter.c - narrows a batch to the rows for which a boolean expression is true.
 *
 * A conjunction is evaluated one argument after the other. When an argument leaves few rows of a
 * chunk, the next one is evaluated over these rows only; when it leaves many, over all rows, under
 * a guard, so that the rows already out raise no errors either way. No selection is made for rows
 * until the first one drops out: a batch that passes whole costs no memory.
 */
#include <string.h>

#include "expr/kernels.h"
#include "expr/program.h"

/* The next conjunct runs over the surviving rows alone when less than 1 in this many survive. */
enum { GATHER_BELOW = 4 };

struct filter {
    const struct sb_kernel_table *table;
    const struct sb_bound_expr *bound;
    const struct sb_batch *batch;
    struct sb_expr_scratch *scratch;
    struct sb_selection *selection; // NULL while every row passed
    bool has_bits;                  // of the rows that passed so far
    int64_t passed_count;
    struct sb_error *err;
};

static enum sb_status filter_reserve(struct filter *filter)
{
    const int64_t capacity = filter->batch->row_count + SB_COMPRESS_SLACK;
    const uint32_t *rows = sb_batch_rows(filter->batch);

    if (filter->selection != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_selection_create_with_bits(filter->batch->memory, capacity, &filter->selection,
                                                filter->err));
    memset(filter->selection->bits, 0xff, (size_t)filter->passed_count / 8); // whole chunks
    for (int64_t i = 0; i < filter->passed_count; i++) {
        filter->selection->rows[i] = rows == NULL ? (uint32_t)i : rows[i];
    }
    return SB_OK;
}

/* Runs conjunct `index` over `window`. `*mask` is valid until the next run; `room` may hold it. */
static enum sb_status filter_run(struct filter *filter, int32_t index,
                                 const struct sb_window *window, const uint8_t *guard,
                                 uint8_t *room, const uint8_t **mask)
{
    const struct sb_program *program = filter->bound->conjuncts[index];
    const struct sb_vector *result;

    // one scratch serves all conjuncts: their registers are set up anew when there are several
    if (filter->bound->conjunct_count > 1) {
        SB_TRY_RETURN(sb_program_prepare(program, filter->scratch, filter->err));
    }
    SB_TRY_RETURN(sb_program_run(program, window, guard, filter->scratch, filter->err));
    result = &filter->scratch->registers[program->result];
    *mask = result->values;
    if (result->valid != NULL) { // null is not true
        memcpy(room, result->values, (size_t)window->count);
        program->table->mask_and(room, result->valid, window->count);
        *mask = room;
    }
    return SB_OK;
}

/* The rows of `window` that the mask leaves, behind those that passed before. */
static enum sb_status filter_append(struct filter *filter, const struct sb_window *window,
                                    const uint8_t *mask, int32_t passed)
{
    const struct sb_kernel_table *table = filter->table;
    uint32_t *to;

    if (passed == window->count && filter->selection == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(filter_reserve(filter));
    to = filter->selection->rows + filter->passed_count;
    if (window->rows == NULL) {
        table->compress_range(mask, (uint32_t)window->first, window->count, to,
                              filter->selection->bits + window->first / 8);
    } else {
        table->compress_rows(mask, window->rows, window->count, to);
    }
    return SB_OK;
}

/* Applies the conjuncts from `index` on to the last `*count` rows of the selection. */
static enum sb_status filter_survivors(struct filter *filter, int32_t index, int32_t *count)
{
    filter->has_bits = false;
    for (; index < filter->bound->conjunct_count && *count > 0; index++) {
        uint32_t *rows = filter->selection->rows + filter->passed_count;
        const struct sb_window window = {.batch = filter->batch, .rows = rows, .count = *count};
        const uint8_t *mask;
        SB_TRY_RETURN(filter_run(filter, index, &window, NULL, filter->scratch->mask, &mask));
        *count = filter->table->compress_rows(mask, rows, *count, rows);
    }
    return SB_OK;
}

static enum sb_status filter_chunk(struct filter *filter, const struct sb_window *window)
{
    uint8_t *mask = filter->scratch->mask;
    const int32_t conjunct_count = filter->bound->conjunct_count;
    const uint8_t *result;
    int32_t passed;
    int32_t index = 1;

    SB_TRY_RETURN(filter_run(filter, 0, window, NULL, mask, &result));
    passed = filter->table->mask_count(result, window->count);
    if (conjunct_count > 1 && result != mask) {
        memcpy(mask, result, (size_t)window->count);
        result = mask;
    }
    for (; index < conjunct_count && passed * GATHER_BELOW >= window->count; index++) {
        const uint8_t *guard = passed < window->count ? mask : NULL;
        const uint8_t *next;
        SB_TRY_RETURN(filter_run(filter, index, window, guard, filter->scratch->next_mask, &next));
        filter->table->mask_and(mask, next, window->count);
        passed = filter->table->mask_count(mask, window->count);
    }
    if (passed > 0 || filter->has_bits || filter->selection == NULL) {
        SB_TRY_RETURN(filter_append(filter, window, result, passed));
    }
    if (index < conjunct_count) {
        SB_TRY_RETURN(filter_survivors(filter, index, &passed));
    }
    filter->passed_count += passed;
    return SB_OK;
}

/* Puts the selection in place of the batch's own. */
static void filter_finish(struct filter *filter, struct sb_batch *batch)
{
    if (filter->selection == NULL) {
        return; // every row passed
    }
    if (filter->passed_count == 0) {
        sb_selection_release(filter->selection);
        sb_batch_slice(batch, 0, 0);
        return;
    }
    sb_selection_release(batch->selection);
    batch->selection = filter->selection;
    if (filter->has_bits) {
        batch->selection->bit_row_count = filter->passed_count;
    } else {
        batch->selection->bits = NULL;
    }
    batch->selection_first = 0;
    batch->row_count = filter->passed_count;
}

enum sb_status sb_expr_filter(const struct sb_bound_expr *bound, struct sb_batch *batch,
                              struct sb_expr_scratch *scratch, struct sb_error *err)
{
    struct filter filter = {.bound = bound, .batch = batch, .scratch = scratch, .err = err};
    const uint32_t *rows = sb_batch_rows(batch);
    enum sb_status status = SB_OK;

    if (bound->conjunct_count == 0) {
        char type[SB_TYPE_NAME_SIZE];
        return sb_error_set(err, SB_INVALID, "a filter needs a boolean expression; this one is %s",
                            sb_type_name(&bound->root->type, type, sizeof type));
    }
    filter.table = bound->conjuncts[0]->table;
    filter.has_bits = rows == NULL;
    SB_TRY_OUT(sb_program_prepare(bound->conjuncts[0], scratch, err));
    for (int64_t first = 0; first < batch->row_count; first += SB_EXPR_CHUNK) {
        const int64_t rest = batch->row_count - first;
        const struct sb_window window = {
            .batch = batch,
            .rows = rows == NULL ? NULL : rows + first,
            .first = first,
            .count = rest < SB_EXPR_CHUNK ? (int32_t)rest : SB_EXPR_CHUNK,
        };
        SB_TRY_OUT(filter_chunk(&filter, &window));
    }
    filter_finish(&filter, batch);
    return SB_OK;
out:
    sb_selection_release(filter.selection);
    return status;
}
