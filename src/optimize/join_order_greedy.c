// SPDX-License-Identifier: Apache-2.0
/*
 * join_order_greedy.c - an order for many relations: the best next join, again and again.
 *
 * Joins that leave few rows come first, of those that leave equally many the cheaper one. When few
 * sets are left, they are ordered exactly, since the last joins are the ones that cost. That is
 * done twice: with any two sets, and with one that grows from the relation that probes all others,
 * since stores are costly where small relations have grown together. The cheaper tree is taken.
 */
#include <math.h>
#include <string.h>

#include "optimize/join_order_internal.h"

/* The better way to join two of the sets that are left. */
struct pair {
    double rows; // infinite = they cannot be joined
    double cost; // of the join
    bool is_swapped;
};

struct greedy {
    const struct sb_join_graph *graph;
    int32_t start; // the relation that is part of every join; -1 = any two sets
    int32_t alive_count;
    int32_t alive[SB_JOIN_RELATIONS_MAX]; // positions below, rising
    int32_t sides[SB_JOIN_RELATIONS_MAX]; // what a position is in steps
    struct sb_join_set *sets;             // by position
    struct sb_join_set joined;            // scratch
    struct pair *pairs;                   // [a * relation_count + b], a < b
};

static enum sb_status greedy_init(struct greedy *greedy, const struct sb_join_graph *graph,
                                  const struct sb_join_set *relations, int32_t start,
                                  struct sb_arena *scratch, struct sb_error *err)
{
    size_t count = (size_t)graph->relation_count;
    size_t least_size = sizeof(double) * (size_t)graph->class_count;
    size_t size = sizeof *greedy->sets * count + sizeof *greedy->pairs * count * count +
                  least_size * (count + 1);
    double *least;

    *greedy = (struct greedy){
        .graph = graph,
        .start = start,
        .alive_count = graph->relation_count,
    };
    greedy->sets = sb_arena_alloc(scratch, size);
    if (greedy->sets == NULL) {
        return sb_error_no_memory(err, "a join order", (int64_t)size);
    }
    greedy->pairs = (struct pair *)(greedy->sets + count);
    least = (double *)(greedy->pairs + count * count);
    for (int32_t i = 0; i < graph->relation_count; i++) {
        greedy->alive[i] = i;
        greedy->sides[i] = i;
        greedy->sets[i] = relations[i];
        greedy->sets[i].least = memcpy(least, relations[i].least, least_size);
        least += graph->class_count;
    }
    greedy->joined.least = least;
    return SB_OK;
}

static void pair_find(struct greedy *greedy, int32_t a, int32_t b)
{
    const struct sb_join_graph *graph = greedy->graph;
    const struct sb_join_set *x = &greedy->sets[a];
    const struct sb_join_set *y = &greedy->sets[b];
    struct pair *pair = &greedy->pairs[a * graph->relation_count + b];

    *pair = (struct pair){.rows = INFINITY, .cost = INFINITY};
    if ((x->neighbors & y->relations) == 0 ||
        (greedy->start >= 0 && ((x->relations | y->relations) >> greedy->start & 1) == 0)) {
        return;
    }
    sb_join_set_union(graph, x, y, &greedy->joined);
    pair->rows = greedy->joined.side.rows;
    if (sb_join_set_may_build(graph, y)) {
        pair->cost = sb_join_set_cost(x, y, pair->rows);
    }
    if (sb_join_set_may_build(graph, x)) {
        double cost = sb_join_set_cost(y, x, pair->rows);

        pair->is_swapped = cost < pair->cost;
        pair->cost = pair->is_swapped ? cost : pair->cost;
    }
}

/* By more than rounding. */
static bool pair_is_better(const struct pair *pair, const struct pair *best)
{
    if (pair->rows < best->rows * (1 - 1e-9)) {
        return true;
    }
    return pair->rows < best->rows * (1 + 1e-9) && pair->cost < best->cost * (1 - 1e-9);
}

