// SPDX-License-Identifier: Apache-2.0
#include "columnar/batch.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static const char schema_text[] = "id: int64, name: utf8, tag: utf8_view";
static const char rows_text[] = "0, 'zero', 'a'\n"
                                "1, null, 'a tag that is long'\n"
                                "2, 'two', null\n"
                                "null, 'three', 'd'\n"
                                "4, 'four', 'e'\n";

struct fixture {
    struct sb_memory *memory;
    struct sb_batch batch;
};

static int batch_make(void **state)
{
    static struct fixture fixture;

    fixture.memory = sb_memory_create(0);
    *state = &fixture;
    return test_batch_parse(fixture.memory, schema_text, rows_text, &fixture.batch);
}

// The last release asserts that no byte is left.
static int batch_free(void **state)
{
    struct fixture *fixture = *state;

    sb_batch_deinit(&fixture->batch);
    sb_memory_release(fixture->memory);
    return 0;
}

static void is_empty_when_zeroed(void **state)
{
    struct sb_batch batch = {0};
    struct sb_batch shared;

    (void)state;
    sb_batch_deinit(&batch);
    sb_batch_slice(&batch, 0, 0);
    assert_int_equal(sb_batch_flatten(&batch, NULL), SB_OK);
    assert_int_equal(sb_batch_bytes(&batch), 0);
    assert_int_equal(sb_batch_share(&shared, &batch, NULL), SB_OK);
    sb_batch_deinit(&shared);
}

static void leaves_the_source_of_a_move_empty(void **state)
{
    struct fixture *fixture = *state;
    struct sb_batch moved;

    sb_batch_move(&moved, &fixture->batch);
    assert_null(fixture->batch.schema);
    assert_int_equal(fixture->batch.row_count, 0);
    assert_batch_rows(&moved, rows_text);
    sb_batch_deinit(&moved);
}

static void shares_columns_that_outlive_it(void **state)
{
    static const uint32_t positions[] = {1, 4};
    struct fixture *fixture = *state;
    struct sb_batch shared;

    assert_int_equal(test_batch_select(&fixture->batch, positions, 2), SB_OK);
    assert_int_equal(sb_batch_share(&shared, &fixture->batch, NULL), SB_OK);
    sb_batch_deinit(&fixture->batch);
    assert_batch_rows(&shared, "1, null, 'a tag that is long'\n4, 'four', 'e'\n");
    sb_batch_deinit(&shared);
}

static void slices_without_copying(void **state)
{
    struct fixture *fixture = *state;
    int64_t calls = atomic_load(&fixture->memory->call_count);

    sb_batch_slice(&fixture->batch, 1, 3);
    assert_batch_rows(&fixture->batch, "1, null, 'a tag that is long'\n"
                                       "2, 'two', null\n"
                                       "null, 'three', 'd'\n");
    assert_int_equal(fixture->batch.column_length, 3);
    sb_batch_slice(&fixture->batch, 2, 1);
    assert_batch_rows(&fixture->batch, "null, 'three', 'd'");
    sb_batch_slice(&fixture->batch, 0, 0);
    assert_int_equal(fixture->batch.row_count, 0);
    assert_batch_rows(&fixture->batch, "");
    assert_int_equal(atomic_load(&fixture->memory->call_count), calls);
}

static void slices_a_selection_by_its_rows(void **state)
{
    static const uint32_t positions[] = {0, 2, 3, 4};
    struct fixture *fixture = *state;

    assert_int_equal(test_batch_select(&fixture->batch, positions, 4), SB_OK);
    sb_batch_slice(&fixture->batch, 1, 3);
    sb_batch_slice(&fixture->batch, 0, 2);
    assert_int_equal(sb_batch_rows(&fixture->batch)[0], 2);
    assert_batch_rows(&fixture->batch, "2, 'two', null\nnull, 'three', 'd'\n");
    assert_int_equal(sb_batch_flatten(&fixture->batch, NULL), SB_OK);
    assert_null(sb_batch_rows(&fixture->batch));
    assert_int_equal(fixture->batch.column_length, 2);
    assert_batch_rows(&fixture->batch, "2, 'two', null\nnull, 'three', 'd'\n");
}

static void flattens_every_selection(void **state)
{
    (void)state;
    for (unsigned mask = 0; mask < 32; mask++) {
        struct sb_memory *memory = sb_memory_create(0);
        struct sb_batch batch;
        uint32_t positions[5];
        int64_t count = 0;
        char *before;

        assert_int_equal(test_batch_parse(memory, schema_text, rows_text, &batch), SB_OK);
        for (uint32_t i = 0; i < 5; i++) {
            positions[count] = i;
            count += (mask >> i) & 1;
        }
        assert_int_equal(test_batch_select(&batch, positions, count), SB_OK);
        before = test_batch_text(&batch);
        assert_int_equal(sb_batch_flatten(&batch, NULL), SB_OK);
        assert_null(batch.selection);
        assert_int_equal(batch.column_length, count);
        assert_int_equal(batch.row_count, count);
        assert_batch_rows(&batch, before);
        free(before);
        sb_batch_deinit(&batch);
        sb_memory_release(memory);
    }
}

