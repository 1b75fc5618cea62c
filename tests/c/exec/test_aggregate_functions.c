// SPDX-License-Identifier: Apache-2.0
/*
 * The functions beside sum, count, mean, min and max, and emission of updates.
 */
#include "columnar/builder.h"
#include "support/aggregate_plan.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static void first_and_last_follow_row_order_and_pass_over_nulls(void **state)
{
    RUN("k: int64, v: utf8, w: float64", 1,
        "1, null, 1.5; 2, 'b', null; 1, 'a long text of a first row', -0.0; 2, 'c', null; "
        "1, 'z', 2.5; 2, null, null",
        "1, 'a long text of a first row', 'z', 1.5, 2.5; 2, 'b', 'c', null, null", CALL(FIRST, 1),
        CALL(LAST, 1), CALL(FIRST, 2), CALL(LAST, 2));
}

static void variance_of_a_sample_needs_two_values(void **state)
{
    RUN("k: int64, v: int32", 1, "1, 2; 1, 4; 1, 4; 1, 4; 1, 5; 1, 5; 1, 7; 1, 9; 2, 3; 3, null",
        "1, 4.571428571428571, 4.0, 2.0; 2, null, 0.0, 0.0; 3, null, null, null", CALL(VARIANCE, 1),
        CALL(VARIANCE_POP, 1), CALL(STDDEV_POP, 1));
}

static void variance_keeps_its_digits_far_from_zero(void **state)
{
    RUN("k: int64, v: float64", 1,
        "1, 1000000000004.0; 1, 1000000000007.0; 1, 1000000000013.0; "
        "1, 1000000000016.0",
        "1, 30.0", CALL(VARIANCE, 1));
    RUN("v: float64", 0, "1000000000004.0; 1000000000007.0; 1000000000013.0; 1000000000016.0",
        "30.0", CALL(VARIANCE, 0));
}

static void distinct_counts_pass_over_nulls_and_know_nan_and_zero(void **state)
{
    RUN("k: utf8, v: float64, t: utf8", 1,
        "'a', 0.0, 'x'; 'a', -0.0, 'a text beyond twelve bytes'; 'a', nan, 'x'; 'a', nan, null; "
        "'a', null, 'a text beyond twelve bytes'; 'b', null, null; null, 1.0, 'x'",
        "'a', 2, 2, 5; 'b', 0, 0, 1; null, 1, 1, 1", CALL(COUNT_DISTINCT, 1),
        CALL(COUNT_DISTINCT, 2), CALL(COUNT_ROWS, -1));
    RUN("v: int64", 0, "1; 2; 2; null; 3; 1", "3, 6", CALL(COUNT_DISTINCT, 0),
        CALL(COUNT_ROWS, -1));
}

static void distinct_words_know_null_keys_zero_and_keys_without_a_value(void **state)
{
    // Only distinct counts of words: rows without a null are known by their values alone.
    RUN("k: int64, v: int32, w: float64", 1,
        "1, 0, 0.0; 1, 0, -0.0; 1, 1, nan; 1, null, nan; 0, 0, 0.0; 2, null, null; null, 5, 1.0; "
        "null, 5, 2.0; null, null, null; 0, 0, null; -1, 0, 1.0",
        "1, 2, 2; 0, 1, 1; 2, 0, 0; null, 1, 2; -1, 1, 1", CALL(COUNT_DISTINCT, 1),
        CALL(COUNT_DISTINCT, 2));
    // The same beside a step that is none.
    RUN("k: bool, v: uint64", 1,
        "true, 18446744073709551615; false, 0; true, 0; null, 0; true, 0; false, null",
        "true, 2, 3; false, 1, 2; null, 1, 1", CALL(COUNT_DISTINCT, 1), CALL(COUNT_ROWS, -1));
    RUN("v: float64", 0, "0.0; -0.0; nan; null; nan; 1.0", "3", CALL(COUNT_DISTINCT, 0));
}

static void quantiles_are_linear_between_neighbours(void **state)
{
    RUN("k: int64, v: int64", 1, "1, 40; 1, 10; 1, 30; 1, 20; 2, 7; 3, null",
        "1, 25.0, 11.5, 39.699999999999996; 2, 7.0, 7.0, 7.0; 3, null, null, null",
        QUANTILE_CALL(QUANTILE, 1, 0.5), QUANTILE_CALL(QUANTILE, 1, 0.05),
        QUANTILE_CALL(QUANTILE, 1, 0.99));
    RUN("k: int64, v: float64", 1, "1, nan; 1, 1.0; 1, inf; 2, -inf; 2, -inf; 2, 5.0",
        "1, inf, inf; 2, -inf, -inf", QUANTILE_CALL(QUANTILE, 1, 0.5),
        QUANTILE_CALL(QUANTILE, 1, 0.000001));
    RUN("k: int64, v: decimal128(9, 2)", 1, "1, 1.50; 1, 2.50", "1, 2.0",
        QUANTILE_CALL(QUANTILE, 1, 0.5));
}

