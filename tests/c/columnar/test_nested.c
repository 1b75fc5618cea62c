// SPDX-License-Identifier: Apache-2.0
/*
 * test_nested.c - types within types: built at random, out and in through the border, sliced and
 * gathered, written as bytes and read again; and arrays that lie about their children.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "columnar/arrow.h"
#include "columnar/value_bytes.h"
#include "support/allocation.h"
#include "support/random_value.h"
#include "support/seed.h"
#include "support/test.h"

static const char *const types[] = {
    "null",
    "utf8",
    "utf8_view",
    "float16",
    "decimal32(9, 2)",
    "decimal64(18, 2)",
    "decimal256(76, 2)",
    "time32[s]",
    "time64[ns]",
    "duration[us]",
    "interval[month]",
    "interval[day_time]",
    "interval[month_day_nano]",
    "fixed_size_binary[5]",
    "fixed_size_binary[0]",
    "dictionary<int8, utf8>",
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
    "struct<>",
    "map<utf8, list<item: int32>>",
};
enum {
    TYPE_COUNT = sizeof types / sizeof types[0],
    ROW_COUNT = 70,
};

static struct sb_schema *schema_of(struct sb_memory *memory, const char *name)
{
    struct sb_arena arena = {.memory = memory};
    struct sb_field field = {.name = "c", .is_nullable = true};
    struct sb_schema *schema;

    assert_int_equal(sb_type_parse(name, &arena, &field.type, NULL), SB_OK);
    assert_int_equal(sb_schema_create(memory, &field, 1, &schema, NULL), SB_OK);
    sb_arena_deinit(&arena);
    return schema;
}

static void batch_random(struct sb_memory *memory, const char *name, struct sb_batch *out,
                         uint64_t *random)
{
    struct sb_schema *schema = schema_of(memory, name);
    struct sb_builder builder;

    assert_int_equal(sb_batch_init(out, memory, schema, ROW_COUNT, NULL), SB_OK);
    sb_builder_init(&builder, memory, &schema->fields[0].type);
    for (int i = 0; i < ROW_COUNT; i++) {
        test_value_append_random(&builder, true, random);
    }
    assert_int_equal(sb_builder_finish(&builder, &out->columns[0], NULL), SB_OK);
    sb_schema_release(schema);
}

// Rows of `column` from two columns that share them, chosen by turns.
static enum sb_status rows_interleave(struct sb_memory *memory, const struct sb_column *column,
                                      uint64_t *random)
{
    struct sb_row_place places[2 * ROW_COUNT];
    const struct sb_column *both[2] = {column, column};
    uint32_t rows[2 * ROW_COUNT];
    struct sb_column later = {0};
    struct sb_column made = {0};
    enum sb_status status;

    sb_column_share(&later, column);
    sb_column_slice(&later, ROW_COUNT / 2, ROW_COUNT - ROW_COUNT / 2);
    both[1] = &later;
    for (int i = 0; i < 2 * ROW_COUNT; i++) {
        rows[i] = (uint32_t)(test_random(random) % ROW_COUNT);
        places[i] = rows[i] >= ROW_COUNT / 2 && i % 2 == 0
                        ? (struct sb_row_place){1, rows[i] - ROW_COUNT / 2}
                        : (struct sb_row_place){0, rows[i]};
    }
    status = sb_column_interleave(both, 2, places, 2 * ROW_COUNT, memory, &made, NULL);
    if (status == SB_OK) {
        test_column_expect(&made, column, rows, 2 * ROW_COUNT);
    }
    sb_column_deinit(&made);
    sb_column_deinit(&later);
    return status;
}

// Slices, gathers, interleaves and takes the rows through the border; `memory` may refuse.
static enum sb_status rows_trip(struct sb_memory *memory, const struct sb_batch *given,
                                uint64_t *random)
{
    const struct sb_column *column = &given->columns[0];
    uint32_t rows[2 * ROW_COUNT];
    struct sb_column gathered = {0};
    struct sb_batch batch = {0};
    struct ArrowArray array = {0};
    enum sb_status status = SB_OK;
    struct sb_error err;
    int64_t first = (int64_t)(test_random(random) % ROW_COUNT);
    int64_t count = (int64_t)(test_random(random) % (uint64_t)(ROW_COUNT - first + 1));

    SB_TRY_OUT(sb_batch_init(&batch, memory, given->schema, ROW_COUNT, NULL));
    sb_column_share(&batch.columns[0], column);
    sb_batch_slice(&batch, first, count);
    for (int64_t i = 0; i < 2 * ROW_COUNT; i++) {
        rows[i] = count == 0 || test_random(random) % 6 == 0
                      ? UINT32_MAX
                      : (uint32_t)(test_random(random) % (uint64_t)count);
    }
    SB_TRY_OUT(sb_column_gather(&batch.columns[0], rows, 2 * ROW_COUNT, memory, &gathered, NULL));
    for (int64_t i = 0; i < 2 * ROW_COUNT; i++) {
        rows[i] = rows[i] == UINT32_MAX ? UINT32_MAX : rows[i] + (uint32_t)first;
    }
    test_column_expect(&gathered, column, rows, 2 * ROW_COUNT);
    assert_true(sb_column_size_estimate(&gathered) >= 0);
    SB_TRY_OUT(rows_interleave(memory, column, random));

    for (int64_t i = 0; i < count; i++) {
        rows[i] = (uint32_t)(first + i);
    }
    SB_TRY_OUT(sb_batch_export(&batch, &array, NULL));
    status = sb_batch_import_checked(memory, given->schema, &array, SB_IMPORT_FULL, &batch, &err);
    if (status != SB_OK && status != SB_NO_MEMORY) {
        fail_msg("%s", err.message);
    }
    SB_TRY_OUT(status);
    test_column_expect(&batch.columns[0], column, rows, count);
out:
    sb_column_deinit(&gathered);
    sb_batch_deinit(&batch);
    return status;
}

static void keeps_rows_of_every_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < TYPE_COUNT; t++) {
        for (int i = 0; i < 40; i++) {
            struct sb_batch batch;

            batch_random(memory, types[t], &batch, &random);
            assert_int_equal(rows_trip(memory, &batch, &random), SB_OK);
            sb_batch_deinit(&batch);
        }
    }
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
}

// A row that is not ended yet.
static void begin_row(struct sb_builder *builder, uint64_t *random)
{
    struct sb_builder *child;

    if (!sb_type_is_nested(builder->type->id) || sb_type_is_encoded(builder->type->id)) {
        return;
    }
    for (int32_t i = 0; i < builder->type->child_count && test_random(random) % 3 != 0; i++) {
        assert_int_equal(sb_builder_child(builder, i, &child, NULL), SB_OK);
        test_value_append_random(child, builder->type->children[i].is_nullable, random);
        begin_row(child, random);
    }
}

static void forgets_the_rows_that_are_cut_off(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < 20 * TYPE_COUNT; t++) {
        struct sb_schema *schema = schema_of(memory, types[t % TYPE_COUNT]);
        struct sb_builder cut;
        struct sb_builder straight;
        struct sb_column found;
        struct sb_column expected;
        uint64_t seeds[ROW_COUNT];

        sb_builder_init(&cut, memory, &schema->fields[0].type);
        sb_builder_init(&straight, memory, &schema->fields[0].type);
        for (int i = 0; i < ROW_COUNT; i++) {
            uint64_t seed = seeds[cut.length] = test_random(&random);

            test_value_append_random(&cut, true, &seed);
            if (test_random(&random) % 8 == 0) {
                begin_row(&cut, &random);
                sb_builder_truncate(&cut, cut.length -
                                              (int64_t)(test_random(&random) % 3) * cut.length / 4);
            }
        }
        for (int64_t i = 0; i < cut.length; i++) {
            test_value_append_random(&straight, true, &seeds[i]);
        }
        assert_int_equal(cut.null_count, straight.null_count);
        assert_int_equal(cut.bytes_size, straight.bytes_size);
        assert_int_equal(sb_builder_finish(&cut, &found, NULL), SB_OK);
        assert_int_equal(sb_builder_finish(&straight, &expected, NULL), SB_OK);
        test_column_expect(&found, &expected, NULL, expected.length);
        sb_column_deinit(&found);
        sb_column_deinit(&expected);
        sb_schema_release(schema);
    }
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
}

static void reads_the_bytes_it_writes(void **state)
{
    static uint8_t bytes[1 << 14];
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < TYPE_COUNT; t++) {
        struct sb_builder builder;
        struct sb_column again;
        struct sb_batch batch;
        uint64_t hashes[ROW_COUNT];

        batch_random(memory, types[t], &batch, &random);
        sb_builder_init(&builder, memory, batch.columns[0].type);
        sb_column_hash(&batch.columns[0], NULL, ROW_COUNT, true, hashes);
        for (int64_t row = 0; row < ROW_COUNT; row++) {
            if (sb_column_is_null(&batch.columns[0], row)) {
                assert_int_equal(hashes[row], SB_HASH_NULL);
                assert_int_equal(sb_builder_append_null(&builder, NULL), SB_OK);
            } else {
                int64_t size = sb_value_size(&batch.columns[0], row);

                sb_value_write(&batch.columns[0], row, true, bytes);
                assert_int_equal(sb_value_hash(&batch.columns[0], row),
                                 sb_hash_bytes(bytes, (size_t)size));
                sb_value_write(&batch.columns[0], row, false, bytes);
                assert_int_equal(sb_builder_append_value(&builder, bytes, size, NULL), SB_OK);
            }
        }
        assert_int_equal(sb_builder_finish(&builder, &again, NULL), SB_OK);
        test_column_expect(&again, &batch.columns[0], NULL, ROW_COUNT);
        sb_column_deinit(&again);
        sb_batch_deinit(&batch);
    }
    sb_memory_release(memory);
}

struct trip {
    const struct sb_batch *batch;
    uint64_t random;
};

// One value of each type: its bytes (columnar/value_bytes.h), and the hash they have for ever. Rows
// are routed and snapshots are cut by it: if one changes, state of earlier versions is lost.
static const struct {
    const char *type;
    const char *bytes;
    int64_t size;
    uint64_t hash;
} golden[] = {
    {"float16", "\x00\x3e", 2, UINT64_C(0xb58d11cb4b8e78a3)}, // 1.5
    {"decimal32(9, 2)", "\xd2\x04\0\0", 4, UINT64_C(0xe4d6e863f5233f0a)},
    {"decimal64(18, 2)", "\xd2\x04\0\0\0\0\0\0", 8, UINT64_C(0xe4d6e863f5233f0a)},
    {"decimal128(38, 2)", "\xd2\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16, UINT64_C(0xe4d6e863f5233f0a)},
    {"decimal256(76, 2)", "\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x04\xd2",
     32, UINT64_C(0x698c1365064e07bb)},
    {"time32[s]", "\x39\x30\0\0", 4, UINT64_C(0x351066826b3c4c8f)},
    {"time64[ns]", "\x39\x30\0\0\0\0\0\0", 8, UINT64_C(0x351066826b3c4c8f)},
    {"duration[us]", "\xff\xff\xff\xff\xff\xff\xff\xff", 8, UINT64_C(0x68913b365d4a6a99)},
    {"interval[month]", "\x0d\0\0\0", 4, UINT64_C(0x6423d8abdac7b20c)},
    {"interval[day_time]", "\x01\0\0\0\x02\0\0\0", 8, UINT64_C(0x0d82e5f81674f2d2)},
    {"interval[month_day_nano]", "\x01\0\0\0\x02\0\0\0\x03\0\0\0\0\0\0\0", 16,
     UINT64_C(0x8d4662b0c1c6a2d2)},
    {"fixed_size_binary[5]", "a\0b\0c", 5, UINT64_C(0xc43565db7ee92f49)},
    {"fixed_size_binary[16]", "0123456789abcdef", 16, UINT64_C(0x42ff675e8d3e2fca)},
    {"dictionary<int8, utf8>", "abc", 3, UINT64_C(0x773cb02af88f84ef)},
    {"dictionary<uint16, int32>", "\x07\0\0\0", 4, UINT64_C(0xe49c579c5e62d8d0)},
    {"run_end_encoded<int16, utf8>", "more than twelve bytes", 22, UINT64_C(0x5a9c3673af689f2b)},
    {"list<item: int16>", "\x04\x01\0\x02\0", 5, UINT64_C(0x3298f7d6427f83a5)},       // [1, 2]
    {"large_list<item: int16>", "\x04\x01\0\x02\0", 5, UINT64_C(0x3298f7d6427f83a5)}, // the same
    {"list_view<item: int16>", "\x03\0", 2, UINT64_C(0x8c86c97937d5aaf2)},            // [null]
    {"fixed_size_list<item: int16>[2]", "\0\x01\0\x02\0", 5,
     UINT64_C(0x1ba8ccb75c8b10d8)}, // [1, 2]
    {"struct<a: int8, b: utf8>",
     "\x03\x07\x03"
     "abc",
     6, UINT64_C(0x43bb9dd9504045c7)},
    {"struct<a: int8, b: utf8>",
     "\x02\x03"
     "abc",
     5, UINT64_C(0x6c7c88803e95942f)}, // a is null
    {"map<utf8, int8>", "\x02\x03\x01k\x07", 5, UINT64_C(0xbf230e866d4a5074)},
};

static void hashes_values_as_ever(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof golden / sizeof golden[0]; i++) {
        struct sb_schema *schema = schema_of(memory, golden[i].type);
        const struct sb_type *type = &schema->fields[0].type;
        const uint8_t *bytes = (const uint8_t *)golden[i].bytes;
        struct sb_builder builder;
        struct sb_column column;
        uint64_t hash;

        sb_builder_init(&builder, memory, type);
        assert_int_equal(sb_type_is_encoded(type->id)
                             ? sb_builder_append_encoded(&builder, bytes, golden[i].size, NULL)
                             : sb_builder_append_value(&builder, bytes, golden[i].size, NULL),
                         SB_OK);
        assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
        sb_column_hash(&column, NULL, 1, true, &hash);
        if (hash != golden[i].hash) {
            fail_msg("%s: 0x%016" PRIx64, golden[i].type, hash);
        }
        sb_column_deinit(&column);
        sb_builder_deinit(&builder);
        sb_schema_release(schema);
    }
    sb_memory_release(memory);
}

static enum sb_status trip_attempt(struct sb_memory *memory, void *context)
{
    const struct trip *trip = context;
    uint64_t random = trip->random; // the same path each time

    return rows_trip(memory, trip->batch, &random);
}

static void survives_refused_memory(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int t = 0; t < TYPE_COUNT; t++) {
        struct sb_batch batch;
        struct trip trip = {.batch = &batch};

        batch_random(memory, types[t], &batch, &random);
        trip.random = test_random(&random);
        test_allocations(trip_attempt, &trip);
        sb_batch_deinit(&batch);
    }
    sb_memory_release(memory);
}

// --- arrays that lie -----------------------------------------------------------------------------

static void one_child_less(struct ArrowArray *array)
{
    struct ArrowArray *last = array->children[--array->n_children];

    last->release(last); // nobody else does any more
}

static void child_gone(struct ArrowArray *array)
{
    array->children[0]->release(array->children[0]);
}

static void shorten(struct ArrowArray *array, int64_t length)
{
    array->length = length;
    array->null_count = -1;
}

static void child_short(struct ArrowArray *array)
{
    shorten(array->children[0], 1);
}

static void child_endless(struct ArrowArray *array)
{
    array->children[0]->length = INT64_MAX;
}

static void child_negative(struct ArrowArray *array)
{
    array->children[0]->offset = -1;
}

static void no_dictionary(struct ArrowArray *array)
{
    array->dictionary->release(array->dictionary);
    array->dictionary = NULL;
}

static void short_dictionary(struct ArrowArray *array)
{
    shorten(array->dictionary, 0);
}

static void no_sizes(struct ArrowArray *array)
{
    array->buffers[2] = NULL;
}

static void runs_end_early(struct ArrowArray *array)
{
    shorten(array->children[0], 1);
    shorten(array->children[1], 1);
}

static void no_runs(struct ArrowArray *array)
{
    shorten(array->children[0], 0);
    shorten(array->children[1], 0);
}

static void grandchild_short(struct ArrowArray *array)
{
    shorten(array->children[0]->children[0], 0);
}

static const struct {
    const char *type;
    void (*spoil)(struct ArrowArray *array);
    const char *message;
} lies[] = {
    {"struct<a: int8, b: int8>", one_child_less, "column 'c': expected 2 children, found 1"},
    {"struct<a: int8>", child_gone, "column 'c': child 0 was released before"},
    {"struct<a: int8>", child_short, "column 'c': child 0 has 1 rows, and 70 are needed"},
    {"struct<a: int8>", child_endless, "column 'c': child 0 has length"},
    {"struct<a: int8>", child_negative, "column 'c.a': offset -1"},
    {"list<item: int64>", child_short, "column 'c': offsets end at element"},
    {"list_view<item: int64>", child_short, "column 'c': the list of row"},
    {"list_view<item: int64>", no_sizes, "column 'c': 70 rows and no size buffer"},
    {"fixed_size_list<item: utf8>[3]", child_short, "child 0 has 1 rows, and 210 are needed"},
    {"dictionary<int8, utf8>", no_dictionary, "expected an array with a dictionary"},
    {"dictionary<int8, utf8>", short_dictionary, "and the dictionary has 0 values"},
    {"run_end_encoded<int32, utf8>", runs_end_early, "column 'c': runs end at row"},
    {"run_end_encoded<int32, utf8>", no_runs, "column 'c': 70 rows and no runs"},
    {"list<item: list<item: int8>>", grandchild_short, "column 'c[]': offsets end at element"},
    {"map<utf8, int8>", grandchild_short, "column 'c[]': child 0 has 0 rows"},
};

static void refuses_arrays_that_lie(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = 7; // rows enough of everything

    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct sb_schema *schema = schema_of(memory, lies[i].type);
        struct ArrowArray array;
        struct sb_batch batch;
        struct sb_error err = {.status = SB_OK};

        batch_random(memory, lies[i].type, &batch, &random);
        assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
        lies[i].spoil(array.children[0]);
        if (sb_batch_import(memory, schema, &array, &batch, &err) != SB_CORRUPT ||
            strstr(err.message, lies[i].message) == NULL) {
            fail_msg("expected '%s', found '%s'", lies[i].message, err.message);
        }
        assert_null(batch.columns);
        sb_schema_release(schema);
    }
    sb_memory_release(memory);
}

static void checks_text_when_asked_to(void **state)
{
    static const char *const wrong[] = {"\xff", "a\xc3", "\xc0\x80", "\xed\xa0\x80",
                                        "\xf5\x80\x80\x80"};
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        for (int depth = SB_IMPORT_SAFE; depth <= SB_IMPORT_FULL; depth++) {
            struct sb_schema *schema = schema_of(memory, "struct<a: list<item: utf8>>");
            struct sb_builder builder;
            struct sb_builder *lists = NULL;
            struct sb_builder *texts = NULL;
            struct ArrowArray array;
            struct sb_batch batch;
            struct sb_error err;

            assert_int_equal(sb_batch_init(&batch, memory, schema, 1, NULL), SB_OK);
            sb_builder_init(&builder, memory, &schema->fields[0].type);
            assert_int_equal(sb_builder_child(&builder, 0, &lists, NULL), SB_OK);
            assert_int_equal(sb_builder_child(lists, 0, &texts, NULL), SB_OK);
            assert_int_equal(
                sb_builder_append_bytes(texts, wrong[i], (int64_t)strlen(wrong[i]), NULL), SB_OK);
            assert_int_equal(sb_builder_append_nested(lists, NULL), SB_OK);
            assert_int_equal(sb_builder_append_nested(&builder, NULL), SB_OK);
            assert_int_equal(sb_builder_finish(&builder, &batch.columns[0], NULL), SB_OK);
            assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
            assert_int_equal(sb_batch_import_checked(memory, schema, &array,
                                                     (enum sb_import_depth)depth, &batch, &err),
                             depth == SB_IMPORT_FULL ? SB_CORRUPT : SB_OK);
            assert_true(depth == SB_IMPORT_SAFE ||
                        strstr(err.message, "column 'c.a[]': row 0 is not UTF-8") != NULL);
            sb_batch_deinit(&batch);
            sb_schema_release(schema);
        }
    }
    sb_memory_release(memory);
}

static void float16_keeps_every_value(void **state)
{
    (void)state;
    for (uint32_t bits = 0; bits < 0x10000; bits++) {
        assert_int_equal(sb_float16_write(sb_float16_read((uint16_t)bits)), bits);
    }
    assert_int_equal(sb_float16_write(65520.0), 0x7c00); // rounds to infinity
    assert_int_equal(sb_float16_write(65519.0), 0x7bff);
    assert_int_equal(sb_float16_write(0x1p-25), 0); // ties to even
    assert_int_equal(sb_float16_write(0x1.8p-25), 1);
    assert_int_equal(sb_float16_write(1.0 + 0x1p-11), 0x3c00);
    assert_int_equal(sb_float16_write(1.0 + 0x3p-11), 0x3c02);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_rows_of_every_type),
        cmocka_unit_test(forgets_the_rows_that_are_cut_off),
        cmocka_unit_test(reads_the_bytes_it_writes),
        cmocka_unit_test(survives_refused_memory),
        cmocka_unit_test(refuses_arrays_that_lie),
        cmocka_unit_test(checks_text_when_asked_to),
        cmocka_unit_test(float16_keeps_every_value),
        cmocka_unit_test(hashes_values_as_ever),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
