// SPDX-License-Identifier: Apache-2.0
/*
 * SORT alone and in jobs. What rows must come out in which order says a plain insertion of row
 * numbers by a comparison of cells that knows nothing of keys, codes or entries.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/job_run.h"
#include "support/model.h"
#include "support/op_harness.h"
#include "support/seed.h"
#include "support/test.h"

enum { KEYS_MAX = 3, ROWS_MAX = 4000 };

// --- a node and its data -------------------------------------------------------------------------

/* Key columns, and behind them the number of the row. */
struct table {
    int32_t key_count;
    int64_t row_count;
    struct test_model keys[KEYS_MAX];
    struct sb_order_key order[KEYS_MAX];
    struct sb_schema *schema;
    struct sb_node source;
    struct sb_node node;
    struct sb_node *inputs[1];
};

static void table_init(struct table *table, int32_t key_count, int64_t row_count)
{
    static const char *const names[] = {"a", "b", "c"};
    struct sb_field fields[KEYS_MAX + 1];

    table->key_count = key_count;
    table->row_count = row_count;
    for (int32_t k = 0; k < key_count; k++) {
        fields[k] =
            (struct sb_field){.name = names[k], .type = table->keys[k].type, .is_nullable = true};
        table->order[k].column = k;
    }
    fields[key_count] = (struct sb_field){.name = "row", .type = {.id = SB_TYPE_INT64}};
    assert_int_equal(
        sb_schema_create(sb_memory_global(), fields, key_count + 1, &table->schema, NULL), SB_OK);
    table->source = (struct sb_node){.schema = table->schema};
    table->inputs[0] = &table->source;
    table->node = (struct sb_node){
        .type = SB_NODE_SORT,
        .schema = table->schema,
        .input_count = 1,
        .inputs = table->inputs,
        .max_parallelism = 8,
        .spec.sort = {.key_count = key_count, .keys = table->order},
    };
}

static void table_deinit(struct table *table)
{
    for (int32_t k = 0; k < table->key_count; k++) {
        test_model_deinit(&table->keys[k]);
    }
    sb_schema_release(table->schema);
}

static enum sb_status table_batch(const struct table *table, struct sb_memory *memory,
                                  struct sb_batch *out)
{
    struct sb_buffer *buffer;
    struct sb_column column;

    SB_TRY_RETURN(sb_batch_init(out, memory, table->schema, table->row_count, NULL));
    for (int32_t k = 0; k < table->key_count; k++) {
        enum sb_status status = test_model_build(&table->keys[k], memory, &column);
        if (status != SB_OK) {
            sb_batch_deinit(out);
            return status;
        }
        sb_batch_adopt_column(out, k, &column);
    }
    if (sb_buffer_create(memory, table->row_count * 8, &buffer, NULL) != SB_OK) {
        sb_batch_deinit(out);
        return SB_NO_MEMORY;
    }
    for (int64_t i = 0; i < table->row_count; i++) {
        ((int64_t *)(void *)buffer->data)[i] = i;
    }
    column =
        (struct sb_column){.length = table->row_count, .values = buffer->data, .owner = buffer};
    sb_batch_adopt_column(out, table->key_count, &column);
    return SB_OK;
}

// --- the order, said plainly ---------------------------------------------------------------------

#define COMPARE(type)                                                                              \
    do {                                                                                           \
        type x;                                                                                    \
        type y;                                                                                    \
        memcpy(&x, a->bytes, sizeof x);                                                            \
        memcpy(&y, b->bytes, sizeof y);                                                            \
        return (x > y) - (x < y);                                                                  \
    } while (0)

#define COMPARE_FLOAT(type)                                                                        \
    do {                                                                                           \
        type x;                                                                                    \
        type y;                                                                                    \
        memcpy(&x, a->bytes, sizeof x);                                                            \
        memcpy(&y, b->bytes, sizeof y);                                                            \
        if (isnan(x) || isnan(y)) {                                                                \
            return (isnan(x) != 0) - (isnan(y) != 0);                                              \
        }                                                                                          \
        return (x > y) - (x < y);                                                                  \
    } while (0)

