// SPDX-License-Identifier: Apache-2.0
#include "support/allocation.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>

#include "support/test.h"

enum { ALLOCATIONS_MAX = 1000000 };

/* Runs with the allocation `fail_at` refused; says whether it was asked for. */
static bool attempt_once(struct sb_memory *memory, int64_t fail_at, test_attempt attempt,
                         void *context, enum sb_status *status)
{
    int64_t used_before = atomic_load(&memory->used_bytes);
    bool was_refused;

    assert_true(fail_at < ALLOCATIONS_MAX);
    atomic_store(&memory->call_count, 0);
    memory->fail_at = fail_at;
    *status = attempt(memory, context);
    memory->fail_at = 0;
    was_refused = atomic_load(&memory->call_count) >= fail_at;
    if (was_refused && *status != SB_NO_MEMORY) {
        fail_msg("status %d with allocation %" PRId64 " refused", *status, fail_at);
    }
    if (was_refused && atomic_load(&memory->used_bytes) != used_before) {
        fail_msg("%" PRId64 " bytes are left with allocation %" PRId64 " refused",
                 atomic_load(&memory->used_bytes) - used_before, fail_at);
    }
    return was_refused;
}

enum sb_status test_refusals(struct sb_memory *memory, test_attempt attempt, void *context)
{
    enum sb_status status;

    for (int64_t fail_at = 1; attempt_once(memory, fail_at, attempt, context, &status); fail_at++) {
    }
    return status;
}

static void expect_success(struct sb_memory *memory, test_attempt attempt, void *context)
{
    int64_t used_before = atomic_load(&memory->used_bytes);
    enum sb_status status = attempt(memory, context);

    if (status != SB_OK) {
        fail_msg("status %d with all the memory it wants", status);
    }
    assert_int_equal(test_refusals(memory, attempt, context), SB_OK);
    assert_int_equal(atomic_load(&memory->used_bytes), used_before);
}

void test_allocations(test_attempt attempt, void *context)
{
    struct sb_memory *memory = sb_memory_create(0);

    assert_non_null(memory);
    expect_success(memory, attempt, context);
    sb_memory_release(memory);
}

void test_global_allocations(test_attempt attempt, void *context)
{
    expect_success(sb_memory_global(), attempt, context);
}

static long json_calls;
static long json_fail_at;

static void *json_malloc_counted(size_t size)
{
    return ++json_calls == json_fail_at ? NULL : malloc(size);
}

void test_json_allocations(test_attempt attempt, void *context)
{
    struct sb_memory *memory = sb_memory_create(0);
    int64_t used_before = atomic_load(&sb_memory_global()->used_bytes);
    enum sb_status status;

    assert_non_null(memory);
    json_set_alloc_funcs(json_malloc_counted, free);
    json_fail_at = 0;
    do {
        json_fail_at++;
        json_calls = 0;
        status = attempt(memory, context);
        if (status != (json_calls >= json_fail_at ? SB_NO_MEMORY : SB_OK)) {
            fail_msg("status %d with allocation %ld of JSON refused", status, json_fail_at);
        }
        assert_int_equal(atomic_load(&memory->used_bytes), 0);
        assert_int_equal(atomic_load(&sb_memory_global()->used_bytes), used_before);
    } while (status != SB_OK);
    assert_true(json_calls > 0);
    json_set_alloc_funcs(malloc, free);
    sb_memory_release(memory);
}
