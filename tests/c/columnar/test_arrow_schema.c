// SPDX-License-Identifier: Apache-2.0
#include "columnar/arrow.h"

#include <stdio.h>
#include <string.h>

#include "support/allocation.h"
#include "support/arrow_array.h"
#include "support/batch_text.h"
#include "support/test.h"

// Arrow formats and the names of the types they stand for.
static const char *const formats[][2] = {
    {"b", "bool"},
    {"c", "int8"},
    {"s", "int16"},
    {"i", "int32"},
    {"l", "int64"},
    {"C", "uint8"},
    {"S", "uint16"},
    {"I", "uint32"},
    {"L", "uint64"},
    {"f", "float32"},
    {"g", "float64"},
    {"tdD", "date32"},
    {"tdm", "date64"},
    {"tss:", "timestamp[s]"},
    {"tsm:", "timestamp[ms]"},
    {"tsu:UTC", "timestamp[us, UTC]"},
    {"tsn:America/New_York", "timestamp[ns, America/New_York]"},
    {"d:38,10", "decimal128(38, 10)"},
    {"d:9,-2", "decimal128(9, -2)"},
    {"u", "utf8"},
    {"U", "large_utf8"},
    {"vu", "utf8_view"},
    {"z", "binary"},
    {"Z", "large_binary"},
    {"vz", "binary_view"},
};
enum { FORMAT_COUNT = sizeof formats / sizeof formats[0] };

static enum sb_status format_import(struct sb_memory *memory, const char *format,
                                    struct sb_schema **out, struct sb_error *err)
{
    struct test_array_column column = {.format = format, .name = "price", .flags = 2};
    struct ArrowSchema schema;
    int release_count = 0;
    enum sb_status status;

    test_schema_make(&schema, &column, 1, &release_count);
    status = sb_schema_import(memory, &schema, out, err);
    assert_int_equal(release_count, 0); // it is borrowed
    schema.release(&schema);
    return status;
}

static void imports_every_format(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int i = 0; i < FORMAT_COUNT; i++) {
        char name[SB_TYPE_NAME_SIZE];
        struct sb_schema *schema;

        assert_int_equal(format_import(memory, formats[i][0], &schema, NULL), SB_OK);
        assert_string_equal(schema->fields[0].name, "price");
        assert_true(schema->fields[0].is_nullable);
        assert_string_equal(sb_type_name(&schema->fields[0].type, name, sizeof name),
                            formats[i][1]);
        sb_schema_release(schema);
    }
    sb_memory_release(memory);
}

static void exports_the_formats_it_imports(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (int i = 0; i < FORMAT_COUNT; i++) {
        struct sb_schema *schema;
        struct ArrowSchema exported;

        assert_int_equal(format_import(memory, formats[i][0], &schema, NULL), SB_OK);
        assert_int_equal(sb_schema_export(schema, &exported, NULL), SB_OK);
        sb_schema_release(schema); // the exported one lives on
        assert_string_equal(exported.format, "+s");
        assert_string_equal(exported.name, "");
        assert_int_equal(exported.n_children, 1);
        assert_string_equal(exported.children[0]->format, formats[i][0]);
        assert_string_equal(exported.children[0]->name, "price");
        assert_int_equal(exported.children[0]->flags, ARROW_FLAG_NULLABLE);
        assert_int_equal(exported.children[0]->n_children, 0);
        assert_null(exported.children[0]->dictionary);
        assert_null(exported.metadata);
        exported.release(&exported);
        assert_null(exported.release);
    }
    sb_memory_release(memory);
}

static void keeps_names_order_and_nullability(void **state)
{
    static const struct test_array_column columns[] = {
        {.format = "l", .name = "id", .flags = 0},
        {.format = "u", .name = NULL, .flags = ARROW_FLAG_NULLABLE},
        {.format = "d:10,2,128", .name = "id", .flags = ARROW_FLAG_NULLABLE},
    };
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowSchema arrow;
    struct sb_schema *schema;
    char text[128];

    (void)state;
    test_schema_make(&arrow, columns, 3, NULL);
    assert_int_equal(sb_schema_import(memory, &arrow, &schema, NULL), SB_OK);
    arrow.release(&arrow);
    assert_string_equal(sb_schema_text(schema, text, sizeof text),
                        "id: int64, : utf8, id: decimal128(10, 2)");
    assert_false(schema->fields[0].is_nullable);
    assert_true(schema->fields[1].is_nullable);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static void has_schemas_without_columns(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowSchema arrow;
    struct ArrowSchema exported;
    struct sb_schema *schema;

    (void)state;
    test_schema_make(&arrow, NULL, 0, NULL);
    assert_int_equal(sb_schema_import(memory, &arrow, &schema, NULL), SB_OK);
    arrow.release(&arrow);
    assert_int_equal(schema->field_count, 0);
    assert_int_equal(sb_schema_export(schema, &exported, NULL), SB_OK);
    assert_int_equal(exported.n_children, 0);
    exported.release(&exported);
    sb_schema_release(schema);
    sb_memory_release(memory);
}

static void refuses_unions_by_name(void **state)
{
    static const char *const refused[] = {"+ud:0,1", "+us:0,1"};
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        struct sb_schema *schema;
        struct sb_error err;
        char expected[128];

        assert_int_equal(format_import(memory, refused[i], &schema, &err), SB_UNSUPPORTED);
        assert_null(schema);
        snprintf(expected, sizeof expected, "column 'price': unions (Arrow format '%s')",
                 refused[i]);
        if (strstr(err.message, expected) == NULL) {
            fail_msg("expected %s, found %s", expected, err.message);
        }
    }
    sb_memory_release(memory);
}

