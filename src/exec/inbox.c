// SPDX-License-Identifier: Apache-2.0
/*
 * inbox.c - the messages of one key group, applied by one worker at a time.
 */
#include "base/clock.h"
#include "exec/job.h"
#include "exec/stage.h"

enum { MESSAGES_PER_TURN = 32 };

/* Whether the group may be worked on now. Under the inbox's lock. */
static bool inbox_is_ready(const struct sb_inbox *inbox)
{
    const struct sb_exchange *exchange = inbox->exchange;

    return atomic_load(&exchange->stage->gate_count) == 0 ||
           (exchange->op != NULL && exchange->op->vtable->emits_only_at_end && !inbox->is_ending);
}

static void inbox_schedule(struct sb_inbox *inbox, int32_t worker_index)
{
    if (!inbox->is_scheduled && (inbox->first != NULL || inbox->is_ending) &&
        inbox_is_ready(inbox)) {
        inbox->is_scheduled = true;
        sb_scheduler_submit(inbox->exchange->stage->job->scheduler, &inbox->task, worker_index);
    }
}

void sb_inbox_append(struct sb_inbox *inbox, struct sb_message *message, bool is_end,
                     int32_t worker_index)
{
    int32_t worker_count = inbox->exchange->stage->job->options.worker_count;

    pthread_mutex_lock(&inbox->lock);
    if (message != NULL) {
        message->next = NULL;
        if (inbox->first == NULL) {
            inbox->first = message;
        } else {
            inbox->last->next = message;
        }
        inbox->last = message;
    }
    inbox->is_ending = inbox->is_ending || is_end;
    inbox_schedule(inbox, worker_index < worker_count ? worker_index : SB_WORKER_NONE);
    pthread_mutex_unlock(&inbox->lock);
}

void sb_inbox_wake(struct sb_inbox *inbox, int32_t worker_index)
{
    pthread_mutex_lock(&inbox->lock);
    inbox_schedule(inbox, worker_index);
    pthread_mutex_unlock(&inbox->lock);
}

enum sb_status sb_inbox_group(struct sb_inbox *inbox, struct sb_op_ctx *ctx, void **state)
{
    struct sb_op *op = inbox->exchange->op;

    if (op->groups[inbox->group] == NULL) {
        SB_TRY_RETURN(op->vtable->group_create(op, inbox->group, ctx, &op->groups[inbox->group]));
    }
    *state = op->groups[inbox->group];
    return SB_OK;
}

static enum sb_status inbox_apply_block(struct sb_inbox *inbox, struct sb_message *message,
                                        struct sb_run *run, struct sb_error *err)
{
    struct sb_station *head = run->stage->head;
    struct sb_op *op = inbox->exchange->op;
    struct sb_op_ctx ctx;
    enum sb_status status;
    void *state = NULL;
    int64_t begin_ns = sb_clock_now_ns();

    sb_op_ctx_init(&ctx, head, run, err);
    ctx.watermark_us = inbox->watermark_us;
    run->child_ns = 0;
    status = sb_inbox_group(inbox, &ctx, &state);
    if (status == SB_OK) {
        struct sb_block *block = message->block;

        message->block = NULL; // taken
        status = op->vtable->on_block(op, state, block, &ctx);
    }
    sb_ledger_add(&sb_ledger_page(&run->job->ledger, run->worker_index, head->op_index)->busy_ns,
                  sb_clock_now_ns() - begin_ns - run->child_ns);
    return sb_station_fail(head, run, status, err);
}

static enum sb_status inbox_apply_batches(struct sb_inbox *inbox, struct sb_message *message,
                                          struct sb_run *run, struct sb_error *err)
{
    struct sb_station *head = run->stage->head;
    struct sb_op_ctx ctx;
    void *state = NULL;

    run->origin = ((int64_t)message->writer << 32) | message->channel;
    if (head->op != NULL) {
        enum sb_status status;
        sb_op_ctx_init(&ctx, head, run, err);
        status = sb_inbox_group(inbox, &ctx, &state);
        if (status != SB_OK) {
            return sb_station_fail(head, run, status, err);
        }
    }
    for (int32_t i = 0; i < message->batch_count; i++) {
        if (atomic_load(&inbox->exchange->is_closed)) {
            break; // the rest is freed with the message
        }
        SB_TRY_RETURN(sb_station_push(head, &message->batches[i], run, err));
    }
    return SB_OK;
}

static enum sb_status inbox_apply_watermark(struct sb_inbox *inbox, struct sb_message *message,
                                            struct sb_run *run, struct sb_error *err)
{
    struct sb_op *op = inbox->exchange->op;
    struct sb_op_ctx ctx;

