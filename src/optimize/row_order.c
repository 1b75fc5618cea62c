// SPDX-License-Identifier: Apache-2.0
/*
 * row_order.c - what each type of operator does to the order of its rows.
 *
 * What is not known here can tell: functions, and types that come later.
 */
#include "optimize/row_order.h"

/* Functions that give something else when rows come in another order; sums of floats do by design.
 */
static bool aggregate_tells(const struct sb_aggregate_spec *spec)
{
    for (int32_t i = 0; i < spec->call_count; i++) {
        switch (spec->calls[i].function) {
        case SB_AGGREGATE_FIRST:
        case SB_AGGREGATE_LAST:
        case SB_AGGREGATE_FIRST_ROW:
        case SB_AGGREGATE_LIST:
        case SB_AGGREGATE_APPROX_QUANTILE: // what a sketch keeps depends on it
            return true;
        default:
            break;
        }
    }
    return spec->emits_updates;
}

/* Whether the order of what `node` gets at `port` can be seen at it or behind it. */
static bool node_tells(const struct sb_node *node, int32_t port, const bool *seen)
{
    if (node->has_function) {
        return true;
    }
    switch (node->type) {
    case SB_NODE_FILTER:
    case SB_NODE_MAP:
    case SB_NODE_SELECT:
    case SB_NODE_FUSED:
    case SB_NODE_UNION:
    case SB_NODE_FLAT_MAP:
    case SB_NODE_SORT: // rows with equal keys stay in order
        return seen[node->index];
    case SB_NODE_HASH_JOIN: // several matches of one left row come in any order
        return node->spec.join.is_symmetric || (port == 0 && seen[node->index]);
    case SB_NODE_AGGREGATE:
        return aggregate_tells(&node->spec.aggregate);
    case SB_NODE_DISTINCT:
        return !node->spec.distinct.is_whole;
    case SB_NODE_SINK:
        return node->spec.sink.kind != SB_TARGET_DISCARD;
    default: // LIMIT and TOP_N choose by it
        return true;
    }
}

void sb_row_order_mark(const struct sb_graph *graph, bool *seen)
{
    for (int32_t i = graph->node_count - 1; i >= 0; i--) {
        const struct sb_node *node = graph->sorted[i];

        for (int32_t j = 0; j < node->output_count && !seen[node->index]; j++) {
            seen[node->index] = node_tells(node->outputs[j], node->output_ports[j], seen);
        }
    }
}

bool sb_row_order_is_promised(const struct sb_node *node)
{
    while (!node->has_function) {
        switch (node->type) {
        case SB_NODE_FILTER:
        case SB_NODE_MAP:
        case SB_NODE_SELECT:
        case SB_NODE_FUSED:
        case SB_NODE_FLAT_MAP:
        case SB_NODE_HASH_JOIN:
            node = node->inputs[0];
            break;
        case SB_NODE_AGGREGATE:
        case SB_NODE_DISTINCT:
            return false;
        default:
            return true;
        }
    }
    return true;
}
