// SPDX-License-Identifier: Apache-2.0
/*
 * job.h - one run of a graph: the stages, their workers, and what they share.
 *
 * The public handle `struct sb_job` is this struct. Life: create, bind, compile (once, by restore
 * or start), start, end, destroy.
 */
#ifndef SABOT_EXEC_JOB_H
#define SABOT_EXEC_JOB_H

#include <pthread.h>

#include <sabot/job.h>

#include "exec/ledger.h"
#include "exec/op.h"
#include "exec/scheduler.h"
#include "exec/split.h"
#include "exec/stage.h"

/* What the outside gave for one node, before compilation. */
struct sb_node_binding {
    struct sb_op_binding op;
    int32_t split_count;
    struct sb_split **splits; // owned
};

struct sb_job {
    const struct sb_graph *graph;
    struct sb_memory *memory;
    struct sb_job_options options; // no zeros left
    sb_op_factory factory;
    struct sb_node_binding *bindings; // by node index

    struct sb_ledger ledger;
    struct sb_scheduler *scheduler;
    struct sb_expr_scratch **scratches; // [worker_count + 1], the last for outside threads
    struct sb_op **ops;                 // by node index; NULL for sources
    int32_t stage_count;
    struct sb_stage **stages; // upstream before downstream
    int32_t exchange_count;
    struct sb_exchange **exchanges;
    int32_t split_run_count;
    struct sb_split_run **split_runs; // sources in graph order, splits as bound

    bool is_compiled;
    bool is_started;
    _Atomic bool is_canceled; // failed or canceled: everything queued is dropped
    _Atomic bool is_draining; // sources end where they are
    _Atomic bool is_paused;   // a barrier is being taken: sources park
    _Atomic int32_t stages_left;

    pthread_mutex_t lock;    // of failure and ended_ns
    struct sb_error failure; // the first cause
    int64_t started_ns;
    int64_t ended_ns;

    pthread_mutex_t park_lock;      // of the two lists
    struct sb_split_run *parked;    // by a barrier
    struct sb_split_run *throttled; // by a budget
    _Atomic int32_t throttled_count;
    _Atomic int64_t backpressure_count;
};

/*
 * job.c. The job draws from `memory`, which it retains; NULL = memory of its own, with the limit
 * that the options say. `factory` makes the operators.
 */
SB_MUST_CHECK enum sb_status sb_job_alloc(const struct sb_graph *graph,
                                          const struct sb_job_options *options,
                                          struct sb_memory *memory, sb_op_factory factory,
                                          struct sb_job **out, struct sb_error *err);
/* Takes `split`. `*index` may be NULL. */
SB_MUST_CHECK enum sb_status sb_job_bind_split(struct sb_job *job, const struct sb_node *node,
                                               struct sb_split *split, int32_t *index,
                                               struct sb_error *err);
/* The node with this id, of this type (or any: -1), before the start. */
SB_MUST_CHECK enum sb_status sb_job_bindable(const struct sb_job *job, const char *operator_id,
                                             int type, struct sb_node **out, struct sb_error *err);
void sb_job_fail(struct sb_job *job, const struct sb_error *error);
/* What the job has failed with, or SB_OK. */
SB_MUST_CHECK enum sb_status sb_job_failure(struct sb_job *job, struct sb_error *err);
bool sb_job_is_over(const struct sb_job *job);
void sb_job_unthrottle(struct sb_job *job);
void sb_job_unpark(struct sb_job *job);

/* compile.c. A compilation that fails leaves the job as it was: it can be tried again. */
SB_MUST_CHECK enum sb_status sb_job_compile(struct sb_job *job, struct sb_error *err);
void sb_job_decompile(struct sb_job *job);

/* source.c: stages nobody downstream wants rows from stop their sources. */
void sb_job_close_unwanted(struct sb_job *job);

#endif
