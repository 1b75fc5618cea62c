// SPDX-License-Identifier: Apache-2.0
/*
 * Functions of dates and timestamps: leap years, far years, the time before 1970, gaps and folds.
 */
#include "expressions.h"

static void takes_parts_of_dates(void **state)
{
    static const struct row_case cases[] = {
        {"a: date32", "2024-02-29; 1900-03-01; 1969-12-31; 0000-01-01; -0001-12-31; null",
         "(year a)", "2024; 1900; 1969; 0; -1; null"},
        {"a: date32", "2024-02-29; 1900-03-01; 9999-12-31; -0004-02-29", "(month a)",
         "2; 3; 12; 2"},
        {"a: date32", "2024-02-29; 1900-03-01; 9999-12-31; -0004-02-29", "(day a)",
         "29; 1; 31; 29"},
        {"a: date32", "2024-12-31; 1900-12-31; 2000-12-31; 2023-01-01", "(day_of_year a)",
         "366; 365; 366; 1"},
        {"a: date32", "2024-01-01; 2024-03-31; 2024-04-01; 2024-12-31", "(quarter a)",
         "1; 1; 2; 4"},
        // ISO: 2021-01-03 is in week 53 of 2020, 2024-12-30 in week 1 of 2025
        {"a: date32", "2021-01-03; 2024-12-30; 2020-12-31; 2026-01-01; 1969-12-29", "(week a)",
         "53; 1; 53; 1; 1"},
        {"a: date32", "2021-01-03; 2024-12-30; 2020-12-31; 2026-01-01; 1969-12-29", "(iso_year a)",
         "2020; 2025; 2020; 2026; 1970"},
        {"a: date32", "1970-01-01; 1969-12-28; 2024-02-25", "(day_of_week a)", "4; 0; 0"},
        {"a: date32", "1970-01-01; 1969-12-28; 2024-02-26", "(iso_day_of_week a)", "4; 7; 1"},
        {"a: date32", "2147483647; -2147483648", "(year a)", "5881580; -5877641"},
        {"a: date32", "2147483647; -2147483648; 0", "(day_of_year a)", "193; 174; 1"},
        {"a: date64", "2024-02-29; 1969-12-31", "(date_part 'day' a)", "29; 31"},
        {"a: date32", "1970-01-02; null", "(epoch a)", "86400; null"},
        {"a: date32", "2024-02-29", "(hour a)", "0"},
        {"a: date32", "2024-02-29", "(date_part 'dow' a)", "4"},
        {"a: date32", "2024-02-29", "(date_part 'fortnight' a)",
         "error: date_part: there is no part 'fortnight'; there are year, iso_year, quarter"},
        {"a: int32", "1", "(year a)", "error: year does not take int32: it takes a date or a"},
        {"a: date32, b: utf8", "1,'x'", "(date_part b a)",
         "error: date_part: the part is a constant text"},
        {"a: date32", "1", "(year null)", "null"},
    };

    RUN_CASES(cases);
}

