// SPDX-License-Identifier: Apache-2.0
/*
 * exchange.c - messages between stages: order, bytes, watermarks.
 */
#include "exec/job.h"
#include "exec/stage.h"

struct sb_message *sb_message_create(struct sb_memory *memory, enum sb_message_kind kind)
{
    struct sb_message *message = sb_memory_alloc_zeroed(memory, sizeof *message);

    if (message != NULL) {
        message->kind = kind;
        message->bytes = (int64_t)sizeof *message;
    }
    return message;
}

void sb_message_destroy(struct sb_memory *memory, struct sb_message *message)
{
    sb_block_destroy(memory, message->block);
    for (int32_t i = 0; i < message->batch_count; i++) {
        sb_batch_deinit(&message->batches[i]);
    }
    sb_memory_free(memory, message->batches,
                   sizeof *message->batches * (size_t)message->batch_capacity);
    sb_memory_free(memory, message, sizeof *message);
}

enum sb_status sb_message_add_batch(struct sb_memory *memory, struct sb_message *message,
                                    struct sb_batch *batch, struct sb_error *err)
{
    if (message->batch_count == message->batch_capacity) {
        int32_t capacity = message->batch_capacity == 0 ? 1 : message->batch_capacity * 2;
        struct sb_batch *grown = sb_memory_realloc(memory, message->batches,
                                                   sizeof *grown * (size_t)message->batch_capacity,
                                                   sizeof *grown * (size_t)capacity);
        if (grown == NULL) {
            sb_batch_deinit(batch);
            return sb_error_no_memory(err, "a message", (int64_t)sizeof *grown * capacity);
        }
        message->batches = grown;
        message->batch_capacity = capacity;
    }
    message->bytes += sb_batch_bytes(batch);
    sb_batch_move(&message->batches[message->batch_count++], batch);
    return SB_OK;
}

void sb_exchange_charge(struct sb_exchange *exchange, int64_t bytes)
{
    atomic_fetch_add(&exchange->bytes, bytes);
}

void sb_exchange_discharge(struct sb_exchange *exchange, int64_t bytes)
{
    int64_t left = atomic_fetch_sub(&exchange->bytes, bytes) - bytes;

    if (left <= exchange->limit_bytes && atomic_load(&exchange->stage->job->throttled_count) > 0) {
        sb_job_unthrottle(exchange->stage->job);
    }
}

void sb_exchange_post(struct sb_exchange *exchange, int32_t group, struct sb_message *message,
                      int32_t worker_index)
{
    atomic_fetch_add(&exchange->stage->pending, 1);
    sb_exchange_charge(exchange, message->bytes);
    sb_inbox_append(&exchange->inboxes[group], message, false, worker_index);
}

/* The inbox a run's batches go to: group 0, or any of a spool's. */
static struct sb_inbox *exchange_inbox(struct sb_exchange *exchange,
                                       const struct sb_message *message)
{
    int64_t turn = exchange->kind == SB_EXCHANGE_SPOOL ? message->sequence + message->channel : 0;

    return &exchange->inboxes[turn % exchange->group_count];
}

void sb_exchange_post_batches(struct sb_exchange *exchange, struct sb_message *message,
                              int32_t worker_index)
{
    struct sb_sequencer *sequencer = &exchange->sequencer;
    struct sb_sequencer_channel *channel;
    struct sb_message **place;

    atomic_fetch_add(&exchange->stage->pending, 1);
    sb_exchange_charge(exchange, message->bytes);
    if (exchange->kind == SB_EXCHANGE_SPOOL) {
        sb_inbox_append(exchange_inbox(exchange, message), message, false, worker_index);
        return;
    }
    sb_assert(message->writer < sequencer->writer_count);
    sb_assert(message->channel < sequencer->channel_counts[message->writer]);
    pthread_mutex_lock(&sequencer->lock);
    channel = &sequencer->channels[message->writer][message->channel];
    place = &channel->early;
    while (*place != NULL && (*place)->sequence < message->sequence) {
        place = &(*place)->next;
    }
    message->next = *place;
    *place = message;
    while (channel->early != NULL && channel->early->sequence == channel->next_sequence) {
        struct sb_message *due = channel->early;
        channel->early = due->next;
        channel->next_sequence++;
        sb_inbox_append(exchange_inbox(exchange, due), due, false, worker_index);
    }
    pthread_mutex_unlock(&sequencer->lock);
}

