// SPDX-License-Identifier: Apache-2.0
/*
 * allocation.h - running a test body with each of its allocations refused in turn.
 */
#ifndef SABOT_SUPPORT_ALLOCATION_H
#define SABOT_SUPPORT_ALLOCATION_H

#include "base/error.h"
#include "base/memory.h"

/*
 * What is tried: draws everything from `memory`, frees everything, and returns the first status
 * that is not SB_OK. Checks of results belong where every step has succeeded.
 */
typedef enum sb_status (*test_attempt)(struct sb_memory *memory, void *context);

/*
 * Runs `attempt` once with all memory it wants, which must give SB_OK, and then with the first,
 * second, ... allocation refused, which must give SB_NO_MEMORY; after each run nothing is left.
 */
void test_allocations(test_attempt attempt, void *context);

/* The same for code that draws from sb_memory_global(), which `attempt` is given. */
void test_global_allocations(test_attempt attempt, void *context);

#endif