static int cell_compare(enum sb_type_id id, const struct test_cell *a, const struct test_cell *b)
{
    int64_t size = a->size < b->size ? a->size : b->size;
    int found;

    switch (id) {
    case SB_TYPE_INT8:
        COMPARE(int8_t);
    case SB_TYPE_INT16:
        COMPARE(int16_t);
    case SB_TYPE_INT32:
    case SB_TYPE_DATE32:
        COMPARE(int32_t);
    case SB_TYPE_INT64:
    case SB_TYPE_DATE64:
    case SB_TYPE_TIMESTAMP:
        COMPARE(int64_t);
    case SB_TYPE_BOOL:
    case SB_TYPE_UINT8:
        COMPARE(uint8_t);
    case SB_TYPE_UINT16:
        COMPARE(uint16_t);
    case SB_TYPE_UINT32:
        COMPARE(uint32_t);
    case SB_TYPE_UINT64:
        COMPARE(uint64_t);
    case SB_TYPE_FLOAT32:
        COMPARE_FLOAT(float);
    case SB_TYPE_FLOAT64:
        COMPARE_FLOAT(double);
    case SB_TYPE_DECIMAL128: {
        __extension__ typedef __int128 wide;
        COMPARE(wide);
    }
    default:
        found = memcmp(a->bytes, b->bytes, (size_t)size);
        return found != 0 ? found : (a->size > b->size) - (a->size < b->size);
    }
}

static const struct table *compared;

static int row_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    for (int32_t k = 0; k < compared->key_count; k++) {
        const struct test_cell *x = &compared->keys[k].cells[a];
        const struct test_cell *y = &compared->keys[k].cells[b];
        int found;

        if (x->is_null || y->is_null) {
            found = (int)x->is_null - (int)y->is_null;
            found = compared->order[k].nulls_first ? -found : found;
        } else {
            found = cell_compare(compared->keys[k].type.id, x, y);
            found = compared->order[k].is_descending ? -found : found;
        }
        if (found != 0) {
            return found;
        }
    }
    return (a > b) - (a < b); // equal keys keep their order
}

/* The numbers of the rows in the order they must come in; free() it. */
static int64_t *expected_rows(const struct table *table)
{
    int64_t *rows = malloc(sizeof *rows * (size_t)(table->row_count + 1));

    assert_non_null(rows);
    for (int64_t i = 0; i < table->row_count; i++) {
        rows[i] = i;
    }
    compared = table;
    qsort(rows, (size_t)table->row_count, sizeof *rows, row_compare);
    return rows;
}

/* The batches that came out are the table's rows in order, every column of them. */
static void expect_order(const struct table *table, const struct test_batches *emitted)
{
    int64_t *rows = expected_rows(table);
    int64_t done = 0;

    for (int64_t i = 0; i < emitted->count; i++) {
        const struct sb_batch *batch = &emitted->batches[i];
        const int64_t *found = sb_column_fixed(&batch->columns[table->key_count], 8);
        uint32_t positions[ROWS_MAX];

        assert_in_range(done + batch->row_count, 1, table->row_count);
        for (int64_t r = 0; r < batch->row_count; r++) {
            assert_int_equal(found[r], rows[done + r]);
            positions[r] = (uint32_t)rows[done + r];
        }
        for (int32_t k = 0; k < table->key_count; k++) {
            test_model_check_column(&table->keys[k], positions, batch->row_count,
                                    &batch->columns[k]);
        }
        done += batch->row_count;
    }
    assert_int_equal(done, table->row_count);
    free(rows);
}

/* Rows [first, end) in batches of up to `size` rows, each on a worker drawn by chance. */
static enum sb_status push_rows(struct op_harness *harness, const struct sb_batch *all,
                                int64_t first, int64_t end, int64_t size, uint64_t *random)
{
    while (first < end) {
        int64_t count = end - first < size ? end - first : size;
        struct sb_batch part;

        SB_TRY_RETURN(sb_batch_share(&part, all, NULL));
        sb_batch_slice(&part, first, count);
        SB_TRY_RETURN(op_harness_push(
            harness, (int32_t)(test_random(random) % harness->worker_count), 0, &part));
        first += count;
    }
    return SB_OK;
}

