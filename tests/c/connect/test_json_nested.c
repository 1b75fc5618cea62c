// SPDX-License-Identifier: Apache-2.0
/*
 * Arrays and objects of JSON as nested columns: what is read, what is malformed and where, cut
 * anywhere, with any bytes and with too little memory; and whatever is written reads back.
 */
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "support/allocation.h"
#include "support/random_value.h"
#include "support/seed.h"
#include "support/test.h"
#include "support/text_reading.h"

static const char *const columns[][2] = {
    {"n", "int32"},
    {"l", "list<item: int64>"},
    {"s", "struct<a: utf8, b: struct<c: list<item: float64>>>"},
    {"m", "map<utf8, list<item: struct<x: bool>>>"},
    {"f", "fixed_size_list<item: int8>[2]"},
    {"d", "list<item: dictionary<int8, utf8>>"},
    {"v", "utf8_view"},
    {"r", "run_end_encoded<int32, utf8>"},
    {"part", "dictionary<int8, int32>"},
    {NULL, NULL},
};

static struct test_reading reading_of(const char *text)
{
    return (struct test_reading){
        .format = SB_TEXT_NDJSON,
        .columns = columns,
        .constant_column = "part",
        .constant_value = "7",
        .text = text,
        .size = (int64_t)strlen(text),
        .piece = 1000,
        .batch_rows = 1000,
    };
}

static const char json[] =
    "{\"n\":1,\"l\":[1,null,-3],\"s\":{\"a\":\"x\\u00e9\",\"b\":{\"c\":[0.5,1e3]}},"
    "\"m\":{\"k\":[{\"x\":true},null,{}],\"\":null},\"f\":[1,2],\"d\":[\"p\",\"q\",\"p\"],"
    "\"v\":\"longer than twelve bytes\",\"r\":\"t\"}\n"
    " { \"l\" : [ ] , \"s\" : { \"b\" : { } , \"unknown\" : [ { \"]\" : 1 } ] } , \"m\" : { } ,"
    " \"f\" : null , \"d\" : [ null ] , \"r\" : \"t\" } \r\n"
    "{\"s\":{\"b\":null,\"\\u0061\":\"esc\\\"aped\"},\"m\":[[\"k\",[]],[\"k\",null]],\"l\":null}\n"
    "{\"s\":{}, \"f\":[null,-128],\"v\":\"short\",\"d\":[]}";
static const char expected[] =
    "{\"n\":1,\"l\":[1,null,-3],\"s\":{\"a\":\"x\xc3\xa9\",\"b\":{\"c\":[0.5,1000.0]}},"
    "\"m\":[[\"k\",[{\"x\":true},null,{\"x\":null}]],[\"\",null]],\"f\":[1,2],"
    "\"d\":[\"p\",\"q\",\"p\"],\"v\":\"longer than twelve bytes\",\"r\":\"t\",\"part\":7}\n"
    "{\"n\":null,\"l\":[],\"s\":{\"a\":null,\"b\":{\"c\":null}},\"m\":[],\"f\":null,\"d\":[null],"
    "\"v\":null,\"r\":\"t\",\"part\":7}\n"
    "{\"n\":null,\"l\":null,\"s\":{\"a\":\"esc\\\"aped\",\"b\":null},"
    "\"m\":[[\"k\",[]],[\"k\",null]],\"f\":null,\"d\":null,\"v\":null,\"r\":null,\"part\":7}\n"
    "{\"n\":null,\"l\":null,\"s\":{\"a\":null,\"b\":null},\"m\":null,\"f\":[null,-128],\"d\":[],"
    "\"v\":\"short\",\"r\":null,\"part\":7}\n";

static void expect_lines(struct test_reading *reading, const char *lines)
{
    assert_int_equal(reading->lines.size, (int64_t)strlen(lines));
    assert_memory_equal(reading->lines.text, lines, strlen(lines));
    sb_text_output_deinit(&reading->lines);
}

