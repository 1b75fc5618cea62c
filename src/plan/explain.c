// SPDX-License-Identifier: Apache-2.0
/*
 * explain.c - the plan for people: a tree from each sink up to its sources, or JSON.
 *
 *     job 'quote_enrichment', batch
 *     sink 'output_enriched'  target: topic 'enriched.quotes'  671 rows (~700 estimated)
 *     └─ hash_join 'enrich_quotes'  join_type: inner; ...  671 rows (~700 estimated)  -> instr...
 *        ├─ left: source 'load_quotes'  target: topic 'market.quotes'  -> instrumentId, price
 *        └─ right: ...
 *
 * What feeds several operators is drawn where it is met first, marked [1]; elsewhere the mark
 * stands for it. Operators that no sink needs come last.
 */
#include "plan/explain.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "plan/graph_internal.h"
#include "plan/node_class.h"
#include "plan/text.h"

enum {
    DEPTH_DRAWN_MAX = 60,   // deeper operators are not indented further
    VALUE_SIZE_MAX = 160,   // of one detail
    COLUMNS_SIZE_MAX = 120, // of all output columns
    NAME_SIZE_MAX = 120,
};

// One operator being drawn, and the input to draw next.
struct frame {
    const struct sb_node *node;
    int32_t port;
    bool is_last; // among its siblings
};

struct drawing {
    const struct sb_graph *graph;
    const struct sb_explain_rows *rows; // by node; NULL = unknown
    struct sb_text text;
    struct sb_arena scratch;
    struct frame *path;
    int32_t depth;
    int32_t *marks; // by node: 0 = not drawn; -1 = drawn; else the number it has
    int32_t mark_count;
};

static void draw_value(struct sb_text *text, const json_t *value)
{
    char number[32];

    switch (json_typeof(value)) {
    case JSON_STRING:
        sb_text_append_inline(text, json_string_value(value), VALUE_SIZE_MAX);
        break;
    case JSON_INTEGER:
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        sb_text_append_inline(text, number, sizeof number);
        break;
    default: {
        struct sb_text json = {.memory = text->memory};
        char *words;

        sb_text_append_json(&json, value, JSON_ENCODE_ANY);
        if (sb_text_finish(&json, &words, NULL) != SB_OK) {
            text->is_failed = true;
            break;
        }
        sb_text_append_inline(text, words, VALUE_SIZE_MAX);
        sb_string_free(words);
        break;
    }
    }
}

static void draw_list(struct sb_text *text, const json_t *list)
{
    size_t start = text->size;

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i > 0) {
            sb_text_format(text, ", ");
        }
        if (text->size - start > VALUE_SIZE_MAX) {
            sb_text_format(text, "… %zu more", json_array_size(list) - i);
            break;
        }
        draw_value(text, json_array_get(list, i));
    }
}

static void draw_details(struct drawing *drawing, const struct sb_node *node)
{
    struct sb_text *text = &drawing->text;
    const char *separator = "  ";
    json_t *details = node->class->details(node, drawing->graph->is_streaming, &drawing->scratch);
    const char *key;
    json_t *value;

    if (details == NULL) {
        text->is_failed = true;
        return;
    }
    json_object_foreach(details, key, value)
    {
        if (json_is_array(value) && json_array_size(value) == 0) {
            continue;
        }
        sb_text_format(text, "%s%s", separator, key);
        separator = "; ";
        if (json_is_array(value)) {
            sb_text_format(text, ": ");
            draw_list(text, value);
        } else if (!json_is_true(value)) {
            sb_text_format(text, ": ");
            draw_value(text, value);
        }
    }
    json_decref(details);
}

enum { COUNT_SIZE = 64 };

// "1,234,567"; what is too large for that as 1.2e+18.
static const char *count_text(double count, char buffer[COUNT_SIZE])
{
    char digits[COUNT_SIZE];
    size_t size;
    size_t at = 0;

    if (!(count < 1e15)) {
        snprintf(buffer, COUNT_SIZE, "%.2g", count);
        return buffer;
    }
    size = (size_t)snprintf(digits, sizeof digits, "%.0f", count);
    for (size_t i = 0; i < size; i++) {
        if (i > 0 && (size - i) % 3 == 0) {
            buffer[at++] = ',';
        }
        buffer[at++] = digits[i];
    }
    buffer[at] = '\0';
    return buffer;
}

static void draw_rows(struct sb_text *text, const struct sb_explain_rows *rows)
{
    char actual[COUNT_SIZE];
    char estimated[COUNT_SIZE];

    if (rows->actual < 0 && rows->estimated < 0) {
        return;
    }
    count_text(round(rows->estimated), estimated);
    if (rows->actual < 0) {
        sb_text_format(text, "  ~%s row%s", estimated, strcmp(estimated, "1") == 0 ? "" : "s");
        return;
    }
    count_text((double)rows->actual, actual);
    sb_text_format(text, "  %s row%s", actual, rows->actual == 1 ? "" : "s");
    if (rows->estimated >= 0) {
        sb_text_format(text, " (~%s estimated)", estimated);
    }
}

