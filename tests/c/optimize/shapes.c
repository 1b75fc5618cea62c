// SPDX-License-Identifier: Apache-2.0
#include "optimize/shapes.h"

#include "optimize/estimates.h"

static void append(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void append(char *text, size_t size, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;

    va_start(args, format);
    assert_true(vsnprintf(text + used, size - used, format, args) < (int)(size - used));
    va_end(args);
}

enum { TEXT_SIZE = 1 << 16 };

static void append_edges(char *json, const char *edges)
{
    char copy[4096];
    char *rest = copy;
    const char *comma = "";

    snprintf(copy, sizeof copy, "%s", edges);
    for (char *edge = strtok_r(copy, " ", &rest); edge != NULL; edge = strtok_r(NULL, " ", &rest)) {
        char *to = strchr(edge, '>');
        char *port;

        assert_non_null(to);
        *to++ = '\0';
        port = strchr(to, '.');
        if (port != NULL) {
            *port++ = '\0';
        }
        append(json, TEXT_SIZE, "%s{'from': '%s', 'to': '%s', 'port': %s}", comma, edge, to,
               port == NULL ? "0" : port);
        comma = ", ";
    }
}

/* The schema and the statistics behind a source's parameters. */
static void source_tell(struct sb_graph *graph, const struct shape_node *node)
{
    const char *schema = strchr(node->parameters, '|');
    const char *statistics = schema == NULL ? NULL : strchr(schema + 1, '|');
    char declared[1024];

    if (schema == NULL) {
        return;
    }
    snprintf(declared, sizeof declared, "%.*s",
             statistics == NULL ? (int)strlen(schema) : (int)(statistics - schema - 1), schema + 1);
    graphs_declare(graph, node->id, declared);
    if (statistics != NULL) {
        estimates_tell(graph, node->id, statistics + 1);
    }
}

struct sb_graph *shapes_graph(const struct shape_node *nodes, const char *edges,
                              const char *resolved)
{
    char *json = calloc(1, TEXT_SIZE);
    struct sb_graph *graph;

    append(json, TEXT_SIZE, "{'version': 1, 'job_id': 'j', 'job_name': 'n', 'operators': [");
    for (const struct shape_node *node = nodes; node->id != NULL; node++) {
        const char *schema = strchr(node->parameters, '|');
        int size =
            schema == NULL ? (int)strlen(node->parameters) : (int)(schema - node->parameters);

        append(json, TEXT_SIZE,
               "%s{'operator_id': '%s', 'operator_type': '%s', 'name': '%s', 'parameters': {%.*s}}",
               node == nodes ? "" : ", ", node->id, node->type, node->id, size, node->parameters);
    }
    append(json, TEXT_SIZE, "], 'edges': [");
    append_edges(json, edges);
    append(json, TEXT_SIZE, "]}");
    graph = graphs_create(json);
    for (const struct shape_node *node = nodes; node->id != NULL; node++) {
        source_tell(graph, node);
    }
    graphs_validate(graph, resolved);
    free(json);
    return graph;
}

// --- optimizing ----------------------------------------------------------------------------------

struct attempt {
    const struct sb_graph *graph;
    const struct sb_optimizer_options *options;
    struct sb_graph **out;
    struct sb_optimizer_report *report;
    struct sb_error *err;
};

static enum sb_status optimize_attempt(struct sb_memory *memory, void *context)
{
    const struct attempt *attempt = context;

    (void)memory;
    *attempt->err = (struct sb_error){0};
    return sb_graph_optimize(attempt->graph, attempt->options, attempt->out, attempt->report,
                             attempt->err);
}

struct sb_graph *shapes_optimize(const struct sb_graph *graph,
                                 const struct sb_optimizer_options *options,
                                 struct sb_optimizer_report *report)
{
    struct sb_error err = {0};
    struct sb_graph *out;
    struct attempt attempt = {graph, options, &out, report, &err};

    if (test_refusals(sb_memory_global(), optimize_attempt, &attempt) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return out;
}

// --- shapes --------------------------------------------------------------------------------------

static void append_names(char *text, const json_t *names, const char *separator)
{
    if (json_is_string(names)) {
        append(text, TEXT_SIZE, "%s", json_string_value(names));
    }
    for (size_t i = 0; i < json_array_size(names); i++) {
        append(text, TEXT_SIZE, "%s%s", i == 0 ? "" : separator,
               json_string_value(json_array_get(names, i)));
    }
}

static void append_condition(char *text, const json_t *json)
{
    struct sb_arena arena;
    const struct sb_expr *expr;
    struct sb_error err = {0};

    sb_arena_init(&arena, sb_memory_global());
    assert_int_equal(sb_expr_parse(json, &arena, &expr, &err), SB_OK);
    append(text, TEXT_SIZE, "%s", sb_expr_to_text(expr, &arena));
    sb_arena_deinit(&arena);
}

static const json_t *parameter(const struct sb_node *node, const char *key)
{
    return json_object_get(node->parameters, key);
}

static void append_expressions(char *text, const struct sb_node *node)
{
    const struct sb_map_spec *spec = &node->spec.map;
    struct sb_arena arena;

    sb_arena_init(&arena, sb_memory_global());
    for (int32_t i = 0; i < spec->expression_count; i++) {
        append(text, TEXT_SIZE, "%s%s=%s", i == 0 ? "" : ",", spec->names[i],
               sb_expr_to_text(spec->expressions[i], &arena));
    }
    sb_arena_deinit(&arena);
}

static void append_details(char *text, const struct sb_node *node)
{
    size_t before;

    append(text, TEXT_SIZE, "{");
    before = strlen(text);
    if (node->type == SB_NODE_HASH_JOIN) {
        append_names(text, parameter(node, "left_key"), ",");
        append(text, TEXT_SIZE, "=");
        append_names(text, parameter(node, "right_key"), ",");
    } else if (node->type == SB_NODE_FILTER && !node->has_function) {
        struct sb_arena arena;

        sb_arena_init(&arena, sb_memory_global());
        append(text, TEXT_SIZE, "%s", sb_expr_to_text(node->spec.filter.predicate, &arena));
        sb_arena_deinit(&arena);
    } else if (node->type == SB_NODE_MAP && !node->has_function && !node->spec.map.is_keeping) {
        append_expressions(text, node);
    } else if (node->type == SB_NODE_FUSED) {
        for (int32_t i = 0; i < node->spec.fused.step_count; i++) {
            append(text, TEXT_SIZE, "%s%s", i == 0 ? "" : " ", node->spec.fused.steps[i]->name);
        }
    } else if ((node->type == SB_NODE_LIMIT || node->type == SB_NODE_TOP_N) &&
               node->part_count > 0) {
        const json_t *count = parameter(node, "count");
        const json_t *offset = parameter(node, "offset");

        append(text, TEXT_SIZE, "%d-%d", (int)json_integer_value(offset),
               count == NULL ? -1 : (int)(json_integer_value(offset) + json_integer_value(count)));
    } else if (node->type == SB_NODE_SELECT || node->type == SB_NODE_SOURCE) {
        append_names(text, parameter(node, "columns"), ",");
        if (parameter(node, "filters") != NULL) {
            append(text, TEXT_SIZE, "|");
            append_condition(text, parameter(node, "filters"));
        }
    }
    if (strlen(text) == before) {
        text[before - 1] = '\0';
    } else {
        append(text, TEXT_SIZE, "}");
    }
}

static void append_node(char *text, const struct sb_node *node, bool *is_drawn)
{
    if (is_drawn[node->index]) {
        append(text, TEXT_SIZE, "*%s", node->name);
        return;
    }
    is_drawn[node->index] = true;
    append(text, TEXT_SIZE, "%s", node->name);
    append_details(text, node);
    for (int32_t port = 0; port < node->input_count; port++) {
        append(text, TEXT_SIZE, port == 0 ? "(" : ", ");
        append_node(text, node->inputs[port], is_drawn);
    }
    append(text, TEXT_SIZE, node->input_count > 0 ? ")" : "");
}

char *shapes_text(const struct sb_graph *graph)
{
    bool *is_drawn = calloc((size_t)graph->node_count, sizeof *is_drawn);
    char *text = calloc(1, TEXT_SIZE);
    const char *separator = "";

    for (int32_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i]->output_count == 0) {
            append(text, TEXT_SIZE, "%s", separator);
            append_node(text, graph->nodes[i], is_drawn);
            separator = "; ";
        }
    }
    free(is_drawn);
    return text;
}

