// SPDX-License-Identifier: Apache-2.0
#include "columnar/schema.h"

#include <stdio.h>
#include <string.h>

#include "support/allocation.h"
#include "support/batch_text.h"
#include "support/test.h"

static void copies_names_and_zones(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    char name[] = "at";
    char zone[] = "UTC";
    struct sb_field field = {
        .name = name,
        .type = {.id = SB_TYPE_TIMESTAMP, .unit = SB_UNIT_NANO, .zone = zone},
        .is_nullable = true,
    };
    struct sb_schema *schema;

    (void)state;
    assert_int_equal(sb_schema_create(memory, &field, 1, &schema, NULL), SB_OK);
    name[0] = 'x';
    zone[0] = 'x';
    assert_string_equal(schema->fields[0].name, "at");
    assert_string_equal(schema->fields[0].type.zone, "UTC");
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static void finds_the_first_column_of_a_name(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "a: int8, b: utf8, b: bool", &schema), SB_OK);
    assert_int_equal(sb_schema_index(schema, "a"), 0);
    assert_int_equal(sb_schema_index(schema, "b"), 1);
    assert_int_equal(sb_schema_index(schema, "B"), -1);
    assert_int_equal(sb_schema_index(schema, ""), -1);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static void equals_only_schemas_that_agree_in_everything(void **state)
{
    static const char *const texts[] = {
        "a: int8, b: utf8",
        "a: int8",
        "a: int8, c: utf8",
        "a: int8, b: bool",
        "b: utf8, a: int8",
        "a: int8 not null, b: utf8",
        "",
        "a: timestamp[us]",
        "a: timestamp[us, UTC]",
    };
    enum { COUNT = sizeof texts / sizeof texts[0] };
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schemas[COUNT];

    (void)state;
    for (int i = 0; i < COUNT; i++) {
        assert_int_equal(test_schema_parse(memory, texts[i], &schemas[i]), SB_OK);
    }
    for (int i = 0; i < COUNT; i++) {
        struct sb_schema *again;

        assert_int_equal(test_schema_parse(memory, texts[i], &again), SB_OK);
        assert_true(sb_schema_equal(schemas[i], again));
        sb_schema_release(again);
        for (int j = 0; j < COUNT; j++) {
            assert_int_equal(sb_schema_equal(schemas[i], schemas[j]), i == j);
        }
    }
    for (int i = 0; i < COUNT; i++) {
        sb_schema_release(schemas[i]);
    }
    sb_memory_release(memory);
}

static void lives_until_the_last_release(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "a: int8", &schema), SB_OK);
    assert_ptr_equal(sb_schema_retain(schema), schema);
    sb_schema_release(schema);
    assert_string_equal(schema->fields[0].name, "a");
    sb_schema_release(schema);
    sb_schema_release(NULL);
    assert_null(sb_schema_retain(NULL));
    sb_memory_release(memory);
}

static void shows_itself_cut_between_columns(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;
    char text[64];

    (void)state;
    assert_int_equal(test_schema_parse(memory, "price: float64, side: utf8, n: int8", &schema),
                     SB_OK);
    assert_string_equal(sb_schema_text(schema, text, sizeof text),
                        "price: float64, side: utf8, n: int8");
    assert_string_equal(sb_schema_text(schema, text, 36), "price: float64, side: utf8, n: int8");
    assert_string_equal(sb_schema_text(schema, text, 35), "price: float64, side: utf8, …");
    assert_string_equal(sb_schema_text(schema, text, 30), "price: float64, …");
    assert_string_equal(sb_schema_text(schema, text, 10), "…");
    for (size_t size = 4; size < sizeof text; size++) {
        memset(text, 'z', sizeof text);
        sb_schema_text(schema, text, size);
        assert_true(strlen(text) < size);
        if (size < sizeof text - 1) {
            assert_int_equal(text[size], 'z'); // nothing past the end
        }
    }
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static enum sb_status wide_schema_create(struct sb_memory *memory, void *context)
{
    struct sb_field fields[200];
    char names[200][32];
    struct sb_schema *schema;

    (void)context;
    for (int i = 0; i < 200; i++) {
        snprintf(names[i], sizeof names[i], "a_rather_long_name_%d", i);
        fields[i] = (struct sb_field){
            .name = names[i],
            .type = {.id = SB_TYPE_TIMESTAMP, .zone = "Europe/Berlin"},
        };
    }
    SB_TRY_RETURN(sb_schema_create(memory, fields, 200, &schema, NULL));
    sb_schema_release(schema);
    return SB_OK;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(wide_schema_create, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_names_and_zones),
        cmocka_unit_test(finds_the_first_column_of_a_name),
        cmocka_unit_test(equals_only_schemas_that_agree_in_everything),
        cmocka_unit_test(lives_until_the_last_release),
        cmocka_unit_test(shows_itself_cut_between_columns),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
