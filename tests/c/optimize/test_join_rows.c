// SPDX-License-Identifier: Apache-2.0
/*
 * test_join_rows.c - random graphs of joins give the same rows in any order of their joins.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sabot/optimizer.h>

#include "support/job_run.h"
#include "support/seed.h"
#include "support/test.h"

enum { STREAMS_MAX = 12, COLUMNS_MAX = 40, NAME_SIZE = 48, TEXT_SIZE = 1 << 16 };

/* What an operator gives, and whether somebody reads it. */
struct stream {
    char id[NAME_SIZE];
    int32_t column_count;
    char columns[COLUMNS_MAX][NAME_SIZE];
};

struct drawing {
    uint64_t random;
    char operators[TEXT_SIZE];
    char edges[TEXT_SIZE];
    struct stream streams[STREAMS_MAX]; // that are still to be joined
    int32_t stream_count;
    int32_t operator_count;
    bool is_refused; // two columns would have one name
};

static int32_t below(struct drawing *drawing, int32_t count)
{
    return (int32_t)(test_random(&drawing->random) % (uint64_t)count);
}

static void operator_draw(struct drawing *drawing, char *id, const char *type,
                          const char *parameters)
{
    size_t used = strlen(drawing->operators);

    snprintf(id, NAME_SIZE, "%s%d", type, drawing->operator_count++);
    assert_true(snprintf(drawing->operators + used, TEXT_SIZE - used,
                         "%s{\"operator_id\": \"%s\", \"operator_type\": \"%s\", \"name\": \"%s\", "
                         "\"parameters\": {%s}}",
                         used == 0 ? "" : ", ", id, type, id,
                         parameters) < (int)(TEXT_SIZE - used));
}

static void edge_draw(struct drawing *drawing, const char *from, const char *to, int32_t port)
{
    size_t used = strlen(drawing->edges);

    snprintf(drawing->edges + used, TEXT_SIZE - used, "%s%s>%s:%d", used == 0 ? "" : " ", from, to,
             port);
}

/* Few names, so that they clash; `id` says which row it is. */
static void source_draw(struct drawing *drawing)
{
    static const char *const names[] = {"a", "b", "k", "x", "x_right"};
    struct stream *stream = &drawing->streams[drawing->stream_count++];
    int32_t rows = 1 + below(drawing, below(drawing, 3) == 0 ? 300 : 30);
    char text[2048];
    int32_t first = below(drawing, 3);

    snprintf(stream->columns[0], NAME_SIZE, "id%s",
             below(drawing, 2) == 0           ? ""
             : drawing->stream_count % 2 == 0 ? "_e"
                                              : "_o");
    snprintf(text, sizeof text,
             "\"generator\": {\"rows\": %d, \"seed\": %d, \"splits\": %d, \"columns\": ["
             "{\"name\": \"%s\", \"kind\": \"sequence\"}",
             rows, below(drawing, 1000), 1 + below(drawing, 3), stream->columns[0]);
    stream->column_count = 1;
    for (int32_t i = first; i < first + 1 + below(drawing, 3); i++) {
        snprintf(stream->columns[stream->column_count], NAME_SIZE, "%s", names[i]);
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 ", {\"name\": \"%s\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": %d}",
                 stream->columns[stream->column_count++],
                 below(drawing, 3) == 0 ? rows : rows / 2 + 5);
    }
    strcat(text, "]}");
    operator_draw(drawing, stream->id, "source", text);
}

