// SPDX-License-Identifier: Apache-2.0
#include "support/op_harness.h"

#include <string.h>

/* What sb_op_ctx.run points to here. */
struct sb_run {
    struct op_harness *harness;
    struct test_batches *saved;
    int32_t group;
};

// --- what the stage gives to operators -----------------------------------------------------------

static enum sb_status batches_add(struct test_batches *batches, struct sb_memory *memory,
                                  struct sb_batch *batch, int32_t group)
{
    if (batches->count == batches->capacity) {
        int64_t capacity = batches->capacity == 0 ? 16 : 2 * batches->capacity;
        struct sb_batch *grown = sb_memory_alloc(memory, sizeof *grown * (size_t)capacity);
        int32_t *groups = sb_memory_alloc(memory, sizeof *groups * (size_t)capacity);

        if (grown == NULL || groups == NULL) {
            sb_memory_free(memory, grown, sizeof *grown * (size_t)capacity);
            sb_memory_free(memory, groups, sizeof *groups * (size_t)capacity);
            sb_batch_deinit(batch);
            return SB_NO_MEMORY;
        }
        if (batches->count > 0) {
            memcpy(grown, batches->batches, sizeof *grown * (size_t)batches->count);
            memcpy(groups, batches->groups, sizeof *groups * (size_t)batches->count);
        }
        sb_memory_free(memory, batches->batches, sizeof *grown * (size_t)batches->capacity);
        sb_memory_free(memory, batches->groups, sizeof *groups * (size_t)batches->capacity);
        batches->batches = grown;
        batches->groups = groups;
        batches->capacity = capacity;
    }
    batches->groups[batches->count] = group;
    sb_batch_move(&batches->batches[batches->count++], batch);
    return SB_OK;
}

void test_batches_deinit(struct test_batches *batches, struct sb_memory *memory)
{
    for (int64_t i = 0; i < batches->count; i++) {
        sb_batch_deinit(&batches->batches[i]);
    }
    sb_memory_free(memory, batches->batches, sizeof *batches->batches * (size_t)batches->capacity);
    sb_memory_free(memory, batches->groups, sizeof *batches->groups * (size_t)batches->capacity);
    *batches = (struct test_batches){0};
}

static enum sb_status host_emit(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    struct op_harness *harness = ctx->run->harness;
    enum sb_status status = SB_OK;

    pthread_mutex_lock(&harness->lock);
    harness->rows_out += batch->row_count;
    if (harness->drops_output || batch->row_count == 0) {
        sb_batch_deinit(batch);
    } else {
        status = batches_add(&harness->emitted, harness->memory, batch, 0);
    }
    pthread_mutex_unlock(&harness->lock);
    return status;
}

static enum sb_status host_send(struct sb_op_ctx *ctx, struct sb_block *block)
{
    struct test_harness_group *group = &ctx->run->harness->groups[block->group];

    block->next = NULL;
    pthread_mutex_lock(&group->queue_lock);
    *group->last = block;
    group->last = &block->next;
    pthread_mutex_unlock(&group->queue_lock);
    return SB_OK;
}

static enum sb_status host_save(struct sb_op_ctx *ctx, struct sb_batch *batch)
{
    return batches_add(ctx->run->saved, ctx->run->harness->memory, batch, ctx->run->group);
}

static void host_count(struct sb_op_ctx *ctx, enum sb_ledger_entry entry, int64_t rows)
{
    struct op_harness *harness = ctx->run->harness;

    pthread_mutex_lock(&harness->lock);
    harness->ledger[entry] += rows;
    pthread_mutex_unlock(&harness->lock);
}

static void host_order(struct sb_op_ctx *ctx, int64_t row_count, uint64_t first[2])
{
    struct op_harness *harness = ctx->run->harness;

    pthread_mutex_lock(&harness->lock);
    first[0] = (uint64_t)harness->ordered_count;
    first[1] = 0;
    harness->ordered_count += row_count;
    pthread_mutex_unlock(&harness->lock);
}

static const struct sb_op_host harness_host = {
    .emit = host_emit,
    .send = host_send,
    .save = host_save,
    .count = host_count,
    .order = host_order,
};

// --- the harness ---------------------------------------------------------------------------------

/* A context on the caller's stack; the error is the hook's own, kept by hook_end. */
struct hook {
    struct sb_op_ctx ctx;
    struct sb_run run;
    struct sb_error error;
};

