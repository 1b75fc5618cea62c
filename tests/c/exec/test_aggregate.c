// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "columnar/builder.h"
#include "support/aggregate_plan.h"
#include "support/test.h"

static void folds_each_group_into_one_row(void **state)
{
    RUN("k: int64, v: int32", 1, "1, 10; 2, 20; 1, 5; 2, null; 1, -3",
        "1, 3, 3, 12, 4.0, -3, 10; 2, 2, 1, 20, 20.0, 20, 20", CALL(COUNT_ROWS, -1), CALL(COUNT, 1),
        CALL(SUM, 1), CALL(MEAN, 1), CALL(MIN, 1), CALL(MAX, 1));
}

static void a_group_without_values_has_null_results(void **state)
{
    RUN("k: utf8, v: float64", 1, "'a', null; 'a', null", "'a', 2, 0, null, null, null, null",
        CALL(COUNT_ROWS, -1), CALL(COUNT, 1), CALL(SUM, 1), CALL(MEAN, 1), CALL(MIN, 1),
        CALL(MAX, 1));
}

static void null_keys_are_one_group_and_so_are_nans_and_zeros(void **state)
{
    RUN("k: float64, v: int64", 1, "null, 1; nan, 2; -0.0, 4; 0.0, 8; null, 16; nan, 32; 1.5, 64",
        "null, 17; nan, 34; 0.0, 12; 1.5, 64", CALL(SUM, 1));
}

static void a_null_in_one_of_two_keys_makes_a_group_of_its_own(void **state)
{
    RUN("a: int64, b: utf8, v: int64", 2,
        "1, 'x', 1; 1, null, 2; null, 'x', 4; null, null, 8; 1, null, 16; 0, 'x', 32",
        "1, 'x', 1; 1, null, 18; null, 'x', 4; null, null, 8; 0, 'x', 32", CALL(SUM, 2));
}

static void no_key_gives_one_row(void **state)
{
    RUN("v: int64, t: utf8", 0, "3, 'b'; null, 'a'; 5, null", "3, 2, 8, 4.0, 'a', 'b'",
        CALL(COUNT_ROWS, -1), CALL(COUNT, 0), CALL(SUM, 0), CALL(MEAN, 0), CALL(MIN, 1),
        CALL(MAX, 1));
}

static void no_key_gives_one_row_even_over_no_input(void **state)
{
    RUN("v: int64", 0, "", "0, 0, null, null, null, null", CALL(COUNT_ROWS, -1), CALL(COUNT, 0),
        CALL(SUM, 0), CALL(MEAN, 0), CALL(MIN, 0), CALL(MAX, 0));
}

static void a_key_over_no_input_gives_no_row(void **state)
{
    RUN("k: int64, v: int64", 1, "", "", CALL(SUM, 1));
}

static void nan_is_the_greatest_number(void **state)
{
    RUN("k: int64, v: float64", 1, "1, nan; 1, 2.5; 1, inf; 2, nan; 3, -0.0; 3, -inf",
        "1, 2.5, nan; 2, nan, nan; 3, -inf, 0.0", CALL(MIN, 1), CALL(MAX, 1));
}

static void sums_may_leave_the_range_on_the_way(void **state)
{
    RUN("k: int64, v: int64", 1,
        "1, 9223372036854775807; 1, 9223372036854775807; 1, -9223372036854775807; 1, -5",
        "1, 9223372036854775802, 2.3058430092136940e18", CALL(SUM, 1), CALL(MEAN, 1));
}

