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

/*
 * What the nodes, each of which is there once, do together: their own parts, or themselves when
 * they have none; each once.
 */
json_t *sb_parts_json(struct sb_node *const *nodes, int32_t count);

/* The whole of `graph`, whose nodes may be other ones than it was read from. */
json_t *sb_graph_json(const struct sb_graph *graph);

#endif
