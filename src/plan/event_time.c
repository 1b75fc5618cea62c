// SPDX-License-Identifier: Apache-2.0
#include "plan/event_time_internal.h"

bool sb_type_is_event_time(const struct sb_type *type)
{
    return type->id == SB_TYPE_TIMESTAMP || type->id == SB_TYPE_DATE32 ||
           type->id == SB_TYPE_DATE64 || type->id == SB_TYPE_INT64;
}

/* Where a column of an input is among the columns `columns` takes; -1 when it is left out. */
static int32_t column_kept(const int32_t *columns, int32_t count, int32_t column)
{
    for (int32_t i = 0; i < count; i++) {
        if (columns[i] == column) {
            return i;
        }
    }
    return -1;
}

/* Where a column of input `port` is in the rows of a union. */
static int32_t column_united(const struct sb_node *node, int32_t port, int32_t column)
{
    int32_t count = node->schema->field_count;

    return node->spec.unite.is_by_name && column >= 0
               ? column_kept(node->spec.unite.source_columns + port * count, count, column)
               : column;
}

static int32_t declared_time(const struct sb_node *node);

/* Where column `column` of the first input is in the output, or -1. */
static int32_t column_moved(const struct sb_node *node, int32_t column)
{
    switch (node->type) {
    case SB_NODE_FILTER:
    case SB_NODE_LIMIT:
    case SB_NODE_HASH_JOIN: // left columns come first
        return column;
    case SB_NODE_SELECT:
        return column_kept(node->spec.select.columns, node->spec.select.column_count, column);
    case SB_NODE_MAP:
        return node->spec.map.is_function
                   ? -1
                   : column_kept(node->spec.map.source_columns, node->schema->field_count, column);
    case SB_NODE_FUSED:
        for (int32_t i = 0; i < node->spec.fused.step_count && column >= 0; i++) {
            column = column_moved(node->spec.fused.steps[i], column);
        }
        return column;
    case SB_NODE_FLAT_MAP: // unnesting moves no column
        return node->has_function ? -1 : column;
    case SB_NODE_UNION:
        column = column_united(node, 0, column);
        for (int32_t i = 1; i < node->input_count; i++) {
            if (column_united(node, i, declared_time(node->inputs[i])) != column) {
                return -1;
            }
        }
        return column;
    default:
        return -1;
    }
}

/* The declared column, or -1. Recurses to the sources; graphs are small. */
static int32_t declared_time(const struct sb_node *node)
{
    int32_t column;

    if (node->type == SB_NODE_SOURCE) {
        const struct sb_scan_spec *scan = &node->spec.source.scan;
        column = node->spec.source.timestamp_index;
        return scan->columns == NULL || column < 0
                   ? column
                   : column_kept(scan->columns, scan->column_count, column);
    }
    if (node->input_count == 0) {
        return -1;
    }
    column = declared_time(node->inputs[0]);
    return column < 0 ? -1 : column_moved(node, column);
}

int32_t sb_node_event_time(const struct sb_node *node)
{
    int32_t declared = declared_time(node);
    int32_t only = -1;

    if (declared >= 0) {
        return declared;
    }
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        if (node->schema->fields[i].type.id == SB_TYPE_TIMESTAMP) {
            if (only >= 0) {
                return -1;
            }
            only = i;
        }
    }
    return only;
}

const struct sb_node *sb_node_silent_source(const struct sb_node *node)
{
    if (node->type == SB_NODE_SOURCE) {
        const struct sb_source_spec *source = &node->spec.source;
        return source->is_endless && source->timestamp_index < 0 ? node : NULL;
    }
    for (int32_t i = 0; i < node->input_count; i++) {
        const struct sb_node *silent = sb_node_silent_source(node->inputs[i]);
        if (silent != NULL) {
            return silent;
        }
    }
    return NULL;
}
