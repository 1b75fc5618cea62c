// SPDX-License-Identifier: Apache-2.0
#include "exec/layout.h"

#include <string.h>

#include "exec/job.h"

enum sb_status sb_layout_alloc(struct sb_job *job, size_t size, void *out, struct sb_error *err)
{
    *(void **)out = sb_memory_alloc_zeroed(job->memory, size);
    return *(void **)out != NULL ? SB_OK : sb_error_no_memory(err, "the plan", (int64_t)size);
}

enum sb_status sb_layout_append(struct sb_job *job, void *array, int32_t *count, void *value,
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

static enum sb_status append_int(struct sb_job *job, int32_t **array, int32_t count, int32_t value,
                                 struct sb_error *err)
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

// --- stations and stages -------------------------------------------------------------------------

enum sb_status sb_station_create(struct sb_stage *stage, struct sb_op *op, int32_t op_index,
                                 int32_t port, struct sb_station **out, struct sb_error *err)
{
    struct sb_job *job = stage->job;
    struct sb_station *station;

    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *station, &station, err));
    station->op = op;
    station->op_index = op_index;
    station->port = port;
    station->stage = stage;
    {
        enum sb_status status =
            sb_layout_append(job, &stage->stations, &stage->station_count, station, err);
        if (status != SB_OK) {
            sb_memory_free(job->memory, station, sizeof *station);
            return status;
        }
    }
    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *station->locals * (size_t)stage->slot_count,
                                  &station->locals, err));
    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *station->has_local * (size_t)stage->slot_count,
                                  &station->has_local, err));
    *out = station;
    return SB_OK;
}

enum sb_status sb_stage_create(struct sb_job *job, struct sb_stage **out, struct sb_error *err)
{
    struct sb_stage *stage;
    enum sb_status status;

    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *stage, &stage, err));
    status = sb_layout_append(job, &job->stages, &job->stage_count, stage, err);
    if (status != SB_OK) {
        sb_memory_free(job->memory, stage, sizeof *stage);
        return status;
    }
    stage->job = job;
    stage->end_task.run = sb_stage_end_task;
    stage->watermark_closed_us = SB_WATERMARK_NONE;
    pthread_mutex_init(&stage->fence_lock, NULL);
    SB_TRY_RETURN(sb_layout_alloc(
        job, sizeof *stage->slots * (size_t)(job->options.worker_count + 1), &stage->slots, err));
    stage->slot_count = job->options.worker_count + 1;
    for (int32_t i = 0; i < stage->slot_count; i++) {
        pthread_mutex_init(&stage->slots[i].lock, NULL);
    }
    *out = stage;
    return SB_OK;
}

