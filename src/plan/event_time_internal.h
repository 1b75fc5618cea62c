// SPDX-License-Identifier: Apache-2.0
/*
 * event_time_internal.h - which column of an operator's rows is when they happened.
 */
#ifndef SABOT_PLAN_EVENT_TIME_INTERNAL_H
#define SABOT_PLAN_EVENT_TIME_INTERNAL_H

#include "plan/graph.h"

/* Timestamps, dates, and int64 as milliseconds. */
bool sb_type_is_event_time(const struct sb_type *type);

/*
 * The column of the rows of `node` that its source declares as `timestamp_column`, as far as it
 * comes through; else their only column of a timestamp type; -1 when neither says.
 */
int32_t sb_node_event_time(const struct sb_node *node);

/* A source without end above `node` that announces no watermarks, or NULL. */
const struct sb_node *sb_node_silent_source(const struct sb_node *node);

#endif