static void reads_nested_values_in_any_cut(void **state)
{
    uint64_t seed = test_seed();

    for (int i = 0; i < 100; i++) {
        struct test_reading reading = reading_of(json);

        test_read_cut(&reading, &seed);
        expect_lines(&reading, expected);
    }
}

static void survives_every_refused_allocation(void **state)
{
    struct test_reading reading = reading_of(json);

    reading.batch_rows = 2;
    test_allocations(test_attempt_read, &reading);
}

static const struct {
    const char *row;
    const char *reason;
} malformed[] = {
    {"{\"l\":[1,\"x\"]}", "column 'l[1]': 'x' is no int64"},
    {"{\"l\":[1 2]}", "column 'l': a comma or the closing bracket is missing"},
    {"{\"l\":[1,]}", "column 'l[1]': a value is no JSON"},
    {"{\"l\":[,1]}", "column 'l[0]': a value is no JSON"},
    {"{\"l\":[1}", "column 'l': a comma or the closing bracket is missing"},
    {"{\"l\":[1", "column 'l': a comma or the closing bracket is missing"},
    {"{\"l\":[", "column 'l[0]': a value is no JSON"},
    {"{\"l\":{\"a\":1}}", "column 'l': '{\"a\":1}' is no list<item: int64>"},
    {"{\"l\":5}", "column 'l': '5' is no list<item: int64>"},
    {"{\"l\":[1],\"l\":[2]}", "a key appears twice"},
    {"{\"l\":[[1]]}", "column 'l[0]': '[1]' is no int64"},
    {"{\"s\":[1]}", "column 's': '[1]' is no struct<a: utf8, b: struct<c: list<item: float64>>>"},
    {"{\"s\":{\"a\":\"\xff\"}}", "column 's.a': '\\xff' is no valid UTF-8"},
    {"{\"s\":{\"a\":\"\\ud800\"}}", "column 's.a': a string has a wrong escape"},
    {"{\"s\":{\"a\":\"x}}", "column 's.a': a value is no JSON"},
    {"{\"s\":{\"a\":1,\"a\":2}}", "column 's.a': a key appears twice"},
    {"{\"s\":{\"a\":1,}}", "column 's': a key in quotes is missing"},
    {"{\"s\":{\"a\" 1}}", "column 's': a colon is missing behind a key"},
    {"{\"s\":{\"\\x\":1}}", "column 's': a string has a wrong escape"},
    {"{\"s\":{\"other\":[1}}}", "column 's': a value is no JSON"},
    {"{\"s\":{\"b\":{\"c\":[0.5,{}]}}}", "column 's.b.c[1]': '{}' is no float64"},
    {"{\"m\":{\"k\":[{\"x\":2}]}}", "column 'm[0][0].x': '2' is no bool"},
    {"{\"m\":{\"k\":[],\"j\":1}}", "column 'm[1]': '1' is no list<item: struct<x: bool>>"},
    {"{\"m\":[[null,[]]]}", "column 'm[0]': an entry of a map is no [key, value]"},
    {"{\"m\":[[\"k\"]]}", "column 'm[0]': an entry of a map is no [key, value]"},
    {"{\"m\":[[\"k\",[],1]]}", "column 'm[0]': an entry of a map is no [key, value]"},
    {"{\"m\":[1]}", "column 'm[0]': an entry of a map is no [key, value]"},
    {"{\"f\":[1]}", "column 'f': an array of 1 elements, expected 2"},
    {"{\"f\":[1,2,3]}", "column 'f': an array of 3 elements, expected 2"},
    {"{\"f\":[1,300]}", "column 'f[1]': '300' is no int8"},
    {"{\"d\":[\"\xff\"]}", "column 'd[0]': '\\xff' is no valid UTF-8"},
    {"{\"v\":\"x\",\"r\":null,\"l\":5}", "column 'l': '5' is no list<item: int64>"},
    {"{\"v\":\"\xff\"}", "column 'v': '\\xff' is no valid UTF-8"},
};

