// SPDX-License-Identifier: Apache-2.0
#include "columnar/buffer.h"

#include <pthread.h>
#include <string.h>

#include "support/allocation.h"
#include "support/test.h"

static struct sb_buffer *buffer_make(struct sb_memory *memory, int64_t size)
{
    struct sb_buffer *buffer;

    assert_int_equal(sb_buffer_create(memory, size, &buffer, NULL), SB_OK);
    return buffer;
}

static void is_aligned_and_readable_past_its_end(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int64_t size = 0; size < 5000000; size = size * 3 + 1) {
        struct sb_buffer *buffer = buffer_make(memory, size);

        assert_int_equal((uintptr_t)buffer->data % 64, 0);
        assert_int_equal(buffer->size, size);
        memset(buffer->data, 1, (size_t)size);
        for (int i = 0; i < 64; i++) {
            assert_int_equal(buffer->data[size + i], 0);
        }
        sb_buffer_release(buffer);
    }
    sb_memory_release(memory);
}

static void foreign_released(struct sb_buffer *self)
{
    ++*(int *)self->foreign;
}

static void releases_what_is_foreign_once(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_buffer *buffer;
    int release_count = 0;

    (void)state;
    assert_int_equal(
        sb_buffer_create_foreign(memory, &release_count, foreign_released, &buffer, NULL), SB_OK);
    assert_ptr_equal(sb_buffer_retain(buffer), buffer);
    sb_buffer_release(buffer);
    assert_int_equal(release_count, 0);
    sb_buffer_release(buffer);
    assert_int_equal(release_count, 1);
    sb_memory_release(memory);
}

static void does_nothing_without_a_buffer(void **state)
{
    (void)state;
    assert_null(sb_buffer_retain(NULL));
    sb_buffer_release(NULL);
}

static void keeps_others_alive_in_any_order(void **state)
{
    static const int orders[][3] = {
        {0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0},
    };
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof orders[0]; i++) {
        struct sb_buffer *values = buffer_make(memory, 10);
        struct sb_buffer *shared;
        struct sb_buffer *others[3] = {buffer_make(memory, 10), buffer_make(memory, 10), NULL};
        int release_count = 0;

        assert_int_equal(
            sb_buffer_create_foreign(memory, &release_count, foreign_released, &shared, NULL),
            SB_OK);
        others[2] = sb_buffer_retain(shared);
        for (int j = 0; j < 3; j++) {
            sb_buffer_keep(values, others[orders[i][j]]);
        }
        sb_buffer_keep(values, NULL);
        sb_buffer_release(shared);
        assert_int_equal(release_count, 0);
        sb_buffer_release(values);
        assert_int_equal(release_count, 1);
        assert_int_equal(atomic_load(&memory->used_bytes), 0);
    }
    sb_memory_release(memory);
}

static void lets_long_chains_go_without_a_deep_stack(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_buffer *newest = buffer_make(memory, 0);

    (void)state;
    for (int i = 0; i < 200000; i++) {
        struct sb_buffer *buffer = buffer_make(memory, 0);

        sb_buffer_keep(buffer, newest);
        newest = buffer;
    }
    sb_buffer_release(newest);
    sb_memory_release(memory);
}

enum { THREAD_COUNT = 4, THREAD_ROUNDS = 20000 };

static void *retain_and_release(void *argument)
{
    struct sb_buffer *buffer = argument; // one reference is this thread's

    for (int i = 0; i < THREAD_ROUNDS; i++) {
        sb_buffer_retain(buffer);
        if (buffer->data[i % 16] != 7) {
            return "the bytes changed";
        }
        sb_buffer_release(buffer);
    }
    sb_buffer_release(buffer);
    return NULL;
}

static void is_counted_across_threads(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_buffer *buffer = buffer_make(memory, 16);
    pthread_t threads[THREAD_COUNT];

    (void)state;
    memset(buffer->data, 7, 16);
    for (int i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(
            pthread_create(&threads[i], NULL, retain_and_release, sb_buffer_retain(buffer)), 0);
    }
    sb_buffer_release(buffer);
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *failure;

        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
    sb_memory_release(memory); // asserts that the last of them freed it
}

static enum sb_status buffers_create(struct sb_memory *memory, void *context)
{
    struct sb_buffer *buffer;
    struct sb_buffer *foreign;
    enum sb_status status;

    SB_TRY_RETURN(sb_buffer_create(memory, 100000, &buffer, NULL));
    status = sb_buffer_create_foreign(memory, context, foreign_released, &foreign, NULL);
    sb_buffer_release(buffer);
    SB_TRY_RETURN(status);
    sb_buffer_release(foreign);
    return SB_OK;
}

static void survives_refused_memory(void **state)
{
    int release_count = 0;

    (void)state;
    test_allocations(buffers_create, &release_count);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_aligned_and_readable_past_its_end),
        cmocka_unit_test(releases_what_is_foreign_once),
        cmocka_unit_test(does_nothing_without_a_buffer),
        cmocka_unit_test(keeps_others_alive_in_any_order),
        cmocka_unit_test(lets_long_chains_go_without_a_deep_stack),
        cmocka_unit_test(is_counted_across_threads),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
