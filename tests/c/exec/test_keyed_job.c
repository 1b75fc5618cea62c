// SPDX-License-Identifier: Apache-2.0
/*
 * Joins and aggregates as whole jobs: any width, any morsel size, any moment of a snapshot.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec/ops/ops.h"
#include "exec/snapshot.h"
#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/seed.h"
#include "support/test.h"

#define SOURCE(id, rows, splits, high) SOURCE_OF(id, id, rows, splits, high)
#define SOURCE_OF(id, prefix, rows, splits, high)                                                  \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"source\", \"name\": \"" id                 \
    "\", \"parameters\": {\"generator\": {\"rows\": " #rows ", \"seed\": 7, \"splits\": " #splits  \
    ", \"columns\": ["                                                                             \
    "{\"name\": \"" prefix "_id\", \"kind\": \"sequence\"},"                                       \
    "{\"name\": \"" prefix "_k\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": " #high "}]}}}"
/* Rows `step` milliseconds apart; bounded "false" announces watermarks, and still ends. */
#define TIMED(id, rows, splits, high, step, bounded)                                               \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"source\", \"name\": \"" id                 \
    "\", \"parameters\": {\"bounded\": " bounded ", \"timestamp_column\": \"" id                   \
    "_t\", \"generator\": {\"rows\": " #rows ", \"seed\": 7, \"splits\": " #splits                 \
    ", \"columns\": [{\"name\": \"" id "_t\", \"kind\": \"timestamp\", \"step_ms\": " #step        \
    "}, {\"name\": \"" id "_k\", \"kind\": \"uniform_int\", \"low\": 0, \"high\": " #high "}]}}}"
