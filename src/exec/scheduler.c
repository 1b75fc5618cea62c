// SPDX-License-Identifier: Apache-2.0
#include "exec/scheduler.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

struct run_queue {
    _Alignas(64) pthread_mutex_t lock;
    struct sb_task *first[SB_RANK_COUNT];
    struct sb_task *last[SB_RANK_COUNT];
    uint32_t filled; // bit r: rank r has tasks
};

struct worker {
    struct sb_scheduler *scheduler;
    int32_t index;
    pthread_t thread;
    bool is_started;
};

struct sb_scheduler {
    struct sb_memory *memory;
    int32_t worker_count;
    struct run_queue *queues;
    struct worker *workers;
    _Atomic int32_t next_queue;   // round robin of submissions from outside
    _Atomic int64_t queued_count; // in the queues
    _Atomic int64_t active_count; // in the queues or at work
    _Atomic int32_t sleeper_count;
    _Atomic bool is_stopping;
    pthread_mutex_t lock;    // of the two conditions
    pthread_cond_t work;     // sleepers wait for queued_count > 0
    pthread_cond_t progress; // outsiders wait for idleness or a notify
};

static void queue_push(struct run_queue *queue, struct sb_task *task)
{
    int32_t rank = task->rank;

    task->next = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->first[rank] == NULL) {
        queue->first[rank] = task;
        queue->filled |= 1u << rank;
    } else {
        queue->last[rank]->next = task;
    }
    queue->last[rank] = task;
    pthread_mutex_unlock(&queue->lock);
}

static struct sb_task *queue_pop(struct run_queue *queue)
{
    struct sb_task *task = NULL;

    pthread_mutex_lock(&queue->lock);
    if (queue->filled != 0) {
        int32_t rank = 31 - __builtin_clz(queue->filled);
        task = queue->first[rank];
        queue->first[rank] = task->next;
        if (task->next == NULL) {
            queue->last[rank] = NULL;
            queue->filled &= ~(1u << rank);
        }
    }
    pthread_mutex_unlock(&queue->lock);
    return task;
}

static struct sb_task *worker_find(struct worker *worker)
{
    struct sb_scheduler *scheduler = worker->scheduler;

    for (int32_t i = 0; i < scheduler->worker_count; i++) {
        int32_t victim = (worker->index + i) % scheduler->worker_count;
        struct sb_task *task = queue_pop(&scheduler->queues[victim]);
        if (task != NULL) {
            atomic_fetch_sub(&scheduler->queued_count, 1);
            return task;
        }
    }
    return NULL;
}

static void worker_sleep(struct sb_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    atomic_fetch_add(&scheduler->sleeper_count, 1);
    while (atomic_load(&scheduler->queued_count) == 0 && !atomic_load(&scheduler->is_stopping)) {
        pthread_cond_wait(&scheduler->work, &scheduler->lock);
    }
    atomic_fetch_sub(&scheduler->sleeper_count, 1);
    pthread_mutex_unlock(&scheduler->lock);
}

static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct sb_scheduler *scheduler = worker->scheduler;

    while (!atomic_load(&scheduler->is_stopping)) {
        struct sb_task *task = worker_find(worker);
        if (task == NULL) {
            worker_sleep(scheduler);
            continue;
        }
        task->run(task, worker->index);
        if (atomic_fetch_sub(&scheduler->active_count, 1) == 1) {
            sb_scheduler_notify(scheduler);
        }
    }
    return NULL;
}

enum sb_status sb_scheduler_create(struct sb_memory *memory, int32_t worker_count,
                                   struct sb_scheduler **out, struct sb_error *err)
{
    struct sb_scheduler *scheduler = sb_memory_alloc_zeroed(memory, sizeof *scheduler);
    pthread_condattr_t monotonic;

