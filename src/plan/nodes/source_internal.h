// SPDX-License-Identifier: Apache-2.0
/*
 * source_internal.h - what a source makes of the rows its splits deliver: `filters`, `columns`.
 */
#ifndef SABOT_PLAN_NODES_SOURCE_INTERNAL_H
#define SABOT_PLAN_NODES_SOURCE_INTERNAL_H

#include "plan/node_class.h"

/*
 * The rows that `filters` lets pass, as one expression: all parts of a list hold, in its order. A
 * new reference, or NULL without filters.
 */
SB_MUST_CHECK enum sb_status sb_scan_conjunction(const struct sb_node *node,
                                                 const struct sb_argument *filters, json_t **out,
                                                 struct sb_error *err);

/* Binds `filters` to node->delivered. */
SB_MUST_CHECK enum sb_status sb_scan_bind(struct sb_node *node, const struct sb_argument *filters,
                                          struct sb_derivation *derivation, struct sb_error *err);

/*
 * Sets node->schema: `columns` as they are ordered, or all that is delivered. Columns that a
 * narrowed source does not deliver any more are left out.
 */
SB_MUST_CHECK enum sb_status sb_scan_project(struct sb_node *node,
                                             const struct sb_argument *columns,
                                             struct sb_derivation *derivation,
                                             struct sb_error *err);

struct sb_scan_request {
    const struct sb_argument *columns;
    const struct sb_argument *filters;
    const char *timestamp_column; // NULL = none
    bool needs_all_rows;          // also those that do not pass
};

SB_MUST_CHECK enum sb_status sb_scan_request_json(const struct sb_node *node,
                                                  const struct sb_scan_request *request,
                                                  json_t **out, struct sb_error *err);

/* What sb_graph_source_request() tells, as a new reference. */
SB_MUST_CHECK enum sb_status sb_source_request_json(const struct sb_node *node, bool is_streaming,
                                                    json_t **out, struct sb_error *err);

#endif
