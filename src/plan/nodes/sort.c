// SPDX-License-Identifier: Apache-2.0
/*
 * sort.c - all rows, in the order of some columns.
 */
#include "plan/nodes/order_internal.h"

static const struct sb_parameter parameters[] = {
    SB_ORDER_PARAMETERS,
    [SB_ORDER_PARAMETER_COUNT] = {.name = NULL},
};

static enum sb_status sort_derive(struct sb_node *node, struct sb_derivation *derivation,
                                  struct sb_error *err)
{
    SB_TRY_RETURN(sb_order_derive(node, derivation, &node->spec.sort, err));
    node->schema = sb_schema_retain(node->inputs[0]->schema);
    return SB_OK;
}

static void sort_require(const struct sb_node *node, const bool *wanted, int32_t port,
                         bool *required)
{
    sb_order_require(node, &node->spec.sort, wanted, required);
}

static json_t *sort_details(const struct sb_node *node, bool is_streaming, struct sb_arena *scratch)
{
    json_t *details = json_object();

    return sb_details_end(details, details == NULL || sb_order_details(node, details, scratch));
}

const struct sb_node_class sb_node_sort = {
    .name = "sort",
    .type = SB_NODE_SORT,
    .inputs_min = 1,
    .inputs_max = 1,
    .parameters = parameters,
    .derive = sort_derive,
    .require = sort_require,
    .tested_column = sb_tested_column_same,
    .details = sort_details,
};
