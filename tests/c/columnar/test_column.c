// SPDX-License-Identifier: Apache-2.0
#include "columnar/column.h"

#include <stdlib.h>
#include <string.h>

#include "columnar/builder.h"
#include "support/allocation.h"
#include "support/model.h"
#include "support/seed.h"
#include "support/test.h"

// For each type, with and without nulls, at several lengths.
static void each_model(void (*check)(const struct test_model *model, struct sb_column *column,
                                     struct sb_memory *memory, uint64_t *random))
{
    static const int64_t lengths[] = {0, 1, 7, 64, 300};
    uint64_t random = test_seed();
    struct sb_memory *memory = sb_memory_create(0);

    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        for (size_t i = 0; i < 2 * sizeof lengths / sizeof lengths[0]; i++) {
            struct test_model model;
            struct sb_column column;

            test_model_random(&model, (enum sb_type_id)id, lengths[i / 2], i % 2 == 1, &random);
            assert_int_equal(test_model_build(&model, memory, &column), SB_OK);
            check(&model, &column, memory, &random);
            sb_column_deinit(&column);
            test_model_deinit(&model);
        }
    }
    sb_memory_release(memory);
}

static void built_check(const struct test_model *model, struct sb_column *column,
                        struct sb_memory *memory, uint64_t *random)
{
    (void)memory;
    (void)random;
    test_model_check_column(model, NULL, model->length, column);
}

static void is_built_as_the_model_says(void **state)
{
    (void)state;
    each_model(built_check);
}

static void share_check(const struct test_model *model, struct sb_column *column,
                        struct sb_memory *memory, uint64_t *random)
{
    struct sb_column shared;
    int64_t used = atomic_load(&memory->used_bytes);

    (void)random;
    sb_column_share(&shared, column);
    assert_int_equal(atomic_load(&memory->used_bytes), used);
    sb_column_deinit(column); // the other one keeps the memory
    test_model_check_column(model, NULL, model->length, &shared);
    sb_column_deinit(&shared);
    sb_column_deinit(&shared); // empty, and safe
}

static void shares_its_memory(void **state)
{
    (void)state;
    each_model(share_check);
}

static void positions_range(uint32_t *positions, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        positions[i] = (uint32_t)(first + i);
    }
}

static void slice_check(const struct test_model *model, struct sb_column *column,
                        struct sb_memory *memory, uint64_t *random)
{
    uint32_t positions[300];

    (void)memory;
    for (int i = 0; i < 20; i++) {
        int64_t first = (int64_t)(test_random(random) % (uint64_t)(model->length + 1));
        int64_t count = (int64_t)(test_random(random) % (uint64_t)(model->length - first + 1));
        struct sb_column slice;

        sb_column_share(&slice, column);
        sb_column_slice(&slice, first, count);
        positions_range(positions, first, count);
        test_model_check_column(model, positions, count, &slice);
        if (count > 2) { // a slice of a slice
            sb_column_slice(&slice, 1, count - 2);
            test_model_check_column(model, positions + 1, count - 2, &slice);
        }
        sb_column_deinit(&slice);
    }
}

static void slices_at_any_row(void **state)
{
    (void)state;
    each_model(slice_check);
}

static void positions_random(uint32_t *positions, int64_t count, int64_t length, bool has_missing,
                             uint64_t *random)
{
    for (int64_t i = 0; i < count; i++) {
        bool is_missing = length == 0 || (has_missing && test_random(random) % 4 == 0);

        positions[i] = is_missing ? UINT32_MAX : (uint32_t)(test_random(random) % (uint64_t)length);
    }
}

