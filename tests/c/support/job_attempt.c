// SPDX-License-Identifier: Apache-2.0
#include "support/job_attempt.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

#include "exec/ops/ops.h"
#include "support/job_run.h"
#include "support/test.h"

struct job_run {
    const struct test_job_attempt *attempt;
    struct test_rows expected; // sorted; of the first run
    bool has_expected;
};

static enum sb_status job_create(const struct test_job_attempt *attempt, struct sb_memory *memory,
                                 struct sb_job **out, struct sb_error *err)
{
    sb_op_factory factory = attempt->factory != NULL ? attempt->factory : sb_op_create;
    enum sb_status status;

    SB_TRY_RETURN(sb_job_create_in(attempt->graph, &attempt->options, memory, factory, out, err));
    status = attempt->bind == NULL ? SB_OK : attempt->bind(*out, err, attempt->context);
    if (status != SB_OK) {
        sb_job_destroy(*out);
        *out = NULL;
    }
    return status;
}

/* Waits for the end and compares what has been collected with what the first run has. */
static enum sb_status job_finish(struct job_run *run, struct sb_job *job, struct sb_error *err)
{
    struct ArrowArrayStream stream;
    struct test_rows rows;
    bool is_done;
    int code;

    SB_TRY_RETURN(sb_job_wait(job, -1, &is_done, err));
    test_job_expect_balance(job);
    if (run->attempt->sink == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_job_collect(job, run->attempt->sink, &stream, err));
    code = test_rows_try_read(&rows, &stream);
    if (code != 0) {
        assert_int_equal(code, ENOMEM);
        return sb_error_set(err, SB_NO_MEMORY, "no memory for the rows that leave");
    }
    test_rows_sort(&rows);
    if (run->has_expected) {
        test_rows_expect_equal(&rows, &run->expected);
        test_rows_deinit(&rows);
    } else {
        assert_true(rows.row_count > 0);
        run->expected = rows;
        run->has_expected = true;
    }
    return SB_OK;
}

/*
 * Starts a job that could not be started, or not be restored. Where it failed before it had
 * anything, that succeeds, and gives the rows of a job that begins at the beginning.
 */
static void job_try_again(struct job_run *run, struct sb_job *job)
{
    struct sb_error err = {0};
    enum sb_status status = sb_job_start(job, &err);

    if (status == SB_OK) {
        assert_int_equal(job_finish(run, job, &err), SB_OK);
    } else { // what has half a state does not run
        assert_int_equal(status, SB_NO_MEMORY);
    }
}

/* The end of a job that a snapshot was asked of, whose rows it must not change. */
static enum sb_status job_finish_asked(struct job_run *run, struct sb_job *job,
                                       enum sb_status asked, struct sb_error *err)
{
    struct sb_error later = {0};
    enum sb_status status = job_finish(run, job, asked == SB_OK ? err : &later);

    assert_true(status == SB_OK || status == SB_NO_MEMORY);
    return asked == SB_OK ? status : asked;
}

/* Replaces the running job, which comes to its end, by one that goes on from a snapshot of it. */
static enum sb_status job_move(struct job_run *run, struct sb_memory *memory, struct sb_job **job,
                               struct sb_error *err)
{
    struct sb_snapshot *snapshot = NULL;
    struct sb_job *next = NULL;
    enum sb_status status = sb_job_snapshot(*job, &snapshot, err);

    SB_TRY_OUT(job_finish_asked(run, *job, status, err));
    sb_job_destroy(*job);
    *job = NULL;
    SB_TRY_OUT(job_create(run->attempt, memory, &next, err));
    *job = next;
    status = sb_job_restore(next, snapshot, err);
    if (status == SB_OK) {
        status = sb_job_start(next, err);
    } else {
        job_try_again(run, next);
    }

out:
    sb_snapshot_destroy(snapshot);
    return status;
}

static enum sb_status job_attempt(struct sb_memory *memory, void *context)
{
    struct job_run *run = context;
    struct sb_error err = {0};
    struct sb_job *job = NULL;
    enum sb_status status;

    SB_TRY_OUT(job_create(run->attempt, memory, &job, &err));
    status = sb_job_start(job, &err);
    if (status != SB_OK) {
        job_try_again(run, job);
        goto out;
    }
    if (run->attempt->is_moved) {
        SB_TRY_OUT(job_move(run, memory, &job, &err));
    }
    status = job_finish(run, job, &err);

out:
    if (status != SB_OK) {
        assert_int_equal(err.status, status);
        assert_true(err.message[0] != '\0');
    }
    sb_job_destroy(job);
    return status;
}

void test_job_allocations(const struct test_job_attempt *attempt)
{
    struct job_run run = {.attempt = attempt};

    test_allocations(job_attempt, &run);
    test_rows_deinit(&run.expected);
}

static void limit_integer(json_t *object, const char *key, int64_t limit)
{
    if (json_integer_value(json_object_get(object, key)) > limit) {
        json_object_set_new(object, key, json_integer(limit));
    }
}

char *test_graph_json_shrink(const char *json, int64_t rows, int64_t high)
{
    json_t *graph = json_loads(json, 0, NULL);
    json_t *operator;
    size_t index;
    char *text;

    json_array_foreach(json_object_get(graph, "operators"), index, operator)
    {
        json_t *generator = json_object_get(json_object_get(operator, "parameters"), "generator");
        json_t *column;
        size_t c;

        limit_integer(generator, "rows", rows);
        json_array_foreach(json_object_get(generator, "columns"), c, column)
        {
            limit_integer(column, "high", high);
        }
    }
    text = json_dumps(graph, 0);
    json_decref(graph);
    assert_non_null(text);
    return text;
}