static void takes_parts_of_timestamps(void **state)
{
    static const struct row_case cases[] = {
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999; 2024-02-29T12:30:15.5; null", "(hour a)",
         "23; 12; null"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999; 2024-02-29T12:30:15.5", "(minute a)",
         "59; 30"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999; 2024-02-29T12:30:15.5", "(second a)",
         "59; 15"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999; 2024-02-29T12:30:15.5", "(microsecond a)",
         "59999999; 15500000"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999; 2024-02-29T12:30:15.5", "(millisecond a)",
         "59999; 15500"},
        {"a: timestamp[ns]", "1969-12-31T23:59:59.999999999", "(nanosecond a)", "59999999999"},
        {"a: timestamp[s]", "1969-12-31T23:59:59", "(nanosecond a)", "59000000000"},
        {"a: timestamp[ms]", "1969-12-31T23:59:59.999", "(microsecond a)", "59999000"},
        {"a: timestamp[us]",
         "1969-12-31T23:59:59.999999; -9223372036854775808; 9223372036854775807", "(year a)",
         "1969; -290308; 294247"},
        {"a: timestamp[ns]", "-9223372036854775808; 9223372036854775807", "(day_of_year a)",
         "264; 101"},
        {"a: timestamp[us]", "1969-12-31T23:59:58.5", "(epoch a)", "-1.5"},
        {"a: timestamp[us]", "1969-12-31T23:59:58.5", "(epoch_s a)", "-2"},
        {"a: timestamp[us]", "1969-12-31T23:59:58.5", "(epoch_ns a)", "-1500000000"},
        {"a: timestamp[s]", "9223372036854775807", "(epoch_ms a)",
         "error: epoch_ms: timestamp '+2"},
        {"a: timestamp[s]", "2024-02-29; 9223372036854775807", "(year a)",
         "error: year: timestamp '+292277026596-12-04T15:30:07' is outside of the years -5877641"},
        {"a: timestamp[s], b: bool", "9223372036854775807,false; 0,true",
         "(and b (equal (year a) 1970))", "false; true"},
        // by the clock of the zone
        {"a: timestamp[us, Europe/Berlin]", "2024-12-31T23:30:00; 2024-06-30T22:00:00", "(year a)",
         "2025; 2024"},
        {"a: timestamp[s, Europe/Berlin]", "2024-03-31T00:59:59; 2024-03-31T01:00:00; null",
         "(hour a)", "1; 3; null"},
        {"a: timestamp[ns, Asia/Kolkata]", "2024-01-01T00:00:00.000000001", "(minute a)", "30"},
        {"a: timestamp[ns, Asia/Kolkata]", "2024-01-01T00:00:00.000000001", "(nanosecond a)", "1"},
        {"a: timestamp[s, America/New_York]", "2024-01-01T04:59:59", "(day a)", "31"},
        {"a: timestamp[s, Pacific/Apia]", "2011-12-30T09:59:59; 2011-12-30T10:00:00", "(day a)",
         "29; 31"},
        {"a: timestamp[s, +02:00]", "2024-12-31T22:00:00", "(year a)", "2025"},
        {"a: timestamp[s, Mars/Phobos]", "0", "(year a)", "error: unknown time zone 'Mars/Phobos'"},
    };

    RUN_CASES(cases);
}

static void takes_parts_of_times_of_day(void **state)
{
    static const struct row_case cases[] = {
        {"a: time32[s]", "0; 45015; 86399; null", "(hour a)", "0; 12; 23; null"},
        {"a: time32[s]", "0; 45015; 86399; null", "(minute a)", "0; 30; 59; null"},
        {"a: time32[s]", "0; 45015; 86399; null", "(second a)", "0; 15; 59; null"},
        {"a: time32[ms]", "45015500; 86399999", "(millisecond a)", "15500; 59999"},
        {"a: time32[ms]", "45015500; 86399999", "(nanosecond a)", "15500000000; 59999000000"},
        {"a: time64[us]", "45015500001; 86399999999", "(date_part 'hour' a)", "12; 23"},
        {"a: time64[us]", "45015500001; 86399999999", "(microsecond a)", "15500001; 59999999"},
        {"a: time64[ns]", "45015500000001; 86399999999999; null", "(second a)", "15; 59; null"},
        {"a: time64[ns]", "45015500000001; 86399999999999; null", "(nanosecond a)",
         "15500000001; 59999999999; null"},
        {"a: time64[us]", "0", "(day a)",
         "error: day does not take time64[us]: it takes a date or a timestamp"},
        {"a: time32[s]", "0", "(epoch a)",
         "error: epoch does not take time32[s]: it takes a date or a timestamp"},
        {"a: int32", "0", "(hour a)",
         "error: hour does not take int32: it takes a date, a timestamp or a time of day"},
    };

    RUN_CASES(cases);
}

