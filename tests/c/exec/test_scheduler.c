// SPDX-License-Identifier: Apache-2.0
#include "exec/scheduler.h"

#include <stdatomic.h>

#include "support/allocation.h"
#include "support/test.h"

enum { TASK_COUNT = 1000, TURNS = 20 };

struct counted_task {
    struct sb_task task;
    struct sb_scheduler *scheduler;
    _Atomic int32_t *at_work;
    int32_t turns;
    int32_t order;
};

static _Atomic int32_t finished_count;
static _Atomic int32_t order_count;

static void counted_task_run(struct sb_task *task, int32_t worker_index)
{
    struct counted_task *self = (struct counted_task *)task;

    if (++self->turns < TURNS) {
        sb_scheduler_submit(self->scheduler, task, worker_index);
    } else {
        atomic_fetch_add(&finished_count, 1);
    }
}

static void runs_every_task_each_time_it_is_submitted(void **state)
{
    static struct counted_task tasks[TASK_COUNT];
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_scheduler *scheduler;
    struct sb_error err = {0};

    (void)state;
    for (int32_t workers = 1; workers <= 8; workers *= 2) {
        assert_int_equal(sb_scheduler_create(memory, workers, &scheduler, &err), SB_OK);
        atomic_store(&finished_count, 0);
        assert_int_equal(sb_scheduler_start(scheduler, &err), SB_OK);
        for (int32_t i = 0; i < TASK_COUNT; i++) {
            tasks[i] =
                (struct counted_task){.task = {.run = counted_task_run, .rank = i % SB_RANK_COUNT},
                                      .scheduler = scheduler};
            sb_scheduler_submit(scheduler, &tasks[i].task, SB_WORKER_NONE);
        }
        assert_true(sb_scheduler_wait_idle(scheduler, -1));
        assert_int_equal(atomic_load(&finished_count), TASK_COUNT);
        assert_false(sb_scheduler_is_busy(scheduler));
        sb_scheduler_destroy(scheduler);
        for (int32_t i = 0; i < TASK_COUNT; i++) {
            assert_int_equal(tasks[i].turns, TURNS);
        }
    }
    sb_memory_release(memory);
}

static void ordered_task_run(struct sb_task *task, int32_t worker_index)
{
    (void)worker_index;
    ((struct counted_task *)task)->order = atomic_fetch_add(&order_count, 1);
}

static void takes_the_highest_rank_first_and_equals_in_turn(void **state)
{
    struct counted_task tasks[6] = {0};
    static const int32_t ranks[6] = {0, 5, 3, 5, 0, 15};
    static const int32_t expected[6] = {4, 1, 3, 2, 5, 0};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_scheduler *scheduler;
    struct sb_error err = {0};

    (void)state;
    atomic_store(&order_count, 0);
    assert_int_equal(sb_scheduler_create(memory, 1, &scheduler, &err), SB_OK);
    for (int32_t i = 0; i < 6; i++) { // before the start, so that all are there
        tasks[i].task = (struct sb_task){.run = ordered_task_run, .rank = ranks[i]};
        sb_scheduler_submit(scheduler, &tasks[i].task, 0);
    }
    assert_int_equal(sb_scheduler_start(scheduler, &err), SB_OK);
    assert_true(sb_scheduler_wait_idle(scheduler, -1));
    for (int32_t i = 0; i < 6; i++) {
        assert_int_equal(tasks[i].order, expected[i]);
    }
    sb_scheduler_destroy(scheduler);
    sb_memory_release(memory);
}

static void waits_no_longer_than_asked(void **state)
{
    struct counted_task task = {.task = {.run = ordered_task_run}};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_scheduler *scheduler;
    struct sb_error err = {0};

    (void)state;
    assert_int_equal(sb_scheduler_create(memory, 1, &scheduler, &err), SB_OK);
    sb_scheduler_submit(scheduler, &task.task, SB_WORKER_NONE); // nobody is there to run it
    assert_false(sb_scheduler_wait_idle(scheduler, 0));
    assert_false(sb_scheduler_wait_idle(scheduler, 5));
    sb_scheduler_destroy(scheduler);
    sb_memory_release(memory);
}

static enum sb_status create_attempt(struct sb_memory *memory, void *context)
{
    struct sb_scheduler *scheduler;
    struct sb_error err = {0};
    enum sb_status status = sb_scheduler_create(memory, 3, &scheduler, &err);

    (void)context;
    sb_scheduler_destroy(scheduler);
    return status;
}

static void a_refused_allocation_is_a_status(void **state)
{
    (void)state;
    test_allocations(create_attempt, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(runs_every_task_each_time_it_is_submitted),
        cmocka_unit_test(takes_the_highest_rank_first_and_equals_in_turn),
        cmocka_unit_test(waits_no_longer_than_asked),
        cmocka_unit_test(a_refused_allocation_is_a_status),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
