// SPDX-License-Identifier: Apache-2.0
/*
 * Every function over small columns, as rows: schema, rows, expression, the column that comes out
 * or the error.
 */
#include "expressions.h"

static void adds_subtracts_and_multiplies(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "1,2; null,3; -5,null; 7,-7", "(add a b)", "3; null; null; 0"},
        {"a: int64, b: int64", "1,2; -5,3", "(subtract a b)", "-1; -8"},
        {"a: int64, b: int64", "4611686018427387904,2", "(multiply a b)",
         "error: multiply: overflow: 4611686018427387904 * 2 in int64"},
        {"a: int64, b: int64", "4611686018427387904,-2; 3037000499,3037000499", "(multiply a b)",
         "-9223372036854775808; 9223372030926249001"},
        {"a: int64", "9223372036854775807", "(add a 1)",
         "error: add: overflow: 9223372036854775807 + 1 in int64"},
        {"a: int64", "-9223372036854775808", "(subtract a 1)",
         "error: subtract: overflow: -9223372036854775808 - 1 in int64"},
        {"a: int64", "-9223372036854775808", "(negate a)", "error: negate: overflow: "},
        {"a: int64", "-9223372036854775808", "(subtract -1 a)", "9223372036854775807"},
        {"a: int8, b: int8", "100,27; null,100", "(add a b)", "127; null"},
        {"a: int8, b: int8", "100,28", "(add a b)", "error: add: overflow: 100 + 28 in int8"},
        {"a: int8, b: int8", "16,8; -16,8", "(multiply a b)",
         "error: multiply: overflow: 16 * 8 in int8"},
        {"a: int8, b: int8", "-16,8", "(multiply a b)", "-128"},
        {"a: int8, b: int16", "127,32000", "(add a b)", "32127"},
        {"a: int8, b: uint8", "127,255", "(add a b)", "382"},
        {"a: uint8, b: uint8", "200,100", "(add a b)", "error: add: overflow: 200 + 100 in uint8"},
        {"a: uint8, b: uint8", "1,2", "(subtract a b)",
         "error: subtract: overflow: 1 - 2 in uint8"},
        {"a: uint64, b: uint64", "18446744073709551615,1", "(subtract a b)",
         "18446744073709551614"},
        {"a: uint64, b: uint64", "18446744073709551615,1", "(add a b)",
         "error: add: overflow: 18446744073709551615 + 1 in uint64"},
        {"a: uint64, b: uint64", "4294967296,4294967295", "(multiply a b)", "18446744069414584320"},
        {"a: uint64, b: uint64", "4294967296,4294967296", "(multiply a b)",
         "error: multiply: overflow: 4294967296 * 4294967296 in uint64"},
        {"a: uint64", "18446744073709551614", "(add a 1)", "18446744073709551615"},
        {"a: uint64, b: int8", "1,1", "(add a b)", "error: add does not take uint64 and int8: "},
        {"a: uint64", "5", "(add a -1)", "error: add does not take uint64 and int64: "},
        {"a: int8", "100", "(add a 100)", "200"}, // a literal is int64 unless it says otherwise
        {"a: int8", "100", "(add a int8:100)", "error: add: overflow: 100 + 100 in int8"},
        {"a: int32", "3", "(multiply a 1.5)", "4.5"},
        {"a: float32, b: float32", "0.1,0.2", "(add a b)", "0.3"},
        {"a: float32", "0.5", "(add a 1)", "1.5"},
        {"a: float64", "1e308; -0.0; nan", "(multiply a 10.0)", "inf; -0.0; nan"},
        {"a: int32", "7", "(add null a)", "null"},
        {"a: utf8", "'x'", "(add a 1)", "error: add does not take utf8 and int64: both "},
        {"a: bool", "true", "(add a a)", "error: add does not take bool and bool"},
        {"a: uint8", "1", "(negate a)", "error: negate does not take uint8"},
        {"a: float64", "0.0; 1.5; null", "(negate a)", "-0.0; -1.5; null"},
        {"a: int64", "1; 2", "(add 1 (multiply 2 3))", "7; 7"},
    };

    RUN_CASES(cases);
}