// A sink emits what it takes: its input's line says it.
static void draw_columns(struct sb_text *text, const struct sb_node *node)
{
    const struct sb_schema *schema = node->schema;
    size_t start = text->size;

    if (schema == NULL || node->type == SB_NODE_SINK) {
        return;
    }
    sb_text_format(text, "  -> ");
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (i > 0) {
            sb_text_format(text, ", ");
        }
        if (text->size - start > COLUMNS_SIZE_MAX) {
            sb_text_format(text, "… %" PRId32 " more", schema->field_count - i);
            break;
        }
        sb_text_append_inline(text, schema->fields[i].name, NAME_SIZE_MAX);
    }
}

static void draw_prefix(struct drawing *drawing)
{
    struct sb_text *text = &drawing->text;
    const struct frame *top = &drawing->path[drawing->depth - 1];

    for (int32_t i = 1; i + 1 < drawing->depth && i < DEPTH_DRAWN_MAX; i++) {
        sb_text_format(text, "%s", drawing->path[i].is_last ? "   " : "│  ");
    }
    if (drawing->depth > 1) {
        const struct sb_node *parent = drawing->path[drawing->depth - 2].node;
        int32_t port = drawing->path[drawing->depth - 2].port - 1;

        sb_text_format(text, "%s", top->is_last ? "└─ " : "├─ ");
        if (parent->class->input_names != NULL) {
            sb_text_format(text, "%s: ", parent->class->input_names[port]);
        }
    }
}

static void draw_name(struct sb_text *text, const struct sb_node *node)
{
    sb_text_format(text, "%s '", node->type_name);
    sb_text_append_inline(text, node->name, NAME_SIZE_MAX);
    sb_text_format(text, "'");
}

// One line; false when the operator's inputs are drawn elsewhere already.
static bool draw_node(struct drawing *drawing, const struct sb_node *node)
{
    struct sb_text *text = &drawing->text;
    int32_t *mark = &drawing->marks[node->index];

    draw_prefix(drawing);
    if (*mark != 0) {
        sb_text_format(text, "[%" PRId32 "] ", *mark);
        draw_name(text, node);
        sb_text_format(text, ", see above\n");
        return false;
    }
    if (node->output_count > 1) {
        *mark = ++drawing->mark_count;
        sb_text_format(text, "[%" PRId32 "] ", *mark);
    } else {
        *mark = -1;
    }
    draw_name(text, node);
    draw_details(drawing, node);
    if (drawing->rows != NULL) {
        draw_rows(text, &drawing->rows[node->index]);
    }
    draw_columns(text, node);
    sb_text_format(text, "\n");
    return true;
}

static void draw_tree(struct drawing *drawing, const struct sb_node *root)
{
    drawing->depth = 0;
    drawing->path[drawing->depth++] = (struct frame){.node = root};
    draw_node(drawing, root);
    while (drawing->depth > 0 && !drawing->text.is_failed) {
        struct frame *top = &drawing->path[drawing->depth - 1];

        if (top->port == top->node->input_count) {
            drawing->depth--;
            continue;
        }
        const struct sb_node *input = top->node->inputs[top->port++];
        drawing->path[drawing->depth++] = (struct frame){
            .node = input,
            .is_last = top->port == top->node->input_count,
        };
        if (!draw_node(drawing, input)) {
            drawing->depth--;
        }
    }
}

static void draw_graph(struct drawing *drawing)
{
    const struct sb_graph *graph = drawing->graph;
    struct sb_text *text = &drawing->text;

    sb_text_format(text, "job '");
    sb_text_append_inline(text, graph->job_name, NAME_SIZE_MAX);
    sb_text_format(text, "', %s\n", graph->is_streaming ? "streaming" : "batch");
    for (int32_t i = 0; i < graph->node_count; i++) {
        if (graph->nodes[i]->type == SB_NODE_SINK) {
            draw_tree(drawing, graph->nodes[i]);
        }
    }
    for (int32_t i = graph->node_count - 1; i >= 0; i--) {
        const struct sb_node *node = graph->sorted[i];

        if (drawing->marks[node->index] == 0 && node->output_count == 0) {
            sb_text_format(text, "not needed by a sink:\n");
            draw_tree(drawing, node);
        }
    }
}

static enum sb_status explain_text(const struct sb_graph *graph, const struct sb_explain_rows *rows,
                                   char **out, struct sb_error *err)
{
    struct drawing drawing = {
        .graph = graph,
        .rows = rows,
        .text = {.memory = sb_memory_global()},
        .scratch = {.memory = sb_memory_global()},
    };
    size_t count = (size_t)graph->node_count;
    enum sb_status status;

    drawing.path = sb_arena_alloc(&drawing.scratch, count * sizeof *drawing.path);
    drawing.marks = sb_arena_alloc_zeroed(&drawing.scratch, count * sizeof *drawing.marks);
    if (drawing.path == NULL || drawing.marks == NULL) {
        status = sb_error_no_memory(err, "explain", (int64_t)(count * sizeof *drawing.path));
    } else {
        draw_graph(&drawing);
        status = sb_text_finish(&drawing.text, out, err);
    }
    sb_arena_deinit(&drawing.scratch);
    return status;
}

