// SPDX-License-Identifier: Apache-2.0
/*
 * flat_map.c - any number of rows of each: one per element of a list column, or by a function that
 * makes whole batches.
 */
#include "plan/node_class.h"

enum { COLUMN, KEEP_EMPTY, OUTPUT_COLUMN, JIT, LANE, SCHEMA, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [COLUMN] = {.name = "column", .kinds = SB_PARAMETER_TEXT},
    [KEEP_EMPTY] = {.name = "keep_empty", .kinds = SB_PARAMETER_BOOL},
    [OUTPUT_COLUMN] = {.name = "output_column", .kinds = SB_PARAMETER_TEXT},
    [JIT] = {.name = "jit", .kinds = SB_PARAMETER_TEXT, .choices = sb_function_jit_choices},
    [LANE] = {.name = "lane", .kinds = SB_PARAMETER_TEXT}, // for EXPLAIN; told by who binds it
    [SCHEMA] = {.name = "schema", .kinds = SB_PARAMETER_OBJECT}, // read outside the engine
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status check_form(const struct sb_node *node, struct sb_error *err)
{
    const struct sb_argument *arguments = node->arguments;

    for (int32_t i = COLUMN; node->has_function && i <= OUTPUT_COLUMN; i++) {
        if (arguments[i].value != NULL) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "does not go with a function; allowed: schema, jit");
        }
    }
    for (int32_t i = JIT; !node->has_function && i <= SCHEMA; i++) {
        if (arguments[i].value != NULL) {
            return sb_node_error(node, arguments[i].spelling, SB_INVALID, err,
                                 "is about a function, and there is no function; allowed: column, "
                                 "keep_empty, output_column");
        }
    }
    if (!node->has_function && arguments[COLUMN].value == NULL) {
        return sb_node_error(node, "column", SB_INVALID, err,
                             "is missing; allowed: the name of a list column, or a function of a "
                             "batch that returns any number of rows");
    }
    return SB_OK;
}

static enum sb_status derive_unnest(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    const struct sb_schema *input = node->inputs[0]->schema;
    const char *name = sb_argument_text(&node->arguments[COLUMN], "");
    struct sb_unnest_spec *spec = &node->spec.unnest;
    const struct sb_field *element;
    struct sb_field *fields;
    int32_t column;

    SB_TRY_RETURN(sb_node_column(node, "column", input, name, &column, err));
    if (!sb_type_is_list(input->fields[column].type.id)) {
        char type[SB_TYPE_NAME_SIZE];

        return sb_node_error(node, "column", SB_INVALID, err,
                             "'%.100s' is %s; allowed: columns of type list, large_list, "
                             "fixed_size_list, list_view, large_list_view, map",
                             name, sb_type_name(&input->fields[column].type, type, sizeof type));
    }
    *spec = (struct sb_unnest_spec){
        .column = column,
        .keeps_empty = sb_argument_bool(&node->arguments[KEEP_EMPTY], false),
    };
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, input->field_count, sizeof *fields, &fields, err));
    for (int32_t i = 0; i < input->field_count; i++) {
        fields[i] = input->fields[i];
    }
    element = &input->fields[column].type.children[0];
    fields[column] = (struct sb_field){
        .name = sb_argument_text(&node->arguments[OUTPUT_COLUMN], name),
        .type = element->type,
        .is_nullable = element->is_nullable || spec->keeps_empty,
    };
    return sb_node_set_fields(node, derivation, fields, input->field_count,
                              "give 'output_column' another name", err);
}

static enum sb_status derive_function(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    struct sb_schema *output;
    enum sb_status status;

    SB_TRY_RETURN(sb_node_resolve(node, derivation, &output, err));
    status =
        sb_node_set_schema(node, derivation, output, "its function must name one differently", err);
    sb_schema_release(output);
    return status;
}

static enum sb_status flat_map_derive(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    SB_TRY_RETURN(check_form(node, err));
    return node->has_function ? derive_function(node, derivation, err)
                              : derive_unnest(node, derivation, err);
}

/* How many rows there are depends on the lists, whether or not anybody wants the elements. */
static void flat_map_require(const struct sb_node *node, const bool *wanted, int32_t port,
                             bool *required)
{
    sb_required_pass(wanted, node->schema->field_count, required);
    required[node->spec.unnest.column] = true;
}

/* The other columns stand beside every element of their row. */
static int32_t flat_map_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    return node->has_function || column == node->spec.unnest.column ? -1 : column;
}

static bool flat_map_drops_rows(const struct sb_node *node, int32_t port)
{
    return !node->spec.unnest.keeps_empty;
}

static json_t *flat_map_details(const struct sb_node *node, bool is_streaming,
                                struct sb_arena *scratch)
{
    return sb_node_arguments_json(node);
}

const struct sb_node_class sb_node_flat_map = {
    .name = "flat_map",
    .type = SB_NODE_FLAT_MAP,
    .inputs_min = 1,
    .inputs_max = 1,
    .takes_function = true,
    .parameters = parameters,
    .derive = flat_map_derive,
    .require = flat_map_require,
    .tested_column = flat_map_tested_column,
    .drops_rows = flat_map_drops_rows,
    .details = flat_map_details,
};
