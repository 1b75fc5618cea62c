// SPDX-License-Identifier: Apache-2.0
/*
 * wire_writer.c - the wire form of graphs, also of those that edits have changed.
 *
 * Every text comes from JSON that was checked when it was read: jansson need not check it again.
 */
#include "plan/wire_writer.h"

#include "plan/node_class.h"

/* Sets `key` to a text; true on failure. */
static bool text_add(json_t *json, const char *key, const char *text)
{
    return json_object_set_new_nocheck(json, key, json_string_nocheck(text)) != 0;
}

/* An operator without parameters. */
static json_t *part_json(const struct sb_part *part)
{
    json_t *json = json_object();
    bool is_failed = json == NULL || text_add(json, "operator_id", part->id) ||
                     text_add(json, "operator_type", part->type_name) ||
                     text_add(json, "name", part->name);

    return sb_details_end(json, is_failed);
}

json_t *sb_operator_json(const char *type, const char *id, const char *name, json_t *parameters)
{
    json_t *json = part_json(&(struct sb_part){.id = id, .type_name = type, .name = name});

    if (json == NULL) {
        json_decref(parameters);
        return NULL;
    }
    return sb_details_end(json, sb_details_add(json, "parameters", parameters));
}

/* What `node` does, as one of the steps of another. */
static json_t *step_json(const struct sb_node *node)
{
    return sb_operator_json(node->type_name, node->id, node->name,
                            node->parameters == NULL ? json_object()
                                                     : json_incref(node->parameters));
}

/* The parameters of a node that an edit has fused. */
static json_t *steps_json(const struct sb_node *node)
{
    json_t *parameters = json_object();
    json_t *steps = json_array();
    bool is_failed = parameters == NULL || steps == NULL;

    for (int32_t i = 0; i < node->step_count && !is_failed; i++) {
        is_failed = json_array_append_new(steps, step_json(node->steps[i])) != 0;
    }
    if (is_failed) {
        json_decref(steps);
        return sb_details_end(parameters, true);
    }
    return sb_details_end(parameters, sb_details_add(parameters, "steps", steps));
}

static json_t *parts_json(const struct sb_node *node)
{
    json_t *parts = json_array();
    bool is_failed = parts == NULL;

    for (int32_t i = 0; i < node->part_count && !is_failed; i++) {
        is_failed = json_array_append_new(parts, part_json(&node->parts[i])) != 0;
    }
    return sb_details_end(parts, is_failed);
}

/* What came with the node, and what edits have made of it. */
static json_t *node_json(const struct sb_node *node)
{
    json_t *json = json_copy(node->json);
    bool is_failed = json == NULL || text_add(json, "operator_type", node->type_name);

    if (node->parameters != NULL) {
        is_failed = is_failed || sb_details_add(json, "parameters", json_incref(node->parameters));
    } else if (node->step_count > 0) {
        is_failed = is_failed || sb_details_add(json, "parameters", steps_json(node));
    }
    if (node->part_count > 0) {
        is_failed = is_failed || sb_details_add(json, "parts", parts_json(node));
    }
    return sb_details_end(json, is_failed);
}

static json_t *edge_json(const struct sb_node *from, const struct sb_node *to, int32_t port)
{
    json_t *json = json_object();
    bool is_failed = json == NULL || text_add(json, "from", from->id) ||
                     text_add(json, "to", to->id) ||
                     sb_details_add(json, "port", json_integer(port));

    return sb_details_end(json, is_failed);
}

static json_t *edges_json(const struct sb_graph *graph)
{
    json_t *edges = json_array();
    bool is_failed = edges == NULL;

    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->nodes[i];

        for (int32_t o = 0; o < node->output_count && !is_failed; o++) {
            is_failed = json_array_append_new(
                            edges, edge_json(node, node->outputs[o], node->output_ports[o])) != 0;
        }
    }
    return sb_details_end(edges, is_failed);
}

static json_t *nodes_json(const struct sb_graph *graph)
{
    json_t *operators = json_array();
    bool is_failed = operators == NULL;

    for (int32_t i = 0; i < graph->node_count && !is_failed; i++) {
        is_failed = json_array_append_new(operators, node_json(graph->nodes[i])) != 0;
    }
    return sb_details_end(operators, is_failed);
}

json_t *sb_graph_json(const struct sb_graph *graph)
{
    json_t *json;
    bool is_failed;

    if (!graph->is_edited) {
        return json_incref(graph->json);
    }
    json = json_copy(graph->json);
    is_failed = json == NULL || sb_details_add(json, "operators", nodes_json(graph)) ||
                sb_details_add(json, "edges", edges_json(graph));
    return sb_details_end(json, is_failed);
}
