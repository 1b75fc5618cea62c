// SPDX-License-Identifier: Apache-2.0
#include "columnar/arrow.h"

#include <errno.h>
#include <string.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static const char schema_text[] = "a: int64, b: utf8, c: utf8_view, d: bool";
static const char rows_text[] = "1, 'x', 'inline', true\n"
                                "2, null, 'a view into a heap', false\n"
                                "null, 'zz', null, true\n";

static void hands_the_memory_over(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct ArrowArray array;
    const void *values;

    (void)state;
    assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
    values = batch.columns[0].values;
    assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
    assert_null(batch.columns); // taken
    assert_int_equal(array.length, 3);
    assert_int_equal(array.offset, 0);
    assert_int_equal(array.null_count, 0);
    assert_int_equal(array.n_buffers, 1);
    assert_null(array.buffers[0]);
    assert_int_equal(array.n_children, 4);
    assert_ptr_equal(array.children[0]->buffers[1], values);
    assert_int_equal(array.children[0]->null_count, 1);
    assert_int_equal(array.children[2]->n_buffers, 4);
    assert_int_equal(array.children[3]->null_count, 0);
    assert_null(array.children[3]->buffers[0]);
    array.release(&array);
    assert_null(array.release);
    sb_memory_release(memory);
}

static void shows_a_slice_by_its_offset(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct ArrowArray array;

    (void)state;
    assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
    sb_batch_slice(&batch, 1, 2);
    assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
    assert_int_equal(array.length, 2);
    assert_int_equal(array.offset, 0);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(array.children[i]->length, 2);
        assert_int_equal(array.children[i]->offset, 1);
    }
    array.release(&array);
    sb_memory_release(memory);
}

static void outlives_everything_else(void **state)
{
    static const uint32_t positions[] = {0, 2};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct ArrowArray array;

    (void)state;
    assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
    assert_int_equal(test_batch_select(&batch, positions, 2), SB_OK);
    assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
    sb_memory_release(memory);
    assert_int_equal(((const int64_t *)array.children[0]->buffers[1])[0], 1);
    assert_memory_equal(array.children[1]->buffers[2], "xzz", 3);
    array.release(&array);
}

static void lets_children_move_out(void **state)
{
    (void)state;
    for (int which = 0; which < 4; which++) {
        for (int order = 0; order < 2; order++) {
            struct sb_memory *memory = sb_memory_create(0);
            struct sb_batch batch;
            struct ArrowArray array;
            struct ArrowArray moved;

            assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
            assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
            sb_memory_release(memory);
            moved = *array.children[which];
            array.children[which]->release = NULL;
            if (order == 0) {
                array.release(&array);
            }
            assert_int_equal(moved.length, 3);
            assert_non_null(moved.buffers[1]);
            moved.release(&moved);
            assert_null(moved.release);
            if (order == 1) {
                array.release(&array);
            }
        }
    }
}

static void gives_a_foreign_array_back_as_it_came(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_batch batch;
    struct sb_schema *schema;
    struct ArrowArray array;
    struct ArrowArray again;
    const void *values;

    (void)state;
    assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
    schema = sb_schema_retain(batch.schema);
    assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
    values = array.children[1]->buffers[2];
    assert_int_equal(sb_batch_import(memory, schema, &array, &batch, NULL), SB_OK);
    assert_batch_rows(&batch, rows_text);
    assert_int_equal(sb_batch_export(&batch, &again, NULL), SB_OK);
    assert_ptr_equal(again.children[1]->buffers[2], values);
    sb_schema_release(schema);
    sb_memory_release(memory);
    again.release(&again);
}

static void exports_rows_without_columns(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;
    struct sb_batch batch;
    struct ArrowArray array;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "", &schema), SB_OK);
    assert_int_equal(sb_batch_init(&batch, memory, schema, 9, NULL), SB_OK);
    sb_schema_release(schema);
    assert_int_equal(sb_batch_export(&batch, &array, NULL), SB_OK);
    assert_int_equal(array.length, 9);
    assert_int_equal(array.n_children, 0);
    array.release(&array);
    sb_memory_release(memory);
}

// A source of `left` batches that ends, or fails with `failure`.
struct source {
    struct sb_memory *memory;
    int left;
    enum sb_status failure;
    int destroy_count;
};

static enum sb_status source_next(void *context, struct sb_batch *out, struct sb_error *err)
{
    struct source *source = context;

    *out = (struct sb_batch){0};
    if (source->left-- > 0) {
        return test_batch_parse(source->memory, schema_text, rows_text, out);
    }
    if (source->failure != SB_OK) {
        return sb_error_set(err, source->failure, "operator 'x' failed");
    }
    return SB_OK;
}

static void source_destroy(void *context)
{
    ((struct source *)context)->destroy_count++;
}

