// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <string.h>

#include "base/error.h"
#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"

static void gives_aligned_zeroed_memory_of_every_size(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena = {.memory = memory};

    (void)state;
    for (size_t size = 0; size < 3000000; size = size * 2 + 1) {
        uint8_t *block = sb_arena_alloc_zeroed(&arena, size);

        assert_non_null(block);
        assert_int_equal((uintptr_t)block % 16, 0);
        for (size_t i = 0; i < size; i++) {
            assert_int_equal(block[i], 0);
        }
        memset(block, 0xff, size);
    }
    assert_true(arena.bytes_used > 4000000);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

static void keeps_what_was_allocated_before(void **state)
{
    enum { COUNT = 2000 };
    struct sb_memory *memory = sb_memory_create(0);
    static uint8_t *blocks[COUNT];
    static size_t sizes[COUNT];
    uint64_t random = test_seed();
    struct sb_arena arena;

    (void)state;
    sb_arena_init(&arena, memory);
    for (int i = 0; i < COUNT; i++) {
        sizes[i] = 1 + (size_t)(test_random(&random) % (i % 50 == 0 ? 40000 : 100));
        blocks[i] = sb_arena_alloc(&arena, sizes[i]);
        memset(blocks[i], i & 0xff, sizes[i]);
    }
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(blocks[i][0], i & 0xff);
        assert_int_equal(blocks[i][sizes[i] - 1], i & 0xff);
    }
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

static void reuses_its_newest_block_after_reset(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena;
    int64_t calls;

    (void)state;
    sb_arena_init(&arena, memory);
    sb_arena_reset(&arena);
    for (int i = 0; i < 1000; i++) {
        assert_non_null(sb_arena_alloc(&arena, 100));
    }
    sb_arena_reset(&arena);
    calls = atomic_load(&memory->call_count);
    for (int i = 0; i < 500; i++) {
        assert_non_null(sb_arena_alloc(&arena, 100));
    }
    assert_int_equal(atomic_load(&memory->call_count), calls);
    assert_true(arena.bytes_used <= 1024 * 1024);
    sb_arena_deinit(&arena);
    sb_arena_deinit(&arena); // an empty one
    sb_memory_release(memory);
}

static void copies_and_formats_text(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena;

    (void)state;
    sb_arena_init(&arena, memory);
    assert_string_equal(sb_arena_copy_string(&arena, "abc"), "abc");
    assert_string_equal(sb_arena_copy_string(&arena, ""), "");
    assert_memory_equal(sb_arena_copy(&arena, "a\0b", 3), "a\0b", 3);
    assert_non_null(sb_arena_copy(&arena, NULL, 0));
    assert_string_equal(sb_arena_format(&arena, "%s=%d", "x", 7), "x=7");
    assert_int_equal(strlen(sb_arena_format(&arena, "%*d", 9000, 1)), 9000);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

/* Appends its digit to the number behind it. */
static int64_t cleaned;

static void clean(void *object)
{
    cleaned = cleaned * 10 + *(int *)object;
}

static void cleans_up_once_in_reverse_order(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena;
    int digits[] = {1, 2, 3};

    sb_arena_init(&arena, memory);
    cleaned = 0;
    assert_true(sb_arena_on_end(&arena, clean, &digits[0]));
    assert_true(sb_arena_on_end(&arena, clean, &digits[1]));
    sb_arena_reset(&arena);
    assert_int_equal(cleaned, 21);
    assert_true(sb_arena_on_end(&arena, clean, &digits[2]));
    sb_arena_deinit(&arena);
    assert_int_equal(cleaned, 213);
    sb_arena_deinit(&arena);
    assert_int_equal(cleaned, 213);
    sb_memory_release(memory);
}

static void refuses_sizes_that_overflow(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena;

    (void)state;
    sb_arena_init(&arena, memory);
    assert_null(sb_arena_alloc(&arena, SIZE_MAX));
    assert_null(sb_arena_alloc(&arena, SIZE_MAX - 64));
    assert_null(sb_arena_alloc(&arena, SIZE_MAX / 4));
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

static enum sb_status arena_use(struct sb_memory *memory, void *context)
{
    enum sb_status status = SB_OK;
    struct sb_arena arena;

    (void)context;
    sb_arena_init(&arena, memory);
    for (size_t size = 1; size < 100000; size *= 3) {
        if (sb_arena_alloc(&arena, size) == NULL || sb_arena_copy_string(&arena, "a") == NULL ||
            sb_arena_format(&arena, "%*d", (int)size, 1) == NULL) {
            status = SB_NO_MEMORY;
        }
    }
    sb_arena_deinit(&arena);
    return status;
}

static void gives_everything_back_when_refused(void **state)
{
    (void)state;
    test_allocations(arena_use, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_zeroed_memory_of_every_size),
        cmocka_unit_test(keeps_what_was_allocated_before),
        cmocka_unit_test(reuses_its_newest_block_after_reset),
        cmocka_unit_test(copies_and_formats_text),
        cmocka_unit_test(cleans_up_once_in_reverse_order),
        cmocka_unit_test(refuses_sizes_that_overflow),
        cmocka_unit_test(gives_everything_back_when_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
