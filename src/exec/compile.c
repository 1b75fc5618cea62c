// SPDX-License-Identifier: Apache-2.0
/*
 * compile.c - from a validated graph to stages and exchanges.
 *
 * A stage begins at a source or behind an exchange and takes in every operator that can run where
 * its rows are: the inline ones, the local halves of keyed ones, and the probe sides of joins. An
 * operator that several stages reach (UNION) stands in each of them.
 */
#include "exec/gates.h"
#include "exec/job.h"
#include "exec/layout.h"

static bool node_is_keyed_build(const struct sb_op *op, int32_t port)
{
    return op->vtable->placement == SB_OP_KEYED &&
           (op->vtable->build_port == SB_NO_PORT || op->vtable->build_port == port);
}

static enum sb_status compile_ops(struct sb_job *job, struct sb_error *err)
{
    const struct sb_graph *graph = job->graph;

    SB_TRY_RETURN(
        sb_layout_alloc(job, sizeof *job->ops * (size_t)(graph->node_count + 1), &job->ops, err));
    for (int32_t i = 0; i < graph->node_count; i++) {
        struct sb_node *node = graph->nodes[i];
        struct sb_op_options options = {
            .node = node,
            .memory = job->memory,
            .worker_count = job->options.worker_count,
            .binding = job->bindings[i].op,
        };
        // a source is its splits, and an operator only when it filters or projects what they
        // deliver
        if (node->type != SB_NODE_SOURCE || sb_scan_is_needed(&node->spec.source.scan)) {
            enum sb_status status = job->factory(&options, &job->ops[i], err);
            if (status != SB_OK) {
                sb_error_prefix(err, "operator '%s' (%s)", node->name, node->type_name);
                return status;
            }
        }
    }
    return SB_OK;
}

struct compiler {
    struct sb_job *job;
    struct sb_gates gates;
    struct sb_exchange **op_exchanges; // by node: the input of its groups
    struct sb_exchange **spools;       // by node: before a join's probe side
};

static enum sb_status compile_consumers(struct compiler *compiler, struct sb_station *station,
                                        const struct sb_node *node, struct sb_error *err);

/* Puts the consumer on `port` of `node` behind `station`, in its stage. */
static enum sb_status compile_inline(struct compiler *compiler, struct sb_station *station,
                                     const struct sb_node *node, int32_t port, struct sb_error *err)
{
    struct sb_op *op = compiler->job->ops[node->index];
    struct sb_stage *stage = station->stage;
    struct sb_station *next = sb_stage_find(stage, op, port);
    bool is_new = next == NULL;

    if (is_new) {
        SB_TRY_RETURN(sb_station_create(stage, op, node->index, port, &next, err));
    }
    SB_TRY_RETURN(sb_station_add_target(station, (struct sb_target){.station = next}, err));
    if (!is_new) {
        return SB_OK;
    }
    if (node_is_keyed_build(op, port)) {
        int32_t writer;
        next->blocks = compiler->op_exchanges[node->index];
        return sb_exchange_add_writer(next->blocks, stage, &writer, err);
    }
    if (op->vtable->may_multiply) {
        atomic_store(&stage->morsel_rows, SB_MORSEL_ROWS_FIRST);
    }
    if (op->vtable->placement == SB_OP_KEYED) {
        SB_TRY_RETURN(sb_stage_add_gate(stage, compiler->op_exchanges[node->index]->stage, err));
        SB_TRY_RETURN(sb_station_owe_probe_end(next, compiler->op_exchanges[node->index], err));
    }
    return compile_consumers(compiler, next, node, err);
}

