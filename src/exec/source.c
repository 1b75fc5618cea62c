// SPDX-License-Identifier: Apache-2.0
/*
 * source.c - splits as tasks: take a morsel, put the token back for others, carry the morsel.
 *
 * The token of a split is its task. It is in a run queue, at work, waiting for the split's wake, or
 * parked: by a barrier, or because an exchange downstream is over its budget. That is all the
 * back-pressure there is.
 */
#include "exec/job.h"
#include "exec/stage.h"

static struct sb_job *split_run_job(const struct sb_split_run *split_run)
{
    return split_run->stage->job;
}

static void split_run_submit(struct sb_split_run *split_run, int32_t worker_index)
{
    sb_scheduler_submit(split_run_job(split_run)->scheduler, &split_run->task, worker_index);
}

static void split_run_finish(struct sb_split_run *split_run, int32_t worker_index)
{
    struct sb_stage *stage = split_run->stage;

    if (split_run->split->vtable->stop != NULL) {
        split_run->split->vtable->stop(split_run->split);
    }
    atomic_store(&split_run->is_done, true);
    sb_stage_observe_watermark(stage, split_run->channel, SB_WATERMARK_END);
    sb_stage_settle(stage, 1, worker_index);
}

static bool stage_is_over_budget(const struct sb_stage *stage)
{
    for (int32_t i = 0; i < stage->reach_count; i++) {
        struct sb_exchange *exchange = stage->reach[i];

        // What a closed gate holds back cannot drain; waiting for it could wait for ever.
        if (exchange->kind != SB_EXCHANGE_SPOOL && atomic_load(&exchange->stage->gate_count) == 0 &&
            atomic_load(&exchange->bytes) > exchange->limit_bytes) {
            return true;
        }
    }
    return false;
}

void sb_job_unthrottle(struct sb_job *job)
{
    struct sb_split_run *list;

    pthread_mutex_lock(&job->park_lock);
    list = job->throttled;
    job->throttled = NULL;
    atomic_store(&job->throttled_count, 0);
    pthread_mutex_unlock(&job->park_lock);
    while (list != NULL) {
        struct sb_split_run *next = list->parked_next;
        split_run_submit(list, SB_WORKER_NONE);
        list = next;
    }
}

void sb_job_unpark(struct sb_job *job)
{
    struct sb_split_run *list;

    pthread_mutex_lock(&job->park_lock);
    atomic_store(&job->is_paused, false);
    list = job->parked;
    job->parked = NULL;
    pthread_mutex_unlock(&job->park_lock);
    while (list != NULL) {
        struct sb_split_run *next = list->parked_next;
        split_run_submit(list, SB_WORKER_NONE);
        list = next;
    }
}

static bool split_run_park(struct sb_split_run *split_run)
{
    struct sb_job *job = split_run_job(split_run);
    bool is_parked = false;

    pthread_mutex_lock(&job->park_lock);
    if (atomic_load(&job->is_paused)) {
        split_run->parked_next = job->parked;
        job->parked = split_run;
        is_parked = true;
    }
    pthread_mutex_unlock(&job->park_lock);
    return is_parked;
}

static void split_run_throttle(struct sb_split_run *split_run)
{
    struct sb_job *job = split_run_job(split_run);
    struct sb_stage *stage = split_run->stage;

    atomic_fetch_add(&job->backpressure_count, 1);
    pthread_mutex_lock(&job->park_lock);
    split_run->parked_next = job->throttled;
    job->throttled = split_run;
    atomic_fetch_add(&job->throttled_count, 1);
    pthread_mutex_unlock(&job->park_lock);
    // The exchange may have drained before the split stood on the list.
    if (!stage_is_over_budget(stage) || atomic_load(&job->is_canceled)) {
        sb_job_unthrottle(job);
    }
}

void sb_split_run_wake(struct sb_split *split)
{
    split_run_submit(split->run, SB_WORKER_NONE);
}

enum {
    MORSEL_ROWS_MAX = 65536,
    MORSEL_GROWTH = 4,     // from one run to the next
    RUNS_PER_EXCHANGE = 8, // what a run sends should fit an exchange's budget so many times
};

/*
 * A run cannot pause, and its rows wait at an exchange until it ends. So where each row may become
 * very many, morsels begin small and grow while what the runs send stays within bounds.
 */
