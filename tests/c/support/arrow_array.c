// SPDX-License-Identifier: Apache-2.0
#include "support/arrow_array.h"

#include <stdlib.h>
#include <string.h>

#include "support/test.h"

static void *allocate(size_t size)
{
    void *block = calloc(1, size == 0 ? 1 : size);

    assert_non_null(block);
    return block;
}

static void released(int *release_count)
{
    if (release_count != NULL) {
        (*release_count)++;
    }
}

// What a made array owns. It is kept apart from the ArrowArray, which the test may spoil.
struct made_array {
    const void **buffers;
    struct ArrowArray **children; // what the ArrowArray shows
    struct ArrowArray **owned;    // the same, out of the test's reach
    int64_t child_count;
    int *release_count;
};

static void array_release(struct ArrowArray *array)
{
    struct made_array *made = array->private_data;

    assert_non_null(array->release);
    for (int64_t i = 0; i < made->child_count; i++) {
        if (made->owned[i]->release != NULL) {
            made->owned[i]->release(made->owned[i]);
        }
        free(made->owned[i]);
    }
    released(made->release_count);
    free(made->buffers);
    free(made->children);
    free(made->owned);
    free(made);
    array->release = NULL; // so that a second release is a call of NULL
}

static struct made_array *made_create(const void *const *buffers, int64_t buffer_count,
                                      int64_t child_count, int *release_count)
{
    struct made_array *made = allocate(sizeof *made);

    *made = (struct made_array){
        .buffers = allocate((size_t)buffer_count * sizeof *buffers),
        .children = allocate((size_t)child_count * sizeof *made->children),
        .owned = allocate((size_t)child_count * sizeof *made->owned),
        .child_count = child_count,
        .release_count = release_count,
    };
    if (buffer_count > 0) {
        memcpy(made->buffers, buffers, (size_t)buffer_count * sizeof *buffers);
    }
    return made;
}

static struct ArrowArray *child_make(const struct test_array_column *column)
{
    struct ArrowArray *child = allocate(sizeof *child);
    struct made_array *made = made_create(column->buffers, column->n_buffers, 0, NULL);

    *child = (struct ArrowArray){
        .length = column->length,
        .null_count = column->null_count,
        .offset = column->offset,
        .n_buffers = column->n_buffers,
        .buffers = made->buffers,
        .release = array_release,
        .private_data = made,
    };
    return child;
}

void test_array_make(struct ArrowArray *out, int64_t length, int64_t offset,
                     const struct test_array_column *columns, int64_t count, int *release_count)
{
    static const void *const no_validity[1];
    struct made_array *made = made_create(no_validity, 1, count, release_count);

    for (int64_t i = 0; i < count; i++) {
        made->owned[i] = child_make(&columns[i]);
        made->children[i] = made->owned[i];
    }
    *out = (struct ArrowArray){
        .length = length,
        .offset = offset,
        .n_buffers = 1,
        .n_children = count,
        .buffers = made->buffers,
        .children = made->children,
        .release = array_release,
        .private_data = made,
    };
}

static void schema_release(struct ArrowSchema *schema)
{
    assert_non_null(schema->release);
    for (int64_t i = 0; i < schema->n_children; i++) {
        if (schema->children[i]->release != NULL) {
            schema->children[i]->release(schema->children[i]);
        }
        free(schema->children[i]);
    }
    released(schema->private_data);
    free(schema->children);
    schema->release = NULL;
}

void test_schema_make(struct ArrowSchema *out, const struct test_array_column *columns,
                      int64_t count, int *release_count)
{
    *out = (struct ArrowSchema){
        .format = "+s",
        .name = "",
        .n_children = count,
        .children = allocate((size_t)count * sizeof *out->children),
        .release = schema_release,
        .private_data = release_count,
    };
    for (int64_t i = 0; i < count; i++) {
        struct ArrowSchema *child = allocate(sizeof *child);

        *child = (struct ArrowSchema){
            .format = columns[i].format,
            .name = columns[i].name,
            .flags = columns[i].flags,
            .release = schema_release,
        };
        out->children[i] = child;
    }
}

struct made_stream {
    const struct test_array_column *columns;
    int64_t column_count;
    struct ArrowArray *arrays;
    int64_t count;
    int64_t next;
    int *release_count;
};

static int stream_get_schema(struct ArrowArrayStream *stream, struct ArrowSchema *out)
{
    struct made_stream *made = stream->private_data;

    test_schema_make(out, made->columns, made->column_count, NULL);
    return 0;
}

static int stream_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    struct made_stream *made = stream->private_data;

    *out = (struct ArrowArray){0};
    if (made->next < made->count) {
        *out = made->arrays[made->next++];
    }
    return 0;
}

static const char *stream_get_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return NULL;
}

static void stream_release(struct ArrowArrayStream *stream)
{
    struct made_stream *made = stream->private_data;

    assert_non_null(stream->release);
    for (; made->next < made->count; made->next++) {
        made->arrays[made->next].release(&made->arrays[made->next]);
    }
    released(made->release_count);
    free(made->arrays);
    free(made);
    stream->release = NULL;
}

void test_stream_make(struct ArrowArrayStream *out, const struct test_array_column *columns,
                      int64_t column_count, struct ArrowArray *arrays, int64_t count,
                      int *release_count)
{
    struct made_stream *made = allocate(sizeof *made);

    *made = (struct made_stream){
        .columns = columns,
        .column_count = column_count,
        .arrays = allocate((size_t)count * sizeof *arrays),
        .count = count,
        .release_count = release_count,
    };
    for (int64_t i = 0; i < count; i++) {
        made->arrays[i] = arrays[i];
        arrays[i].release = NULL;
    }
    *out = (struct ArrowArrayStream){
        .get_schema = stream_get_schema,
        .get_next = stream_get_next,
        .get_last_error = stream_get_last_error,
        .release = stream_release,
        .private_data = made,
    };
}
