// SPDX-License-Identifier: Apache-2.0
#include "support/job_run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/test.h"

char *test_graph_json(const char *operators, const char *edges)
{
    size_t size = strlen(operators) + strlen(edges) * 8 + 512;
    char *json = malloc(size);
    char *copy = strdup(edges);
    char *rest = NULL;
    size_t used;

    used = (size_t)snprintf(
        json, size,
        "{\"version\": 1, \"job_id\": \"job-0123456789ab\", \"job_name\": \"test\", "
        "\"mode\": \"batch\", \"default_parallelism\": 4, "
        "\"checkpoint_interval_ms\": 60000, \"state_backend\": \"auto\", "
        "\"operators\": [%s], \"edges\": [",
        operators);
    for (char *edge = strtok_r(copy, " ", &rest); edge != NULL; edge = strtok_r(NULL, " ", &rest)) {
        char from[64];
        char to[64];
        int port = 0;
        assert_true(sscanf(edge, "%63[^>]>%63[^:]:%d", from, to, &port) >= 2);
        used += (size_t)snprintf(json + used, size - used,
                                 "%s{\"from\": \"%s\", \"to\": \"%s\", \"port\": %d}",
                                 edge == copy ? "" : ", ", from, to, port);
    }
    snprintf(json + used, size - used, "]}");
    free(copy);
    return json;
}

struct sb_graph *test_graph(const char *json)
{
    struct sb_graph *graph;
    struct sb_error err = {0};

    if (sb_graph_create_from_json(json, strlen(json), &graph, &err) != SB_OK ||
        sb_graph_validate(graph, NULL, NULL, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return graph;
}

static int64_t array_value(const struct ArrowArray *column, int64_t row)
{
    const uint8_t *validity = column->buffers[0];
    int64_t i = column->offset + row;

    if (validity != NULL && !((validity[i >> 3] >> (i & 7)) & 1)) {
        return INT64_MIN;
    }
    return ((const int64_t *)column->buffers[1])[i];
}

/* Appends the rows of `array`, which it releases. */
static void rows_append(struct test_rows *rows, int64_t *capacity, struct ArrowArray *array)
{
    size_t row_size = sizeof(int64_t) * (size_t)rows->column_count;

    if (rows->row_count + array->length > *capacity) {
        *capacity = 2 * (rows->row_count + array->length);
        rows->values = realloc(rows->values, row_size * (size_t)*capacity + 1);
    }
    for (int64_t r = 0; r < array->length; r++) {
        for (int32_t c = 0; c < rows->column_count; c++) {
            rows->values[(rows->row_count + r) * rows->column_count + c] =
                array_value(array->children[c], r);
        }
    }
    rows->row_count += array->length;
    array->release(array);
}

/* Reads to the end, or to the first failure, whose code it gives. */
static int rows_fill(struct test_rows *rows, struct ArrowArrayStream *stream)
{
    struct ArrowSchema schema = {0};
    int64_t capacity = 0;
    int code = stream->get_schema(stream, &schema);

    *rows = (struct test_rows){0};
    if (code == 0) {
        rows->column_count = (int32_t)schema.n_children;
        schema.release(&schema);
    }
    while (code == 0) {
        struct ArrowArray array = {0};

        code = stream->get_next(stream, &array);
        if (code == 0 && array.release == NULL) {
            break;
        }
        if (code == 0) {
            rows_append(rows, &capacity, &array);
        }
    }
    return code;
}

int test_rows_try_read(struct test_rows *rows, struct ArrowArrayStream *stream)
{
    int code = rows_fill(rows, stream);

    if (code != 0) {
        test_rows_deinit(rows);
    }
    stream->release(stream);
    return code;
}

void test_rows_read(struct test_rows *rows, struct ArrowArrayStream *stream)
{
    if (rows_fill(rows, stream) != 0) {
        fail_msg("%s", stream->get_last_error(stream));
    }
    stream->release(stream);
}

static int row_compare(const void *left, const void *right, void *context)
{
    int32_t column_count = *(const int32_t *)context;

    for (int32_t c = 0; c < column_count; c++) {
        int64_t a = ((const int64_t *)left)[c];
        int64_t b = ((const int64_t *)right)[c];
        if (a != b) {
            return a < b ? -1 : 1;
        }
    }
    return 0;
}

void test_rows_sort(struct test_rows *rows)
{
    if (rows->row_count > 1) {
        qsort_r(rows->values, (size_t)rows->row_count, sizeof(int64_t) * (size_t)rows->column_count,
                row_compare, &rows->column_count);
    }
}

void test_rows_deinit(struct test_rows *rows)
{
    free(rows->values);
    *rows = (struct test_rows){0};
}

void test_rows_expect_equal(const struct test_rows *a, const struct test_rows *b)
{
    assert_int_equal(a->row_count, b->row_count);
    assert_int_equal(a->column_count, b->column_count);
    for (int64_t i = 0; i < a->row_count * a->column_count; i++) {
        if (a->values[i] != b->values[i]) {
            fail_msg("row %lld, column %lld: %lld is not %lld", (long long)(i / a->column_count),
                     (long long)(i % a->column_count), (long long)a->values[i],
                     (long long)b->values[i]);
        }
    }
}

void test_job_expect_balance(const struct sb_job *job)
{
    struct sb_job_metrics metrics;

    sb_job_metrics(job, &metrics);
    for (int32_t i = 0; i < metrics.operator_count; i++) {
        struct sb_operator_metrics m;
        sb_job_operator_metrics(job, i, &m);
        if (m.rows_in + m.rows_added != m.rows_out + m.rows_held + m.rows_merged + m.rows_filtered +
                                            m.rows_late + m.rows_failed) {
            fail_msg("operator '%s': in %lld + added %lld != out %lld + held %lld + merged %lld + "
                     "filtered %lld + late %lld + failed %lld",
                     m.name, (long long)m.rows_in, (long long)m.rows_added, (long long)m.rows_out,
                     (long long)m.rows_held, (long long)m.rows_merged, (long long)m.rows_filtered,
                     (long long)m.rows_late, (long long)m.rows_failed);
        }
    }
}

void test_job_run(const struct sb_graph *graph, const struct sb_job_options *options,
                  const char *sink, struct test_rows *rows)
{
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    if (sb_job_create(graph, options, &job, &err) != SB_OK || sb_job_start(job, &err) != SB_OK ||
        sb_job_wait(job, -1, &is_done, &err) != SB_OK ||
        sb_job_collect(job, sink, &stream, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    test_job_expect_balance(job);
    test_rows_read(rows, &stream);
    sb_job_destroy(job);
}
