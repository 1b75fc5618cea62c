// SPDX-License-Identifier: Apache-2.0
/*
 * Casts between all types that have one: values, limits, refusals and `on_error`: null.
 */
#include "expressions.h"

static void casts_between_integers(void **state)
{
    static const struct row_case cases[] = {
        {"a: int8", "-128; 127; null", "(cast a int64)", "-128; 127; null"},
        {"a: int64", "-128; 127; null", "(cast a int8)", "-128; 127; null"},
        {"a: int64", "127; 128", "(cast a int8)", "error: cast: 128 does not fit int8"},
        {"a: int64", "-129", "(cast a int8)", "error: cast: -129 does not fit int8"},
        {"a: int64", "1; 128; -129; null; 5", "(try_cast a int8)", "1; null; null; null; 5"},
        {"a: int64", "-1", "(cast a uint64)", "error: cast: -1 does not fit uint64"},
        {"a: int8", "-1; 5", "(try_cast a uint64)", "null; 5"},
        {"a: uint64", "18446744073709551615", "(cast a int64)",
         "error: cast: 18446744073709551615 does not fit int64"},
        {"a: uint64", "9223372036854775807", "(cast a int64)", "9223372036854775807"},
        {"a: uint8", "255", "(cast a int8)", "error: cast: 255 does not fit int8"},
        {"a: uint8", "255", "(cast a int16)", "255"},
        {"a: uint32", "4294967295", "(cast a int32)", "error: cast: 4294967295 does not fit int32"},
        {"a: int32", "-5; 70000", "(try_cast a uint16)", "null; null"},
        {"a: bool", "true; false; null", "(cast a int16)", "1; 0; null"},
        {"a: int16", "0; 7; -7; null", "(cast a bool)", "false; true; true; null"},
    };

    RUN_CASES(cases);
}

static void casts_between_integers_and_floats(void **state)
{
    static const struct row_case cases[] = {
        {"a: float64", "2.9; -2.9; 0.5; -0.0; null", "(cast a int32)", "2; -2; 0; 0; null"},
        {"a: float64", "127.99; -128.99", "(cast a int8)", "127; -128"},
        {"a: float64", "128", "(cast a int8)", "error: cast: 128.0 does not fit int8"},
        {"a: float64", "-129", "(cast a int8)", "error: cast: -129.0 does not fit int8"},
        {"a: float64", "nan", "(cast a int64)", "error: cast: nan does not fit int64"},
        {"a: float64", "nan; inf; -inf; 1e30; 1; null", "(try_cast a int64)",
         "null; null; null; null; 1; null"},
        {"a: float64", "9223372036854774784; -9223372036854775808", "(cast a int64)",
         "9223372036854774784; -9223372036854775808"},
        {"a: float64", "9223372036854775808", "(cast a int64)",
         "error: cast: 9.223372036854776e+18 does not fit int64"},
        {"a: float64", "18446744073709549568; -0.5", "(cast a uint64)", "18446744073709549568; 0"},
        {"a: float64", "-1", "(cast a uint64)", "error: cast: -1.0 does not fit uint64"},
        {"a: float32", "16777216; 2.5", "(cast a int32)", "16777216; 2"},
        {"a: float32", "2147483648", "(cast a int32)",
         "error: cast: 2147483600.0 does not fit int32"},
        {"a: int64", "9007199254740993; -5; null", "(cast a float64)",
         "9007199254740992; -5; null"},
        {"a: int64", "16777217", "(cast a float32)", "16777216"},
        {"a: uint64", "18446744073709551615", "(cast a float64)", "18446744073709551616"},
        {"a: float64", "0.1; 1e300; nan; inf; -0.0", "(try_cast a float32)",
         "0.1; null; nan; inf; -0.0"},
        {"a: float64", "1e300", "(cast a float32)", "error: cast: 1e+300 does not fit float32"},
        {"a: float32", "0.1", "(cast a float64)", "0.10000000149011612"},
        {"a: float64", "0.0; -0.0; 0.5; inf", "(cast a bool)", "false; false; true; true"},
        {"a: float64", "nan", "(cast a bool)", "error: cast: nan is no bool"},
        {"a: bool", "true; false", "(cast a float32)", "1; 0"},
    };

    RUN_CASES(cases);
}

