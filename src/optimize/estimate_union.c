// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_union.c - the rows of several inputs, and what their columns have in common.
 */
#include <math.h>

#include "optimize/estimate_internal.h"

/* Where output column `column` comes from at `port`; -1 = it is null there. */
static int32_t union_source(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_union_spec *spec = &node->spec.unite;

    return spec->is_by_name ? spec->source_columns[port * node->schema->field_count + column]
                            : column;
}

/* `rows` rows of `part` come beside `before` rows of `column`. */
static void column_unite(struct sb_column_estimate *column, double before,
                         const struct sb_column_estimate *part, double rows)
{
    double all = before + rows;
    bool is_apart = sb_columns_compare(column, part) &&
                    (column->greatest < part->least || part->greatest < column->least);

    if (column->distinct < 0 || part->distinct < 0) {
        column->distinct = -1;
    } else { // those of one side are mostly those of the other, unless the ranges say no
        column->distinct =
            is_apart ? column->distinct + part->distinct : fmax(column->distinct, part->distinct);
    }
    if (sb_columns_compare(column, part)) {
        column->least = fmin(column->least, part->least);
        column->greatest = fmax(column->greatest, part->greatest);
    } else {
        column->least = column->greatest = NAN;
    }
    column->rows += part->rows;
    if (column->null_share >= 0 && part->null_share >= 0 && all > 0) {
        column->null_share = (column->null_share * before + part->null_share * rows) / all;
        column->width = (column->width * before + part->width * rows) / all;
    } else {
        column->null_share = -1;
    }
}

enum sb_status sb_estimate_union(const struct sb_node *node, const struct sb_estimates *inputs,
                                 struct sb_arena *arena, struct sb_estimate *out,
                                 struct sb_error *err)
{
    struct sb_column_estimate *columns = sb_estimate_columns_alloc(arena, out);

    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    out->rows = 0;
    out->is_known = true;
    for (int32_t port = 0; port < node->input_count; port++) {
        const struct sb_estimate *input = sb_estimates_of(inputs, node->inputs[port]);

        for (int32_t i = 0; i < out->column_count; i++) {
            int32_t source = union_source(node, port, i);
            struct sb_column_estimate part =
                source >= 0 ? input->columns[source]
                            : sb_column_estimate_of_type(&node->schema->fields[i], input->rows);

            if (source < 0) {
                part.null_share = 1;
                part.distinct = 0;
            }
            if (out->rows <= 0) { // of no rows nothing is known, and they tell nothing
                columns[i] = part;
            } else if (input->rows > 0) {
                column_unite(&columns[i], out->rows, &part, input->rows);
            }
        }
        out->rows += input->rows;
        out->is_known = out->is_known && input->is_known;
    }
    out->columns = columns;
    return SB_OK;
}
