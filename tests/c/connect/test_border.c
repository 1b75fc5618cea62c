// SPDX-License-Identifier: Apache-2.0
/*
 * Rows in and out of a job: pulled streams, pushed batches, streaming sinks, back-pressure.
 */
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "exec/ops/ops.h"
#include "support/arrow_array.h"
#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/test.h"

#define NODE(id, type, parameters)                                                                 \
    "{\"operator_id\": \"" id "\", \"operator_type\": \"" type "\", \"name\": \"" id               \
    "\", \"parameters\": {" parameters "}}"
#define BOUND "\"data\": {\"kind\": \"bound\"}"

enum { CHUNK_ROWS = 1000 };

static int64_t values[CHUNK_ROWS];

static const struct test_array_column chunk_column = {
    .format = "l", .name = "x", .length = CHUNK_ROWS, .n_buffers = 2, .buffers = {NULL, values}};

static struct sb_graph *graph_of(const char *operators, const char *edges, const char *format)
{
    char *json = test_graph_json(operators, edges);
    struct test_array_column column = chunk_column;
    struct ArrowSchema schema;
    struct sb_graph *graph;
    struct sb_error err = {0};

    column.format = format;
    for (int64_t i = 0; i < CHUNK_ROWS; i++) {
        values[i] = i;
    }
    if (sb_graph_create_from_json(json, strlen(json), &graph, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    test_schema_make(&schema, &column, 1, NULL);
    assert_int_equal(sb_graph_set_source_schema(graph, "a", &schema, &err), SB_OK);
    if (sb_graph_validate(graph, NULL, NULL, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    free(json);
    return graph;
}

static struct sb_job *job_of(const struct sb_graph *graph, int64_t exchange_limit_bytes)
{
    struct sb_job_options options = {.worker_count = 2,
                                     .exchange_limit_bytes = exchange_limit_bytes};
    struct sb_error err = {0};
    struct sb_job *job;

    if (sb_job_create(graph, &options, &job, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return job;
}

static void chunk_make(struct ArrowArray *array, int *release_count)
{
    test_array_make(array, CHUNK_ROWS, 0, &chunk_column, 1, release_count);
}

static void pulls_a_stream_once_and_releases_everything_once(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct ArrowArrayStream stream;
    struct ArrowArray arrays[5];
    struct test_rows rows;
    struct sb_error err = {0};
    int array_releases = 0;
    int stream_releases = 0;
    bool is_done;

    (void)state;
    for (int i = 0; i < 5; i++) {
        chunk_make(&arrays[i], &array_releases);
    }
    test_stream_make(&stream, &chunk_column, 1, arrays, 5, &stream_releases);
    assert_int_equal(sb_job_add_stream(job, "a", &stream, 1500, 2200, &err), SB_OK);
    assert_null(stream.release);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
    assert_int_equal(sb_job_collect(job, "s", &stream, &err), SB_OK);
    test_rows_read(&rows, &stream);
    assert_int_equal(rows.row_count, 2200);
    for (int64_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(rows.values[i], (i + 1500) % CHUNK_ROWS);
    }
    test_rows_deinit(&rows);
    sb_job_destroy(job);
    assert_int_equal(stream_releases, 1);
    assert_int_equal(array_releases, 5);
    sb_graph_destroy(graph);
}

static void refuses_a_stream_of_another_type_by_column(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "g");
    struct sb_job *job = job_of(graph, 0);
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    int stream_releases = 0;

    (void)state;
    test_stream_make(&stream, &chunk_column, 1, NULL, 0, &stream_releases);
    assert_int_equal(sb_job_add_stream(job, "a", &stream, 0, -1, &err), SB_INVALID);
    assert_non_null(strstr(err.message, "operator 'a' (source)"));
    assert_non_null(strstr(err.message, "column 'x' is int64"));
    assert_non_null(strstr(err.message, "float64"));
    assert_int_equal(stream_releases, 1);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static int failing_get_next(struct ArrowArrayStream *stream, struct ArrowArray *out)
{
    (void)stream;
    out->release = NULL;
    return EIO;
}

static const char *failing_last_error(struct ArrowArrayStream *stream)
{
    (void)stream;
    return "the disk is on fire";
}

static void a_failing_stream_fails_the_job_with_its_words(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    bool is_done;

    (void)state;
    test_stream_make(&stream, &chunk_column, 1, NULL, 0, NULL);
    stream.get_next = failing_get_next;
    stream.get_last_error = failing_last_error;
    assert_int_equal(sb_job_add_stream(job, "a", &stream, 0, -1, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_IO);
    assert_non_null(strstr(err.message, "operator 'a' (source)"));
    assert_non_null(strstr(err.message, "the disk is on fire"));
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

struct pusher {
    struct sb_job *job;
    int32_t split;
    int chunk_count;
    int pushed;
    enum sb_status last;
};

static void *pusher_main(void *argument)
{
    struct pusher *pusher = argument;
    struct sb_error err = {0};

    for (int i = 0; i < pusher->chunk_count; i++) {
        struct ArrowArray array;
        chunk_make(&array, NULL);
        pusher->last = sb_job_push(pusher->job, "a", pusher->split, &array, &err);
        if (pusher->last != SB_OK) {
            return NULL;
        }
        __atomic_fetch_add(&pusher->pushed, 1, __ATOMIC_RELAXED);
    }
    pusher->last = sb_job_push_end(pusher->job, "a", pusher->split, NULL, &err);
    return NULL;
}

static void takes_rows_from_several_pushing_threads(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct pusher pushers[3];
    pthread_t threads[3];
    struct ArrowArrayStream stream;
    struct test_rows rows;
    struct sb_error err = {0};
    bool is_done;

    (void)state;
    for (int i = 0; i < 3; i++) {
        pushers[i] = (struct pusher){.job = job, .chunk_count = 50};
        assert_int_equal(sb_job_add_push_split(job, "a", &pushers[i].split, &err), SB_OK);
    }
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    for (int i = 0; i < 3; i++) {
        pthread_create(&threads[i], NULL, pusher_main, &pushers[i]);
    }
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(pushers[i].last, SB_OK);
    }
    assert_int_equal(sb_job_collect(job, "s", &stream, &err), SB_OK);
    test_rows_read(&rows, &stream);
    assert_int_equal(rows.row_count, 3 * 50 * CHUNK_ROWS);
    test_rows_deinit(&rows);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void draining_loses_no_row_that_was_taken(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");

    (void)state;
    for (int turn = 0; turn < 20; turn++) {
        struct sb_job *job = job_of(graph, 0);
        struct pusher pusher = {.job = job, .chunk_count = 1000000};
        struct ArrowArrayStream stream;
        struct test_rows rows;
        struct sb_error err = {0};
        pthread_t thread;
        bool is_done;

        assert_int_equal(sb_job_add_push_split(job, "a", &pusher.split, &err), SB_OK);
        assert_int_equal(sb_job_start(job, &err), SB_OK);
        pthread_create(&thread, NULL, pusher_main, &pusher);
        while (__atomic_load_n(&pusher.pushed, __ATOMIC_RELAXED) < turn) {
            assert_int_equal(sb_job_wait(job, 0, &is_done, &err), SB_OK);
        }
        sb_job_stop(job, SB_STOP_DRAIN);
        pthread_join(thread, NULL);
        assert_int_equal(pusher.last, SB_CANCELED);
        assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
        assert_int_equal(sb_job_collect(job, "s", &stream, &err), SB_OK);
        test_rows_read(&rows, &stream);
        assert_int_equal(rows.row_count, (int64_t)pusher.pushed * CHUNK_ROWS);
        test_rows_deinit(&rows);
        sb_job_destroy(job);
    }
    sb_graph_destroy(graph);
}

static void a_failed_push_split_fails_the_job(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct sb_error err = {0};
    int32_t split;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_add_push_split(job, "a", &split, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_push_end(job, "a", split, "the generator raised", &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_FAILED);
    assert_non_null(strstr(err.message, "the generator raised"));
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

/* Nobody reads the sink: the pusher must come to a halt, and go on when somebody reads. */
static void a_slow_reader_holds_the_source_back(void **state)
{
    struct sb_graph *graph = graph_of(
        NODE("a", "source", BOUND) "," NODE("s", "sink", "\"callback\": {\"kind\": \"bound\"}"),
        "a>s", "l");
    struct sb_job *job = job_of(graph, 64 * 1024);
    struct pusher pusher = {.job = job, .chunk_count = 10000};
    struct sb_job_metrics metrics = {0};
    struct ArrowArrayStream stream;
    struct test_rows rows;
    struct sb_error err = {0};
    pthread_t thread;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_add_push_split(job, "a", &pusher.split, &err), SB_OK);
    assert_int_equal(sb_job_sink_stream(job, "s", &stream, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    pthread_create(&thread, NULL, pusher_main, &pusher);
    while (metrics.backpressure_count == 0) {
        assert_int_equal(sb_job_wait(job, 1, &is_done, &err), SB_OK);
        sb_job_metrics(job, &metrics);
    }
    // 16 MiB wait in the push queue and little more beyond: far from all 80 MB.
    assert_true(__atomic_load_n(&pusher.pushed, __ATOMIC_RELAXED) < 5000);
    test_rows_read(&rows, &stream);
    assert_int_equal(rows.row_count, 10000 * CHUNK_ROWS);
    for (int64_t i = 0; i < rows.row_count; i++) {
        assert_int_equal(rows.values[i], i % CHUNK_ROWS);
    }
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
    pthread_join(thread, NULL);
    test_job_expect_balance(job);
    test_rows_deinit(&rows);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void canceling_frees_a_blocked_pusher_and_a_blocked_reader(void **state)
{
    struct sb_graph *graph = graph_of(
        NODE("a", "source", BOUND) "," NODE("s", "sink", "\"callback\": {\"kind\": \"bound\"}"),
        "a>s", "l");
    struct sb_job *job = job_of(graph, 64 * 1024);
    struct pusher pusher = {.job = job, .chunk_count = 1000000};
    struct sb_job_metrics metrics = {0};
    struct ArrowArrayStream stream;
    struct ArrowArray array;
    struct sb_error err = {0};
    pthread_t thread;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_add_push_split(job, "a", &pusher.split, &err), SB_OK);
    assert_int_equal(sb_job_sink_stream(job, "s", &stream, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    pthread_create(&thread, NULL, pusher_main, &pusher);
    while (metrics.backpressure_count == 0) {
        assert_int_equal(sb_job_wait(job, 1, &is_done, &err), SB_OK);
        sb_job_metrics(job, &metrics);
    }
    sb_job_stop(job, SB_STOP_CANCEL);
    pthread_join(thread, NULL);
    assert_int_equal(pusher.last, SB_CANCELED);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_CANCELED);
    assert_int_not_equal(stream.get_next(&stream, &array), 0);
    sb_job_destroy(job);
    assert_int_not_equal(stream.get_next(&stream, &array), 0); // outlives the job
    stream.release(&stream);
    sb_graph_destroy(graph);
}

static void a_reader_that_lets_go_fails_the_job(void **state)
{
    struct sb_graph *graph = graph_of(
        NODE("a", "source", BOUND) "," NODE("s", "sink", "\"callback\": {\"kind\": \"bound\"}"),
        "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct pusher pusher = {.job = job, .chunk_count = 10};
    struct ArrowArrayStream stream;
    struct sb_error err = {0};
    pthread_t thread;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_add_push_split(job, "a", &pusher.split, &err), SB_OK);
    assert_int_equal(sb_job_sink_stream(job, "s", &stream, &err), SB_OK);
    stream.release(&stream);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    pthread_create(&thread, NULL, pusher_main, &pusher);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_IO);
    assert_non_null(strstr(err.message, "operator 's' (sink)"));
    pthread_join(thread, NULL);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

enum { FEW_CHUNKS = 3 };

static enum sb_status bind_stream(struct sb_job *job, struct sb_error *err, void *context)
{
    struct ArrowArrayStream stream;
    struct ArrowArray arrays[FEW_CHUNKS];
    enum sb_status status;

    (void)context;
    for (int i = 0; i < FEW_CHUNKS; i++) {
        chunk_make(&arrays[i], NULL);
    }
    test_stream_make(&stream, &chunk_column, 1, arrays, FEW_CHUNKS, NULL);
    status = sb_job_add_stream(job, "a", &stream, 500, 2000, err);
    assert_null(stream.release); // taken in every outcome
    return status;
}

static enum sb_status bind_pushed(struct sb_job *job, struct sb_error *err, void *context)
{
    int32_t split;

    (void)context;
    SB_TRY_RETURN(sb_job_add_push_split(job, "a", &split, err));
    for (int i = 0; i < FEW_CHUNKS; i++) {
        struct ArrowArray array;
        enum sb_status status;

        chunk_make(&array, NULL);
        status = sb_job_push(job, "a", split, &array, err);
        assert_null(array.release);
        SB_TRY_RETURN(status);
    }
    return sb_job_push_end(job, "a", split, NULL, err);
}

static void a_refused_allocation_is_a_status_on_the_way_in(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct test_job_attempt attempt = {
        .graph = graph,
        .options = {.worker_count = 2, .morsel_rows_max = 700},
        .sink = "s",
        .bind = bind_stream,
        .is_moved = true,
    };

    (void)state;
    test_job_allocations(&attempt);
    attempt.bind = bind_pushed; // before the restore, which skips what the snapshot has
    test_job_allocations(&attempt);
    sb_graph_destroy(graph);
}

static void push_chunks(struct sb_job *job, int32_t split, int count)
{
    struct sb_error err = {0};

    for (int i = 0; i < count; i++) {
        struct ArrowArray array;

        chunk_make(&array, NULL);
        assert_int_equal(sb_job_push(job, "a", split, &array, &err), SB_OK);
    }
}

static void rows_pushed_before_a_restore_are_passed_over(void **state)
{
    struct sb_graph *graph =
        graph_of(NODE("a", "source", BOUND) "," NODE("s", "sink", ""), "a>s", "l");
    struct sb_job *job = job_of(graph, 0);
    struct sb_operator_metrics metrics = {0};
    struct ArrowArrayStream stream;
    struct sb_snapshot *snapshot;
    struct sb_error err = {0};
    struct test_rows rows;
    int32_t split;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_add_push_split(job, "a", &split, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    push_chunks(job, split, 2);
    while (metrics.rows_in < 2 * CHUNK_ROWS) {
        assert_int_equal(sb_job_wait(job, 1, &is_done, &err), SB_OK);
        sb_job_operator_metrics(job, 0, &metrics);
    }
    assert_int_equal(sb_job_snapshot(job, &snapshot, &err), SB_OK);
    sb_job_destroy(job);

    job = job_of(graph, 0);
    assert_int_equal(sb_job_add_push_split(job, "a", &split, &err), SB_OK);
    push_chunks(job, split, 3);
    assert_int_equal(sb_job_restore(job, snapshot, &err), SB_OK);
    sb_snapshot_destroy(snapshot);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    assert_int_equal(sb_job_push_end(job, "a", split, NULL, &err), SB_OK);
    assert_int_equal(sb_job_wait(job, -1, &is_done, &err), SB_OK);
    assert_int_equal(sb_job_collect(job, "s", &stream, &err), SB_OK);
    test_rows_read(&rows, &stream);
    assert_int_equal(rows.row_count, 3 * CHUNK_ROWS);
    test_rows_deinit(&rows);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

/* Rows that are pulled from a streaming sink; every one of them, or a status. */
static enum sb_status pull_attempt(struct sb_memory *memory, void *context)
{
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 700};
    struct ArrowArrayStream stream = {0};
    struct sb_job *job = NULL;
    struct sb_error err = {0};
    struct test_rows rows;
    enum sb_status status;
    bool is_done;
    int code;

    SB_TRY_OUT(sb_job_create_in(context, &options, memory, sb_op_create, &job, &err));
    SB_TRY_OUT(bind_stream(job, &err, NULL));
    SB_TRY_OUT(sb_job_sink_stream(job, "s", &stream, &err));
    SB_TRY_OUT(sb_job_start(job, &err));
    code = test_rows_try_read(&rows, &stream);
    status = sb_job_wait(job, -1, &is_done, &err);
    if (code == 0 && status == SB_OK) {
        assert_int_equal(rows.row_count, 2000);
        for (int64_t i = 0; i < rows.row_count; i++) {
            assert_int_equal(rows.values[i], (i + 500) % CHUNK_ROWS);
        }
    } else if (code == ENOMEM) { // the reader's own: it lets go, and the job fails, too
        status = SB_NO_MEMORY;
    } else {
        assert_int_not_equal(status, SB_OK);
    }
    if (code == 0) {
        test_rows_deinit(&rows);
    }

out:
    if (stream.release != NULL) {
        stream.release(&stream);
    }
    sb_job_destroy(job);
    return status;
}

static void a_refused_allocation_is_a_status_on_the_way_out(void **state)
{
    struct sb_graph *graph = graph_of(
        NODE("a", "source", BOUND) "," NODE("s", "sink", "\"callback\": {\"kind\": \"bound\"}"),
        "a>s", "l");

    (void)state;
    test_allocations(pull_attempt, graph);
    sb_graph_destroy(graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pulls_a_stream_once_and_releases_everything_once),
        cmocka_unit_test(refuses_a_stream_of_another_type_by_column),
        cmocka_unit_test(a_failing_stream_fails_the_job_with_its_words),
        cmocka_unit_test(takes_rows_from_several_pushing_threads),
        cmocka_unit_test(draining_loses_no_row_that_was_taken),
        cmocka_unit_test(a_failed_push_split_fails_the_job),
        cmocka_unit_test(a_slow_reader_holds_the_source_back),
        cmocka_unit_test(canceling_frees_a_blocked_pusher_and_a_blocked_reader),
        cmocka_unit_test(a_reader_that_lets_go_fails_the_job),
        cmocka_unit_test(rows_pushed_before_a_restore_are_passed_over),
        cmocka_unit_test(a_refused_allocation_is_a_status_on_the_way_in),
        cmocka_unit_test(a_refused_allocation_is_a_status_on_the_way_out),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
