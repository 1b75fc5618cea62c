// SPDX-License-Identifier: Apache-2.0
#include <sabot/library.h>

#include "base/clock.h"
#include "support/test.h"

static void tells_its_version(void **state)
{
    (void)state;
    assert_string_equal(sb_version(), SABOT_VERSION);
}

static void has_at_least_one_processor(void **state)
{
    (void)state;
    assert_in_range(sb_processor_count(), 1, 100000);
}

static void never_turns_the_clock_back(void **state)
{
    int64_t before = sb_clock_now_ns();

    (void)state;
    for (int i = 0; i < 1000; i++) {
        int64_t now = sb_clock_now_ns();

        assert_true(now >= before);
        before = now;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_its_version),
        cmocka_unit_test(has_at_least_one_processor),
        cmocka_unit_test(never_turns_the_clock_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
