// SPDX-License-Identifier: Apache-2.0
/*
 * job.h - a job of other parts than sb_job_create() takes: tests give it memory and operators.
 */
#ifndef SABOT_API_JOB_H
#define SABOT_API_JOB_H

#include "exec/job.h"

/*
 * sb_job_create() that draws everything from `memory`, which the job retains (NULL = memory of its
 * own), and has its operators made by `factory`.
 */
SB_MUST_CHECK enum sb_status sb_job_create_in(const struct sb_graph *graph,
                                              const struct sb_job_options *options,
                                              struct sb_memory *memory, sb_op_factory factory,
                                              struct sb_job **out, struct sb_error *err);

#endif
