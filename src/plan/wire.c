// SPDX-License-Identifier: Apache-2.0
/*
 * wire.c - reads the wire form (docs/design/0001): the graph object, its operators, its edges.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/parts.h"
#include "plan/text.h"

enum { WIRE_VERSION = 1 };

static const char *const modes[] = {"batch", "streaming", NULL};
static const char *const state_backends[] = {"auto", "memory", "rocksdb", "tonbo", "redis", NULL};

enum {
    GRAPH_VERSION,
    GRAPH_JOB_ID,
    GRAPH_JOB_NAME,
    GRAPH_MODE,
    GRAPH_DEFAULT_PARALLELISM,
    GRAPH_CHECKPOINT_INTERVAL,
    GRAPH_STATE_BACKEND,
    GRAPH_OPERATORS,
    GRAPH_EDGES,
    GRAPH_KEY_COUNT,
};

static const struct sb_parameter graph_keys[] = {
    [GRAPH_VERSION] = {.name = "version",
                       .kinds = SB_PARAMETER_INTEGER,
                       .is_required = true,
                       .minimum = WIRE_VERSION,
                       .maximum = WIRE_VERSION},
    [GRAPH_JOB_ID] = {.name = "job_id", .kinds = SB_PARAMETER_TEXT},
    [GRAPH_JOB_NAME] = {.name = "job_name", .kinds = SB_PARAMETER_TEXT},
    [GRAPH_MODE] = {.name = "mode", .kinds = SB_PARAMETER_TEXT, .choices = modes},
    [GRAPH_DEFAULT_PARALLELISM] = {.name = "default_parallelism",
                                   .kinds = SB_PARAMETER_INTEGER,
                                   .minimum = 1,
                                   .maximum = 32768},
    [GRAPH_CHECKPOINT_INTERVAL] = {.name = "checkpoint_interval_ms", .kinds = SB_PARAMETER_INTEGER},
    [GRAPH_STATE_BACKEND] = {.name = "state_backend",
                             .kinds = SB_PARAMETER_TEXT,
                             .choices = state_backends},
    [GRAPH_OPERATORS] = {.name = "operators", .kinds = SB_PARAMETER_LIST, .is_required = true},
    [GRAPH_EDGES] = {.name = "edges", .kinds = SB_PARAMETER_LIST},
    [GRAPH_KEY_COUNT] = {.name = NULL},
};

enum {
    NODE_ID,
    NODE_TYPE,
    NODE_NAME,
    NODE_PARAMETERS,
    NODE_FUNCTION,
    NODE_STATEFUL,
    NODE_KEY_BY,
    NODE_PARALLELISM,
    NODE_MAX_PARALLELISM,
    NODE_MEMORY_MB,
    NODE_CPU_CORES,
    NODE_PARTS,
    NODE_KEY_COUNT,
};

static const struct sb_parameter node_keys[] = {
    [NODE_ID] = {.name = "operator_id", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [NODE_TYPE] = {.name = "operator_type", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [NODE_NAME] = {.name = "name", .kinds = SB_PARAMETER_TEXT},
    [NODE_PARAMETERS] = {.name = "parameters", .kinds = SB_PARAMETER_OBJECT},
    [NODE_FUNCTION] = {.name = "function", .kinds = SB_PARAMETER_OBJECT},
    [NODE_STATEFUL] = {.name = "stateful", .kinds = SB_PARAMETER_BOOL},
    [NODE_KEY_BY] = {.name = "key_by", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [NODE_PARALLELISM] = {.name = "parallelism",
                          .kinds = SB_PARAMETER_INTEGER,
                          .minimum = 1,
                          .maximum = 32768},
    [NODE_MAX_PARALLELISM] = {.name = "max_parallelism",
                              .kinds = SB_PARAMETER_INTEGER,
                              .minimum = 1,
                              .maximum = 32768},
    [NODE_MEMORY_MB] = {.name = "memory_mb", .kinds = SB_PARAMETER_NUMBER},
    [NODE_CPU_CORES] = {.name = "cpu_cores", .kinds = SB_PARAMETER_NUMBER},
    [NODE_PARTS] = {.name = "parts", .kinds = SB_PARAMETER_LIST}, // see parts.h
    [NODE_KEY_COUNT] = {.name = NULL},
};

enum { EDGE_FROM, EDGE_TO, EDGE_PORT, EDGE_KEY_COUNT };

static const struct sb_parameter edge_keys[] = {
    [EDGE_FROM] = {.name = "from", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [EDGE_TO] = {.name = "to", .kinds = SB_PARAMETER_TEXT, .is_required = true},
    [EDGE_PORT] = {.name = "port",
                   .kinds = SB_PARAMETER_INTEGER,
                   .maximum = SB_GRAPH_EDGE_COUNT_MAX},
    [EDGE_KEY_COUNT] = {.name = NULL},
};

static enum sb_status no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "graph", SB_MEMORY_ALIGNMENT);
}

static bool is_deeper(const json_t *json, int32_t depth_max)
{
    const char *key;
    size_t i;
    json_t *value;

    if (!json_is_object(json) && !json_is_array(json)) {
        return false;
    }
    if (depth_max == 0) {
        return true;
    }
    json_object_foreach((json_t *)json, key, value)
    {
        if (is_deeper(value, depth_max - 1)) {
            return true;
        }
    }
    json_array_foreach(json, i, value)
    {
        if (is_deeper(value, depth_max - 1)) {
            return true;
        }
    }
    return false;
}

// Before all else: a later version may have keys that this one does not know.
static enum sb_status check_version(const json_t *json, struct sb_error *err)
{
    const json_t *version = json_object_get(json, "version");

    if (json_is_integer(version) && json_integer_value(version) != WIRE_VERSION) {
        return sb_error_set(err, SB_INVALID,
                            "graph: key 'version': %" JSON_INTEGER_FORMAT
                            " is unknown; allowed: %d",
                            json_integer_value(version), WIRE_VERSION);
    }
    return SB_OK;
}

// "operator 'NAME' (TYPE)": two long names would leave a message no room.
static const char *make_label(const struct sb_node *node, struct sb_arena *arena)
{
    char name[SB_SHORT_SIZE];

    return sb_arena_format(arena, "operator '%s' (%s)", sb_short(node->name, name),
                           node->type_name);
}

static enum sb_status check_placement(const struct sb_node *node, struct sb_error *err)
{
    if (node->parallelism > node->max_parallelism) {
        return sb_error_set(err, SB_INVALID,
                            "%s: key 'parallelism': is %" PRId32
                            "; allowed: an integer from 1 to max_parallelism, which is %" PRId32,
                            node->label, node->parallelism, node->max_parallelism);
    }
    return SB_OK;
}

enum sb_status sb_node_read_parameters(struct sb_graph *graph, struct sb_node *node,
                                       json_t *parameters, struct sb_error *err)
{
    const struct sb_parameter *table = node->class->parameters;
    struct sb_argument *arguments;
    size_t size;

    node->parameters = parameters;
    if (table == NULL) {
        return SB_OK;
    }
    size = (size_t)(sb_parameter_count(table) + 1) * sizeof *arguments;
    arguments = sb_arena_alloc_zeroed(&graph->arena, size);
    if (arguments == NULL) {
        return sb_node_no_memory(node, err, size);
    }
    node->arguments = arguments;
    node->parsed = NULL;
    if (parameters == NULL) {
        // Whatever is required is missing from no object, too.
        json_t *empty = json_object();
        enum sb_status status;

        if (empty == NULL) {
            return no_memory(err);
        }
        status = sb_arguments_read(table, empty, node->label, "parameter", arguments, err);
        json_decref(empty);
        return status;
    }
    SB_TRY_RETURN(sb_arguments_read(table, parameters, node->label, "parameter", arguments, err));
    return node->class->read == NULL ? SB_OK : node->class->read(node, &graph->arena, err);
}

static enum sb_status read_function(struct sb_node *node, const json_t *function,
                                    struct sb_error *err)
{
    if (function == NULL) {
        return SB_OK;
    }
    if (!node->class->takes_function) {
        return sb_error_set(err, SB_INVALID,
                            "%s: key 'function': an operator of this type takes no function; "
                            "allowed: null",
                            node->label);
    }
    if (!json_is_string(json_object_get(function, "kind"))) {
        return sb_error_set(err, SB_INVALID,
                            "%s: key 'function': has no text 'kind'; allowed: "
                            "{\"kind\": \"cloudpickle\", ...}",
                            node->label);
    }
    node->has_function = true;
    return SB_OK;
}

enum sb_status sb_node_read(struct sb_graph *graph, int32_t index, json_t *json,
                            struct sb_node **out, struct sb_error *err)
{
    struct sb_argument keys[NODE_KEY_COUNT];
    struct sb_node *node = sb_arena_alloc_zeroed(&graph->arena, sizeof *node);
    const char *name = json_string_value(json_object_get(json, "name"));
    char where[SB_SHORT_SIZE + 32];
    char shown[SB_SHORT_SIZE];

    if (node == NULL) {
        return no_memory(err);
    }
    if (!json_is_object(json)) {
        return sb_error_set(err, SB_INVALID,
                            "graph: key 'operators': item %" PRId32 " is not an object", index);
    }
    if (name == NULL) {
        snprintf(where, sizeof where, "operators[%" PRId32 "]", index);
    } else {
        snprintf(where, sizeof where, "operator '%s'", sb_short(name, shown));
    }
    SB_TRY_RETURN(sb_arguments_read(node_keys, json, where, "key", keys, err));

    node->index = index;
    node->json = json;
    node->id = sb_argument_text(&keys[NODE_ID], NULL);
    if (node->id[0] == '\0') {
        return sb_error_set(err, SB_INVALID, "%s: key 'operator_id': is empty", where);
    }
    name = sb_argument_text(&keys[NODE_TYPE], NULL);
    SB_TRY_RETURN(
        sb_node_class_find(name, sb_argument_text(&keys[NODE_NAME], node->id), &node->class, err));
    node->type = node->class->type;
    node->type_name = node->class->name;
    node->name = sb_argument_text(&keys[NODE_NAME], NULL);
    if (node->name == NULL) {
        node->name = sb_arena_format(&graph->arena, "%s_%.*s", node->type_name,
                                     (int)sb_text_cut(node->id, 8), node->id);
    }
    node->label = node->name == NULL ? NULL : make_label(node, &graph->arena);
    if (node->label == NULL) {
        return no_memory(err);
    }
    node->key_by = keys[NODE_KEY_BY].value;
    node->parallelism = (int32_t)sb_argument_integer(&keys[NODE_PARALLELISM], 0);
    node->max_parallelism = (int32_t)sb_argument_integer(&keys[NODE_MAX_PARALLELISM], 128);
    *out = node;

    SB_TRY_RETURN(check_placement(node, err));
    SB_TRY_RETURN(sb_parts_read(keys[NODE_PARTS].value, graph, node, err));
    SB_TRY_RETURN(sb_node_read_parameters(graph, node, (json_t *)keys[NODE_PARAMETERS].value, err));
    return read_function(node, keys[NODE_FUNCTION].value, err);
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp((*(struct sb_node *const *)a)->id, (*(struct sb_node *const *)b)->id);
}

enum sb_status sb_graph_index(struct sb_graph *graph, struct sb_error *err)
{
    size_t size = (size_t)graph->node_count * sizeof(struct sb_node *);
    char shown[SB_SHORT_SIZE];

    graph->by_id = sb_arena_copy(&graph->arena, graph->nodes, size);
    if (graph->by_id == NULL) {
        return no_memory(err);
    }
    qsort(graph->by_id, (size_t)graph->node_count, sizeof *graph->by_id, compare_ids);
    for (int32_t i = 1; i < graph->node_count; i++) {
        const struct sb_node *one = graph->by_id[i - 1];
        const struct sb_node *other = graph->by_id[i];

        if (strcmp(one->id, other->id) == 0) {
            if (one->index > other->index) {
                other = one;
                one = graph->by_id[i];
            }
            return sb_error_set(err, SB_INVALID,
                                "%s: key 'operator_id': '%s' is the id of %s, too; ids must differ",
                                other->label, sb_short(other->id, shown), one->label);
        }
    }
    return SB_OK;
}

static enum sb_status read_nodes(struct sb_graph *graph, json_t *operators, struct sb_error *err)
{
    size_t count = json_array_size(operators);

    if (count == 0) {
        return sb_error_set(err, SB_INVALID,
                            "graph: key 'operators': is empty; a graph has at least a source and "
                            "a sink");
    }
    if (count > SB_GRAPH_OPERATOR_COUNT_MAX) {
        return sb_error_set(err, SB_INVALID,
                            "graph: key 'operators': has %zu items; allowed: at most %d", count,
                            SB_GRAPH_OPERATOR_COUNT_MAX);
    }
    graph->nodes = sb_arena_alloc_zeroed(&graph->arena, count * sizeof *graph->nodes);
    if (graph->nodes == NULL) {
        return no_memory(err);
    }
    graph->node_count = (int32_t)count;
    for (int32_t i = 0; i < graph->node_count; i++) {
        SB_TRY_RETURN(
            sb_node_read(graph, i, json_array_get(operators, (size_t)i), &graph->nodes[i], err));
    }
    return sb_graph_index(graph, err);
}

static enum sb_status find_end(const struct sb_graph *graph, const struct sb_argument *key,
                               const char *where, struct sb_node **out, struct sb_error *err)
{
    const char *id = sb_argument_text(key, NULL);
    char shown[SB_SHORT_SIZE];

    *out = sb_graph_node(graph, id);
    if (*out == NULL) {
        return sb_error_set(err, SB_INVALID, "%s: key '%s': no operator has the operator_id '%s'",
                            where, key->spelling, sb_short(id, shown));
    }
    return SB_OK;
}

static enum sb_status read_edges(struct sb_graph *graph, const json_t *list, struct sb_edge **out,
                                 int32_t *out_count, struct sb_error *err)
{
    size_t count = json_array_size(list); // 0 for NULL
    struct sb_edge *edges;

    if (count > SB_GRAPH_EDGE_COUNT_MAX) {
        return sb_error_set(err, SB_INVALID,
                            "graph: key 'edges': has %zu items; allowed: at most %d", count,
                            SB_GRAPH_EDGE_COUNT_MAX);
    }
    edges = sb_arena_alloc(&graph->arena, (count + 1) * sizeof *edges);
    if (edges == NULL) {
        return no_memory(err);
    }
    for (size_t i = 0; i < count; i++) {
        const json_t *json = json_array_get(list, i);
        struct sb_argument keys[EDGE_KEY_COUNT];
        char where[32];

        if (!json_is_object(json)) {
            return sb_error_set(err, SB_INVALID, "graph: key 'edges': item %zu is not an object",
                                i);
        }
        snprintf(where, sizeof where, "edges[%zu]", i);
        SB_TRY_RETURN(sb_arguments_read(edge_keys, json, where, "key", keys, err));
        SB_TRY_RETURN(find_end(graph, &keys[EDGE_FROM], where, &edges[i].from, err));
        SB_TRY_RETURN(find_end(graph, &keys[EDGE_TO], where, &edges[i].to, err));
        edges[i].port = (int32_t)sb_argument_integer(&keys[EDGE_PORT], 0);
    }
    *out = edges;
    *out_count = (int32_t)count;
    return SB_OK;
}

enum sb_status sb_graph_read(struct sb_graph *graph, struct sb_edge **edges, int32_t *edge_count,
                             struct sb_error *err)
{
    struct sb_argument keys[GRAPH_KEY_COUNT];

    if (!json_is_object(graph->json)) {
        return sb_error_set(err, SB_INVALID, "graph: the JSON is a list; allowed: an object");
    }
    if (is_deeper(graph->json, SB_GRAPH_DEPTH_MAX)) {
        return sb_error_set(err, SB_INVALID,
                            "graph: objects and lists are nested more than %d deep; split long "
                            "expressions over several operators",
                            SB_GRAPH_DEPTH_MAX);
    }
    SB_TRY_RETURN(check_version(graph->json, err));
    SB_TRY_RETURN(sb_arguments_read(graph_keys, graph->json, "graph", "key", keys, err));
    graph->job_id = sb_argument_text(&keys[GRAPH_JOB_ID], "");
    graph->job_name = sb_argument_text(&keys[GRAPH_JOB_NAME], "unnamed_job");
    graph->is_streaming = strcmp(sb_argument_text(&keys[GRAPH_MODE], modes[0]), modes[1]) == 0;
    graph->default_parallelism = (int32_t)sb_argument_integer(&keys[GRAPH_DEFAULT_PARALLELISM], 4);
    SB_TRY_RETURN(read_nodes(graph, (json_t *)keys[GRAPH_OPERATORS].value, err));
    return read_edges(graph, keys[GRAPH_EDGES].value, edges, edge_count, err);
}