static struct sb_op_ctx *hook_begin(struct hook *hook, struct op_harness *harness, int32_t worker)
{
    *hook = (struct hook){.run = {.harness = harness}};
    hook->ctx = (struct sb_op_ctx){
        .host = &harness_host,
        .error = &hook->error,
        .memory = harness->memory,
        .worker_index = worker,
        .watermark_us = harness->watermark_us,
        .run = &hook->run,
    };
    return &hook->ctx;
}

static enum sb_status hook_end(struct hook *hook, enum sb_status status)
{
    struct op_harness *harness = hook->run.harness;

    if (status != SB_OK) {
        pthread_mutex_lock(&harness->lock);
        if (harness->error.status == SB_OK) {
            harness->error = hook->error;
            harness->error.status = status;
        }
        pthread_mutex_unlock(&harness->lock);
    }
    return status;
}

enum sb_status op_harness_init(struct op_harness *harness, sb_op_constructor constructor,
                               const struct sb_node *node, struct sb_memory *memory,
                               int32_t worker_count)
{
    struct sb_op_options options = {.node = node, .memory = memory, .worker_count = worker_count};
    size_t group_count = (size_t)node->max_parallelism;

    *harness = (struct op_harness){
        .memory = memory, .worker_count = worker_count, .watermark_us = INT64_MIN};
    pthread_mutex_init(&harness->lock, NULL);
    SB_TRY_RETURN(constructor(&options, &harness->op, &harness->error));
    harness->groups = sb_memory_alloc_zeroed(memory, sizeof *harness->groups * group_count);
    if (harness->groups == NULL) {
        return SB_NO_MEMORY;
    }
    for (size_t g = 0; g < group_count; g++) {
        harness->groups[g].last = &harness->groups[g].first;
        pthread_mutex_init(&harness->groups[g].lock, NULL);
        pthread_mutex_init(&harness->groups[g].queue_lock, NULL);
    }
    return SB_OK;
}

void op_harness_deinit(struct op_harness *harness)
{
    struct sb_op *op = harness->op;

    for (int32_t w = 0; w < harness->worker_count; w++) {
        for (int32_t p = 0; p < TEST_PORTS_MAX; p++) {
            if (harness->has_local[w][p]) {
                op->vtable->local_destroy(op, p, harness->locals[w][p]);
            }
        }
    }
    for (int32_t g = 0; harness->groups != NULL && g < op->group_count; g++) {
        while (harness->groups[g].first != NULL) {
            struct sb_block *block = harness->groups[g].first;
            harness->groups[g].first = block->next;
            sb_block_destroy(harness->memory, block);
        }
        pthread_mutex_destroy(&harness->groups[g].lock);
        pthread_mutex_destroy(&harness->groups[g].queue_lock);
    }
    if (harness->groups != NULL) {
        sb_memory_free(harness->memory, harness->groups,
                       sizeof *harness->groups * (size_t)op->group_count);
    }
    test_batches_deinit(&harness->emitted, harness->memory);
    if (op != NULL) {
        op->vtable->destroy(op);
    }
    pthread_mutex_destroy(&harness->lock);
    harness->op = NULL;
    harness->groups = NULL;
}

enum sb_status op_harness_push(struct op_harness *harness, int32_t worker, int32_t port,
                               struct sb_batch *batch)
{
    const struct sb_op_vtable *vtable = harness->op->vtable;
    struct hook hook;
    struct sb_op_ctx *ctx = hook_begin(&hook, harness, worker);

    pthread_mutex_lock(&harness->lock);
    harness->rows_in += batch->row_count;
    pthread_mutex_unlock(&harness->lock);
    if (!harness->has_local[worker][port]) {
        enum sb_status status =
            vtable->local_create(harness->op, port, ctx, &harness->locals[worker][port]);
        if (status != SB_OK) {
            sb_batch_deinit(batch);
            return hook_end(&hook, status);
        }
        harness->has_local[worker][port] = true;
    }
    return hook_end(&hook,
                    vtable->on_batch(harness->op, harness->locals[worker][port], port, batch, ctx));
}

static enum sb_status group_get(struct op_harness *harness, int32_t g, struct sb_op_ctx *ctx,
                                void **state)
{
    struct sb_op *op = harness->op;

    if (op->groups[g] == NULL) {
        SB_TRY_RETURN(op->vtable->group_create(op, g, ctx, &op->groups[g]));
    }
    *state = op->groups[g];
    return SB_OK;
}