static void sums_may_leave_the_range_between_fences(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct aggregate_plan plan;

    aggregate_plan_init(&plan, test_schema("k: int64, v: int64, u: uint64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_SUM, 1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_ROWS, -1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_MIN, 1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_MEAN, 2, 0);
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1), SB_OK);
    for (int i = 0; i < 6; i++) {
        test_push_rows(&harness, plan.input,
                       i < 3 ? "1, 9223372036854775807, 18446744073709551615; 2, 1, 1"
                             : "1, -9223372036854775807, 18446744073709551615; 2, 1, 1");
        assert_int_equal(op_harness_flush(&harness), SB_OK);
    }
    test_push_rows(&harness, plan.input, "1, 5, null");
    assert_int_equal(op_harness_end(&harness), SB_OK);
    test_expect_rows(&harness,
                     "1, 5, 7, -9223372036854775807, 18446744073709551615.0; 2, 6, 6, 1, 1.0");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

static void any_word_may_be_a_key(void **state)
{
    // The first is what tables mark empty slots with.
    RUN("k: int64, v: int64", 1,
        "6534857275711415761, 1; 0, 2; -1, 4; 6534857275711415761, 8; 0, 16; -1, 32",
        "6534857275711415761, 9; 0, 18; -1, 36", CALL(SUM, 1));
}

/*
 * sb_hash64() of the first key is what sb_hash_combine() takes it to 0 with, so that all keys that
 * begin with it have one hash. The other first key is what tables mark new rows with.
 */
static void keys_of_one_hash_are_told_apart(void **state)
{
    RUN("a: int64, b: int64, v: int64", 2,
        "-3597666858376259525, 1, 1; -3597666858376259525, 2, 2; -3597666858376259525, 1, 4; "
        "-3597666858376259525, 3, 8; 7, 1, 16; -3597666858376259525, 2, 32; 7, 1, 64; "
        "6534857275711415761, 1, 128; 6534857275711415761, 2, 256; 6534857275711415761, 1, 512",
        "-3597666858376259525, 1, 5, 2, 4; -3597666858376259525, 2, 34, 2, 32; "
        "-3597666858376259525, 3, 8, 1, 8; 7, 1, 80, 2, 64; 6534857275711415761, 1, 640, 2, 512; "
        "6534857275711415761, 2, 256, 1, 256",
        CALL(SUM, 2), CALL(COUNT_ROWS, -1), CALL(MAX, 2));
    RUN("a: int64, b: int64, v: int64", 2, // the steps of one pass
        "-3597666858376259525, 1, 1; -3597666858376259525, 2, 2; -3597666858376259525, 1, 4",
        "-3597666858376259525, 1, 5, 2; -3597666858376259525, 2, 2, 1", CALL(SUM, 2),
        CALL(COUNT_ROWS, -1));
}

static void texts_of_any_length_are_keys(void **state)
{
    RUN("t: utf8, v: int64", 1,
        "'', 1; '123456789012', 2; '1234567890123', 4; '1234567890123456', 8; "
        "'12345678901234567', 16; '12345678901234567890123', 32; '123456789012345678901234', 64; "
        "'', 128; '123456789012', 256; '1234567890123', 512; '1234567890123456', 1024; "
        "'12345678901234567', 2048; '12345678901234567890123', 4096; "
        "'123456789012345678901234', 8192; null, 16384",
        "'', 129; '123456789012', 258; '1234567890123', 516; '1234567890123456', 1032; "
        "'12345678901234567', 2064; '12345678901234567890123', 4128; "
        "'123456789012345678901234', 8256; null, 16384",
        CALL(SUM, 1));
}

static void a_sum_that_does_not_fit_names_column_and_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct aggregate_plan plan;

    for (int32_t key_count = 0; key_count <= 1; key_count++) {
        aggregate_plan_init(&plan, test_schema("k: int64, price: int64"), key_count);
        aggregate_plan_call(&plan, SB_AGGREGATE_SUM, 1, 0);
        aggregate_plan_finish(&plan);
        assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1),
                         SB_OK);
        test_push_rows(&harness, plan.input, "1, 9223372036854775807; 1, 1");
        assert_int_equal(op_harness_end(&harness), SB_FAILED);
        assert_string_equal(harness.error.message,
                            "the sum of column 'price' does not fit int64; cast the column to "
                            "float64 or decimal128(38, 0) first");
        op_harness_deinit(&harness);
        aggregate_plan_deinit(&plan);
    }
    sb_memory_release(memory);
}

static void decimals_are_summed_exactly(void **state)
{
    RUN("k: bool, v: decimal128(38, 2)", 1,
        "true, 999999999999999999999999999999999999.98; true, 0.01; false, -1.50; false, 1.25",
        "true, 999999999999999999999999999999999999.99, 0.01; false, -0.25, -1.50", CALL(SUM, 1),
        CALL(MIN, 1));
}

static void unsigned_sums_reach_the_end_of_uint64(void **state)
{
    RUN("k: int8, v: uint64", 1, "1, 18446744073709551614; 1, 1",
        "1, 18446744073709551615, 18446744073709551614", CALL(SUM, 1), CALL(MAX, 1));
}

// --- many groups ---------------------------------------------------------------------------------

