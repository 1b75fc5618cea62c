// SPDX-License-Identifier: Apache-2.0
/*
 * join_reordering.c - chains of inner joins get the order that costs least.
 *
 * Nothing changes where nobody has told how many rows a relation has. Where the order of rows can
 * be seen behind a chain (row_order.h), its leftmost relation stays the leftmost: the rows of a
 * split keep their order on the left side of joins, whatever is joined to them, and in which order
 * the matches of one row come is promised nowhere.
 *
 * A chain may feed another one, through a FILTER, an aggregate or an outer join. How many rows are
 * expected of it depends a little on its order, so chains are ordered level by level, from the
 * sources on, and those behind see the estimates of the new order: else a second optimization would
 * find something to do.
 */
#include <stdio.h>
#include <string.h>

#include "optimize/join_estimate.h"
#include "optimize/join_rewrite.h"
#include "optimize/pass.h"
#include "optimize/row_order.h"
#include "plan/requirement.h"
#include "plan/text.h"

enum { LEVELS_MAX = 4 }; // chains behind so many others stay as they are

/* A chain at work. */
struct candidate {
    struct sb_join_chain *chain;
    int32_t level;   // how many chains are before it, one behind the other
    bool is_ordered; // its leftmost relation stays
    struct sb_join_graph graph;
    struct sb_join_tree written; // with its cost
    struct sb_join_tree found;
    struct candidate *next; // behind those that come first
};

// --- the story -----------------------------------------------------------------------------------

/* "((a >< b) >< c)" of a side, as far as there is room. */
static void side_write(const struct sb_join_chain *chain, const struct sb_join_tree *tree,
                       int32_t side, bool is_inner, char *text, size_t size)
{
    size_t length = strlen(text);

    if (side < chain->relation_count) {
        char name[SB_SHORT_SIZE];

        snprintf(text + length, size - length, "%s",
                 sb_short(chain->relations[side].node->name, name));
    } else {
        const struct sb_join_step *step = &tree->steps[side - chain->relation_count];

        snprintf(text + length, size - length, "%s", is_inner ? "(" : "");
        side_write(chain, tree, step->left, true, text, size);
        length = strlen(text);
        snprintf(text + length, size - length, " join ");
        side_write(chain, tree, step->right, true, text, size);
        length = strlen(text);
        snprintf(text + length, size - length, "%s", is_inner ? ")" : "");
    }
}

static const char *tree_text(struct sb_optimization *optimization,
                             const struct sb_join_chain *chain, const struct sb_join_tree *tree)
{
    char text[4 * SB_SHORT_SIZE] = "";

    side_write(chain, tree, chain->relation_count + tree->step_count - 1, false, text, sizeof text);
    return sb_trace_text(optimization, "%s", text);
}

static double rows_between(const struct sb_join_tree *tree)
{
    double rows = 0;

    for (int32_t i = 0; i + 1 < tree->step_count; i++) {
        rows += tree->steps[i].rows;
    }
    return rows;
}

static enum sb_status candidate_tell(struct sb_optimization *optimization,
                                     const struct candidate *candidate)
{
    const struct sb_join_chain *chain = candidate->chain;
    const char *reason;
    char name[SB_SHORT_SIZE];

    reason = sb_trace_text(
        optimization,
        "%.1f times cheaper by estimate, with %.0f rows between the joins instead of %.0f; %s%s",
        candidate->written.cost / candidate->found.cost, rows_between(&candidate->found),
        rows_between(&candidate->written),
        !candidate->is_ordered ? "nothing behind depends on the order of the rows"
                               : "the rows keep the order of ",
        !candidate->is_ordered ? "" : sb_short(chain->relations[0].node->name, name));
    return sb_trace_add(optimization, chain->root,
                        tree_text(optimization, chain, &candidate->written),
                        tree_text(optimization, chain, &candidate->found), reason);
}

// --- choosing ------------------------------------------------------------------------------------

static uint64_t side_relations(const struct sb_join_tree *tree, int32_t relation_count,
                               int32_t side)
{
    return side < relation_count ? UINT64_C(1) << side
                                 : tree->steps[side - relation_count].relations;
}

