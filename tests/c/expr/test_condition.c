// SPDX-License-Identifier: Apache-2.0
/*
 * case, if_else, nullif, between, in, least, greatest: three truth values, common types, and no
 * error from a value that is not taken.
 */
#include "expressions.h"

#include <stdio.h>

static void takes_the_first_value_whose_condition_is_true(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "1; 5; 9; null", "(case (less a 3) 'low' (less a 7) 'middle' 'high')",
         "'low'; 'middle'; 'high'; 'high'"},
        {"a: int64", "1; 5; null", "(case (less a 3) a)", "1; null; null"},
        {"a: int64, b: utf8", "1,'x'; 5,null; null,'z'", "(if_else (less a 3) b 'none')",
         "'x'; 'none'; 'none'"},
        {"a: bool, b: bool", "true,null; false,true; null,false", "(if_else a b null)",
         "null; null; null"},
        {"a: bool, b: int8", "true,1; false,2", "(if_else a b 1000)", "1; 1000"},
        {"a: bool, b: int8", "true,1; false,2", "(if_else a b 3)", "1; 3"},
        {"a: bool, b: decimal128(38, 2)", "true,1.25; null,2", "(if_else a b 7)", "1.25; 7.00"},
        {"a: bool, b: float32, c: float64", "true,0.5,1; false,1,nan", "(if_else a b c)",
         "0.5; nan"},
        {"a: bool, b: int16, c: int16", "true,1,null; false,1,null; true,null,3", "(if_else a b c)",
         "1; null; null"},
        {"a: bool, b: utf8_view", "true,'a text of more than 12 bytes'; false,'b'",
         "(if_else a b 'or none')", "'a text of more than 12 bytes'; 'or none'"},
        {"a: int64", "1", "(case true a 5)", "1"},
        {"a: int64", "1", "(case false a null 7 5)", "5"},
        {"a: int64", "1; 2", "(case (equal a 1) null)", "error: a null alone has no type"},
        {"a: int64", "1", "(case a 5 6)",
         "error: case does not take int64: a condition is a boolean"},
        {"a: int64", "1", "(case (less a 5) 'x' 7)",
         "error: case does not take utf8 and int64: no type holds both"},
    };

    RUN_CASES(cases);
}

static void raises_no_error_for_a_value_not_taken(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "0; 5; null", "(case (equal a 0) 0 (modulo 10 a))", "0; 0; null"},
        {"a: int64", "0; 5; null", "(if_else (not_equal a 0) (modulo 10 a) -1)", "-1; 0; -1"},
        {"a: int64", "0; 5", "(if_else (equal a 0) (modulo 10 a) -1)",
         "error: modulo: division by zero: 10 % 0"},
        {"a: int64", "0; 5", "(case (equal a 0) 1 (equal (modulo 10 a) 0) 2 3)", "1; 2"},
        {"a: int64", "0; 5", "(case (greater a 3) 1 (equal (modulo 10 a) 0) 2 3)",
         "error: modulo: division by zero"},
        {"a: int64, b: int64", "0,1; 0,0; 2,1; 4,0",
         "(case (equal b 0) 7 (if_else (equal a 0) 8 (modulo 4 (multiply a b))))", "8; 7; 0; 7"},
        {"a: int64", "0; 2", "(coalesce (case (not_equal a 0) (modulo 7 a)) -1)", "-1; 1"},
        {"a: int64", "0; 2; null",
         "(and (not_equal a 0) (if_else (equal (modulo 4 a) 0) true "
         "false))",
         "false; true; false"},
    };

    RUN_CASES(cases);
}