static void divides(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "7,2; 1,0; -1,0; 0,0; null,0", "(divide a b)",
         "3.5; inf; -inf; nan; null"},
        {"a: float32, b: float32", "1,4", "(divide a b)", "0.25"},
        {"a: int64, b: int64", "7,3; -7,3; 7,-3; -7,-3; 6,-3; null,0", "(modulo a b)",
         "1; 2; -2; -1; 0; null"},
        {"a: int64", "-9223372036854775808", "(modulo a -1)", "0"},
        {"a: int8, b: int8", "-128,-1; 5,-1", "(modulo a b)", "0; 0"},
        {"a: int64, b: int64", "1,1; 7,0", "(modulo a b)",
         "error: modulo: division by zero: 7 % 0"},
        {"a: uint32", "7", "(modulo a uint32:4)", "3"},
        {"a: float64, b: float64",
         "7.5,2; -7.5,2; 7.5,-2; 5,inf; -5,inf; 5,0; inf,2; nan,1; -0.0,3; 6,-3", "(modulo a b)",
         "1.5; 0.5; -0.5; 5; inf; nan; nan; nan; 0.0; -0.0"},
    };

    RUN_CASES(cases);
}

static void compares_numbers_by_value(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "1; 2; 3; null", "(greater a 2)", "false; false; true; null"},
        {"a: int64", "1; 2; 3; null", "(less_equal a 2)", "true; true; false; null"},
        {"a: int64", "1; 2; 3", "(less 2 a)", "false; false; true"},
        {"a: int64", "1; 2; 3", "(not_equal a 2)", "true; false; true"},
        {"a: int64", "2; 3; null", "(less a 2.5)", "true; false; null"},
        {"a: int64", "2; 3; null", "(greater_equal a 2.5)", "false; true; null"},
        {"a: int64", "2; 3; null", "(equal a 2.5)", "false; false; null"},
        {"a: int64", "2; 3; null", "(not_equal a 2.5)", "true; true; null"},
        {"a: int64", "-3; -2", "(less a -2.5)", "true; false"},
        {"a: int8", "127; -128; null", "(less a 1000)", "true; true; null"},
        {"a: int8", "127; null", "(greater a -1000)", "true; null"},
        {"a: int8", "127", "(equal a 1000)", "false"},
        {"a: uint8", "0; 255", "(greater a -1)", "true; true"},
        {"a: int64", "9223372036854775807", "(less a float64:'inf')", "true"},
        {"a: int64", "9223372036854775807", "(less a float64:'NaN')", "true"},
        {"a: int64", "9223372036854775807; 9223372036854775806", "(less a 9223372036854775808.0)",
         "true; true"},
        {"a: int64", "9007199254740993; 9007199254740992", "(greater a 9007199254740992.0)",
         "true; false"},
        {"a: float64", "9007199254740992; 9007199254740994", "(less a 9007199254740993)",
         "true; false"},
        {"a: float64", "9007199254740992; 9007199254740994", "(greater a 9007199254740993)",
         "false; true"},
        {"a: float64", "9007199254740992", "(equal a 9007199254740993)", "false"},
        {"a: float32", "0.1; 0.2", "(greater a 0.1)", "true; true"}, // the float is above 0.1
        {"a: float32", "0.1", "(equal a 0.1)", "false"},
        {"a: float32", "100; 100.5; nan", "(greater a 100)", "false; true; true"},
        {"a: float32", "16777216; 16777218", "(less a 16777217)", "true; false"},
        {"a: float32", "inf; 3e38", "(less a 1e300)", "false; true"},
        {"a: float32", "-inf; -3e38", "(less a -1e300)", "true; false"},
        {"a: int64, b: uint64", "-1,18446744073709551615; 5,5; 5,4", "(less a b)",
         "true; false; false"},
        {"a: int64, b: uint64", "-1,18446744073709551615; 5,5; 5,4", "(greater_equal a b)",
         "false; true; true"},
        {"a: int8, b: uint64", "-1,0; 5,5", "(equal a b)", "false; true"},
        {"a: int64, b: float64",
         "9007199254740993,9007199254740992; 1,1.5; -1,-1.5; 5,nan; 5,inf; 5,-inf; 2,2",
         "(greater a b)", "true; false; true; false; false; true; false"},
        {"a: uint64, b: float64", "18446744073709551615,18446744073709551616; 0,-0.5; 3,3.0",
         "(less a b)", "true; false; false"},
        {"a: float64, b: int64", "9007199254740992,9007199254740993; 1.5,1", "(less a b)",
         "true; false"},
        {"a: int32, b: float32", "16777217,16777216", "(greater a b)", "true"},
        {"a: decimal128(10, 2)", "100.00; 100.01; null", "(greater a 100)", "false; true; null"},
        {"a: decimal128(10, 2)", "12.50; 12.51", "(greater a 12.5)", "false; true"},
        {"a: decimal128(10, 2)", "12.10; 12.11", "(equal a 12.1)", "true; false"},
        {"a: decimal128(10, 2)", "12.34; 12.35", "(less a decimal128(10, 3):'12.345')",
         "true; false"},
        {"a: decimal128(38, 0), b: decimal128(38, 38)",
         "99999999999999999999999999999999999999,0.5; 0,0.1; 0,0; "
         "-99999999999999999999999999999999999999,-0.5",
         "(greater a b)", "true; false; false; false"},
        {"a: decimal128(5, 2), b: int64", "1.00,1; 1.50,1; 0.99,1", "(less_equal a b)",
         "true; false; true"},
        {"a: decimal128(5, 2), b: float64", "1.00,1", "(less a b)",
         "error: less does not take decimal128(5, 2) and float64: "},
        {"a: int64", "1; null", "(equal a null)", "null; null"},
        {"a: int64", "1", "(equal a 'x')", "error: equal does not take int64 and utf8: "},
    };

    RUN_CASES(cases);
}

