// SPDX-License-Identifier: Apache-2.0
#include "exec/job.h"

#include <string.h>

#include <sabot/library.h>

#include "base/clock.h"

enum { EXCHANGE_LIMIT_BYTES = 64 * 1024 * 1024 };

static enum sb_status options_check(const struct sb_job_options *options, struct sb_error *err)
{
    if (options->worker_count < 0 || options->worker_count > SB_WORKER_COUNT_MAX) {
        return sb_error_set(
            err, SB_INVALID,
            "worker_count is %d; it must be between 1 and %d, or 0 for one per processor",
            options->worker_count, SB_WORKER_COUNT_MAX);
    }
    if (options->memory_limit_bytes < 0 || options->exchange_limit_bytes < 0 ||
        options->morsel_rows_max < 0 || options->morsel_rows_max > INT32_MAX) {
        return sb_error_set(
            err, SB_INVALID,
            "memory_limit_bytes, exchange_limit_bytes and morsel_rows_max must not be negative (0 = the default)");
    }
    return SB_OK;
}

enum sb_status sb_job_alloc(const struct sb_graph *graph, const struct sb_job_options *options,
                            struct sb_memory *memory, sb_op_factory factory, struct sb_job **out,
                            struct sb_error *err)
{
    struct sb_job_options chosen = options != NULL ? *options : (struct sb_job_options){0};
    struct sb_job *job;

    *out = NULL;
    if (!graph->is_validated) {
        return sb_error_set(err, SB_INVALID,
                            "the graph is not validated: call sb_graph_validate() first");
    }
    SB_TRY_RETURN(options_check(&chosen, err));
    chosen.worker_count = chosen.worker_count > 0 ? chosen.worker_count : sb_processor_count();
    chosen.worker_count =
        chosen.worker_count < SB_WORKER_COUNT_MAX ? chosen.worker_count : SB_WORKER_COUNT_MAX;
    if (chosen.memory_limit_bytes == 0) {
        chosen.memory_limit_bytes = sb_memory_machine_bytes() / 5 * 4;
    }
    if (chosen.exchange_limit_bytes == 0) { // never more than a small job's memory can carry
        int64_t share = chosen.memory_limit_bytes / 8;
        chosen.exchange_limit_bytes = share < EXCHANGE_LIMIT_BYTES ? share : EXCHANGE_LIMIT_BYTES;
    }
    memory =
        memory != NULL ? sb_memory_retain(memory) : sb_memory_create(chosen.memory_limit_bytes);
    if (memory == NULL) {
        return sb_error_no_memory(err, "a job", (int64_t)sizeof *job);
    }
    job = sb_memory_alloc_zeroed(memory, sizeof *job);
    if (job == NULL) {
        sb_memory_release(memory);
        return sb_error_no_memory(err, "a job", (int64_t)sizeof *job);
    }
    job->graph = graph;
    job->memory = memory;
    job->options = chosen;
    job->factory = factory;
    pthread_mutex_init(&job->lock, NULL);
    pthread_mutex_init(&job->park_lock, NULL);
    job->bindings =
        sb_memory_alloc_zeroed(memory, sizeof *job->bindings * (size_t)(graph->node_count + 1));
    if (job->bindings == NULL) {
        sb_job_destroy(job);
        return sb_error_no_memory(err, "a job", (int64_t)sizeof *job->bindings * graph->node_count);
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->nodes[i];
        if (node->type == SB_NODE_SINK) {
            job->bindings[i].op.sink_kind =
                node->spec.sink.kind == SB_TARGET_COLLECT   ? SB_SINK_COLLECT
                : node->spec.sink.kind == SB_TARGET_DISCARD ? SB_SINK_COUNT
                                                            : SB_SINK_STREAM;
        }
    }
    *out = job;
    return SB_OK;
}

void sb_job_destroy(struct sb_job *job)
{
    struct sb_memory *memory;

    if (job == NULL) {
        return;
    }
    memory = job->memory;
    if (job->is_started) {
        sb_job_stop(job, SB_STOP_CANCEL);
        sb_scheduler_wait_idle(job->scheduler, -1);
    }
    sb_job_decompile(job);
    for (int32_t i = 0; job->bindings != NULL && i < job->graph->node_count; i++) {
        struct sb_node_binding *binding = &job->bindings[i];
        for (int32_t s = 0; s < binding->split_count; s++) {
            binding->splits[s]->vtable->destroy(binding->splits[s]);
        }
        sb_memory_free(memory, binding->splits, sizeof(void *) * (size_t)binding->split_count);
    }
    sb_memory_free(memory, job->bindings,
                   sizeof *job->bindings * (size_t)(job->graph->node_count + 1));
    pthread_mutex_destroy(&job->park_lock);
    pthread_mutex_destroy(&job->lock);
    sb_memory_free(memory, job, sizeof *job);
    sb_memory_release(memory);
}

