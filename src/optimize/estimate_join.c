// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_join.c - how many pairs a join finds.
 *
 * A pair of rows is equal in one column with the chance 1 / max(values left, values right), counted
 * in the part of the two ranges that both have: the side with fewer values is taken to have no
 * others than the other side.
 */
#include <math.h>

#include "optimize/estimate_internal.h"

/* One key of a join: what the two sides have in common there. */
struct edge {
    double left_share; // of the rows, in the common range and not null
    double right_share;
    double left_domain; // values in the common range
    double right_domain;
    double nulls; // share of pairs that are null on both sides
};

/* The share of the domain between two places. */
static double overlap_share(const struct sb_column_estimate *column, double least, double greatest)
{
    return sb_share_clamp(sb_column_share_below(column, greatest, true) -
                          sb_column_share_below(column, least, false));
}

static void edge_overlap(const struct sb_column_estimate *left,
                         const struct sb_column_estimate *right, struct edge *edge)
{
    double least = fmax(left->least, right->least);
    double greatest = fmin(left->greatest, right->greatest);
    double left_share = 1;
    double right_share = 1;

    if (!sb_columns_compare(left, right)) {
        return;
    }
    if (greatest < least) {
        left_share = right_share = 0;
    } else if (left->greatest > left->least || right->greatest > right->least) {
        // of one value in a dense range there is no share, but the value
        left_share = fmax(overlap_share(left, least, greatest), 1 / fmax(edge->left_domain, 1));
        right_share = fmax(overlap_share(right, least, greatest), 1 / fmax(edge->right_domain, 1));
    }
    edge->left_share *= left_share;
    edge->right_share *= right_share;
    edge->left_domain = fmax(edge->left_domain * left_share, 1);
    edge->right_domain = fmax(edge->right_domain * right_share, 1);
}

static struct edge edge_make(const struct sb_estimate *left, int32_t left_column,
                             const struct sb_estimate *right, int32_t right_column,
                             bool nulls_equal)
{
    const struct sb_column_estimate *a = &left->columns[left_column];
    const struct sb_column_estimate *b = &right->columns[right_column];
    double left_nulls = sb_share_or_zero(a->null_share);
    double right_nulls = sb_share_or_zero(b->null_share);
    struct edge edge = {
        .left_share = 1 - left_nulls,
        .right_share = 1 - right_nulls,
        .left_domain = a->distinct,
        .right_domain = b->distinct,
        .nulls = nulls_equal ? left_nulls * right_nulls : 0,
    };

    if (edge.left_domain < 0 && edge.right_domain < 0) { // the smaller side has it for its key
        edge.left_domain = edge.right_domain = fmin(a->rows, b->rows);
    } else if (edge.left_domain < 0 || edge.right_domain < 0) {
        edge.left_domain = edge.right_domain = fmax(edge.left_domain, edge.right_domain);
    }
    edge.left_domain = fmax(edge.left_domain, 1);
    edge.right_domain = fmax(edge.right_domain, 1);
    edge_overlap(a, b, &edge);
    return edge;
}

static double edge_share(const struct edge *edge)
{
    return sb_share_clamp(edge->left_share * edge->right_share /
                              fmax(edge->left_domain, edge->right_domain) +
                          edge->nulls);
}

double sb_estimate_edge(const struct sb_estimate *left, int32_t left_column,
                        const struct sb_estimate *right, int32_t right_column, bool nulls_equal)
{
    struct edge edge = edge_make(left, left_column, right, right_column, nulls_equal);

    return edge_share(&edge);
}

/* Damps: the second key counts as its square root, the third as the fourth root, and so on. */
static double damped_product(double *shares, int32_t count)
{
    double product = 1;
    double exponent = 1;

    for (int32_t i = 0; i < count; i++) {
        int32_t least = i;
        double share;

        for (int32_t j = i + 1; j < count; j++) {
            least = shares[j] < shares[least] ? j : least;
        }
        share = shares[least];
        shares[least] = shares[i];
        product *= pow(share, exponent);
        exponent /= 2;
    }
    return product;
}