enum sb_status sb_station_add_target(struct sb_station *station, struct sb_target target,
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

enum sb_status sb_station_add_outlet(struct sb_station *station, struct sb_exchange *exchange,
                                     struct sb_error *err)
{
    struct sb_stage *stage = station->stage;
    struct sb_target target = {.exchange = exchange};
    int32_t writer;

    SB_TRY_RETURN(sb_exchange_add_writer(exchange, stage, &writer, err));
    while (target.outlet < stage->outlet_count && stage->outlets[target.outlet] != exchange) {
        target.outlet++;
    }
    if (target.outlet == stage->outlet_count) {
        SB_TRY_RETURN(
            append_int(stage->job, &stage->outlet_writers, stage->outlet_count, writer, err));
        SB_TRY_RETURN(
            sb_layout_append(stage->job, &stage->outlets, &stage->outlet_count, exchange, err));
    }
    return sb_station_add_target(station, target, err);
}

struct sb_station *sb_stage_find(struct sb_stage *stage, const struct sb_op *op, int32_t port)
{
    for (int32_t i = 0; i < stage->station_count; i++) {
        if (stage->stations[i]->op == op && stage->stations[i]->port == port) {
            return stage->stations[i];
        }
    }
    return NULL;
}

enum sb_status sb_stage_add_gate(struct sb_stage *stage, struct sb_stage *build,
                                 struct sb_error *err)
{
    for (int32_t i = 0; i < stage->probe_count; i++) {
        if (stage->probed[i] == build) {
            return SB_OK;
        }
    }
    atomic_fetch_add(&stage->gate_count, 1);
    return sb_layout_append(stage->job, &stage->probed, &stage->probe_count, build, err);
}

enum sb_status sb_station_owe_probe_end(struct sb_station *station, struct sb_exchange *build,
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
    SB_TRY_RETURN(sb_layout_alloc(station->stage->job,
                                  sizeof *build->probe_ends * (size_t)build->group_count,
                                  &build->probe_ends, err));
    for (int32_t g = 0; g < build->group_count; g++) {
        build->probe_ends[g].task.run = sb_probe_end_run;
        build->probe_ends[g].group = g;
    }
    return SB_OK;
}

enum sb_status sb_stage_add_reach(struct sb_stage *stage, const struct sb_stage *from,
                                  struct sb_error *err)
{
    for (int32_t i = 0; i < from->exchange_count; i++) {
        bool is_known = false;
        for (int32_t r = 0; r < stage->reach_count; r++) {
            is_known = is_known || stage->reach[r] == from->exchanges[i];
        }
        if (!is_known) {
            SB_TRY_RETURN(sb_layout_append(stage->job, &stage->reach, &stage->reach_count,
                                           from->exchanges[i], err));
            SB_TRY_RETURN(sb_stage_add_reach(stage, from->exchanges[i]->stage, err));
        }
    }
    return SB_OK;
}

// --- exchanges -----------------------------------------------------------------------------------

enum sb_status sb_exchange_create(struct sb_job *job, enum sb_exchange_kind kind, struct sb_op *op,
                                  int32_t group_count, struct sb_exchange **out,
                                  struct sb_error *err)
{
    struct sb_exchange *exchange;
    struct sb_stage *stage;
    enum sb_status status;

    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *exchange, &exchange, err));
    status = sb_layout_append(job, &job->exchanges, &job->exchange_count, exchange, err);
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
    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *exchange->inboxes * (size_t)group_count,
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
    SB_TRY_RETURN(sb_stage_create(job, &stage, err));
    stage->input = exchange;
    stage->channel_count = group_count;
    exchange->stage = stage;
    *out = exchange;
    return SB_OK;
}

enum sb_status sb_exchange_add_writer(struct sb_exchange *exchange, struct sb_stage *stage,
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
    SB_TRY_RETURN(append_int(job, &stage->exchange_writers, stage->exchange_count, *writer, err));
    SB_TRY_RETURN(sb_layout_append(job, &stage->exchanges, &stage->exchange_count, exchange, err));
    return sb_layout_append(job, &exchange->writers, &exchange->writer_count, stage, err);
}

enum sb_status sb_exchange_add_channels(struct sb_exchange *exchange, struct sb_error *err)
{
    struct sb_job *job = exchange->stage->job;
    struct sb_sequencer *sequencer = &exchange->sequencer;
    size_t writers = (size_t)exchange->writer_count;

    SB_TRY_RETURN(
        sb_watermark_tracker_init(&exchange->watermarks, job->memory, exchange->writer_count, err));
    if (exchange->kind == SB_EXCHANGE_SPOOL) {
        SB_TRY_RETURN(sb_layout_alloc(job, sizeof(int32_t) * (writers + 1),
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
    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *sequencer->channel_counts * (writers + 1),
                                  &sequencer->channel_counts, err));
    SB_TRY_RETURN(sb_layout_alloc(job, sizeof *sequencer->channels * (writers + 1),
                                  &sequencer->channels, err));
    sequencer->writer_count = exchange->writer_count;
    for (size_t w = 0; w < writers; w++) {
        int32_t count = exchange->writers[w]->channel_count + 1; // the last is for flushes
        SB_TRY_RETURN(sb_layout_alloc(job, sizeof **sequencer->channels * (size_t)count,
                                      &sequencer->channels[w], err));
        sequencer->channel_counts[w] = count;
    }
    return SB_OK;
}

// --- the end -------------------------------------------------------------------------------------

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

void sb_stage_destroy(struct sb_stage *stage)
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

void sb_exchange_destroy(struct sb_exchange *exchange, struct sb_memory *memory)
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