static bool has_column(const struct stream *stream, const char *name)
{
    for (int32_t i = 0; i < stream->column_count; i++) {
        if (strcmp(stream->columns[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void right_column_add(struct drawing *drawing, struct stream *joined, int32_t left_count,
                             const char *name)
{
    struct stream left = *joined;
    char suffixed[NAME_SIZE + 8];

    left.column_count = left_count;
    snprintf(suffixed, sizeof suffixed, "%s%s", name, has_column(&left, name) ? "_right" : "");
    if (joined->column_count == COLUMNS_MAX || strlen(suffixed) >= NAME_SIZE ||
        has_column(joined, suffixed)) {
        drawing->is_refused = true;
        return;
    }
    memcpy(joined->columns[joined->column_count++], suffixed, strlen(suffixed) + 1);
}

/* Joins two streams by one column or two; the result takes the place of the first. */
static void join_draw(struct drawing *drawing)
{
    int32_t a = below(drawing, drawing->stream_count);
    int32_t b = below(drawing, drawing->stream_count);
    struct stream *left = &drawing->streams[a];
    struct stream *right = &drawing->streams[b];
    struct stream joined;
    const char *left_keys[2];
    const char *right_keys[2];
    bool is_pair = below(drawing, 4) == 0;
    char text[512];

    if (a == b) {
        return;
    }
    for (int32_t i = 0; i < 2; i++) {
        left_keys[i] = left->columns[below(drawing, left->column_count)];
        right_keys[i] = right->columns[below(drawing, right->column_count)];
    }
    if (is_pair) {
        snprintf(text, sizeof text,
                 "\"left_key\": [\"%s\", \"%s\"], \"right_key\": [\"%s\", \"%s\"]", left_keys[0],
                 left_keys[1], right_keys[0], right_keys[1]);
    } else {
        snprintf(text, sizeof text, "\"left_key\": \"%s\", \"right_key\": \"%s\"", left_keys[0],
                 right_keys[0]);
    }
    if (below(drawing, 12) == 0) {
        strcat(text, ", \"how\": \"left\"");
    }
    joined = *left;
    for (int32_t i = 0; i < right->column_count; i++) {
        if (strcmp(right->columns[i], right_keys[0]) != 0 &&
            (!is_pair || strcmp(right->columns[i], right_keys[1]) != 0)) {
            right_column_add(drawing, &joined, left->column_count, right->columns[i]);
        }
    }
    operator_draw(drawing, joined.id, "hash_join", text);
    edge_draw(drawing, left->id, joined.id, 0);
    edge_draw(drawing, right->id, joined.id, 1);
    *left = joined;
    *right = drawing->streams[--drawing->stream_count];
}

/* Some of the columns, in another order. */
static void select_draw(struct drawing *drawing, struct stream *stream)
{
    struct stream selected = {0};
    char text[4096] = "\"columns\": [";

    for (int32_t i = 0; i < stream->column_count; i++) {
        int32_t j = (i * 7 + 3) % stream->column_count;

        if (below(drawing, 3) > 0 && !has_column(&selected, stream->columns[j])) {
            snprintf(text + strlen(text), sizeof text - strlen(text), "%s\"%s\"",
                     selected.column_count == 0 ? "" : ", ", stream->columns[j]);
            memcpy(selected.columns[selected.column_count++], stream->columns[j], NAME_SIZE);
        }
    }
    if (selected.column_count == 0) {
        return;
    }
    strcat(text, "]");
    operator_draw(drawing, selected.id, "select", text);
    edge_draw(drawing, stream->id, selected.id, 0);
    *stream = selected;
}

/* What makes a border, but keeps the columns. */
static void filter_draw(struct drawing *drawing, struct stream *stream)
{
    char id[NAME_SIZE];
    char text[256];

    snprintf(text, sizeof text, "\"column\": \"%s\", \"operator\": \">\", \"value\": %d",
             stream->columns[below(drawing, stream->column_count)], below(drawing, 10));
    operator_draw(drawing, id, "filter", text);
    edge_draw(drawing, stream->id, id, 0);
    memcpy(stream->id, id, NAME_SIZE);
}

static void sink_draw(struct drawing *drawing, const char *from)
{
    char id[NAME_SIZE];

    operator_draw(drawing, id, "sink", "");
    edge_draw(drawing, from, id, 0);
}

/* Counts and sums of all columns, to which the order of rows is nothing. */
static void end_draw(struct drawing *drawing, struct stream *stream)
{
    char text[8192] = "\"aggregations\": {\"n\": [\"*\", \"count\"]";
    char id[NAME_SIZE];

    if (below(drawing, 2) == 0) {
        sink_draw(drawing, stream->id);
        return;
    }
    for (int32_t i = 0; i < stream->column_count; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text),
                 ", \"s%d\": [\"%s\", \"sum\"], \"m%d\": [\"%s\", \"max\"]", i, stream->columns[i],
                 i, stream->columns[i]);
    }
    strcat(text, "}");
    operator_draw(drawing, id, "aggregate", text);
    edge_draw(drawing, stream->id, id, 0);
    sink_draw(drawing, id);
}

static bool graph_draw(struct drawing *drawing)
{
    int32_t source_count = 2 + below(drawing, 6);

    for (int32_t i = 0; i < source_count; i++) {
        source_draw(drawing);
    }
    while (drawing->stream_count > 1) {
        struct stream *stream;

        join_draw(drawing);
        stream = &drawing->streams[below(drawing, drawing->stream_count)];
        if (below(drawing, 3) == 0) {
            select_draw(drawing, stream);
        } else if (below(drawing, 8) == 0) {
            filter_draw(drawing, stream);
        } else if (below(drawing, 20) == 0) {
            sink_draw(drawing, stream->id);
        }
    }
    end_draw(drawing, &drawing->streams[0]);
    return !drawing->is_refused;
}

// --- running -------------------------------------------------------------------------------------

static void first_column_expect_equal(const struct test_rows *a, const struct test_rows *b)
{
    assert_int_equal(a->row_count, b->row_count);
    for (int64_t i = 0; i < a->row_count; i++) {
        assert_int_equal(a->values[i * a->column_count], b->values[i * b->column_count]);
    }
}

/* The rows of each sink are the same, and those of the leftmost relation in the same order. */
static void assert_same_rows(const struct sb_graph *a, const struct sb_graph *b, const char *json)
{
    struct sb_job_options options = {.worker_count = 1, .morsel_rows_max = 50};
    const char *sink = json;

    while ((sink = strstr(sink, "\"operator_id\": \"sink")) != NULL) {
        char id[NAME_SIZE];
        struct test_rows first;
        struct test_rows second;

        assert_int_equal(sscanf(sink, "\"operator_id\": \"%40[a-z0-9]", id), 1);
        sink++;
        test_job_run(a, &options, id, &first);
        options.worker_count = 2;
        test_job_run(b, &options, id, &second);
        if (strstr(json, "aggregate") == NULL && strstr(json, "\"select") == NULL) {
            first_column_expect_equal(&first, &second);
        }
        test_rows_sort(&first);
        test_rows_sort(&second);
        test_rows_expect_equal(&first, &second);
        test_rows_deinit(&first);
        test_rows_deinit(&second);
    }
}

/* With the passes before or without; `*count` = joins that were changed. */
static struct sb_graph *optimize(const struct sb_graph *graph, bool is_alone, bool is_again,
                                 int32_t *count)
{
    struct sb_optimizer_options options = {
        .filter_pushdown = !is_alone,
        .projection_pushdown = !is_alone,
        .operator_fusion = !is_alone,
        .dead_code_elimination = !is_alone,
        .join_reordering = true,
    };
    struct sb_optimizer_report report;
    struct sb_graph *out;
    struct sb_error err = {0};

    if (sb_graph_optimize(graph, &options, &out, &report, &err) != SB_OK ||
        sb_graph_validate(out, NULL, NULL, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    *count = report.joins_reordered;
    if (is_again && strcmp(report.trace, "[]") != 0) {
        fail_msg("changed again: %s", report.trace);
    }
    sb_string_free(report.trace);
    return out;
}

static void joins_in_another_order_give_the_same_rows(void **state)
{
    uint64_t random = test_seed();
    int32_t round_count = TEST_IS_SANITIZED ? 40 : 600;
    int32_t changed_count = 0;
    struct drawing *drawing = malloc(sizeof *drawing);

    for (int32_t round = 0; round < round_count; round++) {
        struct sb_graph *graph;
        struct sb_graph *optimized;
        struct sb_graph *again;
        int32_t count;
        char *json;

        do {
            memset(drawing, 0, sizeof *drawing);
            drawing->random = test_random(&random);
        } while (!graph_draw(drawing));
        json = test_graph_json(drawing->operators, drawing->edges);
        graph = test_graph(json);
        optimized = optimize(graph, round % 2 == 0, false, &count);
        changed_count += count > 0;
        if (count > 0) {
            char *after;

            assert_int_equal(sb_graph_to_json(optimized, &after, NULL), SB_OK);
            if (getenv("SB_TEST_VERBOSE") != NULL) { // a message of cmocka is cut
                fprintf(stderr, "%s\n%s\n\n", json, after);
            }
            sb_string_free(after);
            assert_same_rows(graph, optimized, json);
        }
        again = optimize(optimized, round % 2 == 0, true, &count);
        assert_int_equal(count, 0);
        free(json);
        sb_graph_destroy(again);
        sb_graph_destroy(optimized);
        sb_graph_destroy(graph);
    }
    print_message("    %d of %d graphs changed\n", changed_count, round_count);
    assert_true(changed_count > round_count / 5);
    free(drawing);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(joins_in_another_order_give_the_same_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
