// SPDX-License-Identifier: Apache-2.0
#include "base/memory.h"

#include <pthread.h>
#include <string.h>

#include <sabot/library.h>

#include "support/seed.h"
#include "support/test.h"

enum { MIB = 1024 * 1024 };

// Sizes around every boundary the allocator has.
static const size_t sizes[] = {
    0,       1,       63,          64,          65,          4096,        32767,
    32768,   32769,   36864,       36865,       65536,       65536 + 128, 100000,
    MIB,     MIB + 1, 1792 * 1024, 1900 * 1024, 2 * MIB - 1, 2 * MIB,     2 * MIB + 4096,
    3 * MIB, 5 * MIB, 17 * MIB,
};
enum { SIZE_COUNT = sizeof sizes / sizeof sizes[0] };

static bool has_cache(void)
{
#if defined(__SANITIZE_ADDRESS__)
    return false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
    return false;
#endif
#endif
    return true;
}

static void gives_aligned_blocks_of_every_size(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    void *blocks[SIZE_COUNT];

    (void)state;
    for (int i = 0; i < SIZE_COUNT; i++) {
        blocks[i] = sb_memory_alloc(memory, sizes[i]);
        assert_non_null(blocks[i]);
        assert_int_equal((uintptr_t)blocks[i] % SB_MEMORY_ALIGNMENT, 0);
        memset(blocks[i], i + 1, sizes[i]);
    }
    for (int i = 0; i < SIZE_COUNT; i++) { // no two share a byte
        if (sizes[i] > 0) {
            assert_int_equal(*(uint8_t *)blocks[i], i + 1);
            assert_int_equal(((uint8_t *)blocks[i])[sizes[i] - 1], i + 1);
        }
        sb_memory_free(memory, blocks[i], sizes[i]);
    }
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
}

static void counts_what_blocks_really_take(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    int64_t used = 0;

    (void)state;
    for (int i = 0; i < SIZE_COUNT; i++) {
        int64_t block_size = sb_memory_block_size(sizes[i]);
        void *block = sb_memory_alloc(memory, sizes[i]);

        assert_true(block_size >= (int64_t)sizes[i]);
        assert_true(block_size <= (int64_t)(sizes[i] + sizes[i] / 4 + 8192));
        assert_int_equal(atomic_load(&memory->used_bytes), used + block_size);
        sb_memory_free(memory, block, sizes[i]);
    }
    assert_true(atomic_load(&memory->peak_bytes) >= 17 * MIB);
    sb_memory_release(memory);
}

static void refuses_above_the_limit(void **state)
{
    struct sb_memory *memory = sb_memory_create(1024);
    void *first = sb_memory_alloc(memory, 512);
    void *second = sb_memory_alloc(memory, 512);

    (void)state;
    assert_non_null(first);
    assert_non_null(second);
    assert_null(sb_memory_alloc(memory, 1));
    assert_null(sb_memory_realloc(memory, second, 512, 1024));
    sb_memory_free(memory, first, 512);
    first = sb_memory_alloc(memory, 64);
    assert_non_null(first);
    assert_int_equal(atomic_load(&memory->peak_bytes), 1024);
    sb_memory_free(memory, first, 64);
    sb_memory_free(memory, second, 512);
    sb_memory_release(memory);
}

static void refuses_sizes_no_machine_has(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    assert_null(sb_memory_alloc(memory, SIZE_MAX));
    assert_null(sb_memory_alloc(memory, SIZE_MAX / 2));
    assert_null(sb_memory_alloc(memory, (size_t)1 << 50));
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
}

static void refuses_the_call_a_test_names(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    void *block;

    (void)state;
    memory->fail_at = 2;
    block = sb_memory_alloc(memory, 10);
    assert_non_null(block);
    assert_null(sb_memory_alloc(memory, 10));
    block = sb_memory_realloc(memory, block, 10, 100);
    assert_non_null(block);
    assert_int_equal(atomic_load(&memory->call_count), 3);
    sb_memory_free(memory, block, 100);
    sb_memory_release(memory);
}

static void zeroes_blocks_that_were_used_before(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < SIZE_COUNT; i++) {
            uint8_t *block = sb_memory_alloc_zeroed(memory, sizes[i]);

            assert_non_null(block);
            for (size_t j = 0; j < sizes[i]; j += 61) {
                assert_int_equal(block[j], 0);
            }
            memset(block, 0xa5, sizes[i]);
            sb_memory_free(memory, block, sizes[i]);
        }
    }
    sb_memory_release(memory);
}

