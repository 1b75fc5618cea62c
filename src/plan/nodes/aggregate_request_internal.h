// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_request_internal.h - what an aggregate is asked for, before it is known whether the
 * columns exist: grouping columns and calls, whichever of the spellings was used.
 */
#ifndef SABOT_PLAN_NODES_AGGREGATE_REQUEST_INTERNAL_H
#define SABOT_PLAN_NODES_AGGREGATE_REQUEST_INTERNAL_H

#include "plan/node_class.h"

/* The parameters of an aggregate, in the order of sb_aggregate_parameters. */
enum {
    SB_AGGREGATE_KEY_BY,
    SB_AGGREGATE_AGGREGATE,
    SB_AGGREGATE_COLUMN,
    SB_AGGREGATE_AGGREGATIONS,
    SB_AGGREGATE_EMIT,
    SB_AGGREGATE_PARAMETER_COUNT,
};

extern const struct sb_parameter sb_aggregate_parameters[];

/* One call as it was written: `name` = `function`(`column`). */
struct sb_aggregate_wish {
    const char *name;
    const char *function;
    const char *column;    // "*" = rows
    const char *parameter; // the one to blame
};

struct sb_aggregate_request {
    struct sb_names keys;
    const char *key_parameter;
    int32_t wish_count;
    struct sb_aggregate_wish *wishes;
};

/*
 * Reads node->arguments and the node's own key_by. Several functions over several columns are
 * called in every combination, column by column.
 */
SB_MUST_CHECK enum sb_status sb_aggregate_request_read(const struct sb_node *node,
                                                       struct sb_arena *arena,
                                                       struct sb_aggregate_request *out,
                                                       struct sb_error *err);

/* aggregate_function.c: sets function and quantile of `call`; an unknown name is an error. */
SB_MUST_CHECK enum sb_status sb_aggregate_function_find(const struct sb_node *node,
                                                        const struct sb_aggregate_wish *wish,
                                                        struct sb_aggregate_call *call,
                                                        struct sb_error *err);

/* The type of a function's result over a column; false when it does not take such columns. */
bool sb_aggregate_function_result(enum sb_aggregate_function function, const struct sb_type *input,
                                  struct sb_type *out);

/* What such columns are, for messages. */
const char *sb_aggregate_function_takes(enum sb_aggregate_function function);

/* Whether the result is a number of rows or values, and so never null. */
bool sb_aggregate_function_is_count(enum sb_aggregate_function function);

#endif
