// SPDX-License-Identifier: Apache-2.0
/*
 * compile.c - from a validated graph to stages and exchanges.
 *
 * A stage begins at a source or behind an exchange and takes in every operator that can run where
 * its rows are: the inline ones, the local halves of keyed ones, and the probe sides of joins. An
 * operator that several stages reach (UNION) stands in each of them.
 */
#include <string.h>

#include "exec/gates.h"
#include "exec/job.h"
#include "exec/stage.h"

static bool node_is_keyed_build(const struct sb_op *op, int32_t port)
{
    return op->vtable->placement == SB_OP_KEYED &&
           (op->vtable->build_port == SB_NO_PORT || op->vtable->build_port == port);
}

static enum sb_status compile_alloc(struct sb_job *job, size_t size, void *out,
                                    struct sb_error *err)
{
    *(void **)out = sb_memory_alloc_zeroed(job->memory, size);
    return *(void **)out != NULL ? SB_OK : sb_error_no_memory(err, "the plan", (int64_t)size);
}

/* Appends `value` to an array of pointers that grows by one. */
static enum sb_status compile_append(struct sb_job *job, void *array, int32_t *count, void *value,
                                     struct sb_error *err)
{
    void ***pointers = array;
    void **grown = sb_memory_realloc(job->memory, *pointers, sizeof(void *) * (size_t)*count,
                                     sizeof(void *) * (size_t)(*count + 1));

    if (grown == NULL) {
        return sb_error_no_memory(err, "the plan", (int64_t)sizeof(void *) * (*count + 1));
    }
    grown[*count] = value;
    *pointers = grown;
    (*count)++;
    return SB_OK;
}

static enum sb_status compile_append_int(struct sb_job *job, int32_t **array, int32_t count,
                                         int32_t value, struct sb_error *err)
{
    int32_t *grown = sb_memory_realloc(job->memory, *array, sizeof(int32_t) * (size_t)count,
                                       sizeof(int32_t) * (size_t)(count + 1));

    if (grown == NULL) {
        return sb_error_no_memory(err, "the plan", (int64_t)sizeof(int32_t) * (count + 1));
    }
    grown[count] = value;
    *array = grown;
    return SB_OK;
}

static enum sb_status compile_ops(struct sb_job *job, struct sb_error *err)
{
    const struct sb_graph *graph = job->graph;

    SB_TRY_RETURN(
        compile_alloc(job, sizeof *job->ops * (size_t)(graph->node_count + 1), &job->ops, err));
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

static enum sb_status station_create(struct sb_stage *stage, struct sb_op *op, int32_t op_index,
                                     int32_t port, struct sb_station **out, struct sb_error *err)
{
    struct sb_job *job = stage->job;
    struct sb_station *station;

    SB_TRY_RETURN(compile_alloc(job, sizeof *station, &station, err));
    station->op = op;
    station->op_index = op_index;
    station->port = port;
    station->stage = stage;
    {
        enum sb_status status =
            compile_append(job, &stage->stations, &stage->station_count, station, err);
        if (status != SB_OK) {
            sb_memory_free(job->memory, station, sizeof *station);
            return status;
        }
    }
    SB_TRY_RETURN(compile_alloc(job, sizeof *station->locals * (size_t)stage->slot_count,
                                &station->locals, err));
    SB_TRY_RETURN(compile_alloc(job, sizeof *station->has_local * (size_t)stage->slot_count,
                                &station->has_local, err));
    *out = station;
    return SB_OK;
}

static enum sb_status stage_create(struct sb_job *job, struct sb_stage **out, struct sb_error *err)
{
    struct sb_stage *stage;
    enum sb_status status;

    SB_TRY_RETURN(compile_alloc(job, sizeof *stage, &stage, err));
    status = compile_append(job, &job->stages, &job->stage_count, stage, err);
    if (status != SB_OK) {
        sb_memory_free(job->memory, stage, sizeof *stage);
        return status;
    }
    stage->job = job;
    stage->end_task.run = sb_stage_end_task;
    stage->watermark_closed_us = SB_WATERMARK_NONE;
    pthread_mutex_init(&stage->fence_lock, NULL);
    SB_TRY_RETURN(compile_alloc(job, sizeof *stage->slots * (size_t)(job->options.worker_count + 1),
                                &stage->slots, err));
    stage->slot_count = job->options.worker_count + 1;
    for (int32_t i = 0; i < stage->slot_count; i++) {
        pthread_mutex_init(&stage->slots[i].lock, NULL);
    }
    *out = stage;
    return SB_OK;
}

static enum sb_status exchange_create(struct sb_job *job, enum sb_exchange_kind kind,
                                      struct sb_op *op, int32_t group_count,
                                      struct sb_exchange **out, struct sb_error *err)
{
    struct sb_exchange *exchange;
    struct sb_stage *stage;
    enum sb_status status;