static void does_not_hold_a_large_column_for_a_few_rows(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    static char rows[100000];
    static const uint32_t positions[] = {5000, 5001, 5002};
    struct sb_batch batch;
    char *to = rows;

    (void)state;
    for (int i = 0; i < 10000; i++) {
        to += sprintf(to, "%d\n", i);
    }
    assert_int_equal(test_batch_parse(memory, "a: int64", rows, &batch), SB_OK);
    assert_int_equal(test_batch_select(&batch, positions, 3), SB_OK);
    assert_int_equal(sb_batch_flatten(&batch, NULL), SB_OK);
    assert_batch_rows(&batch, "5000\n5001\n5002\n");
    assert_true(atomic_load(&memory->used_bytes) < 16384);
    sb_batch_deinit(&batch);
    sb_memory_release(memory);
}

static void counts_the_bytes_of_rows_that_exist(void **state)
{
    static const uint32_t positions[] = {0, 3};
    struct fixture *fixture = *state;
    int64_t all = sb_batch_bytes(&fixture->batch);

    // 5 int64, 6 offsets and 16 bytes of text, 5 views and 18 bytes of heap, 3 bitmaps.
    assert_in_range(all, 40 + 24 + 16 + 80 + 10, 40 + 24 + 16 + 80 + 25);
    assert_int_equal(test_batch_select(&fixture->batch, positions, 2), SB_OK);
    assert_int_equal(sb_batch_bytes(&fixture->batch), all * 2 / 5);
}

static void has_rows_without_columns(void **state)
{
    struct fixture *fixture = *state;
    struct sb_schema *schema;
    struct sb_batch batch;

    assert_int_equal(test_schema_parse(fixture->memory, "", &schema), SB_OK);
    assert_int_equal(sb_batch_init(&batch, fixture->memory, schema, 10, NULL), SB_OK);
    sb_batch_slice(&batch, 2, 5);
    assert_int_equal(batch.row_count, 5);
    sb_batch_deinit(&batch);
    sb_schema_release(schema);
}

enum { THREAD_COUNT = 4, THREAD_ROUNDS = 500 };

// Each thread shares, slices and drops; the sharing batch itself is only read.
static void *share_and_drop(void *argument)
{
    const struct sb_batch *batch = argument;

    for (int i = 0; i < THREAD_ROUNDS; i++) {
        struct sb_batch mine;
        struct sb_column gathered;

        if (sb_batch_share(&mine, batch, NULL) != SB_OK) {
            return "no memory";
        }
        sb_batch_slice(&mine, i % 5, 1);
        if (sb_column_gather(&mine.columns[2], NULL, 1, mine.memory, &gathered, NULL) != SB_OK) {
            return "no memory";
        }
        sb_batch_deinit(&mine);
        sb_column_deinit(&gathered);
    }
    return NULL;
}

static void is_shared_by_threads(void **state)
{
    struct fixture *fixture = *state;
    pthread_t threads[THREAD_COUNT];

    for (int i = 0; i < THREAD_COUNT; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, share_and_drop, &fixture->batch), 0);
    }
    for (int i = 0; i < THREAD_COUNT; i++) {
        void *failure;

        pthread_join(threads[i], &failure);
        assert_null(failure);
    }
}

static enum sb_status batch_use(struct sb_memory *memory, void *context)
{
    static const uint32_t positions[] = {0, 2, 4};
    enum sb_status status = SB_OK;
    struct sb_batch batch;
    struct sb_batch shared = {0};

    (void)context;
    SB_TRY_OUT(test_batch_parse(memory, schema_text, rows_text, &batch));
    SB_TRY_OUT(test_batch_select(&batch, positions, 3));
    SB_TRY_OUT(sb_batch_share(&shared, &batch, NULL));
    status = sb_batch_flatten(&shared, NULL);
    // Whether it could be flattened or not, the rows are the same.
    assert_int_equal(shared.row_count, 3);
    assert_batch_rows(&shared, "0, 'zero', 'a'\n2, 'two', null\n4, 'four', 'e'\n");
out:
    sb_batch_deinit(&batch);
    sb_batch_deinit(&shared);
    return status;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(batch_use, NULL);
}

#define batch_test(function) cmocka_unit_test_setup_teardown(function, batch_make, batch_free)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_empty_when_zeroed),
        batch_test(leaves_the_source_of_a_move_empty),
        batch_test(shares_columns_that_outlive_it),
        batch_test(slices_without_copying),
        batch_test(slices_a_selection_by_its_rows),
        cmocka_unit_test(flattens_every_selection),
        cmocka_unit_test(does_not_hold_a_large_column_for_a_few_rows),
        batch_test(counts_the_bytes_of_rows_that_exist),
        batch_test(has_rows_without_columns),
        batch_test(is_shared_by_threads),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
