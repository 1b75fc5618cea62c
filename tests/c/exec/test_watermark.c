// SPDX-License-Identifier: Apache-2.0
/*
 * The watermark fence, seen by a keyed operator that knows which rows it must have had.
 *
 * Rows carry rising times; each goes to a key group by its id. When a group hears a watermark, all
 * its rows below it must have been applied, and none may follow.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/job.h"
#include "base/hash.h"
#include "exec/ops/ops.h"
#include "support/job_attempt.h"
#include "support/job_run.h"
#include "support/test.h"

enum { STEP_MS = 10, LATENESS_MS = 500 };

static int64_t source_rows; // of the graph at hand

struct witness {
    struct sb_op base;
    _Atomic int64_t mark_count;
    _Atomic int64_t row_count;
    _Atomic int64_t newest_mark_us;
};

struct witness_group {
    int32_t group;
    int64_t applied;
    int64_t watermark_us;
};

static void witness_destroy(struct sb_op *op)
{
    sb_op_free(op, sizeof(struct witness));
}

static enum sb_status witness_on_batch(struct sb_op *op, void *state, int32_t port,
                                       struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    const int64_t *ids;
    enum sb_status status;

    (void)state;
    (void)port;
    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    ids = sb_column_fixed(&batch->columns[0], 8);
    for (int64_t i = 0; i < batch->row_count; i++) {
        struct sb_block *block = sb_block_create(ctx->memory, 64);
        if (block == NULL) {
            status = sb_error_no_memory(ctx->error, "a block", 64);
            goto out;
        }
        memcpy(block->data, &ids[i], 8);
        block->row_count = 1;
        block->group = sb_key_group(sb_hash64((uint64_t)ids[i]), op->group_count);
        SB_TRY_OUT(sb_op_send(ctx, block));
    }
    sb_op_count(ctx, SB_LEDGER_HELD, batch->row_count);

out:
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status witness_group_create(struct sb_op *op, int32_t group, struct sb_op_ctx *ctx,
                                           void **state)
{
    struct witness_group *seen = sb_memory_alloc_zeroed(op->memory, sizeof *seen);

    if (seen == NULL) {
        return sb_error_no_memory(ctx->error, "a group", (int64_t)sizeof *seen);
    }
    seen->group = group;
    seen->watermark_us = INT64_MIN;
    *state = seen;
    return SB_OK;
}

static void witness_group_destroy(struct sb_op *op, void *state)
{
    sb_memory_free(op->memory, state, sizeof(struct witness_group));
}

static enum sb_status witness_on_block(struct sb_op *op, void *state, struct sb_block *block,
                                       struct sb_op_ctx *ctx)
{
    struct witness_group *seen = state;
    int64_t id;

    memcpy(&id, block->data, 8);
    sb_block_destroy(op->memory, block);
    if (id * STEP_MS * 1000 < seen->watermark_us) {
        return sb_error_set(ctx->error, SB_FAILED, "row %lld came after watermark %lld",
                            (long long)id, (long long)seen->watermark_us);
    }
    seen->applied++;
    atomic_fetch_add(&((struct witness *)op)->row_count, 1);
    return SB_OK;
}

static enum sb_status witness_on_watermark(struct sb_op *op, void *state, int64_t watermark_us,
                                           struct sb_op_ctx *ctx)
{
    struct witness *witness = (struct witness *)op;
    struct witness_group *seen = state;
    int64_t expected = 0;

    if (watermark_us <= seen->watermark_us) {
        return sb_error_set(ctx->error, SB_FAILED, "the watermark went back");
    }
    seen->watermark_us = watermark_us;
    for (int64_t id = 0; id < source_rows && id * STEP_MS * 1000 < watermark_us; id++) {
        expected += sb_key_group(sb_hash64((uint64_t)id), op->group_count) == seen->group;
    }
    if (seen->applied < expected) {
        return sb_error_set(ctx->error, SB_FAILED, "group %d has %lld rows of %lld below %lld",
                            seen->group, (long long)seen->applied, (long long)expected,
                            (long long)watermark_us);
    }
    atomic_fetch_add(&witness->mark_count, 1);
    atomic_store(&witness->newest_mark_us, watermark_us);
    return SB_OK;
}

static enum sb_status witness_state_schema(struct sb_op *op, struct sb_memory *memory,
                                           struct sb_schema **out, struct sb_error *err)
{
    (void)op;
    (void)memory;
    (void)out;
    return sb_error_set(err, SB_UNSUPPORTED, "a witness has no snapshot");
}

static const struct sb_op_vtable witness_vtable = {
    .name = "witness",
    .placement = SB_OP_KEYED,
    .build_port = SB_NO_PORT,
    .destroy = witness_destroy,
    .on_batch = witness_on_batch,
    .group_create = witness_group_create,
    .group_destroy = witness_group_destroy,
    .on_block = witness_on_block,
    .on_watermark = witness_on_watermark,
    .state_schema = witness_state_schema,
};

static struct witness *the_witness;

static enum sb_status factory(const struct sb_op_options *options, struct sb_op **out,
                              struct sb_error *err)
{
    if (options->node->type == SB_NODE_LIMIT) { // stands in for a keyed operator with one input
        SB_TRY_RETURN(
            sb_op_alloc(&witness_vtable, sizeof *the_witness, options, &the_witness, err));
        *out = &the_witness->base;
        return SB_OK;
    }
    return sb_op_create(options, out, err);
}

/* `scan`: more parameters of the source, each behind a comma; `passing` rows come through. */
static struct sb_graph *graph_of(int64_t rows, int32_t splits, const char *scan, int64_t passing)
{
    char operators[1024];
    struct sb_graph *graph;
    char *json;