enum sb_status sb_job_bindable(const struct sb_job *job, const char *operator_id, int type,
                               struct sb_node **out, struct sb_error *err)
{
    struct sb_node *node = sb_graph_node(job->graph, operator_id);

    if (node == NULL) {
        return sb_error_set(err, SB_INVALID, "the graph has no operator with id '%s'", operator_id);
    }
    if (type >= 0 && (int)node->type != type) {
        return sb_error_set(err, SB_INVALID,
                            "operator '%s' is a %s, which cannot be bound this way", node->name,
                            node->type_name);
    }
    if (job->is_compiled) {
        return sb_error_set(err, SB_BUSY, "operator '%s' (%s): bind it before the job starts",
                            node->name, node->type_name);
    }
    *out = node;
    return SB_OK;
}

enum sb_status sb_job_bind_split(struct sb_job *job, const struct sb_node *node,
                                 struct sb_split *split, int32_t *index, struct sb_error *err)
{
    struct sb_node_binding *binding = &job->bindings[node->index];
    struct sb_split **grown = sb_memory_realloc(
        job->memory, binding->splits, sizeof(void *) * (size_t)binding->split_count,
        sizeof(void *) * (size_t)(binding->split_count + 1));

    if (grown == NULL) {
        split->vtable->destroy(split);
        return sb_error_no_memory(err, "a split", (int64_t)sizeof *binding);
    }
    binding->splits = grown;
    if (index != NULL) {
        *index = binding->split_count;
    }
    binding->splits[binding->split_count++] = split;
    return SB_OK;
}

/* The binding of an operator that has a function. */
static enum sb_status job_function_binding(struct sb_job *job, const char *operator_id,
                                           struct sb_op_binding **out, struct sb_error *err)
{
    struct sb_node *node = NULL;

    SB_TRY_RETURN(sb_job_bindable(job, operator_id, -1, &node, err));
    if (!node->has_function && node->type != SB_NODE_CUSTOM) {
        return sb_error_set(err, SB_INVALID, "operator '%s' (%s) has no function to bind",
                            node->name, node->type_name);
    }
    *out = &job->bindings[node->index].op;
    return SB_OK;
}

enum sb_status sb_job_bind_function(struct sb_job *job, const char *operator_id,
                                    sb_batch_function function, void *context, struct sb_error *err)
{
    struct sb_op_binding *binding = NULL;

    SB_TRY_RETURN(job_function_binding(job, operator_id, &binding, err));
    binding->function = function;
    binding->hooks = (struct sb_function_hooks){0};
    binding->context = context;
    return SB_OK;
}

enum sb_status sb_job_bind_hooks(struct sb_job *job, const char *operator_id,
                                 const struct sb_function_hooks *hooks, void *context,
                                 struct sb_error *err)
{
    struct sb_op_binding *binding = NULL;

    SB_TRY_RETURN(job_function_binding(job, operator_id, &binding, err));
    if (hooks->on_batch == NULL) {
        return sb_error_set(err, SB_INVALID,
                            "operator '%s': hooks without on_batch; give a function to call with "
                            "each batch",
                            operator_id);
    }
    binding->function = NULL;
    binding->hooks = *hooks;
    binding->context = context;
    return SB_OK;
}

enum sb_status sb_job_bind_sink(struct sb_job *job, const char *operator_id, enum sb_sink_kind kind,
                                struct sb_error *err)
{
    struct sb_node *node = NULL;

    SB_TRY_RETURN(sb_job_bindable(job, operator_id, SB_NODE_SINK, &node, err));
    job->bindings[node->index].op.sink_kind = kind;
    return SB_OK;
}

enum sb_status sb_job_start(struct sb_job *job, struct sb_error *err)
{
    if (job->is_started) {
        return sb_error_set(err, SB_BUSY, "the job has been started already");
    }
    SB_TRY_RETURN(sb_job_failure(job, err)); // of a restore
    SB_TRY_RETURN(sb_job_compile(job, err));
    job->started_ns = sb_clock_now_ns();
    job->is_started = true;
    for (int32_t s = 0; s < job->stage_count; s++) {
        if (atomic_load(&job->stages[s]->gate_count) == 0) {
            sb_stage_start(job->stages[s]);
        }
    }
    return sb_scheduler_start(job->scheduler, err);
}

