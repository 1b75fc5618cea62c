// SPDX-License-Identifier: Apache-2.0
/*
 * wire_writer.c - the wire form of what an edit has changed.
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
static json_t *part_json(const char *type, const char *id, const char *name)
{
    json_t *json = json_object();
    bool is_failed = json == NULL || text_add(json, "operator_id", id) ||
                     text_add(json, "operator_type", type) || text_add(json, "name", name);

    return sb_details_end(json, is_failed);
}

json_t *sb_operator_json(const char *type, const char *id, const char *name, json_t *parameters)
{
    json_t *json = part_json(type, id, name);

    if (json == NULL) {
        json_decref(parameters);
        return NULL;
    }
    return sb_details_end(json, sb_details_add(json, "parameters", parameters));
}

/* Adds `part` (taken) unless `known`, by id, has it; false when out of memory. */
static bool parts_add_once(json_t *parts, json_t *known, json_t *part)
{
    const char *id = json_string_value(json_object_get(part, "operator_id"));
    bool is_failed = part == NULL;

    if (!is_failed && (id == NULL || json_object_get(known, id) == NULL)) {
        is_failed = json_array_append(parts, part) != 0 ||
                    (id != NULL && json_object_set_new_nocheck(known, id, json_true()) != 0);
    }
    json_decref(part);
    return !is_failed;
}

/* Of nodes that have parts, some of which may be the same; false when out of memory. */
static bool parts_unite(json_t *parts, struct sb_node *const *nodes, int32_t count)
{
    json_t *known = json_object();
    bool is_failed = known == NULL;

    for (int32_t i = 0; i < count && !is_failed; i++) {
        const struct sb_node *node = nodes[i];
        const json_t *own = json_object_get(node->json, "parts");

        if (own == NULL) {
            is_failed =
                !parts_add_once(parts, known, part_json(node->type_name, node->id, node->name));
        }
        for (size_t at = 0; at < json_array_size(own) && !is_failed; at++) {
            is_failed = !parts_add_once(parts, known, json_incref(json_array_get(own, at)));
        }
    }
    json_decref(known);
    return !is_failed;
}

json_t *sb_parts_json(struct sb_node *const *nodes, int32_t count)
{
    json_t *parts = json_array();
    bool is_failed = parts == NULL;
    bool have_parts = false;

    for (int32_t i = 0; i < count; i++) {
        have_parts = have_parts || json_object_get(nodes[i]->json, "parts") != NULL;
    }
    if (have_parts) {
        return sb_details_end(parts, is_failed || !parts_unite(parts, nodes, count));
    }
    for (int32_t i = 0; i < count && !is_failed; i++) {
        const struct sb_node *node = nodes[i];

        is_failed =
            json_array_append_new(parts, part_json(node->type_name, node->id, node->name)) != 0;
    }
    return sb_details_end(parts, is_failed);
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

json_t *sb_graph_json(const struct sb_graph *graph)
{
    json_t *json = json_copy(graph->json);
    json_t *operators = json_array();
    bool is_failed = json == NULL || operators == NULL;

    for (int32_t i = 0; i < graph->node_count && !is_failed; i++) {
        is_failed = json_array_append(operators, graph->nodes[i]->json) != 0;
    }
    is_failed = is_failed || json_object_set(json, "operators", operators) != 0 ||
                sb_details_add(json, "edges", edges_json(graph));
    json_decref(operators);
    return sb_details_end(json, is_failed);
}
