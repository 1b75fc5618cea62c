// SPDX-License-Identifier: Apache-2.0
/*
 * join_order_exact.c - the cheapest of all trees, bushy ones too, without cross products.
 *
 * Every union of the sets in turn, smaller numbers first, so that its parts are known: the best of
 * all ways to cut it in two that are connected in themselves and to each other. What cannot be cut
 * so is not connected, and costs infinitely much. That is DPsub: for the few sets it is meant for
 * (10 have 28,501 cuts) it is faster than ways that visit connected unions alone but must find
 * them.
 */
#include <math.h>

#include "optimize/join_order_internal.h"

struct cut {
    double cost;
    uint32_t left;    // the sets that probe; 0 = none found
    uint32_t written; // the same as it is written; 0 = this union is not joined there
};

struct search {
    const struct sb_join_graph *graph;
    struct sb_join_set *unions; // by sets
    struct cut *cuts;
    const int32_t *sides;
};

/* Takes the cut when it is cheaper than what is known by more than rounding. */
static inline void cut_offer(struct search *search, uint32_t whole, uint32_t left)
{
    const struct sb_join_set *unions = search->unions;
    uint32_t right = whole ^ left;
    struct cut *best = &search->cuts[whole];
    double cost = search->cuts[left].cost + search->cuts[right].cost;

    if (cost < best->cost && sb_join_set_may_build(search->graph, &unions[right])) {
        cost += sb_join_set_cost(&unions[left], &unions[right], unions[whole].side.rows);
        if (cost < best->cost * (1 - 1e-9)) {
            best->cost = cost;
            best->left = left;
        }
    }
}

/* Of cuts that cost the same the first one stays, and that is the written one. */
static void union_search(struct search *search, uint32_t whole)
{
    uint32_t rest = whole & (whole - 1); // without one set, so that each cut comes once

    if (search->cuts[whole].written != 0) {
        cut_offer(search, whole, search->cuts[whole].written);
    }
    for (uint32_t right = rest; right != 0; right = (right - 1) & rest) {
        uint32_t left = whole ^ right;

        if ((search->unions[left].neighbors & search->unions[right].relations) != 0) {
            cut_offer(search, whole, left);
            cut_offer(search, whole, right);
        }
    }
}

static enum sb_status search_init(struct search *search, const struct sb_join_graph *graph,
                                  int32_t count, struct sb_arena *scratch, struct sb_error *err)
{
    size_t union_count = (size_t)1 << count;
    size_t least_count = (size_t)graph->class_count;
    size_t size = union_count *
                  (sizeof *search->unions + sizeof *search->cuts + sizeof(double) * least_count);
    double *least;

    search->graph = graph;
    search->unions = sb_arena_alloc(scratch, size);
    if (search->unions == NULL) {
        return sb_error_no_memory(err, "a join order", (int64_t)size);
    }
    search->cuts = (struct cut *)(search->unions + union_count);
    least = (double *)(search->cuts + union_count);
    for (size_t i = 0; i < union_count; i++) {
        search->unions[i].least = least + i * least_count;
        search->cuts[i] = (struct cut){.cost = INFINITY};
    }
    return SB_OK;
}

static void search_note_written(struct search *search, const struct sb_join_tree *written)
{
    int32_t count = search->graph->relation_count;

    for (int32_t i = 0; i < written->step_count; i++) {
        const struct sb_join_step *step = &written->steps[i];

        search->cuts[step->relations].written =
            step->left < count ? UINT32_C(1) << step->left
                               : (uint32_t)written->steps[step->left - count].relations;
    }
}

/* Writes the steps of a union, inputs first; gives what it is as a side. */
static int32_t steps_write(const struct search *search, uint32_t whole, struct sb_join_tree *tree)
{
    uint32_t left = search->cuts[whole].left;
    struct sb_join_step step;

    if (left == 0) {
        return search->sides[__builtin_ctz(whole)];
    }
    step.left = steps_write(search, left, tree);
    step.right = steps_write(search, whole ^ left, tree);
    step.relations = search->unions[whole].relations;
    step.rows = search->unions[whole].side.rows;
    tree->steps[tree->step_count] = step;
    return search->graph->relation_count + tree->step_count++;
}

enum sb_status sb_join_order_exact(const struct sb_join_graph *graph,
                                   const struct sb_join_set *sets, const int32_t *sides,
                                   int32_t count, const struct sb_join_tree *written,
                                   struct sb_arena *scratch, struct sb_join_tree *tree,
                                   struct sb_error *err)
{
    uint32_t all = (UINT32_C(1) << count) - 1;
    struct search search = {.sides = sides};

    SB_TRY_RETURN(search_init(&search, graph, count, scratch, err));
    if (written != NULL) {
        search_note_written(&search, written);
    }
    for (uint32_t whole = 1; whole <= all; whole++) {
        uint32_t rest = whole & (whole - 1);

        if (rest == 0) {
            search.unions[whole] = sets[__builtin_ctz(whole)];
            search.cuts[whole].cost = 0;
        } else {
            sb_join_set_union(graph, &search.unions[rest], &search.unions[whole ^ rest],
                              &search.unions[whole]);
            union_search(&search, whole);
        }
    }
    tree->cost += search.cuts[all].cost;
    (void)steps_write(&search, all, tree);
    return SB_OK;
}
