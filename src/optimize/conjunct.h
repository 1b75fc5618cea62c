// SPDX-License-Identifier: Apache-2.0
/*
 * conjunct.h - one condition on its way from a FILTER towards the sources.
 */
#ifndef SABOT_OPTIMIZE_CONJUNCT_H
#define SABOT_OPTIMIZE_CONJUNCT_H

#include "expr/rewrite.h"
#include "optimize/pass.h"

/* A condition, by the names of the columns on the edge where it stands. */
struct sb_conjunct {
    const struct sb_expr *expr;
    bool may_fail;
    int32_t column_count;
    int32_t *columns; // what it reads: positions in the schema of the edge
};

/* Where a condition is tested from now on: between two operators, or by the one that holds it. */
struct sb_conjunct_place {
    struct sb_node *consumer; // and its port; or
    int32_t port;
    struct sb_node *holder; // a FILTER whose rows it tests, too, or a SOURCE
    const struct sb_expr *expr;
};

struct sb_conjunct_places {
    int32_t count;
    int32_t capacity;
    struct sb_conjunct_place *places;
};

/*
 * Between the two, no operator's columns change, so what is found out about them is remembered.
 * Without, it is found out each time.
 */
SB_MUST_CHECK enum sb_status sb_conjuncts_begin(struct sb_optimization *optimization);
void sb_conjuncts_end(struct sb_optimization *optimization);

/* `expr` over rows of `schema`. */
SB_MUST_CHECK enum sb_status sb_conjunct_init(struct sb_optimization *optimization,
                                              const struct sb_expr *expr, bool may_fail,
                                              const struct sb_schema *schema,
                                              struct sb_conjunct *out);

/*
 * Adds the places nearest to the sources where a condition on the rows of the edge into `port` of
 * `consumer` can be tested instead; none if that is here.
 */
SB_MUST_CHECK enum sb_status sb_conjunct_sink(struct sb_optimization *optimization,
                                              struct sb_conjunct conjunct, struct sb_node *consumer,
                                              int32_t port, struct sb_conjunct_places *places);

/*
 * Whether rows of `node` are known to meet a condition on them, because an operator below, itself
 * included, tests it, whoever else gets its rows. False where that is not found out soon.
 */
SB_MUST_CHECK enum sb_status sb_conjunct_is_tested(struct sb_optimization *optimization,
                                                   struct sb_conjunct conjunct,
                                                   const struct sb_node *node, bool *out);

/* What a FILTER with an expression, or a SOURCE with `filters`, tests; count 0 = nothing. */
SB_MUST_CHECK enum sb_status sb_node_conjunction(struct sb_optimization *optimization,
                                                 const struct sb_node *node,
                                                 struct sb_conjunction *out);

/* `holder` tests these, too, behind what it has tested; what it has already it tests once. */
SB_MUST_CHECK enum sb_status sb_node_hold(struct sb_optimization *optimization,
                                          struct sb_node *holder,
                                          const struct sb_conjunction *added);

/* Whether the conjunction has such a condition. */
bool sb_conjunction_has(const struct sb_conjunction *conjunction, const struct sb_expr *expr);

#endif