static void truncates(void **state)
{
    static const struct row_case cases[] = {
        {"a: date32", "2024-02-29; 1969-12-31; null", "(date_trunc 'month' a)",
         "2024-02-01; 1969-12-01; null"},
        {"a: date32", "2024-05-31; 1969-12-31; 2023-03-31; 2024-03-01", "(date_trunc 'quarter' a)",
         "2024-04-01; 1969-10-01; 2023-01-01; 2024-01-01"},
        {"a: date32", "2024-05-31; 1969-12-31; -0001-12-31", "(date_trunc 'years' a)",
         "2024-01-01; 1969-01-01; -0001-01-01"},
        {"a: date32", "2024-02-29; 1970-01-01; 2024-02-26; 2024-02-25", "(date_trunc 'week' a)",
         "2024-02-26; 1969-12-29; 2024-02-26; 2024-02-19"},
        {"a: date64", "2024-02-29", "(date_trunc 'month' a)", "2024-02-01"},
        {"a: timestamp[us]", "2024-02-29T12:30:15.123456; 1969-12-31T23:59:59.999999",
         "(date_trunc 'hour' a)", "2024-02-29T12:00:00; 1969-12-31T23:00:00"},
        {"a: timestamp[us]", "2024-02-29T12:30:15.123456; 1969-12-31T23:59:59.999999",
         "(date_trunc 'millisecond' a)", "2024-02-29T12:30:15.123; 1969-12-31T23:59:59.999"},
        {"a: timestamp[s]", "2024-02-29T12:30:15", "(date_trunc 'microsecond' a)",
         "2024-02-29T12:30:15"},
        {"a: timestamp[ns]", "2024-02-29T12:30:15.123456789", "(date_trunc 'day' a)", "2024-02-29"},
        {"a: timestamp[ms]", "2024-02-29T12:30:15.123; 1969-12-31T23:59:59.999",
         "(date_trunc 'month' a)", "2024-02-01; 1969-12-01"},
        {"a: timestamp[us]", "-9223372036854775808", "(date_trunc 'day' a)",
         "error: date_trunc: timestamp '-290308-12-21T19:59:05.224192' gives a time that"},
        {"a: timestamp[us]", "-9223372036854775808", "(date_trunc 'year' a)",
         "error: date_trunc: timestamp '-290308-12-21T19:59:05.224192' gives a time that"},
        {"a: date32", "1", "(date_trunc 'hour' a)",
         "error: date_trunc does not take date32: a date has no time of day"},
        {"a: date32", "1", "(date_trunc 'eon' a)",
         "error: date_trunc: there is no unit 'eon'; there are nanosecond, microsecond"},
        // the zone's day, also where the clocks are set at midnight; hours keep their offset
        {"a: timestamp[s, Europe/Berlin]", "2024-03-31T12:00:00; 2024-10-27T23:30:00",
         "(date_trunc 'day' a)", "2024-03-30T23:00:00; 2024-10-27T23:00:00"},
        {"a: timestamp[s, Europe/Berlin]", "2024-10-27T00:30:00; 2024-10-27T01:30:00",
         "(date_trunc 'hour' a)", "2024-10-27T00:00:00; 2024-10-27T01:00:00"},
        // back by half an hour at 02:00, forward by half an hour at 02:00
        {"a: timestamp[s, Australia/Lord_Howe]",
         "2006-04-01T15:14:53; 2006-04-01T14:59:59; 2006-04-01T15:31:00", "(date_trunc 'hour' a)",
         "2006-04-01T14:00:00; 2006-04-01T14:00:00; 2006-04-01T15:30:00"},
        {"a: timestamp[s, Australia/Lord_Howe]", "2006-10-28T15:40:00; 2006-10-28T15:29:59",
         "(date_trunc 'hour' a)", "2006-10-28T15:30:00; 2006-10-28T14:30:00"},
        {"a: timestamp[s, Asia/Kolkata]", "2024-01-01T00:45:00", "(date_trunc 'hour' a)",
         "2024-01-01T00:30:00"},
        {"a: timestamp[s, America/Sao_Paulo]", "2018-11-04T12:00:00", "(date_trunc 'day' a)",
         "2018-11-04T03:00:00"},
        {"a: timestamp[s, America/Havana]", "2024-11-03T12:00:00", "(date_trunc 'day' a)",
         "2024-11-03T04:00:00"},
        {"a: timestamp[s, Europe/Berlin]", "2024-06-15T12:00:00", "(date_trunc 'year' a)",
         "2023-12-31T23:00:00"},
        {"a: date32", "2024-02-03; 1900-02-01; null", "(last_day a)",
         "2024-02-29; 1900-02-28; null"},
        {"a: timestamp[s, Europe/Berlin]", "2024-01-31T23:30:00", "(last_day a)", "2024-02-29"},
    };

    RUN_CASES(cases);
}

