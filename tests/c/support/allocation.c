// SPDX-License-Identifier: Apache-2.0
#include "support/allocation.h"

#include <inttypes.h>

#include "support/test.h"

enum { ALLOCATIONS_MAX = 1000000 };

// Returns whether the refused allocation was reached.
static bool attempt_once(struct sb_memory *memory, int64_t fail_at, test_attempt attempt,
                         void *context)
{
    int64_t used_before = atomic_load(&memory->used_bytes);
    enum sb_status status;
    bool was_refused;

    atomic_store(&memory->call_count, 0);
    memory->fail_at = fail_at;
    status = attempt(memory, context);
    memory->fail_at = 0;
    was_refused = fail_at > 0 && atomic_load(&memory->call_count) >= fail_at;
    if (status != (was_refused ? SB_NO_MEMORY : SB_OK)) {
        fail_msg("status %d with allocation %" PRId64 " refused", status, fail_at);
    }
    if (atomic_load(&memory->used_bytes) != used_before) {
        fail_msg("%" PRId64 " bytes are left with allocation %" PRId64 " refused",
                 atomic_load(&memory->used_bytes) - used_before, fail_at);
    }
    return was_refused;
}

void test_allocations(test_attempt attempt, void *context)
{
    int64_t fail_at = 0;
    bool was_refused;

    do {
        struct sb_memory *memory = sb_memory_create(0);

        assert_non_null(memory);
        assert_true(fail_at < ALLOCATIONS_MAX);
        was_refused = attempt_once(memory, fail_at, attempt, context);
        sb_memory_release(memory);
    } while (fail_at++ == 0 || was_refused);
}

void test_global_allocations(test_attempt attempt, void *context)
{
    int64_t fail_at = 0;
    bool was_refused;

    do {
        assert_true(fail_at < ALLOCATIONS_MAX);
        was_refused = attempt_once(sb_memory_global(), fail_at, attempt, context);
    } while (fail_at++ == 0 || was_refused);
}
