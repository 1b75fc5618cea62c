// SPDX-License-Identifier: Apache-2.0
/*
 * aggregate_plan_internal.h - what the files share that make the plan of an AGGREGATE.
 */
#ifndef SABOT_EXEC_OPS_AGGREGATE_PLAN_INTERNAL_H
#define SABOT_EXEC_OPS_AGGREGATE_PLAN_INTERNAL_H

#include "exec/ops/aggregate_internal.h"

static inline enum sb_status sb_aggregate_plan_no_memory(struct sb_error *err)
{
    return sb_error_no_memory(err, "the plan of an aggregate", 0);
}

/* aggregate_plan_step.c: the next call, with those of its steps and arguments that are new. */
SB_MUST_CHECK enum sb_status sb_aggregate_plan_call(struct sb_aggregate *aggregate,
                                                    const struct sb_aggregate_call *call,
                                                    struct sb_error *err);

/* aggregate_plan_plain.c: the plain form, if there is one; after steps and state_layout. */
SB_MUST_CHECK enum sb_status sb_aggregate_plan_plain(struct sb_aggregate *aggregate,
                                                     struct sb_error *err);

#endif
