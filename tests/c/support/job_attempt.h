// SPDX-License-Identifier: Apache-2.0
/*
 * job_attempt.h - whole jobs with each of their allocations refused in turn.
 *
 * Rows of such a job are few: each of its allocations costs a run. Workers are threads, so which
 * allocation is the n-th differs from run to run, and the last run is the first that asks for fewer
 * than n.
 */
#ifndef SABOT_SUPPORT_JOB_ATTEMPT_H
#define SABOT_SUPPORT_JOB_ATTEMPT_H

#include "api/job.h"
#include "support/allocation.h"

struct test_job_attempt {
    const struct sb_graph *graph;
    struct sb_job_options options;
    const char *sink;      // NULL = nothing is collected
    bool is_moved;         // by a snapshot after the start
    sb_op_factory factory; // NULL = sb_op_create
    enum sb_status (*bind)(struct sb_job *job, struct sb_error *err, // before the start; NULL =
                           void *context);                           // there is nothing to bind
    void *context;
};

/*
 * Each run gives SB_NO_MEMORY, or the rows of a run that nothing was refused to, in any order; the
 * ledger balances, nothing leaks. A snapshot that is refused leaves a job that fails or gives its
 * rows. What refuses a job is said in its error.
 */
void test_job_allocations(const struct test_job_attempt *attempt);

/* The same graph over few rows: no source generates more than `rows`, or values above `high`. */
char *test_graph_json_shrink(const char *json, int64_t rows, int64_t high);

#endif
