// SPDX-License-Identifier: Apache-2.0
/*
 * test_unnest.c - lists of every layout and of many elements, in slices and selections, against the
 * plain definition: a row for each element of each row's list.
 */
#include <stdlib.h>

#include "support/allocation.h"
#include "support/op_harness.h"
#include "support/random_value.h"
#include "support/seed.h"
#include "support/test.h"

static const char *const types[] = {
    "list<item: int64>",
    "large_list<item: utf8>",
    "list_view<item: utf8_view>",
    "large_list_view<item: bool>",
    "fixed_size_list<item: decimal256(40, 2)>[3]",
    "fixed_size_list<item: int8>[0]",
    "map<utf8, int64>",
    "list<item: list<item: int16>>",
    "list<item: struct<a: int64, b: list<item: utf8>>>",
    "large_list<item: dictionary<int8, utf8>>",
    "list<item: run_end_encoded<int16, float64>>",
    "list<item: null>",
    "list<item: fixed_size_binary[5]>",
};
enum {
    TYPE_COUNT = sizeof types / sizeof types[0],
    OUTPUT_ROWS_MAX = 64 * 1024,
};

/* Rows (id, lists, name), which become (id, element, name). */
struct plan {
    struct sb_arena arena;
    struct sb_schema *input;
    struct sb_schema *output;
    struct sb_node source;
    struct sb_node *inputs[1];
    struct sb_node node;
};

static void plan_init(struct plan *plan, const char *type, bool keeps_empty)
{
    struct sb_field fields[3] = {
        {.name = "id", .type = {.id = SB_TYPE_INT64}},
        {.name = "l", .is_nullable = true},
        {.name = "name", .type = {.id = SB_TYPE_UTF8}, .is_nullable = true},
    };

    *plan = (struct plan){.arena = {.memory = sb_memory_global()}};
    assert_int_equal(sb_type_parse(type, &plan->arena, &fields[1].type, NULL), SB_OK);
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, 3, &plan->input, NULL), SB_OK);
    fields[1].type = fields[1].type.children[0].type;
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, 3, &plan->output, NULL), SB_OK);
    plan->source = (struct sb_node){.schema = plan->input};
    plan->inputs[0] = &plan->source;
    plan->node = (struct sb_node){
        .type = SB_NODE_FLAT_MAP,
        .input_count = 1,
        .inputs = plan->inputs,
        .max_parallelism = 1,
        .schema = plan->output,
        .spec.unnest = {.column = 1, .keeps_empty = keeps_empty},
    };
}

static void plan_deinit(struct plan *plan)
{
    sb_schema_release(plan->input);
    sb_schema_release(plan->output);
    sb_arena_deinit(&plan->arena);
}

static void batch_random(const struct plan *plan, int64_t row_count, struct sb_batch *out,
                         uint64_t *random)
{
    assert_int_equal(sb_batch_init(out, sb_memory_global(), plan->input, row_count, NULL), SB_OK);
    for (int32_t c = 0; c < 3; c++) {
        struct sb_builder builder;

        sb_builder_init(&builder, sb_memory_global(), &plan->input->fields[c].type);
        for (int64_t i = 0; i < row_count; i++) {
            if (c == 0) {
                assert_int_equal(sb_builder_append_fixed(&builder, &i, NULL), SB_OK);
            } else {
                test_value_append_random(&builder, true, random);
            }
        }
        assert_int_equal(sb_builder_finish(&builder, &out->columns[c], NULL), SB_OK);
    }
}

/* Makes list views point backwards: rows in another order keep the child they had. */
static void batch_shuffle(struct sb_batch *batch, uint64_t *random)
{
    struct sb_column column;
    uint32_t *rows = malloc(sizeof *rows * (size_t)(batch->row_count + 1));

    for (int64_t i = 0; i < batch->row_count; i++) {
        rows[i] = (uint32_t)(test_random(random) % (uint64_t)batch->row_count);
    }
    assert_int_equal(sb_column_gather(&batch->columns[1], rows, batch->row_count,
                                      sb_memory_global(), &column, NULL),
                     SB_OK);
    sb_column_deinit(&batch->columns[1]);
    sb_batch_adopt_column(batch, 1, &column);
    free(rows);
}

