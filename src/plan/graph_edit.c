// SPDX-License-Identifier: Apache-2.0
/*
 * graph_edit.c - what changes a copy of a graph, and its end.
 */
#include "plan/graph_edit_internal.h"

#include <inttypes.h>
#include <string.h>

#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/parts.h"
#include "plan/statistics.h"
#include "plan/text.h"
#include "plan/wire_writer.h"

// --- edges ---------------------------------------------------------------------------------------

static void consumers_outdate(struct sb_node *node)
{
    for (int32_t i = 0; i < node->output_count; i++) {
        node->outputs[i]->is_stale = true;
    }
}

/* Where `consumer`'s `port` stands among the outputs of what feeds it. */
static int32_t output_index(const struct sb_node *node, const struct sb_node *consumer,
                            int32_t port)
{
    for (int32_t i = 0; i < node->output_count; i++) {
        if (node->outputs[i] == consumer && node->output_ports[i] == port) {
            return i;
        }
    }
    sb_assert(false);
    return -1;
}

static void output_remove(struct sb_node *node, int32_t index)
{
    int32_t behind = --node->output_count - index;

    memmove(&node->outputs[index], &node->outputs[index + 1],
            (size_t)behind * sizeof *node->outputs);
    memmove(&node->output_ports[index], &node->output_ports[index + 1],
            (size_t)behind * sizeof *node->output_ports);
}

/* The consumers of `node` become consumers of `input` instead, in the place that `node` had. */
static enum sb_status outputs_replace(struct sb_graph_edit *edit, struct sb_node *input,
                                      struct sb_node *node, struct sb_error *err)
{
    int32_t at = output_index(input, node, 0);
    int32_t behind = input->output_count - at - 1;
    int32_t count = input->output_count - 1 + node->output_count;
    struct sb_node **outputs;
    int32_t *ports;

    SB_TRY_RETURN(sb_edit_alloc(edit, count, sizeof *outputs, &outputs, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, count, sizeof *ports, &ports, err));
    memcpy(outputs, input->outputs, (size_t)at * sizeof *outputs);
    memcpy(ports, input->output_ports, (size_t)at * sizeof *ports);
    consumers_outdate(node);
    for (int32_t i = 0; i < node->output_count; i++) {
        outputs[at + i] = node->outputs[i];
        ports[at + i] = node->output_ports[i];
        node->outputs[i]->inputs[node->output_ports[i]] = input;
    }
    memcpy(outputs + at + node->output_count, input->outputs + at + 1,
           (size_t)behind * sizeof *outputs);
    memcpy(ports + at + node->output_count, input->output_ports + at + 1,
           (size_t)behind * sizeof *ports);
    input->outputs = outputs;
    input->output_ports = ports;
    input->output_count = count;
    node->output_count = 0;
    return SB_OK;
}

/* `node`, which has no edges, comes between `consumer` and what feeds its `port`. */
static void edge_split(struct sb_node *node, struct sb_node *consumer, int32_t port)
{
    struct sb_node *input = consumer->inputs[port];
    int32_t at = output_index(input, consumer, port);

    sb_assert(node->output_count == 0);
    input->outputs[at] = node;
    input->output_ports[at] = 0;
    consumer->inputs[port] = node;
    node->inputs[0] = input;
    node->outputs[0] = consumer; // there is room: sb_edit_insert and every copy with an output
    node->output_ports[0] = port;
    node->output_count = 1;
    node->is_stale = true;
    consumer->is_stale = true;
}

// --- changes -------------------------------------------------------------------------------------

/* Whether only somebody outside can say what the node gives; no edit changes what it takes. */
static bool node_is_opaque(const struct sb_node *node)
{
    return node->has_function || node->type == SB_NODE_CUSTOM || node->type == SB_NODE_REDUCE;
}

static bool node_has_stale_input(const struct sb_node *node)
{
    for (int32_t i = 0; i < node->input_count; i++) {
        if (node->inputs[i]->is_stale) {
            return true;
        }
    }
    return false;
}

static enum sb_status node_derive(struct sb_graph_edit *edit, struct sb_node *node,
                                  struct sb_error *err)
{
    struct sb_derivation derivation = {
        .arena = &edit->graph->derived,
        .scratch = &edit->scratch,
        .is_streaming = edit->graph->is_streaming,
        .is_draft = true,
    };

