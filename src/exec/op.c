// SPDX-License-Identifier: Apache-2.0
#include "exec/op.h"

#include "base/hash.h"
#include "exec/job.h"
#include "exec/stage.h"

enum sb_status sb_op_alloc(const struct sb_op_vtable *vtable, size_t size,
                           const struct sb_op_options *options, void *out, struct sb_error *err)
{
    struct sb_op *op = sb_memory_alloc_zeroed(options->memory, size);

    *(void **)out = NULL;
    if (op == NULL) {
        return sb_error_no_memory(err, "an operator", (int64_t)size);
    }
    op->vtable = vtable;
    op->node = options->node;
    op->memory = options->memory;
    op->group_count = vtable->placement == SB_OP_KEYED ? options->node->max_parallelism : 1;
    op->worker_count = options->worker_count;
    if (vtable->placement != SB_OP_INLINE) {
        op->groups =
            sb_memory_alloc_zeroed(options->memory, sizeof *op->groups * (size_t)op->group_count);
        if (op->groups == NULL) {
            int64_t asked = (int64_t)sizeof *op->groups * op->group_count;
            sb_memory_free(options->memory, op, size);
            return sb_error_no_memory(err, "key groups", asked);
        }
    }
    *(void **)out = op;
    return SB_OK;
}

void sb_op_free(struct sb_op *op, size_t size)
{
    struct sb_memory *memory = op->memory;

    for (int32_t g = 0; op->groups != NULL && g < op->group_count; g++) {
        if (op->groups[g] != NULL) {
            op->vtable->group_destroy(op, op->groups[g]);
        }
    }
    if (op->groups != NULL) {
        sb_memory_free(memory, op->groups, sizeof *op->groups * (size_t)op->group_count);
    }
    sb_memory_free(memory, op, size);
}

static void stage_count(struct sb_op_ctx *ctx, enum sb_ledger_entry entry, int64_t rows)
{
    struct sb_ledger_page *page =
        sb_ledger_page(&ctx->run->job->ledger, ctx->worker_index, ctx->station->op_index);

    sb_ledger_add(&page->entries[entry], rows);
}

int64_t sb_op_origin(const struct sb_op_ctx *ctx)
{
    return ctx->run->origin;
}

struct sb_exchange *sb_op_exchange(const struct sb_op_ctx *ctx)
{
    return ctx->run->stage->input;
}

static enum sb_status stage_send(struct sb_op_ctx *ctx, struct sb_block *block)
{
    struct sb_message *message = sb_message_create(ctx->memory, SB_MESSAGE_BLOCK);

    sb_assert(ctx->station->blocks != NULL);
    if (message == NULL) {
        sb_block_destroy(ctx->memory, block);
        return sb_error_no_memory(ctx->error, "a message", (int64_t)sizeof *message);
    }
    message->block = block;
    message->bytes = (int64_t)sizeof *block + block->capacity;
    sb_exchange_post(ctx->station->blocks, block->group, message, ctx->worker_index);
    return SB_OK;
}

static void stage_stop_upstream(struct sb_op_ctx *ctx)
{
    struct sb_exchange *exchange = ctx->run->stage->input;

    sb_assert(exchange != NULL);
    if (!atomic_exchange(&exchange->is_closed, true)) {
        sb_job_close_unwanted(ctx->run->job);
    }
}

/* Stage, channel, rows of the channel before this run, rows numbered in it: 12, 24, 54, 36 bits. */
static void stage_order(struct sb_op_ctx *ctx, int64_t row_count, uint64_t first[2])
{
    struct sb_run *run = ctx->run;
    sb_uint128 number = (sb_uint128)(uint32_t)run->stage->index << 114 |
                        (sb_uint128)(uint32_t)run->channel << 90 | (sb_uint128)run->base << 36 |
                        (sb_uint128)run->ordered_count;

    run->ordered_count += row_count;
    first[0] = (uint64_t)number;
    first[1] = (uint64_t)(number >> 64);
}

static const struct sb_op_host stage_host = {
    .emit = sb_stage_emit,
    .send = stage_send,
    .save = sb_stage_save,
    .stop_upstream = stage_stop_upstream,
    .count = stage_count,
    .order = stage_order,
};

void sb_op_ctx_init(struct sb_op_ctx *ctx, struct sb_station *station, struct sb_run *run,
                    struct sb_error *err)
{
    ctx->host = &stage_host;
    ctx->error = err;
    ctx->memory = run->job->memory;
    ctx->scratch = run->job->scratches[run->worker_index];
    ctx->worker_index = run->worker_index;
    ctx->watermark_us = SB_WATERMARK_NONE;
    ctx->station = station;
    ctx->run = run;
}
