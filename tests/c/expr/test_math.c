// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of numbers: what each type gives, the ends of the range, and errors as they read.
 */
#include "expressions.h"

static void takes_size_and_sign(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64", "-7; 7; 0; null", "(abs a)", "7; 7; 0; null"},
        {"a: int8", "-127; 127", "(abs a)", "127; 127"},
        {"a: int8", "-128", "(abs a)", "error: abs: overflow: -128 in int8; cast the argument"},
        {"a: int64", "-9223372036854775808", "(abs a)",
         "error: abs: overflow: -9223372036854775808 in int64"},
        {"a: uint16", "65535", "(abs a)", "65535"},
        {"a: float32", "-0.5; -0.0; nan; -inf", "(abs a)", "0.5; 0.0; nan; inf"},
        {"a: decimal128(38, 2)", "-1.50; 2", "(abs a)", "1.50; 2.00"},
        {"a: int64", "-7; 7; 0; null", "(sign a)", "-1; 1; 0; null"},
        {"a: uint8", "200; 0", "(sign a)", "1; 0"},
        {"a: float64", "-0.5; -0.0; nan; inf", "(sign a)", "-1.0; -0.0; nan; 1.0"},
        {"a: decimal128(3, 2)", "-0.01; 0; 9.99", "(sign a)", "-1; 0; 1"},
        {"a: utf8", "'x'", "(abs a)", "error: abs does not take utf8: the argument must be"},
        {"a: int64", "1", "(abs null)", "null"},
        {"a: bool, b: int64", "true,-9223372036854775808; false,-3", "(if_else a 0 (abs b))",
         "0; 3"},
    };

    RUN_CASES(cases);
}

static void rounds(void **state)
{
    static const struct row_case cases[] = {
        {"a: float64",
         "2.5; -2.5; 0.49999999999999994; -0.4; 4503599627370497; nan; -inf; null; 1e300",
         "(round a)", "3.0; -3.0; 0.0; -0.0; 4503599627370497; nan; -inf; null; 1e300"},
        {"a: float32", "2.5; -0.5; 8388609", "(round a)", "3; -1; 8388609"},
        {"a: float64", "2.7; -2.2; -0.5", "(floor a)", "2; -3; -1"},
        {"a: float64", "2.2; -2.7; -0.5", "(ceil a)", "3; -2; -0.0"},
        {"a: float64", "2.7; -2.7; inf", "(trunc a)", "2; -2; inf"},
        {"a: float32", "2.7; -2.7", "(ceil a)", "3; -2"},
        {"a: float64", "1.005; 2.345; 1e308; nan; 123.456", "(round a 2)",
         "1.0; 2.35; 1e308; nan; 123.46"},
        {"a: float64", "1234.5; -1250; 49", "(round a -2)", "1200; -1300; 0"},
        {"a: float64", "1234.5; inf", "(round a -400)", "0; inf"},
        {"a: float64", "1234.5", "(round a 400)", "1234.5"},
        {"a: int32", "1234; -1250; 49", "(round a -2)", "1200; -1300; 0"},
        {"a: int32", "1234", "(round a 2)", "1234"},
        {"a: int8", "125", "(round a -1)", "error: round: 130 does not fit int8"},
        {"a: int64", "9223372036854775807", "(round a -30)", "0"},
        {"a: decimal128(5, 2)", "2.50; -2.50; 2.49; 999.99; null", "(round a)",
         "3; -3; 2; 1000; null"},
        {"a: decimal128(5, 2)", "2.50; -2.50; -0.01; 999.99", "(floor a)", "2; -3; -1; 999"},
        {"a: decimal128(5, 2)", "2.50; -2.50; -0.01; 999.99", "(ceil a)", "3; -2; 0; 1000"},
        {"a: decimal128(5, 2)", "2.50; -2.50; -0.01", "(trunc a)", "2; -2; 0"},
        {"a: decimal128(5, 3)", "1.255; -1.255; 1.254", "(round a 2)", "1.26; -1.26; 1.25"},
        {"a: decimal128(5, 3)", "1.255", "(round a 7)", "1.255"},
        {"a: decimal128(5, 2)", "125.50; 994", "(round a -1)", "130; 990"},
        {"a: decimal128(38, 38)", "0.99999999999999999999999999999999999999", "(ceil a)", "1"},
        {"a: decimal128(38, 0)", "99999999999999999999999999999999999999", "(round a -1)",
         "error: round: overflow: 99999999999999999999999999999999999999 in decimal128(38, 0)"},
        {"a: int64, b: int64", "1,2", "(round a b)",
         "error: round: the number of digits is an integer literal"},
        {"a: int64", "7", "(floor a)", "7"},
    };

    RUN_CASES(cases);
}

static void follows_ieee_outside_of_a_domain(void **state)
{
    static const struct row_case cases[] = {
        {"a: float64", "4; 2; -1; inf; nan; -0.0; null", "(sqrt a)",
         "2; 1.4142135623730951; nan; inf; nan; -0.0; null"},
        {"a: int64", "0; -1; 1", "(ln a)", "-inf; nan; 0.0"},
        {"a: uint64", "1024", "(log2 a)", "10.0"},
        {"a: decimal128(5, 2)", "100.00", "(log10 a)", "2.0"},
        {"a: float32", "0.25", "(sqrt a)", "0.5"},
        {"a: float64, b: float64", "2,-1; 0,-1; -8,0.5; nan,0", "(power a b)",
         "0.5; inf; nan; 1.0"},
        {"a: float64", "2", "(asin a)", "nan"},
        {"a: float64", "0.0; -0.0", "(atan2 a -1)", "3.141592653589793; -3.141592653589793"},
        {"a: float64", "9; 0", "(log a 3)", "2.0; -inf"},
        {"a: float64", "nan; inf; -inf; 0; null", "(is_nan a)", "true; false; false; false; null"},
        {"a: float32", "nan; inf; -inf; 0; null", "(is_finite a)",
         "false; false; false; true; null"},
        {"a: float64", "nan; inf; -inf; 0; null", "(is_infinite a)",
         "false; true; true; false; null"},
        {"a: int64", "1; null", "(is_finite a)", "true; null"},
        {"a: int64", "1; null", "(is_nan a)", "false; null"},
        {"a: bool", "true", "(exp a)", "error: exp does not take bool"},
    };

    RUN_CASES(cases);
}

