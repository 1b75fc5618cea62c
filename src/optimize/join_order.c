// SPDX-License-Identifier: Apache-2.0
/*
 * join_order.c - sets of relations and what they cost; the choice between the found tree and the
 * written one.
 *
 * Rows of a set: the product of its relations' rows, and for each class with several members in the
 * set, divided by the distinct values of all of them but the least. So |A join B| = |A| |B| /
 * max(d(A), d(B)), which says that the values of the smaller side are among those of the larger
 * one.
 */
#include "optimize/join_order_internal.h"

/* What a tree must save for the written one to be changed. */
#define WORTHWHILE 0.97

/* More is not told apart, so that all sums of costs stay finite. */
#define ROWS_MAX 1e200

enum {
    EXACT_MAX = 10, // relations that are ordered exactly; above, greedily
    EXACT_REST = 8, // sets that the greedy way leaves for the exact one
};

static void set_finish(struct sb_join_set *set)
{
    set->side.rows = sb_join_rows_round(set->rows);
    set->cost = sb_join_side_cost(&set->side);
    set->neighbors &= ~set->relations;
}

static void set_of_relation(const struct sb_join_graph *graph, int32_t relation,
                            struct sb_join_set *out)
{
    out->relations = UINT64_C(1) << relation;
    out->neighbors = 0;
    out->side = graph->relations[relation];
    out->rows = out->side.rows;
    for (int32_t c = 0; c < graph->class_count; c++) {
        const double *distincts = &graph->distincts[(int64_t)c * graph->relation_count];

        out->least[c] = distincts[relation];
        for (int32_t i = 0; distincts[relation] > 0 && i < graph->relation_count; i++) {
            out->neighbors |= distincts[i] > 0 ? UINT64_C(1) << i : 0;
        }
    }
    set_finish(out);
}

void sb_join_set_union(const struct sb_join_graph *graph, const struct sb_join_set *a,
                       const struct sb_join_set *b, struct sb_join_set *out)
{
    double rows = a->rows * b->rows;

    for (int32_t c = 0; c < graph->class_count; c++) {
        double x = a->least[c];
        double y = b->least[c];

        if (x > 0 && y > 0) {
            rows /= x > y ? x : y;
            out->least[c] = x < y ? x : y;
        } else {
            out->least[c] = x + y;
        }
    }
    out->relations = a->relations | b->relations;
    out->neighbors = a->neighbors | b->neighbors;
    out->rows = rows < ROWS_MAX ? rows : ROWS_MAX;
    out->side = (struct sb_join_side){.row_bytes = a->side.row_bytes + b->side.row_bytes};
    set_finish(out);
}

static enum sb_status sets_alloc(const struct sb_join_graph *graph, int32_t count,
                                 struct sb_arena *scratch, struct sb_join_set **out,
                                 struct sb_error *err)
{
    size_t least_count = (size_t)graph->class_count;
    size_t size = (size_t)count * (sizeof **out + sizeof(double) * least_count);
    struct sb_join_set *sets = sb_arena_alloc(scratch, size);
    double *least;

    if (sets == NULL) {
        return sb_error_no_memory(err, "a join order", (int64_t)size);
    }
    least = (double *)(sets + count);
    for (int32_t i = 0; i < count; i++) {
        sets[i].least = least + (size_t)i * least_count;
    }
    for (int32_t i = 0; i < graph->relation_count; i++) {
        set_of_relation(graph, i, &sets[i]);
    }
    *out = sets;
    return SB_OK;
}

enum sb_status sb_join_sets_create(const struct sb_join_graph *graph, struct sb_arena *scratch,
                                   struct sb_join_set **out, struct sb_error *err)
{
    return sets_alloc(graph, graph->relation_count, scratch, out, err);
}

enum sb_status sb_join_tree_estimate(const struct sb_join_graph *graph, struct sb_arena *scratch,
                                     struct sb_join_tree *tree, struct sb_error *err)
{
    int32_t count = graph->relation_count;
    struct sb_join_set *sets; // the relations, then the steps

    SB_TRY_RETURN(sets_alloc(graph, 2 * count - 1, scratch, &sets, err));
    tree->cost = 0;
    for (int32_t i = 0; i < tree->step_count; i++) {
        struct sb_join_step *step = &tree->steps[i];
        struct sb_join_set *joined = &sets[count + i];

        sb_join_set_union(graph, &sets[step->left], &sets[step->right], joined);
        step->relations = joined->relations;
        step->rows = joined->side.rows;
        tree->cost += sb_join_set_cost(&sets[step->left], &sets[step->right], step->rows);
    }
    return SB_OK;
}

enum sb_status sb_join_order_find(const struct sb_join_graph *graph,
                                  const struct sb_join_tree *written, struct sb_arena *scratch,
                                  struct sb_join_tree *out, struct sb_error *err)
{
    int32_t count = graph->relation_count;
    struct sb_join_tree estimated = *written;
    struct sb_join_set *relations;

    sb_assert(count >= 2 && count <= SB_JOIN_RELATIONS_MAX);
    sb_assert(written->step_count == count - 1);
    SB_TRY_RETURN(sb_join_tree_estimate(graph, scratch, &estimated, err));
    SB_TRY_RETURN(sb_join_sets_create(graph, scratch, &relations, err));
    *out = (struct sb_join_tree){0};
    if (count <= EXACT_MAX) {
        int32_t sides[EXACT_MAX];

        for (int32_t i = 0; i < count; i++) {
            sides[i] = i;
        }
        SB_TRY_RETURN(
            sb_join_order_exact(graph, relations, sides, count, &estimated, scratch, out, err));
    } else {
        SB_TRY_RETURN(sb_join_order_greedy(graph, relations, EXACT_REST, scratch, out, err));
    }
    if (!(out->cost < WORTHWHILE * estimated.cost)) {
        *out = estimated;
    }
    return SB_OK;
}
