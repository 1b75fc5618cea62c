// SPDX-License-Identifier: Apache-2.0
/*
 * fence.c - how watermarks and the end pass through a stage.
 *
 * A fence says: every row before me has been applied here. The end is the moment `pending` reaches
 * zero for the last time. A watermark closes a generation of runs and is passed on when that
 * generation, and all before it, have finished. (The third fence, the barrier, stops the world for
 * a moment and is taken by barrier.c.)
 */
#include "base/clock.h"
#include "exec/job.h"
#include "exec/stage.h"

enum { WATERMARK_INTERVAL_NS = 1000000 };

void sb_stage_settle(struct sb_stage *stage, int64_t count, int32_t worker_index)
{
    int64_t left = atomic_fetch_sub(&stage->pending, count) - count;

    sb_assert(left >= 0);
    if (left == 0) {
        sb_stage_check(stage, worker_index);
    }
}

/*
 * Moves to `to` if nobody else did. On success the caller holds one count of `pending`, so that the
 * stage cannot move on before the caller settles it.
 */
static bool stage_advance(struct sb_stage *stage, int32_t from, int32_t to, int32_t worker_index)
{
    int32_t expected = from;

    atomic_fetch_add(&stage->pending, 1);
    if (atomic_compare_exchange_strong(&stage->phase, &expected, to)) {
        return true;
    }
    sb_stage_settle(stage, 1, worker_index);
    return false;
}

static void stage_done(struct sb_stage *stage, int32_t worker_index)
{
    struct sb_job *job = stage->job;

    for (int32_t i = 0; i < stage->exchange_count; i++) {
        sb_exchange_post_watermark(stage->exchanges[i], stage->exchange_writers[i],
                                   SB_WATERMARK_END, worker_index);
        sb_stage_settle(stage->exchanges[i]->stage, 1, worker_index);
    }
    for (int32_t s = 0; s < job->stage_count; s++) {
        struct sb_stage *probe = job->stages[s];
        for (int32_t i = 0; i < probe->probe_count; i++) {
            if (probe->probed[i] == stage && atomic_fetch_sub(&probe->gate_count, 1) == 1) {
                sb_stage_start(probe);
            }
        }
    }
    if (atomic_fetch_sub(&job->stages_left, 1) == 1) {
        pthread_mutex_lock(&job->lock);
        job->ended_ns = sb_clock_now_ns();
        pthread_mutex_unlock(&job->lock);
        sb_scheduler_notify(job->scheduler);
    }
}

/* Whose queue a task goes to; `worker_index` may be that of an outside thread. */
static int32_t submitter(const struct sb_stage *stage, int32_t worker_index)
{
    return worker_index < stage->job->options.worker_count ? worker_index : SB_WORKER_NONE;
}

static bool stage_owes_probe_end(const struct sb_stage *stage)
{
    for (int32_t i = atomic_load(&stage->probe_end_index); i < stage->station_count; i++) {
        if (stage->stations[i]->build != NULL) {
            return true;
        }
    }
    return false;
}

/*
 * The next join that is probed here and owes something: when this stage is the last to probe it,
 * its groups are put to work. A join further down the same stage has its turn when they are done,
 * since they feed it. Only the thread that moved the stage to probing is here.
 */
static void stage_end_probe(struct sb_stage *stage, int32_t worker_index)
{
    int32_t index = atomic_load(&stage->probe_end_index);
    bool is_at_work = false;

    for (; index < stage->station_count && !is_at_work; index++) {
        struct sb_station *station = stage->stations[index];
        struct sb_exchange *build = station->build;

        if (build == NULL || atomic_fetch_sub(&build->probes_left, 1) > 1 ||
            build->is_probe_ended) {
            continue;
        }
        for (int32_t g = 0; g < build->group_count; g++) {
            struct sb_probe_end *end = &build->probe_ends[g];
            if (build->op->groups[g] != NULL) {
                is_at_work = true;
                end->station = station;
                end->sequence = stage->flush_count++; // nobody flushes now
                end->task.rank = stage->rank;
                atomic_fetch_add(&stage->pending, 1);
                sb_scheduler_submit(stage->job->scheduler, &end->task,
                                    submitter(stage, worker_index));
            }
        }
    }
    atomic_store(&stage->probe_end_index, index);
}

