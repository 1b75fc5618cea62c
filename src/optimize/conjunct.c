// SPDX-License-Identifier: Apache-2.0
/*
 * conjunct.c - how far a condition goes.
 *
 * It goes down edge by edge, as long as the operator there has no other consumer and its class says
 * on which columns of an input the condition may be tested (`tested_column`). It never sees a row
 * that it would not have seen before, unless it cannot fail: so one that may fail stays behind
 * FILTERs and behind whatever drops rows.
 */
#include "optimize/conjunct.h"

#include <string.h>

#include "plan/node_class.h"

enum { DESCENT_MAX = 512 }; // operators looked at for one condition

enum sb_status sb_conjunct_init(struct sb_optimization *optimization, const struct sb_expr *expr,
                                bool may_fail, const struct sb_schema *schema,
                                struct sb_conjunct *out)
{
    bool *used = sb_optimization_alloc(optimization, schema->field_count, sizeof *used);

    *out = (struct sb_conjunct){.expr = expr, .may_fail = may_fail};
    if (used == NULL) {
        return SB_NO_MEMORY;
    }
    sb_expr_columns(expr, schema, used);
    for (int32_t i = 0; i < schema->field_count; i++) {
        out->column_count += used[i];
    }
    out->columns = sb_optimization_alloc(optimization, out->column_count, sizeof *out->columns);
    if (out->columns == NULL) {
        return SB_NO_MEMORY;
    }
    out->column_count = 0;
    for (int32_t i = 0; i < schema->field_count; i++) {
        if (used[i]) {
            out->columns[out->column_count++] = i;
        }
    }
    return SB_OK;
}

// --- across one operator -------------------------------------------------------------------------

static bool node_is_crossable(const struct sb_node *node, const struct sb_conjunct *conjunct)
{
    return node->class->tested_column != NULL && !node->has_function && conjunct->column_count > 0;
}

/* Whether the condition can be tested at `port` of `node`. */
static bool port_takes(const struct sb_node *node, const struct sb_conjunct *conjunct, int32_t port)
{
    for (int32_t i = 0; i < conjunct->column_count; i++) {
        if (node->class->tested_column(node, port, conjunct->columns[i]) < 0) {
            return false;
        }
    }
    return true;
}

/* How many ports of `node` take the condition; 0 when it must not cross. `*first` is one of them.
 */
static int32_t ports_taking(const struct sb_node *node, const struct sb_conjunct *conjunct,
                            int32_t *first)
{
    int32_t count = 0;

    for (int32_t port = node->input_count - 1; port >= 0; port--) {
        if (!port_takes(node, conjunct, port)) {
            continue;
        }
        if (conjunct->may_fail && node->class->drops_rows != NULL &&
            node->class->drops_rows(node, port)) {
            return 0;
        }
        *first = port;
        count++;
    }
    return node->class->tests_every_input && count < node->input_count ? 0 : count;
}

/* Whether a column has the same place and name at `port`, where it may be tested. */
static bool column_is_the_same(const struct sb_node *node, int32_t port, int32_t column)
{
    return node->class->tested_column(node, port, column) == column &&
           strcmp(node->schema->fields[column].name,
                  node->inputs[port]->schema->fields[column].name) == 0;
}

/* Whether all that it reads is the same at `port`, which then takes it. */
static bool reads_the_same(const struct sb_conjunct *conjunct, const struct sb_node *node,
                           int32_t port)
{
    for (int32_t i = 0; i < conjunct->column_count; i++) {
        if (!column_is_the_same(node, port, conjunct->columns[i])) {
            return false;
        }
    }
    return true;
}

/* Which of the first columns of a node have the same places and names at its only input. */
struct sb_crossing {
    bool is_known;
    uint64_t columns; // bit i: column i
};

enum { CROSSING_COLUMNS = 64 };

enum sb_status sb_conjuncts_begin(struct sb_optimization *optimization)
{
    const int32_t count = optimization->edit.graph->node_count;

    optimization->crossings =
        sb_optimization_alloc(optimization, count, sizeof *optimization->crossings);
    optimization->crossing_count = optimization->crossings == NULL ? 0 : count;
    return optimization->crossings == NULL ? SB_NO_MEMORY : SB_OK;
}

