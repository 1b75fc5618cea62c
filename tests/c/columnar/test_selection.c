// SPDX-License-Identifier: Apache-2.0
#include "columnar/selection.h"

#include "support/allocation.h"
#include "support/test.h"

static void has_room_for_its_rows(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int64_t capacity = 0; capacity < 100000; capacity = capacity * 4 + 1) {
        struct sb_selection *selection;

        assert_int_equal(sb_selection_create(memory, capacity, &selection, NULL), SB_OK);
        assert_int_equal(selection->capacity, capacity);
        for (int64_t i = 0; i < capacity; i++) {
            selection->rows[i] = (uint32_t)i;
        }
        assert_ptr_equal(sb_selection_retain(selection), selection);
        sb_selection_release(selection);
        assert_true(capacity == 0 || selection->rows[capacity - 1] == (uint32_t)(capacity - 1));
        sb_selection_release(selection);
    }
    assert_null(sb_selection_retain(NULL));
    sb_selection_release(NULL);
    sb_memory_release(memory);
}

static enum sb_status selection_create(struct sb_memory *memory, void *context)
{
    struct sb_selection *selection;

    (void)context;
    SB_TRY_RETURN(sb_selection_create(memory, 50000, &selection, NULL));
    sb_selection_release(selection);
    return SB_OK;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(selection_create, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_room_for_its_rows),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