/* The places in `alive` of the two to join next. */
static void pair_choose(const struct greedy *greedy, int32_t *first, int32_t *second)
{
    struct pair best = {.rows = INFINITY, .cost = INFINITY};

    for (int32_t i = 0; i < greedy->alive_count; i++) {
        const struct pair *pairs = &greedy->pairs[greedy->alive[i] * greedy->graph->relation_count];

        for (int32_t j = i + 1; j < greedy->alive_count; j++) {
            if (pair_is_better(&pairs[greedy->alive[j]], &best)) {
                best = pairs[greedy->alive[j]];
                *first = i;
                *second = j;
            }
        }
    }
}

/* Puts the join of two into the first one's place. */
static void pair_join(struct greedy *greedy, int32_t first, int32_t second,
                      struct sb_join_tree *tree)
{
    const struct sb_join_graph *graph = greedy->graph;
    int32_t a = greedy->alive[first];
    int32_t b = greedy->alive[second];
    const struct pair *pair = &greedy->pairs[a * graph->relation_count + b];
    struct sb_join_step *step = &tree->steps[tree->step_count];

    step->left = greedy->sides[pair->is_swapped ? b : a];
    step->right = greedy->sides[pair->is_swapped ? a : b];
    tree->cost += pair->cost;
    sb_join_set_union(graph, &greedy->sets[a], &greedy->sets[b], &greedy->sets[a]);
    step->relations = greedy->sets[a].relations;
    step->rows = greedy->sets[a].side.rows;
    greedy->sides[a] = graph->relation_count + tree->step_count++;
    greedy->alive_count--;
    memmove(&greedy->alive[second], &greedy->alive[second + 1],
            sizeof *greedy->alive * (size_t)(greedy->alive_count - second));
    for (int32_t i = 0; i < greedy->alive_count; i++) {
        int32_t other = greedy->alive[i];

        if (other != a) {
            pair_find(greedy, other < a ? other : a, other < a ? a : other);
        }
    }
}

/* What is left, exactly. */
static enum sb_status greedy_finish(struct greedy *greedy, struct sb_arena *scratch,
                                    struct sb_join_tree *out, struct sb_error *err)
{
    struct sb_join_set sets[SB_JOIN_RELATIONS_MAX];
    int32_t sides[SB_JOIN_RELATIONS_MAX];

    for (int32_t i = 0; i < greedy->alive_count; i++) {
        sets[i] = greedy->sets[greedy->alive[i]];
        sides[i] = greedy->sides[greedy->alive[i]];
    }
    return sb_join_order_exact(greedy->graph, sets, sides, greedy->alive_count, NULL, scratch, out,
                               err);
}

static enum sb_status greedy_run(const struct sb_join_graph *graph,
                                 const struct sb_join_set *relations, int32_t start,
                                 int32_t exact_count, struct sb_arena *scratch,
                                 struct sb_join_tree *out, struct sb_error *err)
{
    struct greedy greedy;

    SB_TRY_RETURN(greedy_init(&greedy, graph, relations, start, scratch, err));
    for (int32_t b = 0; b < graph->relation_count; b++) {
        for (int32_t a = 0; a < b; a++) {
            pair_find(&greedy, a, b);
        }
    }
    while (greedy.alive_count > exact_count) {
        int32_t first = 0;
        int32_t second = 1;

        pair_choose(&greedy, &first, &second);
        pair_join(&greedy, first, second, out);
    }
    return greedy_finish(&greedy, scratch, out, err);
}

enum sb_status sb_join_order_greedy(const struct sb_join_graph *graph,
                                    const struct sb_join_set *relations, int32_t exact_count,
                                    struct sb_arena *scratch, struct sb_join_tree *out,
                                    struct sb_error *err)
{
    struct sb_join_tree other = {0};
    int32_t start = graph->first_probe < 0 ? 0 : graph->first_probe;

    for (int32_t i = 0; graph->first_probe < 0 && i < graph->relation_count; i++) {
        if (sb_join_side_bytes(&graph->relations[i]) >
            sb_join_side_bytes(&graph->relations[start])) {
            start = i;
        }
    }
    SB_TRY_RETURN(greedy_run(graph, relations, -1, exact_count, scratch, out, err));
    SB_TRY_RETURN(greedy_run(graph, relations, start, exact_count, scratch, &other, err));
    if (other.cost < out->cost) {
        *out = other;
    }
    return SB_OK;
}