static void divides_down_and_moves_bits(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int64", "7,2; -7,2; 7,-2; -7,-2; 6,3; null,0", "(floor_divide a b)",
         "3; -4; -4; 3; 2; null"},
        {"a: int64", "5", "(floor_divide a 0)",
         "error: floor_divide: division by zero: 5 // 0 in int64"},
        {"a: int8, b: int8", "-128,-1", "(floor_divide a b)",
         "error: floor_divide: overflow: -128 // -1 in int8"},
        {"a: int8", "-128", "(floor_divide a -1)", "128"}, // the literal is int64
        {"a: uint64", "18446744073709551615", "(floor_divide a 2)", "9223372036854775807"},
        {"a: float64", "7; -7; 1; nan", "(floor_divide a 2)", "3.0; -4.0; 0.0; nan"},
        {"a: float64", "7", "(floor_divide a 0)", "inf"},
        {"a: decimal128(5, 2)", "7", "(floor_divide a 2)",
         "error: floor_divide does not take decimal128(5, 2): the arguments must be integers"},
        {"a: int32, b: int32", "12,10; -1,255; null,1", "(bit_and a b)", "8; 255; null"},
        {"a: uint8, b: uint8", "12,10", "(bit_or a b)", "14"},
        {"a: int64, b: int8", "-1,1", "(bit_xor a b)", "-2"},
        {"a: uint64", "1", "(bit_or a 2)", "3"},
        {"a: uint64, b: int8", "1,1", "(bit_or a b)",
         "error: bit_or does not take uint64 and int8: no integer type holds both"},
        {"a: int16", "0; -1", "(bit_not a)", "-1; 0"},
        {"a: int8", "1; -128; 3", "(shift_left a 7)", "-128; 0; -128"},
        {"a: int8", "-128; 127", "(shift_right a 3)", "-16; 15"},
        {"a: uint32", "4294967295", "(shift_right a 31)", "1"},
        {"a: int32, b: int64", "1,31; null,99; 1,32", "(shift_left a b)",
         "error: shift_left: no such shift: 1 << 32 in int32"},
        {"a: int32, b: int64", "1,31; null,99; 1,null", "(shift_left a b)",
         "-2147483648; null; null"},
        {"a: int64", "1", "(shift_right a -1)", "error: shift_right: no such shift: 1 >> -1"},
        {"a: float64", "1", "(bit_and a 1)",
         "error: bit_and does not take float64: the arguments must be integers"},
    };

    RUN_CASES(cases);
}

static void hashes_as_the_engine_does(void **state)
{
    struct sb_memory *memory = sb_memory_create(0);
    struct sb_arena arena = {.memory = memory};
    static const char schema[] =
        "a: int64, b: utf8_view, c: float64, d: bool, e: decimal128(9, 2), "
        "f: date32, g: float32, h: int8, i: binary, j: decimal32(9, 2), k: decimal64(18, 3)";
    static const char rows[] =
        "1,'x',nan,true,1.5,7,nan,1,'q',-15,7; "
        "null,null,null,null,null,null,null,null,null,null,null; "
        "-5,'a text of more than 12 bytes',-0.0,false,-1,0,0.0,-5,'',999,-123456789012";
    static const char call[] = "(hash a b c d e f g h i j k)";
    struct sb_batch batch;
    struct sb_batch out;
    struct sb_error err = {0};
    uint64_t expected[3];

    assert_int_equal(test_batch_parse(memory, schema, rows, &batch), SB_OK);
    for (int32_t i = 0; i < batch.schema->field_count; i++) {
        sb_column_hash(&batch.columns[i], NULL, 3, i == 0, expected);
    }
    assert_int_equal(expression_evaluate(call, &batch, memory, &arena, &out, &err), SB_OK);
    assert_memory_equal(out.columns[0].values, expected, sizeof expected);
    sb_batch_deinit(&out);
    sb_batch_deinit(&batch);
    sb_arena_deinit(&arena);
    sb_memory_release(memory);
}

static void hashes_integers_by_value_and_nulls(void **state)
{
    static const struct row_case cases[] = {
        {"a: int64, b: int8", "-7,-7; 1,2; null,null", "(equal (hash a) (hash b))",
         "true; false; true"},
        {"a: float64", "0.0; -0.0", "(equal (hash a) (hash 0.0))", "true; true"},
        {"a: int64", "1; null", "(is_null (hash a null))", "false; false"},
    };

    RUN_CASES(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_size_and_sign),
        cmocka_unit_test(rounds),
        cmocka_unit_test(follows_ieee_outside_of_a_domain),
        cmocka_unit_test(divides_down_and_moves_bits),
        cmocka_unit_test(hashes_as_the_engine_does),
        cmocka_unit_test(hashes_integers_by_value_and_nulls),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
