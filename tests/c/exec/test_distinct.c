// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "support/aggregate_plan.h"
#include "support/allocation.h"
#include "support/domain.h"
#include "support/seed.h"
#include "support/test.h"

static int64_t below(uint64_t *random, int64_t end)
{
    return (int64_t)(test_random(random) % (uint64_t)end);
}

/* DISTINCT over all columns of a schema. */
struct plan {
    struct sb_schema *schema;
    struct sb_node source;
    struct sb_node *inputs[1];
    struct sb_node node;
};

/* Takes `schema`. */
static void plan_init(struct plan *plan, struct sb_schema *schema)
{
    *plan = (struct plan){.schema = schema};
    plan->source = (struct sb_node){.schema = schema};
    plan->inputs[0] = &plan->source;
    plan->node = (struct sb_node){
        .type = SB_NODE_DISTINCT,
        .input_count = 1,
        .inputs = plan->inputs,
        .max_parallelism = 128,
        .schema = schema,
        .spec.distinct = {.key_count = schema->field_count, .is_whole = true},
    };
}

static void plan_deinit(struct plan *plan)
{
    sb_schema_release(plan->schema);
}

static void keeps_each_row_once(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct plan plan;

    plan_init(&plan, test_schema("a: float64, b: utf8"));
    assert_int_equal(op_harness_init(&harness, sb_distinct_create, &plan.node, memory, 2), SB_OK);
    test_push_rows(&harness, plan.schema,
                   "nan, 'x'; 0.0, null; nan, 'x'; -0.0, null; null, null; null, null; "
                   "1.0, 'a text beyond twelve bytes'");
    assert_int_equal(op_harness_flush(&harness), SB_OK);
    test_expect_rows(&harness, // before the end: they leave when they are first seen
                     "nan, 'x'; 0.0, null; null, null; 1.0, 'a text beyond twelve bytes'");
    test_push_rows(&harness, plan.schema, "1.0, 'a text beyond twelve bytes'; 1.0, ''");
    assert_int_equal(op_harness_end(&harness), SB_OK);
    test_expect_rows(&harness, "nan, 'x'; 0.0, null; null, null; 1.0, 'a text beyond twelve "
                               "bytes'; 1.0, ''");
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    op_harness_deinit(&harness);
    plan_deinit(&plan);
    sb_memory_release(memory);
}

// --- random tables -------------------------------------------------------------------------------

enum {
    COLUMNS_MAX = 3,
    CODE_BASE = TEST_DOMAIN_SIZE + 1,
    CODE_COUNT = CODE_BASE * CODE_BASE * CODE_BASE,
};

struct table {
    struct plan plan;
    int64_t row_count;
    int8_t *numbers; // [column][row]
    uint64_t random;
};

static void table_init(struct table *table, uint64_t seed)
{
    struct sb_field fields[COLUMNS_MAX];
    char names[COLUMNS_MAX][8];
    struct sb_schema *schema;
    int32_t column_count;

    *table = (struct table){.random = seed};
    column_count = 1 + (int32_t)below(&table->random, COLUMNS_MAX);
    for (int32_t c = 0; c < column_count; c++) {
        enum sb_type_id id = (enum sb_type_id)(1 + below(&table->random, SB_TYPE_BINARY_VIEW));
        snprintf(names[c], sizeof names[c], "c%d", c);
        fields[c] = (struct sb_field){.name = names[c], .type = {.id = id}, .is_nullable = true};
        if (id == SB_TYPE_DECIMAL128) {
            fields[c].type.precision = 38;
            fields[c].type.scale = 3;
        }
    }
    assert_int_equal(sb_schema_create(sb_memory_global(), fields, column_count, &schema, NULL),
                     SB_OK);
    plan_init(&table->plan, schema);
    table->row_count = below(&table->random, below(&table->random, 3) == 0 ? 8000 : 200);
    table->numbers = malloc((size_t)(table->row_count * column_count + 1));
    for (int32_t c = 0; c < column_count; c++) {
        int64_t size = test_domain_size(schema->fields[c].type.id);
        for (int64_t row = 0; row < table->row_count; row++) {
            table->numbers[c * table->row_count + row] =
                (int8_t)(below(&table->random, size + 1) - 1);
        }
    }
}

