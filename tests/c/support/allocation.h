// SPDX-License-Identifier: Apache-2.0
/*
 * allocation.h - running a test body with each of its allocations refused in turn.
 *
 * Every C test does it, here or by what it is written in: plan/graphs.h, expr/expressions.h,
 * support/job_attempt.h. The few that draw no memory stand in tools/check_tree.py, with the reason.
 */
#ifndef SABOT_SUPPORT_ALLOCATION_H
#define SABOT_SUPPORT_ALLOCATION_H

#include "base/error.h"
#include "base/memory.h"

/*
 * What is tried: draws everything from `memory`, frees everything, and returns the first status
 * that is not SB_OK. Checks of results belong where every step has succeeded. It may use threads
 * that end within it; then the number of allocations may differ from run to run.
 */
typedef enum sb_status (*test_attempt)(struct sb_memory *memory, void *context);

/*
 * Runs `attempt` once with all memory it wants, which must give SB_OK; with the first, second, ...
 * allocation refused, which must give SB_NO_MEMORY and leave nothing; and, past the last one, with
 * all it wants again.
 */
void test_allocations(test_attempt attempt, void *context);

/* The same for code that draws from sb_memory_global(), which `attempt` is given. */
void test_global_allocations(test_attempt attempt, void *context);

/* The same for what jansson allocates while one thread works with JSON: each is refused in turn. */
void test_json_allocations(test_attempt attempt, void *context);

/*
 * The middle part alone, for attempts that keep what they make or that fail anyway: gives the
 * status of the run that nothing was refused to.
 */
SB_MUST_CHECK enum sb_status test_refusals(struct sb_memory *memory, test_attempt attempt,
                                           void *context);

#endif