static void stage_note_run(struct sb_stage *stage, int64_t row_count, int64_t sent_bytes)
{
    int64_t bytes_max = stage->job->options.exchange_limit_bytes / RUNS_PER_EXCHANGE;
    int64_t rows = atomic_load_explicit(&stage->morsel_rows, memory_order_relaxed);
    int64_t row_bytes = sent_bytes / row_count;

    if (rows == 0) {
        return;
    }
    rows = rows * MORSEL_GROWTH < MORSEL_ROWS_MAX ? rows * MORSEL_GROWTH : MORSEL_ROWS_MAX;
    if (row_bytes > 0 && rows > bytes_max / row_bytes) {
        rows = bytes_max / row_bytes;
    }
    atomic_store_explicit(&stage->morsel_rows, rows > 0 ? rows : 1, memory_order_relaxed);
}

/* Rows of a morsel: about half a mebibyte, within what L2 holds beside the operators' state. */
static int64_t split_run_morsel_rows(const struct sb_split_run *split_run)
{
    const struct sb_schema *schema = split_run->node->delivered;
    int64_t fixed = split_run_job(split_run)->options.morsel_rows_max;
    int64_t bound = atomic_load_explicit(&split_run->stage->morsel_rows, memory_order_relaxed);
    int64_t width = 0;
    int64_t rows;

    if (fixed > 0) {
        return bound > 0 && bound < fixed ? bound : fixed;
    }
    for (int32_t i = 0; i < schema->field_count; i++) {
        int32_t bytes = sb_type_width(schema->fields[i].type.id);
        width += bytes > 0 ? bytes : 16;
    }
    rows = 512 * 1024 / (width > 0 ? width : 8);
    rows = rows < 4096 ? 4096 : rows > MORSEL_ROWS_MAX ? MORSEL_ROWS_MAX : rows;
    return bound > 0 && bound < rows ? bound : rows;
}

static int64_t unit_us(const struct sb_type *type, int64_t value)
{
    switch (type->id == SB_TYPE_TIMESTAMP ? (int)type->unit
            : type->id == SB_TYPE_DATE32  ? -1
                                          : SB_UNIT_MILLI) {
    case SB_UNIT_SECOND:
        return value * 1000000;
    case SB_UNIT_MILLI:
        return value * 1000;
    case SB_UNIT_MICRO:
        return value;
    case SB_UNIT_NANO:
        return value / 1000 - (value % 1000 < 0);
    default:
        return value * INT64_C(86400000000); // days
    }
}

/* The largest event time of a dense batch, or SB_WATERMARK_NONE. */
static int64_t batch_time_max_us(const struct sb_batch *batch, int32_t column_index)
{
    const struct sb_column *column = &batch->columns[column_index];
    int32_t width = sb_type_width(column->type->id);
    const void *values = sb_column_fixed(column, width);
    int64_t largest = INT64_MIN;

    for (int64_t i = 0; i < batch->row_count; i++) {
        if (!sb_column_is_null(column, i)) {
            int64_t value =
                width == 4 ? ((const int32_t *)values)[i] : ((const int64_t *)values)[i];
            largest = value > largest ? value : largest;
        }
    }
    return largest == INT64_MIN ? SB_WATERMARK_NONE : unit_us(column->type, largest);
}

static void split_run_carry(struct sb_split_run *split_run, struct sb_batch *batch,
                            int32_t worker_index)
{
    struct sb_stage *stage = split_run->stage;
    const struct sb_source_spec *source = &split_run->node->spec.source;
    bool has_time = source->is_endless && source->timestamp_index >= 0;
    struct sb_generation *generation = NULL;
    int64_t sequence = split_run->sequence++;
    int64_t row_count = batch->row_count;
    int64_t base = atomic_fetch_add(&split_run->row_count, row_count);
    int64_t time_max_us = SB_WATERMARK_NONE;
    struct sb_error err = {0};
    enum sb_status status;
    struct sb_run run;

    atomic_fetch_add(&stage->pending, 1);
    if (has_time) {
        time_max_us = batch_time_max_us(batch, source->timestamp_index);
        generation = sb_stage_join_generation(stage);
        if (time_max_us != SB_WATERMARK_NONE) {
            sb_stage_observe_watermark(stage, split_run->channel,
                                       time_max_us - source->lateness_us);
        }
    }
    split_run_submit(split_run, worker_index); // the next morsel may go to another worker

    pthread_mutex_lock(&stage->slots[worker_index].lock);
    status = sb_run_begin(&run, stage, worker_index, split_run->channel, sequence, &err);
    if (status == SB_OK) {
        run.base = base;
        status = sb_station_push(stage->head, batch, &run, &err);
        if (status == SB_OK) {
            status = sb_run_flush(&run, &err);
        }
        if (row_count > 0) {
            stage_note_run(stage, row_count, run.sent_bytes);
        }
        (void)sb_run_end(&run);
    } else {
        sb_batch_deinit(batch);
    }
    pthread_mutex_unlock(&stage->slots[worker_index].lock);
    if (status != SB_OK) {
        sb_job_fail(stage->job, &err);
    }
    if (generation != NULL) {
        sb_stage_leave_generation(stage, generation, worker_index);
    }
    sb_stage_settle(stage, 1, worker_index);
}

