// SPDX-License-Identifier: Apache-2.0
/*
 * test_arrow_import.c - foreign arrays, sound and broken. Each array is released exactly once.
 */
#include "columnar/arrow.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/allocation.h"
#include "support/arrow_array.h"
#include "support/batch_text.h"
#include "support/seed.h"
#include "support/test.h"

static const int64_t int64_values[] = {10, 11, 12, 13};
static const int32_t text_offsets[] = {0, 1, 1, 3, 6};
static const int64_t large_offsets[] = {0, 1, 1, 3, 6};
static const int32_t backward_offsets[] = {0, 4, 2, 5, 6};
static const int32_t backward_last_offsets[] = {0, 1, 1, 6, 5};
static const int32_t negative_offsets[] = {-1, 1, 1, 3, 6};
static const int64_t backward_large_offsets[] = {0, 4, 2, 5, 6};
static const int64_t backward_last_large_offsets[] = {0, 1, 1, 6, 5};
static const int64_t negative_large_offsets[] = {-1, 1, 1, 3, 6};
static const uint8_t three_valid[] = {0x0b}; // row 2 is null
static const uint8_t all_valid[] = {0x0f};
static const char text[] = "abcdef";

struct view {
    int32_t size;
    char prefix[4];
    int32_t heap;
    int32_t offset;
};
static const struct view views[] = {
    {1, "a", 0, 0}, {13, "heap", 0, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_past_heap[] = {
    {1, "a", 0, 0}, {13, "heap", 0, 1}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_of_no_heap[] = {
    {1, "a", 0, 0}, {13, "heap", 2, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_of_negative_heap[] = {
    {1, "a", 0, 0}, {13, "heap", -1, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_at_negative_offset[] = {
    {1, "a", 0, 0}, {13, "heap", 0, -1}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_of_negative_size[] = {
    {-1, "a", 0, 0}, {13, "heap", 0, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_of_huge_size[] = {
    {1, "a", 0, 0}, {INT32_MAX, "heap", 0, INT32_MAX}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_padded_with_text[] = {
    {1, "ab", 0, 0}, {13, "heap", 0, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_padded_behind_prefix[] = {
    {4, "abcd", 1, 0}, {13, "heap", 0, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view view_padded_at_the_end[] = {
    {11, "abcd", 0, 1 << 24}, {13, "heap", 0, 0}, {0, "", 0, 0}, {14, "more", 1, 2}};
static const struct view null_view_is_nonsense[] = {
    {1, "a", 0, 0}, {13, "heap", 0, 0}, {-5, "", 77, -9}, {14, "more", 1, 2}};
static const char heap0[] = "heap of text.";
static const char heap1[] = "..more of text..";
static const int64_t heap_sizes[] = {13, 16};
static const int64_t negative_heap_sizes[] = {13, -16};

static const struct test_array_column int64_column = {
    .format = "l",
    .name = "c",
    .flags = ARROW_FLAG_NULLABLE,
    .length = 4,
    .n_buffers = 2,
    .buffers = {NULL, int64_values},
};
static const struct test_array_column text_column = {
    .format = "u",
    .name = "c",
    .flags = ARROW_FLAG_NULLABLE,
    .length = 4,
    .n_buffers = 3,
    .buffers = {NULL, text_offsets, text},
};
static const struct test_array_column large_column = {
    .format = "Z",
    .name = "c",
    .flags = ARROW_FLAG_NULLABLE,
    .length = 4,
    .n_buffers = 3,
    .buffers = {NULL, large_offsets, text},
};
static const struct test_array_column view_column = {
    .format = "vu",
    .name = "c",
    .flags = ARROW_FLAG_NULLABLE,
    .length = 4,
    .null_count = 1,
    .n_buffers = 5,
    .buffers = {three_valid, views, heap0, heap1, heap_sizes},
};

static enum sb_status import(struct sb_memory *memory, const struct test_array_column *column,
                             struct ArrowArray *array, struct sb_batch *out, struct sb_error *err)
{
    struct ArrowSchema arrow;
    struct sb_schema *schema;
    enum sb_status status;

    test_schema_make(&arrow, column, column == NULL ? 0 : 1, NULL);
    status = sb_schema_import(memory, &arrow, &schema, err);
    arrow.release(&arrow);
    if (status != SB_OK) {
        array->release(array);
        *out = (struct sb_batch){0};
        return status;
    }
    status = sb_batch_import(memory, schema, array, out, err);
    sb_schema_release(schema);
    return status;
}

static void imports_without_copying(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;
    int release_count = 0;

    (void)state;
    test_array_make(&array, 4, 0, &int64_column, 1, &release_count);
    assert_int_equal(import(memory, &int64_column, &array, &batch, NULL), SB_OK);
    assert_null(array.release);
    assert_ptr_equal(batch.columns[0].values, int64_values);
    assert_batch_rows(&batch, "10\n11\n12\n13\n");
    assert_int_equal(release_count, 0);
    sb_batch_deinit(&batch);
    assert_int_equal(release_count, 1);
    sb_memory_release(memory);
}

static void releases_with_the_last_column(void **state)
{
    struct test_array_column columns[] = {int64_column, text_column, view_column};
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowSchema arrow;
    struct ArrowArray array;
    struct sb_schema *schema;
    struct sb_batch batch;
    struct sb_column kept;
    int release_count = 0;

    (void)state;
    test_schema_make(&arrow, columns, 3, NULL);
    test_array_make(&array, 4, 0, columns, 3, &release_count);
    assert_int_equal(sb_schema_import(memory, &arrow, &schema, NULL), SB_OK);
    arrow.release(&arrow);
    assert_int_equal(sb_batch_import(memory, schema, &array, &batch, NULL), SB_OK);
    assert_batch_rows(&batch, "10, 'a', 'a'\n"
                              "11, '', 'heap of text.'\n"
                              "12, 'bc', null\n"
                              "13, 'def', 'more of text..'\n");
    sb_column_share(&kept, &batch.columns[1]);
    sb_batch_deinit(&batch);
    assert_int_equal(release_count, 0);
    assert_memory_equal(sb_column_bytes(&kept, 3).data, "def", 3);
    sb_column_deinit(&kept);
    assert_int_equal(release_count, 1);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static void adds_the_offset_of_the_struct(void **state)
{
    struct test_array_column column = int64_column;
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;
    int release_count = 0;

    (void)state;
    column.offset = 1;
    column.length = 3;
    test_array_make(&array, 2, 1, &column, 1, &release_count);
    assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
    assert_batch_rows(&batch, "12\n13\n");
    sb_batch_deinit(&batch);
    assert_int_equal(release_count, 1);
    sb_memory_release(memory);
}

static void counts_the_nulls_of_the_rows_it_takes(void **state)
{
    struct test_array_column column = int64_column;
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;

    (void)state;
    column.buffers[0] = three_valid;
    column.null_count = 1;
    test_array_make(&array, 2, 0, &column, 1, NULL);
    assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
    assert_null(batch.columns[0].validity); // the null is row 2, behind them
    assert_batch_rows(&batch, "10\n11\n");
    sb_batch_deinit(&batch);

    column.null_count = -1;
    test_array_make(&array, 2, 2, &column, 1, NULL);
    assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
    assert_int_equal(batch.columns[0].null_count, 1);
    assert_batch_rows(&batch, "null\n13\n");
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

static void reads_no_buffer_of_no_rows(void **state)
{
    static const char *const formats[] = {"b", "l", "d:38,0", "u", "Z", "vu"};
    static const int64_t counts[] = {2, 2, 2, 3, 3, 3};
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof formats[0]; i++) {
        for (int64_t offset = 0; offset < 2; offset++) {
            struct test_array_column column = {
                .format = formats[i], .name = "c", .offset = offset, .n_buffers = counts[i]};
            struct ArrowArray array;
            struct sb_batch batch;
            struct sb_column gathered;
            int release_count = 0;

            test_array_make(&array, 0, 0, &column, 1, &release_count);
            assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
            assert_int_equal(batch.row_count, 0);
            assert_int_equal(sb_column_gather(&batch.columns[0], NULL, 0, memory, &gathered, NULL),
                             SB_OK);
            sb_column_deinit(&gathered);
            assert_true(sb_batch_bytes(&batch) < 64);
            sb_batch_deinit(&batch);
            assert_int_equal(release_count, 1);
        }
    }
    sb_memory_release(memory);
}

static void imports_rows_without_columns(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;
    int release_count = 0;

    (void)state;
    test_array_make(&array, 5, 0, NULL, 0, &release_count);
    assert_int_equal(import(memory, NULL, &array, &batch, NULL), SB_OK);
    assert_int_equal(batch.row_count, 5);
    assert_int_equal(release_count, 1); // nothing of it is needed
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

// Buffers off a network start anywhere.
static void copies_what_is_not_aligned(void **state)
{
    static const char *const types[] = {"s", "i", "l", "g", "d:38,0", "u", "U", "vu"};
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        bool is_text = strpbrk(types[i], "uU") != NULL;
        uint8_t *raw = calloc(1, 256);
        struct test_array_column column = {
            .format = types[i],
            .name = "c",
            .flags = ARROW_FLAG_NULLABLE,
            .length = 4,
            .null_count = 1,
            .n_buffers = is_text ? 3 : 2,
            .buffers = {three_valid, raw + 1, text},
        };
        struct ArrowArray array;
        struct sb_batch batch;
        int release_count = 0;

        test_array_make(&array, 3, 1, &column, 1, &release_count);
        assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
        assert_int_equal((uintptr_t)batch.columns[0].values % 8, 0);
        assert_int_equal(batch.columns[0].null_count, 1);
        assert_true(sb_column_is_null(&batch.columns[0], 1));
        sb_batch_deinit(&batch);
        assert_int_equal(release_count, 1);
        free(raw);
    }
    sb_memory_release(memory);
}

static void takes_nonsense_where_values_do_not_count(void **state)
{
    struct test_array_column column = view_column;
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;

    (void)state;
    column.buffers[1] = null_view_is_nonsense;
    test_array_make(&array, 4, 0, &column, 1, NULL);
    assert_int_equal(import(memory, &column, &array, &batch, NULL), SB_OK);
    assert_batch_rows(&batch, "'a'\n'heap of text.'\nnull\n'more of text..'\n");
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

static void refuses_an_array_that_was_released(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array = {0};
    struct sb_batch batch;
    struct sb_schema *schema;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "a: int64", &schema), SB_OK);
    assert_int_equal(sb_batch_import(memory, schema, &array, &batch, NULL), SB_CORRUPT);
    assert_null(batch.columns);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

// What is spoiled in an array that is sound, and a piece of the sentence that says so.
enum spoil {
    ROOT_LENGTH,
    ROOT_OFFSET,
    ROOT_NULL_COUNT,
    ROOT_BUFFER_COUNT,
    ROOT_BUFFERS_NULL,
    ROOT_CHILD_COUNT,
    ROOT_CHILDREN_NULL,
    ROOT_DICTIONARY,
    ROOT_VALIDITY,
    CHILD_NULL,
    CHILD_RELEASED,
    CHILD_LENGTH,
    CHILD_OFFSET,
    CHILD_NULL_COUNT,
    CHILD_BUFFER_COUNT,
    CHILD_BUFFERS_NULL,
    CHILD_CHILD_COUNT,
    CHILD_DICTIONARY,
    CHILD_BUFFER_0,
    CHILD_BUFFER_1,
    CHILD_BUFFER_2,
    CHILD_BUFFER_3,
    CHILD_BUFFER_4,
};

struct broken {
    const struct test_array_column *column;
    enum spoil spoil;
    int64_t number;
    const void *pointer;
    const char *message;
};

static const uint8_t one_row_null[] = {0x0e};

static const struct broken brokens[] = {
    {&int64_column, ROOT_LENGTH, -1, NULL, "Arrow batch: length -1"},
    {&int64_column, ROOT_LENGTH, 5, NULL, "column 'c': 4 rows"},
    {&int64_column, ROOT_LENGTH, INT64_MAX, NULL, "Arrow batch: length"},
    {&int64_column, ROOT_LENGTH, (int64_t)1 << 33, NULL, "at most 4294967294"},
    {&int64_column, ROOT_OFFSET, -1, NULL, "Arrow batch: offset -1"},
    {&int64_column, ROOT_OFFSET, 1, NULL, "column 'c': 4 rows"},
    {&int64_column, ROOT_OFFSET, INT64_MAX, NULL, "Arrow batch: offset"},
    {&int64_column, ROOT_OFFSET, INT64_MAX / 32, NULL, "column 'c': 4 rows"},
    {&int64_column, ROOT_NULL_COUNT, -2, NULL, "null count -2"},
    {&int64_column, ROOT_NULL_COUNT, 5, NULL, "null count 5"},
    {&int64_column, ROOT_NULL_COUNT, 1, NULL, "no validity bitmap"},
    {&int64_column, ROOT_BUFFER_COUNT, 0, NULL, "expected 1 buffer"},
    {&int64_column, ROOT_BUFFER_COUNT, 2, NULL, "expected 1 buffer"},
    {&int64_column, ROOT_BUFFER_COUNT, -1, NULL, "expected 1 buffer"},
    {&int64_column, ROOT_BUFFERS_NULL, 0, NULL, "no list of buffers"},
    {&int64_column, ROOT_CHILD_COUNT, 0, NULL, "expected 1 columns, found 0"},
    {&int64_column, ROOT_CHILD_COUNT, 2, NULL, "expected 1 columns, found 2"},
    {&int64_column, ROOT_CHILD_COUNT, -1, NULL, "expected 1 columns, found -1"},
    {&int64_column, ROOT_CHILDREN_NULL, 0, NULL, "expected 1 columns"},
    {&int64_column, ROOT_DICTIONARY, 0, NULL, "a struct has no dictionary"},
    {&int64_column, ROOT_VALIDITY, -1, one_row_null, "null as a whole"},
    {&int64_column, ROOT_VALIDITY, 1, one_row_null, "null as a whole"},
    {&int64_column, CHILD_NULL, 0, NULL, "column 'c': it was released"},
    {&int64_column, CHILD_RELEASED, 0, NULL, "column 'c': it was released"},
    {&int64_column, CHILD_LENGTH, -1, NULL, "column 'c': length -1"},
    {&int64_column, CHILD_LENGTH, 3, NULL, "column 'c': 3 rows"},
    {&int64_column, CHILD_OFFSET, -1, NULL, "column 'c': offset -1"},
    {&int64_column, CHILD_OFFSET, INT64_MAX, NULL, "column 'c': offset"},
    {&int64_column, CHILD_OFFSET, INT64_MAX - 3, NULL, "column 'c': offset"},
    {&int64_column, CHILD_NULL_COUNT, -2, NULL, "column 'c': null count -2"},
    {&int64_column, CHILD_NULL_COUNT, 5, NULL, "column 'c': null count 5"},
    {&int64_column, CHILD_NULL_COUNT, 1, NULL, "1 nulls and no validity bitmap"},
    {&int64_column, CHILD_BUFFER_COUNT, 1, NULL, "expected 2 buffers, found 1"},
    {&int64_column, CHILD_BUFFER_COUNT, 3, NULL, "expected 2 buffers, found 3"},
    {&int64_column, CHILD_BUFFER_COUNT, 0, NULL, "expected 2 buffers, found 0"},
    {&int64_column, CHILD_BUFFER_COUNT, -7, NULL, "expected 2 buffers, found -7"},
    {&int64_column, CHILD_BUFFERS_NULL, 0, NULL, "no list of buffers"},
    {&int64_column, CHILD_CHILD_COUNT, 1, NULL, "expected 0 children, found 1"},
    {&int64_column, CHILD_DICTIONARY, 0, NULL, "a dictionary"},
    {&int64_column, CHILD_BUFFER_1, 0, NULL, "no value buffer"},
    {&int64_column, CHILD_BUFFER_0, 0, three_valid, "null count 0, and the bitmap has 1"},
    {&text_column, CHILD_BUFFER_COUNT, 2, NULL, "expected 3 buffers, found 2"},
    {&text_column, CHILD_BUFFER_1, 0, NULL, "no offset buffer"},
    {&text_column, CHILD_BUFFER_1, 0, backward_offsets, "go backwards"},
    {&text_column, CHILD_BUFFER_1, 0, backward_last_offsets, "go backwards"},
    {&text_column, CHILD_BUFFER_1, 0, negative_offsets, "offsets are negative"},
    {&text_column, CHILD_BUFFER_2, 0, NULL, "6 bytes of text and no buffer"},
    {&large_column, CHILD_BUFFER_1, 0, NULL, "no offset buffer"},
    {&large_column, CHILD_BUFFER_1, 0, backward_large_offsets, "go backwards"},
    {&large_column, CHILD_BUFFER_1, 0, backward_last_large_offsets, "go backwards"},
    {&large_column, CHILD_BUFFER_1, 0, negative_large_offsets, "offsets are negative"},
    {&large_column, CHILD_BUFFER_2, 0, NULL, "6 bytes of text and no buffer"},
    {&view_column, CHILD_BUFFER_COUNT, 2, NULL, "expected at least 3 buffers, found 2"},
    {&view_column, CHILD_BUFFER_0, 0, NULL, "1 nulls and no validity bitmap"},
    {&view_column, CHILD_BUFFER_0, 0, all_valid, "null count 1, and the bitmap has 0"},
    {&view_column, CHILD_BUFFER_1, 0, NULL, "no view buffer"},
    {&view_column, CHILD_BUFFER_1, 0, view_past_heap, "the view of row 1"},
    {&view_column, CHILD_BUFFER_1, 0, view_of_no_heap, "the view of row 1"},
    {&view_column, CHILD_BUFFER_1, 0, view_of_negative_heap, "the view of row 1"},
    {&view_column, CHILD_BUFFER_1, 0, view_at_negative_offset, "the view of row 1"},
    {&view_column, CHILD_BUFFER_1, 0, view_of_huge_size, "the view of row 1"},
    {&view_column, CHILD_BUFFER_1, 0, view_of_negative_size, "the view of row 0"},
    {&view_column, CHILD_BUFFER_1, 0, view_padded_with_text, "the view of row 0"},
    {&view_column, CHILD_BUFFER_1, 0, view_padded_behind_prefix, "the view of row 0"},
    {&view_column, CHILD_BUFFER_1, 0, view_padded_at_the_end, "the view of row 0"},
    {&view_column, CHILD_BUFFER_2, 0, NULL, "heap 0 of 13 bytes and no buffer"},
    {&view_column, CHILD_BUFFER_4, 0, NULL, "no sizes of its 2 heaps"},
    {&view_column, CHILD_BUFFER_4, 0, negative_heap_sizes, "heap 1 of -16 bytes"},
};

static void array_spoil(struct ArrowArray *array, const struct broken *broken)
{
    static struct ArrowArray dictionary;
    struct ArrowArray *child = array->children[0];

    switch (broken->spoil) {
    case ROOT_LENGTH:
        array->length = broken->number;
        break;
    case ROOT_OFFSET:
        array->offset = broken->number;
        break;
    case ROOT_NULL_COUNT:
        array->null_count = broken->number;
        break;
    case ROOT_BUFFER_COUNT:
        array->n_buffers = broken->number;
        break;
    case ROOT_BUFFERS_NULL:
        array->buffers = NULL;
        break;
    case ROOT_CHILD_COUNT:
        array->n_children = broken->number;
        break;
    case ROOT_CHILDREN_NULL:
        array->children = NULL;
        break;
    case ROOT_DICTIONARY:
        array->dictionary = &dictionary;
        break;
    case ROOT_VALIDITY:
        array->buffers[0] = broken->pointer;
        array->null_count = broken->number;
        break;
    case CHILD_NULL:
        array->children[0] = NULL;
        break;
    case CHILD_RELEASED:
        child->release(child);
        break;
    case CHILD_LENGTH:
        child->length = broken->number;
        break;
    case CHILD_OFFSET:
        child->offset = broken->number;
        break;
    case CHILD_NULL_COUNT:
        child->null_count = broken->number;
        break;
    case CHILD_BUFFER_COUNT:
        child->n_buffers = broken->number;
        break;
    case CHILD_BUFFERS_NULL:
        child->buffers = NULL;
        break;
    case CHILD_CHILD_COUNT:
        child->n_children = broken->number;
        break;
    case CHILD_DICTIONARY:
        child->dictionary = &dictionary;
        break;
    case CHILD_BUFFER_0:
    case CHILD_BUFFER_1:
    case CHILD_BUFFER_2:
    case CHILD_BUFFER_3:
    case CHILD_BUFFER_4:
        child->buffers[broken->spoil - CHILD_BUFFER_0] = broken->pointer;
        break;
    }
}

static void refuses_broken_arrays(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof brokens / sizeof brokens[0]; i++) {
        struct ArrowArray array;
        struct sb_batch batch;
        struct sb_error err = {.status = SB_OK};
        int release_count = 0;
        enum sb_status status;

        test_array_make(&array, 4, 0, brokens[i].column, 1, &release_count);
        array_spoil(&array, &brokens[i]);
        status = import(memory, brokens[i].column, &array, &batch, &err);
        if (status != SB_CORRUPT && status != SB_UNSUPPORTED) {
            fail_msg("'%s' was taken", brokens[i].message);
        }
        if (strstr(err.message, brokens[i].message) == NULL) {
            fail_msg("expected '%s', found '%s'", brokens[i].message, err.message);
        }
        assert_int_equal(err.status, status);
        assert_null(array.release);
        assert_null(batch.columns);
        assert_int_equal(release_count, 1);
        assert_int_equal(atomic_load(&memory->used_bytes), 0);
    }
    sb_memory_release(memory);
}

static void refuses_nulls_in_a_column_that_has_none(void **state)
{
    struct test_array_column column = int64_column;
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowArray array;
    struct sb_batch batch;
    struct sb_error err;

    (void)state;
    column.flags = 0;
    column.buffers[0] = three_valid;
    column.null_count = -1;
    test_array_make(&array, 4, 0, &column, 1, NULL);
    assert_int_equal(import(memory, &column, &array, &batch, &err), SB_CORRUPT);
    assert_non_null(strstr(err.message, "1 nulls in a column that is not nullable"));
    sb_memory_release(memory);
}

static enum sb_status column_import(struct sb_memory *memory, void *context)
{
    const struct test_array_column *column = context;
    struct ArrowArray array;
    struct sb_batch batch;
    int release_count = 0;
    enum sb_status status;

    test_array_make(&array, 4, 0, column, 1, &release_count);
    status = import(memory, column, &array, &batch, NULL);
    sb_batch_deinit(&batch);
    assert_int_equal(release_count, 1);
    return status;
}

static void survives_refused_memory(void **state)
{
    static _Alignas(8) uint8_t raw[40];
    struct test_array_column column = int64_column;

    (void)state;
    test_allocations(column_import, &column);
    column.buffers[1] = raw + 1; // needs a copy
    test_allocations(column_import, &column);
    column = view_column;
    test_allocations(column_import, &column);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_without_copying),
        cmocka_unit_test(releases_with_the_last_column),
        cmocka_unit_test(adds_the_offset_of_the_struct),
        cmocka_unit_test(counts_the_nulls_of_the_rows_it_takes),
        cmocka_unit_test(reads_no_buffer_of_no_rows),
        cmocka_unit_test(imports_rows_without_columns),
        cmocka_unit_test(copies_what_is_not_aligned),
        cmocka_unit_test(takes_nonsense_where_values_do_not_count),
        cmocka_unit_test(refuses_an_array_that_was_released),
        cmocka_unit_test(refuses_broken_arrays),
        cmocka_unit_test(refuses_nulls_in_a_column_that_has_none),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
