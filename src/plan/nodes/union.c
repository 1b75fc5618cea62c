// SPDX-License-Identifier: Apache-2.0
/*
 * union.c - the rows of all inputs, whose columns are equal by name, order and type.
 */
#include <inttypes.h>
#include <string.h>

#include "plan/node_internal.h"
#include "plan/text_internal.h"

static const struct sb_parameter parameters[] = {{.name = NULL}};

static enum sb_status check_field(const struct sb_node *node, int32_t port, int32_t i,
                                  struct sb_error *err)
{
    const struct sb_field *first = &node->inputs[0]->schema->fields[i];
    const struct sb_field *other = &node->inputs[port]->schema->fields[i];
    char first_type[SB_TYPE_NAME_SIZE];
    char other_type[SB_TYPE_NAME_SIZE];
    char first_name[SB_SHORT_SIZE];
    char other_name[SB_SHORT_SIZE];

    if (strcmp(first->name, other->name) == 0 && sb_type_equal(&first->type, &other->type)) {
        return SB_OK;
    }
    return sb_node_error(node, NULL, SB_INVALID, err,
                         "column %" PRId32 " is '%s: %s' in input 0 and '%s: %s' in input %" PRId32
                         "; columns must be equal by name, order and type (use select or map "
                         "before the union)",
                         i, sb_short(first->name, first_name),
                         sb_type_name(&first->type, first_type, sizeof first_type),
                         sb_short(other->name, other_name),
                         sb_type_name(&other->type, other_type, sizeof other_type), port);
}

static enum sb_status check_input(const struct sb_node *node, int32_t port, struct sb_error *err)
{
    const struct sb_schema *first = node->inputs[0]->schema;
    const struct sb_schema *other = node->inputs[port]->schema;
    char first_text[256];
    char other_text[256];

    for (int32_t i = 0; i < first->field_count && i < other->field_count; i++) {
        SB_TRY_RETURN(check_field(node, port, i, err));
    }
    if (first->field_count != other->field_count) {
        return sb_node_error(node, NULL, SB_INVALID, err,
                             "input 0 has the columns (%s) and input %" PRId32 " (%s); columns "
                             "must be equal by name, order and type (use select or map before "
                             "the union)",
                             sb_schema_text(first, first_text, sizeof first_text), port,
                             sb_schema_text(other, other_text, sizeof other_text));
    }
    return SB_OK;
}

static enum sb_status union_derive(struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    const struct sb_schema *first = node->inputs[0]->schema;
    struct sb_field *fields;

    SB_TRY_RETURN(
        sb_node_alloc(node, derivation, first->field_count, sizeof *fields, &fields, err));
    for (int32_t i = 0; i < first->field_count; i++) {
        fields[i] = first->fields[i];
    }
    for (int32_t port = 1; port < node->input_count; port++) {
        SB_TRY_RETURN(check_input(node, port, err));
        for (int32_t i = 0; i < first->field_count; i++) {
            fields[i].is_nullable |= node->inputs[port]->schema->fields[i].is_nullable;
        }
    }
    return sb_node_set_fields(node, derivation, fields, first->field_count, "", err);
}

static json_t *union_details(const struct sb_node *node, bool is_streaming,
                             struct sb_arena *scratch)
{
    return json_object();
}

const struct sb_node_class sb_node_union = {
    .name = "union",
    .type = SB_NODE_UNION,
    .inputs_min = 1,
    .inputs_max = SB_INPUTS_ANY,
    .parameters = parameters,
    .takes_updates = true,
    .derive = union_derive,
    .details = union_details,
};