    SB_TRY_RETURN(compile_alloc(job, sizeof *exchange, &exchange, err));
    status = compile_append(job, &job->exchanges, &job->exchange_count, exchange, err);
    if (status != SB_OK) {
        sb_memory_free(job->memory, exchange, sizeof *exchange);
        return status;
    }
    exchange->kind = kind;
    exchange->op = op;
    exchange->limit_bytes = job->options.exchange_limit_bytes;
    exchange->watermark_sent_us = SB_WATERMARK_NONE;
    pthread_mutex_init(&exchange->fence_lock, NULL);
    pthread_mutex_init(&exchange->sequencer.lock, NULL);
    SB_TRY_RETURN(compile_alloc(job, sizeof *exchange->inboxes * (size_t)group_count,
                                &exchange->inboxes, err));
    exchange->group_count = group_count;
    for (int32_t g = 0; g < group_count; g++) {
        struct sb_inbox *inbox = &exchange->inboxes[g];
        inbox->exchange = exchange;
        inbox->group = g;
        inbox->watermark_us = SB_WATERMARK_NONE;
        inbox->task.run = sb_inbox_run;
        pthread_mutex_init(&inbox->lock, NULL);
    }
    SB_TRY_RETURN(stage_create(job, &stage, err));
    stage->input = exchange;
    stage->channel_count = group_count;
    exchange->stage = stage;
    *out = exchange;
    return SB_OK;
}

/* The stage writes to the exchange; `*writer` is its number there. */
static enum sb_status exchange_add_writer(struct sb_exchange *exchange, struct sb_stage *stage,
                                          int32_t *writer, struct sb_error *err)
{
    struct sb_job *job = stage->job;

    for (int32_t i = 0; i < stage->exchange_count; i++) {
        if (stage->exchanges[i] == exchange) {
            *writer = stage->exchange_writers[i];
            return SB_OK;
        }
    }
    *writer = exchange->writer_count;
    SB_TRY_RETURN(
        compile_append_int(job, &stage->exchange_writers, stage->exchange_count, *writer, err));
    SB_TRY_RETURN(compile_append(job, &stage->exchanges, &stage->exchange_count, exchange, err));
    return compile_append(job, &exchange->writers, &exchange->writer_count, stage, err);
}

static enum sb_status station_add_target(struct sb_station *station, struct sb_target target,
                                         struct sb_error *err)
{
    struct sb_job *job = station->stage->job;
    struct sb_target *grown = sb_memory_realloc(
        job->memory, station->targets, sizeof *grown * (size_t)station->target_count,
        sizeof *grown * (size_t)(station->target_count + 1));

    if (grown == NULL) {
        return sb_error_no_memory(err, "the plan", (int64_t)sizeof *grown);
    }
    grown[station->target_count++] = target;
    station->targets = grown;
    return SB_OK;
}

static enum sb_status station_add_outlet(struct sb_station *station, struct sb_exchange *exchange,
                                         struct sb_error *err)
{
    struct sb_stage *stage = station->stage;
    struct sb_target target = {.exchange = exchange};
    int32_t writer;

    SB_TRY_RETURN(exchange_add_writer(exchange, stage, &writer, err));
    while (target.outlet < stage->outlet_count && stage->outlets[target.outlet] != exchange) {
        target.outlet++;
    }
    if (target.outlet == stage->outlet_count) {
        SB_TRY_RETURN(compile_append_int(stage->job, &stage->outlet_writers, stage->outlet_count,
                                         writer, err));
        SB_TRY_RETURN(
            compile_append(stage->job, &stage->outlets, &stage->outlet_count, exchange, err));
    }
    return station_add_target(station, target, err);
}

static struct sb_station *stage_find(struct sb_stage *stage, const struct sb_op *op, int32_t port)
{
    for (int32_t i = 0; i < stage->station_count; i++) {
        if (stage->stations[i]->op == op && stage->stations[i]->port == port) {
            return stage->stations[i];
        }
    }
    return NULL;
}

struct compiler {
    struct sb_job *job;
    struct sb_gates gates;
    struct sb_exchange **op_exchanges; // by node: the input of its groups
    struct sb_exchange **spools;       // by node: before a join's probe side
};

static enum sb_status compile_consumers(struct compiler *compiler, struct sb_station *station,
                                        const struct sb_node *node, struct sb_error *err);

/* Adds a gate: `stage` waits until the build side of `join` is complete. */
static enum sb_status stage_add_gate(struct sb_stage *stage, struct sb_stage *build,
                                     struct sb_error *err)
{
    for (int32_t i = 0; i < stage->probe_count; i++) {
        if (stage->probed[i] == build) {
            return SB_OK;
        }
    }
    atomic_fetch_add(&stage->gate_count, 1);
    return compile_append(stage->job, &stage->probed, &stage->probe_count, build, err);
}

/* The probe of a join that owes something at its end, in one of the stages that probe it. */
static enum sb_status station_owe_probe_end(struct sb_station *station, struct sb_exchange *build,
                                            struct sb_error *err)
{
    const struct sb_op_vtable *vtable = station->op->vtable;

