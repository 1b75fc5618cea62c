// SPDX-License-Identifier: Apache-2.0
/*
 * graph_edit_internal.h - what the copy of a graph and its changes share.
 */
#ifndef SABOT_PLAN_GRAPH_EDIT_INTERNAL_H
#define SABOT_PLAN_GRAPH_EDIT_INTERNAL_H

#include "plan/graph_edit.h"

/* Sets the error of a refused allocation. */
enum sb_status sb_edit_no_memory(struct sb_error *err);

/* Zeroed bytes of the graph's; `out` points to a pointer. */
SB_MUST_CHECK enum sb_status sb_edit_alloc(struct sb_graph_edit *edit, int64_t count, size_t size,
                                           void *out, struct sb_error *err);

/* Keeps `json` (taken; NULL = no memory) as long as the graph. */
SB_MUST_CHECK enum sb_status sb_edit_keep(struct sb_graph_edit *edit, json_t *json,
                                          struct sb_error *err);

#endif
