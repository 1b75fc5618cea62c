// SPDX-License-Identifier: Apache-2.0
/*
 * SORT and TOP_N by columns that have no number of their own: decimal256, fixed-size binary,
 * dictionaries, runs, nulls, lists, structs and maps. What order they must come in says a
 * comparison of cells that knows nothing of codes and bytes.
 */
#include <stdlib.h>
#include <string.h>

#include "columnar/value_bytes.h"
#include "support/allocation.h"
#include "support/op_harness.h"
#include "support/random_value.h"
#include "support/seed.h"
#include "support/test.h"

static const char *const types[] = {
    "null",
    "decimal256(76, 2)",
    "fixed_size_binary[1]",
    "fixed_size_binary[5]",
    "fixed_size_binary[16]",
    "fixed_size_binary[40]",
    "fixed_size_binary[0]",
    "dictionary<int8, utf8>",
    "dictionary<int16, large_binary>",
    "dictionary<uint8, utf8_view>",
    "dictionary<int32, int64>",
    "dictionary<uint64, decimal256(40, 0)>",
    "dictionary<uint64, fixed_size_binary[9]>",
    "dictionary<uint64, list<item: int8>>",
    "run_end_encoded<int16, utf8>",
    "run_end_encoded<int64, float64>",
    "list<item: utf8_view>",
    "large_list<item: bool>",
    "list_view<item: list<item: int16>>",
    "large_list_view<item: float32>",
    "fixed_size_list<item: utf8>[3]",
    "fixed_size_list<item: int8>[0]",
    "struct<a: int64, b: large_utf8, c: list<item: struct<x: bool, y: decimal256(40, 0)>>>",
    "struct<d: dictionary<int16, utf8>, r: run_end_encoded<int32, int8>, n: null>",
    "struct<f: fixed_size_binary[3], w: decimal128(30, 1), s: utf8>",
    "struct<>",
    "map<utf8, list<item: int32>>",
};

enum {
    TYPE_COUNT = sizeof types / sizeof types[0],
    BATCH_COUNT = 6, // each has dictionaries of its own
    BATCH_ROWS = 40,
    ROW_COUNT = BATCH_COUNT * BATCH_ROWS,
};

// --- rows ----------------------------------------------------------------------------------------

/* Columns: the key, a second key of few numbers, the number of the row. */
struct rows {
    struct sb_memory *memory;
    struct sb_schema *schema;
    struct sb_batch batches[BATCH_COUNT];
    struct sb_order_key order[2];
    struct sb_node source;
    struct sb_node node;
    struct sb_node *inputs[1];
};

/* Short and long ones of both signs, some of them often. */
static void wide_random(uint8_t *bytes, int32_t width, uint64_t *random)
{
    int32_t size = (int32_t)(test_random(random) % (unsigned)(width + 1));

    memset(bytes, test_random(random) % 2 ? 0xff : 0, (size_t)width);
    for (int32_t i = 0; i < size && i < width - 1; i++) {
        bytes[i] = (uint8_t)(test_random(random) % 3 * 100);
    }
}

static void key_append(struct sb_builder *builder, uint64_t *random)
{
    const struct sb_type *value = sb_type_value(builder->type);
    uint8_t bytes[32];
    uint8_t ordered[32];

    if (value->id != SB_TYPE_DECIMAL256 || test_random(random) % 5 == 0) {
        test_value_append_random(builder, true, random);
        return;
    }
    wide_random(bytes, 32, random);
    sb_decimal256_write(bytes, ordered);
    assert_int_equal(value == builder->type
                         ? sb_builder_append_fixed(builder, bytes, NULL)
                         : sb_builder_append_encoded(builder, ordered, sizeof ordered, NULL),
                     SB_OK);
}

static void numbers_build(struct sb_batch *batch, int32_t column, int64_t first, uint64_t modulus)
{
    struct sb_builder builder;

    sb_builder_init(&builder, batch->memory, &batch->schema->fields[column].type);
    for (int64_t i = 0; i < BATCH_ROWS; i++) {
        int64_t number = (int64_t)((uint64_t)(first + i) % modulus);
        assert_int_equal(sb_builder_append_fixed(&builder, &number, NULL), SB_OK);
    }
    assert_int_equal(sb_builder_finish(&builder, &batch->columns[column], NULL), SB_OK);
}

