// SPDX-License-Identifier: Apache-2.0
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/domain.h"
#include "support/op_harness.h"
#include "support/seed.h"
#include "support/test.h"

enum {
    KEYS_MAX = 3,
    VALUES_MAX = 3,
    CALLS_MAX = 12,
    CODE_BASE = TEST_DOMAIN_SIZE + 1, // null and each number
    CODE_COUNT = CODE_BASE * CODE_BASE * CODE_BASE,
};

/* A node over a schema, as validation would leave it. */
struct plan {
    struct sb_schema *input;
    struct sb_schema *output;
    struct sb_node source;
    struct sb_node node;
    struct sb_node *inputs[1];
    int32_t keys[KEYS_MAX];
    struct sb_aggregate_call calls[CALLS_MAX];
};

static const char *const function_names[] = {
    [SB_AGGREGATE_COUNT_ROWS] = "count", [SB_AGGREGATE_COUNT] = "count", [SB_AGGREGATE_SUM] = "sum",
    [SB_AGGREGATE_MEAN] = "mean",        [SB_AGGREGATE_MIN] = "min",     [SB_AGGREGATE_MAX] = "max",
};

static struct sb_type result_type(enum sb_aggregate_function function, const struct sb_type *input)
{
    switch (function) {
    case SB_AGGREGATE_SUM:
        if (input->id == SB_TYPE_DECIMAL128) {
            return (struct sb_type){
                .id = SB_TYPE_DECIMAL128, .precision = 38, .scale = input->scale};
        }
        return (struct sb_type){.id = sb_type_is_float(input->id)    ? SB_TYPE_FLOAT64
                                      : sb_type_is_signed(input->id) ? SB_TYPE_INT64
                                                                     : SB_TYPE_UINT64};
    case SB_AGGREGATE_MEAN:
        return (struct sb_type){.id = SB_TYPE_FLOAT64};
    case SB_AGGREGATE_MIN:
    case SB_AGGREGATE_MAX:
        return *input;
    default:
        return (struct sb_type){.id = SB_TYPE_INT64};
    }
}

/* Takes `input`. Keys are its first columns. */
static void plan_init(struct plan *plan, struct sb_schema *input, int32_t key_count)
{
    *plan = (struct plan){.input = input};
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

static void plan_call(struct plan *plan, enum sb_aggregate_function function, int32_t column)
{
    int32_t c = plan->node.spec.aggregate.call_count++;

    assert_true(c < CALLS_MAX);
    plan->calls[c] = (struct sb_aggregate_call){
        .function = function,
        .column = column,
        .result = result_type(function, column < 0 ? NULL : &plan->input->fields[column].type),
        .name = function_names[function],
    };
}

static void plan_finish(struct plan *plan)
{
    const struct sb_aggregate_spec *spec = &plan->node.spec.aggregate;
    struct sb_field fields[KEYS_MAX + CALLS_MAX];

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

static void plan_deinit(struct plan *plan)
{
    sb_schema_release(plan->input);
    sb_schema_release(plan->output);
}

static struct sb_schema *schema_parse(const char *text)
{
    struct sb_schema *schema;

    assert_int_equal(test_schema_parse(sb_memory_global(), text, &schema), SB_OK);
    return schema;
}

static void push_rows(struct op_harness *harness, const struct plan *plan, const char *rows)
{
    struct sb_batch batch;

    assert_int_equal(test_rows_parse(harness->memory, plan->input, rows, &batch), SB_OK);
    assert_int_equal(op_harness_push(harness, 0, 0, &batch), SB_OK);
}

/* Everything that came out, in one batch, as text. */
static void expect_rows(struct op_harness *harness, const char *rows)
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

static void run_text(const char *schema, int32_t key_count, const struct sb_aggregate_call *calls,
                     int32_t call_count, const char *rows, const char *expected)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct plan plan;

    plan_init(&plan, schema_parse(schema), key_count);
    for (int32_t c = 0; c < call_count; c++) {
        plan_call(&plan, calls[c].function, calls[c].column);
    }
    plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1), SB_OK);
    if (rows[0] != '\0') {
        push_rows(&harness, &plan, rows);
    }
    assert_int_equal(op_harness_end(&harness), SB_OK);
    expect_rows(&harness, expected);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_memory_release(memory);
}

#define RUN(schema, key_count, rows, expected, ...)                                                \
    do {                                                                                           \
        const struct sb_aggregate_call calls_[] = {__VA_ARGS__};                                   \
        run_text(schema, key_count, calls_, (int32_t)(sizeof calls_ / sizeof calls_[0]), rows,     \
                 expected);                                                                        \
    } while (0)

