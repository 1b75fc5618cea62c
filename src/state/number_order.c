// SPDX-License-Identifier: Apache-2.0
#include "state/number_order.h"

#include "base/assert.h"

enum { INSERTION_MAX = 16 };

static inline void orders_swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;

    *a = *b;
    *b = kept;
}

static void insertion_sort(int64_t *orders, int64_t count)
{
    for (int64_t i = 1; i < count; i++) {
        int64_t value = orders[i];
        int64_t at = i;

        for (; at > 0 && orders[at - 1] > value; at--) {
            orders[at] = orders[at - 1];
        }
        orders[at] = value;
    }
}

static void heap_sink(int64_t *orders, int64_t at, int64_t count)
{
    for (int64_t child; (child = 2 * at + 1) < count; at = child) {
        child += child + 1 < count && orders[child + 1] > orders[child];
        if (orders[at] >= orders[child]) {
            return;
        }
        orders_swap(&orders[at], &orders[child]);
    }
}

/* What is left when partitions come out lopsided: slower, but never quadratic. */
static void heap_sort(int64_t *orders, int64_t count)
{
    for (int64_t i = count / 2 - 1; i >= 0; i--) {
        heap_sink(orders, i, count);
    }
    for (int64_t end = count - 1; end > 0; end--) {
        orders_swap(&orders[0], &orders[end]);
        heap_sink(orders, 0, end);
    }
}

static int64_t median_of_three(int64_t a, int64_t b, int64_t c)
{
    return a < b ? (b < c ? b : a < c ? c : a) : (a < c ? a : b < c ? c : b);
}

/* Cuts into [0, *less) below, [*less, *greater) equal to, and from *greater on above a pivot. */
static void partition(int64_t *orders, int64_t count, int64_t *less, int64_t *greater)
{
    int64_t pivot = median_of_three(orders[0], orders[count / 2], orders[count - 1]);
    int64_t low = 0;
    int64_t at = 0;
    int64_t high = count;

    while (at < high) {
        if (orders[at] < pivot) {
            orders_swap(&orders[low++], &orders[at++]);
        } else if (orders[at] > pivot) {
            orders_swap(&orders[at], &orders[--high]);
        } else {
            at++;
        }
    }
    *less = low;
    *greater = high;
}

static int32_t depth_max(int64_t count)
{
    int32_t depth = 2;

    for (; count > 1; count >>= 1) {
        depth += 2;
    }
    return depth;
}

static void quick_sort(int64_t *orders, int64_t count, int32_t depth)
{
    while (count > INSERTION_MAX) {
        int64_t less;
        int64_t greater;

        if (depth-- == 0) {
            heap_sort(orders, count);
            return;
        }
        partition(orders, count, &less, &greater);
        if (less < count - greater) { // the smaller side by recursion, so that the stack is small
            quick_sort(orders, less, depth);
            orders += greater;
            count -= greater;
        } else {
            quick_sort(orders + greater, count - greater, depth);
            count = less;
        }
    }
    insertion_sort(orders, count);
}

void sb_orders_sort(int64_t *orders, int64_t count)
{
    quick_sort(orders, count, depth_max(count));
}

void sb_orders_select(int64_t *orders, int64_t count, int64_t rank)
{
    int32_t depth = depth_max(count);

    sb_assert(rank >= 0 && rank < count);
    while (count > INSERTION_MAX) {
        int64_t less;
        int64_t greater;

        if (depth-- == 0) {
            heap_sort(orders, count);
            return;
        }
        partition(orders, count, &less, &greater);
        if (rank < less) {
            count = less;
        } else if (rank >= greater) {
            orders += greater;
            count -= greater;
            rank -= greater;
        } else {
            return;
        }
    }
    insertion_sort(orders, count);
}

double sb_orders_quantile(int64_t *orders, int64_t count, double quantile)
{
    double place = quantile * (double)(count - 1);
    int64_t rank = (int64_t)place;
    double share = place - (double)rank;
    int64_t next;
    double low;
    double high;

    sb_orders_select(orders, count, rank);
    low = sb_number_of_order(orders[rank]);
    if (share == 0.0) {
        return low;
    }
    next = orders[rank + 1];
    for (int64_t i = rank + 2; i < count; i++) {
        next = orders[i] < next ? orders[i] : next;
    }
    high = sb_number_of_order(next);
    return next == orders[rank] ? low : low + (high - low) * share;
}