static void batch_select(struct sb_batch *batch, uint64_t *random)
{
    int64_t count = 0;

    assert_int_equal(
        sb_selection_create(sb_memory_global(), batch->row_count, &batch->selection, NULL), SB_OK);
    for (int64_t i = 0; i < batch->row_count; i++) {
        if (test_random(random) % 3 != 0) {
            batch->selection->rows[count++] = (uint32_t)i;
        }
    }
    batch->row_count = count;
}

/* What must come out, as rows of the input and of the lists' child. */
struct expected {
    uint32_t *rows;
    uint32_t *elements;
    int64_t count;
    int64_t filtered_count;
    int64_t added_count;
};

static void expected_add(struct expected *expected, int64_t row, int64_t element)
{
    if ((expected->count & (expected->count - 1)) == 0) {
        size_t size = sizeof(uint32_t) * (size_t)(2 * expected->count + 1);

        expected->rows = realloc(expected->rows, size);
        expected->elements = realloc(expected->elements, size);
    }
    expected->rows[expected->count] = (uint32_t)row;
    expected->elements[expected->count++] = (uint32_t)element;
}

static void expected_make(const struct sb_batch *batch, bool keeps_empty, struct expected *out)
{
    const uint32_t *rows = sb_batch_rows(batch);

    *out = (struct expected){0};
    for (int64_t i = 0; i < batch->row_count; i++) {
        int64_t row = rows == NULL ? i : rows[i];
        struct sb_range list = {0};

        if (!sb_column_is_null(&batch->columns[1], row)) {
            list = sb_column_range(&batch->columns[1], row);
        }
        for (int64_t e = 0; e < list.count; e++) {
            expected_add(out, row, list.first + e);
        }
        out->added_count += list.count > 0 ? list.count - 1 : 0;
        if (list.count == 0 && keeps_empty) {
            expected_add(out, row, UINT32_MAX);
        } else if (list.count == 0) {
            out->filtered_count++;
        }
    }
}

static void expect_emitted(const struct op_harness *harness, const struct sb_batch *batch,
                           const struct expected *expected)
{
    struct sb_column elements = sb_column_child(&batch->columns[1], 0);
    int64_t done = 0;

    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *found = &harness->emitted.batches[b];

        assert_in_range(found->row_count, 1, OUTPUT_ROWS_MAX);
        assert_null(found->selection);
        assert_true(done + found->row_count <= expected->count);
        test_column_expect(&found->columns[0], &batch->columns[0], expected->rows + done,
                           found->row_count);
        test_column_expect(&found->columns[1], &elements, expected->elements + done,
                           found->row_count);
        test_column_expect(&found->columns[2], &batch->columns[2], expected->rows + done,
                           found->row_count);
        done += found->row_count;
    }
    assert_int_equal(done, expected->count);
    assert_int_equal(harness->ledger[SB_LEDGER_FILTERED], expected->filtered_count);
    assert_int_equal(harness->ledger[SB_LEDGER_ADDED], expected->added_count);
    assert_true(op_harness_is_balanced(harness));
}

/* Gives the batch to an operator in pieces of `cut` rows. */
static void unnest_check(struct plan *plan, struct sb_batch *batch, int64_t cut)
{
    struct op_harness harness;
    struct expected expected;

    expected_make(batch, plan->node.spec.unnest.keeps_empty, &expected);
    assert_int_equal(
        op_harness_init(&harness, sb_unnest_create, &plan->node, sb_memory_global(), 1), SB_OK);
    for (int64_t first = 0; first < batch->row_count || first == 0; first += cut) {
        int64_t left = batch->row_count - first;
        struct sb_batch piece;

        assert_int_equal(sb_batch_share(&piece, batch, NULL), SB_OK);
        sb_batch_slice(&piece, first, left < cut ? left : cut);
        assert_int_equal(op_harness_push(&harness, 0, 0, &piece), SB_OK);
    }
    expect_emitted(&harness, batch, &expected);
    op_harness_deinit(&harness);
    free(expected.rows);
    free(expected.elements);
}