static void no_key_and_no_input_still_give_one_row(void **state)
{
    RUN("v: int64", 0, "", "0, 0, null, null, null, null, null", CALL(COUNT_DISTINCT, 0),
        CALL(APPROX_COUNT_DISTINCT, 0), QUANTILE_CALL(QUANTILE, 0, 0.5),
        QUANTILE_CALL(APPROX_QUANTILE, 0, 0.5), CALL(FIRST, 0), CALL(LAST, 0), CALL(STDDEV, 0));
}

static void sketches_of_few_values_are_exact(void **state)
{
    RUN("k: utf8, v: int64", 1, "'a', 1; 'a', 2; 'a', 2; 'a', null; 'b', null",
        "'a', 2, 2.0; 'b', 0, null", CALL(APPROX_COUNT_DISTINCT, 1),
        QUANTILE_CALL(APPROX_QUANTILE, 1, 0.5));
}

// --- many values ---------------------------------------------------------------------------------

/* Rows (i % key_count, (i * 7919) % value_count), by two workers. */
static void push_values(struct op_harness *harness, struct sb_schema *schema, int64_t row_count,
                        int64_t key_count, int64_t value_count)
{
    enum { BATCH_ROWS = 10000 };

    for (int64_t first = 0; first < row_count; first += BATCH_ROWS) {
        struct sb_batch batch;

        assert_int_equal(sb_batch_init(&batch, harness->memory, schema, BATCH_ROWS, NULL), SB_OK);
        for (int32_t c = 0; c < 2; c++) {
            struct sb_builder builder;
            sb_builder_init(&builder, harness->memory, &schema->fields[c].type);
            for (int64_t i = first; i < first + BATCH_ROWS; i++) {
                int64_t value = c == 0 ? i % key_count : (i * 7919) % value_count;
                assert_int_equal(sb_builder_append_fixed(&builder, &value, NULL), SB_OK);
            }
            assert_int_equal(sb_builder_finish(&builder, &batch.columns[c], NULL), SB_OK);
        }
        assert_int_equal(op_harness_push(harness, (int32_t)(first / BATCH_ROWS % 2), 0, &batch),
                         SB_OK);
        assert_int_equal(op_harness_apply(harness, 0), SB_OK);
    }
}

static void restart(struct op_harness *harness, const struct aggregate_plan *plan)
{
    struct test_batches snapshot = {0};
    struct op_harness next;

    assert_int_equal(op_harness_snapshot(harness, &snapshot), SB_OK);
    assert_int_equal(op_harness_init(&next, sb_aggregate_create, &plan->node, harness->memory, 2),
                     SB_OK);
    memcpy(next.ledger, harness->ledger, sizeof next.ledger);
    next.rows_in = harness->rows_in;
    next.rows_out = harness->rows_out;
    assert_int_equal(op_harness_restore(&next, &snapshot, 777), SB_OK);
    test_batches_deinit(&snapshot, harness->memory);
    op_harness_deinit(harness);
    *harness = next;
}

static double result_at(const struct op_harness *harness, int32_t column)
{
    const struct sb_column *values = &harness->emitted.batches[0].columns[column];

    assert_int_equal(harness->emitted.count, 1);
    assert_int_equal(harness->emitted.batches[0].row_count, 1);
    return values->type->id == SB_TYPE_INT64 ? (double)((const int64_t *)values->values)[0]
                                             : ((const double *)values->values)[0];
}

static void a_global_row_over_many_values_survives_a_snapshot(void **state)
{
    enum { ROWS = 300000, VALUES = 70001 }; // 7919 has no factor in common with VALUES
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;

    aggregate_plan_init(&plan, test_schema("v: int64, w: int64"), 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_DISTINCT, 1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_APPROX_COUNT_DISTINCT, 1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_QUANTILE, 1, 0.9);
    aggregate_plan_call(&plan, SB_AGGREGATE_APPROX_QUANTILE, 1, 0.9);
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2), SB_OK);
    push_values(&harness, plan.input, ROWS, 1, VALUES);
    restart(&harness, &plan);
    push_values(&harness, plan.input, ROWS, 1, VALUES);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    assert_true(result_at(&harness, 0) == VALUES);
    assert_true(result_at(&harness, 1) > 0.95 * VALUES && result_at(&harness, 1) < 1.05 * VALUES);
    assert_true(result_at(&harness, 2) > 0.899 * VALUES && result_at(&harness, 2) < 0.901 * VALUES);
    assert_true(result_at(&harness, 3) > 0.88 * VALUES && result_at(&harness, 3) < 0.92 * VALUES);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