/* How many joins of `found` have sides that no written join has. */
static int32_t joins_changed(const struct candidate *candidate)
{
    int32_t relation_count = candidate->chain->relation_count;
    int32_t changed = 0;

    for (int32_t i = 0; i < candidate->found.step_count; i++) {
        const struct sb_join_step *step = &candidate->found.steps[i];
        bool is_written = false;

        for (int32_t j = 0; j < candidate->written.step_count && !is_written; j++) {
            const struct sb_join_step *old = &candidate->written.steps[j];

            is_written = side_relations(&candidate->written, relation_count, old->left) ==
                             side_relations(&candidate->found, relation_count, step->left) &&
                         side_relations(&candidate->written, relation_count, old->right) ==
                             side_relations(&candidate->found, relation_count, step->right);
        }
        changed += is_written ? 0 : 1;
    }
    return changed;
}

/* The rows of the largest side that one of the joins stores. */
static double stored_rows(const struct sb_join_graph *graph, const struct sb_join_tree *tree)
{
    double most = 0;

    for (int32_t i = 0; i < tree->step_count; i++) {
        int32_t side = tree->steps[i].right;
        double rows = side < graph->relation_count ? graph->relations[side].rows
                                                   : tree->steps[side - graph->relation_count].rows;

        most = rows > most ? rows : most;
    }
    return most;
}

/*
 * Whether the found order is worth its risk. Many equal keys on the stored side cost more than the
 * model knows (8 M rows of 1 M keys: five times as long), so no new order stores more than the
 * written one, and two sides are swapped only for half.
 */
static bool stores_less(const struct candidate *candidate)
{
    double written = stored_rows(&candidate->graph, &candidate->written);
    double found = stored_rows(&candidate->graph, &candidate->found);

    return candidate->graph.relation_count == 2 ? found * 2 <= written : found <= written;
}

/* Finds the best order; `*is_better` = it is another one than the written. */
static enum sb_status candidate_choose(struct sb_optimization *optimization,
                                       const struct sb_estimates *estimates,
                                       struct candidate *candidate, bool *is_better)
{
    struct sb_join_chain *chain = candidate->chain;
    bool is_known;

    *is_better = false;
    SB_TRY_RETURN(sb_join_chain_estimate(chain, estimates, &optimization->arena, &is_known,
                                         &candidate->graph, optimization->err));
    if (!is_known) {
        return SB_OK;
    }
    candidate->graph.first_probe = candidate->is_ordered ? 0 : -1;
    SB_TRY_RETURN(sb_join_tree_estimate(&candidate->graph, &optimization->arena, &chain->written,
                                        optimization->err));
    candidate->written = chain->written;
    SB_TRY_RETURN(sb_join_order_find(&candidate->graph, &candidate->written, &optimization->arena,
                                     &candidate->found, optimization->err));
    *is_better = joins_changed(candidate) > 0 && stores_less(candidate);
    return SB_OK;
}

// --- the pass ------------------------------------------------------------------------------------

/* From the sinks up, so that the root of a chain is met before its other joins. */
static enum sb_status candidates_find(struct sb_optimization *optimization, const bool *seen,
                                      struct candidate **out)
{
    const struct sb_graph *graph = optimization->edit.graph;
    bool *taken = sb_optimization_alloc(optimization, graph->node_count, sizeof *taken);

    if (taken == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = graph->node_count - 1; i >= 0; i--) {
        struct sb_node *node = graph->sorted[i];
        struct candidate *candidate;
        struct sb_join_chain *chain;

        if (node->type != SB_NODE_HASH_JOIN) {
            continue;
        }
        SB_TRY_RETURN(
            sb_join_chain_find(node, taken, &optimization->arena, &chain, optimization->err));
        if (chain == NULL || chain->exit->output_count == 0) {
            continue;
        }
        candidate = sb_optimization_alloc(optimization, 1, sizeof *candidate);
        if (candidate == NULL) {
            return SB_NO_MEMORY;
        }
        candidate->chain = chain;
        candidate->is_ordered =
            seen[chain->exit->index] && sb_row_order_is_promised(chain->relations[0].node);
        candidate->next = *out;
        *out = candidate;
    }
    return SB_OK;
}

