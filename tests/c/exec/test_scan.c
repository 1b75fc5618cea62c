// SPDX-License-Identifier: Apache-2.0
/*
 * A source that filters and projects, beside the same graph with a FILTER and a SELECT behind it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/test.h"

#define OPERATOR(id, type, parameters)                                                             \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"" type "\", \"name\": \"" id               \
    "\", \"parameters\": {" parameters "}}"
#define GENERATOR(rows, splits)                                                                    \
    "\"generator\": {\"rows\": " #rows ", \"seed\": 7, \"splits\": " #splits ", \"columns\": ["    \
    "{\"name\": \"id\", \"kind\": \"sequence\"},"                                                  \
    "{\"name\": \"k\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": 99},"                      \
    "{\"name\": \"s\", \"kind\": \"string\", \"high\": 9},"                                        \
    "{\"name\": \"g\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": 6}]}"
#define LOW                                                                                        \
    "{\"call\": \"less\", \"args\": [{\"col\": \"k\"}, {\"lit\": 30}]}, "                          \
    "{\"call\": \"not_equal\", \"args\": [{\"col\": \"s\"}, {\"lit\": \"4\"}]}"
#define SCAN(id, rows, splits)                                                                     \
    OPERATOR(id, "source",                                                                         \
             GENERATOR(rows, splits) ", \"columns\": [\"g\", \"id\"], \"filters\": [" LOW "]")
#define PLAIN(id, rows, splits) OPERATOR(id, "source", GENERATOR(rows, splits))
#define BEHIND                                                                                     \
    OPERATOR("f", "filter", "\"predicate\": {\"call\": \"and\", \"args\": [" LOW "]}")             \
    "," OPERATOR("c", "select", "\"columns\": [\"g\", \"id\"]")
#define SINK OPERATOR("o", "sink", "")
#define EDGES "a>"
#define BEHIND_EDGES "a>f f>c c>"

static struct sb_graph *graph_of(const char *operators, const char *edges)
{
    char *json = test_graph_json(operators, edges);
    struct sb_graph *graph = test_graph(json);

    free(json);
    return graph;
}

static void assert_same(struct sb_graph *scanning, struct sb_graph *filtering, bool is_ordered)
{
    static const int64_t morsels[] = {1, 7, 1000, 65536};

    for (int32_t workers = 1; workers <= 8; workers = workers == 2 ? 8 : workers * 2) {
        for (size_t m = 0; m < sizeof morsels / sizeof *morsels; m++) {
            struct sb_job_options options = {.worker_count = workers,
                                             .morsel_rows_max = morsels[m]};
            struct test_rows found;
            struct test_rows expected;

            test_job_run(scanning, &options, "o", &found);
            test_job_run(filtering, &options, "o", &expected);
            if (!is_ordered) {
                test_rows_sort(&found);
                test_rows_sort(&expected);
            }
            assert_true(expected.row_count > 0);
            test_rows_expect_equal(&found, &expected);
            test_rows_deinit(&found);
            test_rows_deinit(&expected);
        }
    }
    sb_graph_destroy(scanning);
    sb_graph_destroy(filtering);
}

static void gives_the_rows_of_a_filter_and_a_select_in_their_order(void **state)
{
    (void)state;
    assert_same(graph_of(SCAN("a", 5000, 1) "," SINK, EDGES "o"),
                graph_of(PLAIN("a", 5000, 1) "," BEHIND "," SINK, BEHIND_EDGES "o"), true);
    assert_same(graph_of(SCAN("a", 5001, 5) "," SINK, EDGES "o"),
                graph_of(PLAIN("a", 5001, 5) "," BEHIND "," SINK, BEHIND_EDGES "o"), true);
}

#define EDGE_ROWS                                                                                  \
    OPERATOR("e", "aggregate",                                                                     \
             "\"key_by\": [\"g\"], \"aggregations\": {\"first\": [\"id\", \"first\"], "            \
             "\"last\": [\"id\", \"last\"], \"rows\": [\"*\", \"count\"]}")

static void numbers_rows_in_the_order_of_the_source(void **state)
{
    (void)state;
    assert_same(
        graph_of(SCAN("a", 3000, 3) "," EDGE_ROWS "," SINK, EDGES "e e>o"),
        graph_of(PLAIN("a", 3000, 3) "," BEHIND "," EDGE_ROWS "," SINK, BEHIND_EDGES "e e>o"),
        false);
}

#define JOIN OPERATOR("j", "hash_join", "\"left_key\": \"id\", \"right_key\": \"id\"")

/* Both sides: a source's stage begins at its splits, whether it filters or not. */
static void feeds_both_sides_of_a_join(void **state)
{
    (void)state;
    assert_same(
        graph_of(SCAN("a", 2000, 2) "," SCAN("b", 1500, 1) "," JOIN "," SINK, "a>j:0 b>j:1 j>o"),
        graph_of(PLAIN("a", 2000, 2) "," BEHIND "," SCAN("b", 1500, 1) "," JOIN "," SINK,
                 "a>f f>c c>j:0 b>j:1 j>o"),
        false);
    // the same source on both sides
    assert_same(
        graph_of(SCAN("a", 2000, 2) "," JOIN "," SINK, "a>j:0 a>j:1 j>o"),
        graph_of(PLAIN("a", 2000, 2) "," BEHIND "," JOIN "," SINK, "a>f f>c c>j:0 c>j:1 j>o"),
        false);
}