static void distinct_values_of_many_keys(void **state)
{
    enum { ROWS = 400000, KEYS = 20000 };
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;
    int64_t group_count = 0;

    aggregate_plan_init(&plan, test_schema("k: int64, v: int64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_DISTINCT, 1, 0);
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2), SB_OK);
    push_values(&harness, plan.input, ROWS, KEYS, 5); // 5 divides KEYS: one value per key
    restart(&harness, &plan);
    push_values(&harness, plan.input, ROWS, KEYS, 15); // three values, one of them the same
    assert_int_equal(op_harness_end(&harness), SB_OK);
    for (int64_t b = 0; b < harness.emitted.count; b++) {
        const int64_t *counts = sb_column_fixed(&harness.emitted.batches[b].columns[1], 8);
        for (int64_t i = 0; i < harness.emitted.batches[b].row_count; i++, group_count++) {
            assert_int_equal(counts[i], 3);
        }
    }
    assert_int_equal(group_count, KEYS);
    assert_true(op_harness_is_balanced(&harness));
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

static enum sb_status attempt_distinct(struct sb_memory *memory, void *context)
{
    struct aggregate_plan *plan = context;
    struct op_harness harness;
    struct op_harness next;
    struct test_batches snapshot = {0};
    struct sb_batch batch;
    enum sb_status status = op_harness_init(&harness, sb_aggregate_create, &plan->node, memory, 1);

    if (status == SB_OK) {
        status = test_rows_parse(memory, plan->input,
                                 "1, 2; 2, null; 1, 3; null, 4; null, 4; 1, 2; 0, 0", &batch);
    }
    if (status == SB_OK) {
        status = op_harness_push(&harness, 0, 0, &batch);
    }
    if (status == SB_OK) {
        status = op_harness_snapshot(&harness, &snapshot);
    }
    op_harness_deinit(&harness);
    if (status == SB_OK) {
        status = op_harness_init(&next, sb_aggregate_create, &plan->node, memory, 1);
        if (status == SB_OK) {
            status = op_harness_restore(&next, &snapshot, 2);
        }
        if (status == SB_OK) {
            status = op_harness_end(&next);
        }
        if (status == SB_OK && memory->fail_at == 0) { // checking needs memory, too
            test_expect_rows(&next, "1, 2; 2, 0; null, 1; 0, 1");
        }
        op_harness_deinit(&next);
    }
    test_batches_deinit(&snapshot, memory);
    return status;
}

static void distinct_words_survive_a_snapshot_and_refused_memory(void **state)
{
    struct aggregate_plan plan;

    aggregate_plan_init(&plan, test_schema("k: int64, v: int64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_DISTINCT, 1, 0);
    aggregate_plan_finish(&plan);
    test_allocations(attempt_distinct, &plan);
    aggregate_plan_deinit(&plan);
}

static void distinct_values_that_lie_close_survive_a_snapshot(void **state)
{
    enum { ROWS = 90000, KEYS = 3, VALUES = 70001 };
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;
    int64_t group_count = 0;

    aggregate_plan_init(&plan, test_schema("k: int64, v: int64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_DISTINCT, 1, 0);
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2), SB_OK);
    push_values(&harness, plan.input, ROWS, KEYS, VALUES); // each key other values every time
    restart(&harness, &plan);
    push_values(&harness, plan.input, 10000, KEYS, 1); // 0, which keys 0 and 2 have
    assert_int_equal(op_harness_end(&harness), SB_OK);
    for (int64_t b = 0; b < harness.emitted.count; b++) {
        const int64_t *keys = sb_column_fixed(&harness.emitted.batches[b].columns[0], 8);
        const int64_t *counts = sb_column_fixed(&harness.emitted.batches[b].columns[1], 8);
        for (int64_t i = 0; i < harness.emitted.batches[b].row_count; i++, group_count++) {
            assert_int_equal(counts[i], ROWS / KEYS + (keys[i] == 1));
        }
    }
    assert_int_equal(group_count, KEYS);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

static const struct sb_field list_item = {
    .name = "item", .type = {.id = SB_TYPE_INT64}, .is_nullable = true};

/* `key_count` keys; what push_values() gave, `passes` times over `row_count` rows, in order. */
static void check_lists(const struct op_harness *harness, int64_t row_count, int64_t key_count,
                        int64_t value_count, int64_t passes)
{
    int64_t group_count = 0;

    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        const int64_t *keys = sb_column_fixed(&batch->columns[0], 8);
        struct sb_column items = sb_column_child(&batch->columns[1], 0);
        const int64_t *values = sb_column_fixed(&items, 8);
        for (int64_t row = 0; row < batch->row_count; row++, group_count++) {
            struct sb_range range = sb_column_range(&batch->columns[1], row);
            assert_int_equal(range.count, passes * (row_count / key_count));
            for (int64_t i = 0; i < range.count; i++) {
                int64_t place = keys[row] + (i % (row_count / key_count)) * key_count;
                assert_int_equal(values[range.first + i], (place * 7919) % value_count);
            }
        }
    }
    assert_int_equal(group_count, key_count);
}

static enum sb_status attempt_lists(struct sb_memory *memory, void *context)
{
    struct aggregate_plan *plan = context;
    struct op_harness harness;
    struct sb_batch batch;
    enum sb_status status = op_harness_init(&harness, sb_aggregate_create, &plan->node, memory, 1);

    if (status == SB_OK) {
        status =
            test_rows_parse(memory, plan->input, "1, 2; 2, null; 1, 3; 1, 4; 1, 5; 1, 6", &batch);
    }
    if (status == SB_OK) {
        status = op_harness_push(&harness, 0, 0, &batch);
    }
    if (status == SB_OK) {
        status = op_harness_end(&harness);
    }
    op_harness_deinit(&harness);
    return status;
}

static void lists_are_in_row_order_after_a_snapshot(void **state)
{
    enum { ROWS = 20000, KEYS = 100, VALUES = 10007 };
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;
    int64_t ordered_count;

    aggregate_plan_init(&plan, test_schema("k: int64, v: int64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_LIST, 1, 0);
    plan.calls[0].result =
        (struct sb_type){.id = SB_TYPE_LIST, .child_count = 1, .children = &list_item};
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2), SB_OK);
    push_values(&harness, plan.input, ROWS, KEYS, VALUES);
    ordered_count = harness.ordered_count;
    restart(&harness, &plan);
    harness.ordered_count = ordered_count;
    push_values(&harness, plan.input, ROWS, KEYS, VALUES);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    check_lists(&harness, ROWS, KEYS, VALUES, 2);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    sb_memory_release(memory);
    test_allocations(attempt_lists, &plan);
    aggregate_plan_deinit(&plan);
}

// --- updates -------------------------------------------------------------------------------------

static void updates_hold_what_has_changed_since_the_last_round(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;

    aggregate_plan_init(&plan, test_schema("k: utf8, v: int64"), 1);
    aggregate_plan_call(&plan, SB_AGGREGATE_SUM, 1, 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT_DISTINCT, 1, 0);
    plan.node.spec.aggregate.emits_updates = true;
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1), SB_OK);
    assert_true(harness.op->flushes_each_run);

    test_push_rows(&harness, plan.input, "'a', 1; 'b', 2; 'a', 3");
    assert_int_equal(op_harness_flush(&harness), SB_OK);
    test_expect_rows(&harness, "'a', 4, 2; 'b', 2, 1");
    test_push_rows(&harness, plan.input, "'b', 2");
    assert_int_equal(op_harness_flush(&harness), SB_OK);
    test_expect_rows(&harness, "'a', 4, 2; 'b', 2, 1; 'b', 4, 1");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(op_harness_flush(&harness), SB_OK); // nothing new, nothing said
    assert_int_equal(op_harness_end(&harness), SB_OK);
    test_expect_rows(&harness, "'a', 4, 2; 'b', 2, 1; 'b', 4, 1");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

static void updates_of_no_key_and_no_input_are_one_row(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct aggregate_plan plan;
    struct op_harness harness;

    aggregate_plan_init(&plan, test_schema("v: int64"), 0);
    aggregate_plan_call(&plan, SB_AGGREGATE_COUNT, 0, 0);
    plan.node.spec.aggregate.emits_updates = true;
    aggregate_plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1), SB_OK);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    test_expect_rows(&harness, "0");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    aggregate_plan_deinit(&plan);
    sb_memory_release(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(first_and_last_follow_row_order_and_pass_over_nulls),
        cmocka_unit_test(variance_of_a_sample_needs_two_values),
        cmocka_unit_test(variance_keeps_its_digits_far_from_zero),
        cmocka_unit_test(distinct_counts_pass_over_nulls_and_know_nan_and_zero),
        cmocka_unit_test(distinct_words_know_null_keys_zero_and_keys_without_a_value),
        cmocka_unit_test(quantiles_are_linear_between_neighbours),
        cmocka_unit_test(no_key_and_no_input_still_give_one_row),
        cmocka_unit_test(sketches_of_few_values_are_exact),
        cmocka_unit_test(a_global_row_over_many_values_survives_a_snapshot),
        cmocka_unit_test(distinct_values_of_many_keys),
        cmocka_unit_test(distinct_values_that_lie_close_survive_a_snapshot),
        cmocka_unit_test(distinct_words_survive_a_snapshot_and_refused_memory),
        cmocka_unit_test(lists_are_in_row_order_after_a_snapshot),
        cmocka_unit_test(updates_hold_what_has_changed_since_the_last_round),
        cmocka_unit_test(updates_of_no_key_and_no_input_are_one_row),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