double sb_estimate_edges(const struct sb_estimate *left, const int32_t *left_columns,
                         const struct sb_estimate *right, const int32_t *right_columns,
                         int32_t count, bool nulls_equal)
{
    enum { KEYS_MAX = 16 }; // more make no difference
    double shares[KEYS_MAX];
    double left_values = 1; // combinations, and rows that they are in
    double right_values = 1;
    double left_rows = 0;
    double right_rows = 0;
    double left_share = 1;
    double right_share = 1;
    double fewest;

    count = count > KEYS_MAX ? KEYS_MAX : count;
    for (int32_t i = 0; i < count; i++) {
        struct edge edge = edge_make(left, left_columns[i], right, right_columns[i], nulls_equal);

        shares[i] = edge_share(&edge);
        left_share *= edge.left_share;
        right_share *= edge.right_share;
        left_values *= edge.left_domain;
        right_values *= edge.right_domain;
        left_rows = fmax(left_rows, left->columns[left_columns[i]].rows);
        right_rows = fmax(right_rows, right->columns[right_columns[i]].rows);
    }
    if (count == 1) {
        return shares[0];
    }
    // Neither side has more combinations than rows; what the key of one side is, is found there.
    fewest = fmin(fmin(left_values, left_rows * left_share),
                  fmin(right_values, right_rows * right_share));
    return sb_share_clamp(
        fmax(damped_product(shares, count), left_share * right_share / fmax(fewest, 1)));
}

/*
 * How likely a row is to find one of `side`, of whose rows a pair is equal with `share`: as many
 * chances as it has different keys, none of them null.
 */
static double match_share(const struct sb_estimate *side, const int32_t *columns, int32_t count,
                          double share)
{
    double present = 1;
    double keys = 1;

    for (int32_t i = 0; i < count; i++) {
        present *= 1 - sb_share_or_zero(side->columns[columns[i]].null_share);
        keys *= sb_estimate_distinct(side, columns[i]);
    }
    return side->rows <= 0 || present <= 0
               ? 0
               : sb_share_clamp(share * fmin(keys, fmax(side->rows * present, 1)) / present);
}

/* What the other columns of a side become: their values as of now, in as many rows as come out. */
static struct sb_column_estimate column_joined(const struct sb_estimate *side, int32_t column,
                                               double rows)
{
    struct sb_column_estimate out = side->columns[column];

    if (out.distinct >= 0) {
        out.distinct = out.distinct == 0 ? 0 : sb_estimate_distinct(side, column);
    }
    out.rows = fmax(out.distinct >= 0 ? side->rows : out.rows, rows);
    return out;
}

/* A key of rows that have a match: values of both sides. */
static struct sb_column_estimate column_matched(const struct sb_estimate *left, int32_t left_column,
                                                const struct sb_estimate *right,
                                                int32_t right_column, double rows)
{
    struct sb_column_estimate out = left->columns[left_column];
    const struct sb_column_estimate *other = &right->columns[right_column];

    if (out.distinct >= 0 || other->distinct >= 0) {
        out.distinct = fmin(sb_estimate_distinct(left, left_column),
                            sb_estimate_distinct(right, right_column));
    }
    out.rows = rows;
    out.null_share = 0;
    if (sb_columns_compare(&out, other)) {
        sb_column_clip(&out, other->least, other->greatest);
    }
    return out;
}

/* A key that has the values of both sides: rows of the right side without a match come out, too. */
static struct sb_column_estimate column_filled(const struct sb_estimate *left, int32_t left_column,
                                               const struct sb_estimate *right,
                                               int32_t right_column, double rows)
{
    struct sb_column_estimate out = left->columns[left_column];
    const struct sb_column_estimate *other = &right->columns[right_column];

    if (out.distinct >= 0 && other->distinct >= 0) {
        out.distinct = fmax(sb_estimate_distinct(left, left_column),
                            sb_estimate_distinct(right, right_column));
    } else {
        out.distinct = -1;
    }
    out.rows = rows;
    if (sb_columns_compare(&out, other)) {
        out.least = fmin(out.least, other->least);
        out.greatest = fmax(out.greatest, other->greatest);
    } else {
        out.least = out.greatest = NAN;
    }
    return out;
}