static void rows_init(struct rows *rows, const char *type, uint64_t *random)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena = {.memory = memory};
    struct sb_field fields[] = {
        {.name = "key", .is_nullable = true},
        {.name = "few", .type = {.id = SB_TYPE_INT64}},
        {.name = "row", .type = {.id = SB_TYPE_INT64}},
    };

    *rows = (struct rows){.memory = memory};
    assert_int_equal(sb_type_parse(type, &arena, &fields[0].type, NULL), SB_OK);
    assert_int_equal(sb_schema_create(memory, fields, 3, &rows->schema, NULL), SB_OK);
    sb_arena_deinit(&arena);
    for (int32_t b = 0; b < BATCH_COUNT; b++) {
        struct sb_batch *batch = &rows->batches[b];
        struct sb_builder builder;

        assert_int_equal(sb_batch_init(batch, memory, rows->schema, BATCH_ROWS, NULL), SB_OK);
        sb_builder_init(&builder, memory, &rows->schema->fields[0].type);
        for (int64_t i = 0; i < BATCH_ROWS; i++) {
            key_append(&builder, random);
        }
        assert_int_equal(sb_builder_finish(&builder, &batch->columns[0], NULL), SB_OK);
        numbers_build(batch, 1, b * BATCH_ROWS, 7);
        numbers_build(batch, 2, b * BATCH_ROWS, UINT64_MAX);
    }
    for (int32_t k = 0; k < 2; k++) {
        rows->order[k] = (struct sb_order_key){
            .column = k,
            .is_descending = test_random(random) % 2,
            .nulls_first = test_random(random) % 2,
        };
    }
    rows->source = (struct sb_node){.schema = rows->schema};
    rows->inputs[0] = &rows->source;
    rows->node = (struct sb_node){
        .type = SB_NODE_SORT,
        .schema = rows->schema,
        .input_count = 1,
        .inputs = rows->inputs,
        .max_parallelism = 8,
        .spec.sort = {.key_count = 1 + (int32_t)(test_random(random) % 2), .keys = rows->order},
    };
}

static void rows_top(struct rows *rows, int64_t count, int64_t offset)
{
    struct sb_order_spec order = rows->node.spec.sort;

    rows->node.type = SB_NODE_TOP_N;
    rows->node.spec.top_n =
        (struct sb_top_n_spec){.order = order, .count = count, .offset = offset};
}

static void rows_deinit(struct rows *rows)
{
    for (int32_t b = 0; b < BATCH_COUNT; b++) {
        sb_batch_deinit(&rows->batches[b]);
    }
    sb_schema_release(rows->schema);
    sb_memory_release(rows->memory);
}

// --- the order, said plainly ---------------------------------------------------------------------

static int order_of(int64_t a, int64_t b)
{
    return (a > b) - (a < b);
}

static int value_compare(const struct sb_column *a, int64_t i, const struct sb_column *b,
                         int64_t j);

/* Nulls last, as inside of a value. */
static int cell_compare(const struct sb_column *a, int64_t i, const struct sb_column *b, int64_t j)
{
    bool is_null_a = sb_column_is_null(a, i);
    bool is_null_b = sb_column_is_null(b, j);

    return is_null_a || is_null_b ? is_null_a - is_null_b : value_compare(a, i, b, j);
}

static int list_compare(const struct sb_column *a, int64_t i, const struct sb_column *b, int64_t j)
{
    struct sb_range x = sb_column_range(a, i);
    struct sb_range y = sb_column_range(b, j);
    struct sb_column child_a = sb_column_child(a, 0);
    struct sb_column child_b = sb_column_child(b, 0);

    for (int64_t e = 0; e < x.count && e < y.count; e++) {
        int found = cell_compare(&child_a, x.first + e, &child_b, y.first + e);
        if (found != 0) {
            return found;
        }
    }
    return order_of(x.count, y.count);
}

static int struct_compare(const struct sb_column *a, int64_t i, const struct sb_column *b,
                          int64_t j)
{
    int found = 0;

    for (int32_t c = 0; c < a->type->child_count && found == 0; c++) {
        struct sb_column child_a = sb_column_child(a, c);
        struct sb_column child_b = sb_column_child(b, c);
        found = cell_compare(&child_a, a->offset + i, &child_b, b->offset + j);
    }
    return found;
}

static int encoded_compare(const struct sb_column *a, int64_t i, const struct sb_column *b,
                           int64_t j)
{
    struct sb_column child_a = sb_column_child(a, 1);
    struct sb_column child_b = sb_column_child(b, 1);
    uint32_t at[2];

    sb_column_decode_rows(a, NULL, i, 1, &at[0]);
    sb_column_decode_rows(b, NULL, j, 1, &at[1]);
    return value_compare(&child_a, at[0], &child_b, at[1]);
}

static int text_compare(const uint8_t *a, int64_t size_a, const uint8_t *b, int64_t size_b)
{
    for (int64_t i = 0; i < size_a && i < size_b; i++) {
        if (a[i] != b[i]) {
            return order_of(a[i], b[i]);
        }
    }
    return order_of(size_a, size_b);
}