/* The level of each chain; those that feed others are listed first. */
static enum sb_status levels_find(struct sb_optimization *optimization, struct candidate *first)
{
    const struct sb_graph *graph = optimization->edit.graph;
    int32_t *levels = sb_optimization_alloc(optimization, graph->node_count, sizeof *levels);
    struct candidate *candidate = first;

    if (levels == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->sorted[i];
        int32_t *level = &levels[node->index];

        for (int32_t port = 0; port < node->input_count; port++) {
            int32_t before = levels[node->inputs[port]->index];

            *level = before > *level ? before : *level;
        }
        if (candidate != NULL && candidate->chain->root == node) {
            candidate->level = (*level)++;
            candidate = candidate->next;
        }
    }
    sb_assert(candidate == NULL);
    return SB_OK;
}

/* Whether a chain of the level could be changed; `*is_last` = no chain is of a later one. */
static bool level_has_work(const struct candidate *first, int32_t level, bool *is_last)
{
    bool has_work = false;

    *is_last = true;
    for (const struct candidate *candidate = first; candidate != NULL;
         candidate = candidate->next) {
        // two relations, one of which stays on the left, have one order
        bool is_free = !candidate->is_ordered || candidate->chain->relation_count > 2;

        has_work = has_work || (candidate->level == level && is_free);
        *is_last = *is_last && candidate->level <= level;
    }
    return has_work;
}

/* Chains of one level do not see each other. `*is_changed` = any was changed. */
static enum sb_status level_run(struct sb_optimization *optimization, struct candidate *first,
                                int32_t level, bool *is_changed)
{
    struct sb_estimates estimates;

    SB_TRY_RETURN(sb_estimates_make(optimization->edit.graph, &optimization->arena, &estimates,
                                    optimization->err));
    for (struct candidate *candidate = first; candidate != NULL; candidate = candidate->next) {
        bool is_better;

        if (candidate->level != level) {
            continue;
        }
        SB_TRY_RETURN(candidate_choose(optimization, &estimates, candidate, &is_better));
        if (!is_better) {
            continue;
        }
        SB_TRY_RETURN(candidate_tell(optimization, candidate));
        SB_TRY_RETURN(sb_join_chain_rewrite(&optimization->edit, candidate->chain,
                                            &candidate->found, &optimization->arena,
                                            optimization->err));
        optimization->report.joins_reordered += joins_changed(candidate);
        *is_changed = true;
    }
    return SB_OK;
}

/* All chains there are, with their levels and what is wanted of them. */
static enum sb_status candidates_prepare(struct sb_optimization *optimization,
                                         struct candidate **out)
{
    const struct sb_graph *graph = optimization->edit.graph;
    bool *seen = sb_optimization_alloc(optimization, graph->node_count, sizeof *seen);
    bool **wanted;

    *out = NULL;
    if (seen == NULL) {
        return SB_NO_MEMORY;
    }
    sb_row_order_mark(graph, seen);
    SB_TRY_RETURN(candidates_find(optimization, seen, out));
    if (*out == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(levels_find(optimization, *out));
    // where nothing narrows SELECTs, they name columns that nobody needs
    SB_TRY_RETURN(sb_graph_wanted(graph, !optimization->options->projection_pushdown,
                                  &optimization->arena, &wanted, optimization->err));
    for (struct candidate *candidate = *out; candidate != NULL; candidate = candidate->next) {
        const struct sb_node *exit = candidate->chain->exit;

        sb_schema_want_any(exit->schema, wanted[exit->index]);
        candidate->chain->wanted = wanted[exit->index];
    }
    return SB_OK;
}

enum sb_status sb_join_reordering_run(struct sb_optimization *optimization)
{
    struct candidate *first;
    bool is_changed = false;
    bool is_last = false;

    SB_TRY_RETURN(candidates_prepare(optimization, &first));
    for (int32_t level = 0; level < LEVELS_MAX && !is_last; level++) {
        if (is_changed) { // those behind have other columns and estimates
            SB_TRY_RETURN(sb_edit_derive(&optimization->edit, optimization->err));
            SB_TRY_RETURN(candidates_prepare(optimization, &first));
            is_changed = false;
        }
        if (level_has_work(first, level, &is_last)) {
            SB_TRY_RETURN(level_run(optimization, first, level, &is_changed));
        }
    }
    return SB_OK;
}