#define CALL(f, c) {.function = SB_AGGREGATE_##f, .column = (c)}

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
    struct plan plan;

    plan_init(&plan, schema_parse("k: int64, v: int64, u: uint64"), 1);
    plan_call(&plan, SB_AGGREGATE_SUM, 1);
    plan_call(&plan, SB_AGGREGATE_COUNT_ROWS, -1);
    plan_call(&plan, SB_AGGREGATE_MIN, 1);
    plan_call(&plan, SB_AGGREGATE_MEAN, 2);
    plan_finish(&plan);
    assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1), SB_OK);
    for (int i = 0; i < 6; i++) {
        push_rows(&harness, &plan,
                  i < 3 ? "1, 9223372036854775807, 18446744073709551615; 2, 1, 1"
                        : "1, -9223372036854775807, 18446744073709551615; 2, 1, 1");
        assert_int_equal(op_harness_flush(&harness), SB_OK);
    }
    push_rows(&harness, &plan, "1, 5, null");
    assert_int_equal(op_harness_end(&harness), SB_OK);
    expect_rows(&harness, "1, 5, 7, -9223372036854775807, 18446744073709551615.0; 2, 6, 6, 1, 1.0");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_memory_release(memory);
}

static void any_word_may_be_a_key(void **state)
{
    // The first is what tables mark empty slots with.
    RUN("k: int64, v: int64", 1,
        "6534857275711415761, 1; 0, 2; -1, 4; 6534857275711415761, 8; 0, 16; -1, 32",
        "6534857275711415761, 9; 0, 18; -1, 36", CALL(SUM, 1));
}

static void a_sum_that_does_not_fit_names_column_and_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct plan plan;

    for (int32_t key_count = 0; key_count <= 1; key_count++) {
        plan_init(&plan, schema_parse("k: int64, price: int64"), key_count);
        plan_call(&plan, SB_AGGREGATE_SUM, 1);
        plan_finish(&plan);
        assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 1),
                         SB_OK);
        push_rows(&harness, &plan, "1, 9223372036854775807; 1, 1");
        assert_int_equal(op_harness_end(&harness), SB_FAILED);
        assert_string_equal(harness.error.message,
                            "the sum of column 'price' does not fit int64; cast the column to "
                            "float64 or decimal128(38, 0) first");
        op_harness_deinit(&harness);
        plan_deinit(&plan);
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

// --- random tables against plain arithmetic ------------------------------------------------------

struct total {
    int64_t row_count;
    int64_t count[VALUES_MAX];
    int64_t nan_count[VALUES_MAX];
    test_wide sum[VALUES_MAX];
    int64_t least[VALUES_MAX];
    int64_t greatest[VALUES_MAX];
};

struct table {
    struct plan plan;
    int32_t value_count;
    int64_t row_count;
    int8_t *numbers;      // [column][row]
    struct total *totals; // [CODE_COUNT]
    uint64_t random;
};

static int64_t below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

static void table_columns(struct table *table)
{
    int32_t key_count = (int32_t)below(&table->random, KEYS_MAX + 1);
    struct sb_field fields[KEYS_MAX + VALUES_MAX];
    struct sb_schema *schema;
    char names[KEYS_MAX + VALUES_MAX][16];

    table->value_count = 1 + (int32_t)below(&table->random, VALUES_MAX);
    for (int32_t c = 0; c < key_count + table->value_count; c++) {
        enum sb_type_id id = (enum sb_type_id)(1 + below(&table->random, SB_TYPE_BINARY_VIEW));
        if (below(&table->random, 2) == 0) { // what most tables have
            id = c < key_count || below(&table->random, 2) == 0 ? SB_TYPE_INT64 : SB_TYPE_FLOAT64;
        }
        snprintf(names[c], sizeof names[c], "c%d", c);
        fields[c] = (struct sb_field){.name = names[c], .type = {.id = id}, .is_nullable = true};
        if (id == SB_TYPE_DECIMAL128) {
            fields[c].type.precision = 38;
            fields[c].type.scale = 3;
        }
    }
    assert_int_equal(
        sb_schema_create(sb_memory_global(), fields, key_count + table->value_count, &schema, NULL),
        SB_OK);
    plan_init(&table->plan, schema, key_count);
}

