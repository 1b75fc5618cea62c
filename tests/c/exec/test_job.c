// SPDX-License-Identifier: Apache-2.0
/*
 * Whole jobs over generated rows: order, fan-out, limits, unions, failures, snapshots.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/test.h"

#define SOURCE(id, rows, splits)                                                                   \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"source\", \"name\": \"" id                 \
    "\", \"parameters\": {\"generator\": {\"rows\": " #rows ", \"seed\": 7, \"splits\": " #splits  \
    ", \"columns\": ["                                                                             \
    "{\"name\": \"id\", \"kind\": \"sequence\"},"                                                  \
    "{\"name\": \"k\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": 99}]}}}"
#define OPERATOR(id, type, parameters)                                                             \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"" type "\", \"name\": \"" id               \
    "\", \"parameters\": {" parameters "}}"
#define SINK(id) OPERATOR(id, "sink", "")

static struct sb_graph *graph_of(const char *operators, const char *edges)
{
    char *json = test_graph_json(operators, edges);
    struct sb_graph *graph = test_graph(json);

    free(json);
    return graph;
}

static void keeps_the_order_of_a_split_at_any_width_and_morsel_size(void **state)
{
    struct sb_graph *graph = graph_of(SOURCE("a", 20000, 1) "," SINK("s"), "a>s");
    static const int64_t morsels[] = {1, 7, 1000, 65536};

    (void)state;
    for (int32_t workers = 1; workers <= 8; workers *= 2) {
        for (size_t m = 0; m < sizeof morsels / sizeof *morsels; m++) {
            struct sb_job_options options = {.worker_count = workers,
                                             .morsel_rows_max = morsels[m]};
            struct test_rows rows;
            test_job_run(graph, &options, "s", &rows);
            assert_int_equal(rows.row_count, 20000);
            for (int64_t i = 0; i < rows.row_count; i++) {
                assert_int_equal(rows.values[2 * i], i);
            }
            test_rows_deinit(&rows);
        }
    }
    sb_graph_destroy(graph);
}

static void puts_splits_one_after_another(void **state)
{
    struct sb_graph *graph = graph_of(SOURCE("a", 10001, 5) "," SINK("s"), "a>s");
    struct sb_job_options options = {.worker_count = 3, .morsel_rows_max = 100};
    struct test_rows rows;

    (void)state;
    test_job_run(graph, &options, "s", &rows);
    assert_int_equal(rows.row_count, 10001);
    for (int64_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(rows.values[2 * i], i);
    }
    test_rows_deinit(&rows);
    sb_graph_destroy(graph);
}

static void gives_every_sink_each_row(void **state)
{
    struct sb_graph *graph =
        graph_of(SOURCE("a", 5000, 2) "," OPERATOR(
                     "f", "filter",
                     "\"column\": \"k\", \"value\": 49") "," SINK("s") "," SINK("t") "," SINK("u"),
                 "a>s a>f f>t f>u");
    struct test_rows s;
    struct test_rows t;
    struct test_rows u;

    (void)state;
    test_job_run(graph, NULL, "s", &s);
    test_job_run(graph, NULL, "t", &t);
    test_job_run(graph, NULL, "u", &u);
    assert_int_equal(s.row_count, 5000);
    assert_in_range(t.row_count, 2000, 3000);
    test_rows_expect_equal(&t, &u);
    test_rows_deinit(&s);
    test_rows_deinit(&t);
    test_rows_deinit(&u);
    sb_graph_destroy(graph);
}

static void unites_inputs_and_a_diamond(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 3000, 2) "," SOURCE("b", 500, 1) "," OPERATOR("low", "filter", "\"column\": \"k\", \"operator\": \"<\", \"value\": 50") "," OPERATOR(
            "high", "filter",
            "\"column\": \"k\", \"operator\": \">=\", \"value\": 50") "," OPERATOR("all", "union",
                                                                                   "") "," SINK("s"),
        "a>low a>high low>all:0 high>all:1 b>all:2 all>s");
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 64};
    struct test_rows rows;

    (void)state;
    test_job_run(graph, &options, "s", &rows);
    assert_int_equal(rows.row_count, 3500);
    test_rows_deinit(&rows);
    sb_graph_destroy(graph);
}

static void limit_cuts_the_batch_that_crosses_it_and_stops_the_source(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 100000000, 1) "," OPERATOR("l", "limit", "\"count\": 1234") "," SINK("s"),
        "a>l l>s");
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 100};
    struct test_rows rows;

    (void)state;
    test_job_run(graph, &options, "s", &rows);
    assert_int_equal(rows.row_count, 1234);
    for (int64_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(rows.values[2 * i], i);
    }
    test_rows_deinit(&rows);
    sb_graph_destroy(graph);
}

static void cancels_a_long_job(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 1000000000000, 1) "," OPERATOR("s", "sink", "\"discard\": true"), "a>s");
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, 1, &is_done, &err), SB_OK);
    assert_false(is_done);
    sb_job_stop(job, SB_STOP_CANCEL);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_CANCELED);
    assert_true(is_done);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void drains_what_was_read(void **state)
{
    struct sb_graph *graph = graph_of(SOURCE("a", 1000000000000, 1) "," SINK("s"), "a>s");
    struct ArrowArrayStream stream;
    struct test_rows rows;
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, 1, &is_done, &err), SB_OK);
    sb_job_stop(job, SB_STOP_DRAIN);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
    assert_int_equal(sb_job_collect(job, "s", &stream, &err), SB_OK);
    test_job_expect_balance(job);
    test_rows_read(&rows, &stream);
    for (int64_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(rows.values[2 * i], i);
    }
    test_rows_deinit(&rows);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void a_destroyed_job_joins_its_workers(void **state)
{
    struct sb_graph *graph = graph_of(SOURCE("a", 1000000000000, 4) "," SINK("s"), "a>s");
    struct sb_error err = {0};
    struct sb_job *job;

    (void)state;
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    sb_job_destroy(job);
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    sb_job_destroy(job); // never started
    sb_graph_destroy(graph);
}

/* Takes a snapshot in the middle of `graph` and finishes it in a new job of another width. */
static void run_with_restore(const struct sb_graph *graph, const char *sink, int64_t wait_ms,
                             struct test_rows *rows)
{
    struct sb_job_options first_options = {.worker_count = 2, .morsel_rows_max = 77};
    struct sb_job_options second_options = {.worker_count = 5, .morsel_rows_max = 1000};
    struct ArrowArrayStream stream;
    struct sb_snapshot *snapshot;
    struct sb_error err = {0};
    struct sb_job *first;
    struct sb_job *second;
    bool is_done;