/* Little-endian and signed. */
static int integer_compare(const uint8_t *a, const uint8_t *b, int32_t width)
{
    int found = order_of((int8_t)a[width - 1], (int8_t)b[width - 1]);

    for (int32_t i = width - 2; i >= 0 && found == 0; i--) {
        found = order_of(a[i], b[i]);
    }
    return found;
}

static int fixed_compare(const struct sb_column *a, int64_t i, const struct sb_column *b, int64_t j)
{
    int32_t width = sb_type_bytes(a->type);
    const uint8_t *x = (const uint8_t *)sb_column_fixed(a, width) + i * width;
    const uint8_t *y = (const uint8_t *)sb_column_fixed(b, width) + j * width;
    double double_x;
    double double_y;
    float float_x;
    float float_y;

    switch (a->type->id) {
    case SB_TYPE_FIXED_SIZE_BINARY:
        return text_compare(x, width, y, width);
    case SB_TYPE_FLOAT32:
        memcpy(&float_x, x, 4);
        memcpy(&float_y, y, 4);
        return (float_x > float_y) - (float_x < float_y);
    case SB_TYPE_FLOAT64:
        memcpy(&double_x, x, 8);
        memcpy(&double_y, y, 8);
        return (double_x > double_y) - (double_x < double_y);
    default:
        return integer_compare(x, y, width);
    }
}

static int value_compare(const struct sb_column *a, int64_t i, const struct sb_column *b, int64_t j)
{
    enum sb_type_id id = a->type->id;

    if (sb_type_is_encoded(id)) {
        return encoded_compare(a, i, b, j);
    }
    if (sb_type_is_list(id)) {
        return list_compare(a, i, b, j);
    }
    if (id == SB_TYPE_STRUCT) {
        return struct_compare(a, i, b, j);
    }
    if (sb_type_is_variable(id)) {
        struct sb_bytes x = sb_column_bytes(a, i);
        struct sb_bytes y = sb_column_bytes(b, j);
        return text_compare(x.data, x.size, y.data, y.size);
    }
    if (id == SB_TYPE_BOOL) {
        return sb_bitmap_get(a->values, a->offset + i) - sb_bitmap_get(b->values, b->offset + j);
    }
    return fixed_compare(a, i, b, j);
}

static const struct rows *compared;

static int row_compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    for (int32_t k = 0; k < compared->node.spec.sort.key_count; k++) {
        const struct sb_column *x = &compared->batches[a / BATCH_ROWS].columns[k];
        const struct sb_column *y = &compared->batches[b / BATCH_ROWS].columns[k];
        bool has_null =
            sb_column_is_null(x, a % BATCH_ROWS) || sb_column_is_null(y, b % BATCH_ROWS);
        int found = cell_compare(x, a % BATCH_ROWS, y, b % BATCH_ROWS);

        if (found != 0) {
            bool is_turned = has_null ? compared->order[k].nulls_first //
                                      : compared->order[k].is_descending;
            return is_turned ? -found : found;
        }
    }
    return order_of(a, b);
}

static void expected_rows(const struct rows *rows, int64_t *out)
{
    for (int64_t i = 0; i < ROW_COUNT; i++) {
        out[i] = i;
    }
    compared = rows;
    qsort(out, ROW_COUNT, sizeof *out, row_compare);
}

/* What came out are rows [first, end) of the order, with their keys. */
static void expect_rows(const struct rows *rows, const struct test_batches *emitted, int64_t first,
                        int64_t end)
{
    int64_t expected[ROW_COUNT];

    expected_rows(rows, expected);
    for (int64_t b = 0; b < emitted->count; b++) {
        const struct sb_batch *batch = &emitted->batches[b];
        const int64_t *found = sb_column_fixed(&batch->columns[2], 8);

        for (int64_t i = 0; i < batch->row_count; i++) {
            struct sb_column key;
            uint32_t row = (uint32_t)(found[i] % BATCH_ROWS);

            assert_true(first < end);
            assert_int_equal(found[i], expected[first]);
            sb_column_share(&key, &batch->columns[0]);
            sb_column_slice(&key, i, 1);
            test_column_expect(&key, &rows->batches[found[i] / BATCH_ROWS].columns[0], &row, 1);
            sb_column_deinit(&key);
            first++;
        }
    }
    assert_int_equal(first, end);
}

// --- running -------------------------------------------------------------------------------------

