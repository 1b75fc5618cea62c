// SPDX-License-Identifier: Apache-2.0
/*
 * estimate.h - how many rows an operator gives, before anything has run.
 *
 * From the statistics of sources (plan/statistics.h) upwards, once through the graph. Nothing but
 * the choice between plans that give the same rows may depend on an estimate.
 *
 * A column is known by its *domain*: so many different values in so many rows. Conditions on the
 * column itself narrow its domain; conditions on other columns only take rows away. So two filters
 * on two sides of a join count both, where "the side with more values has all of the other's"
 * would count one: joins compare domains.
 */
#ifndef SABOT_OPTIMIZE_ESTIMATE_H
#define SABOT_OPTIMIZE_ESTIMATE_H

#include "plan/graph.h"

/*
 * What is assumed where statistics say nothing. Shares are of the rows that are not null.
 */
#define SB_ESTIMATE_ROWS 10000.0      // of a source of unknown size
#define SB_ESTIMATE_EQUAL 0.1         // column == constant
#define SB_ESTIMATE_RANGE (1.0 / 3.0) // column < constant
#define SB_ESTIMATE_BETWEEN 0.25      // two of these
#define SB_ESTIMATE_PATTERN 0.1 // like, contains, starts_with, ends_with, a regular expression
#define SB_ESTIMATE_CONDITION (1.0 / 3.0) // any other condition, and a FILTER's function
#define SB_ESTIMATE_NULL 0.05             // is_null, of a column that may have nulls
#define SB_ESTIMATE_ELEMENTS 4.0          // in a list
#define SB_ESTIMATE_GROUP_ROWS 10.0       // rows of one group
#define SB_ESTIMATE_VARIABLE_WIDTH 24.0   // bytes of a text or another value of no fixed width

/* One column of what an operator gives. */
struct sb_column_estimate {
    double distinct; // values of the domain, null not counted; negative = unknown
    double rows;     // in which the domain has so many: at least the estimate's rows
    double null_share;
    double width; // bytes of a value
    /*
     * On a line where the values have a place: numbers are themselves, times are seconds, false is
     * 0; texts are what follows `prefix`, read as a fraction. NaN = unknown.
     */
    double least;
    double greatest;
    double step;        // between neighbours, of a type that has such; 0 = values lie dense
    const char *prefix; // of texts: what all of them begin with; NULL = no text, or range unknown
    int32_t prefix_size;
    int32_t letter_count; // digits of the fraction are bytes from `first_letter`
    uint8_t first_letter;
};

/* The rows that one operator gives. */
struct sb_estimate {
    double rows; // 0, or at least 1; a sink: those it takes
    bool
        is_known; // every source it comes from has told its rows, and no opaque operator is between
    int32_t column_count;
    const struct sb_column_estimate *columns; // by column of node->schema
};

struct sb_estimates {
    struct sb_arena *arena;
    int32_t node_count;
    struct sb_estimate *nodes; // by node->index
};

/*
 * Estimates every node of a validated graph, or of an edit whose nodes are derived. Lives in
 * `arena`, holds until the graph changes. Linear in nodes and columns.
 */
SB_MUST_CHECK enum sb_status sb_estimates_make(const struct sb_graph *graph, struct sb_arena *arena,
                                               struct sb_estimates *out, struct sb_error *err);

static inline const struct sb_estimate *sb_estimates_of(const struct sb_estimates *estimates,
                                                        const struct sb_node *node)
{
    return &estimates->nodes[node->index];
}

/*
 * How many different values the column has among the estimate's rows, null not counted: at least 1,
 * at most the rows. All rows differ in a column of which nothing is known.
 */
double sb_estimate_distinct(const struct sb_estimate *estimate, int32_t column);

/* The same among all rows that the column's own conditions let pass: what joins compare. */
double sb_estimate_domain(const struct sb_estimate *estimate, int32_t column);

/* Whether sb_estimate_distinct() knows more than the count of rows. */
bool sb_estimate_has_distinct(const struct sb_estimate *estimate, int32_t column);

/* Bytes of a row in these columns; all of them when `columns` is NULL. */
double sb_estimate_width(const struct sb_estimate *estimate, const bool *columns);

/*
 * The share of all pairs of a left and a right row that are equal in one column each. Both columns
 * are of types that join. Where a domain is unknown, the smaller side's column is taken for its
 * key.
 */
double sb_estimate_edge(const struct sb_estimate *left, int32_t left_column,
                        const struct sb_estimate *right, int32_t right_column, bool nulls_equal);

/*
 * The same for several columns at once, as many as `left_columns` and `right_columns` have: keys of
 * several columns are rarely independent, so the product is damped, and a key that is nearly unique
 * on one side is taken for one.
 */
double sb_estimate_edges(const struct sb_estimate *left, const int32_t *left_columns,
                         const struct sb_estimate *right, const int32_t *right_columns,
                         int32_t count, bool nulls_equal);

/* The share of rows for which `predicate`, over the columns of `schema`, is true. */
SB_MUST_CHECK enum sb_status sb_estimate_selectivity(const struct sb_estimate *estimate,
                                                     const struct sb_expr *predicate,
                                                     const struct sb_schema *schema,
                                                     struct sb_arena *scratch, double *out,
                                                     struct sb_error *err);

#endif