static void table_calls(struct table *table)
{
    int32_t key_count = table->plan.node.spec.aggregate.key_count;
    int32_t call_count = 1 + (int32_t)below(&table->random, CALLS_MAX - 1);

    for (int32_t c = 0; c < call_count; c++) {
        enum sb_aggregate_function function =
            (enum sb_aggregate_function)below(&table->random, SB_AGGREGATE_MAX + 1);
        int32_t column = key_count + (int32_t)below(&table->random, table->value_count);
        enum sb_type_id id = table->plan.input->fields[column].type.id;
        bool is_number = sb_type_is_integer(id) || sb_type_is_float(id) || id == SB_TYPE_DECIMAL128;

        if (!is_number && (function == SB_AGGREGATE_SUM || function == SB_AGGREGATE_MEAN)) {
            function = SB_AGGREGATE_MIN;
        }
        plan_call(&table->plan, function, function == SB_AGGREGATE_COUNT_ROWS ? -1 : column);
    }
    plan_finish(&table->plan);
}

static void table_rows(struct table *table)
{
    int32_t column_count = table->plan.input->field_count;
    int64_t rows_max = below(&table->random, 3) == 0 ? 10000 : 300;

    table->row_count = below(&table->random, rows_max);
    table->numbers = malloc((size_t)(table->row_count * column_count + 1));
    for (int32_t c = 0; c < column_count; c++) {
        int64_t size = test_domain_size(table->plan.input->fields[c].type.id);
        int64_t used = 1 + below(&table->random, size);
        int64_t null_of = below(&table->random, 2) == 0 ? 0 : 2 + below(&table->random, 30);
        for (int64_t row = 0; row < table->row_count; row++) {
            bool is_null = null_of > 0 && below(&table->random, null_of) == 0;
            table->numbers[c * table->row_count + row] =
                (int8_t)(is_null ? -1 : below(&table->random, used) + size - used);
        }
    }
}

static void total_add(struct table *table, struct total *total, int64_t row)
{
    int32_t key_count = table->plan.node.spec.aggregate.key_count;

    total->row_count++;
    for (int32_t v = 0; v < table->value_count; v++) {
        enum sb_type_id id = table->plan.input->fields[key_count + v].type.id;
        int64_t number = table->numbers[(key_count + v) * table->row_count + row];

        if (number < 0) {
            continue;
        }
        if (total->count[v]++ == 0) {
            total->least[v] = number;
            total->greatest[v] = number;
        }
        total->least[v] = number < total->least[v] ? number : total->least[v];
        total->greatest[v] = number > total->greatest[v] ? number : total->greatest[v];
        if (sb_type_is_float(id) && number == TEST_DOMAIN_NAN) {
            total->nan_count[v]++;
        } else {
            total->sum[v] += test_domain_amount(id, number);
        }
    }
}

static void table_totals(struct table *table)
{
    int32_t key_count = table->plan.node.spec.aggregate.key_count;

    table->totals = calloc(CODE_COUNT, sizeof *table->totals);
    for (int64_t row = 0; row < table->row_count; row++) {
        int64_t code = 0;
        for (int32_t k = 0; k < key_count; k++) {
            code = code * CODE_BASE + table->numbers[k * table->row_count + row] + 1;
        }
        total_add(table, &table->totals[code], row);
    }
}

static void table_init(struct table *table, uint64_t seed)
{
    *table = (struct table){.random = seed};
    table_columns(table);
    table_calls(table);
    table_rows(table);
    table_totals(table);
}

static void table_deinit(struct table *table)
{
    plan_deinit(&table->plan);
    free(table->numbers);
    free(table->totals);
}

static void check_float(const struct sb_column *column, int64_t row, double expected)
{
    double value = ((const double *)sb_column_fixed(column, 8))[row];

    if (!(isnan(expected) ? isnan(value) : fabs(value - expected) <= 1e-13 * fabs(expected))) {
        fail_msg("%.17g instead of %.17g", value, expected);
    }
}

static void check_sum(const struct table *table, const struct sb_aggregate_call *call,
                      const struct total *total, int32_t v, const struct sb_column *column,
                      int64_t row)
{
    enum sb_type_id id = table->plan.input->fields[call->column].type.id;
    int32_t width = sb_type_width(column->type->id);
    double divisor = id == SB_TYPE_DECIMAL128 ? 1000.0 : sb_type_is_float(id) ? 2.0 : 1.0;

    if (call->function == SB_AGGREGATE_MEAN) {
        divisor *= (double)total->count[v];
    }
    if (column->type->id == SB_TYPE_FLOAT64) {
        check_float(column, row,
                    total->nan_count[v] > 0 ? (double)NAN : (double)total->sum[v] / divisor);
    } else {
        assert_memory_equal((const uint8_t *)sb_column_fixed(column, width) + row * width,
                            &total->sum[v], (size_t)width);
    }
}

