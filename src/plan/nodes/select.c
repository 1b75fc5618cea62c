// SPDX-License-Identifier: Apache-2.0
/*
 * select.c - some of the columns, in the order that is asked for.
 */
#include "plan/node_class.h"
#include "plan/requirement.h"

enum { COLUMNS, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [COLUMNS] = {.name = "columns", .kinds = SB_PARAMETER_TEXTS, .is_required = true},
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status select_derive(struct sb_node *node, struct sb_derivation *derivation,
                                    struct sb_error *err)
{
    struct sb_select_spec *spec = &node->spec.select;
    const struct sb_schema *input = node->inputs[0]->schema;
    struct sb_names columns;
    struct sb_field *fields;

    SB_TRY_RETURN(sb_node_names(node, &node->arguments[COLUMNS], derivation->arena, &columns, err));
    if (columns.count == 0) {
        return sb_node_error(node, "columns", SB_INVALID, err, "is empty; name at least one");
    }
    SB_TRY_RETURN(sb_node_alloc(node, derivation, columns.count, sizeof *fields, &fields, err));
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, columns.count, sizeof *spec->columns, &spec->columns, err));
    spec->column_count = columns.count;
    for (int32_t i = 0; i < columns.count; i++) {
        SB_TRY_RETURN(
            sb_node_column(node, "columns", input, columns.names[i], &spec->columns[i], err));
        fields[i] = input->fields[spec->columns[i]];
    }
    return sb_node_set_fields(node, derivation, fields, spec->column_count,
                              "name each once in 'columns'", err);
}

static void select_require(const struct sb_node *node, const bool *wanted, int32_t port,
                           bool *required)
{
    for (int32_t i = 0; i < node->spec.select.column_count; i++) {
        required[node->spec.select.columns[i]] |= wanted[i];
    }
}

static bool select_narrow(const struct sb_node *node, const bool *wanted, json_t **narrowed)
{
    json_t *names;

    *narrowed = NULL;
    if (sb_columns_count(node->schema, wanted) == node->schema->field_count) {
        return true;
    }
    names = sb_columns_json(node->schema, wanted);
    *narrowed = names == NULL ? NULL : json_pack("{s:o}", "columns", names);
    return *narrowed != NULL;
}

static int32_t select_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    return node->spec.select.columns[column];
}

static bool select_step(const struct sb_node *node, struct sb_pipeline_step *out)
{
    out->column_count = node->spec.select.column_count;
    out->source_columns = node->spec.select.columns;
    return true;
}

static json_t *select_details(const struct sb_node *node, bool is_streaming,
                              struct sb_arena *scratch)
{
    return sb_node_arguments_json(node);
}

const struct sb_node_class sb_node_select = {
    .name = "select",
    .type = SB_NODE_SELECT,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .takes_updates = true,
    .derive = select_derive,
    .require = select_require,
    .narrow = select_narrow,
    .tested_column = select_tested_column,
    .step = select_step,
    .details = select_details,
};
