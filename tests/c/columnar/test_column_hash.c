// SPDX-License-Identifier: Apache-2.0
/*
 * test_column_hash.c - hashes of rows against base/hash.h, one value at a time.
 */
#include "columnar/column.h"

#include <stdio.h>
#include <string.h>

#include "base/hash.h"
#include "columnar/kernels/target.h"
#include "support/batch_text.h"
#include "support/model.h"
#include "support/seed.h"
#include "support/test.h"

enum { ROWS_MAX = 8 };

static void columns_hash(const char *schema, const char *rows, uint64_t *hashes)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;

    assert_int_equal(test_batch_parse(memory, schema, rows, &batch), SB_OK);
    assert_true(batch.row_count <= ROWS_MAX);
    for (int32_t i = 0; i < batch.schema->field_count; i++) {
        sb_column_hash(&batch.columns[i], NULL, batch.row_count, i == 0, hashes);
    }
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

static void hashes_integers_by_value(void **state)
{
    static const char *const types[] = {
        "int8",          "int16", "int32",  "int64",  "date32", "date64",
        "timestamp[us]", "uint8", "uint16", "uint32", "uint64",
    };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool is_unsigned = types[i][0] == 'u';
        uint64_t hashes[ROWS_MAX];
        char schema[64] = "a: ";

        strcat(schema, types[i]);
        columns_hash(schema, is_unsigned ? "0;1;100;127" : "0;1;100;127;-1;-128;null", hashes);
        assert_int_equal(hashes[0], sb_hash64(0));
        assert_int_equal(hashes[1], sb_hash64(1));
        assert_int_equal(hashes[2], sb_hash64(100));
        assert_int_equal(hashes[3], sb_hash64(127));
        if (!is_unsigned) {
            assert_int_equal(hashes[4], sb_hash64((uint64_t)INT64_C(-1)));
            assert_int_equal(hashes[5], sb_hash64((uint64_t)INT64_C(-128)));
            assert_int_equal(hashes[6], SB_HASH_NULL);
        }
    }
}

static void hashes_the_ends_of_each_width(void **state)
{
    uint64_t hashes[ROWS_MAX];

    (void)state;
    columns_hash("a: uint8", "255", hashes);
    assert_int_equal(hashes[0], sb_hash64(255));
    columns_hash("a: uint16", "65535", hashes);
    assert_int_equal(hashes[0], sb_hash64(65535));
    columns_hash("a: uint32", "4294967295", hashes);
    assert_int_equal(hashes[0], sb_hash64(4294967295));
    columns_hash("a: uint64", "18446744073709551615", hashes);
    assert_int_equal(hashes[0], sb_hash64(UINT64_MAX));
    columns_hash("a: int16", "-32768", hashes);
    assert_int_equal(hashes[0], sb_hash64((uint64_t)INT64_C(-32768)));
    columns_hash("a: int32", "-2147483648", hashes);
    assert_int_equal(hashes[0], sb_hash64((uint64_t)INT64_C(-2147483648)));
    columns_hash("a: bool", "false; true; null", hashes);
    assert_int_equal(hashes[0], sb_hash64(0));
    assert_int_equal(hashes[1], sb_hash64(1));
    assert_int_equal(hashes[2], SB_HASH_NULL);
}

static void hashes_floats_of_both_widths_alike(void **state)
{
    static const char rows[] = "0.0; -0.0; nan; -nan; 1.5; inf; null";

    (void)state;
    for (int i = 0; i < 2; i++) {
        uint64_t hashes[ROWS_MAX];

        columns_hash(i == 0 ? "a: float32" : "a: float64", rows, hashes);
        assert_int_equal(hashes[0], sb_hash_double(0.0));
        assert_int_equal(hashes[1], hashes[0]);
        assert_int_equal(hashes[2], sb_hash64(SB_HASH_NAN));
        assert_int_equal(hashes[3], hashes[2]);
        assert_int_equal(hashes[4], sb_hash_double(1.5));
        assert_int_equal(hashes[6], SB_HASH_NULL);
    }
}

static void hashes_decimals_by_their_integer(void **state)
{
    uint64_t hashes[ROWS_MAX];

    (void)state;
    columns_hash("a: decimal128(20, 2)", "12.50; -0.01; 0.00; null", hashes);
    assert_int_equal(hashes[0], sb_hash_wide(1250, 0));
    assert_int_equal(hashes[1], sb_hash_wide(UINT64_MAX, UINT64_MAX));
    assert_int_equal(hashes[2], sb_hash_wide(0, 0));
    assert_int_equal(hashes[3], SB_HASH_NULL);
}

static void hashes_text_of_every_layout_alike(void **state)
{
    static const char *const schemas[] = {
        "a: utf8",   "a: large_utf8",   "a: utf8_view",
        "a: binary", "a: large_binary", "a: binary_view",
    };

    (void)state;
    for (size_t i = 0; i < sizeof schemas / sizeof schemas[0]; i++) {
        uint64_t hashes[ROWS_MAX];

        columns_hash(schemas[i], "''; 'abc'; 'more than twelve bytes'; null", hashes);
        assert_int_equal(hashes[0], sb_hash_bytes("", 0));
        assert_int_equal(hashes[1], sb_hash_bytes("abc", 3));
        assert_int_equal(hashes[2], sb_hash_bytes("more than twelve bytes", 22));
        assert_int_equal(hashes[3], SB_HASH_NULL);
    }
}

