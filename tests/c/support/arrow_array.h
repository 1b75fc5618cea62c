// SPDX-License-Identifier: Apache-2.0
/*
 * arrow_array.h - foreign Arrow data for tests: made by hand, wrong where the test wants it, and
 * counting its releases.
 */
#ifndef SABOT_SUPPORT_ARROW_ARRAY_H
#define SABOT_SUPPORT_ARROW_ARRAY_H

#include <stdint.h>

#include <sabot/arrow_abi.h>

enum { TEST_BUFFERS_MAX = 8 };

/* One child array and its schema. The buffers are borrowed and outlive what is made of them. */
struct test_array_column {
    const char *format;
    const char *name;
    int64_t flags;
    int64_t length;
    int64_t offset;
    int64_t null_count;
    int64_t n_buffers;
    const void *buffers[TEST_BUFFERS_MAX];
};

/*
 * A struct array of `count` columns, `length` rows from `offset` on. `*release_count` (NULL is
 * fine) goes up by one when it is released; releasing twice fails the test. Children are released
 * with their parent and count nothing.
 */
void test_array_make(struct ArrowArray *out, int64_t length, int64_t offset,
                     const struct test_array_column *columns, int64_t count, int *release_count);

/* The schema of these columns. */
void test_schema_make(struct ArrowSchema *out, const struct test_array_column *columns,
                      int64_t count, int *release_count);

/* A stream over `count` batches of one schema, which it takes from `arrays`. */
void test_stream_make(struct ArrowArrayStream *out, const struct test_array_column *columns,
                      int64_t column_count, struct ArrowArray *arrays, int64_t count,
                      int *release_count);

#endif
