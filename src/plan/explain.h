// SPDX-License-Identifier: Apache-2.0
/*
 * explain.h - the plan for people, with numbers that others know: estimates and what came.
 */
#ifndef SABOT_PLAN_EXPLAIN_H
#define SABOT_PLAN_EXPLAIN_H

#include "plan/graph.h"

/* Rows that one operator gives; a sink: takes. */
struct sb_explain_rows {
    double estimated; // negative = unknown
    int64_t actual;   // negative = it has not run
    int64_t busy_ns;  // when it has run
};

/* `rows` by node->index; NULL = nothing is known. Free `*out` with sb_string_free(). */
SB_MUST_CHECK enum sb_status sb_plan_explain(const struct sb_graph *graph,
                                             enum sb_explain_format format,
                                             const struct sb_explain_rows *rows, char **out,
                                             struct sb_error *err);

#endif