static void moves(void **state)
{
    static const struct row_case cases[] = {
        {"a: date32", "2024-01-31; 2023-01-31; 2024-12-31; null", "(date_add a 1 'month')",
         "2024-02-29; 2023-02-28; 2025-01-31; null"},
        {"a: date32", "2024-02-29; 2024-03-31", "(date_sub a 1 'year')", "2023-02-28; 2023-03-31"},
        {"a: date32", "2024-02-29", "(date_add a 4 'years')", "2028-02-29"},
        {"a: date32", "2024-11-30", "(date_add a 1 'quarter')", "2025-02-28"},
        {"a: date32, b: int8", "2024-02-28,2; 2024-03-01,-1; 2024-01-01,null",
         "(date_add a b 'day')", "2024-03-01; 2024-02-29; null"},
        {"a: date32", "2024-02-28", "(date_sub a 1 'week')", "2024-02-21"},
        {"a: date64", "2024-02-28", "(date_add a 2 'day')", "2024-03-01"},
        {"a: timestamp[us]", "2024-02-29T12:30:15.5", "(date_add a 36 'hour')",
         "2024-03-02T00:30:15.5"},
        {"a: timestamp[us]", "2024-01-31T12:30:15.5", "(date_add a 1 'month')",
         "2024-02-29T12:30:15.5"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999", "(date_add a 1 'microsecond')",
         "1970-01-01"},
        {"a: timestamp[s]", "0", "(date_add a 1 'millisecond')",
         "error: date_add does not take timestamp[s]: the unit is finer than the timestamp's"},
        {"a: date32", "0", "(date_add a 1 'hour')", "error: a date has no time of day"},
        {"a: date32", "0", "(date_add a 1.5 'day')", "error: date_add does not take date32 and f"},
        {"a: date32", "2147483647", "(date_add a 1 'day')",
         "error: date_add: date '+5881580-07-11' moved by that amount is out of range"},
        {"a: date32", "2147483647", "(date_add a 1 'month')", "error: is out of range"},
        {"a: date32, b: int64", "0,9223372036854775807", "(date_add a b 'year')", "error: out of"},
        {"a: date32, b: int64", "0,-9223372036854775808", "(date_sub a b 'year')", "error: out of"},
        {"a: timestamp[ns]", "9223372036854775807", "(date_add a 1 'nanosecond')", "error: out of"},
        {"a: timestamp[ns]", "2262-04-11", "(date_add a 1 'month')",
         "error: date_add: timestamp '2262-04-11T00:00:00.000000000' gives a time that the type"},
        {"a: timestamp[ns], b: int64", "0,-9223372036854775808", "(date_sub a b 'nanosecond')",
         "error: out of range"},
        // days keep the clock, hours keep the length
        {"a: timestamp[s, Europe/Berlin]", "2024-03-30T11:00:00", "(date_add a 1 'day')",
         "2024-03-31T10:00:00"},
        {"a: timestamp[s, Europe/Berlin]", "2024-03-30T11:00:00", "(date_add a 24 'hour')",
         "2024-03-31T11:00:00"},
        {"a: timestamp[s, Europe/Berlin]", "2024-03-30T01:30:00", "(date_add a 1 'day')",
         "2024-03-31T01:30:00"}, // 02:30 was never shown: 03:30
        {"a: timestamp[s, Europe/Berlin]", "2024-09-27T00:30:00", "(date_add a 1 'month')",
         "2024-10-27T00:30:00"}, // 02:30 was shown twice
    };

    RUN_CASES(cases);
}

