// SPDX-License-Identifier: Apache-2.0
/*
 * unique_rows.c - a DISTINCT of rows that differ anyway goes.
 *
 * Behind an AGGREGATE no two rows have equal group keys, behind a DISTINCT none have equal columns
 * of its own. That stays so where rows are dropped, moved, or given other columns beside these.
 * When the upper DISTINCT compares all of them, whatever else it compares, it finds no two equal
 * rows. Equal means the same to all three: nulls, NaNs, and zeros of either sign are one. But a
 * DISTINCT also gives the zeros and NaNs that it compares one form; so it stays where it compares
 * floats.
 */
#include <string.h>

#include "optimize/pass.h"

#include "plan/node_class.h"

/* Whether rows that leave `node` came in with the same values in the columns it passes on. */
static bool passes_rows(const struct sb_node *node)
{
    switch (node->type) {
    case SB_NODE_FILTER:
    case SB_NODE_LIMIT:
    case SB_NODE_SORT:
    case SB_NODE_TOP_N:
    case SB_NODE_SELECT:
        return true;
    case SB_NODE_MAP:
        return !node->has_function;
    default:
        return false;
    }
}

/* The input column that output column `column` is, or -1. */
static int32_t column_below(const struct sb_node *node, int32_t column)
{
    switch (node->type) {
    case SB_NODE_SELECT:
        return node->spec.select.columns[column];
    case SB_NODE_MAP:
        return node->spec.map.source_columns[column];
    default:
        return column;
    }
}

/* compared[i] of what `node` gives to that of what it gets; `room` is for its columns. */
static void compared_below(const struct sb_node *node, const bool *compared, bool *room)
{
    memset(room, false, (size_t)node->inputs[0]->schema->field_count);
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        const int32_t column = compared[i] ? column_below(node, i) : -1;

        if (column >= 0) {
            room[column] = true;
        }
    }
}

/* Whether no two rows of `node` agree in all of `compared`. */
static bool is_unique(const struct sb_node *node, const bool *compared)
{
    const struct sb_aggregate_spec *groups = &node->spec.aggregate;
    const struct sb_distinct_spec *rows = &node->spec.distinct;

    if (node->type == SB_NODE_DISTINCT) {
        for (int32_t k = 0; k < rows->key_count; k++) {
            if (!compared[rows->keys[k]]) {
                return false;
            }
        }
        return true;
    }
    if (node->type != SB_NODE_AGGREGATE || groups->emits_updates) {
        return false;
    }
    for (int32_t k = 0; k < groups->key_count; k++) {
        int32_t column = k; // keys come first

        if (groups->outputs != NULL) {
            for (column = 0; column < node->schema->field_count && groups->outputs[column] != k;
                 column++) {
            }
        }
        if (column == node->schema->field_count || !compared[column]) {
            return false;
        }
    }
    return true;
}

/* Whether it gives what it compares as it came. */
static bool keeps_values(const struct sb_node *distinct)
{
    const struct sb_distinct_spec *spec = &distinct->spec.distinct;

    for (int32_t k = 0; k < spec->key_count; k++) {
        if (!sb_type_equal_is_same(&distinct->schema->fields[spec->keys[k]].type)) {
            return false;
        }
    }
    return true;
}

static enum sb_status distinct_try(struct sb_optimization *optimization, struct sb_node *distinct)
{
    const struct sb_distinct_spec *spec = &distinct->spec.distinct;
    const struct sb_node *below = distinct->inputs[0];
    int64_t most = below->schema->field_count;
    bool *columns;
    bool *compared;
    bool *room;

    while (passes_rows(below)) {
        below = below->inputs[0];
        most = below->schema->field_count > most ? below->schema->field_count : most;
    }
    if ((below->type != SB_NODE_AGGREGATE && below->type != SB_NODE_DISTINCT) ||
        !keeps_values(distinct)) {
        return SB_OK;
    }
    columns = sb_optimization_alloc(optimization, 2 * most, sizeof *columns);
    if (columns == NULL) {
        return SB_NO_MEMORY;
    }
    compared = columns;
    room = columns + most;
    for (int32_t k = 0; k < spec->key_count; k++) {
        compared[spec->keys[k]] = true;
    }
    for (below = distinct->inputs[0]; passes_rows(below); below = below->inputs[0]) {
        bool *above = compared;
        compared_below(below, above, room);
        compared = room;
        room = above;
    }
    if (!is_unique(below, compared)) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_trace_add(
        optimization, distinct, "compares rows", "gone",
        sb_trace_text(optimization, "no two rows of '%s' agree in what it compares", below->name)));
    SB_TRY_RETURN(sb_edit_add_part(&optimization->edit, distinct->inputs[0], distinct,
                                   SB_PART_BEHIND, optimization->err));
    SB_TRY_RETURN(sb_edit_remove(&optimization->edit, distinct, optimization->err));
    optimization->report.operators_fused++;
    return SB_OK;
}

enum sb_status sb_unique_rows_run(struct sb_optimization *optimization)
{
    const struct sb_graph *graph = optimization->edit.graph;

    for (int32_t i = 0; i < graph->node_count; i++) {
        struct sb_node *node = graph->nodes[i];

        if (sb_edit_has(node) && node->type == SB_NODE_DISTINCT) {
            SB_TRY_RETURN(distinct_try(optimization, node));
        }
    }
    return SB_OK;
}
