// SPDX-License-Identifier: Apache-2.0
/*
 * shapes.h - small graphs for the tests of the optimizer, and what became of them on one line.
 *
 * A graph is drawn as nodes and edges: {"f", "filter", "'column': 'a', 'value': 1"} and
 * "q>f f>j r>j.1 j>o", in which ".1" is the port. What a source declares stands behind a '|' of its
 * parameters, and what it tells of its rows behind another one.
 *
 * A shape is the sinks with what feeds them in parentheses: "o(f{a > 1}(q))". In braces stands what
 * decides about rows and columns: conditions, the columns of SELECTs, MAPs and sources, join keys,
 * the steps of what is fused; and what became of LIMITs that were merged: the first row and the one
 * behind the last (-1: none). An operator that several consume is written out once and then as
 * "*name".
 */
#ifndef SABOT_TEST_OPTIMIZE_SHAPES_H
#define SABOT_TEST_OPTIMIZE_SHAPES_H

#include <sabot/optimizer.h>

#include "plan/graphs.h"

struct shape_node {
    const char *id; // and name
    const char *type;
    const char *parameters; // of a source: "...|a: int64, b: utf8|{'row_count': 10}"
};

/* Ends with a node without an id. Validated; functions resolve to `resolved`, which may be NULL. */
struct sb_graph *shapes_graph(const struct shape_node *nodes, const char *edges,
                              const char *resolved);

/* The optimized graph, validated; every allocation was refused once before. */
struct sb_graph *shapes_optimize(const struct sb_graph *graph,
                                 const struct sb_optimizer_options *options,
                                 struct sb_optimizer_report *report);

/* The shape of a graph; free() it. */
char *shapes_text(const struct sb_graph *graph);

/*
 * Optimizes with only the pass that `pass` points at in a struct whose other members are false, or
 * with all when it is NULL; compares the shape; and again, which must change nothing and count 0.
 */
void shapes_assert(const struct shape_node *nodes, const char *edges,
                   struct sb_optimizer_options options, const char *expected,
                   struct sb_optimizer_report counts);

#endif
