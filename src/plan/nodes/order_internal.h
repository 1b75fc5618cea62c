// SPDX-License-Identifier: Apache-2.0
/*
 * order_internal.h - the parameters that say in which order rows stand: `by`, `descending`,
 * `nulls`. For SORT and TOP_N.
 */
#ifndef SABOT_PLAN_NODES_ORDER_INTERNAL_H
#define SABOT_PLAN_NODES_ORDER_INTERNAL_H

#include "plan/node_class.h"

/* The first three parameters of a node's table. */
enum { SB_ORDER_BY, SB_ORDER_DESCENDING, SB_ORDER_NULLS, SB_ORDER_PARAMETER_COUNT };

#define SB_ORDER_PARAMETERS                                                                        \
    [SB_ORDER_BY] = {.name = "by",                                                                 \
                     .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_LIST,                               \
                     .is_required = true},                                                         \
    [SB_ORDER_DESCENDING] = {.name = "descending",                                                 \
                             .kinds = SB_PARAMETER_BOOL | SB_PARAMETER_LIST},                      \
    [SB_ORDER_NULLS] = {.name = "nulls", .kinds = SB_PARAMETER_TEXT | SB_PARAMETER_LIST}

/* Fills `spec` from the arguments and the input's columns; refuses endless input. */
SB_MUST_CHECK enum sb_status sb_order_derive(struct sb_node *node, struct sb_derivation *derivation,
                                             struct sb_order_spec *spec, struct sb_error *err);

/* What SORT and TOP_N need of their input: the keys, and what is wanted of their rows. */
void sb_order_require(const struct sb_node *node, const struct sb_order_spec *spec,
                      const bool *wanted, bool *required);

/* "price descending, id nulls first" into `details`; true on failure, as sb_details_add. */
bool sb_order_details(const struct sb_node *node, json_t *details, struct sb_arena *scratch);

#endif