    source_rows = passing;
    snprintf(
        operators, sizeof operators,
        "{\"operator_id\": \"a\", \"operator_type\": \"source\", \"name\": \"a\", "
        "\"parameters\": {\"bounded\": false, \"timestamp_column\": \"t\", \"lateness_ms\": %d%s, "
        "\"generator\": {\"rows\": %lld, \"splits\": %d, \"columns\": ["
        "{\"name\": \"id\", \"kind\": \"sequence\"},"
        "{\"name\": \"t\", \"kind\": \"timestamp\", \"start_ms\": 0, \"step_ms\": %d}]}}},"
        "{\"operator_id\": \"w\", \"operator_type\": \"limit\", \"name\": \"w\", "
        "\"parameters\": {\"count\": 1}},"
        "{\"operator_id\": \"s\", \"operator_type\": \"sink\", \"name\": \"s\", "
        "\"parameters\": {}}",
        LATENESS_MS, scan, (long long)rows, splits, STEP_MS);
    json = test_graph_json(operators, "a>w w>s");
    graph = test_graph(json);
    free(json);
    return graph;
}

static void run(int32_t workers, int64_t morsel_rows, int32_t splits)
{
    enum { ROW_COUNT = 6000 };
    struct sb_graph *graph = graph_of(ROW_COUNT, splits, "", ROW_COUNT);
    struct sb_job_options options = {.worker_count = workers, .morsel_rows_max = morsel_rows};
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    assert_int_equal(sb_job_create_in(graph, &options, NULL, factory, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    if (sb_job_wait(job, -1, &is_done, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(atomic_load(&the_witness->row_count), ROW_COUNT);
    if (splits == 1) { // with more, the slowest split holds the watermark back
        assert_true(atomic_load(&the_witness->mark_count) > 0);
    }
    assert_true(atomic_load(&the_witness->newest_mark_us) <=
                ((int64_t)(ROW_COUNT - 1) * STEP_MS - LATENESS_MS) * 1000);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void a_group_has_every_row_below_the_watermark_it_hears(void **state)
{
    (void)state;
    for (int32_t workers = 1; workers <= 4; workers *= 2) {
        run(workers, 100, 1);
        run(workers, 7, 1);
        run(workers, 1000, 3);
    }
}

/* Event time is that of the rows as they are delivered, of a column that does not leave. */
static void a_filter_of_the_source_does_not_hold_the_watermark_back(void **state)
{
    enum { ROW_COUNT = 300000, PASSING = 40 }; // enough for many watermarks
    struct sb_graph *graph =
        graph_of(ROW_COUNT, 1,
                 ", \"columns\": [\"id\"], \"filters\": {\"call\": \"less\", \"args\": "
                 "[{\"col\": \"id\"}, {\"lit\": 40}]}",
                 PASSING);
    struct sb_job_options options = {.worker_count = 2, .morsel_rows_max = 50};
    struct sb_error err = {0};
    struct sb_job *job;
    bool is_done;

    (void)state;
    assert_int_equal(sb_job_create_in(graph, &options, NULL, factory, &job, &err), SB_OK);
    assert_int_equal(sb_job_start(job, &err), SB_OK);
    if (sb_job_wait(job, -1, &is_done, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(atomic_load(&the_witness->row_count), PASSING);
    assert_true(atomic_load(&the_witness->newest_mark_us) > (int64_t)PASSING * STEP_MS * 1000);
    sb_job_destroy(job);
    sb_graph_destroy(graph);
}

static void a_refused_allocation_is_a_status(void **state)
{
    struct test_job_attempt attempt = {
        .graph = graph_of(60, 1, "", 60),
        .options = {.worker_count = 2, .morsel_rows_max = 20},
        .factory = factory,
    };

    (void)state;
    test_job_allocations(&attempt);
    sb_graph_destroy((struct sb_graph *)(uintptr_t)attempt.graph);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_group_has_every_row_below_the_watermark_it_hears),
        cmocka_unit_test(a_filter_of_the_source_does_not_hold_the_watermark_back),
        cmocka_unit_test(a_refused_allocation_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
