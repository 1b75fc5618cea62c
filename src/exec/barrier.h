// SPDX-License-Identifier: Apache-2.0
/*
 * barrier.h - the fence that makes a snapshot: sources stop, the job drains, state is written.
 */
#ifndef SABOT_EXEC_BARRIER_H
#define SABOT_EXEC_BARRIER_H

#include "exec/job.h"
#include "exec/snapshot.h"

/* Before the start, after compiling. */
SB_MUST_CHECK enum sb_status sb_barrier_restore(struct sb_job *job,
                                                const struct sb_snapshot *snapshot,
                                                struct sb_error *err);

/* While the job runs, or after its end. */
SB_MUST_CHECK enum sb_status sb_barrier_take(struct sb_job *job, struct sb_snapshot **out,
                                             struct sb_error *err);

#endif
