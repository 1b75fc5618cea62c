// SPDX-License-Identifier: Apache-2.0
/*
 * graphs.h - small graphs for the tests of the plan.
 *
 * JSON is written with ' for ", schemas as in support/batch_text.h: "id: int64 not null".
 *
 * What changes a graph here is done with each of its allocations refused before it is done for
 * good, on the same graph: so every test of the plan is one of refusals, too.
 */
#ifndef SABOT_TEST_PLAN_GRAPHS_H
#define SABOT_TEST_PLAN_GRAPHS_H

#include "support/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "columnar/arrow.h"
#include "plan/graph.h"
#include "plan/requirement.h"
#include "support/allocation.h"
#include "support/batch_text.h"

/* `text` with " for '; free() it. */
static inline char *graphs_json(const char *text)
{
    char *json = strdup(text);

    assert_non_null(json);
    for (char *c = json; *c != '\0'; c++) {
        if (*c == '\'') {
            *c = '"';
        }
    }
    return json;
}

struct graphs_creation {
    const char *json;
    struct sb_graph **out;
    struct sb_error *err;
};

static inline enum sb_status graphs_creation_attempt(struct sb_memory *memory, void *context)
{
    const struct graphs_creation *creation = context;

    (void)memory;
    *creation->err = (struct sb_error){0};
    return sb_graph_create_from_json(creation->json, strlen(creation->json), creation->out,
                                     creation->err);
}

static inline enum sb_status graphs_try_create(const char *text, struct sb_graph **out,
                                               struct sb_error *err)
{
    char *json = graphs_json(text);
    struct graphs_creation creation = {json, out, err};
    enum sb_status status = test_refusals(sb_memory_global(), graphs_creation_attempt, &creation);

    free(json);
    return status;
}