    if (node_is_opaque(node)) {
        if (node->type == SB_NODE_FILTER) { // its function gives a mask; the rows are its input's
            node->schema = sb_schema_retain(node->inputs[0]->schema);
        }
        return SB_OK;
    }
    sb_schema_release(node->delivered);
    node->delivered = NULL;
    node->endless_source = NULL;
    node->update_source = NULL;
    memset(&node->spec, 0, sizeof node->spec);
    sb_arena_reset(&edit->scratch);
    return sb_node_derive(node, &derivation, err);
}

enum sb_status sb_edit_derive_node(struct sb_graph_edit *edit, struct sb_node *node,
                                   struct sb_error *err)
{
    const struct sb_node *endless_source = node->endless_source;
    const struct sb_node *update_source = node->update_source;
    struct sb_schema *before = node->schema;
    enum sb_status status;

    node->schema = NULL;
    status = node_derive(edit, node, err);
    if (status == SB_OK) {
        node->is_stale = node_has_stale_input(node);
    }
    if (node->schema == NULL) {
        node->schema = before; // of one that only somebody outside can derive, or has failed
    } else if (before != NULL && sb_schema_equal(node->schema, before) &&
               endless_source == node->endless_source && update_source == node->update_source) {
        sb_schema_release(node->schema);
        node->schema = before; // what its consumers were derived from
    } else {
        sb_schema_release(before);
        consumers_outdate(node);
    }
    return status;
}

/* The id of `like` with a number; numbers differ, so only the original can have it already. */
static const char *edit_new_id(struct sb_graph_edit *edit, const struct sb_node *like)
{
    const char *id = NULL;

    do {
        id = sb_arena_format(&edit->graph->arena, "%s.%" PRId32, like->id, ++edit->inserted_count);
    } while (id != NULL && sb_graph_node(edit->original, id) != NULL);
    return id;
}

static enum sb_status edit_append(struct sb_graph_edit *edit, struct sb_node *node,
                                  struct sb_error *err)
{
    struct sb_graph *graph = edit->graph;

    if (graph->node_count == edit->node_capacity) {
        struct sb_node **nodes;

        SB_TRY_RETURN(
            sb_edit_alloc(edit, edit->node_capacity * (int64_t)2, sizeof *nodes, &nodes, err));
        memcpy(nodes, graph->nodes, (size_t)graph->node_count * sizeof *nodes);
        graph->nodes = nodes;
        edit->node_capacity *= 2;
    }
    node->index = graph->node_count;
    graph->nodes[graph->node_count++] = node;
    return SB_OK;
}

enum sb_status sb_edit_insert(struct sb_graph_edit *edit, const char *type, json_t *parameters,
                              const struct sb_node *like, struct sb_node *consumer, int32_t port,
                              struct sb_node **out, struct sb_error *err)
{
    const char *id = edit_new_id(edit, like);
    json_t *json;
    struct sb_node *node;

    if (id == NULL) {
        json_decref(parameters);
        return sb_edit_no_memory(err);
    }
    json = sb_operator_json(type, id, id, parameters);
    SB_TRY_RETURN(sb_edit_keep(edit, json, err));
    SB_TRY_RETURN(sb_node_read(edit->graph, edit->graph->node_count, json, &node, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof *node->inputs, &node->inputs, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof *node->outputs, &node->outputs, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof *node->output_ports, &node->output_ports, err));
    SB_TRY_RETURN(edit_append(edit, node, err));
    node->input_count = 1;
    edge_split(node, consumer, port);
    edit->is_stale = true;
    *out = node;
    return sb_edit_derive_node(edit, node, err);
}

enum sb_status sb_edit_remove(struct sb_graph_edit *edit, struct sb_node *node,
                              struct sb_error *err)
{
    sb_assert(node->input_count == 1 && sb_edit_has(node));
    SB_TRY_RETURN(outputs_replace(edit, node->inputs[0], node, err));
    node->index = -1;
    edit->is_stale = true;
    return SB_OK;
}

void sb_edit_drop(struct sb_graph_edit *edit, struct sb_node *node)
{
    sb_assert(node->output_count == 0 && sb_edit_has(node));
    for (int32_t port = 0; port < node->input_count; port++) {
        output_remove(node->inputs[port], output_index(node->inputs[port], node, port));
    }
    node->index = -1;
    edit->is_stale = true;
}

enum sb_status sb_edit_connect(struct sb_graph_edit *edit, struct sb_node *consumer, int32_t port,
                               struct sb_node *input, struct sb_error *err)
{
    struct sb_node *old = consumer->inputs[port];
    int32_t count = input->output_count;
    struct sb_node **outputs;
    int32_t *ports;

