// SPDX-License-Identifier: Apache-2.0
/*
 * barrier.c - taking a snapshot: park the sources, drain, flush, copy every group's state.
 *
 * Queues are bounded, so draining takes milliseconds. State is copied by reference where it is
 * columns already (collected rows), and row by row where it is not (keyed tables); sources go on
 * when that is done.
 */
#include "exec/barrier.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "exec/stage.h"
#include "plan/json.h"

static bool exchange_has_messages(struct sb_exchange *exchange)
{
    bool has_messages = false;

    for (int32_t g = 0; g < exchange->group_count && !has_messages; g++) {
        pthread_mutex_lock(&exchange->inboxes[g].lock);
        has_messages = exchange->inboxes[g].first != NULL;
        pthread_mutex_unlock(&exchange->inboxes[g].lock);
    }
    return has_messages;
}

/* Whether rows wait behind a gate; a snapshot cannot hold those. */
static bool job_holds_rows_back(struct sb_job *job)
{
    for (int32_t e = 0; e < job->exchange_count; e++) {
        if (exchange_has_messages(job->exchanges[e])) {
            return true;
        }
    }
    return false;
}

static bool gates_are_open(void *context)
{
    struct sb_job *job = context;

    for (int32_t s = 0; s < job->stage_count; s++) {
        if (atomic_load(&job->stages[s]->gate_count) > 0) {
            return sb_job_is_over(job);
        }
    }
    return true;
}

static void barrier_pause(struct sb_job *job)
{
    pthread_mutex_lock(&job->park_lock);
    atomic_store(&job->is_paused, true);
    pthread_mutex_unlock(&job->park_lock);
    sb_scheduler_wait_idle(job->scheduler, -1);
}

/* A flush that stops half-way has lost rows: the job fails. */
static void stages_flush(struct sb_job *job)
{
    for (int32_t s = 0; s < job->stage_count && !atomic_load(&job->is_canceled); s++) {
        struct sb_stage *stage = job->stages[s];
        if (atomic_load(&stage->phase) == SB_PHASE_RUNNING) {
            struct sb_error err = {0};
            if (sb_stage_flush(stage, job->options.worker_count, &err) != SB_OK) {
                sb_job_fail(job, &err);
            }
            sb_scheduler_wait_idle(job->scheduler, -1);
        }
    }
}

/* Everything in flight is applied; local state is empty; nothing runs. */
static enum sb_status barrier_drain(struct sb_job *job, struct sb_error *err)
{
    barrier_pause(job);
    stages_flush(job);
    // What was flushed may have become rows that wait, too. All gates open at once or after each
    // other, so there are at most as many rounds as stages.
    while (job_holds_rows_back(job) && !atomic_load(&job->is_canceled)) {
        sb_job_unpark(job); // the builds behind the gates are bounded: let them finish first
        sb_scheduler_wait_until(job->scheduler, gates_are_open, job, -1);
        barrier_pause(job);
        stages_flush(job);
    }
    return sb_job_failure(job, err);
}

enum sb_status sb_stage_save(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    struct sb_state_part *part = ctx->run->saved;
    struct sb_column groups = {0};
    struct sb_buffer *buffer = NULL;
    struct sb_batch saved = {0};
    enum sb_status status;

    SB_TRY_OUT(sb_batch_flatten(batch, ctx->error));
    SB_TRY_OUT(sb_batch_init(&saved, ctx->memory, part->schema, batch->row_count, ctx->error));
    SB_TRY_OUT(sb_buffer_create(ctx->memory, batch->row_count * 4, &buffer, ctx->error));
    for (int64_t i = 0; i < batch->row_count; i++) {
        ((int32_t *)(void *)buffer->data)[i] = ctx->run->saved_group;
    }
    groups =
        (struct sb_column){.length = batch->row_count, .values = buffer->data, .owner = buffer};
    sb_batch_adopt_column(&saved, 0, &groups);
    for (int32_t c = 0; c < batch->schema->field_count; c++) {
        struct sb_column column;
        sb_column_share(&column, &batch->columns[c]);
        sb_batch_adopt_column(&saved, c + 1, &column);
    }
    status = sb_state_part_add(part, ctx->memory, &saved, ctx->error);

out:
    sb_batch_deinit(&saved);
    sb_batch_deinit(batch);
    return status;
}

/* What operators have put off is applied; a group where that stops half-way is of no use. */
static enum sb_status barrier_settle_op(struct sb_job *job, struct sb_exchange *exchange,
                                        struct sb_error *err)
{
    struct sb_op *op = exchange->op;
    enum sb_status status = SB_OK;
    struct sb_error failure = {0};
    struct sb_op_ctx ctx;
    struct sb_run run;