static void orders_nan_above_everything(void **state)
{
    static const char rows[] = "nan,nan; nan,inf; inf,nan; 1,2; 2,1; -0.0,0.0; null,nan";
    static const struct row_case cases[] = {
        {"a: float64, b: float64", rows, "(equal a b)",
         "true; false; false; false; false; true; null"},
        {"a: float64, b: float64", rows, "(not_equal a b)",
         "false; true; true; true; true; false; null"},
        {"a: float64, b: float64", rows, "(less a b)",
         "false; false; true; true; false; false; null"},
        {"a: float64, b: float64", rows, "(less_equal a b)",
         "true; false; true; true; false; true; null"},
        {"a: float64, b: float64", rows, "(greater a b)",
         "false; true; false; false; true; false; null"},
        {"a: float64, b: float64", rows, "(greater_equal a b)",
         "true; true; false; false; true; true; null"},
        {"a: float64", "nan; 1; 3", "(greater a 2)", "true; false; true"},
        {"a: float64", "nan; 1; 2", "(greater_equal a 2.0)", "true; false; true"},
        {"a: float64", "nan; 1; 2", "(less a 2.0)", "false; true; false"},
        {"a: float64", "nan; 1; 3", "(less_equal a 2.0)", "false; true; false"},
        {"a: float32", "nan; 1", "(equal a float64:'NaN')", "true; false"},
        {"a: float32", "nan; 1", "(less a float64:'NaN')", "false; true"},
        {"a: float32", "nan; 1", "(less_equal a float64:'NaN')", "true; true"},
        {"a: float32", "nan; 1", "(greater a float64:'NaN')", "false; false"},
        {"a: float32", "nan; 1", "(greater_equal a float64:'NaN')", "true; false"},
        {"a: float32", "nan; 1", "(not_equal a float64:'NaN')", "false; true"},
        {"a: float64", "-0.0; 0.0", "(less a 0.0)", "false; false"},
        {"a: float64", "-0.0; 0.0", "(equal a 0)", "true; true"},
    };

    RUN_CASES(cases);
}