    assert_int_equal(sb_job_create(graph, &first_options, &first, &err), SB_OK);
    assert_int_equal(sb_job_start(first, &err), SB_OK);
    assert_int_equal(sb_job_wait(first, wait_ms, &is_done, &err), SB_OK);
    if (sb_job_snapshot(first, &snapshot, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    sb_job_destroy(first);
    assert_int_equal(sb_job_create(graph, &second_options, &second, &err), SB_OK);
    if (sb_job_restore(second, snapshot, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    sb_snapshot_destroy(snapshot);
    assert_int_equal(sb_job_start(second, &err), SB_OK);
    if (sb_job_wait(second, -1, &is_done, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(sb_job_collect(second, sink, &stream, &err), SB_OK);
    test_job_expect_balance(second);
    test_rows_read(rows, &stream);
    sb_job_destroy(second);
}

static void a_restored_job_gives_the_rows_of_an_uninterrupted_one(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 200000, 3) "," OPERATOR("f", "filter", "\"column\": \"k\", \"value\": 49") "," OPERATOR(
            "l", "limit", "\"count\": 50000") "," SINK("s") "," SINK("t"),
        "a>f f>l l>s a>t");

    (void)state;
    for (int64_t wait_ms = 0; wait_ms < 6; wait_ms++) {
        struct test_rows s;
        struct test_rows t;
        run_with_restore(graph, "s", wait_ms, &s);
        assert_int_equal(s.row_count, 50000);
        test_rows_deinit(&s);
        run_with_restore(graph, "t", wait_ms, &t);
        test_rows_sort(&t);
        assert_int_equal(t.row_count, 200000);
        for (int64_t i = 0; i < t.row_count; i++) {
            assert_int_equal(t.values[2 * i], i);
        }
        test_rows_deinit(&t);
    }
    sb_graph_destroy(graph);
}

static void a_failing_row_names_the_operator(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 1000, 1) "," OPERATOR(
            "m", "map",
            "\"expressions\": {\"x\": {\"call\": \"modulo\", \"args\": [{\"col\": \"id\"}, "
            "{\"call\": \"subtract\", \"args\": [{\"col\": \"id\"}, {\"lit\": 500}]}]}}") "," SINK("s"),
        "a>m m>s");
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_FAILED);
    assert_non_null(strstr(err.message, "operator 'm' (map)"));
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

#define LOW OPERATOR("low", "filter", "\"column\": \"k\", \"operator\": \"<\", \"value\": 50")
#define HIGH OPERATOR("high", "filter", "\"column\": \"k\", \"operator\": \">=\", \"value\": 50")
#define NEXT                                                                                       \
    OPERATOR("m", "map",                                                                           \
             "\"expressions\": {\"x\": {\"call\": \"add\", \"args\": [{\"col\": \"id\"}, "         \
             "{\"lit\": 1}]}}")

/* A diamond, a union of rows with and without a column, a limit, a sink for each. */
static void a_refused_allocation_is_a_status(void **state)
{
    struct sb_graph *graph = graph_of(
        SOURCE("a", 30, 2) "," SOURCE(
            "b", 20, 1) "," LOW "," HIGH "," NEXT
                        "," OPERATOR("all", "union", "\"reconcile\": \"by_name\"") "," SINK(
                            "s") "," OPERATOR("l", "limit", "\"count\": 5") "," SINK("t"),
        "a>low a>high low>m m>all:0 high>all:1 b>all:2 all>s b>l l>t");
    struct test_job_attempt attempt = {
        .graph = graph,
        .options = {.worker_count = 2, .morsel_rows_max = 10},
        .is_moved = true,
    };

    (void)state;
    attempt.sink = "s";
    test_job_allocations(&attempt);
    attempt.sink = "t";
    test_job_allocations(&attempt);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_the_order_of_a_split_at_any_width_and_morsel_size),
        cmocka_unit_test(puts_splits_one_after_another),
        cmocka_unit_test(gives_every_sink_each_row),
        cmocka_unit_test(unites_inputs_and_a_diamond),
        cmocka_unit_test(limit_cuts_the_batch_that_crosses_it_and_stops_the_source),
        cmocka_unit_test(cancels_a_long_job),
        cmocka_unit_test(drains_what_was_read),
        cmocka_unit_test(a_destroyed_job_joins_its_workers),
        cmocka_unit_test(a_restored_job_gives_the_rows_of_an_uninterrupted_one),
        cmocka_unit_test(a_failing_row_names_the_operator),
        cmocka_unit_test(a_refused_allocation_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