#define WITHIN(id, left, right, how, ms)                                                           \
    OPERATOR(id, "hash_join",                                                                      \
             "\"left_key\": \"" left "\", \"right_key\": \"" right "\", \"how\": \"" how           \
             "\", \"within_ms\": " #ms)
#define OPERATOR(id, type, parameters)                                                             \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"" type "\", \"name\": \"" id               \
    "\", \"parameters\": {" parameters "}}"
#define SINK(id) OPERATOR(id, "sink", "")
#define JOIN(id, left, right, how)                                                                 \
    OPERATOR(id, "hash_join",                                                                      \
             "\"left_key\": \"" left "\", \"right_key\": \"" right "\", \"how\": \"" how "\"")
#define SUMS(id, key)                                                                              \
    OPERATOR(id, "aggregate",                                                                      \
             "\"key_by\": [\"" key "\"], \"aggregations\": {\"n\": [\"*\", \"count\"], "           \
             "\"total\": [\"q_id\", \"sum\"], \"low\": [\"q_id\", \"min\"], "                      \
             "\"high\": [\"q_id\", \"max\"]}")

static const char *const graphs[][2] = {
    {SOURCE("q", 60000, 3, 999) "," SOURCE("s", 700, 2, 5) "," JOIN("j", "q_k", "s_id",
                                                                    "inner") "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
    {SOURCE("q", 60000, 1, 999) "," SOURCE("s", 700, 1, 5) "," JOIN("j", "q_k", "s_id",
                                                                    "left") "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
    {SOURCE("q", 60000, 2, 5000) "," SUMS("g", "q_k") "," SINK("out"), "q>g g>out"},
    {SOURCE("q", 60000, 2, 50) "," SUMS("g", "q_k") "," SINK("out"), "q>g g>out"},
    // the same source on both sides: the probe side waits in a spool
    {SOURCE("q", 3000, 2, 99) "," OPERATOR("few", "filter",
                                           "\"column\": \"q_id\", \"operator\": \"<\", "
                                           "\"value\": 300") "," JOIN("j", "q_k", "q_id",
                                                                      "inner") "," SINK("out"),
     "q>j:0 q>few few>j:1 j>out"},
    // an aggregate on the probe side, and a second join behind the first
    {SOURCE("q", 60000, 2, 800) "," SOURCE("s", 700, 1, 5) "," SUMS("g", "q_k") "," JOIN(
         "j", "q_k", "s_id", "inner") "," SOURCE("t", 6, 1, 5) "," JOIN("i", "s_k", "t_id",
                                                                        "left") "," SINK("out"),
     "q>g g>j:0 s>j:1 j>i:0 t>i:1 i>out"},
    // what is left of the right side comes when the last of two probing stages is over
    {SOURCE_OF("q", "q", 9000, 2, 400) "," SOURCE_OF("p", "q", 200, 1, 400) "," OPERATOR(
         "u", "union", "") "," SOURCE("s", 700, 1, 5) "," JOIN("j", "q_k", "s_id",
                                                               "outer") "," SINK("out"),
     "q>u:0 p>u:1 u>j:0 s>j:1 j>out"},
    // and goes through a second join of its kind
    {SOURCE("q", 9000, 2, 900) "," SOURCE("s", 700, 1, 5) "," SOURCE("t", 1200, 1, 5) "," JOIN(
         "j", "q_k", "s_id", "right") "," JOIN("i", "q_k", "t_id",
                                               "outer") "," SUMS("g", "q_k") "," SINK("out"),
     "q>j:0 s>j:1 j>i:0 t>i:1 i>g g>out"},
    // or waits in a spool until the same source has filled the build side
    {SOURCE("q", 3000, 2, 99) "," OPERATOR("few", "filter",
                                           "\"column\": \"q_k\", \"operator\": \"<\", "
                                           "\"value\": 50") "," JOIN("j", "q_k", "q_id",
                                                                     "right") "," SINK("out"),
     "q>j:1 q>few few>j:0 j>out"},
    {SOURCE("q", 60000, 2, 999) "," SOURCE("s", 700, 2, 5) "," JOIN("j", "q_k", "s_id",
                                                                    "anti") "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
    // by time, with watermarks or without: the same rows
    {TIMED("q", 6000, 2, 20, 5, "true") "," TIMED("s", 3000, 1, 20, 11, "true") "," WITHIN(
         "j", "q_k", "s_k", "outer", 40) "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
    {TIMED("q", 6000, 2, 20, 5, "false") "," TIMED("s", 3000, 1, 20, 11, "false") "," WITHIN(
         "j", "q_k", "s_k", "outer", 40) "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
    {TIMED("q", 6000, 1, 20, 5, "false") "," TIMED("s", 3000, 3, 20, 11, "false") "," WITHIN(
         "j", "q_k", "s_k", "anti", 40) "," WITHIN("i", "q_k", "s_k", "left", 100) "," SINK("out"),
     "q>j:0 s>j:1 j>i:0 s>i:1 i>out"},
    // at any time, kept for longer than the streams last
    {TIMED("q", 900, 2, 20, 5, "false") "," TIMED("s", 300, 1, 20, 11, "false") "," OPERATOR(
         "j", "hash_join",
         "\"left_key\": \"q_k\", \"right_key\": \"s_k\", \"state_ttl_ms\": 60000") "," SINK("out"),
     "q>j:0 s>j:1 j>out"},
};

static void graph_run(size_t index, int32_t workers, int64_t morsel_rows, struct test_rows *rows)
{
    char *json = test_graph_json(graphs[index][0], graphs[index][1]);
    struct sb_graph *graph = test_graph(json);
    struct sb_job_options options = {.worker_count = workers, .morsel_rows_max = morsel_rows};

    test_job_run(graph, &options, "out", rows);
    test_rows_sort(rows);
    sb_graph_destroy(graph);
    free(json);
}

static void gives_the_same_rows_at_any_width_and_morsel_size(void **state)
{
    static const int64_t morsels[] = {1000, 7, 65536};
    size_t morsel_count = TEST_IS_SANITIZED ? 1 : sizeof morsels / sizeof *morsels;

    (void)state;
    for (size_t g = 0; g < sizeof graphs / sizeof *graphs; g++) {
        struct test_rows expected;
        graph_run(g, 1, 4096, &expected);
        assert_true(expected.row_count > 0);
        for (int32_t workers = 1; workers <= 8; workers *= 2) {
            for (size_t m = 0; m < morsel_count; m++) {
                struct test_rows rows;
                graph_run(g, workers, morsels[m], &rows);
                test_rows_expect_equal(&rows, &expected);
                test_rows_deinit(&rows);
            }
        }
        test_rows_deinit(&expected);
    }
}

static void groups_add_up(void **state)
{
    struct test_rows rows;
    int64_t count = 0;
    int64_t total = 0;

    (void)state;
    graph_run(2, 3, 500, &rows);
    for (int64_t r = 0; r < rows.row_count; r++) {
        const int64_t *row = rows.values + r * rows.column_count;
        assert_true(row[3] <= row[4]);
        count += row[1];
        total += row[2];
    }
    assert_int_equal(count, 60000);
    assert_int_equal(total, INT64_C(60000) * 59999 / 2);
    test_rows_deinit(&rows);
}

/* Runs until about `stop_rows` rows were read, moves the job, finishes it at another width. */
static void run_moved(const struct sb_graph *graph, int64_t stop_rows, int32_t workers,
                      struct test_rows *rows)
{
    struct sb_job_options first_options = {.worker_count = 2, .morsel_rows_max = 50};
    struct sb_job_options second_options = {.worker_count = workers, .morsel_rows_max = 1000};
    struct sb_operator_metrics metrics = {0};
    struct ArrowArrayStream stream;
    struct sb_snapshot *snapshot;
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done = false;

    assert_int_equal(sb_job_create(graph, &first_options, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    while (metrics.rows_in < stop_rows && !is_done) {
        assert_int_equal(sb_job_wait(job, 0, &is_done, &err), SB_OK);
        sb_job_operator_metrics(job, 0, &metrics);
    }
    if (sb_job_snapshot(job, &snapshot, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    sb_job_destroy(job);
    assert_int_equal(sb_job_create(graph, &second_options, &job, &err), SB_OK);
    if (sb_job_restore(job, snapshot, &err) != SB_OK || sb_job_start(job, &err) != SB_OK ||
        sb_job_wait(job, -1, &is_done, &err) != SB_OK ||
        sb_job_collect(job, "out", &stream, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    sb_snapshot_destroy(snapshot);
    test_job_expect_balance(job);
    test_rows_read(rows, &stream);
    sb_job_destroy(job);
    test_rows_sort(rows);
}

static void a_moved_job_gives_the_rows_of_an_uninterrupted_one(void **state)
{
    uint64_t seed = test_seed();

    (void)state;
    for (size_t g = 0; g < sizeof graphs / sizeof *graphs; g++) {
        char *json = test_graph_json(graphs[g][0], graphs[g][1]);
        struct sb_graph *graph = test_graph(json);
        struct test_rows expected;

        graph_run(g, 1, 4096, &expected);
        for (int turn = 0; turn < (TEST_IS_SANITIZED ? 2 : 8); turn++) {
            int64_t stop_rows = (int64_t)(test_random(&seed) % 60000);
            struct test_rows rows;
            run_moved(graph, stop_rows, 1 + turn % 4, &rows);
            test_rows_expect_equal(&rows, &expected);
            test_rows_deinit(&rows);
        }
        test_rows_deinit(&expected);
        sb_graph_destroy(graph);
        free(json);
    }
}

/* Every part leaves and comes back through the Arrow border, as a store would keep it. */
static struct sb_snapshot *snapshot_copy(const struct sb_snapshot *snapshot)
{
    struct sb_snapshot *copy;
    struct sb_error err = {0};

    assert_int_equal(sb_snapshot_create(sb_snapshot_description(snapshot), &copy, &err), SB_OK);
    for (int32_t i = 0; i < sb_snapshot_part_count(snapshot); i++) {
        struct ArrowArrayStream stream;
        assert_int_equal(sb_snapshot_part_stream(snapshot, i, &stream, &err), SB_OK);
        if (sb_snapshot_add_part(copy, sb_snapshot_part_name(snapshot, i), &stream, &err) !=
            SB_OK) {
            fail_msg("%s", err.message);
        }
    }
    return copy;
}

static struct sb_snapshot *snapshot_of(const struct sb_graph *graph)
{
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 50};
    struct sb_snapshot *snapshot;
    struct sb_snapshot *copy;
    struct sb_error err = {0};
    struct sb_job *job;

    assert_int_equal(sb_job_create(graph, &options, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_snapshot(job, &snapshot, &err), SB_OK);
    sb_job_destroy(job);
    copy = snapshot_copy(snapshot);
    sb_snapshot_destroy(snapshot);
    return copy;
}

static void a_snapshot_travels_as_arrow_streams(void **state)
{
    (void)state;
    for (size_t g = 0; g < sizeof graphs / sizeof *graphs; g++) {
        char *json = test_graph_json(graphs[g][0], graphs[g][1]);
        struct sb_graph *graph = test_graph(json);
        struct sb_snapshot *snapshot = snapshot_of(graph);
        struct ArrowArrayStream stream;
        struct test_rows expected;
        struct test_rows rows;
        struct sb_error err = {0};
        struct sb_job *job;
        bool is_done;

        assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
        if (sb_job_restore(job, snapshot, &err) != SB_OK || sb_job_start(job, &err) != SB_OK ||
            sb_job_wait(job, -1, &is_done, &err) != SB_OK ||
            sb_job_collect(job, "out", &stream, &err) != SB_OK) {
            fail_msg("%s", err.message);
        }
        sb_snapshot_destroy(snapshot);
        test_rows_read(&rows, &stream);
        test_rows_sort(&rows);
        sb_job_destroy(job);
        graph_run(g, 1, 4096, &expected);
        test_rows_expect_equal(&rows, &expected);
        test_rows_deinit(&rows);
        test_rows_deinit(&expected);
        sb_graph_destroy(graph);
        free(json);
    }
}

static void refuses_a_snapshot_of_another_job_by_name(void **state)
{
    static const char *const expected[][2] = {
        {"{\"version\": 2}", "not one of version 1"},
        {"{", "not one of version 1"},
        {"{\"version\": 1, \"splits\": []}", "0 source splits, this job has 5"},
    };
    char *json = test_graph_json(graphs[0][0], graphs[0][1]);
    char *other_json = test_graph_json(graphs[2][0], graphs[2][1]);
    struct sb_graph *graph = test_graph(json);
    struct sb_graph *other = test_graph(other_json);
    struct sb_snapshot *snapshot;
    struct sb_error err = {0};
    struct sb_job *job;

    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        assert_int_equal(sb_snapshot_create(expected[i][0], &snapshot, &err), SB_OK);
        assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
        assert_int_not_equal(sb_job_restore(job, snapshot, &err), SB_OK);
        assert_non_null(strstr(err.message, expected[i][1]));
        sb_job_destroy(job);
        sb_snapshot_destroy(snapshot);
    }
    snapshot = snapshot_of(other);
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_restore(job, snapshot, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "bind the same splits"));
    sb_job_destroy(job);
    sb_snapshot_destroy(snapshot);

    snapshot = snapshot_of(graph); // as if its operators had had other inputs
    assert_non_null(strstr(snapshot->description, "\"edges\""));
    memcpy(strstr(snapshot->description, "\"edges\""), "\"wedge\"", 7);
    assert_int_equal(sb_job_create(graph, NULL, &job, &err), SB_OK);
    assert_int_equal(sb_job_restore(job, snapshot, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "feed each other differently"));
    sb_job_destroy(job);
    sb_snapshot_destroy(snapshot);
    sb_graph_destroy(graph);
    sb_graph_destroy(other);
    free(json);
    free(other_json);
}

/* Of every graph above (under sanitizers of some), over few rows, moved while it runs. */
static void a_refused_allocation_is_a_status(void **state)
{
    size_t step = TEST_IS_SANITIZED ? 4 : 1;
    uint64_t seed = test_seed();

    (void)state;
    for (size_t g = test_random(&seed) % step; g < sizeof graphs / sizeof *graphs; g += step) {
        char *large = test_graph_json(graphs[g][0], graphs[g][1]);
        char *json = test_graph_json_shrink(large, 12, 15);
        struct sb_graph *graph = test_graph(json);
        struct test_job_attempt attempt = {
            .graph = graph,
            .options = {.worker_count = 2, .morsel_rows_max = 4},
            .sink = "out",
            .is_moved = true,
        };

        test_job_allocations(&attempt);
        sb_graph_destroy(graph);
        free(json);
        free(large);
    }
}

/* A description that misses something would be one of another state. */
static enum sb_status describe_attempt(struct sb_memory *memory, void *context)
{
    struct sb_job_options options = {.worker_count = 1};
    struct sb_snapshot *snapshot = NULL;
    struct sb_job *job = NULL;
    struct sb_error err = {0};
    enum sb_status status;
    bool is_done;

    SB_TRY_OUT(sb_job_create_in(context, &options, memory, sb_op_create, &job, &err));
    SB_TRY_OUT(sb_job_start(job, &err));
    SB_TRY_OUT(sb_job_wait(job, -1, &is_done, &err));
    SB_TRY_OUT(sb_job_snapshot(job, &snapshot, &err));

out:
    sb_snapshot_destroy(snapshot);
    sb_job_destroy(job);
    return status;
}

static void a_snapshot_is_described_whole_or_not_at_all(void **state)
{
    char *large = test_graph_json(graphs[11][0], graphs[11][1]);
    char *json = test_graph_json_shrink(large, 12, 15);
    struct sb_graph *graph = test_graph(json);

    (void)state;
    test_json_allocations(describe_attempt, graph);
    sb_graph_destroy(graph);
    free(json);
    free(large);
}

static void a_memory_limit_is_an_error_that_says_so(void **state)
{
    char *json = test_graph_json(
        SOURCE("q", 3000000, 1, 3000000) "," SUMS("g", "q_k") "," SINK("out"), "q>g g>out");
    struct sb_graph *graph = test_graph(json);
    struct sb_job_options options = {.worker_count = 2, .memory_limit_bytes = 24 * 1024 * 1024};
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create(graph, &options, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_NO_MEMORY);
    assert_non_null(strstr(err.message, "memory"));
    sb_job_destroy(job);
    sb_graph_destroy(graph);
    free(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_same_rows_at_any_width_and_morsel_size),
        cmocka_unit_test(groups_add_up),
        cmocka_unit_test(a_moved_job_gives_the_rows_of_an_uninterrupted_one),
        cmocka_unit_test(a_snapshot_travels_as_arrow_streams),
        cmocka_unit_test(refuses_a_snapshot_of_another_job_by_name),
        cmocka_unit_test(a_refused_allocation_is_a_status),
        cmocka_unit_test(a_snapshot_is_described_whole_or_not_at_all),
        cmocka_unit_test(a_memory_limit_is_an_error_that_says_so),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