static inline struct sb_graph *graphs_create(const char *text)
{
    struct sb_error err = {0};
    struct sb_graph *graph;

    if (graphs_try_create(text, &graph, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return graph;
}

/* From memory of its own, which nobody refuses. */
static inline void graphs_schema_export(const char *text, struct ArrowSchema *out)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;
    struct sb_error err = {0};

    assert_int_equal(test_schema_parse(memory, text, &schema), SB_OK);
    assert_int_equal(sb_schema_export(schema, out, &err), SB_OK);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

struct graphs_declaration {
    struct sb_graph *graph;
    const char *id;
    const char *columns;
    struct sb_error *err;
};

static inline enum sb_status graphs_declaration_attempt(struct sb_memory *memory, void *context)
{
    const struct graphs_declaration *declaration = context;
    struct ArrowSchema schema;
    enum sb_status status;

    (void)memory;
    *declaration->err = (struct sb_error){0};
    graphs_schema_export(declaration->columns, &schema);
    status =
        sb_graph_set_source_schema(declaration->graph, declaration->id, &schema, declaration->err);
    assert_null(schema.release);
    return status;
}

static inline void graphs_declare(struct sb_graph *graph, const char *id, const char *columns)
{
    struct sb_error err = {0};
    struct graphs_declaration declaration = {graph, id, columns, &err};

    if (test_refusals(sb_memory_global(), graphs_declaration_attempt, &declaration) != SB_OK) {
        fail_msg("%s", err.message);
    }
}

/* Answers with the schema that `context` (text) says; "!" followed by a message fails. */
static inline enum sb_status graphs_resolver(void *context, const char *id,
                                             const struct ArrowSchema *input,
                                             struct ArrowSchema *output, struct sb_error *err)
{
    const char *text = context;

    assert_non_null(input->release);
    if (text[0] == '!') {
        return sb_error_set(err, SB_FAILED, "%s", text + 1);
    }
    if (text[0] != '\0') {
        graphs_schema_export(text, output);
    }
    return SB_OK;
}

struct graphs_validation {
    struct sb_graph *graph;
    sb_schema_resolver resolver;
    const char *resolved;
    struct sb_error *err;
};

static inline enum sb_status graphs_validation_attempt(struct sb_memory *memory, void *context)
{
    const struct graphs_validation *validation = context;

    (void)memory;
    *validation->err = (struct sb_error){0};
    return sb_graph_validate(validation->graph, validation->resolver, (void *)validation->resolved,
                             validation->err);
}

/* With what `resolver` gives for every function; NULL = nobody is asked. */
static inline enum sb_status graphs_try_validate(struct sb_graph *graph,
                                                 sb_schema_resolver resolver, const char *resolved,
                                                 struct sb_error *err)
{
    struct graphs_validation validation = {graph, resolver, resolved, err};

    return test_refusals(sb_memory_global(), graphs_validation_attempt, &validation);
}

static inline void graphs_validate(struct sb_graph *graph, const char *resolved)
{
    struct sb_error err = {0};

    if (graphs_try_validate(graph, resolved == NULL ? NULL : graphs_resolver, resolved, &err) !=
        SB_OK) {
        fail_msg("%s", err.message);
    }
}

/* The node's schema, in the same notation. */
static inline void graphs_assert_schema(const struct sb_graph *graph, const char *id,
                                        const char *expected)
{
    const struct sb_schema *schema = sb_graph_node(graph, id)->schema;
    char found[1024] = "";

    assert_non_null(schema);
    for (int32_t i = 0; i < schema->field_count; i++) {
        const struct sb_field *field = &schema->fields[i];
        char type[SB_TYPE_NAME_SIZE];
        size_t size = strlen(found);

        snprintf(found + size, sizeof found - size, "%s%s: %s%s", i == 0 ? "" : ", ", field->name,
                 sb_type_name(&field->type, type, sizeof type),
                 field->is_nullable ? "" : " not null");
    }
    assert_string_equal(found, expected);
}

/* The names of the node's columns that anybody needs, each with a blank behind it. */
static inline void graphs_assert_wanted(const struct sb_graph *graph, const char *id,
                                        const char *expected)
{
    const struct sb_node *node = sb_graph_node(graph, id);
    char found[256] = "";
    struct sb_arena arena;
    struct sb_error err = {0};
    bool **wanted;

    sb_arena_init(&arena, sb_memory_global());
    if (sb_graph_wanted(graph, false, &arena, &wanted, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        if (wanted[node->index][i]) {
            strcat(found, node->schema->fields[i].name);
            strcat(found, " ");
        }
    }
    assert_string_equal(found, expected);
    sb_arena_deinit(&arena);
}

/* Creating the graph fails with exactly this. */
static inline void graphs_assert_refused(const char *text, enum sb_status status,
                                         const char *message)
{
    struct sb_error err = {0};
    struct sb_graph *graph = NULL;

    if (graphs_try_create(text, &graph, &err) == SB_OK) {
        sb_graph_destroy(graph);
        fail_msg("was accepted; expected: %s", message);
    }
    assert_string_equal(err.message, message);
    assert_int_equal(err.status, status);
    assert_null(graph);
}

/* Makes "{...}" of a source `s`, a node `n` of `type` with `rest` of its keys, and a sink `out`. */
static inline void graphs_chain_text(char *text, size_t size, const char *type, const char *rest)
{
    int length =
        snprintf(text, size,
                 "{'version': 1, 'operators': ["
                 "{'operator_id': 's', 'operator_type': 'source', 'name': 's', 'parameters': {}},"
                 "{'operator_id': 'n', 'operator_type': '%s', 'name': 'n'%s%s},"
                 "{'operator_id': 'out', 'operator_type': 'sink', 'name': 'out'}],"
                 "'edges': [{'from': 's', 'to': 'n'}, {'from': 'n', 'to': 'out'}]}",
                 type, rest[0] == '\0' ? "" : ", ", rest);

    assert_in_range(length, 1, size - 1);
}

static inline struct sb_graph *graphs_chain(const char *type, const char *rest, const char *columns,
                                            const char *resolved)
{
    char text[4096];
    struct sb_graph *graph;

    graphs_chain_text(text, sizeof text, type, rest);
    graph = graphs_create(text);
    graphs_declare(graph, "s", columns);
    graphs_validate(graph, resolved);
    return graph;
}

/* Creating or validating the chain fails with exactly this. */
static inline void graphs_assert_chain_refused(const char *type, const char *rest,
                                               const char *columns, const char *resolved,
                                               enum sb_status status, const char *message)
{
    char text[4096];
    struct sb_graph *graph;
    struct sb_error err = {0};

    graphs_chain_text(text, sizeof text, type, rest);
    if (graphs_try_create(text, &graph, &err) == SB_OK) {
        enum sb_status validated;

        graphs_declare(graph, "s", columns);
        validated =
            graphs_try_validate(graph, resolved == NULL ? NULL : graphs_resolver, resolved, &err);
        assert_int_equal(sb_graph_node(graph, "s")->schema != NULL, validated == SB_OK);
        sb_graph_destroy(graph);
        if (validated == SB_OK) {
            fail_msg("was accepted; expected: %s", message);
        }
    }
    assert_string_equal(err.message, message);
    assert_int_equal(err.status, status);
}

#endif
