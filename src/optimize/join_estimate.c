// SPDX-License-Identifier: Apache-2.0
/*
 * join_estimate.c - rows, bytes and distinct values of a chain's relations.
 *
 * Classes whose columns are in the same relations are a key of several columns, and count as one.
 */
#include <math.h>

#include "optimize/join_estimate.h"

/* A key whose range has at most so many numbers for each row is stored by position. */
#define DIRECT_SLOTS 4.0

struct work {
    const struct sb_join_chain *chain;
    const struct sb_estimates *estimates;
    struct sb_arena *arena;
    struct sb_join_side *sides;
    double *distincts; // [class of the result * relation_count + relation]
    int32_t class_count;
    struct sb_error *err;
};

static enum sb_status work_alloc(struct work *work, int64_t count, size_t size, void **out)
{
    *out = sb_arena_alloc_zeroed(work->arena, (size_t)(count + 1) * size);
    return *out == NULL ? sb_error_no_memory(work->err, "a chain of joins", (int64_t)size) : SB_OK;
}

static const struct sb_estimate *relation_estimate(const struct work *work, int32_t relation)
{
    return sb_estimates_of(work->estimates, work->chain->relations[relation].node);
}

// --- classes -------------------------------------------------------------------------------------

/*
 * Distinct values of the members. A column that nothing is known of has as many as the smallest
 * member, which is probably the key that the others refer to.
 */
static void class_estimate(const struct work *work, int32_t class, double *distincts)
{
    double least = INFINITY;

    for (int32_t i = 0; i < work->chain->relation_count; i++) {
        int32_t column = sb_chain_member(work->chain, class, i);

        distincts[i] = column < 0 ? 0 : sb_estimate_domain(relation_estimate(work, i), column);
        least = column < 0 ? least : fmin(least, distincts[i]);
    }
    for (int32_t i = 0; i < work->chain->relation_count; i++) {
        int32_t column = sb_chain_member(work->chain, class, i);

        if (column >= 0 && !sb_estimate_has_distinct(relation_estimate(work, i), column)) {
            distincts[i] = least;
        }
    }
}

/* A class of the result that is in the same relations; -1 = none. */
static int32_t class_parallel(const struct work *work, const double *distincts)
{
    int32_t count = work->chain->relation_count;

    for (int32_t c = 0; c < work->class_count; c++) {
        int32_t i = 0;

        while (i < count && (work->distincts[c * count + i] > 0) == (distincts[i] > 0)) {
            i++;
        }
        if (i == count) {
            return c;
        }
    }
    return -1;
}

/* A key of several columns has no more values than rows, and no fewer than one of them alone. */
static void class_merge(const struct work *work, const double *from, double *into)
{
    for (int32_t i = 0; i < work->chain->relation_count; i++) {
        double rows = relation_estimate(work, i)->rows;

        into[i] = fmin(into[i] * from[i], fmax(rows, fmax(into[i], from[i])));
    }
}

static enum sb_status classes_estimate(struct work *work)
{
    int32_t count = work->chain->relation_count;
    void *distincts;

    SB_TRY_RETURN(
        work_alloc(work, (int64_t)work->chain->class_count * count, sizeof(double), &distincts));
    work->distincts = distincts;
    for (int32_t c = 0; c < work->chain->class_count; c++) {
        double *next = &work->distincts[work->class_count * count];
        int32_t parallel;

        class_estimate(work, c, next);
        parallel = class_parallel(work, next);
        if (parallel >= 0) {
            class_merge(work, next, &work->distincts[parallel * count]);
        } else {
            work->class_count++;
        }
    }
    return SB_OK;
}

// --- relations -----------------------------------------------------------------------------------

/*
 * By the type alone: sources are asked about the columns that decide how many rows there are, and
 * which ones these are differs between a graph and the same one optimized.
 */
static double column_width(const struct work *work, int32_t relation, int32_t column)
{
    const struct sb_schema *schema = work->chain->relations[relation].node->schema;
    int32_t bytes = sb_type_bytes(&schema->fields[column].type);

    return bytes > 0 ? bytes : SB_ESTIMATE_VARIABLE_WIDTH;
}

