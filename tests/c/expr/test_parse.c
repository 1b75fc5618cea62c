// SPDX-License-Identifier: Apache-2.0
/*
 * The wire form of expressions: what is read, written back and printed, and how wrong forms are
 * refused.
 */
#include "expressions.h"

#include "support/allocation.h"

struct fixture {
    struct sb_memory *memory;
    struct sb_arena arena;
    struct sb_error err;
};

static struct fixture fixture_make(void)
{
    struct sb_memory *memory = sb_memory_create(0);

    return (struct fixture){.memory = memory, .arena = {.memory = memory}};
}

static void fixture_free(struct fixture *fixture)
{
    sb_arena_deinit(&fixture->arena);
    sb_memory_release(fixture->memory);
}

static json_t *read_json(const char *text)
{
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY, &error);

    if (json == NULL) {
        fail_msg("%s: %s", text, error.text);
    }
    return json;
}

static void prints_and_writes_what_it_reads(void **state)
{
    static const char *const cases[][2] = {
        {"(greater (multiply price 2) 100)", "price * 2 > 100"},
        {"(multiply (add a 1) 2)", "(a + 1) * 2"},
        {"(add a (multiply 1 2))", "a + 1 * 2"},
        {"(subtract a (subtract b c))", "a - (b - c)"},
        {"(subtract (subtract a b) c)", "a - b - c"},
        {"(negate (negate a))", "-(-a)"},
        {"(negate (add a b))", "-(a + b)"},
        {"(modulo (divide a b) 3)", "a / b % 3"},
        {"(or (and a b) c)", "a and b or c"},
        {"(and (or a b) c)", "(a or b) and c"},
        {"(not (equal a b))", "not a == b"},
        {"(equal (not a) b)", "(not a) == b"},
        {"(equal (equal a b) c)", "(a == b) == c"},
        {"(is_null (add a b))", "a + b is null"},
        {"(not (is_not_null a))", "not a is not null"},
        {"(coalesce a 0 null)", "coalesce(a, 0, null)"},
        {"(cast (add a 1) decimal128(10, 2))", "cast(a + 1 as decimal128(10, 2))"},
        {"(try_cast a timestamp[us, UTC])", "cast(a as timestamp[us, UTC], null on error)"},
        {"float32:0.1", "0.1"},
        {"-5", "-5"},
        {"2.5", "2.5"},
        {"1e300", "1e+300"},
        {"true", "true"},
        {"'text'", "'text'"},
        {"int64:null", "null"},
        {"decimal128(5, 2):'-12.50'", "-12.50"},
        {"binary:'00ff'", "x'00ff'"},
        {"date32:19782", "date '2024-02-29'"},
        {"date64:19782", "date '2024-02-29'"},
        {"timestamp[ms, +01:00]:0", "timestamp '1970-01-01T01:00:00.000+01:00'"},
        {"uint64:'18446744073709551615'", "18446744073709551615"},
        {"int64:'-9223372036854775808'", "-9223372036854775808"},
        {"9223372036854775807", "9223372036854775807"},
        {"float64:'NaN'", "nan"},
        {"float32:'-inf'", "-inf"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture = fixture_make();
        const struct sb_expr *expr;
        json_t *json;
        json_t *written;
        json = expression(cases[i][0]);
        if (sb_expr_parse(json, &fixture.arena, &expr, &fixture.err) != SB_OK) {
            fail_msg("%s: %s", cases[i][0], fixture.err.message);
        }
        assert_string_equal(sb_expr_to_text(expr, &fixture.arena), cases[i][1]);
        written = sb_expr_to_json(expr);
        if (!json_equal(json, written)) {
            fail_msg("%s became %s", json_dumps(json, JSON_ENCODE_ANY),
                     json_dumps(written, JSON_ENCODE_ANY));
        }
        json_decref(written);
        json_decref(json);
        fixture_free(&fixture);
    }
}

/* Longer than any message shows of it. */
static void writes_long_types_whole(void **state)
{
    struct fixture fixture = fixture_make();
    const struct sb_expr *expr;
    char text[512];
    json_t *json;
    json_t *written;

    (void)state;
    snprintf(text, sizeof text,
             "{\"call\": \"cast\", \"args\": [{\"col\": \"a\"}], \"type\": "
             "\"timestamp[us, %0*d]\"}",
             SB_TYPE_NAME_SIZE, 0);
    json = read_json(text);
    assert_int_equal(sb_expr_parse(json, &fixture.arena, &expr, &fixture.err), SB_OK);
    written = sb_expr_to_json(expr);
    assert_true(json_equal(json, written));
    json_decref(written);
    json_decref(json);
    fixture_free(&fixture);
}

static void quotes_names_and_text_in_explain(void **state)
{
    struct fixture fixture = fixture_make();
    json_t *json = read_json("{\"call\": \"equal\", \"args\": [{\"col\": \"the \\\"price\\\"\"}, "
                             "{\"lit\": \"it's\"}]}");
    const struct sb_expr *expr;

    assert_int_equal(sb_expr_parse(json, &fixture.arena, &expr, &fixture.err), SB_OK);
    assert_string_equal(sb_expr_to_text(expr, &fixture.arena), "\"the \"\"price\"\"\" == 'it''s'");
    json_decref(json);
    fixture_free(&fixture);
}

static void refuses_wrong_forms(void **state)
{
    static const char *const cases[][2] = {
        {"5", "expression 5: expected an object with \"col\", \"lit\" or \"call\""},
        {"{}", "expression {}: expected exactly one of \"col\", \"lit\" and \"call\""},
        {"{\"col\": \"a\", \"lit\": 1}", "expected exactly one of"},
        {"{\"col\": 5}", "\"col\" is the name of a column, a string"},
        {"{\"col\": \"a\", \"type\": \"int8\"}", "unknown key 'type'; beside \"col\" there may be "
                                                 "nothing"},
        {"{\"lit\": [1]}", "a literal is null, a boolean, a number or a string, not an array"},
        {"{\"lit\": 1, \"type\": \"int7\"}", "'int7' is no type; there are null, bool, int8"},
        {"{\"lit\": 1, \"type\": 8}", "\"type\" is the name of a type, such as \"float64\""},
        {"{\"lit\": 300, \"type\": \"int8\"}",
         "literal 300 is no int8: expected an integer in the range of the type"},
        {"{\"lit\": 1.5, \"type\": \"int8\"}", "literal 1.5 is no int8: expected an integer, as a "
                                               "number or as digits in a string"},
        {"{\"lit\": \"x\", \"type\": \"float64\"}",
         "literal \"x\" is no float64: expected a number"},
        {"{\"lit\": 1e300, \"type\": \"float32\"}", "in the range of the type"},
        {"{\"lit\": 1.5, \"type\": \"decimal128(5, 2)\"}",
         "literal 1.5 is no decimal128(5, 2): expected a string such as \"12.50\""},
        {"{\"lit\": \"1.555\", \"type\": \"decimal128(5, 2)\"}",
         "expected a decimal that fits precision and scale"},
        {"{\"lit\": \"abc\", \"type\": \"binary\"}", "expected hexadecimal digits in a string"},
        {"{\"lit\": 1, \"type\": \"bool\"}", "expected true or false"},
        {"{\"lit\": true, \"type\": \"utf8\"}", "expected a string"},
        {"{\"lit\": \"soon\", \"type\": \"date32\"}", "expected days since 1970-01-01"},
        {"{\"call\": \"sinus\", \"args\": []}",
         "unknown function 'sinus'; there are add, subtract"},
        {"{\"call\": 1, \"args\": []}", "\"call\" is the name of a function, a string"},
        {"{\"call\": \"add\"}", "\"args\" is a list of expressions"},
        {"{\"call\": \"add\", \"args\": [{\"lit\": 1}]}", "add: 1 argument given, 2 wanted"},
        {"{\"call\": \"and\", \"args\": []}", "and: 0 arguments given, 1 to 4096 wanted"},
        {"{\"call\": \"add\", \"args\": [{\"lit\": 1}, 7]}", "expression 7: expected an object"},
        {"{\"call\": \"add\", \"args\": [], \"type\": \"int8\"}",
         "unknown key 'type'; beside \"call\" there may be \"args\""},
        {"{\"call\": \"cast\", \"args\": [{\"col\": \"a\"}]}", "\"type\" is the name of a type"},
        {"{\"call\": \"cast\", \"args\": [{\"col\": \"a\"}], \"type\": \"int8\", \"on_error\": 1}",
         "\"on_error\" is \"error\" (the default) or \"null\""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct fixture fixture = fixture_make();
        json_t *json = read_json(cases[i][0]);
        const struct sb_expr *expr;
        assert_int_equal(sb_expr_parse(json, &fixture.arena, &expr, &fixture.err), SB_INVALID);
        assert_null(expr);
        if (strstr(fixture.err.message, cases[i][1]) == NULL) {
            fail_msg("%s: %s", cases[i][0], fixture.err.message);
        }
        json_decref(json);
        fixture_free(&fixture);
    }
}

static json_t *nested(int depth)
{
    json_t *json = json_pack("{s:s}", "col", "a");

    for (int i = 0; i < depth; i++) {
        json = json_pack("{s:s, s:[o]}", "call", "not", "args", json);
    }
    return json;
}

static void refuses_what_nests_too_deep(void **state)
{
    struct fixture fixture = fixture_make();
    json_t *deep = nested(257);
    json_t *allowed = nested(256);
    const struct sb_expr *expr;

    assert_int_equal(sb_expr_parse(deep, &fixture.arena, &expr, &fixture.err), SB_INVALID);
    assert_non_null(strstr(fixture.err.message, "nests deeper than 256 calls"));
    assert_int_equal(sb_expr_parse(allowed, &fixture.arena, &expr, &fixture.err), SB_OK);
    json_decref(deep);
    json_decref(allowed);
    fixture_free(&fixture);
}

static void reads_the_short_form_of_a_filter(void **state)
{
    static const char *const cases[][3] = {
        {">", "100", "price > 100"},
        {">=", "1.5", "price >= 1.5"},
        {"<", "\"2024-01-01\"", "price < '2024-01-01'"},
        {"<=", "true", "price <= true"},
        {"==", "null", "price == null"},
        {"!=", "{\"lit\": \"12.50\", \"type\": \"decimal128(5, 2)\"}", "price != 12.50"},
    };
    struct fixture fixture = fixture_make();
    const struct sb_expr *expr;
    json_t *value;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        value = read_json(cases[i][1]);
        assert_int_equal(sb_expr_make_comparison("price", cases[i][0], value, &fixture.arena, &expr,
                                                 &fixture.err),
                         SB_OK);
        assert_string_equal(sb_expr_to_text(expr, &fixture.arena), cases[i][2]);
        json_decref(value);
    }
    value = json_integer(1);
    assert_int_equal(
        sb_expr_make_comparison("price", "=>", value, &fixture.arena, &expr, &fixture.err),
        SB_INVALID);
    assert_string_equal(fixture.err.message,
                        "unknown operator '=>'; there are >, >=, <, <=, == and !=");
    json_decref(value);
    value = json_array();
    assert_int_equal(
        sb_expr_make_comparison("price", ">", value, &fixture.arena, &expr, &fixture.err),
        SB_INVALID);
    json_decref(value);
    fixture_free(&fixture);
}

static void marks_the_columns_it_reads(void **state)
{
    struct fixture fixture = fixture_make();
    struct sb_schema *schema;
    const struct sb_expr *expr;
    bool used[4] = {false};
    json_t *json = expression("(and (greater c 1) (is_null (add a c)) (equal unknown 2))");

    assert_int_equal(
        test_schema_parse(fixture.memory, "a: int8, b: int8, c: int8, d: int8", &schema), SB_OK);
    assert_int_equal(sb_expr_parse(json, &fixture.arena, &expr, &fixture.err), SB_OK);
    sb_expr_columns(expr, schema, used);
    assert_true(used[0] && !used[1] && used[2] && !used[3]);
    json_decref(json);
    sb_schema_release(schema);
    fixture_free(&fixture);
}

struct bind_case {
    const char *expression;
    const char *type; // with " not null" behind it when no null can come out
};

static void gives_the_type_that_the_rules_say(void **state)
{
    static const char schema_text[] =
        "i8: int8, i16: int16, i32: int32, i64: int64, u8: uint8, u64: uint64, f32: float32, "
        "f64: float64, d: decimal128(10, 2), e: decimal128(8, 4), s: utf8, v: utf8_view, b: bool, "
        "t: timestamp[s], m: timestamp[ms], n: int64 not null";
    static const struct bind_case cases[] = {
        {"(add i8 i8)", "int8"},
        {"(add i8 i16)", "int16"},
        {"(add u8 i8)", "int64"},
        {"(add u8 u64)", "uint64"},
        {"(add u64 5)", "uint64"},
        {"(add i32 5)", "int64"},
        {"(add i32 int32:5)", "int32"},
        {"(add i8 f32)", "float64"},
        {"(add f32 f32)", "float32"},
        {"(multiply f32 f64)", "float64"},
        {"(divide i8 i8)", "float64"},
        {"(divide f32 f32)", "float64"},
        {"(modulo u8 u8)", "uint8"},
        {"(negate i16)", "int16"},
        {"(add d e)", "decimal128(13, 4)"},
        {"(subtract d d)", "decimal128(11, 2)"},
        {"(multiply d e)", "decimal128(18, 6)"},
        {"(divide d e)", "decimal128(18, 6)"},
        {"(modulo d e)", "decimal128(8, 4)"},
        {"(add d i8)", "decimal128(11, 2)"},
        {"(add d 1)", "decimal128(11, 2)"},
        {"(multiply d 2.5)", "decimal128(12, 3)"},
        {"(multiply (cast d decimal128(38, 2)) d)", "decimal128(38, 4)"},
        {"(greater d e)", "bool"},
        {"(greater n 5)", "bool not null"},
        {"(add n n)", "int64 not null"},
        {"(add n null)", "int64"},
        {"(is_null i8)", "bool not null"},
        {"(coalesce i8 n)", "int64 not null"},
        {"(coalesce i8 i16)", "int16"},
        {"(coalesce i8 u8 f32)", "float64"},
        {"(coalesce f32 1)", "float32 not null"},
        {"(coalesce i8 5)", "int8 not null"},
        {"(coalesce i8 500)", "int64 not null"},
        {"(coalesce s v)", "utf8"},
        {"(coalesce v s)", "utf8_view"},
        {"(coalesce d i8)", "decimal128(10, 2)"},
        {"(coalesce t m)", "timestamp[ms]"},
        {"(and b true)", "bool"},
        {"(and b false)", "bool"},
        {"(cast n int8)", "int8 not null"},
        {"(try_cast n int8)", "int8"},
        {"(try_cast n float64)", "float64 not null"},
        {"5", "int64 not null"},
        {"int8:null", "int8"},
        {"(coalesce null null int8:null)", "int8"},
    };
    struct fixture fixture = fixture_make();
    struct sb_schema *schema;

    assert_int_equal(test_schema_parse(fixture.memory, schema_text, &schema), SB_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct sb_bound_expr *bound;
        char name[SB_TYPE_NAME_SIZE + 16];
        if (expression_bind(cases[i].expression, schema, &fixture.arena, &bound, &fixture.err) !=
            SB_OK) {
            fail_msg("%s: %s", cases[i].expression, fixture.err.message);
        }
        sb_type_name(sb_bound_expr_type(bound), name, SB_TYPE_NAME_SIZE);
        if (!sb_bound_expr_is_nullable(bound)) {
            strcat(name, " not null");
        }
        if (strcmp(name, cases[i].type) != 0) {
            fail_msg("%s is %s, not %s", cases[i].expression, name, cases[i].type);
        }
    }
    sb_schema_release(schema);
    fixture_free(&fixture);
}

static enum sb_status parse_attempt(struct sb_memory *memory, void *context)
{
    struct sb_arena arena = {.memory = memory};
    json_t *json = expression(context);
    const struct sb_expr *expr;
    enum sb_status status = SB_OK;

    SB_TRY_OUT(sb_expr_parse(json, &arena, &expr, NULL));
    if (sb_expr_to_text(expr, &arena) == NULL) {
        status = SB_NO_MEMORY;
    }
out:
    json_decref(json);
    sb_arena_deinit(&arena);
    return status;
}

static void survives_refused_allocations(void **state)
{
    char wide[40000] = "(coalesce";

    for (int i = 0; i < 3000; i++) {
        strcat(wide, " column");
    }
    strcat(wide, " 'text')");
    test_allocations(parse_attempt, "(and (equal a 'text') (less b timestamp[us, UTC]:5))");
    test_allocations(parse_attempt, wide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(prints_and_writes_what_it_reads),
        cmocka_unit_test(writes_long_types_whole),
        cmocka_unit_test(quotes_names_and_text_in_explain),
        cmocka_unit_test(refuses_wrong_forms),
        cmocka_unit_test(refuses_what_nests_too_deep),
        cmocka_unit_test(reads_the_short_form_of_a_filter),
        cmocka_unit_test(marks_the_columns_it_reads),
        cmocka_unit_test(gives_the_type_that_the_rules_say),
        cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