static struct sb_block *group_pop(struct test_harness_group *group)
{
    struct sb_block *block;

    pthread_mutex_lock(&group->queue_lock);
    block = group->first;
    if (block != NULL) {
        group->first = block->next;
        if (group->first == NULL) {
            group->last = &group->first;
        }
    }
    pthread_mutex_unlock(&group->queue_lock);
    return block;
}

static enum sb_status group_apply(struct op_harness *harness, int32_t g, struct sb_op_ctx *ctx)
{
    struct sb_block *block;
    enum sb_status status = SB_OK;
    bool has_blocks = false;
    void *state = NULL;

    while (status == SB_OK && (block = group_pop(&harness->groups[g])) != NULL) {
        status = group_get(harness, g, ctx, &state);
        if (status == SB_OK) {
            status = harness->op->vtable->on_block(harness->op, state, block, ctx);
        } else {
            sb_block_destroy(harness->memory, block);
        }
        has_blocks = true;
    }
    if (status == SB_OK && has_blocks && harness->op->vtable->on_blocks_end != NULL) {
        status = harness->op->vtable->on_blocks_end(harness->op, state, ctx);
    }
    return status;
}

enum sb_status op_harness_apply(struct op_harness *harness, int32_t worker)
{
    enum sb_status status = SB_OK;
    struct hook hook;
    struct sb_op_ctx *ctx = hook_begin(&hook, harness, worker);

    for (int32_t i = 0; i < harness->op->group_count && status == SB_OK; i++) {
        // Workers begin at different groups.
        int32_t g =
            (i + worker * harness->op->group_count / TEST_WORKERS_MAX) % harness->op->group_count;
        if (__atomic_load_n(&harness->groups[g].first, __ATOMIC_RELAXED) == NULL ||
            pthread_mutex_trylock(&harness->groups[g].lock) != 0) {
            continue;
        }
        status = group_apply(harness, g, ctx);
        pthread_mutex_unlock(&harness->groups[g].lock);
    }
    return hook_end(&hook, status);
}

enum sb_status op_harness_flush(struct op_harness *harness)
{
    const struct sb_op_vtable *vtable = harness->op->vtable;

    for (int32_t w = 0; w < harness->worker_count; w++) {
        for (int32_t p = 0; p < TEST_PORTS_MAX; p++) {
            struct hook hook;
            struct sb_op_ctx *ctx = hook_begin(&hook, harness, w);
            if (harness->has_local[w][p] && vtable->on_flush != NULL) {
                SB_TRY_RETURN(
                    hook_end(&hook, vtable->on_flush(harness->op, harness->locals[w][p], p, ctx)));
            }
        }
    }
    return op_harness_apply(harness, 0);
}

enum sb_status op_harness_watermark(struct op_harness *harness, int64_t watermark_us)
{
    struct sb_op *op = harness->op;

    SB_TRY_RETURN(op_harness_flush(harness));
    harness->watermark_us = watermark_us;
    for (int32_t g = 0; g < op->group_count; g++) {
        struct hook hook;
        struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);

        if (op->groups[g] != NULL) {
            SB_TRY_RETURN(
                hook_end(&hook, op->vtable->on_watermark(op, op->groups[g], watermark_us, ctx)));
        }
    }
    return SB_OK;
}

static bool group_owes_end(struct op_harness *harness, int32_t g)
{
    const struct sb_op *op = harness->op;
    bool is_owed;

    pthread_mutex_lock(&harness->groups[g].queue_lock);
    is_owed =
        !harness->groups[g].is_ended &&
        (op->groups[g] != NULL || (op->vtable->ends_in_order && op->groups[0] != NULL) ||
         (g == 0 && op->vtable->ends_without_input != NULL && op->vtable->ends_without_input(op)));
    harness->groups[g].is_ended = true;
    pthread_mutex_unlock(&harness->groups[g].queue_lock);
    return is_owed;
}

enum sb_status op_harness_end_groups(struct op_harness *harness, int32_t worker)
{
    struct sb_op *op = harness->op;

    for (int32_t g = 0; g < op->group_count; g++) {
        struct hook hook;
        struct sb_op_ctx *ctx = hook_begin(&hook, harness, worker);
        void *state;

        if (group_owes_end(harness, g)) {
            SB_TRY_RETURN(hook_end(&hook, group_get(harness, g, ctx, &state)));
            if (op->vtable->on_end != NULL) {
                SB_TRY_RETURN(hook_end(&hook, op->vtable->on_end(op, state, ctx)));
            }
        }
    }
    return SB_OK;
}

