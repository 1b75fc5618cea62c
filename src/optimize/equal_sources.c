// SPDX-License-Identifier: Apache-2.0
/*
 * equal_sources.c - what several sources read the same way is read once.
 *
 * Only of files, generators and rows within the graph, which give the same rows whenever they are
 * read, and of sources that end: a topic is somebody's place in a stream, and what is bound from
 * outside may be something else for each. The sources must agree in all parameters and columns.
 *
 * Rows for both sides of a hash join stay two sources: read once, those of the probe side would
 * have to be kept until the build side is complete.
 */
#include <stdlib.h>
#include <string.h>

#include "optimize/pass.h"

#include "plan/node_class.h"

static const json_t *parameter(const struct sb_node *node, const char *key)
{
    return json_object_get(node->parameters, key);
}

/* Whether reading it twice gives the same rows. */
static bool is_repeatable(const struct sb_node *node)
{
    const json_t *kind;

    if (node->type != SB_NODE_SOURCE || node->has_function || node->key_by != NULL ||
        node->spec.source.is_endless) {
        return false;
    }
    kind = json_object_get(parameter(node, "data"), "kind");
    return node->spec.source.is_generator || json_is_string(parameter(node, "path")) ||
           json_is_array(parameter(node, "path")) ||
           (json_is_string(kind) && strcmp(json_string_value(kind), "arrow_ipc") == 0);
}

static bool is_equal(const struct sb_node *one, const struct sb_node *other)
{
    return json_equal(one->parameters, other->parameters) &&
           sb_schema_equal(one->schema, other->schema) && one->parallelism == other->parallelism &&
           one->max_parallelism == other->max_parallelism;
}

/* What EXPLAIN says they read: equal sources stand side by side. */
static int compare_targets(const void *a, const void *b)
{
    const struct sb_node *one = *(struct sb_node *const *)a;
    const struct sb_node *other = *(struct sb_node *const *)b;
    int order = strcmp(one->spec.source.target, other->spec.source.target);

    return order != 0 ? order : (one->index > other->index) - (one->index < other->index);
}

enum { FROM_ONE = 1, FROM_OTHER = 2 };

/* Whether rows of one come to one side of a join, and rows of the other to its other side. */
static enum sb_status check_joins(struct sb_optimization *optimization, const struct sb_node *one,
                                  const struct sb_node *other, bool *is_joined)
{
    const struct sb_graph *graph = optimization->edit.graph;
    uint8_t *from = sb_optimization_alloc(optimization, graph->node_count, sizeof *from);

    *is_joined = false;
    if (from == NULL) {
        return SB_NO_MEMORY;
    }
    from[one->index] = FROM_ONE;
    from[other->index] = FROM_OTHER;
    for (int32_t i = 0; i < optimization->edit.sorted_count; i++) {
        const struct sb_node *node = graph->sorted[i];

        for (int32_t port = 0; sb_edit_has(node) && port < node->input_count; port++) {
            from[node->index] |= from[node->inputs[port]->index];
        }
        *is_joined |= sb_edit_has(node) && node->type == SB_NODE_HASH_JOIN &&
                      from[node->index] == (FROM_ONE | FROM_OTHER);
    }
    return SB_OK;
}

static enum sb_status source_merge(struct sb_optimization *optimization, struct sb_node *one,
                                   struct sb_node *other)
{
    struct sb_graph_edit *edit = &optimization->edit;
    bool is_joined;

    SB_TRY_RETURN(check_joins(optimization, one, other, &is_joined));
    if (is_joined) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_trace_add(optimization, other, "reads by itself",
                               sb_trace_text(optimization, "gets the rows of '%s'", one->name),
                               "both read the same"));
    SB_TRY_RETURN(sb_edit_add_part(edit, one, other, SB_PART_BEHIND, optimization->err));
    SB_TRY_RETURN(sb_edit_take_consumers(edit, one, other, optimization->err));
    sb_edit_drop(edit, other);
    optimization->report.operators_fused++;
    return SB_OK;
}

enum sb_status sb_equal_sources_run(struct sb_optimization *optimization)
{
    const struct sb_graph *graph = optimization->edit.graph;
    struct sb_node **sources =
        sb_optimization_alloc(optimization, graph->node_count, sizeof(struct sb_node *));
    int32_t count = 0;

    if (sources == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (sb_edit_has(graph->nodes[i]) && is_repeatable(graph->nodes[i]) &&
            graph->nodes[i]->spec.source.target != NULL) {
            sources[count++] = graph->nodes[i];
        }
    }
    qsort(sources, (size_t)count, sizeof *sources, compare_targets);
    for (int32_t i = 0; i < count; i++) {
        for (int32_t j = i + 1;
             j < count && sb_edit_has(sources[i]) &&
             strcmp(sources[i]->spec.source.target, sources[j]->spec.source.target) == 0;
             j++) {
            if (sb_edit_has(sources[j]) && is_equal(sources[i], sources[j])) {
                SB_TRY_RETURN(source_merge(optimization, sources[i], sources[j]));
            }
        }
    }
    return SB_OK;
}