static void folds_columns_from_the_left(void **state)
{
    uint64_t hashes[ROWS_MAX];

    (void)state;
    columns_hash("a: int32, b: utf8, c: float64", "7, 'abc', 1.5; null, null, null", hashes);
    assert_int_equal(hashes[0], UINT64_C(0x43d50e83a8f4c793)); // as base/test_hash pins it
    assert_int_equal(hashes[1],
                     sb_hash_combine(sb_hash_combine(SB_HASH_NULL, SB_HASH_NULL), SB_HASH_NULL));
}

// Positions, missing rows, slices and more rows than a chunk: each row as it hashes alone.
static void hashes_selected_rows_like_single_ones(void **state)
{
    enum { COUNT = 1500, LENGTH = 700 };
    static const char *const types[] = {"int32", "float64",   "bool",
                                        "utf8",  "utf8_view", "decimal128(38, 0)"};
    static uint32_t positions[COUNT];
    static uint64_t hashes[COUNT];
    static char text[LENGTH * 32];
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
        for (int variant = 0; variant < 8; variant++) {
            bool has_nulls = variant & 1;
            bool has_missing = variant & 2;
            bool is_first = variant & 4;
            char schema[64] = "a: ";
            struct sb_batch batch;
            struct sb_column *column;
            char *to = text;

            strcat(schema, types[t]);
            for (int i = 0; i < LENGTH; i++) {
                int value = (int)(test_random(&random) % 1000);

                to += has_nulls && value % 3 == 0 ? sprintf(to, "null\n")
                      : types[t][0] == 'b'        ? sprintf(to, value % 2 ? "true\n" : "false\n")
                      : types[t][0] == 'u'        ? sprintf(to, "'%0*d'\n", value % 20, value)
                                                  : sprintf(to, "%d\n", value);
            }
            assert_int_equal(test_batch_parse(memory, schema, text, &batch), SB_OK);
            column = &batch.columns[0];
            sb_column_slice(column, 13, LENGTH - 13);
            for (int i = 0; i < COUNT; i++) {
                bool is_missing = has_missing && test_random(&random) % 5 == 0;

                positions[i] =
                    is_missing ? UINT32_MAX : (uint32_t)(test_random(&random) % (LENGTH - 13));
                hashes[i] = 42;
            }
            sb_column_hash(column, positions, COUNT, is_first, hashes);
            for (int i = 0; i < COUNT; i++) {
                struct sb_column one;
                uint64_t expected = SB_HASH_NULL;

                if (positions[i] != UINT32_MAX) {
                    sb_column_share(&one, column);
                    sb_column_slice(&one, positions[i], 1);
                    sb_column_hash(&one, NULL, 1, true, &expected);
                    sb_column_deinit(&one);
                }
                assert_int_equal(hashes[i], is_first ? expected : sb_hash_combine(42, expected));
            }
            sb_column_hash(column, NULL, column->length, true, hashes);
            for (uint32_t i = 0; i < column->length; i++) {
                uint64_t expected;

                sb_column_hash(column, &i, 1, true, &expected);
                assert_int_equal(hashes[i], expected);
            }
            sb_batch_deinit(&batch);
        }
    }
    sb_memory_release(memory);
}

// Random columns of every type.
static void hashes_alike_at_every_instruction_set(void **state)
{
    enum { LENGTH = 1100 };
    struct sb_memory *memory = sb_memory_create(0);
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        for (int variant = 0; variant < 8; variant++) {
            static uint64_t base[LENGTH];
            static uint64_t hashes[LENGTH];
            static uint32_t rows[LENGTH];
            struct test_model model;
            struct sb_column column;
            bool is_first = variant & 4;

            test_model_random(&model, (enum sb_type_id)id, LENGTH, variant & 1, &random);
            assert_int_equal(test_model_build(&model, memory, &column), SB_OK);
            for (int i = 0; i < LENGTH; i++) {
                rows[i] = (uint32_t)(test_random(&random) % LENGTH);
                base[i] = (uint64_t)i;
            }
            sb_column_hash_base(&column, variant & 2 ? rows : NULL, LENGTH, is_first, base);
            for (int level = 1; level <= (int)sb_instruction_level(); level++) {
                for (int i = 0; i < LENGTH; i++) {
                    hashes[i] = (uint64_t)i;
                }
                sb_column_hash_at((enum sb_instruction_level)level)(
                    &column, variant & 2 ? rows : NULL, LENGTH, is_first, hashes);
                assert_memory_equal(hashes, base, sizeof base);
            }
            sb_column_deinit(&column);
            test_model_deinit(&model);
        }
    }
    sb_memory_release(memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_integers_by_value),
        cmocka_unit_test(hashes_the_ends_of_each_width),
        cmocka_unit_test(hashes_floats_of_both_widths_alike),
        cmocka_unit_test(hashes_decimals_by_their_integer),
        cmocka_unit_test(hashes_text_of_every_layout_alike),
        cmocka_unit_test(folds_columns_from_the_left),
        cmocka_unit_test(hashes_selected_rows_like_single_ones),
        cmocka_unit_test(hashes_alike_at_every_instruction_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