/* The row before and the row behind are as if it were not there, whatever it had begun. */
static void leaves_nothing_of_a_malformed_row(void **state)
{
    uint64_t seed = test_seed();

    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        char text[2 * sizeof json + 300];
        struct test_reading reading;

        snprintf(text, sizeof text, "%.*s\n%s\n%s\n%s", (int)(strchr(json, '\n') - json), json,
                 malformed[i].row, strchr(json, '\n') + 1, malformed[i].row);
        reading = reading_of(text);
        reading.skips_bad_rows = true;
        test_read_cut(&reading, &seed);
        assert_string_equal(reading.reason, malformed[i].reason);
        assert_int_equal(reading.failed_count, 2);
        assert_int_equal(reading.row_count, 4);
        expect_lines(&reading, expected);
    }
}

/* Pieces of JSON that mean something here come often. */
static void any_pieces_are_survived(void **state)
{
    static const char *const pieces[] = {
        "{\"l\":",    "{\"s\":{", "\"a\":",    "\"b\":{\"c\":",
        "{\"m\":",    "\"f\":[",  "\"d\":[\"", "[",
        "]",          "{",        "}",         "}\n",
        "]}\n",       ",",        ":",         "\"",
        "\\",         "1",        "-2.5",      "null",
        "true",       " ",        "\n",        "\"k\"",
        "[\"k\",[]]", "\"v\":",   "\"r\":",    "\xc3\xa9",
        "\xc3",       "\\u0041",  "\"n\":1",
    };
    enum { ROUNDS = TEST_IS_SANITIZED ? 500 : 5000, TEXT_SIZE = 400 };
    uint64_t seed = test_seed();

    for (int round = 0; round < ROUNDS; round++) {
        char text[TEXT_SIZE + 32] = "";
        struct test_reading reading;
        size_t size = 0;

        for (int64_t i = (int64_t)(test_random(&seed) % 60); i > 0 && size < TEXT_SIZE; i--) {
            const char *piece = pieces[test_random(&seed) % (sizeof pieces / sizeof pieces[0])];
            memcpy(text + size, piece, strlen(piece) + 1);
            size += strlen(piece);
        }
        reading = reading_of(text);
        reading.skips_bad_rows = true;
        test_read_cut(&reading, &seed);
        sb_text_output_deinit(&reading.lines);
    }
}

static void nests_a_thousand_deep_and_no_deeper(void **state)
{
    static const char *const text_columns[][2] = {{"t", "utf8"}, {NULL, NULL}};

    for (int depth = 1000; depth <= 1001; depth++) {
        char text[2048];
        struct test_reading reading = reading_of(text);
        struct sb_error err = {0};

        memcpy(text, "{\"t\":", 5);
        memset(text + 5, '[', (size_t)depth);
        memset(text + 5 + depth, ']', (size_t)depth);
        text[5 + 2 * depth] = '}';
        reading.columns = text_columns;
        reading.constant_column = NULL;
        reading.size = 6 + 2 * depth;
        reading.skips_bad_rows = true;
        assert_int_equal(test_read_text(sb_memory_global(), &reading, &err), SB_OK);
        assert_int_equal(reading.row_count, depth == 1000);
        assert_int_equal(reading.failed_count, depth != 1000);
        assert_string_equal(
            reading.reason,
            depth == 1000 ? "" : "a value has more than 1000 objects and arrays within each other");
        sb_text_output_deinit(&reading.lines);
    }
}

