// SPDX-License-Identifier: Apache-2.0
/*
 * filter_pushdown.c - FILTERs are taken apart, and each condition goes as near to the sources as it
 * can: rows that nobody wants are not carried through joins and sorts, nor even read.
 *
 * FILTERs nearer to the sources go first, so that those behind meet them where they stay. What
 * conditions on join keys say about the other side is done last (key_predicate.c).
 */
#include "optimize/conjunct.h"
#include "plan/node_class.h"
#include "plan/text.h"

/* A FILTER at work: what of it stays, and where the rest goes. */
struct filter {
    struct sb_node *node;
    struct sb_conjunction stays;
    struct sb_conjunct_places places;
    int32_t unit_count; // conditions that do not hold anyway
};

/* The JSON of a predicate; NULL when out of memory. */
static json_t *predicate_json(struct sb_optimization *optimization,
                              const struct sb_conjunction *conjunction)
{
    const struct sb_expr *expr = sb_expr_unite(conjunction, &optimization->arena);

    return expr == NULL ? NULL : json_pack("{s:o}", "predicate", sb_expr_to_json(expr));
}

/* What an operator tests, too, when the pass is over; set once, for a scan may take very many. */
struct holding {
    struct holding *next;
    struct sb_node *holder;
    int32_t count;
    int32_t capacity;
    const struct sb_expr **conjuncts;
    int32_t part_count;
    struct sb_node **parts; // the holder, then where they came from, each once
};

struct filter_pass {
    struct sb_optimization *optimization;
    struct holding *holdings; // few: one for each source, or FILTER that stays
};

// --- taking a filter apart -----------------------------------------------------------------------

/*
 * Conditions that are one unit: an `and` tests from left to right, so one that may fail is guarded
 * by those before it and stays with them. `*out` = how many from `first` on, `*may_fail` whether
 * one of them may.
 */
static enum sb_status unit_find(struct sb_optimization *optimization, const struct filter *filter,
                                const struct sb_conjunction *all, int32_t first, int32_t *out,
                                bool *may_fail, bool *is_true)
{
    const struct sb_schema *schema = filter->node->schema;

    *out = 1;
    *may_fail = false;
    *is_true = false;
    for (int32_t i = first; i < all->count; i++) {
        const struct sb_bound_expr *bound = filter->node->spec.filter.bound;

        if (all->count > 1) {
            SB_TRY_RETURN(sb_expr_resolve(all->conjuncts[i], schema, &optimization->arena, &bound,
                                          optimization->err));
        }
        if (sb_bound_expr_may_fail(bound)) {
            *out = i - first + 1;
            *may_fail = true;
        }
        if (i == first) {
            *is_true = sb_bound_expr_is_true(bound);
        }
        if (first > 0) {
            break; // the first unit has taken all that may fail
        }
    }
    return SB_OK;
}

static enum sb_status unit_sink(struct sb_optimization *optimization, struct filter *filter,
                                const struct sb_conjunction *unit, bool may_fail)
{
    const struct sb_expr *expr = sb_expr_unite(unit, &optimization->arena);
    int32_t before = filter->places.count;
    struct sb_conjunct conjunct;

    if (expr == NULL) {
        return sb_optimization_no_memory(optimization);
    }
    SB_TRY_RETURN(sb_conjunct_init(optimization, expr, may_fail, filter->node->schema, &conjunct));
    SB_TRY_RETURN(sb_conjunct_sink(optimization, conjunct, filter->node, 0, &filter->places));
    if (filter->places.count == before) {
        for (int32_t i = 0; i < unit->count; i++) {
            filter->stays.conjuncts[filter->stays.count++] = unit->conjuncts[i];
        }
    }
    filter->unit_count++;
    return SB_OK;
}

static enum sb_status filter_sink(struct sb_optimization *optimization, struct filter *filter)
{
    struct sb_conjunction all;

    SB_TRY_RETURN(sb_node_conjunction(optimization, filter->node, &all));
    filter->stays.conjuncts =
        sb_optimization_alloc(optimization, all.count, sizeof *filter->stays.conjuncts);
    if (filter->stays.conjuncts == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t first = 0; first < all.count;) {
        struct sb_conjunction unit = {.conjuncts = all.conjuncts + first};
        bool may_fail;
        bool is_true;

        SB_TRY_RETURN(
            unit_find(optimization, filter, &all, first, &unit.count, &may_fail, &is_true));
        if (!is_true || unit.count > 1) {
            SB_TRY_RETURN(unit_sink(optimization, filter, &unit, may_fail));
        }
        first += unit.count;
    }
    return SB_OK;
}