static void keeps_bytes_when_it_reallocates(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int i = 0; i < SIZE_COUNT; i++) {
        for (int j = 0; j < SIZE_COUNT; j++) {
            size_t kept = sizes[i] < sizes[j] ? sizes[i] : sizes[j];
            uint8_t *block = sb_memory_alloc(memory, sizes[i]);

            if (kept > 0) {
                block[0] = 0x5a;
                block[kept - 1] = 0x5a;
            }
            block = sb_memory_realloc(memory, block, sizes[i], sizes[j]);
            assert_non_null(block);
            if (kept > 0) {
                assert_int_equal(block[0], 0x5a);
                assert_int_equal(block[kept - 1], 0x5a);
                block[sizes[j] - 1] = 0x11;
            }
            sb_memory_free(memory, block, sizes[j]);
        }
    }
    sb_memory_release(memory);
}

static void reallocates_nothing_as_an_allocation(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    void *block = sb_memory_realloc(memory, NULL, 0, 100);

    (void)state;
    assert_non_null(block);
    sb_memory_free(memory, block, 100);
    sb_memory_free(memory, NULL, 100);
    sb_memory_release(memory);
}

static void recycles_large_blocks(void **state)
{
    struct sb_memory *memory;
    int64_t cached;

    (void)state;
    if (!has_cache()) {
        skip();
    }
    memory = sb_memory_create(0);
    for (int i = 0; i < SIZE_COUNT; i++) {
        if (sizes[i] >= SB_MEMORY_LARGE) {
            void *first = sb_memory_alloc(memory, sizes[i]);
            void *second;

            sb_memory_free(memory, first, sizes[i]);
            cached = sb_memory_cached_bytes();
            second = sb_memory_alloc(memory, sizes[i]);
            assert_ptr_equal(first, second);
            assert_int_equal(sb_memory_cached_bytes(), cached);
            sb_memory_free(memory, second, sizes[i]);
        }
    }
    sb_memory_release(memory);
}

static void gives_everything_back_when_trimmed(void **state)
{
    enum { BLOCK_COUNT = 300 };
    struct sb_memory *memory = sb_memory_create(0);
    static void *blocks[BLOCK_COUNT];
    static size_t block_sizes[BLOCK_COUNT];
    uint64_t random = test_seed();

    (void)state;
    sb_memory_trim();
    assert_int_equal(sb_memory_cached_bytes(), 0);
    for (int i = 0; i < BLOCK_COUNT; i++) {
        block_sizes[i] = SB_MEMORY_LARGE + (size_t)(test_random(&random) % (3 * MIB));
        blocks[i] = sb_memory_alloc(memory, block_sizes[i]);
        assert_non_null(blocks[i]);
        *(uint8_t *)blocks[i] = (uint8_t)i;
    }
    for (int i = 0; i < BLOCK_COUNT; i += 2) {
        sb_memory_free(memory, blocks[i], block_sizes[i]);
    }
    sb_memory_trim(); // takes nothing that is in use
    for (int i = 1; i < BLOCK_COUNT; i += 2) {
        assert_int_equal(*(uint8_t *)blocks[i], (uint8_t)i);
        sb_memory_free(memory, blocks[i], block_sizes[i]);
    }
    sb_memory_trim();
    assert_int_equal(sb_memory_cached_bytes(), 0);
    sb_memory_release(memory);
}

enum { THREAD_COUNT = 4, THREAD_ROUNDS = 300, THREAD_BLOCKS = 16 };

static void *churn(void *argument)
{
    struct sb_memory *memory = argument;
    uint64_t random = (uint64_t)(uintptr_t)&random;
    uint8_t *blocks[THREAD_BLOCKS] = {NULL};
    size_t block_sizes[THREAD_BLOCKS] = {0};

    for (int round = 0; round < THREAD_ROUNDS; round++) {
        int i = (int)(test_random(&random) % THREAD_BLOCKS);
        size_t size = sizes[test_random(&random) % (SIZE_COUNT - 1)] + 1;

        if (blocks[i] != NULL && blocks[i][0] != (uint8_t)(uintptr_t)&random) {
            return "another thread wrote to a block in use";
        }
        sb_memory_free(memory, blocks[i], block_sizes[i]);
        blocks[i] = sb_memory_alloc(memory, size);
        block_sizes[i] = size;
        if (blocks[i] == NULL) {
            return "an allocation was refused";
        }
        blocks[i][0] = (uint8_t)(uintptr_t)&random;
        blocks[i][size - 1] = blocks[i][0];
        if (round % 100 == 99) {
            sb_memory_trim();
        }
    }
    for (int i = 0; i < THREAD_BLOCKS; i++) {
        sb_memory_free(memory, blocks[i], block_sizes[i]);
    }
    return NULL;
}