static void compares_text_binary_booleans_and_times(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'buy'; 'sell'; ''; null", "(equal a 'buy')", "true; false; false; null"},
        {"a: utf8_view, b: large_utf8", "'ab','abc'; 'abc','abc'; 'b','abc'", "(less a b)",
         "true; false; false"},
        {"a: utf8", "'\\xc3\\xa4'; 'z'", "(greater a 'z')", "true; false"},
        {"a: utf8_view", "'a long text over twelve bytes'; 'short'; null",
         "(not_equal a 'a long text over twelve bytes')", "false; true; null"},
        {"a: binary", "'\\x00'; '\\xff'", "(less a binary:'7f')", "true; false"},
        {"a: binary, b: utf8", "'x','x'", "(equal a b)",
         "error: equal does not take binary and utf8: "},
        {"a: bool, b: bool", "true,false; true,true; null,true", "(greater a b)",
         "true; false; null"},
        {"a: bool", "true; false", "(equal a true)", "true; false"},
        {"a: date32", "19782; 19783", "(greater_equal a '2024-03-01')", "false; true"},
        {"a: date32, b: date64", "1,86400000; 1,86400001", "(equal a b)", "true; false"},
        {"a: date32", "1", "(less a date64:2)", "true"},
        {"a: date32", "1", "(less a '2024-03-01T10:00')",
         "error: less: '2024-03-01T10:00' is no date32: a date has no time of day"},
        {"a: date32", "1", "(less a 'soon')", "error: less: 'soon' is no date32: expected ISO"},
        {"a: timestamp[us]", "1709210096789012; 1709210096789013",
         "(greater a '2024-02-29T12:34:56.789012')", "false; true"},
        {"a: timestamp[s]", "1709210096; 1709210097", "(less a '2024-02-29 12:34:56.5')",
         "true; false"},
        {"a: timestamp[ns, UTC]", "1709206496000000000", "(equal a '2024-02-29T12:34:56+01:00')",
         "true"},
        {"a: timestamp[s, UTC]", "1709206496", "(equal a '2024-02-29T12:34:56+01:00')", "true"},
        {"a: timestamp[s, +01:00]", "1709206496", "(equal a '2024-02-29T12:34:56')", "true"},
        {"a: timestamp[s]", "0", "(equal a '2024-02-29T12:34:56Z')",
         "error: the text has an offset from UTC"},
        {"a: timestamp[s, Europe/Berlin]", "1709206496; 0", "(equal a '2024-02-29T12:34:56')",
         "true; false"},
        {"a: timestamp[s, Europe/Berlin]", "1709206496; 0",
         "(equal a timestamp[s, Europe/Berlin]:'2024-02-29T12:34:56')", "true; false"},
        {"a: timestamp[s, Europe/Nowhere]", "0", "(equal a '2024-02-29T12:34:56')",
         "error: unknown time zone 'Europe/Nowhere'"},
        {"a: timestamp[s], b: timestamp[ns]",
         "1,1000000000; 1,1000000001; 9223372036854775807,9223372036854775807", "(less a b)",
         "false; true; false"},
        {"a: timestamp[s], b: timestamp[ns]", "9223372036854775807,9223372036854775807",
         "(greater a b)", "true"},
        {"a: timestamp[s], b: timestamp[s, UTC]", "1,1", "(less a b)",
         "error: one has a zone and the other has none"},
        {"a: timestamp[s, UTC], b: timestamp[s, Europe/Berlin]", "1,1", "(equal a b)", "true"},
        {"a: timestamp[ms]", "1500; 2000", "(less a timestamp[s]:2)", "true; false"},
        {"a: timestamp[s]", "1; 2", "(greater a timestamp[ms]:1500)", "false; true"},
        {"a: date32, b: timestamp[s]", "1,1", "(less a b)",
         "error: less does not take date32 and timestamp[s]: "},
    };

    RUN_CASES(cases);
}

static void knows_three_truth_values(void **state)
{
    static const char rows[] = "true,true; true,false; true,null; false,false; false,null; "
                               "null,null; null,true; null,false";
    static const struct row_case cases[] = {
        {"a: bool, b: bool", rows, "(and a b)",
         "true; false; null; false; false; null; null; false"},
        {"a: bool, b: bool", rows, "(or a b)", "true; true; true; false; null; null; true; null"},
        {"a: bool", "true; false; null", "(not a)", "false; true; null"},
        {"a: bool", "true; false; null", "(and a null)", "null; false; null"},
        {"a: bool", "true; false; null", "(or a null)", "true; null; null"},
        {"a: bool", "true; false; null", "(and a true)", "true; false; null"},
        {"a: bool", "true; false; null", "(and false a)", "false; false; false"},
        {"a: bool, b: bool, c: bool", "true,true,true; true,null,false; true,true,null",
         "(and a b c)", "true; false; null"},
        {"a: bool, b: bool, c: bool", "false,false,false; false,null,true", "(or a b c)",
         "false; true"},
        {"a: int64", "1", "(and a true)", "error: and does not take int64: "},
        {"a: int64", "1; null", "(is_null a)", "false; true"},
        {"a: utf8_view", "'x'; null", "(is_not_null a)", "true; false"},
        {"a: int64, b: int64", "1,null; 1,1", "(is_null (add a b))", "true; false"},
        {"a: int64", "1", "(is_null null)", "true"},
    };

    RUN_CASES(cases);
}

