// SPDX-License-Identifier: Apache-2.0
/*
 * requirement.c - which columns anybody needs.
 *
 * Walks from the sinks, which need all they get, to the sources. A node type that does not say what
 * it needs (functions, custom operators) needs everything; so does whatever is not known here.
 *
 * With sinks that need nothing, what is left are the columns that operators look into themselves.
 */
#include "plan/requirement.h"

#include <string.h>

#include "plan/node_class.h"

/* required[node->index]: by column of the node's schema. */
struct requirement {
    const struct sb_graph *graph;
    bool is_for_rows; // of the sinks, rows are wanted, and no column
    bool selects_stay;
    bool **required;
    bool *is_live; // [node->index]: it feeds a sink; only of what does, rows are wanted
};

static enum sb_status requirement_init(struct requirement *requirement, struct sb_arena *arena,
                                       const struct sb_graph *graph, bool is_for_rows,
                                       struct sb_error *err)
{
    *requirement = (struct requirement){.graph = graph, .is_for_rows = is_for_rows};
    requirement->required =
        sb_arena_alloc_zeroed(arena, sizeof(bool *) * (size_t)graph->node_count);
    requirement->is_live = sb_arena_alloc_zeroed(arena, (size_t)graph->node_count + 1);
    if (requirement->required == NULL || requirement->is_live == NULL) {
        return sb_error_no_memory(err, "a graph", (int64_t)sizeof(bool *) * graph->node_count);
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        size_t size = (size_t)graph->nodes[i]->schema->field_count + 1; // never nothing
        requirement->required[i] = sb_arena_alloc_zeroed(arena, size);
        if (requirement->required[i] == NULL) {
            return sb_error_no_memory(err, "a graph", (int64_t)size);
        }
    }
    return SB_OK;
}

/* One of few bytes is the cheapest. */
void sb_schema_want_any(const struct sb_schema *schema, bool *required)
{
    int32_t best = 0;

    for (int32_t i = 0; i < schema->field_count; i++) {
        int32_t width = sb_type_width(schema->fields[i].type.id);
        int32_t best_width = sb_type_width(schema->fields[best].type.id);

        if (required[i]) {
            return;
        }
        if (width > 0 && (best_width == 0 || width < best_width)) {
            best = i;
        }
    }
    if (schema->field_count > 0) {
        required[best] = true;
    }
}

int32_t sb_columns_count(const struct sb_schema *schema, const bool *marked)
{
    int32_t count = 0;

    for (int32_t i = 0; i < schema->field_count; i++) {
        count += marked[i];
    }
    return count;
}

json_t *sb_columns_json(const struct sb_schema *schema, const bool *marked)
{
    json_t *names = json_array();
    bool is_failed = names == NULL;

    for (int32_t i = 0; i < schema->field_count && !is_failed; i++) {
        if (marked[i]) {
            is_failed = json_array_append_new(names, json_string(schema->fields[i].name)) != 0;
        }
    }
    return sb_details_end(names, is_failed);
}

/* Columns that a node's own `key_by` names are checked like parameters. */
static void keys_require(const struct sb_node *node, const struct sb_schema *input, bool *required)
{
    size_t count = json_is_array(node->key_by) ? json_array_size(node->key_by) : 1;

    for (size_t i = 0; node->key_by != NULL && i < count; i++) {
        const json_t *name =
            json_is_array(node->key_by) ? json_array_get(node->key_by, i) : node->key_by;
        int32_t index = json_is_string(name) ? sb_schema_index(input, json_string_value(name)) : -1;

        if (index >= 0) {
            required[index] = true;
        }
    }
}

static void positions_require(const int32_t *positions, int32_t count, bool *required)
{
    for (int32_t i = 0; i < count; i++) {
        required[positions[i]] = true;
    }
}

static bool rows_require(const struct sb_node *node, const bool *wanted, bool *required);

/* Of a MAP, what the wanted columns are made of. */
static void map_rows_require(const struct sb_node *node, const bool *wanted, bool *required)
{
    const struct sb_map_spec *spec = &node->spec.map;
    const struct sb_schema *input = node->inputs[0]->schema;

    for (int32_t i = 0; i < node->schema->field_count; i++) {
        int32_t source = spec->source_columns[i];

        if (wanted[i] && source >= 0) {
            required[source] = true;
        } else if (wanted[i]) {
            sb_expr_columns(spec->expressions[-1 - source], input, required);
        }
    }
}

static int32_t columns_most(const struct sb_node *node)
{
    const struct sb_fused_spec *spec = &node->spec.fused;
    int32_t most = node->inputs[0]->schema->field_count;

    for (int32_t i = 0; i < spec->step_count; i++) {
        int32_t count = spec->steps[i]->schema->field_count;

        most = count > most ? count : most;
    }
    return most;
}

enum { COLUMNS_FEW = 1024 };

void sb_steps_require(const struct sb_node *node,
                      void (*require)(const struct sb_node *step, bool *wanted, bool *required),
                      const bool *wanted, bool *required)
{
    const struct sb_fused_spec *spec = &node->spec.fused;
    const int32_t input_count = node->inputs[0]->schema->field_count;
    const size_t most = (size_t)columns_most(node);
    bool few[2 * COLUMNS_FEW];
    bool *many = most <= COLUMNS_FEW ? NULL : sb_memory_alloc_zeroed(sb_memory_global(), 2 * most);
    bool *columns[2] = {many == NULL ? few : many, (many == NULL ? few : many) + most};

    if (most > COLUMNS_FEW && many == NULL) {
        memset(required, true, (size_t)input_count); // more than is needed does no harm
        return;
    }
    memcpy(columns[0], wanted, (size_t)node->schema->field_count);
    for (int32_t i = spec->step_count - 1; i >= 0; i--) {
        bool *behind = columns[0];

        memset(columns[1], false, most);
        require(spec->steps[i], behind, columns[1]);
        columns[0] = columns[1];
        columns[1] = behind;
    }
    sb_required_pass(columns[0], input_count, required);
    sb_memory_free(sb_memory_global(), many, many == NULL ? 0 : 2 * most);
}