static void counts_boundaries(void **state)
{
    static const struct row_case cases[] = {
        {"a: date32, b: date32", "2023-12-31,2024-01-01; 2024-01-01,2023-12-31; 2024-01-01,null",
         "(date_diff 'year' a b)", "1; -1; null"},
        {"a: date32, b: date32", "2024-01-31,2024-02-01; 2024-01-01,2024-01-31",
         "(date_diff 'month' a b)", "1; 0"},
        {"a: date32, b: date32", "1969-12-31,1970-01-01; 2024-01-01,2023-10-01",
         "(date_diff 'quarter' a b)", "1; -1"},
        {"a: date32, b: date32", "2024-02-25,2024-02-26; 2024-02-26,2024-03-03",
         "(date_diff 'week' a b)", "1; 0"},
        {"a: date32, b: date32", "2024-02-28,2024-03-01", "(date_diff 'day' a b)", "2"},
        {"a: date32, b: date32", "2024-02-28,2024-02-29", "(date_diff 'hour' a b)", "24"},
        {"a: date32, b: date32", "1970-01-01,1970-01-02", "(date_diff 'nanosecond' a b)",
         "86400000000000"},
        {"a: timestamp[us], b: timestamp[us]",
         "1969-12-31T23:59:59.999999,1970-01-01; 2024-01-01T00:59:59,2024-01-01T01:00:00",
         "(date_diff 'hour' a b)", "1; 1"},
        {"a: timestamp[s], b: timestamp[ns]", "2024-01-01,2024-01-01T00:00:00.5",
         "(date_diff 'millisecond' a b)", "500"},
        {"a: timestamp[us], b: date32", "2024-01-01T23:00:00,2024-01-02", "(date_diff 'day' a b)",
         "1"},
        {"a: timestamp[us]", "2024-01-01T23:00:00", "(date_diff 'day' a '2024-01-05T01:00:00')",
         "4"},
        {"a: timestamp[s, Europe/Berlin], b: timestamp[s, Europe/Berlin]",
         "2024-03-30T22:30:00,2024-03-30T23:30:00", "(date_diff 'day' a b)", "1"},
        {"a: timestamp[s, UTC], b: timestamp[s]", "0,0", "(date_diff 'day' a b)",
         "error: their zones differ"},
        {"a: timestamp[us], b: timestamp[us]", "-9223372036854775808,9223372036854775807",
         "(date_diff 'microsecond' a b)", "error: date_diff: timestamp '-290308"},
        {"a: int64, b: date32", "1,1", "(date_diff 'day' a b)", "error: it takes two dates or"},
    };

    RUN_CASES(cases);
}

static void makes_times(void **state)
{
    static const struct row_case cases[] = {
        {"a: int32, b: int8", "2024,2; 1900,2; null,2", "(make_date a b 28)",
         "2024-02-28; 1900-02-28; null"},
        {"a: int32", "2023", "(make_date a 2 29)", "error: make_date: there is no day 2023-2-29"},
        {"a: int64", "9223372036854775807", "(make_date a 1 1)", "error: there is no day 9223372"},
        {"a: int32", "1969", "(make_timestamp a 12 31 23 59 59.999999)",
         "1969-12-31T23:59:59.999999"},
        {"a: int32", "2024", "(make_timestamp a 3 31 12 0 0 'Europe/Berlin')",
         "2024-03-31T10:00:00"},
        {"a: int32", "2024", "(make_timestamp a 3 31 24 0 0)", "error: there is no time 2024-3-31"},
        {"a: int32", "2024", "(make_timestamp a 3 31 1 0 60)", "error: there is no time 2024-3-31"},
        {"a: int32", "2024", "(make_timestamp a 3 31 1 0 0 'Europe/Nowhere')",
         "error: unknown time"},
        {"a: int64", "1; -1; null", "(to_timestamp a)", "1000000; -1000000; null"},
        {"a: float64", "1.5; -0.0000005", "(to_timestamp a)", "1500000; 0"},
        {"a: int64", "1500", "(to_timestamp a 'ms')", "1970-01-01T00:00:01.5"},
        {"a: int64", "1500", "(to_timestamp a 'ns')", "1500"},
        {"a: int64", "9223372036854775807", "(to_timestamp a)",
         "error: to_timestamp: 9223372036854775807 is outside of the result's range"},
        {"a: float64", "nan", "(to_timestamp a)", "error: to_timestamp: nan is outside"},
        {"a: int64", "1", "(to_timestamp a 'min')", "error: there is no unit 'min'; there are s, "},
    };

    RUN_CASES(cases);
}

