// SPDX-License-Identifier: Apache-2.0
#include "support/aggregate_plan.h"

#include <stdio.h>

#include "columnar/builder.h"

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static struct sb_type result_type(enum sb_aggregate_function function, const struct sb_type *input)
{
    switch (function) {
    case SB_AGGREGATE_COUNT_DISTINCT:
    case SB_AGGREGATE_APPROX_COUNT_DISTINCT:
        return (struct sb_type){.id = SB_TYPE_INT64};
    case SB_AGGREGATE_SUM:
        if (input->id == SB_TYPE_DECIMAL128) {
            return (struct sb_type){
                .id = SB_TYPE_DECIMAL128, .precision = 38, .scale = input->scale};
        }
        return (struct sb_type){.id = sb_type_is_float(input->id)    ? SB_TYPE_FLOAT64
                                      : sb_type_is_signed(input->id) ? SB_TYPE_INT64
                                                                     : SB_TYPE_UINT64};
    case SB_AGGREGATE_COUNT_ROWS:
    case SB_AGGREGATE_COUNT:
        return (struct sb_type){.id = SB_TYPE_INT64};
    case SB_AGGREGATE_MIN:
    case SB_AGGREGATE_MAX:
    case SB_AGGREGATE_FIRST:
    case SB_AGGREGATE_LAST:
    case SB_AGGREGATE_FIRST_ROW:
        return *input;
    default:
        return (struct sb_type){.id = SB_TYPE_FLOAT64};
    }
}

/* Takes `input`. Keys are its first columns. */
void aggregate_plan_init(struct aggregate_plan *plan, struct sb_schema *input, int32_t key_count)
{
    *plan = (struct aggregate_plan){.input = input};
    plan->source = (struct sb_node){.schema = input};
    plan->inputs[0] = &plan->source;
    plan->node = (struct sb_node){
        .type = SB_NODE_AGGREGATE,
        .input_count = 1,
        .inputs = plan->inputs,
        .max_parallelism = 128,
        .spec.aggregate = {.key_count = key_count, .keys = plan->keys, .calls = plan->calls},
    };
    for (int32_t k = 0; k < key_count; k++) {
        plan->keys[k] = k;
    }
}

void aggregate_plan_call(struct aggregate_plan *plan, enum sb_aggregate_function function,
                         int32_t column, double quantile)
{
    int32_t c = plan->node.spec.aggregate.call_count++;

    assert_true(c < TEST_CALLS_MAX);
    plan->calls[c] = (struct sb_aggregate_call){
        .function = function,
        .column = column,
        .result = result_type(function, column < 0 ? NULL : &plan->input->fields[column].type),
        .quantile = quantile,
        .name = "result",
    };
}

void aggregate_plan_finish(struct aggregate_plan *plan)
{
    const struct sb_aggregate_spec *spec = &plan->node.spec.aggregate;
    struct sb_field fields[TEST_KEYS_MAX + TEST_CALLS_MAX];

    for (int32_t k = 0; k < spec->key_count; k++) {
        fields[k] = plan->input->fields[spec->keys[k]];
    }
    for (int32_t c = 0; c < spec->call_count; c++) {
        fields[spec->key_count + c] = (struct sb_field){
            .name = spec->calls[c].name, .type = spec->calls[c].result, .is_nullable = true};
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), fields,
                                      spec->key_count + spec->call_count, &plan->output, NULL),
                     SB_OK);
    plan->node.schema = plan->output;
}

void aggregate_plan_deinit(struct aggregate_plan *plan)
{
    sb_schema_release(plan->input);
    sb_schema_release(plan->output);
}

struct sb_schema *test_schema(const char *text)
{
    struct sb_schema *schema;

    assert_int_equal(test_schema_parse(sb_memory_global(), text, &schema), SB_OK);
    return schema;
}

void test_push_rows(struct op_harness *harness, struct sb_schema *schema, const char *rows)
{
    struct sb_batch batch;

    assert_int_equal(test_rows_parse(harness->memory, schema, rows, &batch), SB_OK);
    assert_int_equal(op_harness_push(harness, 0, 0, &batch), SB_OK);
}

/* Everything that came out, in one batch, as text. */
void test_expect_rows(struct op_harness *harness, const char *rows)
{
    struct sb_schema *schema = harness->op->node->schema;
    struct sb_batch all;
    int64_t row_count = 0;

    for (int64_t i = 0; i < harness->emitted.count; i++) {
        row_count += harness->emitted.batches[i].row_count;
    }
    assert_int_equal(sb_batch_init(&all, harness->memory, schema, row_count, NULL), SB_OK);
    for (int32_t c = 0; c < schema->field_count; c++) {
        struct sb_builder builder;
        sb_builder_init(&builder, harness->memory, &schema->fields[c].type);
        for (int64_t i = 0; i < harness->emitted.count; i++) {
            const struct sb_batch *batch = &harness->emitted.batches[i];
            for (int64_t row = 0; row < batch->row_count; row++) {
                assert_int_equal(sb_builder_append_row(&builder, &batch->columns[c], row, NULL),
                                 SB_OK);
            }
        }
        assert_int_equal(sb_builder_finish(&builder, &all.columns[c], NULL), SB_OK);
    }
    assert_batch_rows_unordered(&all, rows);
    sb_batch_deinit(&all);
}

struct text_run {
    struct aggregate_plan plan;
    const char *rows;
};

static enum sb_status text_attempt(struct sb_memory *memory, void *context)
{
    const struct text_run *run = context;
    struct op_harness harness;
    struct sb_batch batch;
    enum sb_status status;

    SB_TRY_OUT(op_harness_init(&harness, sb_aggregate_create, &run->plan.node, memory, 1));
    if (run->rows[0] != '\0') {
        SB_TRY_OUT(test_rows_parse(memory, run->plan.input, run->rows, &batch));
        SB_TRY_OUT(op_harness_push(&harness, 0, 0, &batch));
    }
    SB_TRY_OUT(op_harness_end(&harness));

out:
    op_harness_deinit(&harness);
    return status;
}

void test_aggregate_text(const char *schema, int32_t key_count,
                         const struct sb_aggregate_call *calls, int32_t call_count,
                         const char *rows, const char *expected)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct text_run run = {.rows = rows};
    struct aggregate_plan *plan = &run.plan;

    aggregate_plan_init(plan, test_schema(schema), key_count);
    for (int32_t c = 0; c < call_count; c++) {
        aggregate_plan_call(plan, calls[c].function, calls[c].column, calls[c].quantile);
    }
    aggregate_plan_finish(plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan->node, memory, 1), SB_OK);
    if (rows[0] != '\0') {
        test_push_rows(&harness, plan->input, rows);
    }
    assert_int_equal(op_harness_end(&harness), SB_OK);
    test_expect_rows(&harness, expected);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    sb_memory_release(memory);
    test_allocations(text_attempt, &run);
    aggregate_plan_deinit(plan);
}
