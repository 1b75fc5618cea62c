// SPDX-License-Identifier: Apache-2.0
/*
 * top_n.c - the first rows in the order of some columns.
 */
#include "plan/nodes/order_internal.h"

enum { COUNT = SB_ORDER_PARAMETER_COUNT, OFFSET, PARAMETER_COUNT };

static const struct sb_parameter parameters[] = {
    SB_ORDER_PARAMETERS,
    [COUNT] = {.name = "count", .kinds = SB_PARAMETER_INTEGER, .is_required = true},
    [OFFSET] = {.name = "offset", .kinds = SB_PARAMETER_INTEGER},
    [PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status top_n_derive(struct sb_node *node, struct sb_derivation *derivation,
                                   struct sb_error *err)
{
    SB_TRY_RETURN(sb_order_derive(node, derivation, &node->spec.top_n.order, err));
    node->spec.top_n.count = sb_argument_integer(&node->arguments[COUNT], 0);
    node->spec.top_n.offset = sb_argument_integer(&node->arguments[OFFSET], 0);
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    return SB_OK;
}

static void top_n_require(const struct sb_node *node, const bool *wanted, int32_t port,
                          bool *required)
{
    sb_order_require(node, &node->spec.top_n.order, wanted, required);
}

static json_t *top_n_details(const struct sb_node *node, bool is_streaming,
                             struct sb_arena *scratch)
{
    json_t *details = json_object();
    bool is_failed = details == NULL || sb_order_details(node, details, scratch);

    for (int32_t i = COUNT; i <= OFFSET && !is_failed; i++) {
        json_t *value = (json_t *)(uintptr_t)node->arguments[i].value;
        is_failed = value != NULL && json_object_set(details, parameters[i].name, value) != 0;
    }
    return sb_details_end(details, is_failed);
}

const struct sb_node_class sb_node_top_n = {
    .name = "top_n",
    .type = SB_NODE_TOP_N,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .derive = top_n_derive,
    .require = top_n_require,
    .details = top_n_details,
};