/* `row_count` rows of keys 0..key_count in a scattered order, value = key. */
static void push_sequence(struct op_harness *harness, const struct aggregate_plan *plan,
                          int64_t row_count, int64_t key_count)
{
    enum { BATCH_ROWS = 20000 };

    for (int64_t first = 0; first < row_count; first += BATCH_ROWS) {
        int64_t count = row_count - first < BATCH_ROWS ? row_count - first : BATCH_ROWS;
        struct sb_batch batch;

        assert_int_equal(sb_batch_init(&batch, harness->memory, plan->input, count, NULL), SB_OK);
        for (int32_t c = 0; c < 2; c++) {
            struct sb_builder builder;
            sb_builder_init(&builder, harness->memory, &plan->input->fields[c].type);
            for (int64_t i = first; i < first + count; i++) {
                int64_t key = (i * 7919) % key_count;
                assert_int_equal(sb_builder_append_fixed(&builder, &key, NULL), SB_OK);
            }
            assert_int_equal(sb_builder_finish(&builder, &batch.columns[c], NULL), SB_OK);
        }
        assert_int_equal(op_harness_push(harness, (int32_t)(first / BATCH_ROWS % 2), 0, &batch),
                         SB_OK);
        assert_int_equal(op_harness_apply(harness, 0), SB_OK);
    }
}

static void check_sequence(const struct op_harness *harness, int64_t row_count, int64_t key_count)
{
    int64_t group_count = 0;

    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        const int64_t *keys = sb_column_fixed(&batch->columns[0], 8);
        const int64_t *counts = sb_column_fixed(&batch->columns[1], 8);
        const int64_t *sums = sb_column_fixed(&batch->columns[2], 8);
        for (int64_t row = 0; row < batch->row_count; row++) {
            if (!sb_column_is_null(&batch->columns[0], row)) {
                assert_int_equal(counts[row], row_count / key_count);
                assert_int_equal(sums[row], counts[row] * keys[row]);
                group_count++;
            }
        }
    }
    assert_int_equal(group_count, key_count);
}

/* Goes on in a new operator from a snapshot. */
static void restart(struct op_harness *harness, const struct aggregate_plan *plan)
{
    struct sb_memory *memory = harness->memory;
    struct test_batches snapshot = {0};
    struct op_harness next;

    assert_int_equal(op_harness_snapshot(harness, &snapshot), SB_OK);
    assert_int_equal(op_harness_init(&next, sb_aggregate_create, &plan->node, memory, 2), SB_OK);
    memcpy(next.ledger, harness->ledger, sizeof next.ledger);
    next.rows_in = harness->rows_in;
    assert_int_equal(op_harness_restore(&next, &snapshot, 5000), SB_OK);
    op_harness_deinit(harness);
    *harness = next;
    test_batches_deinit(&snapshot, memory);
}

static void groups_may_be_many(void **state)
{
    static const int64_t key_counts[] = {1, 100, 5000, 60000, 300000};

    for (size_t i = 0; i < sizeof key_counts / sizeof key_counts[0]; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct aggregate_plan plan;

        aggregate_plan_init(&plan, test_schema("k: int64, v: int64"), 1);
        aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_ROWS, -1, 0);
        aggregate_plan_call(&plan, SB_AGGREGATE_SUM, 1, 0);
        aggregate_plan_finish(&plan);
        assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2),
                         SB_OK);
        push_sequence(&harness, &plan, 600000, key_counts[i]);
        test_push_rows(&harness, plan.input,
                       "null, 1"); // so that some groups have rows of both forms
        restart(&harness, &plan);
        push_sequence(&harness, &plan, 600000, key_counts[i]);
        assert_int_equal(op_harness_end(&harness), SB_OK);
        check_sequence(&harness, 1200000, key_counts[i]);
        assert_true(op_harness_is_balanced(&harness));
        op_harness_deinit(&harness);
        aggregate_plan_deinit(&plan);
        sb_memory_release(memory);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folds_each_group_into_one_row),
        cmocka_unit_test(a_group_without_values_has_null_results),
        cmocka_unit_test(null_keys_are_one_group_and_so_are_nans_and_zeros),
        cmocka_unit_test(a_null_in_one_of_two_keys_makes_a_group_of_its_own),
        cmocka_unit_test(no_key_gives_one_row),
        cmocka_unit_test(no_key_gives_one_row_even_over_no_input),
        cmocka_unit_test(a_key_over_no_input_gives_no_row),
        cmocka_unit_test(nan_is_the_greatest_number),
        cmocka_unit_test(sums_may_leave_the_range_on_the_way),
        cmocka_unit_test(sums_may_leave_the_range_between_fences),
        cmocka_unit_test(any_word_may_be_a_key),
        cmocka_unit_test(keys_of_one_hash_are_told_apart),
        cmocka_unit_test(texts_of_any_length_are_keys),
        cmocka_unit_test(a_sum_that_does_not_fit_names_column_and_type),
        cmocka_unit_test(decimals_are_summed_exactly),
        cmocka_unit_test(unsigned_sums_reach_the_end_of_uint64),
        cmocka_unit_test(groups_may_be_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
