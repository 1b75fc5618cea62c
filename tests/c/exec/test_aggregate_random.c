// SPDX-License-Identifier: Apache-2.0
/*
 * Random tables, cuts, fences, snapshots and workers: every function against plain arithmetic.
 */
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "support/aggregate_plan.h"
#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/domain.h"
#include "support/seed.h"
#include "support/test.h"

enum {
    CODE_BASE = TEST_DOMAIN_SIZE + 1, // null and each number
    CODE_COUNT = CODE_BASE * CODE_BASE * CODE_BASE,
};

struct total {
    int64_t row_count;
    int64_t count[TEST_VALUES_MAX];
    int64_t nan_count[TEST_VALUES_MAX];
    test_wide sum[TEST_VALUES_MAX];
    int64_t least[TEST_VALUES_MAX];
    int64_t greatest[TEST_VALUES_MAX];
};

struct table {
    struct aggregate_plan plan;
    int32_t value_count;
    int64_t row_count;
    int8_t *numbers;      // [column][row]
    struct total *totals; // [CODE_COUNT]
    int32_t *codes;       // [row]
    int32_t *order;       // rows by code, in order
    int32_t *starts;      // [CODE_COUNT + 1]: of each code in `order`
    uint64_t random;
};

static int64_t below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

static void table_columns(struct table *table)
{
    int32_t key_count = (int32_t)below(&table->random, TEST_KEYS_MAX + 1);
    struct sb_field fields[TEST_KEYS_MAX + TEST_VALUES_MAX];
    struct sb_schema *schema;
    char names[TEST_KEYS_MAX + TEST_VALUES_MAX][16];

    table->value_count = 1 + (int32_t)below(&table->random, TEST_VALUES_MAX);
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
    aggregate_plan_init(&table->plan, schema, key_count);
}

static bool needs_number(enum sb_aggregate_function function)
{
    return function == SB_AGGREGATE_SUM || function == SB_AGGREGATE_MEAN ||
           function == SB_AGGREGATE_QUANTILE || function == SB_AGGREGATE_APPROX_QUANTILE ||
           (function >= SB_AGGREGATE_VARIANCE && function <= SB_AGGREGATE_STDDEV_POP);
}

static void table_calls(struct table *table)
{
    int32_t key_count = table->plan.node.spec.aggregate.key_count;
    int32_t call_count = 1 + (int32_t)below(&table->random, TEST_CALLS_MAX - 1);

    for (int32_t c = 0; c < call_count; c++) {
        enum sb_aggregate_function function =
            (enum sb_aggregate_function)below(&table->random, SB_AGGREGATE_APPROX_QUANTILE + 1);
        int32_t column = key_count + (int32_t)below(&table->random, table->value_count);
        enum sb_type_id id = table->plan.input->fields[column].type.id;
        bool is_number = sb_type_is_integer(id) || sb_type_is_float(id) || id == SB_TYPE_DECIMAL128;

        if ((!is_number && needs_number(function)) || function == SB_AGGREGATE_LIST) {
            function = SB_AGGREGATE_MIN;
        }
        aggregate_plan_call(&table->plan, function,
                            function == SB_AGGREGATE_COUNT_ROWS ? -1 : column,
                            (double)(1 + below(&table->random, 99)) / 100.0);
    }
    aggregate_plan_finish(&table->plan);
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
    table->codes = calloc((size_t)table->row_count + 1, sizeof *table->codes);
    table->order = calloc((size_t)table->row_count + 1, sizeof *table->order);
    table->starts = calloc(CODE_COUNT + 2, sizeof *table->starts);
    for (int64_t row = 0; row < table->row_count; row++) {
        int64_t code = 0;
        for (int32_t k = 0; k < key_count; k++) {
            code = code * CODE_BASE + table->numbers[k * table->row_count + row] + 1;
        }
        total_add(table, &table->totals[code], row);
        table->codes[row] = (int32_t)code;
        table->starts[code + 2]++;
    }
    for (int64_t code = 2; code < CODE_COUNT + 2; code++) {
        table->starts[code] += table->starts[code - 1];
    }
    for (int64_t row = 0; row < table->row_count; row++) {
        table->order[table->starts[table->codes[row] + 1]++] = (int32_t)row;
    }
}

