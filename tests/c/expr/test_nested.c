// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of lists, structs and maps over random columns, sliced, against a look at each row; and
 * with each of their allocations refused.
 */
#include "expressions.h"

#include <inttypes.h>
#include <stdio.h>

#include "support/random_value.h"
#include "support/seed.h"

enum { ROW_COUNT = 1500, ROUNDS = 6, LIST = 0, STRUCT, MAP };

static const char columns[] =
    "l: list<item: int64>, s: struct<x: int64, y: utf8>, m: map<int8, utf8>";

/* Rows [first, first + count) of `whole`. */
struct rows {
    struct sb_memory *memory;
    struct sb_batch whole;
    struct sb_batch part;
    int64_t first;
    int64_t count;
};

static void rows_init(struct rows *rows, uint64_t *random)
{
    struct sb_schema *schema;

    *rows = (struct rows){.memory = sb_memory_create(0)};
    assert_int_equal(test_schema_parse(rows->memory, columns, &schema), SB_OK);
    assert_int_equal(sb_batch_init(&rows->whole, rows->memory, schema, ROW_COUNT, NULL), SB_OK);
    for (int32_t c = 0; c < schema->field_count; c++) {
        struct sb_builder builder;

        sb_builder_init(&builder, rows->memory, &schema->fields[c].type);
        for (int i = 0; i < ROW_COUNT; i++) {
            test_value_append_random(&builder, true, random);
        }
        assert_int_equal(sb_builder_finish(&builder, &rows->whole.columns[c], NULL), SB_OK);
    }
    rows->first = (int64_t)(test_random(random) % ROW_COUNT);
    rows->count = (int64_t)(test_random(random) % (uint64_t)(ROW_COUNT - rows->first + 1));
    assert_int_equal(sb_batch_share(&rows->part, &rows->whole, NULL), SB_OK);
    sb_batch_slice(&rows->part, rows->first, rows->count);
    sb_schema_release(schema);
}

static void rows_deinit(struct rows *rows)
{
    sb_batch_deinit(&rows->part);
    sb_batch_deinit(&rows->whole);
    sb_memory_release(rows->memory);
}

/* The list of row `i` as a range of its child; of nulls, none. */
static struct sb_range list_at(const struct rows *rows, int32_t column, int64_t i)
{
    const struct sb_column *lists = &rows->whole.columns[column];

    return sb_column_is_null(lists, rows->first + i) ? (struct sb_range){0}
                                                     : sb_column_range(lists, rows->first + i);
}