// --- putting it where it goes --------------------------------------------------------------------

static const char *place_text(struct sb_optimization *optimization,
                              const struct sb_conjunct_place *place)
{
    char name[SB_SHORT_SIZE];
    const struct sb_node *holder = place->holder;

    if (holder == NULL) {
        return sb_trace_text(optimization, "below '%s', at its %s input",
                             sb_short(place->consumer->name, name),
                             place->consumer->input_count == 1 ? "only"
                             : place->port == 0                ? "left"
                                                               : "right");
    }
    return sb_trace_text(
        optimization, holder->type == SB_NODE_SOURCE ? "in the scan of '%s'" : "together with '%s'",
        sb_short(holder->name, name));
}

static const char *expr_text(struct sb_optimization *optimization, const struct sb_expr *expr)
{
    const char *text = sb_expr_to_text(expr, &optimization->arena);

    return text == NULL ? "" : text;
}

static enum sb_status trace_place(struct sb_optimization *optimization, const struct filter *filter,
                                  const struct sb_conjunct_place *place)
{
    char name[SB_SHORT_SIZE];

    return sb_trace_add(
        optimization, filter->node,
        sb_trace_text(optimization, "behind '%s'", sb_short(filter->node->inputs[0]->name, name)),
        place_text(optimization, place),
        sb_trace_text(optimization, "%s: every column that it reads comes from there unchanged",
                      expr_text(optimization, place->expr)));
}

/* A new FILTER at a place between operators, with all conditions that go there. */
static enum sb_status place_fill(struct sb_optimization *optimization, struct filter *filter,
                                 int32_t first)
{
    struct sb_conjunct_places *places = &filter->places;
    struct sb_conjunct_place *place = &places->places[first];
    struct sb_conjunction here = {0};
    struct sb_node *added;

    here.conjuncts = sb_optimization_alloc(optimization, places->count, sizeof *here.conjuncts);
    if (here.conjuncts == NULL) {
        return SB_NO_MEMORY;
    }
    for (int32_t i = first; i < places->count; i++) {
        struct sb_conjunct_place *other = &places->places[i];

        if (other->consumer == place->consumer && other->port == place->port) {
            here.conjuncts[here.count++] = other->expr;
            other->consumer = i == first ? other->consumer : NULL; // done
        }
    }
    SB_TRY_RETURN(sb_edit_insert(&optimization->edit, "filter", predicate_json(optimization, &here),
                                 filter->node, place->consumer, place->port, &added,
                                 optimization->err));
    return sb_edit_add_part(&optimization->edit, added, filter->node, SB_PART_ALONE,
                            optimization->err);
}

static struct holding *holding_of(struct filter_pass *pass, struct sb_node *holder)
{
    struct holding *holding = pass->holdings;

    while (holding != NULL && holding->holder != holder) {
        holding = holding->next;
    }
    if (holding == NULL) {
        holding = sb_optimization_alloc(pass->optimization, 1, sizeof *holding);
        if (holding != NULL) {
            *holding = (struct holding){.next = pass->holdings, .holder = holder, .part_count = 1};
            pass->holdings = holding;
        }
    }
    return holding;
}

static enum sb_status holding_add(struct filter_pass *pass, struct sb_node *holder,
                                  const struct sb_expr *expr, struct sb_node *part)
{
    struct holding *holding = holding_of(pass, holder);

    if (holding == NULL) {
        return SB_NO_MEMORY;
    }
    if (holding->count == holding->capacity) { // no more parts than conditions, and the holder
        int32_t capacity = holding->capacity * 2 + 4;
        const struct sb_expr **conjuncts =
            sb_optimization_alloc(pass->optimization, capacity, sizeof *conjuncts);
        struct sb_node **parts =
            sb_optimization_alloc(pass->optimization, capacity + 1, sizeof *parts);

        if (conjuncts == NULL || parts == NULL) {
            return SB_NO_MEMORY;
        }
        for (int32_t i = 0; i < holding->count; i++) {
            conjuncts[i] = holding->conjuncts[i];
        }
        parts[0] = holder;
        for (int32_t i = 1; i < holding->part_count; i++) {
            parts[i] = holding->parts[i];
        }
        holding->conjuncts = conjuncts;
        holding->parts = parts;
        holding->capacity = capacity;
    }
    holding->conjuncts[holding->count++] = expr;
    if (holding->parts[holding->part_count - 1] != part) {
        holding->parts[holding->part_count++] = part;
    }
    return SB_OK;
}