static void sort_and_expect(const struct table *table, int64_t batch_rows, int32_t workers,
                            uint64_t *random)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct op_harness harness;
    struct sb_batch all;

    assert_int_equal(table_batch(table, memory, &all), SB_OK);
    assert_int_equal(op_harness_init(&harness, sb_sort_create, &table->node, memory, workers),
                     SB_OK);
    assert_int_equal(push_rows(&harness, &all, 0, table->row_count, batch_rows, random), SB_OK);
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], table->row_count);
    assert_true(op_harness_is_balanced(&harness));
    assert_int_equal(op_harness_end(&harness), SB_OK);
    expect_order(table, &harness.emitted);
    assert_int_equal(harness.ledger[SB_LEDGER_HELD], 0);
    assert_true(op_harness_is_balanced(&harness));
    sb_batch_deinit(&all);
    op_harness_deinit(&harness);
    sb_memory_release(memory);
}

/* Few different values, so that rows tie: some rows take the cell of another one. */
static void model_repeat(struct test_model *model, uint64_t *random)
{
    for (int64_t i = 1; i < model->length; i++) {
        if (test_random(random) % 3 != 0) {
            model->cells[i] = model->cells[test_random(random) % (uint64_t)i];
        }
    }
}

static void table_random(struct table *table, const enum sb_type_id *ids, int32_t key_count,
                         int64_t row_count, uint64_t *random)
{
    *table = (struct table){0};
    for (int32_t k = 0; k < key_count; k++) {
        test_model_random(&table->keys[k], ids[k], row_count, test_random(random) % 2, random);
        model_repeat(&table->keys[k], random);
        table->order[k].is_descending = test_random(random) % 2;
        table->order[k].nulls_first = test_random(random) % 2;
    }
    table_init(table, key_count, row_count);
}

// --- tests ---------------------------------------------------------------------------------------

static void sorts_by_a_column_of_every_type(void **state)
{
    static const int64_t cuts[] = {1, 7, 1000, 65536};
    uint64_t random = test_seed();

    (void)state;
    for (enum sb_type_id id = SB_TYPE_BOOL; id <= SB_TYPE_BINARY_VIEW; id++) {
        for (int turn = 0; turn < 4; turn++) {
            struct table table;

            table_random(&table, &id, 1, 1 + (int64_t)(test_random(&random) % 400), &random);
            sort_and_expect(&table, cuts[turn], 1 + turn, &random);
            table_deinit(&table);
        }
    }
}

static void sorts_by_several_columns_of_any_types(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int turn = 0; turn < (TEST_IS_SANITIZED ? 40 : 200); turn++) {
        enum sb_type_id ids[KEYS_MAX];
        struct table table;

        for (int32_t k = 0; k < KEYS_MAX; k++) {
            ids[k] = (enum sb_type_id)(SB_TYPE_BOOL +
                                       test_random(&random) % (unsigned)SB_TYPE_BINARY_VIEW);
        }
        table_random(&table, ids, 2 + turn % 2, 1 + (int64_t)(test_random(&random) % 300), &random);
        sort_and_expect(&table, 1 + (int64_t)(test_random(&random) % 100), 1 + turn % 4, &random);
        table_deinit(&table);
    }
}