static void refuses_types_without_a_form(void **state)
{
    static const struct {
        enum sb_text_format format;
        const char *type;
        const char *message;
    } cases[] = {
        {SB_TEXT_CSV, "list<item: int8>",
         "column 'c' is list<item: int8>, which has no form in CSV; declare it as utf8"},
        {SB_TEXT_CSV, "null", "column 'c' is null, which has no form in CSV; declare it as utf8"},
        {SB_TEXT_NDJSON, "list<item: null>",
         "column 'c' is list<item: null>, which has no form in JSON; declare it as utf8"},
        {SB_TEXT_NDJSON, "dictionary<int8, list<item: int8>>",
         "column 'c' is dictionary<int8, list<item: int8>>, which has no form in JSON; declare it as utf8"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *const columns_of[][2] = {{"c", cases[i].type}, {NULL, NULL}};
        struct test_reading reading = reading_of("");
        struct sb_error err = {0};

        reading.format = cases[i].format;
        reading.columns = columns_of;
        reading.constant_column = NULL;
        assert_int_equal(test_read_text(sb_memory_global(), &reading, &err), SB_UNSUPPORTED);
        assert_string_equal(err.message, cases[i].message);
    }
}

/* Rows of random values, written and read and written: the two texts are the same. */
static void what_is_written_reads_back(void **state)
{
    static const char *const types[] = {
        "list<item: int64>",
        "large_list<item: utf8>",
        "list_view<item: bool>",
        "large_list_view<item: float64>",
        "fixed_size_list<item: binary>[3]",
        "fixed_size_list<item: int8>[0]",
        "struct<>",
        "struct<a: int8, b: large_utf8, c: struct<d: list<item: uint64>, e: binary_view>>",
        "list<item: list<item: list<item: utf8_view>>>",
        "map<utf8, int16>",
        "map<int32, map<utf8, fixed_size_binary[4]>>",
        "list<item: dictionary<int16, utf8>>",
        "struct<r: run_end_encoded<int32, utf8>, d: dictionary<uint8, int64>>",
        "dictionary<int8, binary>",
        "run_end_encoded<int64, bool>",
    };
    enum { ROWS = 60, TYPES = sizeof types / sizeof types[0] };
    const struct sb_text_options options = {.format = SB_TEXT_NDJSON};
    uint64_t random = test_seed();

    for (int round = 0; round < 5 * TYPES; round++) {
        const char *const columns_of[][2] = {{"c", types[round % TYPES]}, {NULL, NULL}};
        struct sb_memory *memory = sb_memory_global();
        struct sb_arena arena = {.memory = memory};
        struct sb_field field = {.name = "c", .is_nullable = true};
        struct sb_text_output written = {.memory = memory};
        struct sb_schema *schema;
        struct sb_builder builder;
        struct sb_batch batch;
        struct test_reading reading;

        assert_int_equal(sb_type_parse(columns_of[0][1], &arena, &field.type, NULL), SB_OK);
        assert_int_equal(sb_schema_create(memory, &field, 1, &schema, NULL), SB_OK);
        assert_int_equal(sb_batch_init(&batch, memory, schema, ROWS, NULL), SB_OK);
        sb_builder_init(&builder, memory, &schema->fields[0].type);
        for (int i = 0; i < ROWS; i++) {
            test_value_append_random(&builder, true, &random);
        }
        assert_int_equal(sb_builder_finish(&builder, &batch.columns[0], NULL), SB_OK);
        assert_int_equal(sb_text_write(&batch, &options, &written, NULL), SB_OK);

        reading = reading_of("");
        reading.columns = columns_of;
        reading.constant_column = NULL;
        reading.text = written.text;
        reading.size = written.size;
        test_read_cut(&reading, &random);
        assert_int_equal(reading.row_count, ROWS);
        assert_int_equal(reading.lines.size, written.size);
        assert_memory_equal(reading.lines.text, written.text, (size_t)written.size);

        sb_text_output_deinit(&reading.lines);
        sb_text_output_deinit(&written);
        sb_batch_deinit(&batch);
        sb_schema_release(schema);
        sb_arena_deinit(&arena);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_nested_values_in_any_cut),
        cmocka_unit_test(survives_every_refused_allocation),
        cmocka_unit_test(leaves_nothing_of_a_malformed_row),
        cmocka_unit_test(any_pieces_are_survived),
        cmocka_unit_test(nests_a_thousand_deep_and_no_deeper),
        cmocka_unit_test(refuses_types_without_a_form),
        cmocka_unit_test(what_is_written_reads_back),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