static enum sb_status compile_consumers(struct compiler *compiler, struct sb_station *station,
                                        const struct sb_node *node, struct sb_error *err)
{
    for (int32_t i = 0; i < node->output_count; i++) {
        const struct sb_node *consumer = node->outputs[i];
        const struct sb_op *op = compiler->job->ops[consumer->index];
        int32_t port = node->output_ports[i];
        bool is_probe = op->vtable->placement == SB_OP_KEYED && !node_is_keyed_build(op, port);

        if (op->vtable->placement == SB_OP_SINGLE) {
            SB_TRY_RETURN(
                sb_station_add_outlet(station, compiler->op_exchanges[consumer->index], err));
        } else if (is_probe && compiler->spools[consumer->index] != NULL) {
            SB_TRY_RETURN(sb_station_add_outlet(station, compiler->spools[consumer->index], err));
        } else {
            SB_TRY_RETURN(compile_inline(compiler, station, consumer, port, err));
        }
    }
    return SB_OK;
}

static enum sb_status compile_source(struct compiler *compiler, const struct sb_node *node,
                                     struct sb_error *err)
{
    struct sb_job *job = compiler->job;
    struct sb_node_binding *binding = &job->bindings[node->index];
    struct sb_stage *stage;

    SB_TRY_RETURN(sb_stage_create(job, &stage, err));
    for (int32_t i = 0; i < binding->split_count; i++) {
        struct sb_split_run *split_run;
        enum sb_status status;

        SB_TRY_RETURN(sb_layout_alloc(job, sizeof *split_run, &split_run, err));
        status = sb_layout_append(job, &job->split_runs, &job->split_run_count, split_run, err);
        if (status != SB_OK) {
            sb_memory_free(job->memory, split_run, sizeof *split_run);
            return status;
        }
        SB_TRY_RETURN(sb_layout_append(job, &stage->splits, &stage->split_count, split_run, err));
        split_run->task.run = sb_split_run_task;
        split_run->stage = stage;
        split_run->split = binding->splits[i];
        split_run->node = job->graph->nodes[node->index];
        split_run->channel = i;
        split_run->split->run = split_run;
        split_run->split->wake = sb_split_run_wake;
    }
    stage->channel_count = stage->split_count;
    SB_TRY_RETURN(
        sb_watermark_tracker_init(&stage->watermarks, job->memory, stage->split_count, err));
    SB_TRY_RETURN(
        sb_station_create(stage, job->ops[node->index], node->index, 0, &stage->head, err));
    return compile_consumers(compiler, stage->head, node, err);
}

/* The station behind an exchange: a group half, a single operator, or a spool's passage. */
static enum sb_status compile_head(struct compiler *compiler, const struct sb_node *node,
                                   struct sb_exchange *exchange, struct sb_error *err)
{
    struct sb_op *op = exchange->op;
    int32_t port = exchange->kind == SB_EXCHANGE_HASH ? SB_NO_PORT : 0;

    SB_TRY_RETURN(sb_station_create(exchange->stage, op, op != NULL ? node->index : -1, port,
                                    &exchange->stage->head, err));
    if (op == NULL) {
        return compile_inline(compiler, exchange->stage->head, node, 0, err);
    }
    if (op->vtable->placement == SB_OP_KEYED && op->vtable->build_port != SB_NO_PORT) {
        return SB_OK; // the stored side emits nothing; the probe side does
    }
    return compile_consumers(compiler, exchange->stage->head, node, err);
}

static enum sb_status compile_exchanges(struct compiler *compiler, const struct sb_node *node,
                                        struct sb_error *err)
{
    struct sb_job *job = compiler->job;
    struct sb_op *op = job->ops[node->index];

    if (op == NULL || op->vtable->placement == SB_OP_INLINE) {
        return SB_OK;
    }
    SB_TRY_RETURN(sb_exchange_create(
        job, op->vtable->placement == SB_OP_KEYED ? SB_EXCHANGE_HASH : SB_EXCHANGE_SINGLE, op,
        op->group_count, &compiler->op_exchanges[node->index], err));
    if (sb_gates_is_spooled(&compiler->gates, node->index)) {
        SB_TRY_RETURN(sb_exchange_create(job, SB_EXCHANGE_SPOOL, NULL, job->options.worker_count,
                                         &compiler->spools[node->index], err));
    }
    return SB_OK;
}