/* Texts that differ late: the key in the entry is not all of them, or they share a beginning. */
static void sorts_texts_that_differ_far_behind(void **state)
{
    enum sb_type_id id = SB_TYPE_UTF8;
    uint64_t random = test_seed();

    (void)state;
    for (int turn = 0; turn < 8; turn++) {
        struct table table;

        table_random(&table, &id, 1, 700, &random);
        for (int64_t i = 0; i < table.row_count; i++) {
            struct test_cell *cell = &table.keys[0].cells[i];
            int64_t common = 4 + 12 * (turn % 4);
            cell->size = common + (int64_t)(test_random(&random) % (unsigned)(48 - common + 12));
            memset(cell->bytes, 'x', (size_t)cell->size);
            for (int64_t b = common; b < cell->size; b++) {
                cell->bytes[b] = (uint8_t)(test_random(&random) % 2); // 0 bytes, too
            }
            if (turn < 4 && i % 5 == 0) { // and nothing in common
                cell->size = i % 3;
            }
        }
        sort_and_expect(&table, 64, 2, &random);
        table_deinit(&table);
    }
}

/* The size tells "a" from "a\0", and from nothing; where all have one size it tells nothing. */
static void sorts_short_texts_of_zeros(void **state)
{
    enum sb_type_id id = SB_TYPE_BINARY;
    uint64_t random = test_seed();

    (void)state;
    for (int turn = 0; turn < 8; turn++) {
        struct table table;

        table_random(&table, &id, 1, 100, &random);
        for (int64_t i = 0; i < table.row_count; i++) {
            struct test_cell *cell = &table.keys[0].cells[i];
            cell->size = turn < 4 ? (int64_t)(test_random(&random) % 6) : turn;
            memset(cell->bytes, 0, (size_t)cell->size);
            cell->bytes[test_random(&random) % 3] = (uint8_t)(test_random(&random) % 2);
        }
        sort_and_expect(&table, 64, 2, &random);
        table_deinit(&table);
    }
}

static void puts_nan_above_all_and_does_not_tell_zeros_apart(void **state)
{
    static const double values[] = {NAN, 0.0, -0.0, INFINITY, -INFINITY, -1.5, -NAN, 1e308, -0.0};
    uint64_t random = 1;

    (void)state;
    for (int turn = 0; turn < 4; turn++) {
        struct table table = {0};

        test_model_random(&table.keys[0], SB_TYPE_FLOAT64, 9, false, &random);
        for (int64_t i = 0; i < 9; i++) {
            memcpy(table.keys[0].cells[i].bytes, &values[i], 8);
        }
        table.order[0].is_descending = turn % 2;
        table_init(&table, 1, 9);
        sort_and_expect(&table, 1 + turn, 1, &random);
        table_deinit(&table);
    }
}

static void sorts_enough_rows_for_several_passes(void **state)
{
    static const enum sb_type_id ids[][2] = {
        {SB_TYPE_INT64, SB_TYPE_BOOL},
        {SB_TYPE_INT16, SB_TYPE_INT8},
        {SB_TYPE_UTF8, SB_TYPE_FLOAT64},
        {SB_TYPE_DECIMAL128, SB_TYPE_INT64},
    };
    uint64_t random = test_seed();

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct table table;
        table_random(&table, ids[i], 2, ROWS_MAX, &random);
        sort_and_expect(&table, 1000, 2, &random);
        table_deinit(&table);
    }
}

static void nothing_in_gives_nothing_out(void **state)
{
    enum sb_type_id id = SB_TYPE_INT64;
    uint64_t random = 1;
    struct table table;

    (void)state;
    table_random(&table, &id, 1, 0, &random);
    sort_and_expect(&table, 1, 2, &random);
    table_deinit(&table);
}

