// SPDX-License-Identifier: Apache-2.0
/*
 * distinct.c - the first row of each key; all columns are the key unless some are named.
 */
#include <string.h>

#include "plan/node_class.h"
#include "plan/text.h"

enum { COLUMNS, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [COLUMNS] = {.name = "columns",
                 .alias = "key_by",
                 .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_TEXTS},
    [PARAMETER_COUNT] = {.name = NULL},
};

// The parameter, or the node's own key_by.
static struct sb_argument given_columns(const struct sb_node *node)
{
    struct sb_argument argument = node->arguments[COLUMNS];

    if (argument.value == NULL) {
        argument = (struct sb_argument){.spelling = "key_by", .value = node->key_by};
    }
    return argument;
}

static enum sb_status derive_keys(struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_error *err)
{
    struct sb_distinct_spec *spec = &node->spec.distinct;
    const struct sb_schema *input = node->inputs[0]->schema;
    struct sb_argument argument = given_columns(node);
    char shown[SB_SHORT_SIZE];
    struct sb_names names;

    if (node->arguments[COLUMNS].value != NULL && node->key_by != NULL &&
        !sb_argument_values_agree(node->key_by, argument.value)) {
        return sb_node_error(node, argument.spelling, SB_INVALID, err,
                             "means the same as the operator's own key_by, and the two differ; "
                             "give one");
    }
    SB_TRY_RETURN(sb_node_names(node, &argument, derivation->arena, &names, err));
    if (argument.value != NULL && names.count == 0) {
        return sb_node_error(node, argument.spelling, SB_INVALID, err,
                             "is empty; name at least one column, or leave it out to compare whole "
                             "rows");
    }
    spec->key_count = names.count > 0 ? names.count : input->field_count;
    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, spec->key_count, sizeof *spec->keys, &spec->keys, err));
    for (int32_t i = 0; i < spec->key_count; i++) {
        spec->keys[i] = i;
        if (names.count > 0) {
            SB_TRY_RETURN(sb_node_column(node, argument.spelling, input, names.names[i],
                                         &spec->keys[i], err));
        }
        for (int32_t j = 0; j < i; j++) {
            if (spec->keys[j] == spec->keys[i]) {
                return sb_node_error(node, argument.spelling, SB_INVALID, err,
                                     "names '%s' twice; name each column once",
                                     sb_short(names.names[i], shown));
            }
        }
    }
    spec->is_whole = spec->key_count == input->field_count;
    return SB_OK;
}

// The keys, and what is in the first row of each beside them.
static enum sb_status derive_first_rows(struct sb_node *node, struct sb_derivation *derivation,
                                        struct sb_error *err)
{
    struct sb_aggregate_spec *rows = &node->spec.distinct.first_rows;
    const struct sb_schema *input = node->inputs[0]->schema;

    rows->keys = node->spec.distinct.keys;
    rows->key_count = node->spec.distinct.key_count;
    SB_TRY_RETURN(sb_node_alloc(node, derivation, input->field_count, sizeof *rows->calls,
                                &rows->calls, err));
    SB_TRY_RETURN(sb_node_alloc(node, derivation, input->field_count, sizeof *rows->outputs,
                                &rows->outputs, err));
    for (int32_t c = 0; c < input->field_count; c++) {
        int32_t k = 0;
        while (k < rows->key_count && rows->keys[k] != c) {
            k++;
        }
        if (k < rows->key_count) {
            rows->outputs[c] = k;
            continue;
        }
        rows->outputs[c] = rows->key_count + rows->call_count;
        rows->calls[rows->call_count++] = (struct sb_aggregate_call){
            .function = SB_AGGREGATE_FIRST_ROW,
            .column = c,
            .result = input->fields[c].type,
            .name = input->fields[c].name,
        };
    }
    return SB_OK;
}

static enum sb_status distinct_derive(struct sb_node *node, struct sb_derivation *derivation,
                                      struct sb_error *err)
{
    SB_TRY_RETURN(derive_keys(node, derivation, err));
    node->spec.distinct.emits_at_once = node->endless_source != NULL;
    SB_TRY_RETURN(derive_first_rows(node, derivation, err));
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    return SB_OK;
}

/* A key decides about all of its rows, the first one among them. */
static int32_t distinct_tested_column(const struct sb_node *node, int32_t port, int32_t column)
{
    const struct sb_distinct_spec *spec = &node->spec.distinct;

    for (int32_t i = 0; i < spec->key_count; i++) {
        if (spec->keys[i] == column) {
            return sb_type_equal_is_same(&node->schema->fields[column].type) ? column : -1;
        }
    }
    return -1;
}

/* Of whole rows every column decides; of named ones, the others are as in the first row. */
static void distinct_require(const struct sb_node *node, const bool *wanted, int32_t port,
                             bool *required)
{
    const struct sb_distinct_spec *spec = &node->spec.distinct;

    sb_required_pass(wanted, node->schema->field_count, required);
    for (int32_t i = 0; i < spec->key_count; i++) {
        required[spec->keys[i]] = true;
    }
}

static json_t *distinct_details(const struct sb_node *node, bool is_streaming,
                                struct sb_arena *scratch)
{
    struct sb_argument argument = given_columns(node);
    json_t *details = json_object();
    bool is_failed = details == NULL;

    if (!is_failed && argument.value != NULL) {
        is_failed = json_object_set(details, "columns", (json_t *)(uintptr_t)argument.value) != 0;
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_distinct = {
    .name = "distinct",
    .type = SB_NODE_DISTINCT,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .derive = distinct_derive,
    .require = distinct_require,
    .tested_column = distinct_tested_column,
    .details = distinct_details,
};