static void changes_zones(void **state)
{
    static const struct row_case cases[] = {
        {"a: timestamp[s, UTC]", "2024-03-31T01:00:00",
         "(cast (convert_time_zone a 'Europe/Berlin') utf8)", "'2024-03-31T03:00:00+02:00'"},
        {"a: timestamp[s]", "0", "(convert_time_zone a 'UTC')",
         "error: it has no zone; replace_time_zone says which one"},
        {"a: timestamp[s]", "2024-10-27T02:30:00; 2024-03-31T02:30:00; null",
         "(replace_time_zone a 'Europe/Berlin')", "2024-10-27T00:30:00; 2024-03-31T01:30:00; null"},
        {"a: timestamp[s]", "2024-10-27T02:30:00; 2024-03-31T02:30:00",
         "(replace_time_zone a 'Europe/Berlin' 'latest')",
         "2024-10-27T01:30:00; 2024-03-31T01:30:00"},
        {"a: timestamp[s]", "2024-10-27T02:30:00; 2024-03-31T02:30:00; 2024-06-01",
         "(replace_time_zone a 'Europe/Berlin' 'null')", "null; null; 2024-05-31T22:00:00"},
        {"a: timestamp[s]", "2024-10-27T02:30:00", "(replace_time_zone a 'Europe/Berlin' 'raise')",
         "error: replace_time_zone: timestamp '2024-10-27T02:30:00' was shown twice by the clocks"},
        {"a: timestamp[s]", "2024-03-31T02:30:00", "(replace_time_zone a 'Europe/Berlin' 'raise')",
         "error: was never shown by the clocks of Europe/Berlin"},
        {"a: timestamp[s]", "2011-12-30T12:00:00", "(replace_time_zone a 'Pacific/Apia' 'raise')",
         "error: was never shown"},
        {"a: timestamp[s]", "0", "(replace_time_zone a 'Europe/Berlin' 'maybe')",
         "error: there is no rule 'maybe' for a clock shown twice or never; there are earliest"},
        {"a: timestamp[s, Europe/Berlin]", "2024-06-01T10:00:00", "(replace_time_zone a null)",
         "2024-06-01T12:00:00"},
        {"a: timestamp[s, Europe/Berlin]", "2024-06-01T10:00:00", "(replace_time_zone a 'UTC')",
         "2024-06-01T12:00:00"},
        {"a: timestamp[s, UTC]", "2024-06-01T10:00:00", "(at_time_zone a 'Europe/Berlin')",
         "2024-06-01T12:00:00"},
        {"a: timestamp[s]", "2024-06-01T12:00:00", "(at_time_zone a 'Europe/Berlin')",
         "2024-06-01T10:00:00"},
        {"a: date32", "2024-06-01", "(at_time_zone a 'Europe/Berlin')", "2024-05-31T22:00:00"},
        {"a: timestamp[s]", "0", "(at_time_zone a 'Berlin')",
         "error: unknown time zone 'Berlin'; similar ones are 'Europe/Berlin'"},
        {"a: utf8", "'x'", "(at_time_zone a 'UTC')", "error: it takes a timestamp"},
    };

    RUN_CASES(cases);
}

