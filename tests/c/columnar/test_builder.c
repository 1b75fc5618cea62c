// SPDX-License-Identifier: Apache-2.0
#include "columnar/builder.h"

#include <stdio.h>
#include <string.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static const enum sb_type_id variable_ids[] = {
    SB_TYPE_UTF8,   SB_TYPE_LARGE_UTF8,   SB_TYPE_UTF8_VIEW,
    SB_TYPE_BINARY, SB_TYPE_LARGE_BINARY, SB_TYPE_BINARY_VIEW,
};

static void builds_text_of_every_length(void **state)
{
    enum { COUNT = 300 };
    struct sb_memory *memory = sb_memory_create(0);
    char text[COUNT];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t t = 0; t < sizeof variable_ids / sizeof variable_ids[0]; t++) {
        struct sb_type type = {.id = variable_ids[t]};
        struct sb_builder builder;
        struct sb_column column;

        sb_builder_init(&builder, memory, &type);
        for (int i = 0; i < COUNT; i++) {
            text[0] = (char)('a' + i % 26);
            assert_int_equal(sb_builder_append_bytes(&builder, text, i, NULL), SB_OK);
        }
        assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
        assert_int_equal(column.length, COUNT);
        assert_null(column.validity);
        for (int i = 0; i < COUNT; i++) {
            struct sb_bytes bytes = sb_column_bytes(&column, i);

            text[0] = (char)('a' + i % 26);
            assert_int_equal(bytes.size, i);
            assert_memory_equal(bytes.data, text, (size_t)i);
        }
        sb_column_deinit(&column);
    }
    sb_memory_release(memory);
}

static void lays_views_out_as_arrow_says(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_UTF8_VIEW};
    struct sb_builder builder;
    struct sb_column column;
    const uint8_t *views;
    int32_t words[4];

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_append_bytes(&builder, "abc", 3, NULL), SB_OK);
    assert_int_equal(sb_builder_append_null(&builder, NULL), SB_OK);
    assert_int_equal(sb_builder_append_bytes(&builder, "0123456789ab", 12, NULL), SB_OK);
    assert_int_equal(sb_builder_append_bytes(&builder, "0123456789abc", 13, NULL), SB_OK);
    assert_int_equal(sb_builder_append_bytes(&builder, "wxyz-and-more", 13, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    views = column.values;
    assert_memory_equal(views, "\3\0\0\0abc\0\0\0\0\0\0\0\0\0", 16);
    assert_memory_equal(views + 16, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
    assert_memory_equal(views + 32,
                        "\14\0\0\0"
                        "0123456789ab",
                        16);
    memcpy(words, views + 64, sizeof words);
    assert_int_equal(words[0], 13);
    assert_memory_equal(&words[1], "wxyz", 4);
    assert_int_equal(words[2], 0);
    assert_int_equal(words[3], 13);
    assert_int_equal(column.heap_count, 1);
    assert_int_equal(column.heap_sizes[0], 26);
    sb_column_deinit(&column);
    sb_memory_release(memory);
}

static void marks_nulls_from_the_first_one_on(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_INT16};
    struct sb_builder builder;
    struct sb_column column;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    for (int16_t i = 0; i < 500; i++) {
        assert_int_equal(i >= 100 && i % 7 == 0 ? sb_builder_append_null(&builder, NULL)
                                                : sb_builder_append_fixed(&builder, &i, NULL),
                         SB_OK);
    }
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    assert_int_equal(column.null_count, sb_column_null_count(&column));
    column.null_count = -1;
    for (int16_t i = 0; i < 500; i++) {
        assert_int_equal(sb_column_is_null(&column, i), i >= 100 && i % 7 == 0);
        assert_true(sb_column_is_null(&column, i) || ((const int16_t *)column.values)[i] == i);
    }
    assert_int_equal(sb_column_null_count(&column), 57);
    sb_column_deinit(&column);
    sb_memory_release(memory);
}

static void is_empty_again_after_it_finished(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_BOOL};
    struct sb_builder builder;
    struct sb_column first;
    struct sb_column second;
    uint8_t yes = 1;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_append_fixed(&builder, &yes, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &first, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &second, NULL), SB_OK);
    assert_int_equal(first.length, 1);
    assert_int_equal(second.length, 0);
    assert_non_null(second.values); // no rows have buffers, too
    sb_builder_deinit(&builder);
    sb_column_deinit(&first);
    sb_column_deinit(&second);
    sb_memory_release(memory);
}

static void does_not_allocate_what_was_reserved(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_UTF8};
    struct sb_builder builder;
    int64_t calls;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_reserve(&builder, 1000, 5000, NULL), SB_OK);
    calls = atomic_load(&memory->call_count);
    for (int i = 0; i < 1000; i++) {
        assert_int_equal(sb_builder_append_bytes(&builder, "12345", 5, NULL), SB_OK);
    }
    assert_int_equal(atomic_load(&memory->call_count), calls);
    sb_builder_deinit(&builder);
    sb_memory_release(memory);
}

