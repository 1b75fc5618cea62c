// SPDX-License-Identifier: Apache-2.0
/*
 * run.c - one worker carries a batch through the tree of a stage.
 *
 * What leaves the stage as batches is kept with the run and posted as one message per outlet when
 * the run ends, so that a consumer can bring runs back in order.
 */
#include "base/clock.h"
#include "exec/job.h"
#include "exec/stage.h"

enum sb_status sb_run_begin(struct sb_run *run, struct sb_stage *stage, int32_t worker_index,
                            int32_t channel, int64_t sequence, struct sb_error *err)
{
    *run = (struct sb_run){
        .job = stage->job,
        .stage = stage,
        .worker_index = worker_index,
        .slot_index = worker_index,
        .channel = channel,
        .sequence = sequence,
    };
    run->outlets = run->outlets_inline;
    if (stage->outlet_count > (int32_t)(sizeof run->outlets_inline / sizeof(void *))) {
        size_t size = sizeof *run->outlets * (size_t)stage->outlet_count;
        run->outlets = sb_memory_alloc_zeroed(stage->job->memory, size);
        if (run->outlets == NULL) {
            return sb_error_no_memory(err, "a run", (int64_t)size);
        }
    }
    return SB_OK;
}

static struct sb_message *run_outlet(struct sb_run *run, int32_t outlet)
{
    struct sb_message *message = run->outlets[outlet];

    if (message == NULL) {
        message = sb_message_create(run->job->memory, SB_MESSAGE_BATCHES);
        if (message != NULL) {
            message->writer = run->stage->outlet_writers[outlet];
            message->channel = run->channel;
            message->sequence = run->sequence;
            message->base = run->base;
            run->outlets[outlet] = message;
        }
    }
    return message;
}

bool sb_run_end(struct sb_run *run)
{
    struct sb_stage *stage = run->stage;
    bool is_silent = run->may_be_silent;

    for (int32_t i = 0; i < stage->outlet_count; i++) {
        is_silent = is_silent && run->outlets[i] == NULL;
    }
    for (int32_t i = 0; i < stage->outlet_count && !is_silent; i++) {
        struct sb_message *message = run_outlet(run, i);
        if (message != NULL) {
            sb_exchange_post_batches(stage->outlets[i], message, run->worker_index);
        } else {
            struct sb_error err;
            (void)sb_error_no_memory(&err, "a message", (int64_t)sizeof *message);
            sb_job_fail(run->job, &err);
        }
    }
    if (run->outlets != run->outlets_inline) {
        sb_memory_free(run->job->memory, run->outlets,
                       sizeof *run->outlets * (size_t)stage->outlet_count);
    }
    return !is_silent;
}

static enum sb_status run_send(struct sb_run *run, int32_t outlet, struct sb_batch *batch,
                               struct sb_error *err)
{
    struct sb_message *message;
    int64_t bytes;
    enum sb_status status;

    if (atomic_load_explicit(&run->stage->outlets[outlet]->is_closed, memory_order_relaxed)) {
        sb_batch_deinit(batch);
        return SB_OK;
    }
    SB_TRY_OUT(sb_batch_flatten(batch, err)); // here, where many workers share the copying
    message = run_outlet(run, outlet);
    if (message == NULL) {
        status = sb_error_no_memory(err, "a message", (int64_t)sizeof *message);
        goto out;
    }
    bytes = message->bytes;
    status = sb_message_add_batch(run->job->memory, message, batch, err);
    run->sent_bytes += message->bytes - bytes;
    return status;

out:
    sb_batch_deinit(batch);
    return status;
}

static enum sb_status target_send(const struct sb_target *target, struct sb_batch *batch,
                                  struct sb_run *run, struct sb_error *err)
{
    if (target->station != NULL) {
        return sb_station_push(target->station, batch, run, err);
    }
    return run_send(run, target->outlet, batch, err);
}