/* Puts a marker into every inbox when there is news and none is under way. Under fence_lock. */
static void exchange_send_watermark(struct sb_exchange *exchange, int32_t worker_index)
{
    struct sb_memory *memory = exchange->stage->job->memory;

    if (exchange->marker_count > 0 ||
        exchange->watermarks.watermark_us <= exchange->watermark_sent_us ||
        exchange->watermarks.watermark_us == SB_WATERMARK_END) {
        return; // the end itself needs no marker: the stage ends
    }
    exchange->watermark_sent_us = exchange->watermarks.watermark_us;
    exchange->marker_count = exchange->group_count;
    for (int32_t g = 0; g < exchange->group_count; g++) {
        struct sb_message *marker = sb_message_create(memory, SB_MESSAGE_WATERMARK);
        if (marker == NULL) {
            struct sb_error err;
            (void)sb_error_no_memory(&err, "a watermark", (int64_t)sizeof *marker);
            sb_job_fail(exchange->stage->job, &err);
            return;
        }
        marker->watermark_us = exchange->watermark_sent_us;
        sb_exchange_post(exchange, g, marker, worker_index);
    }
}

void sb_exchange_post_watermark(struct sb_exchange *exchange, int32_t writer, int64_t watermark_us,
                                int32_t worker_index)
{
    pthread_mutex_lock(&exchange->fence_lock);
    sb_watermark_tracker_update(&exchange->watermarks, writer, watermark_us);
    exchange_send_watermark(exchange, worker_index);
    pthread_mutex_unlock(&exchange->fence_lock);
}

void sb_exchange_pass_watermark(struct sb_exchange *exchange, int32_t worker_index)
{
    int64_t passed_us = SB_WATERMARK_NONE;

    pthread_mutex_lock(&exchange->fence_lock);
    exchange->marker_count--;
    if (exchange->marker_count == 0) {
        passed_us = exchange->watermark_sent_us;
    }
    pthread_mutex_unlock(&exchange->fence_lock);
    if (passed_us == SB_WATERMARK_NONE) {
        return;
    }
    if (exchange->op != NULL && exchange->op->vtable->output_watermark != NULL) {
        passed_us = exchange->op->vtable->output_watermark(exchange->op, passed_us);
    }
    // Only the worker that took the last marker is here, and no other marker is under way.
    if (passed_us != SB_WATERMARK_NONE) {
        sb_stage_pass_watermark(exchange->stage, passed_us, worker_index);
    }
    pthread_mutex_lock(&exchange->fence_lock);
    exchange_send_watermark(exchange, worker_index);
    pthread_mutex_unlock(&exchange->fence_lock);
}

void sb_exchange_wake(struct sb_exchange *exchange)
{
    for (int32_t g = 0; g < exchange->group_count; g++) {
        sb_inbox_wake(&exchange->inboxes[g], SB_WORKER_NONE);
    }
}

/*
 * Every group that has state, and group 0 if it always ends, owes an on_end from now on, or one of
 * the passes before it. Where the order of groups counts, those without state do, too.
 */
void sb_exchange_end(struct sb_exchange *exchange, int32_t worker_index)
{
    const struct sb_op *op = exchange->op;
    // Asked once: group 0 may have ended before the loop does.
    bool is_all = op != NULL && op->vtable->ends_in_order && op->groups[0] != NULL;

    for (int32_t g = 0; op != NULL && g < exchange->group_count; g++) {
        if (is_all || op->groups[g] != NULL ||
            (g == 0 && op->vtable->ends_without_input != NULL &&
             op->vtable->ends_without_input(op))) {
            atomic_fetch_add(&exchange->stage->pending, 1);
            sb_inbox_append(&exchange->inboxes[g], NULL, true, worker_index);
        }
    }
}