static const char every_type[] =
    "b: bool, i: int8, j: int16, k: int32, l: int64, u: uint8, v: uint16, w: uint32, x: uint64, "
    "f: float32, g: float64, d: date32, e: date64, t: timestamp[us, UTC], n: decimal128(10, 2), "
    "s: utf8, S: large_utf8, y: utf8_view, z: binary, Z: large_binary, Y: binary_view";

static const char every_row[] =
    "true, -128, -32768, -2147483648, -9223372036854775808, 255, 65535, 4294967295, "
    "18446744073709551615, 1.5, -0.0, 20000, -1, 1700000000000000, -123.45, 'a', 'b', 'c', "
    "'\\x00', 'a long text of many bytes', 'another long one, not inline'\n"
    "null, null, null, null, null, null, null, null, null, null, null, null, null, null, null, "
    "null, null, null, null, null, null\n"
    "false, 127, 0, 1, 2, 3, 4, 5, 6, inf, nan, 0, 0, 0, 0.00, '', '', '', '', '', ''\n";

static void copies_rows_of_every_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct sb_batch copy;

    (void)state;
    assert_int_equal(test_batch_parse(memory, every_type, every_row, &batch), SB_OK);
    assert_int_equal(sb_batch_init(&copy, memory, batch.schema, 3, NULL), SB_OK);
    for (int32_t i = 0; i < batch.schema->field_count; i++) {
        struct sb_builder builder;

        sb_builder_init(&builder, memory, &batch.schema->fields[i].type);
        for (int64_t row = 2; row >= 0; row--) {
            assert_int_equal(sb_builder_append_row(&builder, &batch.columns[i], row, NULL), SB_OK);
        }
        assert_int_equal(sb_builder_finish(&builder, &copy.columns[i], NULL), SB_OK);
    }
    assert_batch_rows(&batch, every_row);
    assert_batch_rows_unordered(&copy, every_row);
    sb_batch_deinit(&batch);
    sb_batch_deinit(&copy);
    sb_memory_release(memory);
}

static void refuses_text_that_offsets_cannot_reach(void **state)
{
    static const enum sb_type_id ids[] = {SB_TYPE_UTF8, SB_TYPE_BINARY_VIEW};
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct sb_type type = {.id = ids[i]};
        struct sb_builder builder;
        struct sb_error err;

        sb_builder_init(&builder, memory, &type);
        assert_int_equal(sb_builder_reserve(&builder, 1, (int64_t)INT32_MAX + 1, &err),
                         SB_UNSUPPORTED);
        assert_non_null(strstr(err.message, "large_utf8"));
        sb_builder_deinit(&builder);
    }
    sb_memory_release(memory);
}

static enum sb_status every_type_build(struct sb_memory *memory, void *context)
{
    struct sb_batch batch;

    (void)context;
    SB_TRY_RETURN(test_batch_parse(memory, every_type, every_row, &batch));
    sb_batch_deinit(&batch);
    return SB_OK;
}

// Grows several times, with nulls; after a refusal it can still finish or be dropped.
static enum sb_status text_build(struct sb_memory *memory, void *context)
{
    struct sb_type type = {.id = *(enum sb_type_id *)context};
    struct sb_builder builder;
    struct sb_column column = {0};
    enum sb_status status = SB_OK;

    sb_builder_init(&builder, memory, &type);
    for (int i = 0; i < 400; i++) {
        SB_TRY_OUT(i % 50 == 49 ? sb_builder_append_null(&builder, NULL)
                                : sb_builder_append_bytes(&builder, "thirteen bytes", 14, NULL));
    }
    SB_TRY_OUT(sb_builder_finish(&builder, &column, NULL));
out:
    if (status != SB_OK) {
        int64_t length = builder.length;

        if (sb_builder_finish(&builder, &column, NULL) == SB_OK) {
            assert_int_equal(column.length, length);
        }
    }
    sb_column_deinit(&column);
    sb_builder_deinit(&builder);
    return status;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(every_type_build, NULL);
    for (size_t i = 0; i < sizeof variable_ids / sizeof variable_ids[0]; i++) {
        enum sb_type_id id = variable_ids[i];

        test_allocations(text_build, &id);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(builds_text_of_every_length),
        cmocka_unit_test(lays_views_out_as_arrow_says),
        cmocka_unit_test(marks_nulls_from_the_first_one_on),
        cmocka_unit_test(is_empty_again_after_it_finished),
        cmocka_unit_test(does_not_allocate_what_was_reserved),
        cmocka_unit_test(copies_rows_of_every_type),
        cmocka_unit_test(refuses_text_that_offsets_cannot_reach),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