static enum sb_status station_emit(struct sb_station *station, struct sb_batch *batch,
                                   struct sb_run *run, struct sb_error *err)
{
    enum sb_status status = SB_OK;

    if (batch->row_count == 0) {
        sb_batch_deinit(batch);
        return SB_OK;
    }
    if (atomic_load_explicit(&run->job->is_canceled, memory_order_relaxed)) {
        sb_batch_deinit(batch); // whoever would emit many more batches shall not make them
        return sb_error_set(err, SB_CANCELED, "the job has ended");
    }
    if (station->op_index >= 0) {
        struct sb_ledger_page *page =
            sb_ledger_page(&run->job->ledger, run->worker_index, station->op_index);
        sb_ledger_add(&page->rows_out, batch->row_count);
    }
    if (station == run->stage->head) {
        run->head_row_count += batch->row_count;
    }
    for (int32_t i = 0; i + 1 < station->target_count; i++) {
        struct sb_batch shared;
        SB_TRY_OUT(sb_batch_share(&shared, batch, err));
        SB_TRY_OUT(target_send(&station->targets[i], &shared, run, err));
    }
    if (station->target_count > 0) {
        return target_send(&station->targets[station->target_count - 1], batch, run, err);
    }

out:
    sb_batch_deinit(batch);
    return status;
}

enum sb_status sb_stage_emit(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    return station_emit(ctx->station, batch, ctx->run, ctx->error);
}

enum sb_status sb_station_fail(struct sb_station *station, struct sb_run *run,
                               enum sb_status status, struct sb_error *err)
{
    if (status != SB_OK && !run->has_failed && station->op_index >= 0) {
        const struct sb_node *node = run->job->graph->nodes[station->op_index];
        run->has_failed = true;
        if (station->op == NULL || !station->op->vtable->names_errors) {
            sb_error_prefix(err, "operator '%s' (%s)", node->name, node->type_name);
        }
    }
    return status;
}

static enum sb_status station_local(struct sb_station *station, struct sb_op_ctx *ctx, void **local)
{
    const struct sb_op_vtable *vtable = station->op->vtable;

    int32_t slot = ctx->run->slot_index;

    if (!station->has_local[slot] && vtable->local_create != NULL) {
        SB_TRY_RETURN(
            vtable->local_create(station->op, station->port, ctx, &station->locals[slot]));
    }
    station->has_local[slot] = true;
    *local = station->locals[slot];
    return SB_OK;
}

enum sb_status sb_station_push(struct sb_station *station, struct sb_batch *batch,
                               struct sb_run *run, struct sb_error *err)
{
    struct sb_ledger_page *page;
    struct sb_op_ctx ctx;
    void *local = NULL;
    enum sb_status status;
    int64_t outer_child_ns = run->child_ns;
    int64_t begin_ns;
    int64_t elapsed_ns;

    if (station->op_index < 0) {
        return station_emit(station, batch, run, err); // the head of a spool's stage
    }
    page = sb_ledger_page(&run->job->ledger, run->worker_index, station->op_index);
    sb_ledger_add(&page->rows_in, batch->row_count);
    sb_ledger_add(&page->batches_in, 1);
    if (station->port == 1 && station->op != NULL &&
        station->op->vtable->placement == SB_OP_KEYED) {
        sb_ledger_add(&page->rows_in_right, batch->row_count);
    }
    if (station->op == NULL) {
        return station_emit(station, batch, run, err); // a source
    }
    sb_op_ctx_init(&ctx, station, run, err);
    run->child_ns = 0;
    begin_ns = sb_clock_now_ns();
    if (station->op->vtable->placement == SB_OP_SINGLE) {
        local = station->op->groups[0];
        status = SB_OK;
    } else {
        status = station_local(station, &ctx, &local);
    }
    if (status == SB_OK) {
        status = station->op->vtable->on_batch(station->op, local, station->port, batch, &ctx);
    } else {
        sb_batch_deinit(batch);
    }
    elapsed_ns = sb_clock_now_ns() - begin_ns;
    sb_ledger_add(&page->busy_ns, elapsed_ns - run->child_ns);
    run->child_ns = outer_child_ns + elapsed_ns;
    return sb_station_fail(station, run, status, err);
}