    if (op->vtable->on_barrier == NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_run_begin(&run, exchange->stage, job->options.worker_count, 0, 0, err));
    run.may_be_silent = true;
    sb_op_ctx_init(&ctx, exchange->stage->head, &run, &failure);
    for (int32_t g = 0; g < op->group_count && status == SB_OK; g++) {
        if (op->groups[g] != NULL) {
            status = op->vtable->on_barrier(op, op->groups[g], &ctx);
        }
    }
    (void)sb_run_end(&run);
    if (sb_station_fail(exchange->stage->head, &run, status, &failure) != SB_OK) {
        sb_job_fail(job, &failure);
    }
    return sb_job_failure(job, err);
}

static enum sb_status barrier_save_op(struct sb_job *job, struct sb_exchange *exchange,
                                      struct sb_snapshot *snapshot, struct sb_error *err)
{
    struct sb_op *op = exchange->op;
    struct sb_schema *state_schema = NULL;
    struct sb_schema *schema = NULL;
    struct sb_state_part *part;
    struct sb_op_ctx ctx;
    struct sb_run run;
    enum sb_status status;

    SB_TRY_RETURN(sb_run_begin(&run, exchange->stage, job->options.worker_count, 0, 0, err));
    run.may_be_silent = true;
    SB_TRY_OUT(op->vtable->state_schema(op, job->memory, &state_schema, err));
    SB_TRY_OUT(sb_state_part_schema(job->memory, state_schema, &schema, err));
    SB_TRY_OUT(sb_snapshot_begin_part(snapshot, op->node->id, schema, &part, err));
    for (int32_t g = 0; g < op->group_count; g++) {
        if (op->groups[g] != NULL) {
            run.saved = part;
            run.saved_group = g;
            sb_op_ctx_init(&ctx, exchange->stage->head, &run, err);
            SB_TRY_OUT(op->vtable->snapshot(op, op->groups[g], &ctx));
        }
    }

out:
    (void)sb_run_end(&run);
    sb_schema_release(state_schema);
    sb_schema_release(schema);
    return sb_station_fail(exchange->stage->head, &run, status, err);
}

/* Counters of the ledger by the names the description uses; the order is that of the page. */
static const char *const entry_names[] = {
    [SB_LEDGER_HELD] = "held",         [SB_LEDGER_MERGED] = "merged", [SB_LEDGER_ADDED] = "added",
    [SB_LEDGER_FILTERED] = "filtered", [SB_LEDGER_LATE] = "late",     [SB_LEDGER_FAILED] = "failed",
    [SB_LEDGER_OUT] = "handed_out",
};

static int64_t ledger_sum(const struct sb_job *job, int32_t op_index, size_t offset)
{
    int64_t sum = 0;

    for (int32_t w = 0; w <= job->options.worker_count; w++) {
        const char *page = (const char *)sb_ledger_page(&job->ledger, w, op_index);
        sum += atomic_load_explicit((const _Atomic int64_t *)(const void *)(page + offset),
                                    memory_order_relaxed);
    }
    return sum;
}

/*
 * A description under way. What cannot be added because there is no memory is missing, so
 * `is_complete` is looked at in the end.
 */
struct description {
    json_t *root;
    bool is_complete;
};

/* Both take `value`, NULL too, and give it back as long as it is part of the description. */
static json_t *describe_key(struct description *to, json_t *object, const char *key, json_t *value)
{
    to->is_complete = json_object_set_new(object, key, value) == 0 && to->is_complete;
    return to->is_complete ? value : NULL;
}

static json_t *describe_item(struct description *to, json_t *array, json_t *value)
{
    to->is_complete = json_array_append_new(array, value) == 0 && to->is_complete;
    return to->is_complete ? value : NULL;
}

static void describe_splits(struct description *to, const struct sb_job *job)
{
    json_t *splits = describe_key(to, to->root, "splits", json_array());

    for (int32_t i = 0; i < job->split_run_count; i++) {
        struct sb_split_run *split = job->split_runs[i];
        int64_t watermark_us = split->stage->watermarks.channels[split->channel];
        json_t *entry = describe_item(to, splits, json_object());

        describe_key(to, entry, "operator_id", json_string(split->node->id));
        describe_key(to, entry, "split", json_integer(split->channel));
        describe_key(to, entry, "rows", json_integer(atomic_load(&split->row_count)));
        describe_key(to, entry, "is_done", json_boolean(atomic_load(&split->is_done)));
        describe_key(to, entry, "watermark_us", json_integer(watermark_us));
    }
}

