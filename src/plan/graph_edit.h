// SPDX-License-Identifier: Apache-2.0
/*
 * graph_edit.h - a copy of a validated graph, to be changed.
 *
 * The nodes of the copy share JSON, schemas and specs with those of the original, which must
 * outlive the edit. Edges are right after every call: a pass may look at inputs, outputs and
 * fan-out at any time. What is inserted is read and derived by the same code as what comes over the
 * wire. Changes that give a node other columns leave the specs behind it stale; sb_edit_derive()
 * makes them anew. Operators with functions, which the engine cannot derive, must keep their
 * input's columns; so they keep their own.
 */
#ifndef SABOT_PLAN_GRAPH_EDIT_H
#define SABOT_PLAN_GRAPH_EDIT_H

#include "plan/graph.h"

struct sb_graph_edit {
    const struct sb_graph *original;
    struct sb_graph *graph;  // nodes[] may have removed ones: sb_edit_has()
    struct sb_arena scratch; // for the derivation of one node
    int32_t node_capacity;
    int32_t inserted_count;
    int32_t sorted_count; // of graph->sorted: those of the last derivation, also if removed since
    bool is_stale;        // graph->sorted, indices and specs are those of before the last changes
};

/* `original` is validated. A zeroed edit is empty and safe to deinit. */
SB_MUST_CHECK enum sb_status sb_edit_init(struct sb_graph_edit *edit,
                                          const struct sb_graph *original, struct sb_error *err);
void sb_edit_deinit(struct sb_graph_edit *edit);

/* Whether the node has not been removed. */
static inline bool sb_edit_has(const struct sb_node *node)
{
    return node->index >= 0;
}

/*
 * Puts a new node of one input between `consumer` and what feeds its `port`. `type` is the wire
 * form's; `parameters` is taken. Its id and name are those of `like` with a number, new in the
 * graph.
 */
SB_MUST_CHECK enum sb_status sb_edit_insert(struct sb_graph_edit *edit, const char *type,
                                            json_t *parameters, const struct sb_node *like,
                                            struct sb_node *consumer, int32_t port,
                                            struct sb_node **out, struct sb_error *err);

/* Takes a node of one input out; its consumers get what it got. */
SB_MUST_CHECK enum sb_status sb_edit_remove(struct sb_graph_edit *edit, struct sb_node *node,
                                            struct sb_error *err);

/* Takes a node out that nobody consumes. */
void sb_edit_drop(struct sb_graph_edit *edit, struct sb_node *node);

/*
 * Moves a node of one input to between `consumer` and what feeds its `port`, with `parameters`
 * (taken) that are right there.
 */
SB_MUST_CHECK enum sb_status sb_edit_move(struct sb_graph_edit *edit, struct sb_node *node,
                                          json_t *parameters, struct sb_node *consumer,
                                          int32_t port, struct sb_error *err);

/*
 * Lets `input` feed the `port` of `consumer` instead of what did. `consumer` is not derived: its
 * parameters are probably other ones now, too.
 */
SB_MUST_CHECK enum sb_status sb_edit_connect(struct sb_graph_edit *edit, struct sb_node *consumer,
                                             int32_t port, struct sb_node *input,
                                             struct sb_error *err);

/* Other parameters for a node, which is derived anew; `parameters` is taken. */
SB_MUST_CHECK enum sb_status sb_edit_set_parameters(struct sb_graph_edit *edit,
                                                    struct sb_node *node, json_t *parameters,
                                                    struct sb_error *err);

/* The same with one parameter set, which `value` (taken; NULL = no memory) is from now on. */
SB_MUST_CHECK enum sb_status sb_edit_set_parameter(struct sb_graph_edit *edit, struct sb_node *node,
                                                   const char *key, json_t *value,
                                                   struct sb_error *err);

/*
 * The node is of another type from now on, with `parameters` (taken); both take one input and no
 * function, and give the same columns. Id, name and place stay. What it does with its rows is
 * derived with all others, or with sb_edit_derive_node().
 */
SB_MUST_CHECK enum sb_status sb_edit_replace(struct sb_graph_edit *edit, struct sb_node *node,
                                             const char *type, json_t *parameters,
                                             struct sb_error *err);

/*
 * The last node of a run, each of which has one input and feeds the next alone, does the work of
 * all, as a `fused` operator under its own id; the others are removed.
 */
SB_MUST_CHECK enum sb_status sb_edit_fuse(struct sb_graph_edit *edit, struct sb_node *const *run,
                                          int32_t count, struct sb_error *err);

/* Who consumed `from` consumes `to` instead, which gives the same columns. */
SB_MUST_CHECK enum sb_status sb_edit_take_consumers(struct sb_graph_edit *edit, struct sb_node *to,
                                                    struct sb_node *from, struct sb_error *err);

/* `node` does the work of all `parts`, in this order, and of nobody else; it may be one of them. */
SB_MUST_CHECK enum sb_status sb_edit_set_parts(struct sb_graph_edit *edit, struct sb_node *node,
                                               struct sb_node *const *parts, int32_t count,
                                               struct sb_error *err);

enum sb_part_place {
    SB_PART_ALONE,  // instead of what it did
    SB_PART_BEFORE, // before its own
    SB_PART_BEHIND,
};

/*
 * `node` does the work of `part` from now on. Its wire form says so in `parts`, each operator once;
 * an operator without `parts` does its own work.
 */
SB_MUST_CHECK enum sb_status sb_edit_add_part(struct sb_graph_edit *edit, struct sb_node *node,
                                              struct sb_node *part, enum sb_part_place place,
                                              struct sb_error *err);

/* Derives one node again, whose inputs are derived. */
SB_MUST_CHECK enum sb_status sb_edit_derive_node(struct sb_graph_edit *edit, struct sb_node *node,
                                                 struct sb_error *err);

/* Drops removed nodes from the list and sorts the others into graph->sorted. */
SB_MUST_CHECK enum sb_status sb_edit_sort(struct sb_graph_edit *edit, struct sb_error *err);

/* The same, and derives again what is stale: what changed, and all behind it. */
SB_MUST_CHECK enum sb_status sb_edit_derive(struct sb_graph_edit *edit, struct sb_error *err);

/* Hands the changed copy out, not validated; the edit is empty then. */
SB_MUST_CHECK enum sb_status sb_edit_finish(struct sb_graph_edit *edit, struct sb_graph **out,
                                            struct sb_error *err);

#endif
