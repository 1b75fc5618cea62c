// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_group.c - how many groups rows fall into: what AGGREGATE and DISTINCT give.
 */
#include <math.h>

#include "optimize/estimate_internal.h"

/* How many combinations of the columns there are; null counts as a value. */
static double group_count(const struct sb_estimate *input, const int32_t *keys, int32_t count)
{
    double cells = 1;
    bool is_guess = false;

    if (count == 0) {
        return 1;
    }
    for (int32_t i = 0; i < count; i++) {
        const struct sb_column_estimate *column = &input->columns[keys[i]];

        if (column->distinct < 0) {
            is_guess = true;
            continue;
        }
        cells *= (column->distinct == 0 ? 0 : sb_estimate_distinct(input, keys[i])) +
                 (column->null_share > 0 ? 1 : 0);
    }
    if (is_guess) { // of keys of which nothing is known
        cells = fmax(cells, input->rows / SB_ESTIMATE_GROUP_ROWS);
    }
    if (count == 1) {
        return sb_estimate_rows_clamp(fmin(cells, input->rows), input->rows);
    }
    // several keys: not every combination need occur
    return sb_estimate_rows_clamp(cells >= input->rows ? sb_distinct_met(cells, input->rows)
                                                       : fmin(cells, input->rows),
                                  input->rows);
}

static bool is_extreme(enum sb_aggregate_function function)
{
    return function == SB_AGGREGATE_MIN || function == SB_AGGREGATE_MAX ||
           function == SB_AGGREGATE_FIRST || function == SB_AGGREGATE_LAST ||
           function == SB_AGGREGATE_FIRST_ROW;
}

/* A key has its values, each in about as many groups. */
static struct sb_column_estimate key_column(const struct sb_estimate *input, int32_t column,
                                            double groups)
{
    struct sb_column_estimate out = input->columns[column];

    if (out.distinct > 0) {
        out.distinct = fmin(sb_estimate_distinct(input, column), groups);
    }
    out.rows = groups;
    return out;
}

enum sb_status sb_estimate_aggregate(const struct sb_node *node, const struct sb_estimate *input,
                                     struct sb_arena *arena, struct sb_estimate *out,
                                     struct sb_error *err)
{
    const struct sb_aggregate_spec *spec = &node->spec.aggregate;
    double groups = group_count(input, spec->keys, spec->key_count);
    struct sb_column_estimate *columns;

    SB_TRY_RETURN(sb_estimate_opaque(node, groups, arena, out, err));
    out->is_known = input->is_known;
    columns = (struct sb_column_estimate *)out->columns; // made just now
    for (int32_t i = 0; i < out->column_count; i++) {
        int32_t source = spec->outputs == NULL ? i : spec->outputs[i];
        int32_t call = source - spec->key_count; // below 0: a key

        if (call < 0) {
            columns[i] = key_column(input, spec->keys[source], groups);
            if (spec->key_count == 1) {
                columns[i].distinct = columns[i].null_share > 0 ? fmax(groups - 1, 0) : groups;
                columns[i].null_share =
                    columns[i].null_share > 0 && groups > 0 ? 1 / groups : columns[i].null_share;
            }
        } else if (is_extreme(spec->calls[call].function)) { // values of the column
            columns[i] = key_column(input, spec->calls[call].column, groups);
        }
    }
    return SB_OK;
}

enum sb_status sb_estimate_distinct_rows(const struct sb_node *node,
                                         const struct sb_estimate *input, struct sb_arena *arena,
                                         struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_distinct_spec *spec = &node->spec.distinct;
    struct sb_column_estimate *columns = sb_estimate_columns_alloc(arena, out);
    double groups = group_count(input, spec->keys, spec->key_count);

    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = input->columns[i];
    }
    for (int32_t i = 0; i < spec->key_count; i++) {
        columns[spec->keys[i]] = key_column(input, spec->keys[i], groups);
    }
    *out = (struct sb_estimate){groups, input->is_known, out->column_count, columns};
    return SB_OK;
}