/* One key group's on_probe_end: a run of the probing stage, in its channel of flushes. */
void sb_probe_end_run(struct sb_task *task, int32_t worker_index)
{
    struct sb_probe_end *end = (struct sb_probe_end *)task;
    struct sb_station *station = end->station;
    struct sb_stage *stage = station->stage;
    struct sb_error err = {0};
    enum sb_status status = SB_OK;
    struct sb_op_ctx ctx;
    struct sb_run run;

    if (!atomic_load(&stage->job->is_canceled)) {
        status = sb_run_begin(&run, stage, worker_index, stage->channel_count, end->sequence, &err);
        run.base = end->sequence;
        if (status == SB_OK) {
            int64_t begin_ns = sb_clock_now_ns();
            pthread_mutex_lock(&stage->slots[worker_index].lock);
            sb_op_ctx_init(&ctx, station, &run, &err);
            status = sb_station_fail(station, &run,
                                     station->op->vtable->on_probe_end(
                                         station->op, station->op->groups[end->group], &ctx),
                                     &err);
            if (status == SB_OK) {
                status = sb_run_flush(&run, &err);
            }
            pthread_mutex_unlock(&stage->slots[worker_index].lock);
            sb_ledger_add(
                &sb_ledger_page(&stage->job->ledger, worker_index, station->op_index)->busy_ns,
                sb_clock_now_ns() - begin_ns - run.child_ns);
            (void)sb_run_end(&run);
        }
        if (status != SB_OK) {
            sb_job_fail(stage->job, &err);
        }
    }
    sb_stage_settle(stage, 1, worker_index);
}

/* The phase in which groups are at work again after `phase`: another pass, or the end. */
static enum sb_stage_phase stage_end_phase(const struct sb_stage *stage, int32_t phase)
{
    const struct sb_op *op = stage->input == NULL ? NULL : stage->input->op;
    int32_t next = phase == SB_PHASE_RUNNING ? SB_PHASE_PASS : phase + 1;

    return op != NULL && next - SB_PHASE_PASS < op->vtable->end_pass_count
               ? (enum sb_stage_phase)next
               : SB_PHASE_ENDING;
}

/* Flushed, for the first time or after a probe has ended: the next probe, or the end of all. */
static void stage_leave_flush(struct sb_stage *stage, int32_t phase, int32_t worker_index)
{
    if (!stage_owes_probe_end(stage)) {
        if (stage_advance(stage, phase, SB_PHASE_DONE, worker_index)) {
            stage_done(stage, worker_index);
        }
        return;
    }
    if (stage_advance(stage, phase, phase == SB_PHASE_FLUSHING ? SB_PHASE_PROBING : phase - 1,
                      worker_index)) {
        stage_end_probe(stage, worker_index);
        sb_stage_settle(stage, 1, worker_index);
    }
}

void sb_stage_check(struct sb_stage *stage, int32_t worker_index)
{
    // Before `pending`: who moves the stage on counts what the new phase has to do first, so that
    // a `pending` of zero is never that of an older phase.
    int32_t phase = atomic_load(&stage->phase);

    if (atomic_load(&stage->job->is_canceled) || atomic_load(&stage->pending) != 0 ||
        atomic_load(&stage->gate_count) != 0) {
        return;
    }
    if (phase <= SB_PHASE_PROBING) {
        if ((SB_PHASE_PROBING - phase) % 2 != 0) {
            stage_leave_flush(stage, phase, worker_index);
        } else if (stage_advance(stage, phase, phase - 1, worker_index)) {
            sb_scheduler_submit(stage->job->scheduler, &stage->end_task,
                                submitter(stage, worker_index));
        }
        return;
    }
    switch (phase) {
    default: // RUNNING, or a pass before the end
        if (stage_advance(stage, phase, stage_end_phase(stage, phase), worker_index)) {
            if (stage->input != NULL && !stage->is_restored) {
                sb_exchange_end(stage->input, worker_index);
            }
            sb_stage_settle(stage, 1, worker_index);
        }
        break;
    case SB_PHASE_ENDING:
        if (stage_advance(stage, SB_PHASE_ENDING, SB_PHASE_FLUSHING, worker_index)) {
            sb_scheduler_submit(stage->job->scheduler, &stage->end_task,
                                submitter(stage, worker_index));
        }
        break;
    case SB_PHASE_FLUSHING:
        stage_leave_flush(stage, phase, worker_index);
        break;
    case SB_PHASE_DONE:
        break;
    }
}