static void gives_null_for_one_value(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'-'; 'x'; null", "(nullif a '-')", "null; 'x'; null"},
        {"a: int64, b: int64", "1,1; 1,null; null,1; 2,1", "(nullif a b)", "null; 1; null; 2"},
        {"a: float64", "nan; 1; -0.0", "(nullif (nullif a float64:'NaN') 0)", "null; 1; null"},
        {"a: int64", "9223372036854775807", "(nullif (add a 1) 3)", "error: add: overflow"},
        {"a: int8", "3; 4", "(nullif a 3.0)", "null; 4"},
        {"a: int8", "3", "(nullif a 'x')", "error: equal does not take int8 and utf8"},
    };

    RUN_CASES(cases);
}

static void tests_ranges(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "1; 2; 3; 4; null", "(between a 2 3)", "false; true; true; false; null"},
        {"a: int64, b: int64", "5,null; 0,null; 1,9", "(between a 1 b)", "null; false; true"},
        {"a: date32", "19781; 19782", "(between a '2024-02-29' '2024-03-01')", "false; true"},
        {"a: float64", "nan; inf; 1", "(between a 1 float64:'inf')", "false; true; true"},
        {"a: utf8", "'a'; 'bc'; 'c'", "(between a 'b' 'c')", "false; true; true"},
        {"a: int64", "7; 8", "(between (add a 1) 9 10)", "false; true"},
    };

    RUN_CASES(cases);
}

static void tests_membership(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "1; 2; 3; null", "(in a 1 3)", "true; false; true; null"},
        {"a: int64", "1; 2; null", "(in a 1 null)", "true; null; null"},
        {"a: int64", "1; null", "(in a)", "false; null"},
        {"a: int64", "1; 2", "(in a null)", "null; null"},
        {"a: int64, b: int64", "1,1; 2,null; 3,4; 7,0; null,1", "(in a b 7)",
         "true; null; false; true; null"},
        {"a: int64, b: int64", "1,1; 2,null; 3,4", "(in a b)", "true; null; false"},
        {"a: int8", "1; 127; -1", "(in a 1000 127 1.5 -1)", "false; true; true"},
        {"a: float64", "nan; -0.0; 0.0; 1.5; 2", "(in a float64:'NaN' 0.0 1.5)",
         "true; true; true; true; false"},
        {"a: float32", "nan; 0.1; 0.5", "(in a float64:'NaN' 0.1 0.5)", "true; false; true"},
        {"a: utf8", "'a'; 'b'; ''; 'a text of more than 12 bytes'",
         "(in a 'b' '' 'a text of more than 12 bytes')", "false; true; true; true"},
        {"a: large_utf8", "'a'; 'b'", "(in a 'b' 'c' 'd' 'e' 'f')", "false; true"},
        {"a: utf8_view", "'a'; 'b'; null", "(in a 'b' 'c' 'd' 'e' 'f')", "false; true; null"},
        {"a: bool", "true; false; null", "(in a true)", "true; false; null"},
        {"a: date32", "19782; 19783", "(in a '2024-03-01')", "false; true"},
        {"a: decimal128(20, 2)", "1.50; 2.00; 3", "(in a 1.5 2 7)", "true; true; false"},
        {"a: binary", "'\\x00\\xff'; '\\x00'", "(in a binary:'00ff')", "true; false"},
        {"a: int64", "1; 20; 300; 7; 9", "(in a 1 20 300 4000 50000 6 7 8 10 11)",
         "true; true; true; true; false"},
        {"a: int64", "-9223372036854775808; 9223372036854775807; 0",
         "(in a -9223372036854775808 9223372036854775807 1 2 3 4 5 6 7 8)", "true; true; false"},
        {"a: uint64", "18446744073709551615; 5",
         "(in a uint64:'18446744073709551615' 1 2 3 4 6 7 8 9 10 11)", "true; false"},
        {"a: int16", "-5; -4; 4; 300", "(in a -5 -3 -2 -1 0 1 2 3 4 5 6 7)",
         "true; false; true; false"},
        {"a: float64", "nan; -0.0; 7; 0.25", "(in a float64:'NaN' 0 0.25 1 2 3 4 5 6 8 9)",
         "true; true; false; true"},
        {"a: decimal128(20, 2)", "1.50; 2.00; 12", "(in a 1.5 2 3 4 5 6 7 8 9 10 11)",
         "true; true; false"},
        {"a: int64", "1", "(in a 'x')", "error: in does not take int64 and utf8"},
        {"a: int64", "0; 3", "(in (modulo 9 a) 0 1)", "error: modulo: division by zero"},
        {"a: int64", "1", "(in 3 1 2 3)", "true"},
    };

    RUN_CASES(cases);
}

