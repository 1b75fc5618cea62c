// SPDX-License-Identifier: Apache-2.0
/*
 * estimate.c - one walk from the sources to the sinks: what each operator makes of its inputs.
 *
 * Operators that look at each row alone, or only pass some, are here; estimate_source.c,
 * estimate_union.c, estimate_group.c and estimate_join.c have the others.
 */
#include "optimize/estimate.h"

#include <math.h>

#include "optimize/estimate_internal.h"

/* The walk: estimates that are made, and what an operator's inputs are. */
struct walk {
    struct sb_estimates *estimates;
    struct sb_arena *arena;
};

enum sb_status sb_estimate_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "estimates", (int64_t)sizeof(struct sb_column_estimate));
}

static const struct sb_estimate *input_estimate(const struct walk *walk, const struct sb_node *node,
                                                int32_t port)
{
    return &walk->estimates->nodes[node->inputs[port]->index];
}

struct sb_column_estimate *sb_estimate_columns_alloc(struct sb_arena *arena,
                                                     const struct sb_estimate *out)
{
    return sb_arena_alloc(arena,
                          (size_t)(out->column_count + 1) * sizeof(struct sb_column_estimate));
}

enum sb_status sb_estimate_columns_pick(const struct sb_estimate *from, const int32_t *positions,
                                        struct sb_arena *arena, struct sb_estimate *out,
                                        struct sb_error *err)
{
    struct sb_column_estimate *columns = sb_estimate_columns_alloc(arena, out);

    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = from->columns[positions[i]];
    }
    out->rows = from->rows;
    out->is_known = from->is_known;
    out->columns = columns;
    return SB_OK;
}

enum sb_status sb_estimate_opaque(const struct sb_node *node, double rows, struct sb_arena *arena,
                                  struct sb_estimate *out, struct sb_error *err)
{
    struct sb_column_estimate *columns = sb_estimate_columns_alloc(arena, out);

    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = sb_column_estimate_of_type(&node->schema->fields[i], rows);
    }
    out->columns = columns;
    out->rows = rows;
    return SB_OK;
}

static void estimate_same(const struct walk *walk, const struct sb_node *node,
                          struct sb_estimate *out)
{
    *out = *input_estimate(walk, node, 0);
}

static enum sb_status estimate_filter(struct walk *walk, const struct sb_node *node,
                                      const struct sb_estimate *input, struct sb_estimate *out,
                                      struct sb_error *err)
{
    double share = SB_ESTIMATE_CONDITION;

    *out = *input;
    if (node->spec.filter.predicate != NULL) {
        SB_TRY_RETURN(sb_estimate_condition(input, node->spec.filter.predicate,
                                            node->inputs[0]->schema, walk->arena, &share,
                                            &out->columns, err));
    }
    out->rows = sb_estimate_rows_clamp(input->rows * share, input->rows);
    return SB_OK;
}

static enum sb_status estimate_map(struct walk *walk, const struct sb_node *node,
                                   const struct sb_estimate *input, struct sb_estimate *out,
                                   struct sb_error *err)
{
    const struct sb_map_spec *spec = &node->spec.map;
    struct sb_column_estimate *columns;

    out->is_known = input->is_known;
    if (spec->is_function) {
        return sb_estimate_opaque(node, input->rows, walk->arena, out, err);
    }
    columns = sb_estimate_columns_alloc(walk->arena, out);
    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        int32_t source = spec->source_columns[i];

        columns[i] =
            source >= 0 ? input->columns[source]
                        : sb_estimate_expression(input, spec->expressions[-1 - source],
                                                 node->inputs[0]->schema, &node->schema->fields[i]);
    }
    out->columns = columns;
    out->rows = input->rows;
    return SB_OK;
}

/* An operator that can be a step of a fused one: its input is not in the walk then. */
static enum sb_status estimate_step(struct walk *walk, const struct sb_node *node,
                                    const struct sb_estimate *input, struct sb_estimate *out,
                                    struct sb_error *err)
{
    out->column_count = node->schema->field_count;
    switch (node->type) {
    case SB_NODE_FILTER:
        return estimate_filter(walk, node, input, out, err);
    case SB_NODE_SELECT:
        return sb_estimate_columns_pick(input, node->spec.select.columns, walk->arena, out, err);
    default:
        sb_assert(node->type == SB_NODE_MAP);
        return estimate_map(walk, node, input, out, err);
    }
}

static enum sb_status estimate_fused(struct walk *walk, const struct sb_node *node,
                                     struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_fused_spec *spec = &node->spec.fused;
    struct sb_estimate before = *input_estimate(walk, node, 0);

    for (int32_t i = 0; i < spec->step_count; i++) {
        SB_TRY_RETURN(estimate_step(walk, spec->steps[i], &before, out, err));
        before = *out;
    }
    return SB_OK;
}

