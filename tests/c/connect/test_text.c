// SPDX-License-Identifier: Apache-2.0
/*
 * CSV and JSON without a job: any cut of the text gives the same rows, any bytes are survived, and
 * so is a lack of memory.
 */
#include <string.h>

#include "connect/text_mask.h"
#include "support/allocation.h"
#include "support/seed.h"
#include "support/test.h"
#include "support/text_reading.h"

static const char *const columns[][2] = {{"n", "int64"}, {"x", "float64"},  {"b", "bool"},
                                         {"s", "utf8"},  {"part", "int32"}, {NULL, NULL}};
static const char *const names[] = {"n", "x", "b", "s", "unwanted", NULL};

static const char csv[] = "1,1.5,true,plain,u\n"
                          "-2,,false,\"a,\"\"b\"\"\nc\",\"\"\r\n"
                          "\n"
                          "3,1e300,,\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9,\n"
                          ",0.1,true,\"\",x";
static const char json[] =
    "{\"n\":1,\"x\":1.5,\"b\":true,\"s\":\"plain\",\"unwanted\":{\"a\":[1,\"}\"]}}\n"
    " { \"s\" : \"a,\\\"b\\\"\\nc\" , \"b\": false, \"n\": -2 } \r\n"
    "\n"
    "{\"n\":3,\"x\":1e300,\"s\":\"\\u00e9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\"}\n"
    "{\"x\":0.1,\"b\":true,\"s\":\"\",\"n\":null}";
static const char expected[] =
    "{\"n\":1,\"x\":1.5,\"b\":true,\"s\":\"plain\",\"part\":7}\n"
    "{\"n\":-2,\"x\":null,\"b\":false,\"s\":\"a,\\\"b\\\"\\nc\",\"part\":7}\n"
    "{\"n\":3,\"x\":1e+300,\"b\":null,\"s\":"
    "\"\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\",\"part\":7}\n"
    "{\"n\":null,\"x\":0.1,\"b\":true,\"s\":\"\",\"part\":7}\n";

static struct test_reading reading_of(int format)
{
    return (struct test_reading){
        .format = (enum sb_text_format)format,
        .columns = columns,
        .file_columns = names,
        .constant_column = "part",
        .constant_value = "7",
        .text = format == SB_TEXT_CSV ? csv : json,
        .size = (int64_t)strlen(format == SB_TEXT_CSV ? csv : json),
        .piece = 1000,
        .batch_rows = 2,
    };
}

static void any_cut_gives_the_same_rows(void **state)
{
    static const int64_t sizes[] = {1, 2, 3, 7, 64, 100000};

    for (int format = SB_TEXT_CSV; format <= SB_TEXT_NDJSON; format++) {
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            struct test_reading reading = reading_of(format);
            struct sb_error err = {0};

            reading.piece = sizes[i];
            reading.batch_rows = sizes[sizeof sizes / sizeof sizes[0] - 1 - i];
            if (test_read_text(sb_memory_global(), &reading, &err) != SB_OK) {
                fail_msg("%s", err.message);
            }
            assert_int_equal(reading.row_count, 4);
            assert_int_equal(reading.lines.size, (int64_t)strlen(expected));
            assert_memory_equal(reading.lines.text, expected, strlen(expected));
            sb_text_output_deinit(&reading.lines);
        }
    }
}

/* No room has been made for unescaped text then: a finding of the fuzzers. */
static void the_first_binary_value_may_be_empty(void **state)
{
    static const char *const binary[][2] = {{"y", "binary"}, {NULL, NULL}};
    static const char *const file_columns[] = {"y", NULL};
    static const char text[] = "{\"y\":\"\"}\n{\"y\":\"YWI=\"}\n";
    struct test_reading reading = {
        .format = SB_TEXT_NDJSON,
        .columns = binary,
        .file_columns = file_columns,
        .text = text,
        .size = sizeof text - 1,
        .piece = 1000,
        .batch_rows = 2,
    };
    struct sb_error err = {0};

    if (test_read_text(sb_memory_global(), &reading, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(reading.row_count, 2);
    assert_memory_equal(reading.lines.text, text, sizeof text - 1);
    sb_text_output_deinit(&reading.lines);
}

static void survives_every_refused_allocation(void **state)
{
    for (int format = SB_TEXT_CSV; format <= SB_TEXT_NDJSON; format++) {
        struct test_reading reading = reading_of(format);

        test_allocations(test_attempt_read, &reading);
    }
}

/* Bytes that mean something come often; every cut must agree on what is a row and what is not. */
static void any_bytes_are_survived(void **state)
{
    static const char alphabet[] = "\"\"\",,,\n\n\n{}[]:\\u1e-.0 \xc3\xa9nxbs\r";
    uint64_t seed = test_seed();
    enum { ROUNDS = TEST_IS_SANITIZED ? 300 : 3000 };
    char text[400];

    for (int round = 0; round < ROUNDS; round++) {
        struct test_reading reading = reading_of(round % 2);

        reading.text = text;
        reading.size = (int64_t)(test_random(&seed) % sizeof text);
        reading.batch_rows = 1000;
        reading.skips_bad_rows = true;
        for (int64_t i = 0; i < reading.size; i++) {
            text[i] = alphabet[test_random(&seed) % (sizeof alphabet - 1)];
        }
        test_read_cut(&reading, &seed);
        sb_text_output_deinit(&reading.lines);
    }
}

static void masks_say_where_the_bytes_are(void **state)
{
    static const uint8_t wanted[4] = {',', '\n', '"', 0xff};
    uint64_t seed = test_seed();
    uint8_t text[64 * 5 + 1];
    uint64_t masks[5];

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = i % 3 == 0 ? wanted[test_random(&seed) % 4] : (uint8_t)test_random(&seed);
    }
    sb_text_mask(text + 1, 5, wanted, masks);
    for (int i = 0; i < 64 * 5; i++) {
        const bool is_one = memchr(wanted, text[i + 1], sizeof wanted) != NULL;
        assert_int_equal(masks[i / 64] >> (i % 64) & 1, is_one);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_cut_gives_the_same_rows),
        cmocka_unit_test(the_first_binary_value_may_be_empty),
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(any_bytes_are_survived),
        cmocka_unit_test(masks_say_where_the_bytes_are),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
