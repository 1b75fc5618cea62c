// SPDX-License-Identifier: Apache-2.0
#include "columnar/type.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "support/allocation.h"
#include "support/test.h"

static const char *const names[] = {
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float32",
    "float64",
    "date32",
    "date64",
    "timestamp[s]",
    "timestamp[ms]",
    "timestamp[us, UTC]",
    "timestamp[ns, Europe/Berlin]",
    "timestamp[s, +07:30]",
    "decimal128(1, 0)",
    "decimal128(38, 10)",
    "decimal128(10, -3)",
    "decimal128(2, 5)",
    "utf8",
    "large_utf8",
    "utf8_view",
    "binary",
    "large_binary",
    "binary_view",
    "null",
    "float16",
    "decimal32(9, 2)",
    "decimal64(18, -4)",
    "decimal256(76, 10)",
    "time32[s]",
    "time32[ms]",
    "time64[us]",
    "time64[ns]",
    "duration[s]",
    "duration[ns]",
    "interval[month]",
    "interval[day_time]",
    "interval[month_day_nano]",
    "fixed_size_binary[16]",
    "fixed_size_binary[0]",
    "dictionary<int32, utf8>",
    "dictionary<int32, utf8, ordered>",
    "dictionary<uint8, decimal128(38, 10)>",
    "run_end_encoded<int16, utf8>",
    "run_end_encoded<int64, list<item: int8>>",
    "list<item: int64>",
    "list<item: int64 not null>",
    "large_list<item: timestamp[us, Europe/Berlin]>",
    "list_view<item: list<item: bool>>",
    "large_list_view<item: utf8>",
    "fixed_size_list<item: float32>[3]",
    "fixed_size_list<item: float32>[4]",
    "struct<>",
    "struct<a: int64, b: utf8>",
    "struct<a: int64, c: utf8>",
    "struct<a: int64, b: utf8 not null>",
    "struct<\"a, b\": int8, \"say \"\"hi\"\"\": utf8, \"\": bool>",
    "map<utf8, int64>",
    "map<utf8, int64 not null>",
    "map<utf8, list<item: int64>, sorted>",
};
enum { NAME_COUNT = sizeof names / sizeof names[0] };

struct types {
    struct sb_memory *memory;
    struct sb_arena arena;
    struct sb_type types[NAME_COUNT];
};

static int types_make(void **state)
{
    static struct types types;

    types.memory = sb_memory_create(0);
    sb_arena_init(&types.arena, types.memory);
    for (int i = 0; i < NAME_COUNT; i++) {
        if (sb_type_parse(names[i], &types.arena, &types.types[i], NULL) != SB_OK) {
            return -1;
        }
    }
    *state = &types;
    return 0;
}

static int types_free(void **state)
{
    struct types *types = *state;

    sb_arena_deinit(&types->arena);
    sb_memory_release(types->memory);
    return 0;
}

static void reads_the_names_it_writes(void **state)
{
    struct types *types = *state;
    char text[SB_TYPE_NAME_SIZE];

    for (int i = 0; i < NAME_COUNT; i++) {
        assert_string_equal(sb_type_name(&types->types[i], text, sizeof text), names[i]);
    }
}

static void tells_types_apart(void **state)
{
    struct types *types = *state;

    for (int i = 0; i < NAME_COUNT; i++) {
        for (int j = 0; j < NAME_COUNT; j++) {
            assert_int_equal(sb_type_equal(&types->types[i], &types->types[j]), i == j);
        }
    }
}

static void ignores_spaces_before_a_zone(void **state)
{
    struct types *types = *state;
    struct sb_type type;

    assert_int_equal(sb_type_parse("timestamp[us,UTC]", &types->arena, &type, NULL), SB_OK);
    assert_string_equal(type.zone, "UTC");
    assert_int_equal(type.unit, SB_UNIT_MICRO);
}