static void table_init(struct table *table, uint64_t seed)
{
    *table = (struct table){.random = seed};
    table_columns(table);
    table_calls(table);
    table->plan.node.spec.aggregate.emits_updates = below(&table->random, 4) == 0;
    table_rows(table);
    table_totals(table);
}

static void table_deinit(struct table *table)
{
    aggregate_plan_deinit(&table->plan);
    free(table->numbers);
    free(table->totals);
    free(table->codes);
    free(table->order);
    free(table->starts);
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

/* The numbers of a group in one column, nulls left out, in row order. Returns how many. */
static int64_t group_numbers(const struct table *table, int32_t column, int64_t code,
                             bool has_nulls, int64_t *numbers)
{
    int64_t count = 0;

    for (int32_t i = table->starts[code]; i < table->starts[code + 1]; i++) {
        int64_t number = table->numbers[column * table->row_count + table->order[i]];
        if (number >= 0 || has_nulls) {
            numbers[count++] = number;
        }
    }
    return count;
}

static double number_value(enum sb_type_id id, int64_t number)
{
    double divisor = id == SB_TYPE_DECIMAL128 ? 1000.0 : sb_type_is_float(id) ? 2.0 : 1.0;

    return sb_type_is_float(id) && number == TEST_DOMAIN_NAN
               ? (double)NAN
               : (double)test_domain_amount(id, number) / divisor;
}

static int compare_numbers(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a;
    int64_t y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

static void check_variance(enum sb_aggregate_function function, enum sb_type_id id,
                           const int64_t *numbers, int64_t count, const struct sb_column *column,
                           int64_t row)
{
    bool is_sample = function == SB_AGGREGATE_VARIANCE || function == SB_AGGREGATE_STDDEV;
    bool is_root = function == SB_AGGREGATE_STDDEV || function == SB_AGGREGATE_STDDEV_POP;
    long double sum = 0;
    long double squares = 0;
    double expected;
    double value;

    assert_int_equal(sb_column_is_null(column, row), count - is_sample < 1);
    if (count - is_sample < 1) {
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        sum += (long double)number_value(id, numbers[i]);
    }
    for (int64_t i = 0; i < count; i++) {
        long double distance = (long double)number_value(id, numbers[i]) - sum / (long double)count;
        squares += distance * distance;
    }
    expected = (double)(squares / (long double)(count - is_sample));
    value = ((const double *)sb_column_fixed(column, 8))[row];
    value = is_root ? value * value : value;
    if (isnan(expected) ? !isnan(value)
                        : fabs(value - expected) >
                              1e-11 * (expected + (double)(sum * sum) / (double)(count * count))) {
        fail_msg("%.17g instead of %.17g", value, expected);
    }
}

/* Exact quantiles as the definition has them; approximate ones by their rank. */
static void check_quantile(const struct sb_aggregate_call *call, enum sb_type_id id,
                           int64_t *numbers, int64_t count, const struct sb_column *column,
                           int64_t row)
{
    double value = ((const double *)sb_column_fixed(column, 8))[row];
    double place = call->quantile * (double)(count - 1);
    int64_t rank = (int64_t)place;
    double low;
    double high;

    assert_int_equal(sb_column_is_null(column, row), count == 0);
    if (count == 0) {
        return;
    }
    qsort(numbers, (size_t)count, sizeof *numbers, compare_numbers);
    if (call->function == SB_AGGREGATE_APPROX_QUANTILE && count > 256) {
        int64_t below = 0;
        int64_t upto = 0;
        for (int64_t i = 0; i < count; i++) {
            double other = number_value(id, numbers[i]);
            below += other < value || (isnan(value) && !isnan(other));
            upto += other <= value || isnan(value);
        }
        assert_true((double)below <= place + 0.02 * (double)count + 1);
        assert_true((double)upto >= place - 0.02 * (double)count - 1);
        return;
    }
    low = number_value(id, numbers[rank]);
    high = number_value(id, numbers[rank + 1 < count ? rank + 1 : rank]);
    if (place > (double)rank && low != high) {
        low += (high - low) * (place - (double)rank);
    }
    if (isnan(low) ? !isnan(value) : fabs(value - low) > 1e-13 * fabs(low)) {
        fail_msg("quantile %g of %d: %.17g instead of %.17g", call->quantile, (int)count, value,
                 low);
    }
}

/* False when the function is not one of those that need the values one by one. */
static bool check_values(const struct table *table, const struct sb_aggregate_call *call,
                         int64_t code, const struct sb_column *column, int64_t row)
{
    enum sb_type_id id =
        call->column < 0 ? SB_TYPE_INT64 : table->plan.input->fields[call->column].type.id;
    bool has_nulls = call->function == SB_AGGREGATE_FIRST_ROW;
    int64_t *numbers;
    int64_t count;
    int64_t distinct = 0;

    if (call->function < SB_AGGREGATE_FIRST) {
        return false;
    }
    numbers = malloc(sizeof *numbers * (size_t)(table->row_count + 1));
    count = group_numbers(table, call->column, code, has_nulls, numbers);
    switch (call->function) {
    case SB_AGGREGATE_FIRST:
    case SB_AGGREGATE_FIRST_ROW:
        assert_int_equal(test_domain_number(column, row), count == 0 ? -1 : numbers[0]);
        break;
    case SB_AGGREGATE_LAST:
        assert_int_equal(test_domain_number(column, row), count == 0 ? -1 : numbers[count - 1]);
        break;
    case SB_AGGREGATE_COUNT_DISTINCT:
    case SB_AGGREGATE_APPROX_COUNT_DISTINCT:
        qsort(numbers, (size_t)count, sizeof *numbers, compare_numbers);
        for (int64_t i = 0; i < count; i++) {
            distinct += i == 0 || numbers[i] != numbers[i - 1];
        }
        distinct -= ((const int64_t *)sb_column_fixed(column, 8))[row];
        if (llabs(distinct) > (call->function == SB_AGGREGATE_APPROX_COUNT_DISTINCT)) {
            fail_msg("%d distinct values of type %d missing", (int)distinct, id);
        }
        break;
    case SB_AGGREGATE_QUANTILE:
    case SB_AGGREGATE_APPROX_QUANTILE:
        check_quantile(call, id, numbers, count, column, row);
        break;
    default:
        check_variance(call->function, id, numbers, count, column, row);
        break;
    }
    free(numbers);
    return true;
}

static void check_call(const struct table *table, const struct sb_aggregate_call *call,
                       int64_t code, const struct sb_column *column, int64_t row)
{
    const struct total *total = &table->totals[code];
    int32_t v = call->column - table->plan.node.spec.aggregate.key_count;

    if (check_values(table, call, code, column, row)) {
        return;
    }

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

/* Every group once, or its last row, with the right results. */
static void table_check(const struct table *table, const struct op_harness *harness)
{
    const struct sb_aggregate_spec *spec = &table->plan.node.spec.aggregate;
    uint8_t *seen = calloc(CODE_COUNT, 1);
    int64_t group_count = 0;

    for (int64_t b = harness->emitted.count - 1; b >= 0; b--) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        assert_null(batch->selection);
        for (int64_t row = batch->row_count - 1; row >= 0; row--) {
            int64_t code = 0;
            for (int32_t k = 0; k < spec->key_count; k++) {
                code = code * CODE_BASE + test_domain_number(&batch->columns[k], row) + 1;
            }
            if (seen[code] > 0) { // an update that a later one has replaced
                assert_true(spec->emits_updates);
                continue;
            }
            seen[code] = 1;
            group_count++;
            for (int32_t c = 0; c < spec->call_count; c++) {
                check_call(table, &spec->calls[c], code, &batch->columns[spec->key_count + c], row);
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
        next.rows_out = harness->rows_out;
        next.ordered_count = harness->ordered_count;
        next.emitted = harness->emitted;
        harness->emitted = (struct test_batches){0};
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

    for (int i = 0; i < (TEST_IS_SANITIZED ? 40 : 400); i++) {
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

static int64_t allocation_count(struct table *table)
{
    struct sb_memory *memory = sb_memory_create(0);
    int64_t count;

    assert_int_equal(attempt_table(memory, table), SB_OK);
    count = atomic_load(&memory->call_count);
    sb_memory_release(memory);
    return count;
}

static void survives_each_refused_allocation(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 12; i++) {
        struct table table;
        bool is_large;

        do { // not the large ones: time grows with the square of the allocations
            table_init(&table, test_random(&random));
            is_large = table.row_count > 200 || allocation_count(&table) > 2000;
            if (is_large) {
                table_deinit(&table);
            }
        } while (is_large);
        test_allocations(attempt_table, &table);
        table_deinit(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(equals_plain_arithmetic_over_random_tables),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