/* Batches [first, end), in slices of up to `size` rows, each on a worker drawn by chance. */
static enum sb_status rows_push(const struct rows *rows, struct op_harness *harness, int32_t first,
                                int32_t end, int64_t size, uint64_t *random)
{
    for (int32_t b = first; b < end; b++) {
        for (int64_t at = 0; at < BATCH_ROWS; at += size) {
            int64_t count = BATCH_ROWS - at < size ? BATCH_ROWS - at : size;
            int32_t worker = (int32_t)(test_random(random) % (unsigned)harness->worker_count);
            struct sb_batch part;

            SB_TRY_RETURN(sb_batch_share(&part, &rows->batches[b], NULL));
            sb_batch_slice(&part, at, count);
            SB_TRY_RETURN(op_harness_push(harness, worker, 0, &part));
        }
        if (test_random(random) % 2) {
            SB_TRY_RETURN(op_harness_flush(harness));
        }
    }
    return SB_OK;
}

/* Half of the rows, a snapshot that is restored at another width, the others, the end. */
static void moved_and_expected(const struct rows *rows, sb_op_constructor constructor, int32_t turn,
                               int64_t first, int64_t end, uint64_t *random)
{
    static const int64_t sizes[] = {1, 7, BATCH_ROWS};
    struct test_batches snapshot = {0};
    struct op_harness harness;

    assert_int_equal(op_harness_init(&harness, constructor, &rows->node, rows->memory, 3), SB_OK);
    assert_int_equal(rows_push(rows, &harness, 0, BATCH_COUNT / 2, sizes[turn % 3], random), SB_OK);
    assert_int_equal(op_harness_snapshot(&harness, &snapshot), SB_OK);
    op_harness_deinit(&harness);
    assert_int_equal(op_harness_init(&harness, constructor, &rows->node, rows->memory, 1 + turn),
                     SB_OK);
    harness.ordered_count = ROW_COUNT / 2; // as a job goes on counting
    assert_int_equal(op_harness_restore(&harness, &snapshot, 1 + 9 * turn), SB_OK);
    assert_int_equal(
        rows_push(rows, &harness, BATCH_COUNT / 2, BATCH_COUNT, sizes[(turn + 1) % 3], random),
        SB_OK);
    assert_int_equal(op_harness_end(&harness), SB_OK);
    expect_rows(rows, &harness.emitted, first, end);
    op_harness_deinit(&harness);
    test_batches_deinit(&snapshot, rows->memory);
}

static void sorts_by_every_type(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < TYPE_COUNT; t++) {
        for (int32_t turn = 0; turn < 4; turn++) {
            struct rows rows;

            rows_init(&rows, types[t], &random);
            moved_and_expected(&rows, sb_sort_create, turn, 0, ROW_COUNT, &random);
            rows_deinit(&rows);
        }
    }
}

static void top_n_takes_every_type(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < TYPE_COUNT; t++) {
        for (int32_t turn = 0; turn < 4; turn++) {
            struct rows rows;

            rows_init(&rows, types[t], &random);
            rows_top(&rows, 9, turn); // more rows than that are flushed, so bounds are set
            moved_and_expected(&rows, sb_top_n_create, turn, turn, turn + 9, &random);
            rows_deinit(&rows);
        }
    }
}

struct attempt {
    const struct rows *rows;
    sb_op_constructor constructor;
};

static enum sb_status sort_attempt(struct sb_memory *memory, void *context)
{
    const struct attempt *attempt = context;
    struct test_batches snapshot = {0};
    struct op_harness harness;
    uint64_t random = 3;
    enum sb_status status;

    SB_TRY_OUT(op_harness_init(&harness, attempt->constructor, &attempt->rows->node, memory, 2));
    SB_TRY_OUT(rows_push(attempt->rows, &harness, 0, 2, 30, &random));
    SB_TRY_OUT(op_harness_snapshot(&harness, &snapshot));
    SB_TRY_OUT(rows_push(attempt->rows, &harness, 2, 3, 30, &random));
    SB_TRY_OUT(op_harness_end(&harness));

out:
    test_batches_deinit(&snapshot, memory);
    op_harness_deinit(&harness);
    return status;
}

static void survives_every_refused_allocation(void **state)
{
    static const char *const some[] = {
        "dictionary<int8, utf8>",
        "dictionary<uint64, fixed_size_binary[9]>",
        "run_end_encoded<int32, int64>",
        "list<item: utf8>",
    };
    uint64_t random = 9;

    (void)state;
    for (size_t i = 0; i < sizeof some / sizeof *some; i++) {
        struct attempt attempt = {.constructor = sb_sort_create};
        struct rows rows;

        rows_init(&rows, some[i], &random);
        attempt.rows = &rows;
        test_allocations(sort_attempt, &attempt);
        rows_top(&rows, 9, 1);
        attempt.constructor = sb_top_n_create;
        test_allocations(sort_attempt, &attempt);
        rows_deinit(&rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorts_by_every_type),
        cmocka_unit_test(top_n_takes_every_type),
        cmocka_unit_test(survives_every_refused_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