    inbox->watermark_us = message->watermark_us;
    if (op == NULL || op->vtable->on_watermark == NULL || op->groups[inbox->group] == NULL) {
        return SB_OK;
    }
    sb_op_ctx_init(&ctx, run->stage->head, run, err);
    ctx.watermark_us = inbox->watermark_us;
    return sb_station_fail(
        run->stage->head, run,
        op->vtable->on_watermark(op, op->groups[inbox->group], message->watermark_us, &ctx), err);
}

static enum sb_status inbox_apply_end(struct sb_inbox *inbox, struct sb_run *run,
                                      struct sb_error *err)
{
    struct sb_station *head = run->stage->head;
    struct sb_op *op = inbox->exchange->op;
    int32_t phase = atomic_load(&run->stage->phase);
    enum sb_status status;
    struct sb_op_ctx ctx;
    void *state = NULL;
    int64_t begin_ns = sb_clock_now_ns();

    sb_op_ctx_init(&ctx, head, run, err);
    ctx.watermark_us = inbox->watermark_us;
    run->child_ns = 0;
    status = sb_inbox_group(inbox, &ctx, &state);
    if (status == SB_OK && phase >= SB_PHASE_PASS) {
        status = op->vtable->on_end_pass(op, state, phase - SB_PHASE_PASS, &ctx);
    } else if (status == SB_OK && op->vtable->on_end != NULL) {
        status = op->vtable->on_end(op, state, &ctx);
    }
    sb_ledger_add(&sb_ledger_page(&run->job->ledger, run->worker_index, head->op_index)->busy_ns,
                  sb_clock_now_ns() - begin_ns - run->child_ns);
    if (status == SB_OK && phase < SB_PHASE_PASS && op->vtable->build_port == SB_NO_PORT &&
        op->vtable->on_finish == NULL && op->node->output_count > 0) {
        op->vtable->group_destroy(op, state); // all it had has been emitted
        op->groups[inbox->group] = NULL;
    }
    return sb_station_fail(head, run, status, err);
}

static enum sb_status inbox_apply_blocks_end(struct sb_inbox *inbox, struct sb_run *run,
                                             struct sb_error *err)
{
    struct sb_station *head = run->stage->head;
    struct sb_op *op = inbox->exchange->op;
    struct sb_op_ctx ctx;
    enum sb_status status;
    int64_t begin_ns = sb_clock_now_ns();

    sb_op_ctx_init(&ctx, head, run, err);
    run->child_ns = 0;
    status = op->vtable->on_blocks_end(op, op->groups[inbox->group], &ctx);
    sb_ledger_add(&sb_ledger_page(&run->job->ledger, run->worker_index, head->op_index)->busy_ns,
                  sb_clock_now_ns() - begin_ns - run->child_ns);
    return sb_station_fail(head, run, status, err);
}

static enum sb_status inbox_apply(struct sb_inbox *inbox, struct sb_message *message,
                                  struct sb_run *run, struct sb_error *err)
{
    switch (message->kind) {
    case SB_MESSAGE_BLOCK:
        return inbox_apply_block(inbox, message, run, err);
    case SB_MESSAGE_BATCHES:
        return inbox_apply_batches(inbox, message, run, err);
    case SB_MESSAGE_WATERMARK:
        return inbox_apply_watermark(inbox, message, run, err);
    }
    return SB_OK;
}

/* What a run of a group is for. */
enum inbox_work {
    INBOX_MESSAGE,
    INBOX_BLOCKS_END,
    INBOX_END,
};

static enum sb_status inbox_work_do(struct sb_inbox *inbox, enum inbox_work work,
                                    struct sb_message *message, struct sb_run *run,
                                    struct sb_error *err)
{
    switch (work) {
    case INBOX_MESSAGE:
        return inbox_apply(inbox, message, run, err);
    case INBOX_BLOCKS_END:
        return inbox_apply_blocks_end(inbox, run, err);
    case INBOX_END:
        return inbox_apply_end(inbox, run, err);
    }
    return SB_OK;
}

/* Works as a run of its own. A spool's messages keep the place they had before. */
static enum sb_status inbox_run_work(struct sb_inbox *inbox, enum inbox_work work,
                                     struct sb_message *message, int32_t worker_index,
                                     struct sb_error *err)
{
    struct sb_stage *stage = inbox->exchange->stage;
    bool is_ordered_end = work == INBOX_END && inbox->exchange->op->vtable->ends_in_order &&
                          atomic_load(&stage->phase) == SB_PHASE_ENDING;
    int32_t channel = inbox->group;
    int64_t sequence = inbox->run_count;
    int64_t base = inbox->row_count;
    enum sb_status status;
    struct sb_run run;