void sb_job_fail(struct sb_job *job, const struct sb_error *error)
{
    pthread_mutex_lock(&job->lock);
    if (job->failure.status == SB_OK) {
        job->failure = *error;
    }
    if (job->ended_ns == 0) {
        job->ended_ns = sb_clock_now_ns();
    }
    pthread_mutex_unlock(&job->lock);
    atomic_store(&job->is_canceled, true);
    for (int32_t i = 0; i < job->split_run_count; i++) {
        struct sb_split *split = job->split_runs[i]->split;
        if (split->vtable->stop != NULL) {
            split->vtable->stop(split);
        }
    }
    for (int32_t i = 0; i < job->graph->node_count; i++) {
        struct sb_op *op = job->ops[i];
        if (op != NULL && op->vtable->on_cancel != NULL) {
            op->vtable->on_cancel(op);
        }
    }
    sb_job_unthrottle(job);
    sb_job_unpark(job);
    sb_scheduler_notify(job->scheduler);
}

enum sb_status sb_job_failure(struct sb_job *job, struct sb_error *err)
{
    enum sb_status status;

    pthread_mutex_lock(&job->lock);
    status = job->failure.status;
    if (status != SB_OK && err != NULL) {
        *err = job->failure;
    }
    pthread_mutex_unlock(&job->lock);
    return status;
}

void sb_job_stop(struct sb_job *job, enum sb_stop_mode mode)
{
    if (!job->is_started || atomic_load(&job->stages_left) == 0) {
        return;
    }
    if (mode == SB_STOP_CANCEL) {
        struct sb_error canceled = {.status = SB_CANCELED};
        strcpy(canceled.message, "the job was canceled");
        sb_job_fail(job, &canceled);
        return;
    }
    atomic_store(&job->is_draining, true);
    for (int32_t i = 0; i < job->split_run_count; i++) {
        struct sb_split *split = job->split_runs[i]->split;
        if (split->vtable->stop != NULL) {
            split->vtable->stop(split);
        }
    }
    sb_job_unthrottle(job);
}

bool sb_job_is_over(const struct sb_job *job)
{
    return atomic_load(&job->stages_left) == 0 ||
           (atomic_load(&job->is_canceled) && !sb_scheduler_is_busy(job->scheduler));
}

static bool job_is_over(void *context)
{
    return sb_job_is_over(context);
}

enum sb_status sb_job_wait(struct sb_job *job, int64_t timeout_ms, bool *is_done,
                           struct sb_error *err)
{
    *is_done = false;
    if (!job->is_started) {
        return sb_error_set(err, SB_BUSY, "the job has not been started");
    }
    *is_done = sb_scheduler_wait_until(job->scheduler, job_is_over, job, timeout_ms);
    return *is_done ? sb_job_failure(job, err) : SB_OK;
}

void sb_job_metrics(const struct sb_job *job, struct sb_job_metrics *out)
{
    struct sb_job *unlocked = (struct sb_job *)(uintptr_t)job;

    pthread_mutex_lock(&unlocked->lock);
    *out = (struct sb_job_metrics){
        .elapsed_ns =
            job->started_ns == 0
                ? 0
                : (job->ended_ns != 0 ? job->ended_ns : sb_clock_now_ns()) - job->started_ns,
        .memory_bytes = atomic_load(&job->memory->used_bytes),
        .memory_peak_bytes = atomic_load(&job->memory->peak_bytes),
        .backpressure_count = atomic_load(&job->backpressure_count),
        .worker_count = job->options.worker_count,
        .operator_count = job->graph->node_count,
    };
    pthread_mutex_unlock(&unlocked->lock);
}

void sb_job_operator_metrics(const struct sb_job *job, int32_t index,
                             struct sb_operator_metrics *out)
{
    const struct sb_node *node;

    sb_assert(index >= 0 && index < job->graph->node_count);
    node = job->graph->nodes[index];
    *out = (struct sb_operator_metrics){
        .operator_id = node->id, .name = node->name, .type = node->type_name};
    if (job->is_compiled) {
        sb_ledger_read(&job->ledger, index, out);
    }
}
