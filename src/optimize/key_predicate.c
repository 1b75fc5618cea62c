// SPDX-License-Identifier: Apache-2.0
/*
 * key_predicate.c - what is known of a join key on one side is asked of the other side, too.
 *
 * Of `instrumentId > 5` on the left and `instrumentId = ID` follows that no right row with another
 * ID has a partner; so the right side gets the condition, and it goes on towards the sources. Only
 * conditions that cannot fail, and only keys whose equal values are the same to every function.
 *
 * Joins nearer to the sinks go first: what reaches a join from above it passes on.
 */
#include <string.h>

#include "optimize/conjunct.h"
#include "plan/node_class.h"
#include "plan/text.h"

enum {
    WALK_STEPS_MAX = 256, // operators looked at below one side of a join
    WALK_DEPTH_MAX = 64,  // of them where the way forks
};

/* A walk from one side of a join to its sources, for conditions on its keys. */
struct walk {
    struct sb_optimization *optimization;
    const struct sb_node *join;
    int32_t to_port; // whose names the conditions shall have
    int32_t steps;
    struct sb_conjunction found;
    int32_t capacity;
};

static enum sb_status walk_find(struct walk *walk, const struct sb_expr *expr)
{
    struct sb_conjunction *found = &walk->found;

    if (found->count == walk->capacity) {
        int32_t capacity = walk->capacity * 2 + 4;
        const struct sb_expr **grown =
            sb_optimization_alloc(walk->optimization, capacity, sizeof *grown);

        if (grown == NULL) {
            return SB_NO_MEMORY;
        }
        if (found->count > 0) {
            memcpy(grown, found->conjuncts, sizeof *grown * (size_t)found->count);
        }
        found->conjuncts = grown;
        walk->capacity = capacity;
    }
    found->conjuncts[found->count++] = expr;
    return SB_OK;
}

static const char *key_name(const struct walk *walk, int32_t key)
{
    const struct sb_join_spec *spec = &walk->join->spec.join;
    int32_t column = walk->to_port == 0 ? spec->left_keys[key] : spec->right_keys[key];

    return walk->join->inputs[walk->to_port]->schema->fields[column].name;
}

/* Whether the condition reads nothing but keys; adds the renamings to the other side's names. */
static bool reads_keys_only(const struct walk *walk, const struct sb_schema *schema,
                            const struct sb_conjunct *conjunct, const int32_t *columns,
                            struct sb_renaming *renamings)
{
    for (int32_t i = 0; i < conjunct->column_count; i++) {
        int32_t key = 0;

        while (key < walk->join->spec.join.key_count && columns[key] != conjunct->columns[i]) {
            key++;
        }
        if (key == walk->join->spec.join.key_count) {
            return false;
        }
        renamings[i] = (struct sb_renaming){
            .from = schema->fields[conjunct->columns[i]].name,
            .to = key_name(walk, key),
        };
    }
    return conjunct->column_count > 0;
}

/* Names of a schema go with it when its node tests a condition and is derived again. */
static enum sb_status names_keep(struct sb_optimization *optimization,
                                 struct sb_renaming *renamings, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        renamings[i].from = sb_arena_copy_string(&optimization->arena, renamings[i].from);
        renamings[i].to = sb_arena_copy_string(&optimization->arena, renamings[i].to);
        if (renamings[i].from == NULL || renamings[i].to == NULL) {
            return sb_optimization_no_memory(optimization);
        }
    }
    return SB_OK;
}

/* `columns[key]`: where each key of the side is in what `node` gives; -1 = not there. */
static enum sb_status walk_node(struct walk *walk, const struct sb_node *node,
                                const int32_t *columns)
{
    struct sb_optimization *optimization = walk->optimization;
    struct sb_conjunction tested;

    SB_TRY_RETURN(sb_node_conjunction(optimization, node, &tested));
    for (int32_t i = 0; i < tested.count; i++) {
        struct sb_conjunct conjunct;
        struct sb_renaming *renamings;
        const struct sb_expr *expr;

        SB_TRY_RETURN(
            sb_conjunct_init(optimization, tested.conjuncts[i], false, node->schema, &conjunct));
        renamings = sb_optimization_alloc(optimization, conjunct.column_count, sizeof *renamings);
        if (renamings == NULL) {
            return SB_NO_MEMORY;
        }
        if (!sb_expr_reads_only(tested.conjuncts[i], node->schema) || // a source's may not give it
            !reads_keys_only(walk, node->schema, &conjunct, columns, renamings)) {
            continue;
        }
        SB_TRY_RETURN(names_keep(optimization, renamings, conjunct.column_count));
        expr = sb_expr_rename(tested.conjuncts[i], renamings, conjunct.column_count,
                              &optimization->arena);
        if (expr == NULL) {
            return sb_optimization_no_memory(optimization);
        }
        SB_TRY_RETURN(walk_find(walk, expr));
    }
    return SB_OK;
}