static void goes_on_after_a_snapshot(void **state)
{
    enum sb_type_id ids[] = {SB_TYPE_INT8, SB_TYPE_UTF8};
    uint64_t random = test_seed();

    (void)state;
    for (int turn = 0; turn < 12; turn++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct test_batches snapshots[2] = {{0}, {0}};
        struct sb_batch all;
        struct table table;

        table_random(&table, ids, 2, 300, &random);
        assert_int_equal(table_batch(&table, memory, &all), SB_OK);
        for (int part = 0; part < 3; part++) { // stopped twice
            struct op_harness harness;
            int64_t size = 1 + (int64_t)(test_random(&random) % 60);

            assert_int_equal(
                op_harness_init(&harness, sb_sort_create, &table.node, memory, 1 + part), SB_OK);
            harness.ordered_count = 100 * part; // as a job goes on counting
            if (part > 0) {
                assert_int_equal(op_harness_restore(&harness, &snapshots[part - 1], size), SB_OK);
            }
            assert_int_equal(push_rows(&harness, &all, part * 100, (part + 1) * 100, size, &random),
                             SB_OK);
            if (part < 2) {
                assert_int_equal(op_harness_snapshot(&harness, &snapshots[part]), SB_OK);
            } else {
                assert_int_equal(op_harness_end(&harness), SB_OK);
                expect_order(&table, &harness.emitted);
            }
            op_harness_deinit(&harness);
        }
        test_batches_deinit(&snapshots[0], memory);
        test_batches_deinit(&snapshots[1], memory);
        sb_batch_deinit(&all);
        table_deinit(&table);
        sb_memory_release(memory);
    }
}

static enum sb_status sort_attempt(struct sb_memory *memory, void *context)
{
    const struct table *table = context;
    struct test_batches snapshot = {0};
    struct op_harness harness;
    struct op_harness other = {0};
    struct sb_batch all;
    uint64_t random = 3;
    enum sb_status status;

    SB_TRY_RETURN(table_batch(table, memory, &all));
    SB_TRY_OUT(op_harness_init(&harness, sb_sort_create, &table->node, memory, 2));
    SB_TRY_OUT(push_rows(&harness, &all, 0, table->row_count, 90, &random));
    SB_TRY_OUT(op_harness_snapshot(&harness, &snapshot));
    SB_TRY_OUT(op_harness_end(&harness));
    SB_TRY_OUT(op_harness_init(&other, sb_sort_create, &table->node, memory, 2));
    SB_TRY_OUT(op_harness_restore(&other, &snapshot, 40));

out:
    test_batches_deinit(&snapshot, memory);
    op_harness_deinit(&harness);
    if (other.memory != NULL) {
        op_harness_deinit(&other);
    }
    sb_batch_deinit(&all);
    return status;
}

static void survives_every_refused_allocation(void **state)
{
    enum sb_type_id ids[] = {SB_TYPE_UTF8, SB_TYPE_BINARY_VIEW};
    uint64_t random = 9;
    struct table table;

    (void)state;
    table_random(&table, ids, 2, 200, &random);
    test_allocations(sort_attempt, &table);
    table_deinit(&table);
}

// --- TOP_N ---------------------------------------------------------------------------------------

static void table_top(struct table *table, int64_t count, int64_t offset)
{
    struct sb_order_spec order = table->node.spec.sort;

    table->node.type = SB_NODE_TOP_N;
    table->node.spec.top_n =
        (struct sb_top_n_spec){.order = order, .count = count, .offset = offset};
}

/* Rows [offset, offset + count) of the order, and the ledger knows of the others. */
static void expect_top(const struct table *table, const struct op_harness *harness)
{
    const struct sb_top_n_spec *spec = &table->node.spec.top_n;
    int64_t *rows = expected_rows(table);
    int64_t at = spec->offset < table->row_count ? spec->offset : table->row_count;
    int64_t end = spec->count < table->row_count - at ? at + spec->count : table->row_count;

    for (int64_t i = 0; i < harness->emitted.count; i++) {
        const struct sb_batch *batch = &harness->emitted.batches[i];
        const int64_t *found = sb_column_fixed(&batch->columns[table->key_count], 8);

        assert_int_equal(batch->schema->field_count, table->key_count + 1);
        for (int64_t r = 0; r < batch->row_count; r++) {
            assert_true(at < end);
            assert_int_equal(found[r], rows[at++]);
        }
    }
    assert_int_equal(at, end);
    assert_int_equal(harness->ledger[SB_LEDGER_HELD], 0);
    assert_true(op_harness_is_balanced(harness));
    free(rows);
}