/* Whether the relation has one key column, of integers that lie close together. */
static bool relation_is_direct(const struct work *work, int32_t relation)
{
    const struct sb_estimate *estimate = relation_estimate(work, relation);
    const struct sb_column_estimate *key;
    int32_t column = -1;

    for (int32_t c = 0; c < work->chain->class_count; c++) {
        int32_t member = sb_chain_member(work->chain, c, relation);

        if (member >= 0 && column >= 0) {
            return false;
        }
        column = member >= 0 ? member : column;
    }
    key = &estimate->columns[column];
    return sb_type_is_integer(
               work->chain->relations[relation].node->schema->fields[column].type.id) &&
           key->greatest - key->least < DIRECT_SLOTS * estimate->rows; // false for NaN
}

/*
 * Bytes of keys that come out as this relation's own value, though others that are equal to them
 * are not the same: they may be carried along twice, as join_rewrite_columns.c says.
 */
static double copies_width(const struct work *work, int32_t relation)
{
    const struct sb_join_chain *chain = work->chain;
    double width = 0;

    for (int32_t c = 0; c < chain->class_count; c++) {
        int32_t column = sb_chain_member(chain, c, relation);
        bool is_wanted = false;

        for (int32_t i = 0; column >= 0 && i < chain->exit->schema->field_count; i++) {
            is_wanted = is_wanted || (chain->wanted[i] && chain->outputs[i].relation == relation &&
                                      chain->outputs[i].column == column);
        }
        if (is_wanted && !sb_chain_class_is_same(chain, c)) {
            width += column_width(work, relation, column);
        }
    }
    return width;
}

/* The columns that are keys or come out. */
static enum sb_status relation_estimate_side(struct work *work, int32_t relation)
{
    const struct sb_join_chain *chain = work->chain;
    const struct sb_estimate *estimate = relation_estimate(work, relation);
    double width = copies_width(work, relation);
    void *allocated;
    bool *needed;

    SB_TRY_RETURN(work_alloc(work, estimate->column_count, sizeof(bool), &allocated));
    needed = allocated;
    for (int32_t c = 0; c < chain->class_count; c++) {
        if (sb_chain_member(chain, c, relation) >= 0) {
            needed[sb_chain_member(chain, c, relation)] = true;
        }
    }
    for (int32_t i = 0; i < chain->exit->schema->field_count; i++) {
        if (chain->wanted[i] && chain->outputs[i].relation == relation) {
            needed[chain->outputs[i].column] = true;
        }
    }
    for (int32_t i = 0; i < estimate->column_count; i++) {
        width += needed[i] ? column_width(work, relation, i) : 0;
    }
    work->sides[relation] = (struct sb_join_side){
        .rows = fmax(1, estimate->rows),
        .row_bytes = width,
        .is_direct = relation_is_direct(work, relation),
    };
    return SB_OK;
}

enum sb_status sb_join_chain_estimate(const struct sb_join_chain *chain,
                                      const struct sb_estimates *estimates, struct sb_arena *arena,
                                      bool *is_known, struct sb_join_graph *out,
                                      struct sb_error *err)
{
    struct work work = {.chain = chain, .estimates = estimates, .arena = arena, .err = err};
    void *sides;

    *is_known = true;
    for (int32_t i = 0; i < chain->relation_count; i++) {
        *is_known = *is_known && relation_estimate(&work, i)->is_known;
    }
    if (!*is_known) {
        return SB_OK;
    }
    SB_TRY_RETURN(work_alloc(&work, chain->relation_count, sizeof *work.sides, &sides));
    work.sides = sides;
    SB_TRY_RETURN(classes_estimate(&work));
    for (int32_t i = 0; i < chain->relation_count; i++) {
        SB_TRY_RETURN(relation_estimate_side(&work, i));
    }
    *out = (struct sb_join_graph){
        .relation_count = chain->relation_count,
        .relations = work.sides,
        .class_count = work.class_count,
        .distincts = work.distincts,
        .first_probe = -1,
    };
    return SB_OK;
}
