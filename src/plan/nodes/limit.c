// SPDX-License-Identifier: Apache-2.0
/*
 * limit.c - the first `count` rows after the first `offset`.
 */
#include "plan/node_class.h"

enum { COUNT, OFFSET, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    [COUNT] = {.name = "count", .kinds = SB_PARAMETER_INTEGER},
    [OFFSET] = {.name = "offset", .kinds = SB_PARAMETER_INTEGER},
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status limit_derive(struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    if (node->arguments[COUNT].value == NULL && node->arguments[OFFSET].value == NULL) {
        return sb_node_error(node, "count", SB_INVALID, err,
                             "is missing; allowed: an integer from 0, or offset alone");
    }
    node->spec.limit.count = sb_argument_integer(&node->arguments[COUNT], INT64_MAX);
    node->spec.limit.offset = sb_argument_integer(&node->arguments[OFFSET], 0);
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    return SB_OK;
}

static void limit_require(const struct sb_node *node, const bool *wanted, int32_t port,
                          bool *required)
{
    sb_required_pass(wanted, node->schema->field_count, required);
}

static json_t *limit_details(const struct sb_node *node, bool is_streaming,
                             struct sb_arena *scratch)
{
    return sb_node_arguments_json(node);
}

const struct sb_node_class sb_node_limit = {
    .name = "limit",
    .type = SB_NODE_LIMIT,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .derive = limit_derive,
    .require = limit_require,
    .details = limit_details,
};