    sb_assert(worker_count >= 1 && worker_count <= SB_WORKER_COUNT_MAX);
    *out = NULL;
    if (scheduler == NULL) {
        return sb_error_no_memory(err, "the scheduler", (int64_t)sizeof *scheduler);
    }
    scheduler->memory = memory;
    scheduler->worker_count = worker_count;
    scheduler->queues =
        sb_memory_alloc_zeroed(memory, sizeof *scheduler->queues * (size_t)worker_count);
    scheduler->workers =
        sb_memory_alloc_zeroed(memory, sizeof *scheduler->workers * (size_t)worker_count);
    pthread_mutex_init(&scheduler->lock, NULL);
    pthread_cond_init(&scheduler->work, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&scheduler->progress, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (scheduler->queues == NULL || scheduler->workers == NULL) {
        sb_scheduler_destroy(scheduler);
        return sb_error_no_memory(err, "the run queues",
                                  (int64_t)sizeof *scheduler->queues * worker_count);
    }
    for (int32_t i = 0; i < worker_count; i++) {
        pthread_mutex_init(&scheduler->queues[i].lock, NULL);
        scheduler->workers[i].scheduler = scheduler;
        scheduler->workers[i].index = i;
    }
    *out = scheduler;
    return SB_OK;
}

enum sb_status sb_scheduler_start(struct sb_scheduler *scheduler, struct sb_error *err)
{
    for (int32_t i = 0; i < scheduler->worker_count; i++) {
        struct worker *worker = &scheduler->workers[i];
        int code = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (code != 0) {
            return sb_error_set(err, SB_NO_MEMORY, "cannot start worker thread %d of %d: %s", i + 1,
                                scheduler->worker_count, strerror(code));
        }
        worker->is_started = true;
    }
    return SB_OK;
}

void sb_scheduler_destroy(struct sb_scheduler *scheduler)
{
    if (scheduler == NULL) {
        return;
    }
    pthread_mutex_lock(&scheduler->lock);
    atomic_store(&scheduler->is_stopping, true);
    pthread_cond_broadcast(&scheduler->work);
    pthread_mutex_unlock(&scheduler->lock);
    for (int32_t i = 0; scheduler->workers != NULL && i < scheduler->worker_count; i++) {
        if (scheduler->workers[i].is_started) {
            pthread_join(scheduler->workers[i].thread, NULL);
        }
    }
    for (int32_t i = 0;
         scheduler->queues != NULL && scheduler->workers != NULL && i < scheduler->worker_count;
         i++) {
        pthread_mutex_destroy(&scheduler->queues[i].lock);
    }
    pthread_cond_destroy(&scheduler->progress);
    pthread_cond_destroy(&scheduler->work);
    pthread_mutex_destroy(&scheduler->lock);
    sb_memory_free(scheduler->memory, scheduler->workers,
                   sizeof *scheduler->workers * (size_t)scheduler->worker_count);
    sb_memory_free(scheduler->memory, scheduler->queues,
                   sizeof *scheduler->queues * (size_t)scheduler->worker_count);
    sb_memory_free(scheduler->memory, scheduler, sizeof *scheduler);
}

void sb_scheduler_submit(struct sb_scheduler *scheduler, struct sb_task *task, int32_t worker_index)
{
    if (worker_index == SB_WORKER_NONE) {
        int32_t turn = atomic_fetch_add(&scheduler->next_queue, 1);
        worker_index = (turn & INT32_MAX) % scheduler->worker_count;
    }
    atomic_fetch_add(&scheduler->active_count, 1);
    queue_push(&scheduler->queues[worker_index], task);
    atomic_fetch_add(&scheduler->queued_count, 1);
    if (atomic_load(&scheduler->sleeper_count) > 0) {
        pthread_mutex_lock(&scheduler->lock);
        pthread_cond_signal(&scheduler->work);
        pthread_mutex_unlock(&scheduler->lock);
    }
}

bool sb_scheduler_is_busy(const struct sb_scheduler *scheduler)
{
    return atomic_load(&scheduler->active_count) > 0;
}

static bool scheduler_is_idle(void *context)
{
    return !sb_scheduler_is_busy(context);
}

bool sb_scheduler_wait_idle(struct sb_scheduler *scheduler, int64_t timeout_ms)
{
    return sb_scheduler_wait_until(scheduler, scheduler_is_idle, scheduler, timeout_ms);
}

void sb_scheduler_notify(struct sb_scheduler *scheduler)
{
    pthread_mutex_lock(&scheduler->lock);
    pthread_cond_broadcast(&scheduler->progress);
    pthread_mutex_unlock(&scheduler->lock);
}

bool sb_scheduler_wait_until(struct sb_scheduler *scheduler, bool (*is_met)(void *context),
                             void *context, int64_t timeout_ms)
{
    struct timespec deadline;
    bool is_done;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    if (timeout_ms > 0) {
        deadline.tv_sec += timeout_ms / 1000;
        deadline.tv_nsec += timeout_ms % 1000 * 1000000;
        if (deadline.tv_nsec >= 1000000000) {
            deadline.tv_sec++;
            deadline.tv_nsec -= 1000000000;
        }
    }
    pthread_mutex_lock(&scheduler->lock);
    while (!(is_done = is_met(context)) && timeout_ms != 0) {
        if (timeout_ms < 0) {
            pthread_cond_wait(&scheduler->progress, &scheduler->lock);
        } else if (pthread_cond_timedwait(&scheduler->progress, &scheduler->lock, &deadline) ==
                   ETIMEDOUT) {
            is_done = is_met(context);
            break;
        }
    }
    pthread_mutex_unlock(&scheduler->lock);
    return is_done;
}
