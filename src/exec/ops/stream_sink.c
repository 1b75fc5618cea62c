// SPDX-License-Identifier: Apache-2.0
/*
 * stream_sink.c - hands rows, in order per source split, to whoever pulls a stream outside.
 *
 * State: none in a snapshot; rows that were handed over before a barrier are the outside's. What
 * waits in the queue counts against the exchange's byte budget, so a slow reader slows the sources.
 */
#include "exec/ops/stream_sink.h"

#include <pthread.h>

#include "columnar/arrow.h"
#include "exec/ops/ops.h"

struct queued_batch {
    struct queued_batch *next;
    struct sb_batch batch;
    int64_t bytes;
};

/* Shared by the operator and the stream; whoever lets go last frees it. */
struct stream_queue {
    _Atomic int32_t reference_count;
    struct sb_memory *memory; // retained
    pthread_mutex_t lock;     // of all that follows
    pthread_cond_t change;
    struct queued_batch *first;
    struct queued_batch *last;
    struct sb_exchange *exchange; // NULL before the first row and after the operator is gone
    bool is_ended;
    bool is_broken;  // the job failed, or is gone
    bool is_dropped; // the reader let go before the end
};

struct stream_sink {
    struct sb_op base;
    struct stream_queue *queue;
    bool is_open;
};

static void stream_queue_release(struct stream_queue *queue)
{
    struct sb_memory *memory = queue->memory;

    if (atomic_fetch_sub(&queue->reference_count, 1) > 1) {
        return;
    }
    while (queue->first != NULL) {
        struct queued_batch *next = queue->first->next;
        sb_batch_deinit(&queue->first->batch);
        sb_memory_free(memory, queue->first, sizeof *queue->first);
        queue->first = next;
    }
    pthread_cond_destroy(&queue->change);
    pthread_mutex_destroy(&queue->lock);
    sb_memory_free(memory, queue, sizeof *queue);
    sb_memory_release(memory);
}

static enum sb_status stream_sink_on_batch(struct sb_op *op, void *state, int32_t port,
                                           struct sb_batch *batch, struct sb_op_ctx *ctx)
{
    struct stream_queue *queue = ((struct stream_sink *)op)->queue;
    struct queued_batch *queued = sb_memory_alloc(queue->memory, sizeof *queued);
    int64_t row_count = batch->row_count;
    bool is_dropped;

    (void)state;
    (void)port;
    if (queued == NULL) {
        sb_batch_deinit(batch);
        return sb_error_no_memory(ctx->error, "a queued batch", (int64_t)sizeof *queued);
    }
    queued->next = NULL;
    queued->bytes = sb_batch_bytes(batch);
    sb_batch_move(&queued->batch, batch);
    sb_exchange_charge(sb_op_exchange(ctx), queued->bytes);
    pthread_mutex_lock(&queue->lock);
    is_dropped = queue->is_dropped;
    queue->exchange = sb_op_exchange(ctx);
    if (queue->first == NULL) {
        queue->first = queued;
    } else {
        queue->last->next = queued;
    }
    queue->last = queued;
    pthread_cond_signal(&queue->change);
    pthread_mutex_unlock(&queue->lock);
    if (is_dropped) {
        return sb_error_set(ctx->error, SB_IO, "the reader of the rows went away before the end");
    }
    sb_op_count(ctx, SB_LEDGER_OUT, row_count);
    return SB_OK;
}

static enum sb_status stream_sink_group_create(struct sb_op *op, int32_t group,
                                               struct sb_op_ctx *ctx, void **state)
{
    (void)group;
    (void)ctx;
    *state = ((struct stream_sink *)op)->queue;
    return SB_OK;
}

static void stream_sink_group_destroy(struct sb_op *op, void *state)
{
    (void)op;
    (void)state; // the operator's own
}

static bool stream_sink_ends_without_input(const struct sb_op *op)
{
    (void)op;
    return true;
}

static enum sb_status stream_sink_on_end(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    struct stream_queue *queue = state;

    (void)op;
    (void)ctx;
    pthread_mutex_lock(&queue->lock);
    queue->is_ended = true;
    pthread_cond_broadcast(&queue->change);
    pthread_mutex_unlock(&queue->lock);
    return SB_OK;
}

static void stream_sink_on_cancel(struct sb_op *op)
{
    struct stream_queue *queue = ((struct stream_sink *)op)->queue;

    pthread_mutex_lock(&queue->lock);
    queue->is_broken = true;
    pthread_cond_broadcast(&queue->change);
    pthread_mutex_unlock(&queue->lock);
}

static enum sb_status stream_sink_state_schema(struct sb_op *op, struct sb_memory *memory,
                                               struct sb_schema **out, struct sb_error *err)
{
    (void)memory;
    (void)err;
    *out = sb_schema_retain(op->node->schema); // no rows are ever saved
    return SB_OK;
}