/* Evaluates, with all memory and without: row `i` is row expected[i] of `values`, or null. */
static void check_rows(const struct rows *rows, const char *expression_text,
                       const struct sb_column *values, const uint32_t *expected)
{
    struct sb_arena arena = {.memory = rows->memory};
    json_t *json = expression(expression_text);
    struct sb_batch out;
    struct sb_error err = {0};

    print_message("# %s\n", expression_text);
    if (expression_evaluate_json(json, &rows->part, rows->memory, &arena, &out, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    assert_int_equal(out.row_count, rows->count);
    test_column_expect(&out.columns[0], values, expected, rows->count);
    test_allocations(case_attempt, &(struct case_attempt){json, &rows->part});
    sb_batch_deinit(&out);
    sb_arena_deinit(&arena);
    json_decref(json);
}

/* The same for numbers and booleans; -1 = null. */
static void check_numbers(const struct rows *rows, const char *expression_text, const char *type,
                          const int64_t *expected)
{
    struct sb_memory *memory = rows->memory;
    struct sb_schema *schema;
    struct sb_builder builder;
    struct sb_column column;
    char text[32];

    snprintf(text, sizeof text, "n: %s", type);
    assert_int_equal(test_schema_parse(memory, text, &schema), SB_OK);
    sb_builder_init(&builder, memory, &schema->fields[0].type);
    for (int64_t i = 0; i < rows->count; i++) {
        assert_int_equal(expected[i] < 0 ? sb_builder_append_null(&builder, NULL)
                                         : sb_builder_append_fixed(&builder, &expected[i], NULL),
                         SB_OK);
    }
    assert_int_equal(sb_builder_finish(&builder, &column, NULL), SB_OK);
    check_rows(rows, expression_text, &column, NULL);
    sb_column_deinit(&column);
    sb_schema_release(schema);
}

static void lengths_and_elements_are_those_of_the_list(void **state)
{
    static const int64_t positions[] = {0, 1, 2, 7, -1, -3};
    uint64_t random = test_seed();

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static int64_t lengths[ROW_COUNT];
        static uint32_t elements[ROW_COUNT];
        struct sb_column child;
        struct rows rows;

        rows_init(&rows, &random);
        child = sb_column_child(&rows.whole.columns[LIST], 0);
        for (size_t p = 0; p < sizeof positions / sizeof positions[0]; p++) {
            char text[64];

            for (int64_t i = 0; i < rows.count; i++) {
                struct sb_range list = list_at(&rows, LIST, i);
                int64_t at = positions[p] < 0 ? list.count + positions[p] : positions[p];

                lengths[i] = sb_column_is_null(&rows.part.columns[LIST], i) ? -1 : list.count;
                elements[i] = at < 0 || at >= list.count ? UINT32_MAX : (uint32_t)(list.first + at);
            }
            snprintf(text, sizeof text, "(list_element l %" PRId64 ")", positions[p]);
            check_rows(&rows, text, &child, elements);
        }
        check_numbers(&rows, "(list_length l)", "int64", lengths);
        rows_deinit(&rows);
    }
}

static void a_list_contains_its_elements(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static int64_t expected[ROW_COUNT];
        const int64_t *values;
        struct sb_column child;
        struct rows rows;
        int64_t wanted;
        char text[64];

        rows_init(&rows, &random);
        child = sb_column_child(&rows.whole.columns[LIST], 0);
        values = sb_column_fixed(&child, 8);
        wanted = values[test_random(&random) % (uint64_t)child.length];
        wanted = wanted == INT64_MIN ? 0 : wanted; // a literal is a sign and a number
        for (int64_t i = 0; i < rows.count; i++) {
            struct sb_range list = list_at(&rows, LIST, i);

            expected[i] = sb_column_is_null(&rows.part.columns[LIST], i) ? -1 : 0;
            for (int64_t e = list.first; e < list.first + list.count; e++) {
                expected[i] |= !sb_column_is_null(&child, e) && values[e] == wanted;
            }
        }
        snprintf(text, sizeof text, "(list_contains l %" PRId64 ")", wanted);
        check_numbers(&rows, text, "bool", expected);
        rows_deinit(&rows);
    }
}

static void a_field_is_null_where_its_struct_is(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static uint32_t expected[ROW_COUNT];
        struct rows rows;

        rows_init(&rows, &random);
        for (int64_t i = 0; i < rows.count; i++) {
            expected[i] = sb_column_is_null(&rows.part.columns[STRUCT], i)
                              ? UINT32_MAX
                              : (uint32_t)(rows.first + i);
        }
        for (int32_t f = 0; f < 2; f++) {
            struct sb_column field = sb_column_child(&rows.whole.columns[STRUCT], f);

            check_rows(&rows, f == 0 ? "(struct_field s 'x')" : "(struct_field s 'y')", &field,
                       expected);
        }
        rows_deinit(&rows);
    }
}

static void a_map_gives_the_last_value_of_a_key(void **state)
{
    uint64_t random = test_seed();

    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        static uint32_t expected[ROW_COUNT];
        struct sb_column entries;
        struct sb_column keys;
        struct sb_column values;
        struct rows rows;
        const int8_t *bytes;
        char text[64];
        int8_t wanted;

        rows_init(&rows, &random);
        entries = sb_column_child(&rows.whole.columns[MAP], 0);
        keys = sb_column_child(&entries, 0);
        values = sb_column_child(&entries, 1);
        bytes = sb_column_fixed(&keys, 1);
        wanted = bytes[test_random(&random) % (uint64_t)keys.length];
        for (int64_t i = 0; i < rows.count; i++) {
            struct sb_range map = list_at(&rows, MAP, i);

            expected[i] = UINT32_MAX;
            for (int64_t e = map.first; e < map.first + map.count; e++) {
                expected[i] = bytes[e] == wanted ? (uint32_t)e : expected[i];
            }
        }
        snprintf(text, sizeof text, "(map_value m %d)", wanted);
        check_rows(&rows, text, &values, expected);
        rows_deinit(&rows);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lengths_and_elements_are_those_of_the_list),
        cmocka_unit_test(a_list_contains_its_elements),
        cmocka_unit_test(a_field_is_null_where_its_struct_is),
        cmocka_unit_test(a_map_gives_the_last_value_of_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