static enum sb_status holdings_apply(struct filter_pass *pass)
{
    struct sb_optimization *optimization = pass->optimization;

    for (struct holding *holding = pass->holdings; holding != NULL; holding = holding->next) {
        const struct sb_conjunction added = {holding->count, holding->conjuncts};

        SB_TRY_RETURN(sb_node_hold(optimization, holding->holder, &added));
        SB_TRY_RETURN(sb_edit_set_parts(&optimization->edit, holding->holder, holding->parts,
                                        holding->part_count, optimization->err));
    }
    return SB_OK;
}

static enum sb_status places_fill(struct filter_pass *pass, struct filter *filter)
{
    for (int32_t i = 0; i < filter->places.count; i++) {
        struct sb_conjunct_place *place = &filter->places.places[i];

        if (place->holder != NULL) {
            SB_TRY_RETURN(holding_add(pass, place->holder, place->expr, filter->node));
        } else if (place->consumer != NULL) {
            SB_TRY_RETURN(place_fill(pass->optimization, filter, i));
        }
    }
    return SB_OK;
}

/* Whether all of the filter goes to one place between operators: then it goes itself. */
static bool filter_moves_whole(const struct filter *filter)
{
    const struct sb_conjunct_places *places = &filter->places;

    for (int32_t i = 0; i < places->count; i++) {
        if (places->places[i].holder != NULL ||
            places->places[i].consumer != places->places[0].consumer ||
            places->places[i].port != places->places[0].port) {
            return false;
        }
    }
    return filter->stays.count == 0 && places->count == filter->unit_count;
}

static enum sb_status filter_move(struct sb_optimization *optimization, struct filter *filter)
{
    const struct sb_conjunct_place *place = &filter->places.places[0];
    struct sb_conjunction all = {0};

    all.conjuncts =
        sb_optimization_alloc(optimization, filter->places.count, sizeof *all.conjuncts);
    if (all.conjuncts == NULL) {
        return SB_NO_MEMORY;
    }
    while (all.count < filter->places.count) {
        all.conjuncts[all.count] = filter->places.places[all.count].expr;
        all.count++;
    }
    // as the user wrote it, where that can stay
    return sb_edit_move(&optimization->edit, filter->node,
                        all.conjuncts[0] == filter->node->spec.filter.predicate
                            ? json_incref(filter->node->parameters)
                            : predicate_json(optimization, &all),
                        place->consumer, place->port, optimization->err);
}

static enum sb_status filter_apply(struct filter_pass *pass, struct filter *filter)
{
    struct sb_optimization *optimization = pass->optimization;

    for (int32_t i = 0; i < filter->places.count; i++) {
        SB_TRY_RETURN(trace_place(optimization, filter, &filter->places.places[i]));
    }
    if (filter->places.count > 0 && filter_moves_whole(filter)) {
        return filter_move(optimization, filter);
    }
    SB_TRY_RETURN(places_fill(pass, filter));
    if (filter->stays.count > 0) {
        return sb_edit_set_parameters(&optimization->edit, filter->node,
                                      predicate_json(optimization, &filter->stays),
                                      optimization->err);
    }
    if (filter->unit_count == 0) {
        SB_TRY_RETURN(sb_trace_add(optimization, filter->node, "in the graph", "gone",
                                   "its condition is true whatever the row"));
    }
    return sb_edit_remove(&optimization->edit, filter->node, optimization->err);
}

static enum sb_status filter_push(struct filter_pass *pass, struct sb_node *node)
{
    struct filter filter = {.node = node};

    SB_TRY_RETURN(filter_sink(pass->optimization, &filter));
    if (filter.places.count == 0 && filter.unit_count > 0) {
        return SB_OK;
    }
    pass->optimization->report.filters_pushed += filter.places.count > 0;
    return filter_apply(pass, &filter);
}

enum sb_status sb_filter_pushdown_run(struct sb_optimization *optimization)
{
    const struct sb_graph_edit *edit = &optimization->edit;
    struct filter_pass pass = {.optimization = optimization};

    SB_TRY_RETURN(sb_conjuncts_begin(optimization));
    for (int32_t i = 0; i < edit->sorted_count; i++) {
        struct sb_node *node = edit->graph->sorted[i];

        if (node->type == SB_NODE_FILTER && !node->has_function) {
            SB_TRY_RETURN(filter_push(&pass, node));
        }
    }
    SB_TRY_RETURN(holdings_apply(&pass));
    SB_TRY_RETURN(sb_key_predicates_run(optimization));
    sb_conjuncts_end(optimization);
    return SB_OK;
}
