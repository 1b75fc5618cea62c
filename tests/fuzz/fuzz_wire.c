// SPDX-License-Identifier: Apache-2.0
/*
 * fuzz_wire.c - bytes as the wire form of a graph: parsed, told schemas, validated, explained,
 * written, read again, and narrowed to the columns that it says it needs.
 *
 * Sources and functions whose id begins with 'n' have few columns, all others one of each kind.
 * What is refused says why; what is accepted keeps the promises of <sabot/graph.h>.
 */
#include <stdlib.h>
#include <string.h>

#include <sabot/optimizer.h>

#include "base/assert.h"
#include "columnar/arrow.h"
#include "plan/graph.h"

enum { COLUMNS_MAX = 32 };

static const char *const wide[][2] = {
    {"a", "int64"},
    {"b", "utf8"},
    {"c", "bool"},
    {"d", "float64"},
    {"e", "decimal128(9, 2)"},
    {"f", "date32"},
    {"g", "timestamp[us]"},
    {"h", "utf8_view"},
    {"i", "int8"},
    {"j", "binary"},
    {"k", "uint64"},
    {"l", "list<item: int64>"},
    {"m", "timestamp[ns, Europe/Berlin]"},
    {"o", "struct<a: int64, b: utf8>"},
    {"p", "dictionary<int32, utf8>"},
    {"q", "map<utf8, int64>"},
    {"t", "time64[us]"},
    {"u", "duration[ms]"},
};
static const char *const narrow[][2] = {{"a", "int32"}, {"b", "large_utf8"}, {"g", "date64"}};

static struct sb_schema *schema_create(const char *const (*columns)[2], int32_t count)
{
    struct sb_field fields[COLUMNS_MAX];
    struct sb_arena arena = {.memory = sb_memory_global()};
    struct sb_schema *schema = NULL;

    for (int32_t i = 0; i < count; i++) {
        fields[i] = (struct sb_field){.name = columns[i][0], .is_nullable = i % 3 != 2};
        if (sb_type_parse(columns[i][1], &arena, &fields[i].type, NULL) != SB_OK) {
            abort();
        }
    }
    if (sb_schema_create(sb_memory_global(), fields, count, &schema, NULL) != SB_OK) {
        abort();
    }
    sb_arena_deinit(&arena);
    return schema;
}

static const struct sb_schema *schema_for(const char *id)
{
    static struct sb_schema *schemas[2];
    const int is_narrow = id[0] == 'n';

    if (schemas[is_narrow] == NULL) {
        schemas[is_narrow] = is_narrow ? schema_create(narrow, sizeof narrow / sizeof narrow[0])
                                       : schema_create(wide, sizeof wide / sizeof wide[0]);
    }
    return schemas[is_narrow];
}

static enum sb_status resolve(void *context, const char *id, const struct ArrowSchema *input,
                              struct ArrowSchema *output, struct sb_error *err)
{
    return sb_schema_export(schema_for(id), output, err);
}

static bool is_told(const struct sb_node *node)
{
    const json_t *parameters = json_object_get(node->json, "parameters");

    return node->type == SB_NODE_SOURCE &&
           !json_is_object(json_object_get(parameters, "generator"));
}

static void source_tell(struct sb_graph *graph, const struct sb_node *node)
{
    struct ArrowSchema exported;

    if (sb_schema_export(schema_for(node->id), &exported, NULL) != SB_OK) {
        abort();
    }
    sb_assert(sb_graph_set_source_schema(graph, node->id, &exported, NULL) == SB_OK);
    sb_assert(exported.release == NULL);
}

static char *graph_text(const struct sb_graph *graph)
{
    char *text = NULL;

    sb_assert(sb_graph_to_json(graph, &text, NULL) == SB_OK);
    return text;
}

static void explain(const struct sb_graph *graph)
{
    char *text = NULL;

    sb_assert(sb_graph_explain(graph, SB_EXPLAIN_TEXT, &text, NULL) == SB_OK);
    sb_string_free(text);
    sb_assert(sb_graph_explain(graph, SB_EXPLAIN_JSON, &text, NULL) == SB_OK);
    json_t *json = json_loads(text, 0, NULL);
    sb_assert(json != NULL);
    json_decref(json);
    sb_string_free(text);
}

