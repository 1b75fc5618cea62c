// SPDX-License-Identifier: Apache-2.0
/*
 * scheduler.h - worker threads with stealing run queues.
 *
 * A task is embedded in whatever it works on and is queued at most once at a time. Each worker has
 * a queue per rank and takes from the highest rank first (the stage nearest the sink), so memory
 * drains before it fills; a worker with nothing to do steals the same way. Tasks never block.
 */
#ifndef SABOT_EXEC_SCHEDULER_H
#define SABOT_EXEC_SCHEDULER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct sb_task {
    struct sb_task *next; // the queue's
    void (*run)(struct sb_task *task, int32_t worker_index);
    int32_t rank; // 0..SB_RANK_COUNT-1
};

enum {
    SB_RANK_COUNT = 16,
    SB_WORKER_COUNT_MAX = 256,
    SB_WORKER_NONE = -1,
};

struct sb_scheduler;

SB_MUST_CHECK enum sb_status sb_scheduler_create(struct sb_memory *memory, int32_t worker_count,
                                                 struct sb_scheduler **out, struct sb_error *err);

/* Starts the threads; tasks may be submitted before. */
SB_MUST_CHECK enum sb_status sb_scheduler_start(struct sb_scheduler *scheduler,
                                                struct sb_error *err);

/* Joins the threads after the tasks at work; queued tasks are forgotten. NULL is fine. */
void sb_scheduler_destroy(struct sb_scheduler *scheduler);

/* Queues `task`: on the queue of `worker_index`, or of any worker (SB_WORKER_NONE). */
void sb_scheduler_submit(struct sb_scheduler *scheduler, struct sb_task *task,
                         int32_t worker_index);

/* Whether some task is queued or at work. */
bool sb_scheduler_is_busy(const struct sb_scheduler *scheduler);

/* Waits until no task is queued or at work; false when `timeout_ms` passed first (-1 = never). */
bool sb_scheduler_wait_idle(struct sb_scheduler *scheduler, int64_t timeout_ms);

/* Wakes every waiter, to look again at what it waits for. */
void sb_scheduler_notify(struct sb_scheduler *scheduler);

/* Waits until `is_met` (called under the lock of sb_scheduler_notify); false after `timeout_ms`. */
bool sb_scheduler_wait_until(struct sb_scheduler *scheduler, bool (*is_met)(void *context),
                             void *context, int64_t timeout_ms);

#endif