/* Every group sees each pass before any sees the next. */
static enum sb_status end_passes(struct op_harness *harness)
{
    struct sb_op *op = harness->op;
    bool is_all = op->vtable->ends_in_order && op->groups[0] != NULL;

    for (int32_t pass = 0; pass < op->vtable->end_pass_count; pass++) {
        for (int32_t g = 0; g < op->group_count; g++) {
            struct hook hook;
            struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);
            void *state;

            if (is_all || op->groups[g] != NULL) {
                SB_TRY_RETURN(hook_end(&hook, group_get(harness, g, ctx, &state)));
                SB_TRY_RETURN(hook_end(&hook, op->vtable->on_end_pass(op, state, pass, ctx)));
            }
        }
    }
    return SB_OK;
}

enum sb_status op_harness_end(struct op_harness *harness)
{
    SB_TRY_RETURN(op_harness_flush(harness));
    SB_TRY_RETURN(end_passes(harness));
    SB_TRY_RETURN(op_harness_end_groups(harness, 0));
    if (harness->op->vtable->on_finish != NULL) {
        struct hook hook;
        struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);
        return hook_end(&hook, harness->op->vtable->on_finish(harness->op, ctx));
    }
    return SB_OK;
}

enum sb_status op_harness_end_probe(struct op_harness *harness)
{
    struct sb_op *op = harness->op;

    for (int32_t g = 0; g < op->group_count && op->vtable->owes_probe_end(op); g++) {
        struct hook hook;
        struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);

        if (op->groups[g] != NULL) {
            SB_TRY_RETURN(hook_end(&hook, op->vtable->on_probe_end(op, op->groups[g], ctx)));
        }
    }
    return SB_OK;
}

enum sb_status op_harness_snapshot(struct op_harness *harness, struct test_batches *out)
{
    struct sb_op *op = harness->op;

    SB_TRY_RETURN(op_harness_flush(harness));
    for (int32_t g = 0; g < op->group_count; g++) {
        struct hook hook;
        struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);

        hook.run.saved = out;
        hook.run.group = g;
        if (op->groups[g] != NULL && op->vtable->on_barrier != NULL) {
            SB_TRY_RETURN(hook_end(&hook, op->vtable->on_barrier(op, op->groups[g], ctx)));
        }
        if (op->groups[g] != NULL) {
            SB_TRY_RETURN(hook_end(&hook, op->vtable->snapshot(op, op->groups[g], ctx)));
        }
    }
    return SB_OK;
}

static enum sb_status batch_restore(struct op_harness *harness, const struct sb_batch *batch,
                                    int32_t g, int64_t first, int64_t count)
{
    struct hook hook;
    struct sb_op_ctx *ctx = hook_begin(&hook, harness, 0);
    struct sb_batch part;
    void *state;

    SB_TRY_RETURN(hook_end(&hook, group_get(harness, g, ctx, &state)));
    SB_TRY_RETURN(sb_batch_share(&part, batch, NULL));
    sb_batch_slice(&part, first, count);
    return hook_end(&hook, harness->op->vtable->restore(harness->op, state, &part, ctx));
}

enum sb_status op_harness_restore(struct op_harness *harness, const struct test_batches *snapshot,
                                  int64_t chunk_rows)
{
    for (int64_t i = 0; i < snapshot->count; i++) {
        const struct sb_batch *batch = &snapshot->batches[i];
        for (int64_t first = 0; first < batch->row_count; first += chunk_rows) {
            int64_t count = batch->row_count - first;
            count = count < chunk_rows ? count : chunk_rows;
            SB_TRY_RETURN(batch_restore(harness, batch, snapshot->groups[i], first, count));
        }
    }
    return SB_OK;
}

bool op_harness_is_balanced(const struct op_harness *harness)
{
    const int64_t *ledger = harness->ledger;

    return harness->rows_in + ledger[SB_LEDGER_ADDED] ==
           harness->rows_out + ledger[SB_LEDGER_HELD] + ledger[SB_LEDGER_MERGED] +
               ledger[SB_LEDGER_FILTERED] + ledger[SB_LEDGER_LATE] + ledger[SB_LEDGER_FAILED];
}