static void gather_check(const struct test_model *model, struct sb_column *column,
                         struct sb_memory *memory, uint64_t *random)
{
    for (int i = 0; i < 12; i++) {
        int64_t first = (int64_t)(test_random(random) % (uint64_t)(model->length + 1));
        int64_t length = model->length - first;
        int64_t count = i < 3 ? i : (int64_t)(test_random(random) % 700);
        bool has_missing = i % 2 == 1 || length == 0;
        uint32_t positions[700];
        struct sb_column slice;
        struct sb_column gathered;

        sb_column_share(&slice, column);
        sb_column_slice(&slice, first, length);
        positions_random(positions, count, length, has_missing, random);
        assert_int_equal(sb_column_gather(&slice, positions, count, memory, &gathered, NULL),
                         SB_OK);
        sb_column_deinit(&slice);
        for (int64_t j = 0; j < count; j++) {
            positions[j] = positions[j] == UINT32_MAX ? UINT32_MAX : positions[j] + (uint32_t)first;
        }
        assert_int_equal(gathered.offset, 0);
        assert_true(gathered.null_count >= 0);
        test_model_check_column(model, positions, count, &gathered);
        sb_column_deinit(&gathered);
    }
}

static void gathers_any_rows(void **state)
{
    (void)state;
    each_model(gather_check);
}

static void dense_check(const struct test_model *model, struct sb_column *column,
                        struct sb_memory *memory, uint64_t *random)
{
    int64_t first = (int64_t)(test_random(random) % (uint64_t)(model->length + 1));
    uint32_t positions[300];
    struct sb_column copy;

    positions_range(positions, first, model->length - first);
    sb_column_slice(column, first, model->length - first);
    for (int64_t cut = 0; cut < 2 && cut <= column->length; cut++) {
        assert_int_equal(sb_column_gather(column, NULL, column->length - cut, memory, &copy, NULL),
                         SB_OK);
        assert_int_equal(copy.offset, 0);
        test_model_check_column(model, positions, column->length - cut, &copy);
        sb_column_deinit(&copy);
    }
}

static void copies_the_first_rows_without_positions(void **state)
{
    (void)state;
    each_model(dense_check);
}

static void drops_a_bitmap_that_marks_nothing(void **state)
{
    static const uint32_t positions[] = {0, 2};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_UTF8};
    struct sb_builder builder;
    struct sb_column column;
    struct sb_column gathered;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_append_bytes(&builder, "a", 1, NULL), SB_OK);
    assert_int_equal(sb_builder_append_null(&builder, NULL), SB_OK);
    assert_int_equal(sb_builder_append_bytes(&builder, "b", 1, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    assert_int_equal(sb_column_gather(&column, positions, 2, memory, &gathered, NULL), SB_OK);
    assert_null(gathered.validity);
    assert_int_equal(gathered.null_count, 0);
    sb_column_deinit(&column);
    sb_column_deinit(&gathered);
    sb_memory_release(memory);
}

static void views_outlive_the_column_they_came_from(void **state)
{
    static const uint32_t positions[] = {1, 0};
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_UTF8_VIEW};
    struct sb_builder builder;
    struct sb_column column;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_append_bytes(&builder, "the first of two long texts", 27, NULL),
                     SB_OK);
    assert_int_equal(sb_builder_append_bytes(&builder, "the other, also long", 20, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    for (int i = 0; i < 5; i++) {
        struct sb_column gathered;

        assert_int_equal(sb_column_gather(&column, positions, 2, memory, &gathered, NULL), SB_OK);
        sb_column_deinit(&column);
        column = gathered;
    }
    assert_memory_equal(sb_column_bytes(&column, 0).data, "the other, also long", 20);
    assert_memory_equal(sb_column_bytes(&column, 1).data, "the first of two long texts", 27);
    sb_column_deinit(&column);
    sb_memory_release(memory);
}

static void refuses_more_text_than_offsets_reach(void **state)
{
    enum { TEXT_SIZE = 1 << 20, COUNT = 2048 };
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_type type = {.id = SB_TYPE_UTF8};
    static uint32_t positions[COUNT]; // 2048 times the one row of 1 MiB
    char *text = calloc(1, TEXT_SIZE);
    struct sb_builder builder;
    struct sb_column column;
    struct sb_column gathered;
    struct sb_error err;

    (void)state;
    sb_builder_init(&builder, memory, &type);
    assert_int_equal(sb_builder_append_bytes(&builder, text, TEXT_SIZE, NULL), SB_OK);
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    assert_int_equal(sb_column_gather(&column, positions, COUNT, memory, &gathered, &err),
                     SB_UNSUPPORTED);
    assert_non_null(strstr(err.message, "2147483648"));
    assert_null(gathered.owner);
    sb_column_deinit(&column);
    free(text);
    sb_memory_release(memory);
}

static void makes_nulls_of_every_type(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        struct sb_type type = test_type((enum sb_type_id)id);
        struct sb_column column;

        assert_int_equal(sb_column_nulls(&type, 77, memory, &column, NULL), SB_OK);
        assert_int_equal(column.length, 77);
        assert_int_equal(sb_column_null_count(&column), 77);
        for (int64_t i = 0; i < 77; i++) {
            assert_true(sb_column_is_null(&column, i));
            if (sb_type_is_variable(type.id)) { // readable all the same
                assert_int_equal(sb_column_bytes(&column, i).size, 0);
            }
        }
        sb_column_deinit(&column);
    }
    sb_memory_release(memory);
}