static void refuses_what_is_no_type(void **state)
{
    static const char *const wrong[] = {
        "",
        "int",
        "int128",
        "Int64",
        "int64 ",
        "int64[3]",
        "timestamp",
        "timestamp[]",
        "timestamp[m]",
        "timestamp[us",
        "timestamp[us,]",
        "timestamp[us, ]",
        "timestamp[us, UTC",
        "timestamp[us, UTC]x",
        "timestamp[us]x",
        "timestamp(us)",
        "decimal128",
        "decimal128(0, 0)",
        "decimal128(39, 0)",
        "decimal128(10)",
        "decimal128(10, 39)",
        "decimal128(10, -39)",
        "decimal128(10, )",
        "decimal128(10, 2",
        "decimal128(10, 2)x",
        "list",
        "list<>",
        "list<int64>",
        "list<item: int64",
        "list<item: int64>x",
        "list<item: int64, other: int8>",
        "fixed_size_list<item: int8>",
        "fixed_size_list<item: int8>[-1]",
        "fixed_size_binary",
        "fixed_size_binary[-1]",
        "fixed_size_binary[99999999999]",
        "time32[us]",
        "time64[ms]",
        "duration",
        "interval",
        "interval[year]",
        "decimal32(10, 0)",
        "decimal64(19, 0)",
        "decimal256(77, 0)",
        "dictionary<utf8, utf8>",
        "dictionary<int8>",
        "dictionary<int8, utf8, sorted>",
        "run_end_encoded<int8, utf8>",
        "run_end_encoded<uint32, utf8>",
        "struct<a>",
        "struct<a: int64 b: int64>",
        "struct<\"a: int64>",
        "map<utf8>",
        "map<utf8, int8, ordered>",
    };
    struct types *types = *state;

    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sb_type type;
        struct sb_error err;

        assert_int_equal(sb_type_parse(wrong[i], &types->arena, &type, &err), SB_INVALID);
        assert_non_null(strstr(err.message, wrong[i]));
        assert_non_null(strstr(err.message, "timestamp[us, Zone]")); // what there is
    }
}

static void knows_widths_and_kinds(void **state)
{
    (void)state;
    assert_int_equal(sb_type_width(SB_TYPE_BOOL), 0);
    assert_int_equal(sb_type_width(SB_TYPE_INT8), 1);
    assert_int_equal(sb_type_width(SB_TYPE_UINT16), 2);
    assert_int_equal(sb_type_width(SB_TYPE_DATE32), 4);
    assert_int_equal(sb_type_width(SB_TYPE_TIMESTAMP), 8);
    assert_int_equal(sb_type_width(SB_TYPE_DECIMAL128), 16);
    assert_int_equal(sb_type_width(SB_TYPE_UTF8_VIEW), 0);
    assert_true(sb_type_is_integer(SB_TYPE_UINT64));
    assert_false(sb_type_is_signed(SB_TYPE_UINT64));
    assert_true(sb_type_is_signed(SB_TYPE_INT8));
    assert_false(sb_type_is_integer(SB_TYPE_DATE32));
    assert_false(sb_type_is_integer(SB_TYPE_BOOL));
    assert_true(sb_type_is_float(SB_TYPE_FLOAT32));
    assert_true(sb_type_is_text(SB_TYPE_UTF8_VIEW));
    assert_false(sb_type_is_text(SB_TYPE_BINARY));
    assert_true(sb_type_is_binary(SB_TYPE_BINARY_VIEW));
    assert_true(sb_type_is_variable(SB_TYPE_LARGE_BINARY));
    assert_false(sb_type_is_variable(SB_TYPE_DECIMAL128));
    assert_true(sb_type_is_view(SB_TYPE_BINARY_VIEW));
    assert_true(sb_type_is_large(SB_TYPE_LARGE_UTF8));
    assert_true(sb_type_is_temporal(SB_TYPE_DATE64));
}

static void refuses_types_that_are_too_deep(void **state)
{
    struct types *types = *state;
    char text[8 * (SB_TYPE_DEPTH_MAX + 2)] = "";
    struct sb_type type;

    for (int depth = 0; depth <= SB_TYPE_DEPTH_MAX; depth++) {
        strcat(text, "list<a: ");
    }
    assert_int_equal(sb_type_parse(text, &types->arena, &type, NULL), SB_INVALID);
}

