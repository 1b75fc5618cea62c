// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_source.c - what a source gives, by its statistics or, of a generator, by its parameters.
 */
#include <math.h>

#include "optimize/estimate_internal.h"

static void generator_column(struct sb_column_estimate *column,
                             const struct sb_generator_column *made, double rows)
{
    double last = fmax(rows - 1, 0) * (double)made->step;

    column->null_share = 0;
    switch (made->kind) {
    case SB_GENERATOR_SEQUENCE:
    case SB_GENERATOR_TIMESTAMP: {
        double unit = made->kind == SB_GENERATOR_TIMESTAMP ? 1000 : 1;

        column->least = ((double)made->start + fmin(last, 0)) / unit;
        column->greatest = ((double)made->start + fmax(last, 0)) / unit;
        column->step = fmax(fabs((double)made->step) / unit, column->step);
        column->distinct = made->step == 0 ? 1 : rows;
        break;
    }
    case SB_GENERATOR_UNIFORM_INT:
        column->least = (double)made->start;
        column->greatest = (double)made->high;
        column->distinct = sb_distinct_met(column->greatest - column->least + 1, rows);
        break;
    case SB_GENERATOR_UNIFORM_FLOAT:
        column->least = made->low_float;
        column->greatest = made->high_float;
        break;
    case SB_GENERATOR_STRING:
        column->distinct = sb_distinct_met((double)made->high - (double)made->start + 1, rows);
        break;
    }
}

/* The rows its splits deliver. */
static enum sb_status delivered_estimate(const struct sb_node *node, struct sb_arena *arena,
                                         struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_source_spec *spec = &node->spec.source;
    const struct sb_statistics *statistics = node->statistics;
    struct sb_column_estimate *columns;
    int32_t hint = 0;

    *out = (struct sb_estimate){.column_count = node->delivered->field_count};
    columns = sb_estimate_columns_alloc(arena, out);
    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    out->is_known = spec->is_generator || (statistics != NULL && statistics->row_count >= 0);
    out->rows = spec->is_generator ? (double)spec->generator_rows
                : out->is_known    ? (double)statistics->row_count
                                   : SB_ESTIMATE_ROWS;
    for (int32_t i = 0; i < out->column_count; i++) {
        const struct sb_field *field = &node->delivered->fields[i];

        columns[i] = sb_column_estimate_of_statistics(
            field, sb_statistics_column(statistics, field, &hint), out->rows);
        if (spec->is_generator) {
            generator_column(&columns[i], &spec->generator_columns[i], out->rows);
        }
    }
    out->columns = columns;
    return SB_OK;
}

enum sb_status sb_estimate_source(const struct sb_node *node, struct sb_arena *arena,
                                  struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_scan_spec *scan = &node->spec.source.scan;
    struct sb_estimate delivered;
    double share = 1;

    SB_TRY_RETURN(delivered_estimate(node, arena, &delivered, err));
    if (scan->predicate != NULL) {
        SB_TRY_RETURN(sb_estimate_condition(&delivered, scan->predicate, node->delivered, arena,
                                            &share, &delivered.columns, err));
        delivered.rows = sb_estimate_rows_clamp(delivered.rows * share, delivered.rows);
    }
    if (scan->columns != NULL) {
        return sb_estimate_columns_pick(&delivered, scan->columns, arena, out, err);
    }
    *out = delivered;
    return SB_OK;
}