static double clamp_rows(double rows, bool is_empty)
{
    return is_empty ? 0 : fmax(rows, 1);
}

static double join_rows(const struct sb_join_spec *spec, double inner, const double rows[2],
                        const double matched[2])
{
    switch (spec->kind) {
    case SB_JOIN_SEMI:
        return clamp_rows(rows[0] * matched[0], rows[0] == 0 || rows[1] == 0);
    case SB_JOIN_ANTI:
        return clamp_rows(rows[0] * (1 - matched[0]), rows[0] == 0);
    default:
        break;
    }
    if (sb_join_keeps_left(spec->kind)) {
        inner += rows[0] * (1 - matched[0]);
    }
    if (sb_join_keeps_right(spec->kind)) {
        inner += rows[1] * (1 - matched[1]);
    }
    return inner;
}

/* The share of rows that are filled with null because the other side's had no match. */
static double filled_share(bool is_kept, double rows, double unmatched, double out_rows)
{
    return is_kept && out_rows > 0 ? sb_share_clamp(rows * unmatched / out_rows) : 0;
}

enum sb_status sb_estimate_join(const struct sb_node *node, const struct sb_estimate *left,
                                const struct sb_estimate *right, struct sb_arena *arena,
                                struct sb_estimate *out, struct sb_error *err)
{
    const struct sb_join_spec *spec = &node->spec.join;
    int32_t left_count = left->column_count;
    const double rows[2] = {left->rows, right->rows};
    bool is_matched = spec->kind == SB_JOIN_INNER || spec->kind == SB_JOIN_SEMI;
    bool is_filled = sb_join_keeps_right(spec->kind);
    struct sb_column_estimate *columns;
    double share;
    double matched[2];
    double inner;
    double filled[2];

    columns = sb_arena_alloc(arena, (size_t)(out->column_count + 1) * sizeof *columns);
    if (columns == NULL) {
        return sb_error_no_memory(err, "estimates", out->column_count * (int64_t)sizeof *columns);
    }
    share = sb_estimate_edges(left, spec->left_keys, right, spec->right_keys, spec->key_count,
                              spec->nulls_equal);
    inner = clamp_rows(rows[0] * rows[1] * share, rows[0] == 0 || rows[1] == 0);
    matched[0] = match_share(right, spec->right_keys, spec->key_count, share);
    matched[1] = match_share(left, spec->left_keys, spec->key_count, share);
    out->rows = join_rows(spec, inner, rows, matched);
    out->is_known = left->is_known && right->is_known;
    filled[0] = filled_share(sb_join_keeps_right(spec->kind), rows[1], 1 - matched[1], out->rows);
    filled[1] = filled_share(sb_join_keeps_left(spec->kind), rows[0], 1 - matched[0], out->rows);
    for (int32_t i = 0; i < left_count; i++) {
        columns[i] = column_joined(left, i, out->rows);
        if (filled[0] > 0) {
            columns[i].null_share = fmax(filled[0], columns[i].null_share);
        }
    }
    for (int32_t i = 0; i < spec->right_output_count; i++) {
        struct sb_column_estimate *column = &columns[left_count + i];

        *column = column_joined(right, spec->right_outputs[i], out->rows);
        if (filled[1] > 0) {
            column->null_share = fmax(filled[1], column->null_share);
        }
    }
    for (int32_t i = 0; (is_matched || is_filled) && i < spec->key_count; i++) {
        int32_t key = spec->left_keys[i];

        columns[key] = is_matched ? column_matched(left, key, right, spec->right_keys[i], out->rows)
                                  : column_filled(left, key, right, spec->right_keys[i], out->rows);
    }
    out->columns = columns;
    return SB_OK;
}