void sb_conjuncts_end(struct sb_optimization *optimization)
{
    optimization->crossing_count = 0;
}

static uint64_t crossing_columns(const struct sb_node *node)
{
    uint64_t columns = 0;

    for (int32_t i = 0; i < node->schema->field_count && i < CROSSING_COLUMNS; i++) {
        columns |= (uint64_t)column_is_the_same(node, 0, i) << i;
    }
    return columns;
}

/* Whether `node`, of one input, leaves all that the condition reads as it is. */
static bool leaves_columns(struct sb_optimization *optimization, const struct sb_node *node,
                           const struct sb_conjunct *conjunct)
{
    struct sb_crossing *crossing;

    if (node->index >= optimization->crossing_count ||
        conjunct->columns[conjunct->column_count - 1] >= CROSSING_COLUMNS) {
        return reads_the_same(conjunct, node, 0);
    }
    crossing = &optimization->crossings[node->index];
    if (!crossing->is_known) {
        *crossing = (struct sb_crossing){.is_known = true, .columns = crossing_columns(node)};
    }
    for (int32_t i = 0; i < conjunct->column_count; i++) {
        if ((crossing->columns >> conjunct->columns[i] & 1) == 0) {
            return false;
        }
    }
    return true;
}

/* The usual case: one input, and nothing about the condition is different there. */
static bool crosses_unchanged(struct sb_optimization *optimization, const struct sb_node *node,
                              const struct sb_conjunct *conjunct)
{
    return node->input_count == 1 && node_is_crossable(node, conjunct) &&
           leaves_columns(optimization, node, conjunct) &&
           !(conjunct->may_fail && node->class->drops_rows != NULL &&
             node->class->drops_rows(node, 0));
}

/* The condition as it reads on the edge into `port`, which takes it. */
static enum sb_status conjunct_cross(struct sb_optimization *optimization,
                                     const struct sb_conjunct *conjunct, const struct sb_node *node,
                                     int32_t port, struct sb_conjunct *out)
{
    int32_t count = conjunct->column_count;
    const struct sb_schema *input = node->inputs[port]->schema;
    struct sb_renaming *renamings;
    int32_t *columns;

    if (reads_the_same(conjunct, node, port)) {
        *out = *conjunct;
        return SB_OK;
    }
    renamings = sb_optimization_alloc(optimization, count, sizeof *renamings);
    columns = sb_optimization_alloc(optimization, count, sizeof *columns);
    if (renamings == NULL || columns == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < count; i++) {
        int32_t column = node->class->tested_column(node, port, conjunct->columns[i]);

        columns[i] = column;
        renamings[i] = (struct sb_renaming){
            .from = node->schema->fields[conjunct->columns[i]].name,
            .to = input->fields[column].name,
        };
    }
    *out = *conjunct; // the two may be one
    out->columns = columns;
    out->expr = sb_expr_rename(conjunct->expr, renamings, count, &optimization->arena);
    return out->expr == NULL ? sb_optimization_no_memory(optimization) : SB_OK;
}

// --- the way down --------------------------------------------------------------------------------

static enum sb_status places_add(struct sb_optimization *optimization,
                                 struct sb_conjunct_places *places, struct sb_conjunct_place place)
{
    if (places->count == places->capacity) {
        int32_t capacity = places->capacity * 2 + 4;
        struct sb_conjunct_place *grown =
            sb_optimization_alloc(optimization, capacity, sizeof *grown);

        if (grown == NULL) {
            return SB_NO_MEMORY;
        }
        if (places->count > 0) {
            memcpy(grown, places->places, sizeof *grown * (size_t)places->count);
        }
        places->places = grown;
        places->capacity = capacity;
    }
    places->places[places->count++] = place;
    return SB_OK;
}

static bool node_is_expression_filter(const struct sb_node *node)
{
    return node->type == SB_NODE_FILTER && !node->has_function;
}

/* One edge, and whether the condition has come to it across something. */
struct position {
    struct sb_node *consumer;
    int32_t port;
    bool is_sunk;
};

