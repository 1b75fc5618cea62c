// SPDX-License-Identifier: Apache-2.0
/*
 * time_arguments.h - what the resolve hooks of temporal functions share.
 */
#ifndef SABOT_EXPR_TIME_ARGUMENTS_H
#define SABOT_EXPR_TIME_ARGUMENTS_H

#include "expr/kernels.h"

struct sb_zone;

/* Dates and timestamps: what has a day in the calendar. */
bool sb_type_is_calendar(const struct sb_type *type);

/* The text of an argument that must be constant. `what` begins the message: "the unit". */
SB_MUST_CHECK enum sb_status sb_bind_constant_text(struct sb_binder *binder, const char *name,
                                                   const struct sb_bound_node *argument,
                                                   const char *what, struct sb_bytes *out);

/* The zone whose clock a timestamp shows; NULL: it has none, or UTC. */
SB_MUST_CHECK enum sb_status sb_bind_zone_of(struct sb_binder *binder, const struct sb_type *type,
                                             const struct sb_zone **out);

/* add, subtract and multiply where an argument is a time or a duration. Refuses the rest. */
SB_MUST_CHECK enum sb_status sb_bind_time_arithmetic(struct sb_binder *binder, const char *name,
                                                     enum sb_operation operation,
                                                     const struct sb_bound_node **arguments,
                                                     const struct sb_bound_node **out);

#endif