static void writes_and_reads_patterns(void **state)
{
    static const struct row_case cases[] = {
        {"a: timestamp[us]", "2024-02-29T12:30:15.5; 1969-12-31T23:59:59.999999; null",
         "(strftime a '%Y-%m-%dT%H:%M:%S.%f')",
         "'2024-02-29T12:30:15.500000'; '1969-12-31T23:59:59.999999'; null"},
        {"a: timestamp[ns]", "2024-02-29T00:30:15.123456789", "(strftime a '%I%p %3f %6f %9f %%')",
         "'12AM 123 123456 123456789 %'"},
        {"a: date32", "2024-02-29; 2024-12-30", "(strftime a '%a %A %b %B %e %j %u %w %V %G %y')",
         "'Thu Thursday Feb February 29 060 4 4 09 2024 24'; "
         "'Mon Monday Dec December 30 365 1 1 01 2025 24'"},
        {"a: timestamp[s, Europe/Berlin]", "2024-06-01T10:00:00", "(strftime a '%F %T%z %s')",
         "'2024-06-01 12:00:00+0200 1717236000'"},
        {"a: timestamp[s, UTC]", "2024-06-01T10:00:00", "(strftime a '%R%z')", "'10:00+0000'"},
        {"a: date32", "-0044-03-15; +12345-01-01", "(strftime a '%Y')", "'-0044'; '12345'"},
        {"a: date32", "0", "(strftime a '')", "''"},
        {"a: date32", "0", "(strftime a '%Q')",
         "error: strftime: the pattern '%Q' has '%Q', which nothing is known of; there are %Y"},
        {"a: date32", "0", "(strftime a '%Y%')", "error: is not finished"},
        {"a: utf8", "'29.02.2024 12:30'; '1.2.2024 1:05'; null", "(strptime a '%d.%m.%Y %H:%M')",
         "2024-02-29T12:30:00; 2024-02-01T01:05:00; null"},
        {"a: utf8", "'2024-02-29 12:30:15.5'", "(strptime a '%F %T.%f')", "2024-02-29T12:30:15.5"},
        {"a: utf8", "'2024-02-29T12:30+02:00'; '2024-02-29T12:30Z'; '2024-02-29T12:30-0130'",
         "(strptime a '%FT%R%z')", "2024-02-29T10:30:00; 2024-02-29T12:30:00; 2024-02-29T14:00:00"},
        {"a: utf8", "'Feb 3 99 11PM'; 'dec 31 00 12am'", "(strptime a '%b %d %y %I%p')",
         "1999-02-03T23:00:00; 2000-12-31"},
        {"a: utf8", "'12:30'", "(strptime a '%R')", "1900-01-01T12:30:00"},
        {"a: utf8", "'2024 366'; '2024 060'", "(strptime a '%Y %j')", "2024-12-31; 2024-02-29"},
        {"a: utf8", "'-1.5'; '86400.0'", "(try_strptime a '%s')", "null; null"},
        {"a: utf8", "'-1'; '86400'", "(strptime a '%s')", "-1000000; 86400000000"},
        {"a: utf8", "'x.123456789'", "(strptime a 'x.%9f')", "1900-01-01T00:00:00.123456789"},
        {"a: utf8", "'2024-02-30'", "(strptime a '%F')",
         "error: strptime: '2024-02-30' is no time in the pattern '%F'"},
        {"a: utf8",
         "'2024-02-30'; '2024-13-01'; '2024-01-01 '; ''; '2024-1-1'; '13 PM'; '2023-02-28'",
         "(try_strptime a '%F')", "null; null; null; null; 2024-01-01; null; 2023-02-28"},
        {"a: utf8", "'13PM'; '0AM'; '12PM'", "(try_strptime a '%I%p')",
         "null; null; 1900-01-01T12:00:00"},
        {"a: utf8, b: bool", "'x',false; '2024-01-01',true",
         "(and b (equal (year (strptime a '%F')) 2024))", "false; true"},
        {"a: int64", "1", "(strptime a '%F')",
         "error: strptime does not take int64: it takes text"},
        {"a: utf8", "'1'", "(strptime a '%a')", "error: nothing is known of"},
    };

    RUN_CASES(cases);
}

