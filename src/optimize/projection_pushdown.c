// SPDX-License-Identifier: Apache-2.0
/*
 * projection_pushdown.c - only the columns that somebody needs, from the sources on.
 *
 * One walk from the sinks back. Who can give less gives less: SELECT, MAP and AGGREGATE lose what
 * nobody behind them needs, sources read only the rest, and a SELECT that stands on a source
 * becomes its `columns`. Then a SELECT comes before whatever copies or stores rows of which it does
 * not need all columns.
 */
#include "optimize/pass.h"

#include <string.h>

#include "plan/node_class.h"
#include "plan/requirement.h"
#include "plan/text.h"

struct projection {
    struct sb_optimization *optimization;
    bool **wanted; // by node->index
};

// --- columns as text -----------------------------------------------------------------------------

enum { NAMED_MAX = 8 }; // columns that the trace names

static const char *columns_text(struct sb_optimization *optimization,
                                const struct sb_schema *schema)
{
    const char *text = "";

    for (int32_t i = 0; i < schema->field_count && i < NAMED_MAX; i++) {
        char name[SB_SHORT_SIZE];

        text = sb_trace_text(optimization, "%s%s%s", text, i == 0 ? "" : ", ",
                             sb_short(schema->fields[i].name, name));
    }
    if (schema->field_count <= NAMED_MAX) {
        return text;
    }
    return sb_trace_text(optimization, "%s, … (%d columns)", text, schema->field_count);
}

static enum sb_status trace_columns(struct projection *projection, const struct sb_node *node,
                                    const struct sb_schema *before, const char *reason)
{
    return sb_trace_add(projection->optimization, node,
                        columns_text(projection->optimization, before),
                        columns_text(projection->optimization, node->schema), reason);
}

// --- operators that give less --------------------------------------------------------------------

/* `*wanted`, which was about the columns of `before`, about those of `node` now. */
static enum sb_status wanted_follow(struct sb_optimization *optimization,
                                    const struct sb_node *node, const struct sb_schema *before,
                                    bool **wanted)
{
    const struct sb_schema *schema = node->schema;
    bool *now = sb_optimization_alloc(optimization, schema->field_count, sizeof *now);

    if (now == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        int32_t at = sb_schema_index(before, schema->fields[i].name);

        now[i] = at < 0 || (*wanted)[at];
    }
    *wanted = now;
    return SB_OK;
}

/* Other parameters (taken) for a node; what is wanted of it is wanted still. */
static enum sb_status node_narrow_to(struct projection *projection, struct sb_node *node,
                                     json_t *parameters)
{
    struct sb_optimization *optimization = projection->optimization;
    struct sb_schema *before = sb_schema_retain(node->schema);
    enum sb_status status =
        sb_edit_set_parameters(&optimization->edit, node, parameters, optimization->err);

    if (status == SB_OK) {
        status = wanted_follow(optimization, node, before, &projection->wanted[node->index]);
    }
    if (status == SB_OK) {
        status = trace_columns(projection, node, before, "nobody behind it needs the others");
    }
    sb_schema_release(before);
    return status;
}

/* A MAP that computes nothing any more, and keeps its input, is its input. */
static enum sb_status map_remove(struct projection *projection, struct sb_node *node)
{
    struct sb_optimization *optimization = projection->optimization;
    const struct sb_node *input = node->inputs[0];

    for (int32_t i = 0; i < node->schema->field_count; i++) {
        int32_t column = sb_schema_index(input->schema, node->schema->fields[i].name);

        if (column >= 0 && projection->wanted[node->index][i]) {
            projection->wanted[input->index][column] = true;
        }
    }
    SB_TRY_RETURN(sb_trace_add(optimization, node, "in the graph", "gone",
                               "nobody behind it needs what it computes"));
    return sb_edit_remove(&optimization->edit, node, optimization->err);
}

static enum sb_status node_narrow(struct projection *projection, struct sb_node *node)
{
    struct sb_optimization *optimization = projection->optimization;
    json_t *parameters = NULL;

    if (node->class->narrow == NULL || node->has_function) {
        return SB_OK;
    }
    if (!node->class->narrow(node, projection->wanted[node->index], &parameters)) {
        return sb_optimization_no_memory(optimization);
    }
    if (parameters == NULL) {
        return SB_OK;
    }
    if (node->type == SB_NODE_MAP && node->spec.map.is_keeping &&
        json_object_size(json_object_get(parameters, "expressions")) == 0) {
        json_decref(parameters);
        return map_remove(projection, node);
    }
    return node_narrow_to(projection, node, parameters);
}

/* SELECTs that stand on a source become its `columns`. */
static enum sb_status source_take_selects(struct projection *projection, struct sb_node *source)
{
    struct sb_optimization *optimization = projection->optimization;

    while (source->output_count == 1 && source->outputs[0]->type == SB_NODE_SELECT) {
        struct sb_node *select = source->outputs[0];
        const struct sb_schema *schema = select->schema;
        bool *wanted = sb_optimization_alloc(optimization, schema->field_count, sizeof *wanted);

        if (wanted == NULL) {
            return SB_NO_MEMORY;
        }
        memset(wanted, true, sizeof *wanted * (size_t)schema->field_count);
        SB_TRY_RETURN(sb_edit_set_parameter(&optimization->edit, source, "columns",
                                            sb_columns_json(schema, wanted), optimization->err));
        projection->wanted[source->index] = wanted;
        SB_TRY_RETURN(sb_trace_add(optimization, select, "behind the source", "in the scan",
                                   "the source can give these columns at once"));
        SB_TRY_RETURN(sb_edit_add_part(&optimization->edit, source, select, SB_PART_BEHIND,
                                       optimization->err));
        SB_TRY_RETURN(sb_edit_remove(&optimization->edit, select, optimization->err));
    }
    return SB_OK;
}