static void run_to_the_end(struct sb_job *job)
{
    struct sb_error err = {0};
    bool is_done;

    assert_int_equal(sb_job_start(job, &err), SB_OK);
    if (sb_job_wait(job, -1, &is_done, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
}

static void the_ledger_of_the_source_says_what_was_dropped(void **state)
{
    struct sb_graph *graph = graph_of(SCAN("a", 5000, 2) "," SINK, EDGES "o");
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 64};
    struct sb_operator_metrics source;
    struct sb_operator_metrics sink;
    struct sb_error err = {0};
    struct sb_job *job;

    (void)state;
    assert_int_equal(sb_job_create(graph, &options, &job, &err), SB_OK);
    run_to_the_end(job);
    test_job_expect_balance(job);
    sb_job_operator_metrics(job, 0, &source);
    sb_job_operator_metrics(job, 1, &sink);
    assert_int_equal(source.rows_in, 5000);
    assert_in_range(source.rows_out, 1000, 2000);
    assert_int_equal(source.rows_filtered, 5000 - source.rows_out);
    assert_int_equal(sink.rows_in, source.rows_out);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void nothing_passes_and_nothing_comes(void **state)
{
    static const char *const graphs[] = {
        OPERATOR("a", "source",
                 GENERATOR(2000, 2) ", \"columns\": [\"id\"], \"filters\": {\"call\": \"less\", "
                                    "\"args\": [{\"col\": \"id\"}, {\"lit\": 0}]}") "," SINK,
        SCAN("a", 0, 2) "," SINK,
    };

    (void)state;
    for (size_t i = 0; i < sizeof graphs / sizeof *graphs; i++) {
        struct sb_graph *graph = graph_of(graphs[i], EDGES "o");
        struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 7};
        struct test_rows rows;

        test_job_run(graph, &options, "o", &rows);
        assert_int_equal(rows.row_count, 0);
        test_rows_deinit(&rows);
        sb_graph_destroy(graph);
    }
}

static void a_row_that_fails_names_the_source(void **state)
{
    struct sb_graph *graph = graph_of(
        OPERATOR("a", "source",
                 GENERATOR(100, 1) ", \"filters\": {\"call\": \"greater\", \"args\": [{\"call\": "
                                   "\"modulo\", \"args\": [{\"col\": \"id\"}, {\"call\": "
                                   "\"subtract\", \"args\": [{\"col\": \"id\"}, {\"lit\": 50}]}]}"
                                   ", {\"lit\": 1}]}") "," SINK,
        EDGES "o");
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_FAILED);
    assert_non_null(strstr(err.message, "operator 'a' (source)"));
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

/* A snapshot counts the rows that were delivered, and goes on behind them at another width. */
static void a_restored_job_goes_on_behind_the_rows_it_has_read(void **state)
{
    struct sb_graph *graph = graph_of(SCAN("a", 150000, 3) "," SINK, EDGES "o");
    struct test_rows expected;

    (void)state;
    test_job_run(graph, NULL, "o", &expected);
    test_rows_sort(&expected);
    for (int64_t wait_ms = 0; wait_ms < 4; wait_ms++) {
        struct sb_job_options before = {.worker_count = 2, .morsel_rows_max = 77};
        struct sb_job_options after = {.worker_count = 8, .morsel_rows_max = 1000};
        struct ArrowArrayStream stream;
        struct sb_snapshot *snapshot;
        struct sb_error err = {0};
        struct test_rows found;
        struct sb_job *job;
        bool is_done;

        assert_int_equal(sb_job_create(graph, &before, &job, &err), SB_OK);
        assert_int_equal(sb_job_start(job, &err), SB_OK);
        assert_int_equal(sb_job_wait(job, wait_ms, &is_done, &err), SB_OK);
        assert_int_equal(sb_job_snapshot(job, &snapshot, &err), SB_OK);
        sb_job_destroy(job);
        assert_int_equal(sb_job_create(graph, &after, &job, &err), SB_OK);
        assert_int_equal(sb_job_restore(job, snapshot, &err), SB_OK);
        sb_snapshot_destroy(snapshot);
        run_to_the_end(job);
        test_job_expect_balance(job);
        assert_int_equal(sb_job_collect(job, "o", &stream, &err), SB_OK);
        test_rows_read(&found, &stream);
        test_rows_sort(&found);
        test_rows_expect_equal(&found, &expected);
        test_rows_deinit(&found);
        sb_job_destroy(job);
    }
    test_rows_deinit(&expected);
    sb_graph_destroy(graph);
}

static void a_refused_allocation_is_a_status(void **state)
{
    struct test_job_attempt attempt = {
        .graph =
            graph_of(SCAN("a", 60, 2) "," SCAN("b", 40, 1) "," JOIN "," SINK, "a>j:0 b>j:1 j>o"),
        .options = {.worker_count = 2, .morsel_rows_max = 20},
        .sink = "o",
        .is_moved = true,
    };

    (void)state;
    test_job_allocations(&attempt);
    sb_graph_destroy((struct sb_graph *)(uintptr_t)attempt.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_rows_of_a_filter_and_a_select_in_their_order),
        cmocka_unit_test(numbers_rows_in_the_order_of_the_source),
        cmocka_unit_test(feeds_both_sides_of_a_join),
        cmocka_unit_test(the_ledger_of_the_source_says_what_was_dropped),
        cmocka_unit_test(nothing_passes_and_nothing_comes),
        cmocka_unit_test(a_row_that_fails_names_the_source),
        cmocka_unit_test(a_restored_job_goes_on_behind_the_rows_it_has_read),
        cmocka_unit_test(a_refused_allocation_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