    if (inbox->exchange->kind == SB_EXCHANGE_SPOOL) {
        if (work != INBOX_MESSAGE || message->kind != SB_MESSAGE_BATCHES) {
            return SB_OK;
        }
        channel = stage->channel_bases[message->writer] + message->channel;
        sequence = message->sequence;
        base = message->base;
    } else if (is_ordered_end) { // all groups are one channel, the group is the place in it
        channel = 0;
        sequence = inbox->group;
        base = inbox->group;
    }
    SB_TRY_RETURN(sb_run_begin(&run, stage, worker_index, channel, sequence, err));
    run.base = base;
    run.may_be_silent = inbox->exchange->kind != SB_EXCHANGE_SPOOL && !is_ordered_end;
    pthread_mutex_lock(&stage->slots[worker_index].lock);
    status = inbox_work_do(inbox, work, message, &run, err);
    if (status == SB_OK) {
        status = sb_run_flush(&run, err);
    }
    pthread_mutex_unlock(&stage->slots[worker_index].lock);
    inbox->run_count += sb_run_end(&run) ? 1 : 0;
    inbox->row_count += run.head_row_count;
    return status;
}

/* Works unless the job is over; a failure ends the job. */
static void inbox_work(struct sb_inbox *inbox, enum inbox_work work, struct sb_message *message,
                       int32_t worker_index)
{
    struct sb_job *job = inbox->exchange->stage->job;
    struct sb_error err = {0};

    if (!atomic_load(&job->is_canceled) &&
        inbox_run_work(inbox, work, message, worker_index, &err) != SB_OK) {
        sb_job_fail(job, &err);
    }
}

/* Whether the operator wants to hear that the blocks at hand have been applied. */
static bool inbox_owes_blocks_end(const struct sb_inbox *inbox, bool has_blocks)
{
    const struct sb_op *op = inbox->exchange->op;

    return has_blocks && op != NULL && op->vtable->on_blocks_end != NULL &&
           op->groups[inbox->group] != NULL;
}

/* Takes up to a turn's messages; `*is_end` when none is left and the end is due. */
static struct sb_message *inbox_take(struct sb_inbox *inbox, bool *is_end)
{
    struct sb_message *taken = NULL;
    struct sb_message *last;

    *is_end = false;
    pthread_mutex_lock(&inbox->lock);
    taken = inbox->first;
    last = taken;
    if (taken == NULL) {
        if (inbox->is_ending) {
            *is_end = true;
            inbox->is_ending = false;
        }
    } else {
        for (int32_t i = 1; i < MESSAGES_PER_TURN && last->next != NULL; i++) {
            last = last->next;
        }
        inbox->first = last->next;
        if (inbox->first == NULL) {
            inbox->last = NULL;
        }
        last->next = NULL;
    }
    pthread_mutex_unlock(&inbox->lock);
    return taken;
}

void sb_inbox_run(struct sb_task *task, int32_t worker_index)
{
    struct sb_inbox *inbox = (struct sb_inbox *)task;
    struct sb_stage *stage = inbox->exchange->stage;
    struct sb_job *job = stage->job;
    int64_t settled = 0;
    bool has_blocks = false;
    bool is_end;
    struct sb_message *message = inbox_take(inbox, &is_end);

    while (message != NULL) {
        struct sb_message *next = message->next;
        int64_t bytes = message->bytes;

        has_blocks = has_blocks || message->kind == SB_MESSAGE_BLOCK;
        inbox_work(inbox, INBOX_MESSAGE, message, worker_index);
        if (message->kind == SB_MESSAGE_WATERMARK) {
            sb_exchange_pass_watermark(inbox->exchange, worker_index);
        }
        sb_message_destroy(job->memory, message);
        sb_exchange_discharge(inbox->exchange, bytes);
        settled++;
        message = next;
    }
    if (inbox_owes_blocks_end(inbox, has_blocks)) {
        inbox_work(inbox, INBOX_BLOCKS_END, NULL, worker_index);
    }
    if (is_end) {
        inbox_work(inbox, INBOX_END, NULL, worker_index);
        settled++;
    }
    pthread_mutex_lock(&inbox->lock);
    inbox->is_scheduled = false;
    inbox_schedule(inbox, worker_index);
    pthread_mutex_unlock(&inbox->lock);
    sb_stage_settle(stage, settled, worker_index);
}