static void top_n_gives_what_a_sort_gives_first(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (enum sb_type_id id = SB_TYPE_BOOL; id <= SB_TYPE_BINARY_VIEW; id++) {
        for (int turn = 0; turn < 4; turn++) {
            struct sb_memory *memory = sb_memory_create(0);
            enum sb_type_id ids[] = {id, SB_TYPE_INT8};
            struct op_harness harness;
            struct sb_batch all;
            struct table table;

            table_random(&table, ids, 1 + turn % 2, ROWS_MAX, &random);
            table_top(&table, (int64_t)(test_random(&random) % 30),
                      (int64_t)(test_random(&random) % 5));
            assert_int_equal(table_batch(&table, memory, &all), SB_OK);
            assert_int_equal(
                op_harness_init(&harness, sb_top_n_create, &table.node, memory, 1 + turn), SB_OK);
            for (int round = 0; round < 4; round++) { // so that bounds are set and used
                assert_int_equal(
                    push_rows(&harness, &all, round * 1000, (round + 1) * 1000, 300, &random),
                    SB_OK);
                assert_int_equal(op_harness_flush(&harness), SB_OK);
            }
            assert_int_equal(op_harness_end(&harness), SB_OK);
            expect_top(&table, &harness);
            sb_batch_deinit(&all);
            op_harness_deinit(&harness);
            table_deinit(&table);
            sb_memory_release(memory);
        }
    }
}

static void top_n_goes_on_after_a_snapshot(void **state)
{
    enum sb_type_id ids[] = {SB_TYPE_INT8, SB_TYPE_FLOAT32};
    uint64_t random = test_seed();

    (void)state;
    for (int turn = 0; turn < 8; turn++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct test_batches snapshot = {0};
        struct op_harness harness;
        struct sb_batch all;
        struct table table;

        table_random(&table, ids, 2, 600, &random);
        table_top(&table, 40, turn);
        assert_int_equal(table_batch(&table, memory, &all), SB_OK);
        assert_int_equal(op_harness_init(&harness, sb_top_n_create, &table.node, memory, 3), SB_OK);
        assert_int_equal(push_rows(&harness, &all, 0, 300, 20, &random), SB_OK);
        assert_int_equal(op_harness_snapshot(&harness, &snapshot), SB_OK);
        op_harness_deinit(&harness);
        assert_int_equal(op_harness_init(&harness, sb_top_n_create, &table.node, memory, 1 + turn),
                         SB_OK);
        harness.ordered_count = 300; // as a job goes on counting
        harness.rows_in = 300;
        for (int64_t i = 0; i < snapshot.count; i++) { // and as it restores the ledger
            harness.ledger[SB_LEDGER_HELD] += snapshot.batches[i].row_count;
        }
        harness.ledger[SB_LEDGER_FILTERED] = 300 - harness.ledger[SB_LEDGER_HELD];
        assert_int_equal(op_harness_restore(&harness, &snapshot, 1 + turn), SB_OK);
        assert_int_equal(push_rows(&harness, &all, 300, 600, 20, &random), SB_OK);
        assert_int_equal(op_harness_end(&harness), SB_OK);
        expect_top(&table, &harness);
        op_harness_deinit(&harness);
        test_batches_deinit(&snapshot, memory);
        sb_batch_deinit(&all);
        table_deinit(&table);
        sb_memory_release(memory);
    }
}

static enum sb_status top_n_attempt(struct sb_memory *memory, void *context)
{
    const struct table *table = context;
    struct test_batches snapshot = {0};
    struct op_harness harness;
    struct sb_batch all;
    uint64_t random = 3;
    enum sb_status status;

    SB_TRY_RETURN(table_batch(table, memory, &all));
    SB_TRY_OUT(op_harness_init(&harness, sb_top_n_create, &table->node, memory, 2));
    SB_TRY_OUT(push_rows(&harness, &all, 0, table->row_count / 2, 90, &random));
    SB_TRY_OUT(op_harness_snapshot(&harness, &snapshot));
    SB_TRY_OUT(push_rows(&harness, &all, table->row_count / 2, table->row_count, 90, &random));
    SB_TRY_OUT(op_harness_end(&harness));

out:
    test_batches_deinit(&snapshot, memory);
    op_harness_deinit(&harness);
    sb_batch_deinit(&all);
    return status;
}