static void step_rows_require(const struct sb_node *step, bool *wanted, bool *required)
{
    if (!rows_require(step, wanted, required)) {
        sb_node_require(step, wanted, 0, required);
    }
}

/*
 * Marks what decides how many rows a node gives, where that is less than what its columns need.
 * False: it is the same.
 */
static bool rows_require(const struct sb_node *node, const bool *wanted, bool *required)
{
    switch (node->type) {
    case SB_NODE_MAP:
        if (!node->has_function) { // of another, nothing is known
            map_rows_require(node, wanted, required);
        }
        return true;
    case SB_NODE_FUSED:
        sb_steps_require(node, step_rows_require, wanted, required);
        return true;
    case SB_NODE_SORT:
    case SB_NODE_TOP_N:
        sb_required_pass(wanted, node->schema->field_count, required);
        return true;
    case SB_NODE_AGGREGATE:
        positions_require(node->spec.aggregate.keys, node->spec.aggregate.key_count, required);
        return true;
    case SB_NODE_DISTINCT:
        sb_required_pass(wanted, node->schema->field_count, required);
        positions_require(node->spec.distinct.keys, node->spec.distinct.key_count, required);
        return true;
    case SB_NODE_UNION:
        if (node->spec.unite.is_by_name) {
            return false;
        }
        sb_required_pass(wanted, node->schema->field_count, required);
        return true;
    default:
        return node->class->require == NULL || node->has_function;
    }
}

void sb_node_require(const struct sb_node *node, const bool *wanted, int32_t port, bool *required)
{
    const struct sb_schema *input = node->inputs[port]->schema;

    if (node->class->require != NULL && !node->has_function) {
        node->class->require(node, wanted, port, required);
        keys_require(node, input, required);
    } else {
        memset(required, true, (size_t)input->field_count);
    }
}

static void node_require(struct requirement *requirement, const struct sb_node *node)
{
    bool *wanted = requirement->required[node->index];
    bool is_live = requirement->is_live[node->index] || node->type == SB_NODE_SINK;

    for (int32_t port = 0; port < node->input_count && is_live; port++) {
        requirement->is_live[node->inputs[port]->index] = true;
    }
    if (requirement->is_for_rows && (!is_live || node->type == SB_NODE_SINK)) {
        return;
    }
    if (!requirement->is_for_rows) {
        sb_schema_want_any(node->schema, wanted);
    }
    if (requirement->selects_stay && node->type == SB_NODE_SELECT) {
        memset(wanted, true, sizeof *wanted * (size_t)node->schema->field_count);
    }
    for (int32_t port = 0; port < node->input_count; port++) {
        const struct sb_node *input = node->inputs[port];
        bool *required = requirement->required[input->index];

        if (!requirement->is_for_rows || !rows_require(node, wanted, required)) {
            sb_node_require(node, wanted, port, required);
        }
    }
}

static void requirement_find(struct requirement *requirement)
{
    for (int32_t i = requirement->graph->node_count - 1; i >= 0; i--) {
        node_require(requirement, requirement->graph->sorted[i]);
    }
}

enum sb_status sb_graph_wanted(const struct sb_graph *graph, bool selects_stay,
                               struct sb_arena *arena, bool ***columns, struct sb_error *err)
{
    struct requirement requirement;

    SB_TRY_RETURN(requirement_init(&requirement, arena, graph, false, err));
    requirement.selects_stay = selects_stay;
    requirement_find(&requirement);
    *columns = requirement.required;
    return SB_OK;
}

/* Of the columns that a source's splits deliver, those without which it cannot give `wanted`. */
static void source_require(const struct sb_node *node, const bool *wanted, bool *required)
{
    const struct sb_source_spec *spec = &node->spec.source;

    memset(required, false, sizeof *required * (size_t)node->delivered->field_count);
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        required[spec->scan.columns == NULL ? i : spec->scan.columns[i]] = wanted[i];
    }
    if (spec->scan.predicate != NULL) {
        sb_expr_columns(spec->scan.predicate, node->delivered, required);
    }
}

enum sb_status sb_graph_deciding_columns(const struct sb_graph *graph, const char *operator_id,
                                         bool *out, int32_t count, struct sb_error *err)
{
    const struct sb_node *node = sb_graph_node(graph, operator_id);
    struct requirement requirement = {0};
    struct sb_arena arena;
    enum sb_status status;

    if (node == NULL || !graph->is_validated || node->type != SB_NODE_SOURCE ||
        node->delivered->field_count != count) {
        return sb_error_set(err, SB_INVALID,
                            "'%s' is no source of a validated graph with %d columns", operator_id,
                            count);
    }
    sb_arena_init(&arena, sb_memory_global());
    SB_TRY_OUT(requirement_init(&requirement, &arena, graph, true, err));
    requirement_find(&requirement);
    source_require(node, requirement.required[node->index], out);

out:
    sb_arena_deinit(&arena);
    return status;
}