static void refuses_what_is_no_format(void **state)
{
    static const char *const wrong[] = {
        "",      "x",       "ll",   "ts",    "tsx:",     "tsu",       "tsuUTC",    "d:",
        "d:10",  "d:10,",   "d:,2", "d:0,0", "d:39,2",   "d:10,2,",   "d:10,2,x",  "d:10,2,128x",
        "d:a,b", "d:10,39", "td",   "tdX",   "v",        "+",         "+x",        "utf8",
        "w:",    "w:-1",    "w:3x", "w:+3",  "+w:",      "+w:x",      "tt",        "ttx",
        "ttss",  "tDx",     "ti",   "tix",   "d:5,2,33", "d:10,2,32", "d:19,2,64", "d:77,2,256",
        "+l",    "+w:3",    "+m",   "+r", // their children are missing
    };
    struct sb_memory *memory = sb_memory_create(0);

    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        struct sb_schema *schema;
        struct sb_error err;

        if (format_import(memory, wrong[i], &schema, &err) != SB_CORRUPT) {
            fail_msg("'%s' was taken", wrong[i]);
        }
        assert_non_null(strstr(err.message, "price"));
        assert_null(schema);
    }
    sb_memory_release(memory);
}

static void refuses_broken_schemas(void **state)
{
    static const struct test_array_column column = {.format = "l", .name = "a"};
    struct sb_memory *memory = sb_memory_create(0);
    struct ArrowSchema dictionary = {.format = "u"};

    (void)state;
    for (int what = 0; what < 9; what++) {
        struct ArrowSchema arrow;
        struct ArrowSchema *child;
        struct ArrowSchema **children;
        void (*release)(struct ArrowSchema *);
        struct sb_schema *schema;
        struct sb_error err = {.status = SB_OK};
        enum sb_status status;

        test_schema_make(&arrow, &column, 1, NULL);
        release = arrow.release;
        children = arrow.children;
        child = arrow.children[0];
        switch (what) {
        case 0:
            arrow.format = "l";
            break;
        case 1:
            arrow.format = NULL;
            break;
        case 2:
            arrow.release = NULL;
            break;
        case 3:
            arrow.n_children = -1;
            break;
        case 4:
            arrow.children = NULL;
            break;
        case 5:
            arrow.children[0] = NULL;
            break;
        case 6:
            child->format = NULL;
            break;
        case 7:
            child->n_children = 1;
            break;
        case 8:
            child->dictionary = &dictionary;
            break;
        default:
            break;
        }
        status = sb_schema_import(memory, &arrow, &schema, &err);
        assert_int_equal(status, what == 0 ? SB_UNSUPPORTED : SB_CORRUPT);
        assert_int_equal(err.status, status);
        assert_null(schema);
        arrow.release = release;
        arrow.n_children = 1;
        arrow.children = children;
        arrow.children[0] = child;
        child->n_children = 0;
        arrow.release(&arrow);
    }
    sb_memory_release(memory);
}

static void lets_children_move_out(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;
    struct ArrowSchema exported;
    struct ArrowSchema moved;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "a: int8, b: timestamp[us, UTC]", &schema), SB_OK);
    assert_int_equal(sb_schema_export(schema, &exported, NULL), SB_OK);
    sb_schema_release(schema);
    moved = *exported.children[1];
    exported.children[1]->release = NULL;
    exported.release(&exported);
    assert_string_equal(moved.name, "b");
    assert_string_equal(moved.format, "tsu:UTC");
    moved.release(&moved);
    assert_null(moved.release);
    sb_memory_release(memory);
}

static void outlives_its_allocator(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_schema *schema;
    struct ArrowSchema exported;

    (void)state;
    assert_int_equal(test_schema_parse(memory, "a: int8", &schema), SB_OK);
    assert_int_equal(sb_schema_export(schema, &exported, NULL), SB_OK);
    sb_schema_release(schema);
    sb_memory_release(memory);
    assert_string_equal(exported.children[0]->name, "a");
    exported.release(&exported);
}

static enum sb_status schema_round_trip(struct sb_memory *memory, void *context)
{
    enum sb_status status = SB_OK;
    struct sb_schema *schema = NULL;
    struct ArrowSchema exported = {0};
    struct sb_schema *again = NULL;

    (void)context;
    SB_TRY_OUT(
        test_schema_parse(memory, "a: int8, b: timestamp[us, UTC], c: decimal128(3, 1)", &schema));
    SB_TRY_OUT(sb_schema_export(schema, &exported, NULL));
    SB_TRY_OUT(sb_schema_import(memory, &exported, &again, NULL));
    assert_true(sb_schema_equal(schema, again));
out:
    if (exported.release != NULL) {
        exported.release(&exported);
    }
    sb_schema_release(schema);
    sb_schema_release(again);
    return status;
}

static void survives_refused_memory(void **state)
{
    (void)state;
    test_allocations(schema_round_trip, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(imports_every_format),
        cmocka_unit_test(exports_the_formats_it_imports),
        cmocka_unit_test(keeps_names_order_and_nullability),
        cmocka_unit_test(has_schemas_without_columns),
        cmocka_unit_test(refuses_unions_by_name),
        cmocka_unit_test(refuses_what_is_no_format),
        cmocka_unit_test(refuses_broken_schemas),
        cmocka_unit_test(lets_children_move_out),
        cmocka_unit_test(outlives_its_allocator),
        cmocka_unit_test(survives_refused_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
