// SPDX-License-Identifier: Apache-2.0
#include "base/size_class.h"

#include "support/test.h"

// Every size to 2 MiB, then around each power of two.
static void each_size(void (*check)(size_t size))
{
    for (size_t size = 0; size < 2 * 1024 * 1024; size++) {
        check(size);
    }
    for (size_t power = (size_t)1 << 21; power < (size_t)1 << 45; power *= 2) {
        for (size_t i = 0; i < 10000; i++) {
            check(power - 5000 + i);
        }
    }
}

static void fit_check(size_t size)
{
    int index = sb_size_class(size);

    if (size > sb_size_class_capacity(index)) {
        fail_msg("%zu bytes in a block of %zu", size, sb_size_class_capacity(index));
    }
    if ((size >= SB_MEMORY_LARGE) != (index >= SB_SIZE_CLASS_LARGE)) {
        fail_msg("%zu bytes in class %d", size, index);
    }
}

static void fits_every_size(void **state)
{
    (void)state;
    each_size(fit_check);
}

static void waste_check(size_t size)
{
    size_t capacity = sb_size_class_capacity(sb_size_class(size));

    if (capacity > size + size / 4 + (size < SB_MEMORY_LARGE ? 192 : 4096)) {
        fail_msg("%zu bytes in a block of %zu", size, capacity);
    }
}

static void wastes_at_most_a_quarter_and_the_room(void **state)
{
    (void)state;
    each_size(waste_check);
}

static void has_aligned_classes_in_ascending_order(void **state)
{
    (void)state;
    for (int i = 0; i < SB_SIZE_CLASS_COUNT; i++) {
        size_t capacity = sb_size_class_capacity(i);

        assert_int_equal(capacity % SB_MEMORY_ALIGNMENT, 0);
        assert_true(i == 0 || capacity > sb_size_class_capacity(i - 1));
    }
}

static void holds_a_buffer_of_a_power_of_two_of_rows(void **state)
{
    (void)state;
    for (size_t size = 512; size < (size_t)1 << 40; size *= 2) { // with header and padding
        size_t capacity = sb_size_class_capacity(sb_size_class(size + 128));

        assert_true(capacity <= size + (size < SB_MEMORY_LARGE ? 128 : 4096));
    }
}

static void has_no_class_for_sizes_no_machine_has(void **state)
{
    (void)state;
    assert_true(sb_size_class((size_t)1 << 47) >= SB_SIZE_CLASS_COUNT);
    assert_true(sb_size_class(SIZE_MAX) >= SB_SIZE_CLASS_COUNT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fits_every_size),
        cmocka_unit_test(wastes_at_most_a_quarter_and_the_room),
        cmocka_unit_test(has_aligned_classes_in_ascending_order),
        cmocka_unit_test(holds_a_buffer_of_a_power_of_two_of_rows),
        cmocka_unit_test(has_no_class_for_sizes_no_machine_has),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
