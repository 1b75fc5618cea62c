// SPDX-License-Identifier: Apache-2.0
/*
 * map.c - new columns from old ones: by expressions, or by a function that makes whole batches.
 *
 * Expressions all read the input, not each other. One that is named like an input column takes its
 * place, the others follow in order.
 */
#include "plan/node_class.h"

enum {
    EXPRESSIONS,
    KEEP,
    OUTPUT_COLUMN,
    COLUMNS,
    JIT,
    ON_ERROR,
    LANE,
    SCHEMA,
    PARAMETER_COUNT,
};

static const struct sb_parameter parameters[] = {
    [EXPRESSIONS] = {.name = "expressions", .kinds = SB_PARAMETER_OBJECT},
    [KEEP] = {.name = "keep", .kinds = SB_PARAMETER_BOOL},
    [OUTPUT_COLUMN] = {.name = "output_column", .kinds = SB_PARAMETER_TEXT},
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_TEXTS},
    [JIT] = {.name = "jit", .kinds = SB_PARAMETER_TEXT, .choices = sb_function_jit_choices},
    [ON_ERROR] = {.name = "on_error",
                  .kinds = SB_PARAMETER_TEXT,
                  .choices = sb_function_on_error_choices},
    [LANE] = {.name = "lane", .kinds = SB_PARAMETER_TEXT}, // for EXPLAIN; told by who binds it
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT}, // read outside the engine
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status check_form(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;

    if (node->has_function) {
        for (int32_t i = EXPRESSIONS; i <= KEEP; i++) {
            if (arguments[i].value != NULL) {
                return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                     "does not go with a function; allowed: output_column, "
                                     "columns");
            }
        }
        return SB_OK;
    }
    for (int32_t i = OUTPUT_COLUMN; i <= LANE; i++) {
        if (arguments[i].value != NULL) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "is about a function, and there is no function; allowed: "
                                 "expressions, keep");
        }
    }
    if (json_object_size(arguments[EXPRESSIONS].value) == 0) {
        return sb_node_error(node, "expressions", SB_INVALID, err,
                             "is missing or empty; allowed: an object of column name and "
                             "expression, or a function");
    }
    return SB_OK;
}

static enum sb_status parse_expressions(struct sb_node *node, struct sb_derivation *derivation,
                                        struct sb_error *err)
{
    json_t *expressions = (json_t *)node->arguments[EXPRESSIONS].value;
    const int64_t count = (int64_t)json_object_size(expressions);
    const struct sb_expr **parsed;
    const char *name;
    json_t *json;
    int32_t i = 0;

    if (node->parsed != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *parsed, &parsed, err));
    json_object_foreach(expressions, name, json)
    {
        enum sb_status status = sb_expr_parse(json, derivation->arena, &parsed[i++], err);

        if (status != SB_OK) {
            sb_error_prefix(err, "%s: parameter 'expressions': column '%.100s'", node->label, name);
            return status;
        }
    }
    node->parsed = parsed;
    return SB_OK;
}

static enum sb_status bind_expressions(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    json_t *expressions = (json_t *)node->arguments[EXPRESSIONS].value;
    const int64_t count = (int64_t)json_object_size(expressions);
    struct sb_map_spec *spec = &node->spec.map;
    const char *name;
    json_t *json;
    int32_t i = 0;

    SB_TRY_RETURN(parse_expressions(node, derivation, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *spec->names, &spec->names, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, count, sizeof *spec->bound, &spec->bound, err));
    spec->expressions = node->parsed;
    spec->expression_count = (int32_t)count;
    json_object_foreach(expressions, name, json)
    {
        enum sb_status status =
            sb_derivation_bind(derivation, derivation->scratch, spec->expressions[i],
                               node->inputs[0]->schema, &spec->bound[i], err);

        if (status != SB_OK) {
            sb_error_prefix(err, "%s: parameter 'expressions': column '%.100s'", node->label, name);
            return status;
        }
        spec->names[i++] = name;
    }
    return SB_OK;
}

