// SPDX-License-Identifier: Apache-2.0
/*
 * estimate_expression.c - the values of what a MAP computes, or a condition compares.
 */
#include <math.h>
#include <string.h>

#include "expr/tree.h"
#include "optimize/estimate_internal.h"

/* Functions that have few values whatever they are given; 0 = any number. */
static double function_values(const struct sb_expr *call)
{
    static const struct {
        const char *name;
        double count;
    } few[] = {
        {"quarter", 4},     {"month", 12},          {"week", 53},         {"day", 31},
        {"day_of_week", 7}, {"iso_day_of_week", 7}, {"day_of_year", 366}, {"hour", 24},
        {"minute", 60},     {"second", 60},
    };

    for (size_t i = 0; i < sizeof few / sizeof few[0]; i++) {
        if (strcmp(call->function->name, few[i].name) == 0) {
            return few[i].count;
        }
    }
    return 0;
}

/* A function has at most as many values as there are combinations of its arguments'. */
double sb_estimate_expression_distinct(const struct sb_estimate *estimate,
                                       const struct sb_expr *expr, const struct sb_schema *schema)
{
    double few;
    double product = 1;

    if (expr->kind == SB_EXPR_LITERAL) {
        return 1;
    }
    if (expr->kind == SB_EXPR_COLUMN) {
        int32_t column = sb_schema_index(schema, expr->column);

        return column < 0 ? -1 : estimate->columns[column].distinct;
    }
    few = function_values(expr);
    for (int32_t i = 0; i < expr->argument_count; i++) {
        double one = sb_estimate_expression_distinct(estimate, expr->arguments[i], schema);

        if (one < 0) {
            return few > 0 ? few : -1;
        }
        product *= one;
    }
    product = fmin(product, fmax(estimate->rows, 1));
    return few > 0 ? fmin(few, product) : product;
}

double sb_estimate_expression_nulls(const struct sb_estimate *estimate, const struct sb_expr *expr,
                                    const struct sb_schema *schema)
{
    double present = 1;

    if (expr->kind == SB_EXPR_COLUMN) {
        int32_t column = sb_schema_index(schema, expr->column);

        return column < 0 ? 0 : sb_share_or_zero(estimate->columns[column].null_share);
    }
    for (int32_t i = 0; i < expr->argument_count; i++) {
        present *= 1 - sb_estimate_expression_nulls(estimate, expr->arguments[i], schema);
    }
    return 1 - present;
}

struct sb_column_estimate sb_estimate_expression(const struct sb_estimate *estimate,
                                                 const struct sb_expr *expr,
                                                 const struct sb_schema *schema,
                                                 const struct sb_field *field)
{
    int32_t column = expr->kind == SB_EXPR_COLUMN ? sb_schema_index(schema, expr->column) : -1;
    struct sb_column_estimate out;
    double distinct;

    if (column >= 0) {
        return estimate->columns[column];
    }
    out = sb_column_estimate_of_type(field, estimate->rows);
    distinct = sb_estimate_expression_distinct(estimate, expr, schema);
    if (distinct >= 0) {
        out.distinct = out.distinct < 0 ? distinct : fmin(out.distinct, distinct);
    }
    if (field->is_nullable) {
        out.null_share = sb_estimate_expression_nulls(estimate, expr, schema);
    }
    return out;
}