static enum sb_status sink_from(struct sb_optimization *optimization, struct sb_conjunct conjunct,
                                struct position position, struct sb_conjunct_places *places);

static enum sb_status sink_into_ports(struct sb_optimization *optimization,
                                      const struct sb_conjunct *conjunct, struct sb_node *node,
                                      struct sb_conjunct_places *places)
{
    for (int32_t port = 0; port < node->input_count; port++) {
        struct sb_conjunct crossed;

        if (!port_takes(node, conjunct, port)) {
            continue;
        }
        SB_TRY_RETURN(conjunct_cross(optimization, conjunct, node, port, &crossed));
        SB_TRY_RETURN(sink_from(optimization, crossed,
                                (struct position){.consumer = node, .port = port, .is_sunk = true},
                                places));
    }
    return SB_OK;
}

/* Only where a condition goes to several ports does this call itself. */
static enum sb_status sink_from(struct sb_optimization *optimization, struct sb_conjunct conjunct,
                                struct position position, struct sb_conjunct_places *places)
{
    struct sb_node *passed = NULL; // a FILTER that it could join, were there nothing below

    for (;;) {
        struct sb_node *node = position.consumer->inputs[position.port];
        int32_t port = 0;
        int32_t count;

        if (node->output_count > 1) {
            break;
        }
        if (node->type == SB_NODE_SOURCE) {
            return places_add(optimization, places,
                              (struct sb_conjunct_place){.holder = node, .expr = conjunct.expr});
        }
        if (node_is_expression_filter(node)) {
            if (passed == NULL) {
                passed = node;
            }
            if (conjunct.may_fail) {
                break;
            }
            position.consumer = node;
            position.port = 0;
            continue;
        }
        if (!crosses_unchanged(optimization, node, &conjunct)) {
            count = node_is_crossable(node, &conjunct) ? ports_taking(node, &conjunct, &port) : 0;
            if (count == 0) {
                break;
            }
            if (count > 1) {
                return sink_into_ports(optimization, &conjunct, node, places);
            }
            SB_TRY_RETURN(conjunct_cross(optimization, &conjunct, node, port, &conjunct));
        }
        position = (struct position){.consumer = node, .port = port, .is_sunk = true};
        passed = NULL;
    }
    if (passed != NULL) {
        return places_add(optimization, places,
                          (struct sb_conjunct_place){.holder = passed, .expr = conjunct.expr});
    }
    return position.is_sunk ? places_add(optimization, places,
                                         (struct sb_conjunct_place){.consumer = position.consumer,
                                                                    .port = position.port,
                                                                    .expr = conjunct.expr})
                            : SB_OK;
}

enum sb_status sb_conjunct_sink(struct sb_optimization *optimization, struct sb_conjunct conjunct,
                                struct sb_node *consumer, int32_t port,
                                struct sb_conjunct_places *places)
{
    return sink_from(optimization, conjunct, (struct position){.consumer = consumer, .port = port},
                     places);
}

// --- what operators test -------------------------------------------------------------------------

enum sb_status sb_node_conjunction(struct sb_optimization *optimization, const struct sb_node *node,
                                   struct sb_conjunction *out)
{
    const struct sb_expr *predicate = node_is_expression_filter(node) ? node->spec.filter.predicate
                                      : node->type == SB_NODE_SOURCE
                                          ? node->spec.source.scan.predicate
                                          : NULL;

    *out = (struct sb_conjunction){0};
    if (predicate == NULL) {
        return SB_OK;
    }
    predicate = sb_expr_simplify(predicate, &optimization->arena);
    return predicate == NULL
               ? sb_optimization_no_memory(optimization)
               : sb_expr_split(predicate, &optimization->arena, out, optimization->err);
}

bool sb_conjunction_has(const struct sb_conjunction *conjunction, const struct sb_expr *expr)
{
    for (int32_t i = 0; i < conjunction->count; i++) {
        if (sb_expr_equal(conjunction->conjuncts[i], expr)) {
            return true;
        }
    }
    return false;
}