static void serves_threads_at_once(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    pthread_t threads[THREAD_COUNT];

    (void)state;
    for (int i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, churn, memory), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *failure;

        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
}

enum { SMALL_COUNT = 20000, SMALL_SIZE = 1000 };

// Allocates and frees many small blocks, then ends.
static void *small_blocks_use(void *argument)
{
    static void *blocks[SMALL_COUNT];
    struct sb_memory *memory = argument;

    for (int i = 0; i < SMALL_COUNT; i++) {
        blocks[i] = sb_memory_alloc(memory, SMALL_SIZE);
        if (blocks[i] == NULL) {
            return "an allocation was refused";
        }
    }
    for (int i = 0; i < SMALL_COUNT; i++) {
        sb_memory_free(memory, blocks[i], SMALL_SIZE);
    }
    return NULL;
}

static void in_another_thread(void *(*function)(void *argument), void *argument)
{
    pthread_t thread;
    void *failure;

    assert_int_equal(pthread_create(&thread, NULL, function, argument), 0);
    pthread_join(thread, &failure);
    assert_null(failure);
}

static void keeps_few_small_blocks_in_a_thread(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    int64_t cached;

    (void)state;
    sb_memory_trim();
    assert_null(small_blocks_use(memory)); // in this thread, which goes on living
    cached = sb_memory_cached_bytes();
    in_another_thread(small_blocks_use, memory);
    assert_int_equal(sb_memory_cached_bytes(), cached); // it found the same blocks
    sb_memory_trim();
    assert_int_equal(sb_memory_cached_bytes(), 0); // nothing was left behind by its end
    sb_memory_release(memory);
}

static void *blocks[THREAD_BLOCKS]; // made in one thread, freed in another

static void *small_blocks_make(void *argument)
{
    for (int i = 0; i < THREAD_BLOCKS; i++) {
        blocks[i] = sb_memory_alloc(argument, SMALL_SIZE);
    }
    return NULL;
}

static void *small_blocks_free(void *argument)
{
    for (int i = 0; i < THREAD_BLOCKS; i++) {
        sb_memory_free(argument, blocks[i], SMALL_SIZE);
    }
    return NULL;
}

static void frees_what_another_thread_allocated(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    in_another_thread(small_blocks_make, memory);
    in_another_thread(small_blocks_free, memory); // a thread that only frees
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_trim();
    assert_int_equal(sb_memory_cached_bytes(), 0);
    sb_memory_release(memory);
}

static void lives_until_the_last_release(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    assert_ptr_equal(sb_memory_retain(memory), memory);
    sb_memory_release(memory);
    assert_int_equal(atomic_load(&memory->used_bytes), 0);
    sb_memory_release(memory);
    sb_memory_release(NULL);
    assert_ptr_equal(sb_memory_global(), sb_memory_global());
}

static void knows_the_memory_of_the_machine(void **state)
{
    (void)state;
    assert_true(sb_memory_machine_bytes() > 16 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_aligned_blocks_of_every_size),
        cmocka_unit_test(counts_what_blocks_really_take),
        cmocka_unit_test(refuses_above_the_limit),
        cmocka_unit_test(refuses_sizes_no_machine_has),
        cmocka_unit_test(refuses_the_call_a_test_names),
        cmocka_unit_test(zeroes_blocks_that_were_used_before),
        cmocka_unit_test(keeps_bytes_when_it_reallocates),
        cmocka_unit_test(reallocates_nothing_as_an_allocation),
        cmocka_unit_test(recycles_large_blocks),
        cmocka_unit_test(gives_everything_back_when_trimmed),
        cmocka_unit_test(serves_threads_at_once),
        cmocka_unit_test(keeps_few_small_blocks_in_a_thread),
        cmocka_unit_test(frees_what_another_thread_allocated),
        cmocka_unit_test(lives_until_the_last_release),
        cmocka_unit_test(knows_the_memory_of_the_machine),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