/* Where the keys are at `port` of `node`; false when none of them is there. */
static bool columns_below(const struct walk *walk, const struct sb_node *node, int32_t port,
                          const int32_t *columns, int32_t *below)
{
    bool is_any = false;

    for (int32_t key = 0; key < walk->join->spec.join.key_count; key++) {
        below[key] = columns[key] < 0 ? -1 : node->class->tested_column(node, port, columns[key]);
        is_any |= below[key] >= 0;
    }
    return is_any;
}

/* Each step in turn; `columns` are those of the input afterwards, false when none is there. */
static enum sb_status walk_fused(struct walk *walk, const struct sb_node *node, int32_t *columns,
                                 bool *is_any)
{
    for (int32_t i = node->spec.fused.step_count - 1; i >= 0; i--) {
        const struct sb_node *step = node->spec.fused.steps[i];

        SB_TRY_RETURN(walk_node(walk, step, columns));
        *is_any = columns_below(walk, step, 0, columns, columns);
    }
    return SB_OK;
}

static enum sb_status walk_down(struct walk *walk, const struct sb_node *node, int32_t *columns,
                                int32_t depth)
{
    size_t count = (size_t)walk->join->spec.join.key_count;

    while (walk->steps++ < WALK_STEPS_MAX) {
        int32_t *below[2];

        if (node->type == SB_NODE_FUSED) {
            bool is_any = false;

            SB_TRY_RETURN(walk_fused(walk, node, columns, &is_any));
            if (!is_any) {
                return SB_OK;
            }
            node = node->inputs[0];
            continue;
        }
        SB_TRY_RETURN(walk_node(walk, node, columns));
        if (node->class->tested_column == NULL || node->has_function ||
            node->class->tests_every_input) {
            return SB_OK;
        }
        for (int32_t port = 0; port < 2; port++) {
            below[port] = sb_optimization_alloc(walk->optimization, (int64_t)count, sizeof **below);
            if (below[port] == NULL) {
                return SB_NO_MEMORY;
            }
        }
        if (node->input_count == 2 && depth < WALK_DEPTH_MAX &&
            columns_below(walk, node, 1, columns, below[1])) {
            SB_TRY_RETURN(walk_down(walk, node->inputs[1], below[1], depth + 1));
        }
        if (!columns_below(walk, node, 0, columns, below[0])) {
            return SB_OK;
        }
        node = node->inputs[0];
        columns = below[0];
    }
    return SB_OK;
}

// --- one join ------------------------------------------------------------------------------------

/* Whether a row of `to_port` is missed by nobody when its key occurs nowhere on the other side. */
static bool join_passes_on(const struct sb_node *join, int32_t to_port)
{
    enum sb_join_kind kind = join->spec.join.kind;

    if (to_port == 0) { // anti joins keep left rows without a partner
        return kind == SB_JOIN_INNER || kind == SB_JOIN_RIGHT || kind == SB_JOIN_SEMI;
    }
    return !sb_join_keeps_right(kind);
}

/* The keys of `port` where both sides have them as one type without two faces of a value. */
static bool join_keys(const struct sb_node *join, int32_t port, int32_t *columns)
{
    const struct sb_join_spec *spec = &join->spec.join;
    bool is_any = false;

    for (int32_t key = 0; key < spec->key_count; key++) {
        const struct sb_type *left = &join->inputs[0]->schema->fields[spec->left_keys[key]].type;
        const struct sb_type *right = &join->inputs[1]->schema->fields[spec->right_keys[key]].type;
        bool is_same = sb_type_equal_is_same(left) && sb_type_equal(left, right);

        columns[key] = !is_same ? -1 : port == 0 ? spec->left_keys[key] : spec->right_keys[key];
        is_any |= is_same;
    }
    return is_any;
}