static struct sb_field expression_field(const struct sb_map_spec *spec, int32_t i)
{
    return (struct sb_field){
        .name = spec->names[i],
        .type = *sb_bound_expr_type(spec->bound[i]),
        .is_nullable = sb_bound_expr_is_nullable(spec->bound[i]),
    };
}

static bool map_step(const struct sb_node *node, struct sb_pipeline_step *out)
{
    const struct sb_map_spec *spec = &node->spec.map;

    *out = (struct sb_pipeline_step){
        .column_count = node->schema->field_count,
        .source_columns = spec->source_columns,
        .expression_count = spec->expression_count,
        .expressions = spec->bound,
    };
    return !node->has_function;
}

/* Several expressions share what they read and have in common. */
static enum sb_status compile_together(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    struct sb_pipeline_step step;

    if (node->spec.map.expression_count < 2 || derivation->is_draft) {
        return SB_OK;
    }
    (void)map_step(node, &step);
    return sb_pipeline_compile(&step, 1, node->inputs[0]->schema->field_count, derivation->arena,
                               &node->spec.map.pipeline, err);
}

static enum sb_status derive_expressions(struct sb_node *node, struct sb_derivation *derivation,
                                         struct sb_error *err)
{
    struct sb_map_spec *spec = &node->spec.map;
    const struct sb_schema *input = node->inputs[0]->schema;
    struct sb_field *fields;
    int64_t room;
    int32_t count = 0;

    SB_TRY_RETURN(bind_expressions(node, derivation, err));
    spec->is_keeping = sb_argument_bool(&node->arguments[KEEP], true);
    room = (int64_t)input->field_count + spec->expression_count;
    SB_TRY_RETURN(sb_node_alloc(node, derivation, room, sizeof *fields, &fields, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, room, sizeof *spec->source_columns,
                                &spec->source_columns, err));
    if (spec->is_keeping) {
        for (; count < input->field_count; count++) {
            fields[count] = input->fields[count];
            spec->source_columns[count] = count;
        }
    }
    for (int32_t i = 0; i < spec->expression_count; i++) {
        int32_t at = spec->is_keeping ? sb_schema_index(input, spec->names[i]) : -1;

        if (at < 0) {
            at = count++;
        }
        fields[at] = expression_field(spec, i);
        spec->source_columns[at] = -1 - i;
    }
    // no name comes twice: each is a column of the input or a key of its own
    SB_TRY_RETURN(sb_schema_create(sb_memory_global(), fields, count, &node->schema, err));
    return compile_together(node, derivation, err);
}

static enum sb_status derive_function(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    struct sb_names columns;
    struct sb_schema *output;
    enum sb_status status;
    int32_t index;

    node->spec.map.is_function = true;
    SB_TRY_RETURN(sb_node_names(node, &node->arguments[COLUMNS], derivation->arena, &columns, err));
    for (int32_t i = 0; i < columns.count; i++) {
        SB_TRY_RETURN(sb_node_column(node, "columns", node->inputs[0]->schema, columns.names[i],
                                     &index, err));
    }
    SB_TRY_RETURN(sb_node_resolve(node, derivation, &output, err));
    status =
        sb_node_set_schema(node, derivation, output, "its function must name one differently", err);
    sb_schema_release(output);
    return status;
}

static enum sb_status map_derive(struct sb_node *node, struct sb_derivation *derivation,
                                 struct sb_error *err)
{
    SB_TRY_RETURN(check_form(node, err));
    return node->has_function ? derive_function(node, derivation, err)
                              : derive_expressions(node, derivation, err);
}

// "total = price * quantity" for each expression; its JSON where it cannot be read.
static json_t *expression_texts(const struct sb_node *node, struct sb_arena *scratch)
{
    json_t *list = json_array();
    bool is_failed = list == NULL;
    const char *name;
    json_t *json;

    json_object_foreach((json_t *)node->arguments[EXPRESSIONS].value, name, json)
    {
        const struct sb_expr *expr;
        const char *text;

        if (sb_expr_parse(json, scratch, &expr, NULL) != SB_OK) {
            is_failed = is_failed || json_array_append(list, json) != 0;
            continue;
        }
        text = sb_expr_to_text(expr, scratch);
        is_failed = is_failed || text == NULL ||
                    json_array_append_new(list, json_sprintf("%s = %s", name, text)) != 0;
    }
    return sb_details_end(list, is_failed);
}