/* Stages upstream before downstream, with ranks; every exchange's writers come before its stage. */
static void order_stages(struct sb_job *job)
{
    bool has_changed = true;

    while (has_changed) { // depths only grow, and are bounded by the number of stages
        has_changed = false;
        for (int32_t s = 0; s < job->stage_count; s++) {
            struct sb_stage *stage = job->stages[s];
            int32_t depth = 0;
            for (int32_t w = 0; stage->input != NULL && w < stage->input->writer_count; w++) {
                int32_t above = stage->input->writers[w]->depth + 1;
                depth = above > depth ? above : depth;
            }
            for (int32_t i = 0; i < stage->probe_count; i++) {
                int32_t above = stage->probed[i]->depth + 1;
                depth = above > depth ? above : depth;
            }
            has_changed = has_changed || depth != stage->depth;
            stage->depth = depth;
        }
    }
    for (int32_t i = 1; i < job->stage_count; i++) {
        struct sb_stage *stage = job->stages[i];
        int32_t place = i;
        for (; place > 0 && job->stages[place - 1]->depth > stage->depth; place--) {
            job->stages[place] = job->stages[place - 1];
        }
        job->stages[place] = stage;
    }
    for (int32_t s = 0; s < job->stage_count; s++) {
        struct sb_stage *stage = job->stages[s];
        stage->index = s;
        stage->rank = stage->depth < SB_RANK_COUNT - 1 ? stage->depth : SB_RANK_COUNT - 1;
        stage->end_task.rank = stage->rank;
        for (int32_t i = 0; i < stage->split_count; i++) {
            stage->splits[i]->task.rank = 0;
        }
        for (int32_t g = 0; stage->input != NULL && g < stage->input->group_count; g++) {
            stage->input->inboxes[g].task.rank = stage->rank > 0 ? stage->rank : 1;
        }
    }
}

/* Stations in the graph's order, so that a flush reaches a consumer after all its producers. */
static enum sb_status order_stations(struct sb_job *job, struct sb_error *err)
{
    size_t size = sizeof(int32_t) * (size_t)(job->graph->node_count + 1);
    int32_t *positions;

    SB_TRY_RETURN(sb_layout_alloc(job, size, &positions, err));
    for (int32_t i = 0; i < job->graph->node_count; i++) {
        positions[job->graph->sorted[i]->index] = i;
    }
    for (int32_t s = 0; s < job->stage_count; s++) {
        struct sb_station **stations = job->stages[s]->stations;
        for (int32_t i = 2; i < job->stages[s]->station_count; i++) { // the head stays first
            struct sb_station *station = stations[i];
            int32_t place = i;
            for (; place > 1 &&
                   positions[stations[place - 1]->op_index] > positions[station->op_index];
                 place--) {
                stations[place] = stations[place - 1];
            }
            stations[place] = station;
        }
    }
    sb_memory_free(job->memory, positions, size);
    return SB_OK;
}

static enum sb_status compile_stages(struct compiler *compiler, struct sb_error *err)
{
    struct sb_job *job = compiler->job;
    const struct sb_graph *graph = job->graph;

    for (int32_t i = 0; i < graph->node_count; i++) {
        SB_TRY_RETURN(compile_exchanges(compiler, graph->sorted[i], err));
    }
    for (int32_t i = 0; i < graph->node_count; i++) {
        const struct sb_node *node = graph->sorted[i];
        if (node->type == SB_NODE_SOURCE) {
            SB_TRY_RETURN(compile_source(compiler, node, err));
        }
        if (compiler->spools[node->index] != NULL) {
            SB_TRY_RETURN(compile_head(compiler, node, compiler->spools[node->index], err));
        }
        if (compiler->op_exchanges[node->index] != NULL) {
            SB_TRY_RETURN(compile_head(compiler, node, compiler->op_exchanges[node->index], err));
        }
    }
    order_stages(job);
    SB_TRY_RETURN(order_stations(job, err));
    for (int32_t s = 0; s < job->stage_count; s++) { // writers first: channels add up
        struct sb_stage *stage = job->stages[s];
        if (stage->input != NULL) {
            SB_TRY_RETURN(sb_exchange_add_channels(stage->input, err));
        }
    }
    for (int32_t s = 0; s < job->stage_count; s++) {
        struct sb_stage *stage = job->stages[s];
        SB_TRY_RETURN(sb_stage_add_reach(stage, stage, err));
        atomic_store(&stage->pending,
                     stage->input != NULL ? stage->input->writer_count : stage->split_count);
    }
    atomic_store(&job->stages_left, job->stage_count);
    return SB_OK;
}