static void casts_decimals(void **state)
{
    static const struct row_case cases[] = {
        {"a: int32", "5; -7; null", "(cast a decimal128(5, 2))", "5.00; -7.00; null"},
        {"a: int32", "1000", "(cast a decimal128(5, 2))",
         "error: cast: 1000 does not fit decimal128(5, 2)"},
        {"a: uint64", "18446744073709551615", "(cast a decimal128(38, 18))",
         "18446744073709551615"},
        {"a: uint64", "18446744073709551615", "(cast a decimal128(38, 19))",
         "error: cast: 18446744073709551615 does not fit decimal128(38, 19)"},
        {"a: decimal128(6, 3)", "1.234; 1.235; -1.235; 9.999", "(cast a decimal128(5, 2))",
         "1.23; 1.24; -1.24; 10.00"},
        {"a: decimal128(6, 3)", "999.999", "(cast a decimal128(5, 2))",
         "error: cast: 999.999 does not fit decimal128(5, 2)"},
        {"a: decimal128(6, 3)", "999.999; 1", "(try_cast a decimal128(5, 2))", "null; 1"},
        {"a: decimal128(5, 2)", "2.99; -2.99; null", "(cast a int8)", "2; -2; null"},
        {"a: decimal128(5, 2)", "300", "(cast a int8)", "error: cast: 300.00 does not fit int8"},
        {"a: decimal128(5, 2)", "-0.99; -1", "(try_cast a uint8)", "0; null"},
        {"a: decimal128(5, -2)", "12300", "(cast a int32)", "12300"},
        {"a: decimal128(5, 2)", "0; 0.01", "(cast a bool)", "false; true"},
        {"a: bool", "true; false", "(cast a decimal128(3, 1))", "1.0; 0.0"},
        {"a: decimal128(20, 3)", "0.1; 12345678901234567.891", "(cast a float64)",
         "0.1; 12345678901234568"},
        {"a: decimal128(20, 3)", "0.1", "(cast a float32)", "0.1"},
        {"a: float64", "2.675; 0.125; -0.125; 1e-9", "(cast a decimal128(10, 2))",
         "2.67; 0.13; -0.13; 0"}, // 2.675 lies below the half
        {"a: float64", "nan", "(cast a decimal128(10, 2))",
         "error: cast: nan does not fit decimal128(10, 2)"},
        {"a: float64", "1e8; 99999999.99", "(try_cast a decimal128(10, 2))", "null; 99999999.99"},
        {"a: float64", "1e37", "(cast a decimal128(38, 0))",
         "9999999999999999538762658202121142272"},
        {"a: float32", "0.1", "(cast a decimal128(10, 9))", "0.100000001"},
    };

    RUN_CASES(cases);
}

