// SPDX-License-Identifier: Apache-2.0
#include "base/log.h"

#include <stdio.h>
#include <string.h>

#include "support/test.h"

static char last[8192];

static void remember(void *context, enum sb_log_level level, const char *event, const char *fields)
{
    snprintf(last, sizeof last, "%s %d %s %s", (const char *)context, level, event, fields);
}

static void hands_event_and_fields_to_the_callback(void **state)
{
    char context[] = "host";

    (void)state;
    sb_log_set(remember, context);
    sb_log(SB_LOG_WARNING, "split_idle", "{\"split\": %d}", 3);
    assert_string_equal(last, "host 2 split_idle {\"split\": 3}");
    sb_log_set(NULL, NULL);
}

static void keeps_long_fields_whole(void **state)
{
    char context[] = "host";

    (void)state;
    sb_log_set(remember, context);
    sb_log(SB_LOG_INFO, "plan", "{\"text\": \"%*s\"}", 5000, "x");
    assert_string_equal(last + strlen(last) - 3, "x\"}");
    assert_true(strlen(last) > 5000);
    sb_log_set(NULL, NULL);
}

static void is_silent_without_a_callback(void **state)
{
    (void)state;
    last[0] = '\0';
    sb_log_set(NULL, NULL);
    sb_log(SB_LOG_ERROR, "x", "{}");
    assert_string_equal(last, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_event_and_fields_to_the_callback),
        cmocka_unit_test(keeps_long_fields_whole),
        cmocka_unit_test(is_silent_without_a_callback),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