static void check_call(const struct table *table, const struct sb_aggregate_call *call,
                       const struct total *total, const struct sb_column *column, int64_t row)
{
    int32_t v = call->column - table->plan.node.spec.aggregate.key_count;

    switch (call->function) {
    case SB_AGGREGATE_COUNT_ROWS:
        assert_int_equal(((const int64_t *)sb_column_fixed(column, 8))[row], total->row_count);
        return;
    case SB_AGGREGATE_COUNT:
        assert_int_equal(((const int64_t *)sb_column_fixed(column, 8))[row], total->count[v]);
        return;
    default:
        break;
    }
    assert_int_equal(sb_column_is_null(column, row), total->count[v] == 0);
    if (total->count[v] == 0) {
        return;
    }
    if (call->function == SB_AGGREGATE_MIN) {
        assert_int_equal(test_domain_number(column, row), total->least[v]);
    } else if (call->function == SB_AGGREGATE_MAX) {
        assert_int_equal(test_domain_number(column, row), total->greatest[v]);
    } else {
        check_sum(table, call, total, v, column, row);
    }
}

/* Every group once, with the right results. */
static void table_check(const struct table *table, const struct op_harness *harness)
{
    const struct sb_aggregate_spec *spec = &table->plan.node.spec.aggregate;
    uint8_t *seen = calloc(CODE_COUNT, 1);
    int64_t group_count = 0;

    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        assert_null(batch->selection);
        for (int64_t row = 0; row < batch->row_count; row++) {
            int64_t code = 0;
            for (int32_t k = 0; k < spec->key_count; k++) {
                code = code * CODE_BASE + test_domain_number(&batch->columns[k], row) + 1;
            }
            assert_int_equal(seen[code]++, 0);
            group_count++;
            for (int32_t c = 0; c < spec->call_count; c++) {
                check_call(table, &spec->calls[c], &table->totals[code],
                           &batch->columns[spec->key_count + c], row);
            }
        }
    }
    for (int64_t code = 0; code < CODE_COUNT; code++) {
        group_count -= table->totals[code].row_count > 0;
    }
    assert_int_equal(group_count, spec->key_count == 0 && table->row_count == 0 ? 1 : 0);
    free(seen);
}

/* Rows [first, first + count) of the table, under a selection of more rows every other time. */
static enum sb_status push_part(struct table *table, struct op_harness *harness, int64_t first,
                                int64_t count)
{
    int32_t column_count = table->plan.input->field_count;
    bool is_selected = below(&table->random, 2) == 0;
    int64_t length = is_selected ? 2 * count : count;
    int8_t *numbers = malloc((size_t)(length * column_count + 1));
    uint32_t *positions = malloc(sizeof *positions * (size_t)(count + 1));
    struct sb_batch batch;
    enum sb_status status;

    for (int64_t i = 0; i < count; i++) {
        positions[i] = (uint32_t)(is_selected ? 2 * i + below(&table->random, 2) : i);
    }
    for (int32_t c = 0; c < column_count; c++) {
        int8_t *column = numbers + c * length;
        for (int64_t i = 0; i < length; i++) {
            column[i] = 1;
        }
        for (int64_t i = 0; i < count; i++) {
            column[positions[i]] = table->numbers[c * table->row_count + first + i];
        }
    }
    status = test_domain_batch(harness->memory, table->plan.input, numbers, length, &table->random,
                               &batch);
    if (status == SB_OK && is_selected) {
        status = test_batch_select(&batch, positions, count);
        if (status != SB_OK) {
            sb_batch_deinit(&batch);
        }
    }
    free(numbers);
    free(positions);
    return status == SB_OK
               ? op_harness_push(harness, (int32_t)below(&table->random, harness->worker_count), 0,
                                 &batch)
               : status;
}

/* Goes on in a new operator from a snapshot of this one. */
static enum sb_status harness_move(struct table *table, struct op_harness *harness)
{
    struct sb_memory *memory = harness->memory;
    struct test_batches snapshot = {0};
    struct op_harness next = {0};
    enum sb_status status = op_harness_snapshot(harness, &snapshot);

