// SPDX-License-Identifier: Apache-2.0
/*
 * estimates.h - graphs whose sources have statistics, and what is estimated of them.
 *
 * JSON is written with ' for ". Estimating is done with each allocation refused first.
 */
#ifndef SABOT_TEST_OPTIMIZE_ESTIMATES_H
#define SABOT_TEST_OPTIMIZE_ESTIMATES_H

#include "plan/graphs.h"

#include <math.h>

#include "optimize/estimate.h"

struct estimates_statistics {
    struct sb_graph *graph;
    const char *id;
    const char *json;
    struct sb_error *err;
};

static inline enum sb_status estimates_statistics_attempt(struct sb_memory *memory, void *context)
{
    const struct estimates_statistics *told = context;

    (void)memory;
    *told->err = (struct sb_error){0};
    return sb_graph_set_source_statistics(told->graph, told->id, told->json, strlen(told->json),
                                          told->err);
}

static inline enum sb_status estimates_try_tell(struct sb_graph *graph, const char *id,
                                                const char *text, struct sb_error *err)
{
    char *json = graphs_json(text);
    struct estimates_statistics told = {graph, id, json, err};
    enum sb_status status = test_refusals(sb_memory_global(), estimates_statistics_attempt, &told);

    free(json);
    return status;
}

static inline void estimates_tell(struct sb_graph *graph, const char *id, const char *text)
{
    struct sb_error err = {0};

    if (estimates_try_tell(graph, id, text, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
}

static inline enum sb_status estimates_attempt(struct sb_memory *memory, void *context)
{
    struct sb_arena arena = {.memory = memory};
    struct sb_estimates estimates;
    struct sb_error err = {0};
    enum sb_status status = sb_estimates_make(context, &arena, &estimates, &err);

    sb_arena_deinit(&arena);
    return status;
}

/* Of every node; lives in `arena`. */
static inline struct sb_estimates estimates_make(struct sb_graph *graph, struct sb_arena *arena)
{
    struct sb_estimates estimates;
    struct sb_error err = {0};

    test_global_allocations(estimates_attempt, graph);
    if (sb_estimates_make(graph, arena, &estimates, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return estimates;
}

static inline const struct sb_estimate *estimates_of(const struct sb_estimates *estimates,
                                                     const struct sb_graph *graph, const char *id)
{
    return sb_estimates_of(estimates, sb_graph_node(graph, id));
}

/* `found` differs from `expected` by no more than a thousandth. */
static inline void estimates_near(const char *what, double found, double expected)
{
    if (!(fabs(found - expected) <= 0.001 * fabs(expected) + 1e-9)) {
        fail_msg("%s: %g, expected %g", what, found, expected);
    }
}

#endif