enum sb_status sb_job_compile(struct sb_job *job, struct sb_error *err)
{
    size_t pointers_size = sizeof(void *) * (size_t)(job->graph->node_count + 1);
    struct compiler compiler = {.job = job};
    enum sb_status status;
    size_t scratches_size = sizeof *job->scratches * (size_t)(job->options.worker_count + 1);

    if (job->is_compiled) {
        return SB_OK;
    }
    SB_TRY_OUT(sb_ledger_init(&job->ledger, job->memory, job->options.worker_count,
                              job->graph->node_count, err));
    SB_TRY_OUT(sb_layout_alloc(job, scratches_size, &job->scratches, err));
    for (int32_t i = 0; i <= job->options.worker_count; i++) {
        SB_TRY_OUT(sb_expr_scratch_create(job->memory, &job->scratches[i], err));
    }
    SB_TRY_OUT(sb_scheduler_create(job->memory, job->options.worker_count, &job->scheduler, err));
    SB_TRY_OUT(compile_ops(job, err));
    SB_TRY_OUT(sb_layout_alloc(job, pointers_size, &compiler.op_exchanges, err));
    SB_TRY_OUT(sb_layout_alloc(job, pointers_size, &compiler.spools, err));
    SB_TRY_OUT(sb_gates_init(&compiler.gates, job->memory, job->graph, job->ops, err));
    SB_TRY_OUT(compile_stages(&compiler, err));
    job->is_compiled = true;

out:
    sb_gates_deinit(&compiler.gates);
    sb_memory_free(job->memory, compiler.op_exchanges, pointers_size);
    sb_memory_free(job->memory, compiler.spools, pointers_size);
    if (status != SB_OK) {
        sb_job_decompile(job);
    }
    return status;
}

void sb_job_decompile(struct sb_job *job)
{
    struct sb_memory *memory = job->memory;

    sb_scheduler_destroy(job->scheduler); // joins the workers first
    job->scheduler = NULL;
    for (int32_t s = 0; s < job->stage_count; s++) {
        sb_stage_destroy(job->stages[s]);
    }
    for (int32_t e = 0; e < job->exchange_count; e++) {
        sb_exchange_destroy(job->exchanges[e], memory);
    }
    for (int32_t i = 0; i < job->split_run_count; i++) {
        sb_memory_free(memory, job->split_runs[i], sizeof *job->split_runs[i]);
    }
    for (int32_t i = 0; job->ops != NULL && i < job->graph->node_count; i++) {
        if (job->ops[i] != NULL) {
            job->ops[i]->vtable->destroy(job->ops[i]);
        }
    }
    for (int32_t i = 0; job->scratches != NULL && i <= job->options.worker_count; i++) {
        sb_expr_scratch_destroy(job->scratches[i]);
    }
    sb_memory_free(memory, job->stages, sizeof(void *) * (size_t)job->stage_count);
    sb_memory_free(memory, job->exchanges, sizeof(void *) * (size_t)job->exchange_count);
    sb_memory_free(memory, job->split_runs, sizeof(void *) * (size_t)job->split_run_count);
    sb_memory_free(memory, job->ops, sizeof *job->ops * (size_t)(job->graph->node_count + 1));
    sb_memory_free(memory, job->scratches,
                   sizeof *job->scratches * (size_t)(job->options.worker_count + 1));
    sb_ledger_deinit(&job->ledger);
    job->stages = NULL;
    job->stage_count = 0;
    job->exchanges = NULL;
    job->exchange_count = 0;
    job->split_runs = NULL;
    job->split_run_count = 0;
    job->ops = NULL;
    job->scratches = NULL;
    job->is_compiled = false;
}