/* A walk down from where a condition shall hold. */
struct descent {
    const struct sb_node *node; // a step of `fused`, if there is one
    const struct sb_node *fused;
    int32_t step;
};

/* The operator whose rows come out at the end of `node`'s work, and its place. */
static struct descent descent_at(const struct sb_node *node)
{
    int32_t last = node->type == SB_NODE_FUSED ? node->spec.fused.step_count - 1 : 0;

    return node->type == SB_NODE_FUSED ? (struct descent){node->spec.fused.steps[last], node, last}
                                       : (struct descent){.node = node};
}

static struct descent descent_below(const struct descent *descent, int32_t port)
{
    int32_t step = descent->step - 1;

    if (descent->fused == NULL) {
        return descent_at(descent->node->inputs[port]);
    }
    return step < 0
               ? descent_at(descent->fused->inputs[0])
               : (struct descent){descent->fused->spec.fused.steps[step], descent->fused, step};
}

/* Only where rows come from several inputs does this call itself; `*budget` = operators left. */
static enum sb_status is_tested_from(struct sb_optimization *optimization,
                                     struct sb_conjunct conjunct, struct descent at,
                                     int32_t *budget, bool *out)
{
    *out = false;
    while (--*budget > 0) {
        struct sb_conjunction tested;
        int32_t port = 0;
        int32_t count;

        SB_TRY_RETURN(sb_node_conjunction(optimization, at.node, &tested));
        if (sb_conjunction_has(&tested, conjunct.expr)) {
            *out = true;
            return SB_OK;
        }
        count = node_is_crossable(at.node, &conjunct) ? ports_taking(at.node, &conjunct, &port) : 0;
        if (count == 0) {
            return SB_OK;
        }
        for (; count > 1 && port < at.node->input_count; port++) {
            bool needs_all = at.node->class->tests_every_input;
            struct sb_conjunct crossed;

            if (!port_takes(at.node, &conjunct, port)) {
                continue;
            }
            SB_TRY_RETURN(conjunct_cross(optimization, &conjunct, at.node, port, &crossed));
            SB_TRY_RETURN(
                is_tested_from(optimization, crossed, descent_below(&at, port), budget, out));
            if (*out != needs_all) {
                return SB_OK;
            }
        }
        if (count > 1) {
            return SB_OK;
        }
        SB_TRY_RETURN(conjunct_cross(optimization, &conjunct, at.node, port, &conjunct));
        at = descent_below(&at, port);
    }
    return SB_OK;
}

enum sb_status sb_conjunct_is_tested(struct sb_optimization *optimization,
                                     struct sb_conjunct conjunct, const struct sb_node *node,
                                     bool *out)
{
    int32_t budget = DESCENT_MAX;

    return is_tested_from(optimization, conjunct, descent_at(node), &budget, out);
}

enum sb_status sb_node_hold(struct sb_optimization *optimization, struct sb_node *holder,
                            const struct sb_conjunction *added)
{
    struct sb_conjunction all;
    const struct sb_expr **conjuncts;
    const struct sb_expr *united;

    SB_TRY_RETURN(sb_node_conjunction(optimization, holder, &all));
    conjuncts = sb_optimization_alloc(optimization, all.count + added->count, sizeof *conjuncts);
    if (conjuncts == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < all.count; i++) {
        conjuncts[i] = all.conjuncts[i];
    }
    all.conjuncts = conjuncts;
    for (int32_t i = 0; i < added->count; i++) {
        if (!sb_conjunction_has(&all, added->conjuncts[i])) {
            conjuncts[all.count++] = added->conjuncts[i];
        }
    }
    united = sb_expr_unite(&all, &optimization->arena);
    if (united == NULL) {
        return sb_optimization_no_memory(optimization);
    }
    if (holder->type == SB_NODE_SOURCE) {
        return sb_edit_set_parameter(&optimization->edit, holder, "filters",
                                     sb_expr_to_json(united), optimization->err);
    }
    return sb_edit_set_parameters(&optimization->edit, holder,
                                  json_pack("{s:o}", "predicate", sb_expr_to_json(united)),
                                  optimization->err);
}