/*
 * Whether the split's rows are not wanted any more. A split that is fed from outside (one that has
 * a stop) has been told to take no more; what it took before is still read when draining.
 */
static bool split_run_is_unwanted(const struct sb_split_run *split_run)
{
    const struct sb_job *job = split_run->stage->job;
    bool is_fed = split_run->split->vtable->stop != NULL;

    return atomic_load(&job->is_canceled) || atomic_load(&split_run->is_stopped) ||
           (atomic_load(&job->is_draining) && !is_fed);
}

/* Rows that the split has passed over are in the ledger of its source. */
static void split_run_account(struct sb_split_run *split_run, int32_t worker_index)
{
    struct sb_job *job = split_run_job(split_run);
    struct sb_ledger_page *page =
        sb_ledger_page(&job->ledger, worker_index, split_run->node->index);
    const int64_t count = split_run->split->failed_count;

    if (count > 0) {
        split_run->split->failed_count = 0;
        sb_ledger_add(&page->rows_in, count);
        sb_ledger_add(&page->entries[SB_LEDGER_FAILED], count);
    }
}

void sb_split_run_task(struct sb_task *task, int32_t worker_index)
{
    struct sb_split_run *split_run = (struct sb_split_run *)task;
    struct sb_job *job = split_run_job(split_run);
    enum sb_split_state state = SB_SPLIT_END;
    struct sb_error err = {0};
    struct sb_batch batch;

    if (split_run_is_unwanted(split_run)) {
        split_run_finish(split_run, worker_index);
        return;
    }
    if (atomic_load(&job->is_paused) && split_run_park(split_run)) {
        return;
    }
    if (stage_is_over_budget(split_run->stage)) {
        split_run_throttle(split_run);
        return;
    }
    if (split_run->split->vtable->next(split_run->split, split_run_morsel_rows(split_run), &batch,
                                       &state, &err) != SB_OK) {
        sb_error_prefix(&err, "operator '%s' (source)", split_run->node->name);
        sb_job_fail(job, &err);
        state = SB_SPLIT_END;
    }
    split_run_account(split_run, worker_index);
    switch (state) {
    case SB_SPLIT_BATCH:
        split_run_carry(split_run, &batch, worker_index);
        break;
    case SB_SPLIT_WAIT:
        break;
    case SB_SPLIT_END:
        split_run_finish(split_run, worker_index);
        break;
    }
}

/* Whether any stage still wants rows from this one. */
static bool stage_is_wanted(const struct sb_stage *stage)
{
    if (stage->exchange_count == 0) {
        return true; // a sink, or a build side, which build_is_wanted() judges
    }
    for (int32_t i = 0; i < stage->station_count; i++) {
        const struct sb_op *op = stage->stations[i]->op;
        if (op != NULL && op->node->type == SB_NODE_SINK) {
            return true; // one that takes its rows right here
        }
    }
    for (int32_t i = 0; i < stage->exchange_count; i++) {
        if (!atomic_load(&stage->exchanges[i]->is_closed)) {
            return true;
        }
    }
    return false;
}

/* Whether a build stage feeds a join that anybody still probes. */
static bool build_is_wanted(const struct sb_job *job, const struct sb_stage *build)
{
    for (int32_t s = 0; s < job->stage_count; s++) {
        const struct sb_stage *stage = job->stages[s];
        for (int32_t i = 0; i < stage->probe_count; i++) {
            if (stage->probed[i] == build && stage_is_wanted(stage)) {
                return true;
            }
        }
    }
    return false;
}

void sb_job_close_unwanted(struct sb_job *job)
{
    for (int32_t s = job->stage_count - 1; s >= 0; s--) {
        struct sb_stage *stage = job->stages[s];
        bool is_build = stage->input != NULL && stage->input->op != NULL &&
                        stage->input->op->vtable->placement == SB_OP_KEYED &&
                        stage->input->op->vtable->build_port != SB_NO_PORT;
        bool is_wanted = is_build ? build_is_wanted(job, stage) : stage_is_wanted(stage);

        if (is_wanted) {
            continue;
        }
        if (stage->input != NULL) {
            atomic_store(&stage->input->is_closed, true);
        }
        for (int32_t i = 0; i < stage->split_count; i++) {
            atomic_store(&stage->splits[i]->is_stopped, true);
            if (stage->splits[i]->split->vtable->stop != NULL) {
                stage->splits[i]->split->vtable->stop(stage->splits[i]->split);
            }
        }
    }
    sb_job_unthrottle(job);
}