static void coalesces_in_a_common_type(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "1,2; null,3; null,null", "(coalesce a b)", "1; 3; null"},
        {"a: int64, b: int64, c: int64", "null,null,5; null,4,5", "(coalesce a b c)", "5; 4"},
        {"a: int8, b: int32", "1,2; null,70000", "(coalesce a b)", "1; 70000"},
        {"a: float32", "0.5; null", "(coalesce a 0)", "0.5; 0"},
        {"a: int8", "5; null", "(coalesce a 1000)", "5; 1000"},
        {"a: decimal128(5, 2)", "1.25; null", "(coalesce a 0)", "1.25; 0.00"},
        {"a: utf8, b: utf8_view", "'a','b'; null,'a text of more than twelve'",
         "(coalesce a b 'z')", "'a'; 'a text of more than twelve'"},
        {"a: utf8", "'a'; null", "(coalesce a 'z')", "'a'; 'z'"},
        {"a: large_binary", "'a'; null", "(coalesce a binary:'ff')", "'a'; '\\xff'"},
        {"a: bool", "true; null", "(coalesce a false)", "true; false"},
        {"a: date32", "5; null", "(coalesce a '1970-01-02')", "5; 1"},
        {"a: timestamp[s], b: timestamp[ms]", "1,5; null,5", "(coalesce a b)", "1000; 5"},
        {"a: int64", "1; null", "(coalesce null a)", "1; null"},
        {"a: int64, b: utf8", "1,'x'", "(coalesce a b)",
         "error: coalesce does not take int64 and utf8: "},
    };

    RUN_CASES(cases);
}

static void raises_no_error_where_the_answer_is_known(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "0; 3; 4", "(and (not_equal a 0) (equal (modulo 12 a) 0))",
         "false; true; true"},
        {"a: int64", "0; 3; 5", "(or (equal a 0) (equal (modulo 12 a) 0))", "true; true; false"},
        {"a: int64, b: int64", "0,7; 3,null", "(coalesce b (modulo 12 a))", "7; 0"},
        {"a: int64, b: int64", "0,null", "(coalesce b (modulo 12 a))", "error: division by zero"},
        {"a: int64, b: bool", "0,null", "(and b (equal (modulo 12 a) 0))",
         "error: division by zero"},
        {"a: int64", "0; 1; 2; 3",
         "(and (greater a 0) (or (equal a 1) (equal (modulo 6 (subtract a 1)) 0)))",
         "false; true; true; true"},
        {"a: int8, b: int8", "null,100; 100,null", "(add (add a b) 100)", "null; null"},
    };

    RUN_CASES(cases);
}

