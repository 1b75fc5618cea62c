// SPDX-License-Identifier: Apache-2.0
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "state/distinct_sketch.h"
#include "state/quantile_sketch.h"
#include "support/seed.h"
#include "support/test.h"

enum { BYTES_MAX = 64 * 1024 };

static uint8_t *sketch_bytes(void)
{
    return calloc(1, BYTES_MAX);
}

static void check_count(const uint8_t *sketch, int64_t expected)
{
    double error = fabs((double)(sb_distinct_sketch_count(sketch) - expected));

    if (error > 0.065 * (double)expected + 1) { // four standard errors
        fail_msg("%d instead of %d", (int)sb_distinct_sketch_count(sketch), (int)expected);
    }
    assert_true(sb_distinct_sketch_is_valid(sketch, sb_distinct_sketch_size(sketch)));
}

static void counts_within_its_error_at_every_size(void **state)
{
    uint8_t *sketch = sketch_bytes();
    uint64_t random = test_seed();
    uint64_t base = test_random(&random);
    int64_t next_check = 1;

    sb_distinct_sketch_init(sketch);
    assert_int_equal(sb_distinct_sketch_count(sketch), 0);
    for (int64_t i = 1; i <= 1000000; i++) {
        uint64_t hash = sb_hash64(base + (uint64_t)i);
        assert_true(sb_distinct_sketch_room(sketch) >= sb_distinct_sketch_size(sketch));
        sb_distinct_sketch_add(sketch, hash);
        sb_distinct_sketch_add(sketch, hash); // again: no difference
        if (i == next_check) {
            check_count(sketch, i);
            next_check += 1 + next_check / 3;
        }
    }
    free(sketch);
}

static void merging_distinct_sketches_equals_one_of_all(void **state)
{
    uint64_t random = test_seed();
    const int64_t sizes[] = {0, 1, 50, 190, 250, 5000};

    for (size_t a = 0; a < 6; a++) {
        for (size_t b = 0; b < 6; b++) {
            uint8_t *one = sketch_bytes();
            uint8_t *two = sketch_bytes();
            uint8_t *all = sketch_bytes();
            sb_distinct_sketch_init(one);
            sb_distinct_sketch_init(two);
            sb_distinct_sketch_init(all);
            for (int64_t i = 0; i < sizes[a] + sizes[b]; i++) {
                uint64_t hash = test_random(&random);
                sb_distinct_sketch_add(i < sizes[a] ? one : two, hash);
                sb_distinct_sketch_add(all, hash);
            }
            assert_true(sb_distinct_sketch_merge_room(one, two) <= SB_DISTINCT_SKETCH_SIZE_MAX);
            sb_distinct_sketch_merge(one, two);
            assert_int_equal(sb_distinct_sketch_count(one), sb_distinct_sketch_count(all));
            free(one);
            free(two);
            free(all);
        }
    }
}

/* Numbers 0 .. count - 1 in some order, so that a number is its rank. */
static double number_at(int64_t i, int64_t count, int shape)
{
    return (double)(shape == 0   ? i
                    : shape == 1 ? count - 1 - i
                                 : (int64_t)(((uint64_t)i * UINT64_C(2654435761)) %
                                             (uint64_t)count)); // count is prime or a power of 2
}

static void check_quantiles(const uint8_t *sketch, int64_t count)
{
    assert_true(sb_quantile_sketch_is_valid(sketch, sb_quantile_sketch_size(sketch)));
    for (int percent = 1; percent < 100; percent++) {
        double value = sb_quantile_sketch_get(sketch, percent / 100.0);
        double expected = percent / 100.0 * (double)(count - 1);
        double allowed = count <= 256 ? 1e-9 * (double)count : 0.02 * (double)count;
        if (fabs(value - expected) > allowed) {
            fail_msg("p%d of %d numbers: %g, rank off by %g", percent, (int)count, value,
                     fabs(value - expected));
        }
    }
}

static void quantiles_are_within_two_percent_in_any_order(void **state)
{
    static const int64_t counts[] = {1, 2, 256, 257, 4096, 65537, 1048576};

    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        for (int shape = 0; shape < 3; shape++) {
            uint8_t *sketch = sketch_bytes();
            sb_quantile_sketch_init(sketch);
            for (int64_t i = 0; i < counts[c]; i++) {
                assert_true(sb_quantile_sketch_room(sketch) < BYTES_MAX);
                sb_quantile_sketch_add(sketch, number_at(i, counts[c], shape));
            }
            check_quantiles(sketch, counts[c]);
            assert_true(sb_quantile_sketch_size(sketch) < 10000);
            free(sketch);
        }
    }
}

static void merged_quantile_sketches_keep_the_bound(void **state)
{
    enum { PARTS = 64, COUNT = 1 << 18 };
    uint8_t *all = sketch_bytes();

    sb_quantile_sketch_init(all);
    for (int64_t part = 0; part < PARTS; part++) { // each part has numbers of its own range
        uint8_t *sketch = sketch_bytes();
        int64_t first = part * (COUNT / PARTS);
        sb_quantile_sketch_init(sketch);
        for (int64_t i = first; i < first + COUNT / PARTS; i++) {
            sb_quantile_sketch_add(sketch, (double)i);
        }
        assert_true(sb_quantile_sketch_merge_room(all, sketch) < BYTES_MAX);
        sb_quantile_sketch_merge(all, sketch);
        free(sketch);
    }
    check_quantiles(all, COUNT);
    free(all);
}

static void refuses_bytes_that_are_no_sketch(void **state)
{
    uint8_t *sketch = sketch_bytes();

    assert_false(sb_distinct_sketch_is_valid(sketch, 16));
    assert_false(sb_quantile_sketch_is_valid(sketch, SB_QUANTILE_SKETCH_SIZE_MIN));
    sb_distinct_sketch_init(sketch);
    sb_distinct_sketch_add(sketch, UINT64_C(0x123456789abcdef));
    assert_true(sb_distinct_sketch_is_valid(sketch, 20));
    assert_false(sb_distinct_sketch_is_valid(sketch, 19));
    sketch[18] = 0xff; // a register that there is not
    assert_false(sb_distinct_sketch_is_valid(sketch, 20));
    sb_quantile_sketch_init(sketch);
    sb_quantile_sketch_add(sketch, 1.0);
    assert_true(sb_quantile_sketch_is_valid(sketch, sb_quantile_sketch_size(sketch)));
    sketch[1] = 3; // levels without numbers are fine, numbers without a level are not
    assert_true(sb_quantile_sketch_is_valid(sketch, sb_quantile_sketch_size(sketch)));
    sketch[16] = 2;
    assert_false(sb_quantile_sketch_is_valid(sketch, sb_quantile_sketch_size(sketch)));
    free(sketch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_within_its_error_at_every_size),
        cmocka_unit_test(merging_distinct_sketches_equals_one_of_all),
        cmocka_unit_test(quantiles_are_within_two_percent_in_any_order),
        cmocka_unit_test(merged_quantile_sketches_keep_the_bound),
        cmocka_unit_test(refuses_bytes_that_are_no_sketch),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