static void casts_text_to_values(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8", "'12'; '-7'; '+5'; null", "(cast a int64)", "12; -7; 5; null"},
        {"a: utf8", "'12 '", "(cast a int64)", "error: cast: '12 ' is no int64"},
        {"a: utf8", "''; '1.0'; '0x1'; '-'; '300'; '7'", "(try_cast a uint8)",
         "null; null; null; null; null; 7"},
        {"a: utf8_view", "'18446744073709551615'", "(cast a uint64)", "18446744073709551615"},
        {"a: large_utf8", "'1.5'; '-1e3'; '.5'; '5.'; 'inf'; '-Infinity'; 'NaN'",
         "(cast a float64)", "1.5; -1000; 0.5; 5; inf; -inf; nan"},
        {"a: utf8", "'1.7976931348623157e308'; '4.9e-324'; '0.1'; '123456789012345678901234567890'",
         "(cast a float64)", "1.7976931348623157e308; 5e-324; 0.1; 1.2345678901234568e29"},
        {"a: utf8", "'e5'; '1e'; '1,5'; '--1'; '1.5x'; ' 1'", "(try_cast a float64)",
         "null; null; null; null; null; null"},
        {"a: utf8", "'0.1'; '16777217'", "(cast a float32)", "0.1; 16777216"},
        {"a: utf8", "'true'; 'FALSE'; '1'; '0'", "(cast a bool)", "true; false; true; false"},
        {"a: utf8", "'yes'", "(cast a bool)", "error: cast: 'yes' is no bool"},
        {"a: utf8", "'12.50'; '-1.255'; '1e2'; '.5'", "(cast a decimal128(6, 2))",
         "12.50; -1.26; 100.00; 0.50"},
        {"a: utf8", "'12345.00'; 'x'; '1.2.3'", "(try_cast a decimal128(6, 2))",
         "null; null; null"},
        {"a: utf8", "'2024-02-29'; '1969-12-31'", "(cast a date32)", "19782; -1"},
        {"a: utf8", "'2024-02-30'", "(cast a date32)", "error: cast: '2024-02-30' is no date32"},
        {"a: utf8", "'2024-02-29'", "(cast a date64)", "1709164800000"},
        {"a: utf8", "'2023-02-29'; '2024-13-01'; '24-01-01'; '2024-01-01T00:00'",
         "(try_cast a date32)", "null; null; null; null"},
        {"a: utf8", "'1970-01-01T00:00:01.5'; '1970-01-02'; '1969-12-31 23:59:59.999'",
         "(cast a timestamp[ms])", "1500; 86400000; -1"},
        {"a: utf8", "'1970-01-01T00:00:00.9'; '1969-12-31T23:59:59.1'", "(cast a timestamp[s])",
         "0; -1"},
        {"a: utf8", "'1970-01-01T01:00:00+01:00'; '1970-01-01T00:00:00Z'; '1970-01-01'",
         "(cast a timestamp[us, UTC])", "0; 0; 0"},
        {"a: utf8", "'1970-01-01T00:00:00'; '1970-01-01T00:00:00Z'",
         "(try_cast a timestamp[us, Europe/Berlin])", "-3600000000; 0"},
        {"a: utf8", "'1970-01-01T00:00:00'", "(cast a timestamp[s, -01:30])", "5400"},
        {"a: utf8", "'1970-01-01T00:00:00Z'; '1970-01-01T25:00'; '1970-01-01T00:60'",
         "(try_cast a timestamp[us])", "null; null; null"},
        {"a: utf8", "'2262-04-11T23:47:16.854775807'; '2262-04-11T23:47:16.854775808'",
         "(try_cast a timestamp[ns])", "9223372036854775807; null"},
    };

    RUN_CASES(cases);
}

