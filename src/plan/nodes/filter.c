// SPDX-License-Identifier: Apache-2.0
/*
 * filter.c - keep the rows for which a condition is true: a comparison, an expression or a
 * function. The columns stay as they are.
 */
#include "plan/node_class.h"

static const char *const operators[] = {"==", "!=", ">", ">=", "<", "<=", NULL};

enum {
    COLUMN,
    OPERATOR,
    VALUE,
    PREDICATE,
    COLUMNS,
    JIT,
    ON_ERROR,
    LANE,
    SCHEMA,
    PARAMETER_COUNT,
};

static const struct sb_parameter parameters[] = {
    [COLUMN] = {.name = "column", .kinds = SB_PARAMETER_TEXT},
    [OPERATOR] = {.name = "operator", .kinds = SB_PARAMETER_TEXT, .choices = operators},
    [VALUE] = {.name = "value", .kinds = SB_PARAMETER_ANY},
    [PREDICATE] = {.name = "predicate", .kinds = SB_PARAMETER_OBJECT},
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_TEXTS},
    [JIT] = {.name = "jit", .kinds = SB_PARAMETER_TEXT, .choices = sb_function_jit_choices},
    [ON_ERROR] = {.name = "on_error",
                  .kinds = SB_PARAMETER_TEXT,
                  .choices = sb_function_on_error_choices},
    [LANE] = {.name = "lane", .kinds = SB_PARAMETER_TEXT}, // for EXPLAIN; told by who binds it
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT}, // read outside the engine
    [PARAMETER_COUNT] = {.name = NULL},
};

static const char allowed[] = "column with value and operator, or predicate, or a function";

// One of the three forms, whole and alone.
static enum sb_status check_form(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;
    bool has_predicate = arguments[PREDICATE].value != NULL;

    for (int32_t i = COLUMN; i <= VALUE; i++) {
        if (arguments[i].value != NULL && (node->has_function || has_predicate)) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "does not go with %s; allowed: %s",
                                 node->has_function ? "a function" : "'predicate'", allowed);
        }
    }
    if (has_predicate && node->has_function) {
        return sb_node_error(node, "predicate", SB_INVALID, err,
                             "does not go with a function; allowed: %s", allowed);
    }
    if (arguments[COLUMNS].value != NULL && !node->has_function) {
        return sb_node_error(node, "columns", SB_INVALID, err,
                             "names what a function reads, and there is no function");
    }
    for (int32_t i = JIT; i <= LANE && !node->has_function; i++) {
        if (arguments[i].value != NULL) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "is about a function, and there is no function");
        }
    }
    if (node->has_function || has_predicate) {
        return SB_OK;
    }
    if (arguments[COLUMN].value == NULL) {
        return sb_node_error(node, "column", SB_INVALID, err, "is missing; allowed: %s", allowed);
    }
    if (arguments[VALUE].value == NULL) {
        return sb_node_error(node, "value", SB_INVALID, err,
                             "is missing or null, and no row compares with null; allowed: a "
                             "constant, or a predicate with is_null");
    }
    return SB_OK;
}

static enum sb_status read_predicate(const struct sb_node *node, struct sb_arena *arena,
                                     const struct sb_expr **out, struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;

    if (arguments[PREDICATE].value != NULL) {
        return sb_expr_parse(arguments[PREDICATE].value, arena, out, err);
    }
    return sb_expr_make_comparison(sb_argument_text(&arguments[COLUMN], NULL),
                                   sb_argument_text(&arguments[OPERATOR], ">"),
                                   arguments[VALUE].value, arena, out, err);
}

static enum sb_status parse_predicate(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    const struct sb_expr **parsed;

    if (node->parsed == NULL) {
        SB_TRY_RETURN(sb_node_alloc(node, derivation, 1, sizeof *parsed, &parsed, err));
        SB_TRY_RETURN(read_predicate(node, derivation->arena, parsed, err));
        node->parsed = parsed;
    }
    node->spec.filter.predicate = node->parsed[0];
    return SB_OK;
}