static enum sb_status source_narrow(struct projection *projection, struct sb_node *node)
{
    struct sb_optimization *optimization = projection->optimization;
    struct sb_schema *before = sb_schema_retain(node->schema);
    enum sb_status status = source_take_selects(projection, node);
    bool is_narrowed = false;

    if (status == SB_OK) {
        const bool *wanted = projection->wanted[node->index];

        if (sb_columns_count(node->schema, wanted) < node->schema->field_count) {
            status =
                sb_edit_set_parameter(&optimization->edit, node, "columns",
                                      sb_columns_json(node->schema, wanted), optimization->err);
        }
        is_narrowed = node->schema != NULL && node->schema->field_count < before->field_count;
    }
    if (status == SB_OK && is_narrowed) {
        optimization->report.projections_pushed++;
        status = trace_columns(projection, node, before, "no operator needs the others");
    }
    sb_schema_release(before);
    return status;
}

static enum sb_status node_visit(struct projection *projection, struct sb_node *node)
{
    sb_schema_want_any(node->schema, projection->wanted[node->index]);
    if (node->type == SB_NODE_SOURCE) {
        return source_narrow(projection, node);
    }
    SB_TRY_RETURN(node_narrow(projection, node));
    for (int32_t port = 0; port < node->input_count && sb_edit_has(node); port++) {
        sb_node_require(node, projection->wanted[node->index], port,
                        projection->wanted[node->inputs[port]->index]);
    }
    return SB_OK;
}

// --- columns that go on the way ------------------------------------------------------------------

/* Operators that copy or keep every column of what they get. */
static bool node_is_heavy(const struct sb_node *node)
{
    return node->type == SB_NODE_HASH_JOIN || node->type == SB_NODE_SORT ||
           node->type == SB_NODE_TOP_N || (node->type == SB_NODE_FLAT_MAP && !node->has_function);
}

static enum sb_status input_narrow(struct sb_optimization *optimization, struct sb_node *node,
                                   int32_t port, const bool *required)
{
    const struct sb_schema *schema = node->inputs[port]->schema;
    json_t *names;
    struct sb_node *added;

    if (sb_columns_count(schema, required) == schema->field_count) {
        return SB_OK;
    }
    names = sb_columns_json(schema, required);
    SB_TRY_RETURN(sb_edit_insert(&optimization->edit, "select",
                                 names == NULL ? NULL : json_pack("{s:o}", "columns", names), node,
                                 node, port, &added, optimization->err));
    return sb_trace_add(optimization, node, columns_text(optimization, schema),
                        columns_text(optimization, added->schema),
                        "it copies what it gets, and needs no more");
}

/* What is needed of every input is found before any of them changes. */
static enum sb_status node_inputs_narrow(struct sb_optimization *optimization, struct sb_node *node,
                                         const bool *wanted)
{
    bool *required[2];

    sb_assert(node->input_count <= 2);
    for (int32_t port = 0; port < node->input_count; port++) {
        const struct sb_schema *schema = node->inputs[port]->schema;

        required[port] =
            sb_optimization_alloc(optimization, schema->field_count, sizeof **required);
        if (required[port] == NULL) {
            return SB_NO_MEMORY;
        }
        sb_node_require(node, wanted, port, required[port]);
        sb_schema_want_any(schema, required[port]);
    }
    for (int32_t port = 0; port < node->input_count; port++) {
        SB_TRY_RETURN(input_narrow(optimization, node, port, required[port]));
    }
    return SB_OK;
}

/* Inputs come first: behind a SELECT that has come, an operator has other columns. */
static enum sb_status inputs_narrow(struct sb_optimization *optimization)
{
    struct sb_graph_edit *edit = &optimization->edit;
    bool **wanted;

    SB_TRY_RETURN(
        sb_graph_wanted(edit->graph, false, &optimization->arena, &wanted, optimization->err));
    for (int32_t i = 0; i < edit->sorted_count; i++) {
        struct sb_node *node = edit->graph->sorted[i];

        if (node->is_stale) {
            struct sb_schema *before = sb_schema_retain(node->schema);
            enum sb_status status = sb_edit_derive_node(edit, node, optimization->err);

            if (status == SB_OK) {
                status = wanted_follow(optimization, node, before, &wanted[node->index]);
            }
            sb_schema_release(before);
            SB_TRY_RETURN(status);
        }
        if (node_is_heavy(node)) {
            SB_TRY_RETURN(node_inputs_narrow(optimization, node, wanted[node->index]));
        }
    }
    return SB_OK;
}

enum sb_status sb_projection_pushdown_run(struct sb_optimization *optimization)
{
    struct sb_graph_edit *edit = &optimization->edit;
    struct projection projection = {.optimization = optimization};

    projection.wanted =
        sb_optimization_alloc(optimization, edit->graph->node_count, sizeof *projection.wanted);
    if (projection.wanted == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < edit->graph->node_count; i++) {
        projection.wanted[i] = sb_optimization_alloc(
            optimization, edit->graph->nodes[i]->schema->field_count, sizeof **projection.wanted);
        if (projection.wanted[i] == NULL) {
            return SB_NO_MEMORY;
        }
    }
    for (int32_t i = edit->sorted_count - 1; i >= 0; i--) {
        SB_TRY_RETURN(node_visit(&projection, edit->graph->sorted[i]));
    }
    if (edit->is_stale) {
        SB_TRY_RETURN(sb_edit_derive(edit, optimization->err));
    }
    return inputs_narrow(optimization);
}