/* Adds a condition on the rows of `port`; `*is_new` = it was not tested there already. */
static enum sb_status side_test(struct sb_optimization *optimization, struct sb_node *join,
                                int32_t port, const struct sb_expr *expr, bool *is_new)
{
    const struct sb_schema *schema = join->inputs[port]->schema;
    struct sb_conjunct_places places = {0};
    const struct sb_bound_expr *bound;
    struct sb_conjunct conjunct;
    bool is_tested;

    *is_new = false;
    SB_TRY_RETURN(sb_expr_resolve(expr, schema, &optimization->arena, &bound, optimization->err));
    if (sb_bound_expr_may_fail(bound)) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_conjunct_init(optimization, expr, false, schema, &conjunct));
    SB_TRY_RETURN(sb_conjunct_is_tested(optimization, conjunct, join->inputs[port], &is_tested));
    if (is_tested) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_conjunct_sink(optimization, conjunct, join, port, &places));
    if (places.count == 0) {
        struct sb_node *added;

        *is_new = true;
        return sb_edit_insert(&optimization->edit, "filter",
                              json_pack("{s:o}", "predicate", sb_expr_to_json(expr)), join, join,
                              port, &added, optimization->err);
    }
    for (int32_t i = 0; i < places.count; i++) {
        const struct sb_conjunct_place *place = &places.places[i];
        struct sb_conjunction tested;
        struct sb_node *added;

        if (place->holder == NULL) {
            SB_TRY_RETURN(
                sb_edit_insert(&optimization->edit, "filter",
                               json_pack("{s:o}", "predicate", sb_expr_to_json(place->expr)), join,
                               place->consumer, place->port, &added, optimization->err));
            *is_new = true;
            continue;
        }
        SB_TRY_RETURN(sb_node_conjunction(optimization, place->holder, &tested));
        if (!sb_conjunction_has(&tested, place->expr)) {
            const struct sb_expr *conjunct_expr = place->expr;
            const struct sb_conjunction one = {1, &conjunct_expr};

            SB_TRY_RETURN(sb_node_hold(optimization, place->holder, &one));
            *is_new = true;
        }
    }
    return SB_OK;
}

static enum sb_status trace_side(struct sb_optimization *optimization, const struct sb_node *join,
                                 int32_t port, const struct sb_expr *expr)
{
    const char *text = sb_expr_to_text(expr, &optimization->arena);

    return sb_trace_add(optimization, join, port == 0 ? "all left rows" : "all right rows",
                        sb_trace_text(optimization, "%s rows with %s", port == 0 ? "left" : "right",
                                      text == NULL ? "" : text),
                        "the other side tests this on its key, so no other row has a partner");
}

/* Conditions on the keys of `from_port`, as `to_port` calls them. */
static enum sb_status conditions_find(struct sb_optimization *optimization, struct sb_node *join,
                                      int32_t from_port, int32_t to_port,
                                      struct sb_conjunction *out)
{
    struct walk walk = {.optimization = optimization, .join = join, .to_port = to_port};
    int32_t *columns =
        sb_optimization_alloc(optimization, join->spec.join.key_count, sizeof *columns);

    if (columns == NULL) {
        return SB_NO_MEMORY;
    }
    if (join_keys(join, from_port, columns)) {
        SB_TRY_RETURN(walk_down(&walk, join->inputs[from_port], columns, 0));
    }
    *out = walk.found;
    return SB_OK;
}

static enum sb_status join_pass_on(struct sb_optimization *optimization, struct sb_node *join,
                                   int32_t to_port)
{
    struct sb_conjunction found;
    struct sb_conjunction known;

    if (!join_passes_on(join, to_port)) {
        return SB_OK;
    }
    SB_TRY_RETURN(conditions_find(optimization, join, 1 - to_port, to_port, &found));
    if (found.count == 0) {
        return SB_OK;
    }
    SB_TRY_RETURN(conditions_find(optimization, join, to_port, to_port, &known));
    for (int32_t i = 0; i < found.count; i++) {
        bool is_new;

        if (sb_conjunction_has(&known, found.conjuncts[i])) {
            continue; // wherever it is tested, and by whatever operator
        }
        SB_TRY_RETURN(side_test(optimization, join, to_port, found.conjuncts[i], &is_new));
        if (is_new) {
            SB_TRY_RETURN(trace_side(optimization, join, to_port, found.conjuncts[i]));
        }
    }
    return SB_OK;
}

enum sb_status sb_key_predicates_run(struct sb_optimization *optimization)
{
    const struct sb_graph_edit *edit = &optimization->edit;

    for (int32_t i = edit->sorted_count - 1; i >= 0; i--) {
        struct sb_node *node = edit->graph->sorted[i];

        if (node->type == SB_NODE_HASH_JOIN) {
            SB_TRY_RETURN(join_pass_on(optimization, node, 1));
            SB_TRY_RETURN(join_pass_on(optimization, node, 0));
        }
    }
    return SB_OK;
}