static void casts_times_of_day_and_durations(void **state)
{
    static const struct row_case cases[] = {
        {"a: timestamp[us]", "2024-02-29T12:30:15.5; 1969-12-31T23:59:59.999999; null",
         "(cast (cast a time64[us]) utf8)", "'12:30:15.500000'; '23:59:59.999999'; null"},
        {"a: timestamp[us]", "1969-12-31T23:59:59.999999", "(cast (cast a time32[s]) utf8)",
         "'23:59:59'"},
        {"a: timestamp[s, Europe/Berlin]", "2024-06-01T22:30:00", "(cast (cast a time32[s]) utf8)",
         "'00:30:00'"},
        {"a: utf8", "'12:30'; '23:59:59.9999999'; '24:00'; '1:00'; null",
         "(cast (try_cast a time64[us]) int64)", "45000000000; 86399999999; null; null; null"},
        {"a: utf8", "'12:61'", "(cast a time32[ms])", "error: cast: '12:61' is no time32[ms]"},
        {"a: int64", "5", "(cast a time64[us])", "error: times of day come from timestamps, text"},
        {"a: int64", "90; null", "(cast (cast a duration[s]) int32)", "90; null"},
        {"a: int64", "90; -1", "(cast (cast (cast a duration[s]) duration[ms]) int64)",
         "90000; -1000"},
        {"a: int64", "9223372036854775807", "(cast (cast a duration[s]) duration[ns])",
         "error: cast: "},
        {"a: timestamp[us], b: timestamp[ms]", "1970-01-02,1970-01-01T00:00:00.001; null,0",
         "(cast (subtract a b) int64)", "86399999000; null"},
        {"a: timestamp[us], b: int64", "1970-01-02,1", "(add a (cast b duration[s]))",
         "1970-01-02T00:00:01"},
        {"a: timestamp[s], b: int64", "1970-01-02,1", "(subtract a (cast b duration[ms]))",
         "1970-01-01T23:59:59.999"},
        {"a: date32, b: int64", "1970-01-02,1", "(add (cast b duration[s]) a)",
         "1970-01-02T00:00:01"},
        {"a: int64", "2", "(cast (multiply (cast a duration[s]) 3) int64)", "6"},
        {"a: int64", "2; 3", "(less (cast a duration[s]) (cast 2500 duration[ms]))", "true; false"},
        {"a: timestamp[us]", "9223372036854775807", "(add a duration[us]:1)",
         "error: add: overflow: 9223372036854775807 + 1 in int64"},
        {"a: timestamp[us], b: timestamp[us, UTC]", "0,0", "(subtract a b)",
         "error: subtract does not take timestamp[us] and timestamp[us, UTC]: timestamps of one"},
        {"a: date32", "0", "(subtract a a)", "error: for dates there are date_add and date_diff"},
        {"a: utf8", "'12:30:15'; '11:00'", "(less (cast a time32[s]) time64[us]:'12:00:00')",
         "false; true"},
        {"a: float64", "1.5; 65504; 65519; -0.1; null; nan; inf", "(cast (cast a float16) float64)",
         "1.5; 65504; 65504; -0.0999755859375; null; nan; inf"},
        {"a: float64", "65520", "(cast a float16)", "error: cast: 65520.0 does not fit float16"},
        {"a: float64", "1.255; 999.99", "(cast (cast a decimal32(5, 2)) utf8)", "'1.25'; '999.99'"},
        {"a: int64", "1000", "(cast a decimal32(5, 2))",
         "error: cast: 1000 does not fit decimal128(5, 2)"},
        {"a: int64", "7", "(add (cast a decimal64(5, 2)) 1)", "8.00"},
    };

    RUN_CASES(cases);
}

static void survives_refused_allocations(void **state)
{
    static const char *const expressions[] = {
        "(strftime (date_trunc 'month' a) '%F %T%z')",
        "(subtract (strptime b '%F %z') a)",
        "(try_strptime b '%F')",
        "(replace_time_zone (replace_time_zone a null) 'Asia/Kolkata' 'null')",
        "(date_diff 'day' (date_add a 1 'month') a)",
        "(cast (cast a time32[s]) utf8)",
    };

    RUN_REFUSED("a: timestamp[us, Europe/Berlin], b: utf8",
                "2024-02-29,'2024-02-29 +01:00'; null,null", expressions);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_parts_of_dates),
        cmocka_unit_test(takes_parts_of_timestamps),
        cmocka_unit_test(takes_parts_of_times_of_day),
        cmocka_unit_test(truncates),
        cmocka_unit_test(moves),
        cmocka_unit_test(counts_boundaries),
        cmocka_unit_test(makes_times),
        cmocka_unit_test(changes_zones),
        cmocka_unit_test(writes_and_reads_patterns),
        cmocka_unit_test(casts_times_of_day_and_durations),
        cmocka_unit_test(survives_refused_allocations),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