static void cuts_long_names_between_characters(void **state)
{
    struct types *types = *state;
    struct sb_type type;
    char text[24];

    assert_int_equal(sb_type_parse("struct<\"äääääääääääääää\": int8>", &types->arena, &type, NULL),
                     SB_OK);
    for (size_t size = 8; size <= sizeof text; size++) {
        sb_type_name(&type, text, size);
        assert_true(strlen(text) < size);
        assert_string_equal(text + strlen(text) - 3, "…");
        assert_true(strlen(text) < 12 || (unsigned char)text[strlen(text) - 4] == 0xa4);
    }
}

static void tells_the_whole_name_of_any_length(void **state)
{
    struct types *types = *state;
    char text[4096] = "struct<";
    struct sb_type type;

    for (int i = 0; i < 100; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%sfield_%d: list<item: int8>",
                 i == 0 ? "" : ", ", i);
    }
    strcat(text, ">");
    assert_int_equal(sb_type_parse(text, &types->arena, &type, NULL), SB_OK);
    assert_int_equal(type.child_count, 100);
    assert_string_equal(sb_type_text(&type, &types->arena), text);
}

// Letters of types that compare with each other; each type is in one group.
static char group_of(const char *name)
{
    static const char *const flat[] = {"bool", "int",  "uint", "float3", "float6",     "decimal128",
                                       "time", "date", "utf8", "binary", "large_utf8", "large_b"};
    bool is_flat = false;

    for (size_t i = 0; i < sizeof flat / sizeof flat[0]; i++) {
        is_flat = is_flat || strncmp(name, flat[i], strlen(flat[i])) == 0;
    }
    if (!is_flat || strncmp(name, "interval", 8) == 0 || strncmp(name, "time32", 6) == 0 ||
        strncmp(name, "time64", 6) == 0) {
        return '\0'; // no comparison
    }
    if (strncmp(name, "timestamp", 9) == 0) {
        return strchr(name, ',') == NULL ? 't' : 'z';
    }
    if (strncmp(name, "date", 4) == 0) {
        return 'd';
    }
    if (strstr(name, "utf8") != NULL) {
        return 'u';
    }
    if (strstr(name, "binary") != NULL) {
        return 'b';
    }
    if (strcmp(name, "bool") == 0) {
        return 'o';
    }
    return 'n'; // numbers, but for the rule about decimals
}

static void compares_types_of_one_kind(void **state)
{
    struct types *types = *state;

    for (int i = 0; i < NAME_COUNT; i++) {
        for (int j = 0; j < NAME_COUNT; j++) {
            bool has_decimal = strncmp(names[i], "dec", 3) == 0 || strncmp(names[j], "dec", 3) == 0;
            bool has_float = strncmp(names[i], "flo", 3) == 0 || strncmp(names[j], "flo", 3) == 0;
            bool expected = group_of(names[i]) != '\0' &&
                            group_of(names[i]) == group_of(names[j]) && !(has_decimal && has_float);

            assert_int_equal(sb_type_is_comparable(&types->types[i], &types->types[j]), expected);
        }
    }
}

static enum sb_status zone_parse(struct sb_memory *memory, void *context)
{
    struct sb_arena arena = {.memory = memory};
    struct sb_type type;
    enum sb_status status =
        sb_type_parse("struct<a: timestamp[us, UTC], b: map<int8, utf8>>", &arena, &type, NULL);

    (void)context;
    sb_arena_deinit(&arena);
    return status;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(zone_parse, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_the_names_it_writes),
        cmocka_unit_test(tells_types_apart),
        cmocka_unit_test(ignores_spaces_before_a_zone),
        cmocka_unit_test(refuses_what_is_no_type),
        cmocka_unit_test(refuses_types_that_are_too_deep),
        cmocka_unit_test(cuts_long_names_between_characters),
        cmocka_unit_test(tells_the_whole_name_of_any_length),
        cmocka_unit_test(knows_widths_and_kinds),
        cmocka_unit_test(compares_types_of_one_kind),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, types_make, types_free);
}
