// SPDX-License-Identifier: Apache-2.0
/*
 * test_calendar.c - day numbers against a calendar that counts days one by one.
 */
#include "base/calendar.h"

#include "support/test.h"

static const int8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

static bool is_leap(int64_t year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

static void walks_through_eight_centuries_day_by_day(void **state)
{
    struct sb_civil date = {-401, 1, 1, 1};

    for (int64_t day = sb_days_from_civil(-401, 1, 1); date.year < 2402; day++) {
        const struct sb_civil found = sb_civil_from_days(day);
        const struct sb_civil narrow = sb_civil_narrow((int32_t)day);
        const int32_t in_month =
            month_days[date.month - 1] + (date.month == 2 && is_leap(date.year));
        assert_int_equal(found.year, date.year);
        assert_int_equal(found.month, date.month);
        assert_int_equal(found.day, date.day);
        assert_int_equal(found.day_of_year, date.day_of_year);
        assert_int_equal(narrow.year, date.year);
        assert_int_equal(narrow.day_of_year, date.day_of_year);
        assert_int_equal(sb_days_from_civil(date.year, date.month, date.day), day);
        assert_int_equal(sb_days_in_month(date.year, date.month), in_month);
        date.day_of_year++;
        if (++date.day > in_month) {
            date.day = 1;
            if (++date.month > 12) {
                date.month = 1;
                date.day_of_year = 1;
                date.year++;
            }
        }
    }
}

static void counts_from_the_epoch(void **state)
{
    static const struct {
        int64_t year;
        int32_t month;
        int32_t day;
        int64_t days;
        int32_t weekday;
    } dates[] = {
        {1970, 1, 1, 0, 3},
        {1969, 12, 31, -1, 2},
        {2000, 2, 29, 11016, 1},
        {1900, 2, 28, -25509, 2},
        {1900, 3, 1, -25508, 3},
        {9999, 12, 31, 2932896, 4},
        {1, 1, 1, -719162, 0},
        {0, 1, 1, -719528, 5},
        {-32800, 3, 1, -12699422, 2},
        {5881580, 7, 11, 2147483647, 3},
        {-5877641, 6, 23, -2147483648, 3},
    };

    for (size_t i = 0; i < sizeof dates / sizeof dates[0]; i++) {
        const struct sb_civil date = sb_civil_from_days(dates[i].days);
        assert_int_equal(sb_days_from_civil(dates[i].year, dates[i].month, dates[i].day),
                         dates[i].days);
        assert_int_equal(date.year, dates[i].year);
        assert_int_equal(date.month, dates[i].month);
        assert_int_equal(date.day, dates[i].day);
    }
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(sb_weekday(dates[i].days), dates[i].weekday);
    }
}

static void holds_at_both_ends_of_the_narrow_form(void **state)
{
    static const int32_t ends[] = {SB_NARROW_DAY_LEAST, SB_NARROW_DAY_LEAST + 1,
                                   SB_NARROW_DAY_MOST - 1, SB_NARROW_DAY_MOST};

    for (size_t i = 0; i < 4; i++) {
        const struct sb_civil narrow = sb_civil_narrow(ends[i]);
        const struct sb_civil any = sb_civil_from_days(ends[i]);
        assert_int_equal(narrow.year, any.year);
        assert_int_equal(narrow.month, any.month);
        assert_int_equal(narrow.day, any.day);
        assert_int_equal(narrow.day_of_year, any.day_of_year);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_through_eight_centuries_day_by_day),
        cmocka_unit_test(counts_from_the_epoch),
        cmocka_unit_test(holds_at_both_ends_of_the_narrow_form),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
