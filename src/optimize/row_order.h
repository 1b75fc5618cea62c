// SPDX-License-Identifier: Apache-2.0
/*
 * row_order.h - where the order of rows can be seen in a result, and where there is one.
 *
 * Rows of one source split keep their order through operators in line and on the left side of
 * joins; what joins, groups, DISTINCT and the inputs of a UNION do to order beyond that is not
 * promised (docs/design/0004). Who may give rows in another order asks here first.
 */
#ifndef SABOT_OPTIMIZE_ROW_ORDER_H
#define SABOT_OPTIMIZE_ROW_ORDER_H

#include "plan/graph.h"

/*
 * Marks by node->index the nodes behind which somebody can tell in which order their rows come.
 * `seen` has room for all nodes and is false everywhere. Linear in the edges.
 */
void sb_row_order_mark(const struct sb_graph *graph, bool *seen);

/* Whether the rows of `node` come in an order that is promised. */
bool sb_row_order_is_promised(const struct sb_node *node);

#endif