static void casts_values_to_text(void **state)
{
    static const struct row_case cases[] = {
        {"a: int8", "-128; 0; null", "(cast a utf8)", "'-128'; '0'; null"},
        {"a: uint64", "18446744073709551615", "(cast a utf8_view)", "'18446744073709551615'"},
        {"a: bool", "true; false", "(cast a large_utf8)", "'true'; 'false'"},
        {"a: float64",
         "1; 0.1; -0.0; 1e16; 1e15; 1e-5; 0.0001; nan; inf; -inf; 123456.789; 5e-324; "
         "1.7976931348623157e308; 0.30000000000000004; 9007199254740993",
         "(cast a utf8)",
         "'1.0'; '0.1'; '-0.0'; '1e+16'; '1000000000000000.0'; '1e-05'; '0.0001'; 'nan'; 'inf'; "
         "'-inf'; '123456.789'; '5e-324'; '1.7976931348623157e+308'; '0.30000000000000004'; "
         "'9007199254740992.0'"},
        {"a: float32", "0.1; 16777216; 3.4028235e38", "(cast a utf8)",
         "'0.1'; '16777216.0'; '3.4028235e+38'"},
        {"a: decimal128(9, 3)", "12.5; -0.001; 0", "(cast a utf8)", "'12.500'; '-0.001'; '0.000'"},
        {"a: decimal128(5, -2)", "12300; 0", "(cast a utf8)", "'12300'; '0'"},
        {"a: date32", "19782; -1; 0", "(cast a utf8)", "'2024-02-29'; '1969-12-31'; '1970-01-01'"},
        {"a: date64", "86400000; -1", "(cast a utf8)", "'1970-01-02'; '1969-12-31'"},
        {"a: date32", "-719529; -719528; 2932897", "(cast a utf8)",
         "'-0001-12-31'; '0000-01-01'; '+10000-01-01'"},
        {"a: timestamp[ms]", "1500; -1", "(cast a utf8)",
         "'1970-01-01T00:00:01.500'; '1969-12-31T23:59:59.999'"},
        {"a: timestamp[s, UTC]", "0", "(cast a utf8)", "'1970-01-01T00:00:00Z'"},
        {"a: timestamp[s, +05:30]", "0", "(cast a utf8)", "'1970-01-01T05:30:00+05:30'"},
        {"a: timestamp[ns, Europe/Berlin]", "1", "(cast a utf8)",
         "'1970-01-01T01:00:00.000000001+01:00'"},
        {"a: timestamp[s]", "-9223372036854775808", "(cast (cast a utf8) utf8)",
         "'-292277022657-01-27T08:29:52'"},
        {"a: utf8", "'x'; null", "(cast a utf8_view)", "'x'; null"},
        {"a: utf8_view", "'a text that is not inline'", "(cast a binary)",
         "'a text that is not inline'"},
        {"a: binary", "'ok'; '\\xc3\\xa4'", "(cast a utf8)", "'ok'; '\\xc3\\xa4'"},
        {"a: binary", "'\\xff'", "(cast a utf8)", "error: cast: x'ff' is not UTF-8, so no utf8"},
        {"a: binary", "'\\xc0\\x80'; '\\xed\\xa0\\x80'; '\\xf4\\x90\\x80\\x80'; '\\xe2\\x82'; 'x'",
         "(try_cast a utf8)", "null; null; null; null; 'x'"},
        {"a: binary", "'x'", "(cast a int8)", "error: cast: no cast from binary to int8: binary "},
    };

    RUN_CASES(cases);
}