static void computes_decimals_exactly(void **state)
{
    static const struct row_case cases[] = {
        {"a: decimal128(5, 2), b: decimal128(6, 3)", "1.25,0.125; null,1; -9.99,-99.999",
         "(add a b)", "1.375; null; -109.989"},
        {"a: decimal128(5, 2), b: decimal128(5, 2)", "1.25,2.50", "(subtract a b)", "-1.25"},
        {"a: decimal128(5, 2), b: decimal128(5, 2)", "1.25,-2.50", "(multiply a b)", "-3.1250"},
        {"a: decimal128(5, 2)", "1.25", "(multiply a 2)", "2.50"},
        {"a: decimal128(5, 2)", "1.25", "(multiply a 1.5)", "1.875"},
        {"a: decimal128(5, 2), b: int32", "1.25,3", "(add a b)", "4.25"},
        {"a: decimal128(5, 2), b: decimal128(5, 2)", "1.00,3.00; 2.00,3.00; -2.00,3.00; 1,8",
         "(divide a b)", "0.333333; 0.666667; -0.666667; 0.125"},
        {"a: decimal128(5, 2)", "1.00", "(divide a 0)",
         "error: divide: division by zero: 1.00 / 0"},
        {"a: decimal128(5, 2), b: decimal128(5, 1)", "7.25,2.0; -7.25,2.0; 7.25,-2.0",
         "(modulo a b)", "1.25; 0.75; -0.75"},
        {"a: decimal128(5, 2)", "1.00", "(modulo a 0)",
         "error: modulo: division by zero: 1.00 % 0"},
        {"a: decimal128(38, 0)", "99999999999999999999999999999999999999", "(add a 1)",
         "error: add: overflow: 99999999999999999999999999999999999999 + 1 in decimal128(38, 0)"},
        {"a: decimal128(38, 0)", "9999999999999999999999", "(multiply a a)",
         "error: multiply: overflow: 9999999999999999999999 * 9999999999999999999999 in "},
        {"a: decimal128(38, 10)", "12345678901234567890.0123456789",
         "(divide a decimal128(38, 10):'0.0000000003')", "error: divide: overflow"},
        {"a: decimal128(38, 0)", "99999999999999999999999999999999",
         "(divide a decimal128(2, 0):'7')", "14285714285714285714285714285714.142857"},
        {"a: decimal128(5, 2)", "-1.25; null", "(negate a)", "1.25; null"},
        {"a: decimal128(5, -2)", "500", "(add a 1)", "501"},
        {"a: decimal128(5, 2), b: float64", "1,1", "(add a b)",
         "error: add does not take float64: a float beside a decimal"},
        {"a: decimal128(38, 20), b: decimal128(38, 20)", "1,1", "(multiply a b)",
         "error: more than 38 digits"},
    };

    RUN_CASES(cases);
}

/* Null rows may hold anything; a kernel must neither trap on it nor report it. */
static void ignores_what_null_rows_hold(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "null,5; 7,null; 1,1", "(modulo a b)", "null; null; 0"},
        {"a: utf8_view, b: int64", "null,1; 'x',2", "(coalesce (cast b utf8_view) a)", "'1'; '2'"},
        {"a: decimal128(9, 0), b: decimal128(9, 0)", "1,null; null,1", "(divide a b)",
         "null; null"},
    };

    RUN_CASES(cases);
}

static void evaluates_constants_for_every_row(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "1; 2", "7", "7; 7"},
        {"a: int64", "1; 2", "'x'", "'x'; 'x'"},
        {"a: int64", "1; 2", "int8:null", "null; null"},
        {"a: int64", "1", "null", "error: a null alone has no type"},
        {"a: int64", "1", "(modulo 1 0)", "error: modulo: division by zero: 1 % 0"},
        {"a: int64", "1", "(cast 'x' int8)", "error: cast: 'x' is no int8"},
        {"a: int64", "1", "b", "error: unknown column 'b'; the columns are a: int64"},
    };

    RUN_CASES(cases);
}

static void survives_refused_allocations(void **state)
{
    static const char *const expressions[] = {
        "(add (multiply a 2) (coalesce a 7))",
        "(coalesce b (cast a utf8) 'none')",
        "(and c (greater a 0) (equal b 'x'))",
        "(is_null (try_cast b int64))",
        "a",
        "'constant'",
    };

    RUN_REFUSED("a: int64, b: utf8, c: bool", "1,'x',true; null,null,null", expressions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(adds_subtracts_and_multiplies),
        cmocka_unit_test(divides),
        cmocka_unit_test(compares_numbers_by_value),
        cmocka_unit_test(orders_nan_above_everything),
        cmocka_unit_test(compares_text_binary_booleans_and_times),
        cmocka_unit_test(knows_three_truth_values),
        cmocka_unit_test(coalesces_in_a_common_type),
        cmocka_unit_test(raises_no_error_where_the_answer_is_known),
        cmocka_unit_test(computes_decimals_exactly),
        cmocka_unit_test(ignores_what_null_rows_hold),
        cmocka_unit_test(evaluates_constants_for_every_row),
        cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