static void table_deinit(struct table *table)
{
    plan_deinit(&table->plan);
    free(table->numbers);
}

/* Goes on in a new operator; what came out stays. */
static enum sb_status harness_move(struct table *table, struct op_harness *harness)
{
    struct sb_memory *memory = harness->memory;
    struct test_batches snapshot = {0};
    struct op_harness next = {0};
    enum sb_status status = op_harness_snapshot(harness, &snapshot);

    if (status == SB_OK) {
        status = op_harness_init(&next, sb_distinct_create, &table->plan.node, memory,
                                 1 + (int32_t)below(&table->random, 3));
        if (status == SB_OK) {
            status = op_harness_restore(&next, &snapshot, 1 + below(&table->random, 500));
        }
        memcpy(next.ledger, harness->ledger, sizeof next.ledger);
        next.rows_in = harness->rows_in;
        next.rows_out = harness->rows_out;
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
    struct sb_schema *schema = table->plan.schema;

    for (int64_t first = 0; first < table->row_count;) {
        int64_t count = 1 + below(&table->random, 2000);
        int8_t *numbers;
        struct sb_batch batch;
        enum sb_status status;

        count = count < table->row_count - first ? count : table->row_count - first;
        numbers = malloc((size_t)(count * schema->field_count));
        for (int32_t c = 0; c < schema->field_count; c++) {
            memcpy(numbers + c * count, table->numbers + c * table->row_count + first,
                   (size_t)count);
        }
        status = test_domain_batch(harness->memory, schema, numbers, count, &table->random, &batch);
        free(numbers);
        SB_TRY_RETURN(status);
        SB_TRY_RETURN(op_harness_push(
            harness, (int32_t)below(&table->random, harness->worker_count), 0, &batch));
        first += count;
        if (below(&table->random, 4) == 0) {
            SB_TRY_RETURN(harness_move(table, harness));
        }
    }
    return op_harness_end(harness);
}

static void table_check(const struct table *table, const struct op_harness *harness)
{
    const struct sb_schema *schema = table->plan.schema;
    uint8_t *there = calloc(CODE_COUNT, 1);

    for (int64_t row = 0; row < table->row_count; row++) {
        int64_t code = 0;
        for (int32_t c = 0; c < schema->field_count; c++) {
            code = code * CODE_BASE + table->numbers[c * table->row_count + row] + 1;
        }
        there[code] = 1;
    }
    for (int64_t b = 0; b < harness->emitted.count; b++) {
        const struct sb_batch *batch = &harness->emitted.batches[b];
        for (int64_t row = 0; row < batch->row_count; row++) {
            int64_t code = 0;
            for (int32_t c = 0; c < schema->field_count; c++) {
                code = code * CODE_BASE + test_domain_number(&batch->columns[c], row) + 1;
            }
            assert_int_equal(there[code], 1);
            there[code] = 2;
        }
    }
    for (int64_t code = 0; code < CODE_COUNT; code++) {
        assert_int_not_equal(there[code], 1);
    }
    free(there);
}

static void equals_a_set_over_random_tables(void **state)
{
    uint64_t random = test_seed();

    for (int i = 0; i < 200; i++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct op_harness harness;
        struct table table;

        table_init(&table, test_random(&random));
        assert_int_equal(op_harness_init(&harness, sb_distinct_create, &table.plan.node, memory, 2),
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
        op_harness_init(&harness, sb_distinct_create, &table->plan.node, memory, 2);

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

    for (int i = 0; i < 4;) {
        struct table table;

        table_init(&table, test_random(&random));
        if (table.row_count > 20 && table.row_count <= 200) {
            test_allocations(attempt_table, &table);
            i++;
        }
        table_deinit(&table);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_each_row_once),
        cmocka_unit_test(equals_a_set_over_random_tables),
        cmocka_unit_test(survives_each_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