    if (vtable->owes_probe_end == NULL || !vtable->owes_probe_end(station->op)) {
        return SB_OK;
    }
    station->build = build;
    atomic_fetch_add(&build->probes_left, 1);
    if (build->probe_ends != NULL) {
        return SB_OK;
    }
    SB_TRY_RETURN(compile_alloc(station->stage->job,
                                sizeof *build->probe_ends * (size_t)build->group_count,
                                &build->probe_ends, err));
    for (int32_t g = 0; g < build->group_count; g++) {
        build->probe_ends[g].task.run = sb_probe_end_run;
        build->probe_ends[g].group = g;
    }
    return SB_OK;
}

/* Puts the consumer on `port` of `node` behind `station`, in its stage. */
static enum sb_status compile_inline(struct compiler *compiler, struct sb_station *station,
                                     const struct sb_node *node, int32_t port, struct sb_error *err)
{
    struct sb_op *op = compiler->job->ops[node->index];
    struct sb_stage *stage = station->stage;
    struct sb_station *next = stage_find(stage, op, port);
    bool is_new = next == NULL;

    if (is_new) {
        SB_TRY_RETURN(station_create(stage, op, node->index, port, &next, err));
    }
    SB_TRY_RETURN(station_add_target(station, (struct sb_target){.station = next}, err));
    if (!is_new) {
        return SB_OK;
    }
    if (node_is_keyed_build(op, port)) {
        int32_t writer;
        next->blocks = compiler->op_exchanges[node->index];
        return exchange_add_writer(next->blocks, stage, &writer, err);
    }
    if (op->vtable->may_multiply) {
        atomic_store(&stage->morsel_rows, SB_MORSEL_ROWS_FIRST);
    }
    if (op->vtable->placement == SB_OP_KEYED) {
        SB_TRY_RETURN(stage_add_gate(stage, compiler->op_exchanges[node->index]->stage, err));
        SB_TRY_RETURN(station_owe_probe_end(next, compiler->op_exchanges[node->index], err));
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
                station_add_outlet(station, compiler->op_exchanges[consumer->index], err));
        } else if (is_probe && compiler->spools[consumer->index] != NULL) {
            SB_TRY_RETURN(station_add_outlet(station, compiler->spools[consumer->index], err));
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

    SB_TRY_RETURN(stage_create(job, &stage, err));
    for (int32_t i = 0; i < binding->split_count; i++) {
        struct sb_split_run *split_run;
        enum sb_status status;

        SB_TRY_RETURN(compile_alloc(job, sizeof *split_run, &split_run, err));
        status = compile_append(job, &job->split_runs, &job->split_run_count, split_run, err);
        if (status != SB_OK) {
            sb_memory_free(job->memory, split_run, sizeof *split_run);
            return status;
        }
        SB_TRY_RETURN(compile_append(job, &stage->splits, &stage->split_count, split_run, err));
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
    SB_TRY_RETURN(station_create(stage, job->ops[node->index], node->index, 0, &stage->head, err));
    return compile_consumers(compiler, stage->head, node, err);
}

/* The station behind an exchange: a group half, a single operator, or a spool's passage. */
static enum sb_status compile_head(struct compiler *compiler, const struct sb_node *node,
                                   struct sb_exchange *exchange, struct sb_error *err)
{
    struct sb_op *op = exchange->op;
    int32_t port = exchange->kind == SB_EXCHANGE_HASH ? SB_NO_PORT : 0;

    SB_TRY_RETURN(station_create(exchange->stage, op, op != NULL ? node->index : -1, port,
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
    SB_TRY_RETURN(exchange_create(
        job, op->vtable->placement == SB_OP_KEYED ? SB_EXCHANGE_HASH : SB_EXCHANGE_SINGLE, op,
        op->group_count, &compiler->op_exchanges[node->index], err));
    if (sb_gates_is_spooled(&compiler->gates, node->index)) {
        SB_TRY_RETURN(exchange_create(job, SB_EXCHANGE_SPOOL, NULL, job->options.worker_count,
                                      &compiler->spools[node->index], err));
    }
    return SB_OK;
}

/* Stages upstream before downstream, with ranks; every exchange's writers come before its stage. */
static void compile_order(struct sb_job *job)
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
static enum sb_status compile_order_stations(struct sb_job *job, struct sb_error *err)
{
    size_t size = sizeof(int32_t) * (size_t)(job->graph->node_count + 1);
    int32_t *positions;

    SB_TRY_RETURN(compile_alloc(job, size, &positions, err));
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

/* Once writers and channels are known: sequencers, watermark channels, spool channels. */
static enum sb_status compile_exchange_channels(struct sb_exchange *exchange, struct sb_error *err)
{
    struct sb_job *job = exchange->stage->job;
    struct sb_sequencer *sequencer = &exchange->sequencer;
    size_t writers = (size_t)exchange->writer_count;

    SB_TRY_RETURN(
        sb_watermark_tracker_init(&exchange->watermarks, job->memory, exchange->writer_count, err));
    if (exchange->kind == SB_EXCHANGE_SPOOL) {
        SB_TRY_RETURN(compile_alloc(job, sizeof(int32_t) * (writers + 1),
                                    &exchange->stage->channel_bases, err));
        exchange->stage->channel_count = 0;
        for (size_t w = 0; w < writers; w++) {
            exchange->stage->channel_bases[w] = exchange->stage->channel_count;
            exchange->stage->channel_count += exchange->writers[w]->channel_count + 1;
        }
    }
    if (exchange->kind != SB_EXCHANGE_SINGLE) {
        return SB_OK;
    }
    SB_TRY_RETURN(compile_alloc(job, sizeof *sequencer->channel_counts * (writers + 1),
                                &sequencer->channel_counts, err));
    SB_TRY_RETURN(
        compile_alloc(job, sizeof *sequencer->channels * (writers + 1), &sequencer->channels, err));
    sequencer->writer_count = exchange->writer_count;
    for (size_t w = 0; w < writers; w++) {
        int32_t count = exchange->writers[w]->channel_count + 1; // the last is for flushes
        SB_TRY_RETURN(compile_alloc(job, sizeof **sequencer->channels * (size_t)count,
                                    &sequencer->channels[w], err));
        sequencer->channel_counts[w] = count;
    }
    return SB_OK;
}

static enum sb_status stage_add_reach(struct sb_stage *stage, const struct sb_stage *from,
                                      struct sb_error *err)
{
    for (int32_t i = 0; i < from->exchange_count; i++) {
        bool is_known = false;
        for (int32_t r = 0; r < stage->reach_count; r++) {
            is_known = is_known || stage->reach[r] == from->exchanges[i];
        }
        if (!is_known) {
            SB_TRY_RETURN(compile_append(stage->job, &stage->reach, &stage->reach_count,
                                         from->exchanges[i], err));
            SB_TRY_RETURN(stage_add_reach(stage, from->exchanges[i]->stage, err));
        }
    }
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
    compile_order(job);
    SB_TRY_RETURN(compile_order_stations(job, err));
    for (int32_t s = 0; s < job->stage_count; s++) { // writers first: channels add up
        struct sb_stage *stage = job->stages[s];
        if (stage->input != NULL) {
            SB_TRY_RETURN(compile_exchange_channels(stage->input, err));
        }
    }
    for (int32_t s = 0; s < job->stage_count; s++) {
        struct sb_stage *stage = job->stages[s];
        SB_TRY_RETURN(stage_add_reach(stage, stage, err));
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
    SB_TRY_OUT(compile_alloc(job, scratches_size, &job->scratches, err));
    for (int32_t i = 0; i <= job->options.worker_count; i++) {
        SB_TRY_OUT(sb_expr_scratch_create(job->memory, &job->scratches[i], err));
    }
    SB_TRY_OUT(sb_scheduler_create(job->memory, job->options.worker_count, &job->scheduler, err));
    SB_TRY_OUT(compile_ops(job, err));
    SB_TRY_OUT(compile_alloc(job, pointers_size, &compiler.op_exchanges, err));
    SB_TRY_OUT(compile_alloc(job, pointers_size, &compiler.spools, err));
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

static void station_destroy(struct sb_station *station)
{
    struct sb_stage *stage = station->stage;
    struct sb_memory *memory = stage->job->memory;

    for (int32_t w = 0; station->has_local != NULL && w < stage->slot_count; w++) {
        if (station->locals[w] != NULL && station->op->vtable->local_destroy != NULL) {
            station->op->vtable->local_destroy(station->op, station->port, station->locals[w]);
        }
    }
    sb_memory_free(memory, station->locals, sizeof *station->locals * (size_t)stage->slot_count);
    sb_memory_free(memory, station->has_local,
                   sizeof *station->has_local * (size_t)stage->slot_count);
    sb_memory_free(memory, station->targets,
                   sizeof *station->targets * (size_t)station->target_count);
    sb_memory_free(memory, station, sizeof *station);
}

static void stage_destroy(struct sb_stage *stage)
{
    struct sb_memory *memory = stage->job->memory;

    for (int32_t i = 0; i < stage->station_count; i++) {
        station_destroy(stage->stations[i]);
    }
    sb_watermark_tracker_deinit(&stage->watermarks);
    for (int32_t i = 0; i < stage->slot_count; i++) {
        pthread_mutex_destroy(&stage->slots[i].lock);
    }
    pthread_mutex_destroy(&stage->fence_lock);
    sb_memory_free(memory, stage->slots,
                   sizeof *stage->slots * (size_t)(stage->job->options.worker_count + 1));
    sb_memory_free(memory, stage->stations, sizeof(void *) * (size_t)stage->station_count);
    sb_memory_free(memory, stage->outlets, sizeof(void *) * (size_t)stage->outlet_count);
    sb_memory_free(memory, stage->outlet_writers, sizeof(int32_t) * (size_t)stage->outlet_count);
    sb_memory_free(memory, stage->exchanges, sizeof(void *) * (size_t)stage->exchange_count);
    sb_memory_free(memory, stage->exchange_writers,
                   sizeof(int32_t) * (size_t)stage->exchange_count);
    sb_memory_free(memory, stage->reach, sizeof(void *) * (size_t)stage->reach_count);
    sb_memory_free(memory, stage->splits, sizeof(void *) * (size_t)stage->split_count);
    sb_memory_free(memory, stage->probed, sizeof(void *) * (size_t)stage->probe_count);
    if (stage->channel_bases != NULL) {
        sb_memory_free(memory, stage->channel_bases,
                       sizeof(int32_t) * (size_t)(stage->input->writer_count + 1));
    }
    sb_memory_free(memory, stage, sizeof *stage);
}

static void messages_destroy(struct sb_memory *memory, struct sb_message *message)
{
    while (message != NULL) {
        struct sb_message *next = message->next;
        sb_message_destroy(memory, message);
        message = next;
    }
}

static void sequencer_deinit(struct sb_sequencer *sequencer, struct sb_memory *memory,
                             size_t writers)
{
    for (size_t w = 0; sequencer->channels != NULL && w < writers; w++) {
        for (int32_t c = 0; c < sequencer->channel_counts[w]; c++) {
            messages_destroy(memory, sequencer->channels[w][c].early);
        }
        sb_memory_free(memory, sequencer->channels[w],
                       sizeof **sequencer->channels * (size_t)sequencer->channel_counts[w]);
    }
    sb_memory_free(memory, sequencer->channels, sizeof *sequencer->channels * (writers + 1));
    sb_memory_free(memory, sequencer->channel_counts,
                   sizeof *sequencer->channel_counts * (writers + 1));
    pthread_mutex_destroy(&sequencer->lock);
}

static void exchange_destroy(struct sb_exchange *exchange, struct sb_memory *memory)
{
    for (int32_t g = 0; g < exchange->group_count; g++) {
        messages_destroy(memory, exchange->inboxes[g].first);
        pthread_mutex_destroy(&exchange->inboxes[g].lock);
    }
    sb_memory_free(memory, exchange->inboxes,
                   sizeof *exchange->inboxes * (size_t)exchange->group_count);
    sb_memory_free(memory, exchange->probe_ends,
                   sizeof *exchange->probe_ends * (size_t)exchange->group_count);
    sequencer_deinit(&exchange->sequencer, memory, (size_t)exchange->writer_count);
    sb_watermark_tracker_deinit(&exchange->watermarks);
    pthread_mutex_destroy(&exchange->fence_lock);
    sb_memory_free(memory, exchange->writers, sizeof(void *) * (size_t)exchange->writer_count);
    sb_memory_free(memory, exchange, sizeof *exchange);
}

void sb_job_decompile(struct sb_job *job)
{
    struct sb_memory *memory = job->memory;

    sb_scheduler_destroy(job->scheduler); // joins the workers first
    job->scheduler = NULL;
    for (int32_t s = 0; s < job->stage_count; s++) {
        stage_destroy(job->stages[s]);
    }
    for (int32_t e = 0; e < job->exchange_count; e++) {
        exchange_destroy(job->exchanges[e], memory);
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