static enum sb_status stream_sink_snapshot(struct sb_op *op, void *state, struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    (void)ctx;
    return SB_OK;
}

static enum sb_status stream_sink_restore(struct sb_op *op, void *state, struct sb_batch *batch,
                                          struct sb_op_ctx *ctx)
{
    (void)op;
    (void)state;
    sb_batch_deinit(batch);
    return sb_error_set(ctx->error, SB_CORRUPT, "a streaming sink keeps no rows in a snapshot");
}

static void stream_sink_destroy(struct sb_op *op)
{
    struct stream_sink *sink = (struct stream_sink *)op;

    if (sink->queue != NULL) {
        pthread_mutex_lock(&sink->queue->lock);
        sink->queue->exchange = NULL;
        sink->queue->is_broken = sink->queue->is_broken || !sink->queue->is_ended;
        pthread_cond_broadcast(&sink->queue->change);
        pthread_mutex_unlock(&sink->queue->lock);
        stream_queue_release(sink->queue);
    }
    sb_op_free(op, sizeof *sink);
}

static const struct sb_op_vtable stream_sink_vtable = {
    .name = "sink",
    .placement = SB_OP_SINGLE,
    .build_port = SB_NO_PORT,
    .destroy = stream_sink_destroy,
    .on_cancel = stream_sink_on_cancel,
    .on_batch = stream_sink_on_batch,
    .group_create = stream_sink_group_create,
    .group_destroy = stream_sink_group_destroy,
    .on_end = stream_sink_on_end,
    .ends_without_input = stream_sink_ends_without_input,
    .state_schema = stream_sink_state_schema,
    .snapshot = stream_sink_snapshot,
    .restore = stream_sink_restore,
};

enum sb_status sb_stream_sink_create(const struct sb_op_options *options, struct sb_op **out,
                                     struct sb_error *err)
{
    struct stream_sink *sink;
    struct stream_queue *queue;

    SB_TRY_RETURN(sb_op_alloc(&stream_sink_vtable, sizeof *sink, options, &sink, err));
    queue = sb_memory_alloc_zeroed(options->memory, sizeof *queue);
    if (queue == NULL) {
        stream_sink_destroy(&sink->base);
        return sb_error_no_memory(err, "a sink", (int64_t)sizeof *queue);
    }
    atomic_store(&queue->reference_count, 1);
    queue->memory = sb_memory_retain(options->memory);
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->change, NULL);
    sink->queue = queue;
    *out = &sink->base;
    return SB_OK;
}

bool sb_stream_sink_is(const struct sb_op *op)
{
    return op->vtable == &stream_sink_vtable;
}

static enum sb_status stream_queue_next(void *context, struct sb_batch *out, struct sb_error *err)
{
    struct stream_queue *queue = context;
    struct queued_batch *queued;
    enum sb_status status = SB_OK;

    *out = (struct sb_batch){0};
    pthread_mutex_lock(&queue->lock);
    while (queue->first == NULL && !queue->is_ended && !queue->is_broken) {
        pthread_cond_wait(&queue->change, &queue->lock);
    }
    queued = queue->is_broken ? NULL : queue->first;
    if (queued != NULL) {
        queue->first = queued->next;
        sb_batch_move(out, &queued->batch);
        if (queue->exchange != NULL) {
            sb_exchange_discharge(queue->exchange, queued->bytes);
        }
    } else if (queue->is_broken) {
        status = sb_error_set(err, SB_CANCELED, "the job failed before all rows were written");
    }
    pthread_mutex_unlock(&queue->lock);
    if (queued != NULL) {
        sb_memory_free(queue->memory, queued, sizeof *queued);
    }
    return status;
}

static void stream_queue_drop(void *context)
{
    struct stream_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    queue->is_dropped = true;
    pthread_mutex_unlock(&queue->lock);
    stream_queue_release(queue);
}

enum sb_status sb_stream_sink_open(struct sb_op *op, struct ArrowArrayStream *out,
                                   struct sb_error *err)
{
    struct stream_sink *sink = (struct stream_sink *)op;
    struct sb_batch_source source = {
        .schema = sb_schema_retain(op->node->schema),
        .next = stream_queue_next,
        .destroy = stream_queue_drop,
        .context = sink->queue,
    };

    if (sink->is_open) {
        sb_schema_release(source.schema);
        return sb_error_set(err, SB_BUSY, "the stream of sink '%s' was handed out already",
                            op->node->name);
    }
    sink->is_open = true;
    atomic_fetch_add(&sink->queue->reference_count, 1);
    return sb_stream_export(&source, out, err);
}