    if (old == input) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_edit_alloc(edit, count + 1, sizeof *outputs, &outputs, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, count + 1, sizeof *ports, &ports, err));
    memcpy(outputs, input->outputs, (size_t)count * sizeof *outputs);
    memcpy(ports, input->output_ports, (size_t)count * sizeof *ports);
    outputs[count] = consumer;
    ports[count] = port;
    input->outputs = outputs;
    input->output_ports = ports;
    input->output_count = count + 1;
    output_remove(old, output_index(old, consumer, port));
    consumer->inputs[port] = input;
    consumer->is_stale = true;
    edit->is_stale = true;
    return SB_OK;
}

enum sb_status sb_edit_set_parameters(struct sb_graph_edit *edit, struct sb_node *node,
                                      json_t *parameters, struct sb_error *err)
{
    SB_TRY_RETURN(sb_edit_keep(edit, parameters, err));
    SB_TRY_RETURN(sb_node_read_parameters(edit->graph, node, parameters, err));
    edit->is_stale = true;
    return sb_edit_derive_node(edit, node, err);
}

enum sb_status sb_edit_set_parameter(struct sb_graph_edit *edit, struct sb_node *node,
                                     const char *key, json_t *value, struct sb_error *err)
{
    json_t *parameters = node->parameters == NULL ? json_object() : json_copy(node->parameters);

    if (parameters == NULL || json_object_set(parameters, key, value) != 0) {
        json_decref(parameters);
        parameters = NULL;
    }
    json_decref(value);
    return sb_edit_set_parameters(edit, node, parameters, err);
}

/* The node is of another class from now on, its parameters are not read yet. */
static enum sb_status node_set_class(struct sb_graph_edit *edit, struct sb_node *node,
                                     const struct sb_node_class *class, struct sb_error *err)
{
    char shown[SB_SHORT_SIZE];

    node->class = class;
    node->type = class->type;
    node->type_name = class->name;
    node->label = sb_arena_format(&edit->graph->arena, "operator '%s' (%s)",
                                  sb_short(node->name, shown), node->type_name);
    memset(&node->spec, 0, sizeof node->spec);
    node->is_stale = true;
    edit->is_stale = true;
    return node->label == NULL ? sb_edit_no_memory(err) : SB_OK;
}

enum sb_status sb_edit_replace(struct sb_graph_edit *edit, struct sb_node *node, const char *type,
                               json_t *parameters, struct sb_error *err)
{
    const struct sb_node_class *class;

    sb_assert(node->input_count == 1 && !node->has_function);
    SB_TRY_RETURN(sb_edit_keep(edit, parameters, err));
    SB_TRY_RETURN(sb_node_class_find(type, node->name, &class, err));
    SB_TRY_RETURN(node_set_class(edit, node, class, err));
    return sb_node_read_parameters(edit->graph, node, parameters, err);
}

/* What a run does, step by step; `last` is its last node, as it was. */
static enum sb_status run_steps(struct sb_graph_edit *edit, struct sb_node *const *run,
                                int32_t count, struct sb_node *last, struct sb_node ***out,
                                int32_t *out_count, struct sb_error *err)
{
    struct sb_node **steps;
    int32_t filled = 0;
    int32_t room = 0;

    for (int32_t i = 0; i < count; i++) {
        room += run[i]->step_count + 1;
    }
    SB_TRY_RETURN(sb_edit_alloc(edit, room, sizeof *steps, &steps, err));
    for (int32_t i = 0; i < count; i++) {
        for (int32_t step = 0; step < run[i]->step_count; step++) {
            steps[filled++] = run[i]->steps[step];
        }
        if (run[i]->step_count == 0) {
            steps[filled++] = i + 1 < count ? run[i] : last;
        }
    }
    *out = steps;
    *out_count = filled;
    return SB_OK;
}

enum sb_status sb_edit_fuse(struct sb_graph_edit *edit, struct sb_node *const *run, int32_t count,
                            struct sb_error *err)
{
    struct sb_node *node = run[count - 1];
    struct sb_node **steps;
    struct sb_node *last;
    int32_t step_count;

    SB_TRY_RETURN(sb_edit_alloc(edit, 1, sizeof *last, &last, err));
    *last = *node;
    last->schema = NULL;
    SB_TRY_RETURN(run_steps(edit, run, count, last, &steps, &step_count, err));
    SB_TRY_RETURN(sb_edit_set_parts(edit, node, run, count, err));
    for (int32_t i = 0; i + 1 < count; i++) {
        SB_TRY_RETURN(sb_edit_remove(edit, run[i], err));
    }
    node->parameters = NULL; // the steps have theirs
    node->arguments = NULL;
    node->parsed = NULL;
    node->steps = steps;
    node->step_count = step_count;
    return node_set_class(edit, node, &sb_node_fused, err);
}

