// SPDX-License-Identifier: Apache-2.0
/*
 * wire_writer.h - operators and graphs as JSON, as wire.c reads them.
 *
 * Each function returns a new reference, or NULL when out of memory.
 */
#ifndef SABOT_PLAN_WIRE_WRITER_H
#define SABOT_PLAN_WIRE_WRITER_H

#include "plan/graph.h"

/* An operator with `parameters` (taken). */
json_t *sb_operator_json(const char *type, const char *id, const char *name, json_t *parameters);

/* The whole of `graph` as it is now. */
json_t *sb_graph_json(const struct sb_graph *graph);

#endif