static enum sb_status estimate_unnest(struct walk *walk, const struct sb_node *node,
                                      struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_estimate *input = input_estimate(walk, node, 0);
    int32_t list = node->spec.unnest.column;
    struct sb_column_estimate *columns = sb_estimate_columns_alloc(walk->arena, out);
    double rows = sb_estimate_rows_clamp(input->rows * SB_ESTIMATE_ELEMENTS, input->rows);

    if (columns == NULL) {
        return sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = input->columns[i];
        if (i == list) {
            columns[i] = sb_column_estimate_of_type(&node->schema->fields[i], rows);
        } else {
            columns[i].rows = fmax(columns[i].rows, rows);
        }
        if (columns[i].distinct < 0) {
            columns[i].rows = i == list ? rows : input->columns[i].rows;
        }
    }
    *out = (struct sb_estimate){rows, input->is_known, out->column_count, columns};
    return SB_OK;
}

static void estimate_limit(const struct walk *walk, const struct sb_node *node, int64_t count,
                           int64_t offset, struct sb_estimate *out)
{
    const struct sb_estimate *input = input_estimate(walk, node, 0);

    estimate_same(walk, node, out);
    out->rows = fmin(fmax(input->rows - (double)offset, 0), (double)count);
}

static enum sb_status estimate_node(struct walk *walk, const struct sb_node *node,
                                    struct sb_error *err)
{
    struct sb_estimate *out = &walk->estimates->nodes[node->index];

    out->column_count = node->schema->field_count;
    switch (node->type) {
    case SB_NODE_SOURCE:
        return sb_estimate_source(node, walk->arena, out, err);
    case SB_NODE_SINK:
    case SB_NODE_SORT:
        estimate_same(walk, node, out);
        return SB_OK;
    case SB_NODE_FILTER:
    case SB_NODE_SELECT:
    case SB_NODE_MAP:
        return estimate_step(walk, node, input_estimate(walk, node, 0), out, err);
    case SB_NODE_FUSED:
        return estimate_fused(walk, node, out, err);
    case SB_NODE_UNION:
        return sb_estimate_union(node, walk->estimates, walk->arena, out, err);
    case SB_NODE_HASH_JOIN:
        return sb_estimate_join(node, input_estimate(walk, node, 0), input_estimate(walk, node, 1),
                                walk->arena, out, err);
    case SB_NODE_AGGREGATE:
        return sb_estimate_aggregate(node, input_estimate(walk, node, 0), walk->arena, out, err);
    case SB_NODE_DISTINCT:
        return sb_estimate_distinct_rows(node, input_estimate(walk, node, 0), walk->arena, out,
                                         err);
    case SB_NODE_LIMIT:
        estimate_limit(walk, node, node->spec.limit.count, node->spec.limit.offset, out);
        return SB_OK;
    case SB_NODE_TOP_N:
        estimate_limit(walk, node, node->spec.top_n.count, node->spec.top_n.offset, out);
        return SB_OK;
    case SB_NODE_FLAT_MAP:
        if (!node->has_function) {
            return estimate_unnest(walk, node, out, err);
        }
        break;
    default:
        break;
    }
    // What only somebody outside understands: as many rows as come in, and nobody knows.
    out->is_known = false;
    return sb_estimate_opaque(
        node, node->input_count > 0 ? input_estimate(walk, node, 0)->rows : SB_ESTIMATE_ROWS,
        walk->arena, out, err);
}

/* A node on the way down to its sources, and the input to visit next. */
struct step {
    const struct sb_node *node;
    int32_t port;
};

/* Inputs first, without recursion: graphs may be deep, and those of an edit are not sorted. */
static enum sb_status walk_from(struct walk *walk, const struct sb_node *root, struct step *path,
                                uint8_t *is_made, struct sb_error *err)
{
    int32_t depth = 0;

    if (is_made[root->index]) {
        return SB_OK;
    }
    path[depth++] = (struct step){.node = root};
    while (depth > 0) {
        struct step *top = &path[depth - 1];
        const struct sb_node *node = top->node;

        if (top->port < node->input_count) {
            const struct sb_node *input = node->inputs[top->port++];

            if (!is_made[input->index]) {
                path[depth++] = (struct step){.node = input};
            }
            continue;
        }
        SB_TRY_RETURN(estimate_node(walk, node, err));
        is_made[node->index] = 1;
        depth--;
    }
    return SB_OK;
}

enum sb_status sb_estimates_make(const struct sb_graph *graph, struct sb_arena *arena,
                                 struct sb_estimates *out, struct sb_error *err)
{
    size_t count = (size_t)graph->node_count + 1;
    struct sb_arena scratch = {.memory = arena->memory};
    struct step *path = sb_arena_alloc(&scratch, count * sizeof *path);
    uint8_t *is_made = sb_arena_alloc_zeroed(&scratch, count);
    struct walk walk = {.estimates = out, .arena = arena};
    enum sb_status status = SB_OK;

    *out = (struct sb_estimates){
        .arena = arena,
        .node_count = graph->node_count,
        .nodes = sb_arena_alloc_zeroed(arena, count * sizeof *out->nodes),
    };
    if (path == NULL || is_made == NULL || out->nodes == NULL) {
        status = sb_estimate_no_memory(err);
    }
    for (int32_t i = 0; i < graph->node_count && status == SB_OK; i++) {
        if (graph->nodes[i]->index >= 0) { // of an edit, some have been removed
            status = walk_from(&walk, graph->nodes[i], path, is_made, err);
        }
    }
    sb_arena_deinit(&scratch);
    return status;
}
