// SPDX-License-Identifier: Apache-2.0
/*
 * number_order.h - doubles as integers of the same order, sorted and selected.
 *
 * The order is Sabot's: NaN is one value above all others, -0.0 is 0.0.
 */
#ifndef SABOT_STATE_NUMBER_ORDER_H
#define SABOT_STATE_NUMBER_ORDER_H

#include <stdint.h>
#include <string.h>

/* One to one for canonical doubles: an integer that is less where the double is. */
static inline int64_t sb_number_order(double value)
{
    int64_t bits;

    if (value != value) {
        value = __builtin_nan("");
    }
    value += 0.0;
    memcpy(&bits, &value, sizeof bits);
    return bits ^ (int64_t)((uint64_t)(bits >> 63) >> 1);
}

static inline double sb_number_of_order(int64_t order)
{
    double value;

    order ^= (int64_t)((uint64_t)(order >> 63) >> 1);
    memcpy(&value, &order, sizeof value);
    return value;
}

void sb_orders_sort(int64_t *orders, int64_t count);

/* Puts the element of rank `rank` in its place: none before it is greater, none behind it less. */
void sb_orders_select(int64_t *orders, int64_t count, int64_t rank);

/* The quantile of `count` > 0 orders, linear between neighbours; moves them about. */
double sb_orders_quantile(int64_t *orders, int64_t count, double quantile);

#endif