void sb_stage_end_task(struct sb_task *task, int32_t worker_index)
{
    struct sb_stage *stage =
        (struct sb_stage *)(void *)((char *)task - offsetof(struct sb_stage, end_task));
    struct sb_error err = {0};

    if (!atomic_load(&stage->job->is_canceled) &&
        ((atomic_load(&stage->probe_end_index) == 0 &&
          sb_stage_finish(stage, worker_index, &err) != SB_OK) ||
         sb_stage_flush(stage, worker_index, &err) != SB_OK)) {
        sb_job_fail(stage->job, &err);
    }
    sb_stage_settle(stage, 1, worker_index);
}

void sb_stage_start(struct sb_stage *stage)
{
    for (int32_t i = 0; i < stage->split_count; i++) {
        if (!atomic_load(&stage->splits[i]->is_done)) {
            sb_scheduler_submit(stage->job->scheduler, &stage->splits[i]->task, SB_WORKER_NONE);
        }
    }
    if (stage->input != NULL) {
        sb_exchange_wake(stage->input);
    }
    sb_stage_check(stage, SB_WORKER_NONE);
}

/* Everything below `watermark_us` has been applied in this stage: tells the next ones. */
void sb_stage_pass_watermark(struct sb_stage *stage, int64_t watermark_us, int32_t worker_index)
{
    struct sb_error err = {0};

    if (atomic_load(&stage->job->is_canceled)) {
        return;
    }
    if (sb_stage_flush(stage, worker_index, &err) != SB_OK) {
        sb_job_fail(stage->job, &err);
        return;
    }
    for (int32_t i = 0; i < stage->exchange_count; i++) {
        sb_exchange_post_watermark(stage->exchanges[i], stage->exchange_writers[i], watermark_us,
                                   worker_index);
    }
}

struct sb_generation *sb_stage_join_generation(struct sb_stage *stage)
{
    struct sb_generation *generation;

    pthread_mutex_lock(&stage->fence_lock);
    generation = &stage->generations[stage->generation_open];
    generation->run_count++;
    pthread_mutex_unlock(&stage->fence_lock);
    return generation;
}

/* Closes the open generation when the watermark has moved and there is a free one. Under
 * fence_lock. */
static void stage_close_generation(struct sb_stage *stage)
{
    int32_t next = (stage->generation_open + 1) % SB_GENERATION_COUNT;
    int64_t now_ns;

    if (stage->watermarks.watermark_us <= stage->watermark_closed_us ||
        stage->watermarks.watermark_us == SB_WATERMARK_END || next == stage->generation_oldest) {
        return;
    }
    now_ns = sb_clock_now_ns();
    if (now_ns < stage->watermark_due_ns) {
        return;
    }
    stage->watermark_due_ns = now_ns + WATERMARK_INTERVAL_NS;
    stage->watermark_closed_us = stage->watermarks.watermark_us;
    stage->generations[stage->generation_open].is_closed = true;
    stage->generations[stage->generation_open].watermark_us = stage->watermark_closed_us;
    stage->generation_open = next;
}

void sb_stage_leave_generation(struct sb_stage *stage, struct sb_generation *generation,
                               int32_t worker_index)
{
    int64_t passed_us = SB_WATERMARK_NONE;

    pthread_mutex_lock(&stage->fence_lock);
    generation->run_count--;
    stage_close_generation(stage);
    if (!stage->is_passing) {
        stage->is_passing = true;
        while (stage->generations[stage->generation_oldest].is_closed &&
               stage->generations[stage->generation_oldest].run_count == 0) {
            struct sb_generation *oldest = &stage->generations[stage->generation_oldest];
            passed_us = oldest->watermark_us;
            oldest->is_closed = false;
            stage->generation_oldest = (stage->generation_oldest + 1) % SB_GENERATION_COUNT;
            pthread_mutex_unlock(&stage->fence_lock);
            sb_stage_pass_watermark(stage, passed_us, worker_index);
            pthread_mutex_lock(&stage->fence_lock);
        }
        stage->is_passing = false;
    }
    pthread_mutex_unlock(&stage->fence_lock);
}

void sb_stage_observe_watermark(struct sb_stage *stage, int32_t channel, int64_t watermark_us)
{
    pthread_mutex_lock(&stage->fence_lock);
    sb_watermark_tracker_update(&stage->watermarks, channel, watermark_us);
    pthread_mutex_unlock(&stage->fence_lock);
}