static void every_list_gives_its_elements(void **state)
{
    const int64_t row_counts[] = {0, 1, 2, 300};
    const int64_t cuts[] = {1, 7, 65536};
    uint64_t random = test_seed();

    for (int32_t t = 0; t < 2 * TYPE_COUNT; t++) {
        struct plan plan;

        plan_init(&plan, types[t % TYPE_COUNT], t >= TYPE_COUNT);
        for (int32_t i = 0; i < 12; i++) {
            struct sb_batch batch;

            batch_random(&plan, row_counts[i % 4], &batch, &random);
            if (i >= 4) {
                batch_shuffle(&batch, &random);
            }
            if (i >= 8) {
                batch_select(&batch, &random);
            }
            for (int32_t c = 0; c < 3; c++) {
                unnest_check(&plan, &batch, cuts[c]);
            }
            sb_batch_deinit(&batch);
        }
        plan_deinit(&plan);
    }
}

/* A list view per row, each `elements` long, over a child of so many elements. */
static void wide_views_make(struct plan *plan, int64_t row_count, int64_t elements,
                            struct sb_batch *out, uint64_t *random)
{
    struct sb_builder builder;
    struct sb_builder *child;
    struct sb_column one;
    uint32_t *rows = calloc((size_t)row_count, sizeof *rows);

    batch_random(plan, row_count, out, random);
    sb_builder_init(&builder, sb_memory_global(), &plan->input->fields[1].type);
    assert_int_equal(sb_builder_child(&builder, 0, &child, NULL), SB_OK);
    for (int64_t i = 0; i < elements; i++) {
        test_value_append_random(child, true, random);
    }
    assert_int_equal(sb_builder_append_nested(&builder, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &one, NULL), SB_OK);
    sb_column_deinit(&out->columns[1]);
    assert_int_equal(
        sb_column_gather(&one, rows, row_count, sb_memory_global(), &out->columns[1], NULL), SB_OK);
    sb_column_deinit(&one);
    free(rows);
}

static void long_lists_are_split(void **state)
{
    uint64_t random = test_seed();
    struct plan plan;
    struct sb_batch batch;

    plan_init(&plan, "list_view<item: int64>", false);
    wide_views_make(&plan, 1, 200000, &batch, &random);
    unnest_check(&plan, &batch, 1);
    sb_batch_deinit(&batch);
    wide_views_make(&plan, 7, 30011, &batch, &random);
    unnest_check(&plan, &batch, 7);
    sb_batch_deinit(&batch);
    plan_deinit(&plan);
}

static void elements_in_a_row_are_not_copied(void **state)
{
    uint64_t random = test_seed();
    struct op_harness harness;
    struct plan plan;
    struct sb_batch batch;
    const void *values;

    plan_init(&plan, "list_view<item: int64>", false);
    wide_views_make(&plan, 1, 1000, &batch, &random);
    values = sb_column_child(&batch.columns[1], 0).values;
    assert_int_equal(op_harness_init(&harness, sb_unnest_create, &plan.node, sb_memory_global(), 1),
                     SB_OK);
    assert_int_equal(op_harness_push(&harness, 0, 0, &batch), SB_OK);
    assert_int_equal(harness.emitted.count, 1);
    assert_ptr_equal(harness.emitted.batches[0].columns[1].values, values);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
}

struct attempt {
    struct plan plan;
    struct sb_batch batch;
};

static enum sb_status attempt_run(struct sb_memory *memory, void *context)
{
    struct attempt *attempt = context;
    struct op_harness harness;
    struct sb_batch batch = {0};
    enum sb_status status;

    SB_TRY_OUT(op_harness_init(&harness, sb_unnest_create, &attempt->plan.node, memory, 1));
    SB_TRY_OUT(sb_batch_share(&batch, &attempt->batch, NULL));
    SB_TRY_OUT(op_harness_push(&harness, 0, 0, &batch));

out:
    op_harness_deinit(&harness);
    return status;
}

static void every_allocation_can_be_refused(void **state)
{
    uint64_t random = test_seed();

    for (int32_t t = 0; t < TYPE_COUNT; t++) {
        struct attempt attempt;

        plan_init(&attempt.plan, types[t], true);
        batch_random(&attempt.plan, 20, &attempt.batch, &random);
        test_allocations(attempt_run, &attempt);
        sb_batch_deinit(&attempt.batch);
        plan_deinit(&attempt.plan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_gives_its_elements),
        cmocka_unit_test(long_lists_are_split),
        cmocka_unit_test(elements_in_a_row_are_not_copied),
        cmocka_unit_test(every_allocation_can_be_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