    if (status == SB_OK) {
        status = op_harness_init(&next, sb_aggregate_create, &table->plan.node, memory,
                                 1 + (int32_t)below(&table->random, 3));
        memcpy(next.ledger, harness->ledger, sizeof next.ledger);
        if (status == SB_OK) {
            status = op_harness_restore(&next, &snapshot, 1 + below(&table->random, 2000));
        }
        next.rows_in = harness->rows_in;
        op_harness_deinit(harness);
        *harness = next;
    }
    test_batches_deinit(&snapshot, memory);
    return status;
}

static enum sb_status table_run(struct table *table, struct op_harness *harness)
{
    int64_t rows_max = 1 + below(&table->random, below(&table->random, 2) == 0 ? 40 : 5000);
    bool has_fences = below(&table->random, 2) == 0;
    bool has_snapshots = below(&table->random, 2) == 0;

    for (int64_t first = 0; first < table->row_count;) {
        int64_t count = 1 + below(&table->random, rows_max);
        count = count < table->row_count - first ? count : table->row_count - first;
        SB_TRY_RETURN(push_part(table, harness, first, count));
        first += count;
        if (has_fences && below(&table->random, 10) == 0) {
            SB_TRY_RETURN(op_harness_flush(harness));
        }
        if (has_snapshots && below(&table->random, 20) == 0) {
            SB_TRY_RETURN(harness_move(table, harness));
        }
    }
    return op_harness_end(harness);
}

static void equals_plain_arithmetic_over_random_tables(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 400; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct table table;

        table_init(&table, test_random(&random));
        assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &table.plan.node, memory,
                                         1 + (int32_t)below(&random, 3)),
                         SB_OK);
        if (table_run(&table, &harness) != SB_OK) {
            fail_msg("%s", harness.error.message);
        }
        table_check(&table, &harness);
        assert_true(op_harness_is_balanced(&harness));
        assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
        op_harness_deinit(&harness);
        table_deinit(&table);
        sb_memory_release(memory);
    }
}

static enum sb_status attempt_table(struct sb_memory *memory, void *context)
{
    struct table *table = context;
    struct op_harness harness;
    uint64_t random = table->random; // the same run each time
    enum sb_status status =
        op_harness_init(&harness, sb_aggregate_create, &table->plan.node, memory, 2);

    if (status == SB_OK) {
        status = table_run(table, &harness);
    }
    table->random = random;
    if (harness.memory != NULL) {
        op_harness_deinit(&harness);
    }
    return status;
}

static void survives_each_refused_allocation(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 12; i++) {
        struct table table;

        do { // not the large ones
            table_init(&table, test_random(&random));
            if (table.row_count > 200) {
                table_deinit(&table);
            }
        } while (table.row_count > 200);
        test_allocations(attempt_table, &table);
        table_deinit(&table);
    }
}

// --- many groups ---------------------------------------------------------------------------------

/* `row_count` rows of keys 0..key_count in a scattered order, value = key. */
static void push_sequence(struct op_harness *harness, const struct plan *plan, int64_t row_count,
                          int64_t key_count)
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
static void restart(struct op_harness *harness, const struct plan *plan)
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
        struct plan plan;

        plan_init(&plan, schema_parse("k: int64, v: int64"), 1);
        plan_call(&plan, SB_AGGREGATE_COUNT_ROWS, -1);
        plan_call(&plan, SB_AGGREGATE_SUM, 1);
        plan_finish(&plan);
        assert_int_equal(op_harness_init(&harness, sb_aggregate_create, &plan.node, memory, 2),
                         SB_OK);
        push_sequence(&harness, &plan, 600000, key_counts[i]);
        push_rows(&harness, &plan, "null, 1"); // so that some groups have rows of both forms
        restart(&harness, &plan);
        push_sequence(&harness, &plan, 600000, key_counts[i]);
        assert_int_equal(op_harness_end(&harness), SB_OK);
        check_sequence(&harness, 1200000, key_counts[i]);
        assert_true(op_harness_is_balanced(&harness));
        op_harness_deinit(&harness);
        plan_deinit(&plan);
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
        cmocka_unit_test(a_sum_that_does_not_fit_names_column_and_type),
        cmocka_unit_test(decimals_are_summed_exactly),
        cmocka_unit_test(unsigned_sums_reach_the_end_of_uint64),
        cmocka_unit_test(equals_plain_arithmetic_over_random_tables),
        cmocka_unit_test(survives_each_refused_allocation),
        cmocka_unit_test(groups_may_be_many),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