static bool station_has_flush(const struct sb_station *station)
{
    return station->op != NULL && station->op->vtable->placement != SB_OP_SINGLE &&
           station->port != SB_NO_PORT && station->op->vtable->on_flush != NULL;
}

enum sb_status sb_run_flush(struct sb_run *run, struct sb_error *err)
{
    for (int32_t i = 0; i < run->stage->station_count; i++) {
        struct sb_station *station = run->stage->stations[i];
        struct sb_op_ctx ctx;

        if (!station_has_flush(station) || !station->op->flushes_each_run ||
            !station->has_local[run->slot_index]) {
            continue;
        }
        sb_op_ctx_init(&ctx, station, run, err);
        SB_TRY_RETURN(
            sb_station_fail(station, run,
                            station->op->vtable->on_flush(
                                station->op, station->locals[run->slot_index], station->port, &ctx),
                            err));
    }
    return SB_OK;
}

/*
 * Flushes what every worker holds at one station. What that emits goes through the last slot, which
 * is the flusher's own: no two slots are ever locked at once.
 */
static enum sb_status station_flush(struct sb_station *station, struct sb_run *run,
                                    struct sb_error *err)
{
    struct sb_stage *stage = station->stage;
    enum sb_status status = SB_OK;
    struct sb_op_ctx ctx;

    if (!station_has_flush(station)) {
        return SB_OK;
    }
    sb_op_ctx_init(&ctx, station, run, err);
    for (int32_t slot = 0; slot < stage->slot_count && status == SB_OK; slot++) {
        bool is_own = slot == run->slot_index;

        if (!is_own) {
            pthread_mutex_lock(&stage->slots[slot].lock);
        }
        if (station->has_local[slot]) {
            status = station->op->vtable->on_flush(station->op, station->locals[slot],
                                                   station->port, &ctx);
        }
        if (!is_own) {
            pthread_mutex_unlock(&stage->slots[slot].lock);
        }
    }
    return sb_station_fail(station, run, status, err);
}

/* A run of the flush channel, which has a slot of its own. */
static enum sb_status flush_begin(struct sb_run *run, struct sb_stage *stage, int32_t worker_index,
                                  struct sb_error *err)
{
    int64_t number = stage->flush_count++;

    SB_TRY_RETURN(sb_run_begin(run, stage, worker_index, stage->channel_count, number, err));
    run->slot_index = stage->slot_count - 1;
    run->base = number;
    return SB_OK;
}

enum sb_status sb_stage_finish(struct sb_stage *stage, int32_t worker_index, struct sb_error *err)
{
    struct sb_op *op = stage->input == NULL ? NULL : stage->input->op;
    enum sb_status status;
    struct sb_op_ctx ctx;
    struct sb_run run;

    if (op == NULL || op->vtable->on_finish == NULL || stage->is_restored) {
        return SB_OK;
    }
    SB_TRY_RETURN(flush_begin(&run, stage, worker_index, err));
    sb_op_ctx_init(&ctx, stage->head, &run, err);
    status = sb_station_fail(stage->head, &run, op->vtable->on_finish(op, &ctx), err);
    (void)sb_run_end(&run);
    return status;
}

/* One flusher at a time: the end, a watermark and a barrier of one stage never meet. */
enum sb_status sb_stage_flush(struct sb_stage *stage, int32_t worker_index, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    struct sb_run run;

    SB_TRY_RETURN(flush_begin(&run, stage, worker_index, err));
    for (int32_t i = 0; i < stage->station_count && status == SB_OK; i++) {
        status = station_flush(stage->stations[i], &run, err);
    }
    (void)sb_run_end(&run);
    return status;
}