static enum sb_status derive_predicate(struct sb_node *node, struct sb_derivation *derivation,
                                       struct sb_error *err)
{
    bool is_comparison = node->arguments[PREDICATE].value == NULL;
    struct sb_filter_spec *spec = &node->spec.filter;
    const struct sb_schema *input = node->inputs[0]->schema;
    char name[SB_TYPE_NAME_SIZE];
    enum sb_status status;
    int32_t index;

    if (is_comparison) {
        SB_TRY_RETURN(sb_node_column(
            node, "column", input, sb_argument_text(&node->arguments[COLUMN], NULL), &index, err));
    }
    status = parse_predicate(node, derivation, err);
    if (status == SB_OK) {
        status = sb_derivation_bind(derivation, derivation->arena, spec->predicate, input,
                                    &spec->bound, err);
    }
    if (status != SB_OK) {
        sb_error_prefix(err, "%s: parameter '%s'", node->label,
                        is_comparison ? "value" : "predicate");
        return status;
    }
    if (sb_bound_expr_type(spec->bound)->id != SB_TYPE_BOOL) {
        return sb_node_error(node, "predicate", SB_INVALID, err,
                             "gives %s; allowed: an expression that gives bool",
                             sb_type_name(sb_bound_expr_type(spec->bound), name, sizeof name));
    }
    return SB_OK;
}

static enum sb_status check_function(const struct sb_node *node, struct sb_derivation *derivation,
                                     struct sb_error *err)
{
    struct sb_names columns;
    struct sb_schema *mask;
    char found[256];
    int32_t index;
    enum sb_status status = SB_OK;

    SB_TRY_RETURN(sb_node_names(node, &node->arguments[COLUMNS], derivation->arena, &columns, err));
    for (int32_t i = 0; i < columns.count; i++) {
        SB_TRY_RETURN(sb_node_column(node, "columns", node->inputs[0]->schema, columns.names[i],
                                     &index, err));
    }
    SB_TRY_RETURN(sb_node_resolve(node, derivation, &mask, err));
    if (mask->field_count != 1 || mask->fields[0].type.id != SB_TYPE_BOOL) {
        status = sb_node_error(node, NULL, SB_INVALID, err,
                               "its function gives (%s); allowed: one column of bool",
                               sb_schema_text(mask, found, sizeof found));
    }
    sb_schema_release(mask);
    return status;
}

static enum sb_status filter_derive(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    SB_TRY_RETURN(check_form(node, err));
    SB_TRY_RETURN(node->has_function ? check_function(node, derivation, err)
                                     : derive_predicate(node, derivation, err));
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    return SB_OK;
}

static void filter_require(const struct sb_node *node, const bool *wanted, int32_t port,
                           bool *required)
{
    const struct sb_schema *input = node->inputs[0]->schema;

    sb_required_pass(wanted, input->field_count, required);
    sb_expr_columns(node->spec.filter.predicate, input, required);
}

static bool filter_step(const struct sb_node *node, struct sb_pipeline_step *out)
{
    out->predicate = node->spec.filter.bound;
    return !node->has_function;
}

static json_t *filter_details(const struct sb_node *node, bool is_streaming,
                              struct sb_arena *scratch)
{
    const struct sb_expr *predicate;
    const char *text;
    json_t *details;
    bool is_failed;

    if (node->has_function || check_form(node, NULL) != SB_OK ||
        read_predicate(node, scratch, &predicate, NULL) != SB_OK) {
        details = sb_node_arguments_json(node);
        is_failed = details == NULL;
        if (node->has_function) {
            is_failed = is_failed || sb_details_add(details, "function", json_true());
        }
        return sb_details_end(details, is_failed);
    }
    text = sb_expr_to_text(predicate, scratch);
    details = json_object();
    is_failed =
        text == NULL || details == NULL || sb_details_add(details, "predicate", json_string(text));
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_filter = {
    .name = "filter",
    .type = SB_NODE_FILTER,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .parameters = parameters,
    .derive = filter_derive,
    .require = filter_require,
    .tested_column = sb_tested_column_same,
    .step = filter_step,
    .details = filter_details,
};
