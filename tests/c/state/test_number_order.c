// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>

#include "state/number_order.h"
#include "support/seed.h"
#include "support/test.h"

enum { COUNT_MAX = 3000 };

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void order_is_that_of_numbers_with_nan_above_all(void **state)
{
    const double numbers[] = {-(double)INFINITY, -1e308,     -1.5, -5e-324, 0.0, 5e-324, 1.0, 1e308,
                              (double)INFINITY,  (double)NAN};

    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        double back = sb_number_of_order(sb_number_order(numbers[i]));
        assert_true(back == numbers[i] || (isnan(back) && isnan(numbers[i])));
        assert_true(i == 0 || sb_number_order(numbers[i - 1]) < sb_number_order(numbers[i]));
    }
    assert_true(sb_number_order(-0.0) == sb_number_order(0.0));
    assert_true(sb_number_order(-(double)NAN) == sb_number_order((double)NAN));
}

/* Shapes that make a careless quicksort slow: sorted, equal, few values, an organ pipe. */
static void fill(int64_t *orders, int64_t count, int shape, uint64_t *random)
{
    for (int64_t i = 0; i < count; i++) {
        switch (shape) {
        case 0:
            orders[i] = i;
            break;
        case 1:
            orders[i] = count - i;
            break;
        case 2:
            orders[i] = 7;
            break;
        case 3:
            orders[i] = (int64_t)(test_random(random) % 5);
            break;
        case 4:
            orders[i] = i < count / 2 ? i : count - i;
            break;
        default:
            orders[i] = (int64_t)test_random(random);
            break;
        }
    }
}

static void sorts_and_selects_every_shape(void **state)
{
    static int64_t orders[COUNT_MAX];
    static int64_t expected[COUNT_MAX];
    uint64_t random = test_seed();

    for (int round = 0; round < 300; round++) {
        int64_t count = 1 + (int64_t)(test_random(&random) % COUNT_MAX);
        int64_t rank = (int64_t)(test_random(&random) % (uint64_t)count);

        fill(orders, count, round % 6, &random);
        memcpy(expected, orders, sizeof *orders * (size_t)count);
        qsort(expected, (size_t)count, sizeof *expected, compare);
        sb_orders_select(orders, count, rank);
        assert_int_equal(orders[rank], expected[rank]);
        for (int64_t i = 0; i < count; i++) {
            assert_true(i < rank ? orders[i] <= orders[rank] : orders[i] >= orders[rank]);
        }
        sb_orders_sort(orders, count);
        assert_memory_equal(orders, expected, sizeof *orders * (size_t)count);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(order_is_that_of_numbers_with_nan_above_all),
        cmocka_unit_test(sorts_and_selects_every_shape),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
