// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <string.h>

#include "support/test.h"

static void fills_status_and_message(void **state)
{
    struct sb_error err = {.is_retryable = true};

    (void)state;
    assert_int_equal(sb_error_set(&err, SB_CORRUPT, "file '%s': %d rows", "a", 3), SB_CORRUPT);
    assert_int_equal(err.status, SB_CORRUPT);
    assert_false(err.is_retryable);
    assert_string_equal(err.message, "file 'a': 3 rows");
}

static void does_without_an_error_to_fill(void **state)
{
    (void)state;
    assert_int_equal(sb_error_set(NULL, SB_IO, "%s", "x"), SB_IO);
    sb_error_prefix(NULL, "%s", "x");
    assert_int_equal(sb_error_no_memory(NULL, "table", 8), SB_NO_MEMORY);
}

static void puts_the_context_before_the_cause(void **state)
{
    struct sb_error err;

    (void)state;
    (void)sb_error_set(&err, SB_INVALID, "no column 'x'");
    sb_error_prefix(&err, "operator '%s'", "filter_1");
    assert_string_equal(err.message, "operator 'filter_1': no column 'x'");
    assert_int_equal(err.status, SB_INVALID);
}

static void cuts_a_long_message_between_characters(void **state)
{
    struct sb_error err;
    char text[2048];

    (void)state;
    for (size_t shift = 0; shift < 4; shift++) {
        size_t size;

        memset(text, 'a', shift);
        for (size_t i = shift; i + 4 < sizeof text; i += 4) {
            memcpy(text + i, "\xf0\x9f\x90\x8d", 5);
        }
        (void)sb_error_set(&err, SB_IO, "%s", text);
        size = strlen(err.message);
        assert_true(size > sizeof err.message - 5);
        assert_int_equal((size - shift) % 4, 0);

        sb_error_prefix(&err, "here");
        assert_memory_equal(err.message, "here: ", 6);
        assert_int_equal((strlen(err.message) - 6 - shift) % 4, 0);
    }
    memset(text, 'p', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    sb_error_prefix(&err, "%s", text); // leaves no room for the cause
    assert_int_equal(strlen(err.message), sizeof err.message - 1);
}

static void says_how_much_memory_was_missing(void **state)
{
    struct sb_error err;

    (void)state;
    assert_int_equal(sb_error_no_memory(&err, "join table", 4096), SB_NO_MEMORY);
    assert_non_null(strstr(err.message, "join table"));
    assert_non_null(strstr(err.message, "4096"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_status_and_message),
        cmocka_unit_test(does_without_an_error_to_fill),
        cmocka_unit_test(puts_the_context_before_the_cause),
        cmocka_unit_test(cuts_a_long_message_between_characters),
        cmocka_unit_test(says_how_much_memory_was_missing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
