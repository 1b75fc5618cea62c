// SPDX-License-Identifier: Apache-2.0
/*
 * join_chain.h - inner joins that follow each other, as relations and equalities.
 *
 * A chain has one join at its root. A join that feeds it, and nobody else, belongs to it, too, also
 * through SELECTs that feed nobody else; whatever else feeds it is a relation. SELECTs that are all
 * the root feeds end it. Columns are known by relation and position, whatever they are called on
 * the way. A MAP that does no more than to give columns names counts as a SELECT here.
 */
#ifndef SABOT_OPTIMIZE_JOIN_CHAIN_H
#define SABOT_OPTIMIZE_JOIN_CHAIN_H

#include "optimize/join_order.h"
#include "plan/graph.h"

/* The edge over which a relation comes. */
struct sb_chain_relation {
    struct sb_node *node;
    struct sb_node *join;
    int32_t port;
};

struct sb_chain_column {
    int32_t relation;
    int32_t column; // in the relation's schema
};

struct sb_join_chain {
    struct sb_node *root; // the last join
    struct sb_node *exit; // the root, or the SELECT behind it that is the last of the chain
    int32_t relation_count;
    struct sb_chain_relation *relations; // from left to right
    struct sb_node **joins;              // by step of `written`; the last one is the root
    int32_t select_count;
    struct sb_node **selects; // between and behind the joins, nearer to the relations first
    int32_t class_count;
    int32_t *members; // [class * relation_count + relation]: the relation's column in it, or -1
    struct sb_chain_column *outputs; // by column of the exit
    const bool *wanted; // by column of the exit: whether anybody needs it; set by who finds chains
    struct sb_join_tree written;
};

/* Column of a relation in the class; -1 = none. */
static inline int32_t sb_chain_member(const struct sb_join_chain *chain, int32_t class,
                                      int32_t relation)
{
    return chain->members[class * chain->relation_count + relation];
}

/* The class that the column belongs to; -1 = none. */
int32_t sb_chain_class(const struct sb_join_chain *chain, struct sb_chain_column column);

/* Whether columns of the class have not only equal values but the same, of one type. */
bool sb_chain_class_is_same(const struct sb_join_chain *chain, int32_t class);

/*
 * Finds the chain whose root is the join `root`; `*out` = NULL when there is none, or none whose
 * joins could stand in another order, or one of too many relations. Marks in `taken`, by
 * node->index, the joins that belong to it.
 */
SB_MUST_CHECK enum sb_status sb_join_chain_find(struct sb_node *root, bool *taken,
                                                struct sb_arena *arena, struct sb_join_chain **out,
                                                struct sb_error *err);

#endif