static void casts_times(void **state)
{
    static const struct row_case cases[] = {
        {"a: timestamp[s]", "-2; 2; null", "(cast a timestamp[ns])",
         "-2000000000; 2000000000; null"},
        {"a: timestamp[s]", "9223372036854775807", "(cast a timestamp[ms])",
         "error: cast: timestamp '+292277026596-12-04T15:30:07' does not fit timestamp[ms]"},
        {"a: timestamp[s]", "9223372036854775807; 1", "(try_cast a timestamp[ns])",
         "null; 1000000000"},
        {"a: timestamp[ms]", "1999; -1; -1000", "(cast a timestamp[s])", "1; -1; -1"},
        {"a: timestamp[us]", "86400000000; -1", "(cast a date32)", "1; -1"},
        {"a: timestamp[s]", "86401", "(cast a date64)", "86400000"},
        {"a: date32", "1; -1", "(cast a timestamp[ms])", "86400000; -86400000"},
        {"a: date32", "1; null", "(cast a date64)", "86400000; null"},
        {"a: date64", "86400001; -1", "(cast a date32)", "1; -1"},
        {"a: date64", "86400001", "(cast a timestamp[ms])", "86400001"},
        {"a: timestamp[s, UTC]", "5", "(cast a timestamp[s, Europe/Berlin])", "5"},
        {"a: timestamp[s, Asia/Tokyo]", "5", "(cast a timestamp[ms, Europe/Berlin])", "5000"},
        {"a: timestamp[s, UTC]", "5", "(cast a timestamp[s])", "5"},
        {"a: timestamp[s, +01:00]", "0", "(cast a timestamp[s])", "3600"},
        {"a: timestamp[s]", "3600", "(cast a timestamp[ms, +01:00])", "0"},
        {"a: timestamp[s, +01:00]", "82800; 82799", "(cast a date32)", "1; 0"},
        {"a: date32", "1", "(cast a timestamp[s, +01:00])", "82800"},
        {"a: timestamp[s, Europe/Berlin]", "82799; 82800; -90000; null", "(cast a date32)",
         "0; 1; -1; null"},
        {"a: timestamp[s, Europe/Berlin]", "1711846799; 1711846800", "(cast a timestamp[ms])",
         "1711850399000; 1711854000000"},
        // never shown: forward by an hour; shown twice: the earlier one
        {"a: timestamp[s]", "1711852200; 1729996200; 1729998000",
         "(cast a timestamp[us, Europe/Berlin])",
         "1711848600000000; 1729989000000000; 1729994400000000"},
        {"a: date32", "19813; 19812", "(cast a timestamp[s, Europe/Berlin])",
         "1711839600; 1711753200"},
        {"a: date32", "15338; 15337", "(cast a timestamp[s, Pacific/Apia])",
         "1325239200; 1325152800"},
        {"a: timestamp[s, Europe/Berlin]", "1711846800", "(cast a utf8)",
         "'2024-03-31T03:00:00+02:00'"},
        {"a: timestamp[s, Europe/Berlin]", "-3000000000", "(cast a utf8)",
         "'1874-12-07T19:33:28+00:53:28'"},
        {"a: timestamp[s]", "0", "(cast a timestamp[s, Europe/Berlim])",
         "error: unknown time zone 'Europe/Berlim'; similar ones are 'Europe/Berlin'"},
        {"a: timestamp[s]", "9223372036854775807", "(cast a timestamp[s, America/New_York])",
         "error: cast: timestamp '+292277026596-12-04T15:30:07' does not fit timestamp[s, America"},
        {"a: timestamp[s]", "7", "(cast a int64)", "7"},
        {"a: timestamp[s]", "300", "(cast a int8)", "error: cast: 300 does not fit int8"},
        {"a: int64", "7", "(cast a timestamp[us, UTC])", "7"},
        {"a: int16", "7", "(cast a date32)", "7"},
        {"a: int64", "4294967296", "(cast a date32)", "error: cast: 4294967296 does not fit int32"},
        {"a: date32", "7", "(cast a int32)", "7"},
        {"a: date32", "7", "(cast a float64)",
         "error: cast: no cast from date32 to float64: dates and timestamps turn into"},
        {"a: bool", "true", "(cast a date32)", "error: cast: no cast from bool to date32"},
    };

    RUN_CASES(cases);
}

static void guards_and_nulls_keep_casts_quiet(void **state)
{
    static const struct row_case cases[] = {
        {"a: utf8, b: bool", "'x',false; '7',true; 'y',false", "(and b (equal (cast a int8) 7))",
         "false; true; false"},
        {"a: utf8, b: int8", "'x',1; '7',null", "(coalesce b (cast a int8))", "1; 7"},
        {"a: float64, b: bool", "nan,false; 2,true", "(and b (equal (cast a int8) 2))",
         "false; true"},
        {"a: int64", "1", "(cast 300 int8)", "error: cast: 300 does not fit int8"},
        {"a: int64", "1", "(try_cast 300 int8)", "null"},
        {"a: int64", "1", "(cast null int8)", "null"},
    };

    RUN_CASES(cases);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(casts_between_integers),
        cmocka_unit_test(casts_between_integers_and_floats),
        cmocka_unit_test(casts_decimals),
        cmocka_unit_test(casts_text_to_values),
        cmocka_unit_test(casts_values_to_text),
        cmocka_unit_test(casts_times),
        cmocka_unit_test(guards_and_nulls_keep_casts_quiet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