static void assert_counts(const struct sb_optimizer_report *found,
                          const struct sb_optimizer_report *expected)
{
    assert_int_equal(found->filters_pushed, expected->filters_pushed);
    assert_int_equal(found->projections_pushed, expected->projections_pushed);
    assert_int_equal(found->joins_reordered, expected->joins_reordered);
    assert_int_equal(found->operators_fused, expected->operators_fused);
    assert_int_equal(found->dead_code_eliminated, expected->dead_code_eliminated);
}

void shapes_assert(const struct shape_node *nodes, const char *edges,
                   struct sb_optimizer_options options, const char *expected,
                   struct sb_optimizer_report counts)
{
    struct sb_graph *graph = shapes_graph(nodes, edges, NULL);
    char *before = shapes_text(graph);

    for (int time = 0; time < 2; time++) {
        struct sb_optimizer_report report;
        struct sb_graph *optimized = shapes_optimize(graph, &options, &report);
        char *untouched = shapes_text(graph);
        char *text;

        assert_string_equal(untouched, before);
        graphs_validate(optimized, NULL);
        text = shapes_text(optimized);
        assert_string_equal(text, expected);
        assert_counts(&report, time == 0 ? &counts : &(struct sb_optimizer_report){0});
        if (time == 1) {
            assert_string_equal(report.trace, "[]");
        }
        sb_string_free(report.trace);
        free(untouched);
        free(before);
        before = text;
        sb_graph_destroy(graph);
        graph = optimized;
    }
    free(before);
    sb_graph_destroy(graph);
}