static void size_check(const struct test_model *model, struct sb_column *column,
                       struct sb_memory *memory, uint64_t *random)
{
    int64_t estimate = sb_column_size_estimate(column);
    int64_t least = 0;

    (void)memory;
    (void)random;
    for (int64_t i = 0; i < model->length; i++) {
        least += model->cells[i].size;
    }
    if (model->type.id == SB_TYPE_BOOL) {
        least /= 8;
    }
    assert_true(estimate >= least / 2);
    assert_true(estimate <= least * 2 + 100 + model->length * 17);
}

static void estimates_its_size(void **state)
{
    (void)state;
    each_model(size_check);
}

struct gather_attempt {
    struct test_model model;
    const uint32_t *positions;
    int64_t count;
};

static enum sb_status gather_attempt(struct sb_memory *memory, void *context)
{
    struct gather_attempt *attempt = context;
    struct sb_column column;
    struct sb_column gathered = {0};
    enum sb_status status = SB_OK;

    SB_TRY_OUT(test_model_build(&attempt->model, memory, &column));
    SB_TRY_OUT(
        sb_column_gather(&column, attempt->positions, attempt->count, memory, &gathered, NULL));
    sb_column_deinit(&gathered);
    SB_TRY_OUT(sb_column_nulls(column.type, 100, memory, &gathered, NULL));
out:
    sb_column_deinit(&column);
    sb_column_deinit(&gathered);
    return status;
}

static void survives_refused_memory(void **state)
{
    static const uint32_t positions[] = {3, UINT32_MAX, 0, 99};
    uint64_t random = test_seed();

    (void)state;
    for (int id = 1; id <= TEST_TYPE_COUNT; id++) {
        struct gather_attempt attempt = {.positions = positions, .count = 4};

        test_model_random(&attempt.model, (enum sb_type_id)id, 100, true, &random);
        test_allocations(gather_attempt, &attempt);
        test_model_deinit(&attempt.model);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_built_as_the_model_says),
        cmocka_unit_test(shares_its_memory),
        cmocka_unit_test(slices_at_any_row),
        cmocka_unit_test(gathers_any_rows),
        cmocka_unit_test(copies_the_first_rows_without_positions),
        cmocka_unit_test(drops_a_bitmap_that_marks_nothing),
        cmocka_unit_test(views_outlive_the_column_they_came_from),
        cmocka_unit_test(refuses_more_text_than_offsets_reach),
        cmocka_unit_test(makes_nulls_of_every_type),
        cmocka_unit_test(estimates_its_size),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