/*
 * Expressions are bound whether or not anybody wants them. One that takes the place of an input
 * column needs that column when wanted ones stand behind it: else its place would be the last.
 */
static void map_require(const struct sb_node *node, const bool *wanted, int32_t port,
                        bool *required)
{
    const struct sb_map_spec *spec = &node->spec.map;
    const struct sb_schema *input = node->inputs[0]->schema;
    bool is_last_wanted = true; // nothing behind is

    for (int32_t i = node->schema->field_count - 1; i >= 0; i--) {
        if (wanted[i] && spec->source_columns[i] >= 0) {
            required[spec->source_columns[i]] = true;
        } else if (wanted[i] && !is_last_wanted && spec->is_keeping && i < input->field_count) {
            required[i] = true;
        }
        is_last_wanted = is_last_wanted && !wanted[i];
    }
    for (int32_t i = 0; i < spec->expression_count; i++) {
        sb_expr_columns(spec->expressions[i], input, required);
    }
}

/* The parameters with other `expressions`, which are taken; NULL when out of memory. */
static json_t *parameters_with(const struct sb_node *node, json_t *expressions)
{
    json_t *changed = json_copy(node->parameters);

    if (changed == NULL) {
        json_decref(expressions);
        return NULL;
    }
    return sb_details_end(changed, sb_details_add(changed, "expressions", expressions));
}

static bool wants_all_expressions(const struct sb_node *node, const bool *wanted)
{
    for (int32_t i = 0; i < node->schema->field_count; i++) {
        if (node->spec.map.source_columns[i] < 0 && !wanted[i]) {
            return false;
        }
    }
    return true;
}

/* Without the expressions that nobody wants; it may be left with none. */
static bool map_narrow(const struct sb_node *node, const bool *wanted, json_t **narrowed)
{
    const json_t *given = node->arguments[EXPRESSIONS].value;
    json_t *expressions;
    bool is_failed;
    const char *name;
    json_t *json;

    *narrowed = NULL;
    if (wants_all_expressions(node, wanted)) {
        return true;
    }
    expressions = json_object();
    is_failed = expressions == NULL;
    json_object_foreach((json_t *)(uintptr_t)given, name, json)
    {
        int32_t column = sb_schema_index(node->schema, name);

        is_failed = is_failed || column < 0 ||
                    (wanted[column] && json_object_set(expressions, name, json) != 0);
    }
    if (is_failed) {
        json_decref(expressions);
        return false;
    }
    *narrowed = parameters_with(node, expressions);
    return *narrowed != NULL;
}

/* What a function does with its rows is not known. */
static int32_t map_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_map_spec *spec = &node->spec.map;

    return spec->is_function || spec->source_columns[column] < 0 ? -1
                                                                 : spec->source_columns[column];
}

static json_t *map_details(const struct sb_node *node, bool is_streaming, struct sb_arena *scratch)
{
    json_t *details;
    bool is_failed;

    if (node->has_function || node->arguments[EXPRESSIONS].value == NULL) {
        details = sb_node_arguments_json(node);
        is_failed = details == NULL;
        if (node->has_function) {
            is_failed = is_failed || sb_details_add(details, "function", json_true());
        }
        return sb_details_end(details, is_failed);
    }
    details = json_object();
    is_failed =
        details == NULL || sb_details_add(details, "expressions", expression_texts(node, scratch));
    if (!is_failed && !sb_argument_bool(&node->arguments[KEEP], true)) {
        is_failed = sb_details_add(details, "keep", json_false());
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_map = {
    .name = "map",
    .type = SB_NODE_MAP,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .parameters = parameters,
    .takes_updates = true,
    .derive = map_derive,
    .require = map_require,
    .narrow = map_narrow,
    .tested_column = map_tested_column,
    .step = map_step,
    .details = map_details,
};