static void top_n_survives_every_refused_allocation(void **state)
{
    enum sb_type_id ids[] = {SB_TYPE_INT64, SB_TYPE_UTF8};
    uint64_t random = 9;
    struct table table;

    (void)state;
    table_random(&table, ids, 2, 300, &random);
    table_top(&table, 20, 3);
    test_allocations(top_n_attempt, &table);
    table_deinit(&table);
}

// --- jobs ----------------------------------------------------------------------------------------

#define OPERATOR(id, type, parameters)                                                             \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"" type "\", \"name\": \"" id               \
    "\", \"parameters\": {" parameters "}}"
#define SOURCE(rows, splits, high)                                                                 \
    OPERATOR("q", "source",                                                                        \
             "\"generator\": {\"rows\": " #rows ", \"seed\": 7, \"splits\": " #splits              \
             ", \"columns\": [{\"name\": \"id\", \"kind\": \"sequence\"}, {\"name\": \"k\", "      \
             "\"kind\": \"uniform_int\", \"low\": -5, \"high\": " #high "}]}")
#define SORT(by) OPERATOR("s", "sort", by)

struct job_case {
    const char *operators;
    const char *edges;
};

static const struct job_case job_cases[] = {
    // 128 ranges, all of one key among them
    {SOURCE(300000, 3, 900000000) "," SORT("\"by\": \"k\"") "," OPERATOR("out", "sink", ""),
     "q>s s>out"},
    {SOURCE(200000, 4, 2) "," SORT("\"by\": \"k\", \"descending\": true") "," OPERATOR("out",
                                                                                       "sink", ""),
     "q>s s>out"},
    {SOURCE(200000, 2, 1) "," OPERATOR("f", "filter",
                                       "\"column\": \"k\", \"value\": 0, \"operator\": "
                                       "\"==\"") "," SORT("\"by\": \"k\"") "," OPERATOR("out",
                                                                                        "sink", ""),
     "q>f f>s s>out"},
    // what follows keeps the order: a filter, and a limit that stops it
    {SOURCE(200000, 2, 90000) "," SORT("\"by\": \"k\"") "," OPERATOR(
         "f", "filter",
         "\"column\": \"id\", \"value\": 1000, \"operator\": \">\"") "," OPERATOR("l", "limit",
                                                                                  "\"count\": 70000") "," OPERATOR("out",
                                                                                                                   "sink",
                                                                                                                   ""),
     "q>s s>f f>l l>out"},
    // sorted again, by what leaves many ties: the order of the first sort shows
    {SOURCE(150000, 2, 30) "," SORT("\"by\": \"id\", \"descending\": true") "," OPERATOR(
         "t", "sort",
         "\"by\": [{\"column\": \"k\", \"descending\": true}]") "," OPERATOR("out", "sink", ""),
     "q>s s>t t>out"},
};

enum { JOB_CASE_COUNT = sizeof job_cases / sizeof *job_cases };

static struct sb_graph *case_graph(int index)
{
    char *json = test_graph_json(job_cases[index].operators, job_cases[index].edges);
    struct sb_graph *graph = test_graph(json);

    free(json);
    return graph;
}

static void jobs_give_one_order_at_any_width_and_cut(void **state)
{
    static const int64_t morsels[] = {0, 1000, 77};

    (void)state;
    for (int i = 0; i < JOB_CASE_COUNT; i++) {
        struct sb_graph *graph = case_graph(i);
        struct test_rows expected;
        struct sb_job_options one = {.worker_count = 1, .morsel_rows_max = 65536};

        test_job_run(graph, &one, "out", &expected);
        for (int64_t r = 1; r < expected.row_count; r++) { // the key, and the row where it ties
            const int64_t *before = &expected.values[2 * (r - 1)];
            const int64_t *row = &expected.values[2 * r];
            int64_t sign = i == 1 || i == 4 ? -1 : 1;
            assert_true(sign * before[1] <= sign * row[1]);
            assert_true(before[1] != row[1] || (i == 4) == (before[0] > row[0]));
        }
        assert_true(expected.row_count >= 28000);
        for (int m = 0; m < (TEST_IS_SANITIZED ? 1 : 3); m++) {
            struct sb_job_options options = {.worker_count = m == 0 ? 8 : 2,
                                             .morsel_rows_max = morsels[m]};
            struct test_rows rows;
            test_job_run(graph, &options, "out", &rows);
            test_rows_expect_equal(&rows, &expected);
            test_rows_deinit(&rows);
        }
        test_rows_deinit(&expected);
        sb_graph_destroy(graph);
    }
}

/* Runs until about `stop_rows` rows were read, moves the job, finishes it at another width. */
static void run_moved(const struct sb_graph *graph, int64_t stop_rows, int32_t workers,
                      struct test_rows *rows)
{
    struct sb_job_options first_options = {.worker_count = 2, .morsel_rows_max = 500};
    struct sb_job_options second_options = {.worker_count = workers, .morsel_rows_max = 1000};
    struct sb_operator_metrics metrics = {0};
    struct ArrowArrayStream stream;
    struct sb_snapshot *snapshot;
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done = false;

    assert_int_equal(sb_job_create(graph, &first_options, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    while (metrics.rows_in < stop_rows && !is_done) {
        assert_int_equal(sb_job_wait(job, 0, &is_done, &err), SB_OK);
        sb_job_operator_metrics(job, 0, &metrics);
    }
    assert_int_equal(sb_job_snapshot(job, &snapshot, &err), SB_OK);
    sb_job_destroy(job);
    assert_int_equal(sb_job_create(graph, &second_options, &job, &err), SB_OK);
    if (sb_job_restore(job, snapshot, &err) != SB_OK || sb_job_start(job, &err) != SB_OK ||
        sb_job_wait(job, -1, &is_done, &err) != SB_OK ||
        sb_job_collect(job, "out", &stream, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    sb_snapshot_destroy(snapshot);
    test_job_expect_balance(job);
    test_rows_read(rows, &stream);
    sb_job_destroy(job);
}

static void a_moved_job_gives_the_order_of_an_uninterrupted_one(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    for (int i = 0; i < JOB_CASE_COUNT; i++) {
        struct sb_job_options options = {.worker_count = 2};
        struct sb_graph *graph = case_graph(i);
        struct test_rows expected;

        test_job_run(graph, &options, "out", &expected);
        for (int turn = 0; turn < (TEST_IS_SANITIZED ? 1 : 3); turn++) {
            struct test_rows rows;
            run_moved(graph, (int64_t)(test_random(&seed) % 200000), 1 + turn, &rows);
            test_rows_expect_equal(&rows, &expected);
            test_rows_deinit(&rows);
        }
        test_rows_deinit(&expected);
        sb_graph_destroy(graph);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_by_a_column_of_every_type),
        cmocka_unit_test(sorts_by_several_columns_of_any_types),
        cmocka_unit_test(sorts_texts_that_differ_far_behind),
        cmocka_unit_test(sorts_short_texts_of_zeros),
        cmocka_unit_test(puts_nan_above_all_and_does_not_tell_zeros_apart),
        cmocka_unit_test(sorts_enough_rows_for_several_passes),
        cmocka_unit_test(nothing_in_gives_nothing_out),
        cmocka_unit_test(goes_on_after_a_snapshot),
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(top_n_gives_what_a_sort_gives_first),
        cmocka_unit_test(top_n_goes_on_after_a_snapshot),
        cmocka_unit_test(top_n_survives_every_refused_allocation),
        cmocka_unit_test(jobs_give_one_order_at_any_width_and_cut),
        cmocka_unit_test(a_moved_job_gives_the_order_of_an_uninterrupted_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