static void takes_the_least_and_the_greatest(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "1,2; 2,1; null,3; 4,null; null,null", "(least a b)",
         "1; 1; 3; 4; null"},
        {"a: int64, b: int64", "1,2; 2,1; null,3; 4,null; null,null", "(greatest a b)",
         "2; 2; 3; 4; null"},
        {"a: float64, b: float64", "nan,1; 1,nan; -0.0,0.0; inf,nan", "(greatest a b)",
         "nan; nan; -0.0; nan"},
        {"a: float64, b: float64", "nan,1; 1,nan; 0.0,-0.0; nan,nan", "(least a b)",
         "1; 1; 0.0; nan"},
        {"a: utf8, b: utf8", "'ab','b'; 'a','ab'; null,''; '',''", "(greatest a b 'aa')",
         "'b'; 'ab'; 'aa'; 'aa'"},
        {"a: int8, b: int64", "1,1000; 100,-1", "(greatest a b 7)", "1000; 100"},
        {"a: decimal128(5, 2), b: int32", "1.50,1; 0.5,2", "(least a b)", "1.00; 0.50"},
        {"a: bool, b: bool", "true,false; null,true", "(least a b)", "false; true"},
        {"a: uint64", "18446744073709551615", "(least a 5)", "5"},
        {"a: int64", "1", "(least null null)", "error: a null alone has no type"},
        {"a: int64", "1", "(least a 'x')", "error: least does not take int64 and utf8"},
    };

    RUN_CASES(cases);
}

/* Each level has its argument twice: 2^200 calls, if they were not shared. */
static void computes_once_what_is_used_twice(void **state)
{
    static const char *const outer[] = {"(nullif ", "(between ", "(in "};
    static const char *const tail[] = {" 7)", " false true)", " a)"};
    static const char *const inner[] = {"a", "(is_null a)", "a"};
    static const char *const expected[] = {"1", "true", "error: equal does not take bool"};
    char text[8192];

    for (size_t kind = 0; kind < 3; kind++) {
        size_t used = 0;
        for (int32_t i = 0; i < 200; i++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", outer[kind]);
        }
        used += (size_t)snprintf(text + used, sizeof text - used, "%s", inner[kind]);
        for (int32_t i = 0; i < 200; i++) {
            used += (size_t)snprintf(text + used, sizeof text - used, "%s", tail[kind]);
        }
        case_run(&(struct row_case){"a: int64", "1", text, expected[kind]});
    }
}

static void survives_refused_allocations(void **state)
{
    static const char *const expressions[] = {
        "(case c 1 (equal a 2) 3 (modulo 5 (add a 1)))",
        "(in b 'a' 'b' 'c' 'd' 'e' null)",
        "(in a 1 20 300 4000 50000 6 7 8 10 11 a)",
        "(greatest a (nullif (add a 1) 7) (if_else (between a 1 2) 3 4))",
    };

    RUN_REFUSED("a: int64, b: utf8, c: bool", "1,'x',true; null,null,null", expressions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_the_first_value_whose_condition_is_true),
        cmocka_unit_test(raises_no_error_for_a_value_not_taken),
        cmocka_unit_test(gives_null_for_one_value),
        cmocka_unit_test(tests_ranges),
        cmocka_unit_test(tests_membership),
        cmocka_unit_test(takes_the_least_and_the_greatest),
        cmocka_unit_test(computes_once_what_is_used_twice),
        cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
