// SPDX-License-Identifier: Apache-2.0
/*
 * estimate.c - one walk from the sources to the sinks: what each operator makes of its inputs.
 */
#include "optimize/estimate.h"

#include <math.h>
#include <string.h>

#include "optimize/estimate_internal.h"

/* The walk: estimates that are made, and what an operator's inputs are. */
struct walk {
    struct sb_estimates *estimates;
    struct sb_arena *arena;
};

static enum sb_status walk_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "estimates", (int64_t)sizeof(struct sb_column_estimate));
}

static const struct sb_estimate *input_estimate(const struct walk *walk, const struct sb_node *node,
                                                int32_t port)
{
    return &walk->estimates->nodes[node->inputs[port]->index];
}

static struct sb_column_estimate *columns_alloc(const struct walk *walk,
                                                const struct sb_estimate *out)
{
    return sb_arena_alloc(walk->arena,
                          (size_t)(out->column_count + 1) * sizeof(struct sb_column_estimate));
}

/* At least one row comes of some: what is thought to be empty would make all joins free. */
static double rows_clamp(double rows, double input_rows)
{
    return input_rows <= 0 ? 0 : fmax(rows, 1);
}

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
static enum sb_status estimate_delivered(struct walk *walk, const struct sb_node *node,
                                         struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_source_spec *spec = &node->spec.source;
    const struct sb_statistics *statistics = node->statistics;
    struct sb_column_estimate *columns;
    int32_t hint = 0;

    *out = (struct sb_estimate){.column_count = node->delivered->field_count};
    columns = columns_alloc(walk, out);
    if (columns == NULL) {
        return walk_no_memory(err);
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

/* The columns at `positions` of `from`, in their order. */
static enum sb_status columns_pick(const struct walk *walk, const struct sb_estimate *from,
                                   const int32_t *positions, struct sb_estimate *out,
                                   struct sb_error *err)
{
    struct sb_column_estimate *columns = columns_alloc(walk, out);

    if (columns == NULL) {
        return walk_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = from->columns[positions[i]];
    }
    out->rows = from->rows;
    out->is_known = from->is_known;
    out->columns = columns;
    return SB_OK;
}

static enum sb_status estimate_source(struct walk *walk, const struct sb_node *node,
                                      struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_scan_spec *scan = &node->spec.source.scan;
    struct sb_estimate delivered;
    double share = 1;

    SB_TRY_RETURN(estimate_delivered(walk, node, &delivered, err));
    if (scan->predicate != NULL) {
        SB_TRY_RETURN(sb_estimate_condition(&delivered, scan->predicate, node->delivered,
                                            walk->arena, &share, &delivered.columns, err));
        delivered.rows = rows_clamp(delivered.rows * share, delivered.rows);
    }
    if (scan->columns != NULL) {
        return columns_pick(walk, &delivered, scan->columns, out, err);
    }
    *out = delivered;
    return SB_OK;
}

static void estimate_same(const struct walk *walk, const struct sb_node *node,
                          struct sb_estimate *out)
{
    *out = *input_estimate(walk, node, 0);
}

/* Columns of which nothing is known but their types. */
static enum sb_status estimate_opaque(const struct walk *walk, const struct sb_node *node,
                                      double rows, struct sb_estimate *out, struct sb_error *err)
{
    struct sb_column_estimate *columns = columns_alloc(walk, out);

    if (columns == NULL) {
        return walk_no_memory(err);
    }
    for (int32_t i = 0; i < out->column_count; i++) {
        columns[i] = sb_column_estimate_of_type(&node->schema->fields[i], rows);
    }
    out->columns = columns;
    out->rows = rows;
    return SB_OK;
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
    out->rows = rows_clamp(input->rows * share, input->rows);
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
        return estimate_opaque(walk, node, input->rows, out, err);
    }
    columns = columns_alloc(walk, out);
    if (columns == NULL) {
        return walk_no_memory(err);
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
        return columns_pick(walk, input, node->spec.select.columns, out, err);
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

static enum sb_status estimate_union(struct walk *walk, const struct sb_node *node,
                                     struct sb_estimate *out, struct sb_error *err)
{
    struct sb_column_estimate *columns = columns_alloc(walk, out);

    if (columns == NULL) {
        return walk_no_memory(err);
    }
    out->rows = 0;
    out->is_known = true;
    for (int32_t port = 0; port < node->input_count; port++) {
        const struct sb_estimate *input = input_estimate(walk, node, port);

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
        return rows_clamp(fmin(cells, input->rows), input->rows);
    }
    // several keys: not every combination need occur
    return rows_clamp(cells >= input->rows ? sb_distinct_met(cells, input->rows)
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

static enum sb_status estimate_groups(struct walk *walk, const struct sb_node *node,
                                      const struct sb_aggregate_spec *spec, struct sb_estimate *out,
                                      struct sb_error *err)
{
    const struct sb_estimate *input = input_estimate(walk, node, 0);
    double groups = group_count(input, spec->keys, spec->key_count);
    struct sb_column_estimate *columns;

    SB_TRY_RETURN(estimate_opaque(walk, node, groups, out, err));
    out->is_known = input->is_known;
    columns = (struct sb_column_estimate *)out->columns; // made just now
    for (int32_t i = 0; i < out->column_count; i++) {
        int32_t source = spec->outputs == NULL ? i : spec->outputs[i];
        const struct sb_aggregate_call *call = &spec->calls[source - spec->key_count];

        if (source < spec->key_count) {
            columns[i] = key_column(input, spec->keys[source], groups);
            if (spec->key_count == 1) {
                columns[i].distinct = columns[i].null_share > 0 ? fmax(groups - 1, 0) : groups;
                columns[i].null_share =
                    columns[i].null_share > 0 && groups > 0 ? 1 / groups : columns[i].null_share;
            }
        } else if (is_extreme(call->function)) { // values of the column
            columns[i] = key_column(input, call->column, groups);
        }
    }
    return SB_OK;
}

/* The first row of each key. */
static enum sb_status estimate_distinct(struct walk *walk, const struct sb_node *node,
                                        struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_estimate *input = input_estimate(walk, node, 0);
    const struct sb_distinct_spec *spec = &node->spec.distinct;
    struct sb_column_estimate *columns = columns_alloc(walk, out);
    double groups = group_count(input, spec->keys, spec->key_count);

    if (columns == NULL) {
        return walk_no_memory(err);
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

static enum sb_status estimate_unnest(struct walk *walk, const struct sb_node *node,
                                      struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_estimate *input = input_estimate(walk, node, 0);
    int32_t list = node->spec.unnest.column;
    struct sb_column_estimate *columns = columns_alloc(walk, out);
    double rows = rows_clamp(input->rows * SB_ESTIMATE_ELEMENTS, input->rows);

    if (columns == NULL) {
        return walk_no_memory(err);
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
        return estimate_source(walk, node, out, err);
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
        return estimate_union(walk, node, out, err);
    case SB_NODE_HASH_JOIN:
        return sb_estimate_join(node, input_estimate(walk, node, 0), input_estimate(walk, node, 1),
                                walk->arena, out, err);
    case SB_NODE_AGGREGATE:
        return estimate_groups(walk, node, &node->spec.aggregate, out, err);
    case SB_NODE_DISTINCT:
        return estimate_distinct(walk, node, out, err);
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
    return estimate_opaque(
        walk, node, node->input_count > 0 ? input_estimate(walk, node, 0)->rows : SB_ESTIMATE_ROWS,
        out, err);
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
        status = walk_no_memory(err);
    }
    for (int32_t i = 0; i < graph->node_count && status == SB_OK; i++) {
        if (graph->nodes[i]->index >= 0) { // of an edit, some have been removed
            status = walk_from(&walk, graph->nodes[i], path, is_made, err);
        }
    }
    sb_arena_deinit(&scratch);
    return status;
}