static enum sb_status stream_make(struct source *source, struct ArrowArrayStream *out)
{
    struct sb_batch_source batches = {
        .next = source_next,
        .destroy = source_destroy,
        .context = source,
    };

    SB_TRY_RETURN(test_schema_parse(source->memory, schema_text, &batches.schema));
    return sb_stream_export(&batches, out, NULL);
}

static void streams_schema_and_batches(void **state)
{
    struct source source = {.memory = sb_memory_create(0), .left = 2};
    struct ArrowArrayStream stream;
    struct ArrowSchema schema;
    struct ArrowArray array;

    (void)state;
    assert_int_equal(stream_make(&source, &stream), SB_OK);
    for (int i = 0; i < 2; i++) { // as often as wanted
        assert_int_equal(stream.get_schema(&stream, &schema), 0);
        assert_int_equal(schema.n_children, 4);
        schema.release(&schema);
    }
    for (int i = 0; i < 2; i++) {
        assert_int_equal(stream.get_next(&stream, &array), 0);
        assert_int_equal(array.length, 3);
        array.release(&array);
    }
    for (int i = 0; i < 2; i++) { // the end stays
        assert_int_equal(stream.get_next(&stream, &array), 0);
        assert_null(array.release);
    }
    assert_null(stream.get_last_error(&stream));
    assert_int_equal(source.destroy_count, 0);
    stream.release(&stream);
    assert_null(stream.release);
    assert_int_equal(source.destroy_count, 1);
    sb_memory_release(source.memory);
}

static void streams_failures_as_errno_and_sentence(void **state)
{
    static const struct {
        enum sb_status status;
        int number;
    } expected[] = {
        {SB_INVALID, EINVAL},     {SB_NO_MEMORY, ENOMEM}, {SB_IO, EIO},
        {SB_CORRUPT, EIO},        {SB_FAILED, EIO},       {SB_UNSUPPORTED, ENOTSUP},
        {SB_CANCELED, ECANCELED}, {SB_BUSY, EBUSY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct source source = {.memory = sb_memory_create(0), .failure = expected[i].status};
        struct ArrowArrayStream stream;
        struct ArrowArray array;
        struct ArrowSchema schema;

        assert_int_equal(stream_make(&source, &stream), SB_OK);
        assert_int_equal(stream.get_next(&stream, &array), expected[i].number);
        assert_null(array.release);
        assert_string_equal(stream.get_last_error(&stream), "operator 'x' failed");
        assert_int_equal(stream.get_schema(&stream, &schema), 0); // that call succeeded
        assert_null(stream.get_last_error(&stream));
        schema.release(&schema);
        stream.release(&stream);
        sb_memory_release(source.memory);
    }
}

static enum sb_status batch_export(struct sb_memory *memory, void *context)
{
    static const uint32_t positions[] = {0, 2};
    enum sb_status status = SB_OK;
    struct sb_batch batch;
    struct ArrowArray array;

    (void)context;
    SB_TRY_OUT(test_batch_parse(memory, schema_text, rows_text, &batch));
    SB_TRY_OUT(test_batch_select(&batch, positions, 2));
    status = sb_batch_export(&batch, &array, NULL);
    assert_null(batch.columns); // taken in every outcome
    assert_int_equal(array.release == NULL, status != SB_OK);
    if (status == SB_OK) {
        array.release(&array);
    }
out:
    sb_batch_deinit(&batch);
    return status;
}

// Calls that fail leave a stream that can still be asked and released.
static enum sb_status stream_use(struct sb_memory *memory, void *context)
{
    struct source source = {.memory = memory, .left = 1};
    struct ArrowArrayStream stream = {0};
    struct ArrowSchema schema;
    struct ArrowArray array;
    enum sb_status status;
    int failures = 0;

    (void)context;
    status = stream_make(&source, &stream);
    if (status != SB_OK) {
        assert_null(stream.release);
        return status;
    }
    if (stream.get_schema(&stream, &schema) == 0) {
        schema.release(&schema);
    } else {
        failures++;
    }
    if (stream.get_next(&stream, &array) == 0) {
        array.release(&array);
    } else {
        failures++;
    }
    stream.release(&stream);
    assert_int_equal(source.destroy_count, 1);
    return failures > 0 ? SB_NO_MEMORY : SB_OK;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(batch_export, NULL);
    test_allocations(stream_use, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_the_memory_over),
        cmocka_unit_test(shows_a_slice_by_its_offset),
        cmocka_unit_test(outlives_everything_else),
        cmocka_unit_test(lets_children_move_out),
        cmocka_unit_test(gives_a_foreign_array_back_as_it_came),
        cmocka_unit_test(exports_rows_without_columns),
        cmocka_unit_test(streams_schema_and_batches),
        cmocka_unit_test(streams_failures_as_errno_and_sentence),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