static void describe_exchanges(struct description *to, const struct sb_job *job)
{
    json_t *ended = describe_key(to, to->root, "ended", json_array());
    json_t *probed = describe_key(to, to->root, "probed", json_array());
    json_t *watermarks = describe_key(to, to->root, "watermarks", json_object());

    for (int32_t e = 0; e < job->exchange_count; e++) {
        struct sb_exchange *exchange = job->exchanges[e];
        const char *id = exchange->op == NULL ? NULL : exchange->op->node->id;

        if (id != NULL && atomic_load(&exchange->stage->phase) == SB_PHASE_DONE) {
            describe_item(to, ended, json_string(id));
        }
        if (id != NULL && exchange->watermark_sent_us != SB_WATERMARK_NONE) {
            describe_key(to, watermarks, id, json_integer(exchange->watermark_sent_us));
        }
        if (exchange->probe_ends != NULL && atomic_load(&exchange->probes_left) == 0) {
            describe_item(to, probed, json_string(id));
        }
    }
}

/* Who feeds whom: states and counts are of operators in their places. */
static void describe_edges(struct description *to, const struct sb_graph *graph)
{
    json_t *edges = describe_key(to, to->root, "edges", json_array());

    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->nodes[i];

        for (int32_t port = 0; port < node->input_count; port++) {
            json_t *edge = describe_item(to, edges, json_array());

            describe_item(to, edge, json_string(node->inputs[port]->id));
            describe_item(to, edge, json_string(node->id));
            describe_item(to, edge, json_integer(port));
        }
    }
}

static void describe_counter(struct description *to, json_t *counters, const char *name,
                             const struct sb_job *job, int32_t op_index, size_t offset)
{
    describe_key(to, counters, name, json_integer(ledger_sum(job, op_index, offset)));
}

static void describe_ledger(struct description *to, const struct sb_job *job)
{
    json_t *ledger = describe_key(to, to->root, "ledger", json_object());

    for (int32_t i = 0; i < job->graph->node_count; i++) {
        json_t *counters = describe_key(to, ledger, job->graph->nodes[i]->id, json_object());

        for (size_t e = 0; e < SB_LEDGER_COUNT; e++) {
            describe_counter(to, counters, entry_names[e], job, i,
                             offsetof(struct sb_ledger_page, entries) +
                                 e * sizeof(_Atomic int64_t));
        }
        describe_counter(to, counters, "in", job, i, offsetof(struct sb_ledger_page, rows_in));
        describe_counter(to, counters, "in_right", job, i,
                         offsetof(struct sb_ledger_page, rows_in_right));
        describe_counter(to, counters, "out", job, i, offsetof(struct sb_ledger_page, rows_out));
    }
}

static enum sb_status barrier_describe(struct sb_job *job, struct sb_snapshot *snapshot,
                                       struct sb_error *err)
{
    struct description to = {.root = json_object(), .is_complete = true};
    enum sb_status status;
    char *text = NULL;

    describe_key(&to, to.root, "version", json_integer(1));
    describe_edges(&to, job->graph);
    describe_splits(&to, job);
    describe_exchanges(&to, job);
    describe_ledger(&to, job);
    status = to.is_complete ? sb_json_write(to.root, &text, err)
                            : sb_error_no_memory(err, "a snapshot's description", 0);
    if (status == SB_OK) {
        status = sb_snapshot_describe(snapshot, text, err);
    }
    free(text);
    json_decref(to.root);
    return status;
}

enum sb_status sb_barrier_take(struct sb_job *job, struct sb_snapshot **out, struct sb_error *err)
{
    struct sb_snapshot *snapshot = NULL;
    enum sb_status status;

    *out = NULL;
    SB_TRY_OUT(barrier_drain(job, err));
    SB_TRY_OUT(sb_snapshot_alloc(job->memory, &snapshot, err));
    for (int32_t e = 0; e < job->exchange_count; e++) {
        if (job->exchanges[e]->op != NULL) {
            SB_TRY_OUT(barrier_settle_op(job, job->exchanges[e], err));
            SB_TRY_OUT(barrier_save_op(job, job->exchanges[e], snapshot, err));
        }
    }
    SB_TRY_OUT(barrier_describe(job, snapshot, err));

out:
    sb_job_unpark(job);
    if (status != SB_OK) {
        sb_snapshot_destroy(snapshot);
        return status;
    }
    *out = snapshot;
    return SB_OK;
}
