// SPDX-License-Identifier: Apache-2.0
/*
 * merge_limits.c - a LIMIT behind a SORT is a TOP_N, and two limits are one.
 *
 * The LIMIT may stand behind MAPs and SELECTs, which neither drop rows nor change their order: it
 * then moves below them, and they see no row that does not leave. TOP_N gives the rows that SORT
 * and LIMIT would, ties included; but it keeps them all in memory twice for each worker, so it
 * does that for few rows only.
 *
 * Nobody but the LIMIT may get the rows of what it is merged with, or of what stands between.
 */
#include "optimize/pass.h"

#include "plan/node_class.h"

/* Rows up to which TOP_N is better than SORT. */
enum { TOP_N_ROWS_MAX = 100000 };

struct range {
    int64_t offset;
    int64_t count; // INT64_MAX = all
};

static bool is_plain(const struct sb_node *node)
{
    return !node->has_function && node->key_by == NULL;
}

/* Whether a row comes out for each that goes in, in the same order. */
static bool keeps_rows(const struct sb_node *node)
{
    return (node->type == SB_NODE_MAP || node->type == SB_NODE_SELECT) && is_plain(node) &&
           node->output_count == 1;
}

/* What of the rows that `inner` leaves `outer` leaves, as one. False when it is no such range. */
static bool range_merge(const struct range *inner, const struct range *outer, struct range *out)
{
    if (__builtin_add_overflow(inner->offset, outer->offset, &out->offset)) {
        return false;
    }
    out->count = inner->count;
    if (out->count != INT64_MAX) {
        out->count = outer->offset < inner->count ? inner->count - outer->offset : 0;
    }
    out->count = outer->count < out->count ? outer->count : out->count;
    return true;
}

/* Sets what of the range says anything; false when out of memory. */
static bool range_set(const struct range *range, json_t *parameters)
{
    bool is_set = json_object_set_new(parameters, "offset", json_integer(range->offset)) == 0;

    if (range->count != INT64_MAX) {
        is_set =
            is_set && json_object_set_new(parameters, "count", json_integer(range->count)) == 0;
    }
    return is_set;
}

/* The parameters of `node` with those of the range; NULL when out of memory. */
static json_t *parameters_with(const struct sb_node *node, const struct range *range)
{
    json_t *parameters = json_copy(node->parameters);

    if (parameters == NULL || !range_set(range, parameters)) {
        json_decref(parameters);
        return NULL;
    }
    return parameters;
}

/* What feeds the LIMIT, behind MAPs and SELECTs. */
static struct sb_node *limited(const struct sb_node *limit)
{
    struct sb_node *below = limit->inputs[0];

    while (keeps_rows(below)) {
        below = below->inputs[0];
    }
    return below;
}

/* `below` does what it did, of the rows in `range` alone, and the LIMIT goes. */
static enum sb_status limit_merge(struct sb_optimization *optimization, struct sb_node *limit,
                                  struct sb_node *below, const struct range *range)
{
    struct sb_graph_edit *edit = &optimization->edit;
    const bool is_sort = below->type == SB_NODE_SORT;
    json_t *parameters;

    SB_TRY_RETURN(sb_trace_add(
        optimization, limit, sb_trace_text(optimization, "behind '%s'", below->name),
        is_sort ? "a top_n with it" : "one with it",
        is_sort ? "rows that do not leave need not be sorted" : "of a part of the rows, a part"));
    SB_TRY_RETURN(sb_edit_add_part(edit, below, limit, SB_PART_BEHIND, optimization->err));
    parameters = parameters_with(below, range);
    if (parameters == NULL) {
        return sb_optimization_no_memory(optimization);
    }
    SB_TRY_RETURN(sb_edit_replace(edit, below, is_sort ? "top_n" : below->type_name, parameters,
                                  optimization->err));
    SB_TRY_RETURN(sb_edit_derive_node(edit, below, optimization->err));
    SB_TRY_RETURN(sb_edit_remove(edit, limit, optimization->err));
    optimization->report.operators_fused++;
    return SB_OK;
}

static enum sb_status limit_try(struct sb_optimization *optimization, struct sb_node *limit)
{
    const struct range outer = {limit->spec.limit.offset, limit->spec.limit.count};
    struct sb_node *below = limited(limit);
    struct range inner = {0, INT64_MAX};
    struct range range;
    int64_t kept;

    if (below->output_count != 1 || !is_plain(below)) {
        return SB_OK;
    }
    switch (below->type) {
    case SB_NODE_LIMIT:
        inner = (struct range){below->spec.limit.offset, below->spec.limit.count};
        break;
    case SB_NODE_TOP_N:
        inner = (struct range){below->spec.top_n.offset, below->spec.top_n.count};
        break;
    case SB_NODE_SORT:
        break;
    default:
        return SB_OK;
    }
    if (!range_merge(&inner, &outer, &range)) {
        return SB_OK;
    }
    if (below->type == SB_NODE_SORT &&
        (__builtin_add_overflow(range.offset, range.count, &kept) || kept > TOP_N_ROWS_MAX)) {
        return SB_OK;
    }
    return limit_merge(optimization, limit, below, &range);
}

enum sb_status sb_merge_limits_run(struct sb_optimization *optimization)
{
    const struct sb_graph *graph = optimization->edit.graph;

    for (int32_t i = 0; i < optimization->edit.sorted_count; i++) { // the lowest first
        struct sb_node *node = graph->sorted[i];

        if (sb_edit_has(node) && node->type == SB_NODE_LIMIT && is_plain(node)) {
            SB_TRY_RETURN(limit_try(optimization, node));
        }
    }
    return SB_OK;
}