// [{"name", "type", "nullable"}], or null before validation. NULL when out of memory.
static json_t *schema_json(const struct sb_schema *schema)
{
    json_t *list;
    bool is_failed;

    if (schema == NULL) {
        return json_null();
    }
    list = json_array();
    is_failed = list == NULL;
    for (int32_t i = 0; i < schema->field_count && !is_failed; i++) {
        const struct sb_field *field = &schema->fields[i];
        char type[SB_TYPE_NAME_SIZE];
        json_t *json = json_object();

        is_failed = json == NULL || sb_details_add(json, "name", json_string(field->name)) ||
                    sb_details_add(json, "type",
                                   json_string(sb_type_name(&field->type, type, sizeof type))) ||
                    sb_details_add(json, "nullable", json_boolean(field->is_nullable));
        is_failed = json_array_append_new(list, sb_details_end(json, is_failed)) != 0 || is_failed;
    }
    return sb_details_end(list, is_failed);
}

static json_t *inputs_json(const struct sb_node *node)
{
    json_t *list = json_array();
    bool is_failed = list == NULL;

    for (int32_t i = 0; i < node->input_count && !is_failed; i++) {
        is_failed = json_array_append_new(list, json_string(node->inputs[i]->id)) != 0;
    }
    return sb_details_end(list, is_failed);
}

// NULL when out of memory.
static json_t *estimate_json(const struct sb_explain_rows *rows)
{
    if (rows == NULL || rows->estimated < 0) {
        return json_null();
    }
    return rows->estimated < 1e15 ? json_integer((json_int_t)round(rows->estimated))
                                  : json_real(rows->estimated);
}

static json_t *node_json(const struct sb_graph *graph, const struct sb_node *node,
                         const struct sb_explain_rows *rows, struct sb_arena *scratch)
{
    json_t *json = json_object();
    bool is_failed =
        json == NULL || sb_details_add(json, "id", json_string(node->id)) ||
        sb_details_add(json, "name", json_string(node->name)) ||
        sb_details_add(json, "type", json_string(node->type_name)) ||
        sb_details_add(json, "inputs", inputs_json(node)) ||
        sb_details_add(json, "details", node->class->details(node, graph->is_streaming, scratch)) ||
        sb_details_add(json, "schema", schema_json(node->schema)) ||
        sb_details_add(json, "estimated_rows", estimate_json(rows));

    if (rows != NULL && rows->actual >= 0) {
        is_failed = is_failed || sb_details_add(json, "rows", json_integer(rows->actual)) ||
                    sb_details_add(json, "busy_ms", json_real((double)rows->busy_ns / 1e6));
    }
    return sb_details_end(json, is_failed);
}

static json_t *graph_json(const struct sb_graph *graph, const struct sb_explain_rows *rows,
                          struct sb_arena *scratch)
{
    json_t *operators = json_array();
    json_t *json = json_object();
    bool is_failed = operators == NULL || json == NULL;

    for (int32_t i = 0; i < graph->node_count && !is_failed; i++) {
        const struct sb_node *node = graph->sorted[i];

        is_failed = json_array_append_new(
                        operators, node_json(graph, node, rows == NULL ? NULL : &rows[node->index],
                                             scratch)) != 0;
    }
    is_failed =
        is_failed || sb_details_add(json, "job_id", json_string(graph->job_id)) ||
        sb_details_add(json, "job_name", json_string(graph->job_name)) ||
        sb_details_add(json, "mode", json_string(graph->is_streaming ? "streaming" : "batch"));
    is_failed = is_failed || json_object_set(json, "operators", operators) != 0;
    json_decref(operators);
    return sb_details_end(json, is_failed);
}

static enum sb_status explain_json(const struct sb_graph *graph, const struct sb_explain_rows *rows,
                                   char **out, struct sb_error *err)
{
    struct sb_arena scratch = {.memory = sb_memory_global()};
    struct sb_text text = {.memory = sb_memory_global()};
    json_t *json = graph_json(graph, rows, &scratch);

    sb_text_append_json(&text, json, JSON_COMPACT);
    json_decref(json);
    sb_arena_deinit(&scratch);
    return sb_text_finish(&text, out, err);
}

enum sb_status sb_plan_explain(const struct sb_graph *graph, enum sb_explain_format format,
                               const struct sb_explain_rows *rows, char **out, struct sb_error *err)
{
    *out = NULL;
    return format == SB_EXPLAIN_JSON ? explain_json(graph, rows, out, err)
                                     : explain_text(graph, rows, out, err);
}