enum sb_status sb_edit_take_consumers(struct sb_graph_edit *edit, struct sb_node *to,
                                      struct sb_node *from, struct sb_error *err)
{
    const int32_t count = to->output_count + from->output_count;
    struct sb_node **outputs;
    int32_t *ports;

    SB_TRY_RETURN(sb_edit_alloc(edit, count, sizeof *outputs, &outputs, err));
    SB_TRY_RETURN(sb_edit_alloc(edit, count, sizeof *ports, &ports, err));
    for (int32_t i = 0; i < count; i++) {
        const struct sb_node *node = i < to->output_count ? to : from;
        const int32_t at = i < to->output_count ? i : i - to->output_count;

        outputs[i] = node->outputs[at];
        ports[i] = node->output_ports[at];
        outputs[i]->inputs[ports[i]] = to;
    }
    consumers_outdate(from);
    to->outputs = outputs;
    to->output_ports = ports;
    to->output_count = count;
    from->output_count = 0;
    edit->is_stale = true;
    return SB_OK;
}

enum sb_status sb_edit_move(struct sb_graph_edit *edit, struct sb_node *node, json_t *parameters,
                            struct sb_node *consumer, int32_t port, struct sb_error *err)
{
    enum sb_status status = outputs_replace(edit, node->inputs[0], node, err);

    sb_assert(node->input_count == 1 && node->output_count == 0 && consumer != node);
    if (status != SB_OK) {
        json_decref(parameters);
        return status;
    }
    edge_split(node, consumer, port);
    return sb_edit_set_parameters(edit, node, parameters, err);
}

enum sb_status sb_edit_set_parts(struct sb_graph_edit *edit, struct sb_node *node,
                                 struct sb_node *const *parts, int32_t count, struct sb_error *err)
{
    return sb_parts_unite(node, parts, count, &edit->graph->arena) ? SB_OK : sb_edit_no_memory(err);
}

enum sb_status sb_edit_add_part(struct sb_graph_edit *edit, struct sb_node *node,
                                struct sb_node *part, enum sb_part_place place,
                                struct sb_error *err)
{
    struct sb_node *const both[] = {
        place == SB_PART_BEHIND ? node : part,
        place == SB_PART_BEHIND ? part : node,
    };

    return sb_edit_set_parts(edit, node, both, place == SB_PART_ALONE ? 1 : 2, err);
}

// --- the end -------------------------------------------------------------------------------------

/* Removed nodes leave the list, and the others get their places in it. */
static void edit_compact(struct sb_graph *graph)
{
    int32_t count = 0;

    for (int32_t i = 0; i < graph->node_count; i++) {
        struct sb_node *node = graph->nodes[i];

        if (sb_edit_has(node)) {
            node->index = count;
            graph->nodes[count++] = node;
        } else {
            sb_schema_release(node->schema);
            sb_schema_release(node->declared_schema);
            sb_schema_release(node->delivered);
            sb_statistics_release(node->statistics);
            node->schema = NULL; // it may be a step of another
        }
    }
    graph->node_count = count;
}

enum sb_status sb_edit_sort(struct sb_graph_edit *edit, struct sb_error *err)
{
    edit_compact(edit->graph);
    SB_TRY_RETURN(sb_graph_sort(edit->graph, err));
    edit->sorted_count = edit->graph->node_count;
    return SB_OK;
}

enum sb_status sb_edit_derive(struct sb_graph_edit *edit, struct sb_error *err)
{
    SB_TRY_RETURN(sb_edit_sort(edit, err));
    for (int32_t i = 0; i < edit->graph->node_count; i++) {
        if (edit->graph->sorted[i]->is_stale) {
            SB_TRY_RETURN(sb_edit_derive_node(edit, edit->graph->sorted[i], err));
        }
    }
    edit->is_stale = false;
    return SB_OK;
}

enum sb_status sb_edit_finish(struct sb_graph_edit *edit, struct sb_graph **out,
                              struct sb_error *err)
{
    struct sb_graph *graph = edit->graph;

    edit_compact(graph);
    SB_TRY_RETURN(sb_graph_sort(graph, err));
    SB_TRY_RETURN(sb_graph_index(graph, err));
    sb_graph_forget(graph);
    *out = graph;
    edit->graph = NULL;
    sb_edit_deinit(edit);
    return SB_OK;
}