/* The wire form, read again, is the same graph. */
static void round_trip(const struct sb_graph *graph)
{
    char *text = graph_text(graph);
    struct sb_graph *again;
    char *twice;

    sb_assert(sb_graph_create_from_json(text, strlen(text), &again, NULL) == SB_OK);
    twice = graph_text(again);
    sb_assert(strcmp(text, twice) == 0);
    sb_string_free(twice);
    sb_string_free(text);
    sb_graph_destroy(again);
}

/* What a source of a validated graph asks for can be said. */
static void ask_sources(const struct sb_graph *graph)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        char *text = NULL;
        json_t *json;

        if (graph->nodes[i]->type != SB_NODE_SOURCE) {
            continue;
        }
        sb_assert(sb_graph_source_request(graph, graph->nodes[i]->id, &text, NULL) == SB_OK);
        json = json_loads(text, 0, NULL);
        sb_assert(json != NULL);
        json_decref(json);
        sb_string_free(text);
    }
}

/* Another graph gives the same columns to the same sinks. */
static void compare_sinks(const struct sb_graph *graph, const struct sb_graph *other)
{
    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->nodes[i];

        if (node->type == SB_NODE_SINK) {
            const struct sb_node *same = sb_graph_node(other, node->id);

            sb_assert(same != NULL && sb_schema_equal(same->schema, node->schema));
        }
    }
}

static bool is_unchanged(const struct sb_optimizer_report *report)
{
    return report->filters_pushed == 0 && report->projections_pushed == 0 &&
           report->joins_reordered == 0 && report->operators_fused == 0 &&
           report->dead_code_eliminated == 0;
}

/* Every combination of passes gives a graph that validates, with the same sinks, and is final. */
static void optimize(const struct sb_graph *graph, unsigned switches)
{
    const struct sb_optimizer_options options = {
        .filter_pushdown = (switches & 1) != 0,
        .projection_pushdown = (switches & 2) != 0,
        .join_reordering = (switches & 4) != 0,
        .operator_fusion = (switches & 8) != 0,
        .dead_code_elimination = (switches & 16) != 0,
    };
    struct sb_optimizer_report report;
    struct sb_graph *optimized;
    struct sb_graph *again;
    struct sb_error err = {0};

    sb_assert(sb_graph_optimize(graph, &options, &optimized, &report, &err) == SB_OK);
    sb_string_free(report.trace);
    round_trip(optimized);
    sb_assert(sb_graph_validate(optimized, resolve, NULL, &err) == SB_OK);
    compare_sinks(graph, optimized);
    explain(optimized);
    ask_sources(optimized);
    sb_assert(sb_graph_optimize(optimized, &options, &again, &report, &err) == SB_OK);
    sb_assert(is_unchanged(&report));
    sb_string_free(report.trace);
    sb_graph_destroy(again);
    sb_graph_destroy(optimized);
}

static void live(struct sb_graph *graph)
{
    struct sb_error err = {0};
    enum sb_status status;

    round_trip(graph);
    explain(graph);
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (is_told(graph->nodes[i])) {
            source_tell(graph, graph->nodes[i]);
        }
    }
    status = sb_graph_validate(graph, resolve, NULL, &err);
    explain(graph);
    if (status != SB_OK) {
        sb_assert(status == SB_INVALID || status == SB_UNSUPPORTED);
        sb_assert(err.status == status && err.message[0] != '\0');
        return;
    }
    round_trip(graph);
    for (int32_t i = 0; i < graph->node_count; i++) {
        struct ArrowSchema schema;

        sb_assert(sb_graph_output_schema(graph, graph->nodes[i]->id, &schema, &err) == SB_OK);
        schema.release(&schema);
    }
    ask_sources(graph);
    optimize(graph, 31);
    optimize(graph, (unsigned)graph->node_count); // another combination for another graph
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct sb_graph *graph = NULL;
    struct sb_error err = {0};
    enum sb_status status = sb_graph_create_from_json((const char *)bytes, size, &graph, &err);

    if (status == SB_OK) {
        live(graph);
        sb_graph_destroy(graph);
    } else {
        sb_assert(status == SB_INVALID || status == SB_UNSUPPORTED);
        sb_assert(graph == NULL && err.status == status && err.message[0] != '\0');
    }
    return 0;
}
