// SPDX-License-Identifier: Apache-2.0
/*
 * test_time_zone.c - zones of the system's database, and zone files made here.
 *
 * The offsets of the table come from Python's zoneinfo.
 */
#include "base/time_zone.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/time_zone_internal.h"
#include "support/test.h"

static const struct sb_zone *zone_of(const char *name)
{
    const struct sb_zone *zone;
    struct sb_error err = {0};

    if (sb_zone_find(name, &zone, &err) != SB_OK) {
        fail_msg("%s", err.message);
    }
    return zone;
}

static void knows_offsets_at_instants(void **state)
{
    static const struct {
        const char *zone;
        int64_t instant;
        int64_t offset;
    } table[] = {
        {"Europe/Berlin", INT64_C(-3000000000), 3208},
        {"Europe/Berlin", INT64_C(0), 3600},
        {"Europe/Berlin", INT64_C(1325239199), 3600},
        {"Europe/Berlin", INT64_C(1325239200), 3600},
        {"Europe/Berlin", INT64_C(1711846799), 3600},
        {"Europe/Berlin", INT64_C(1711846800), 7200},
        {"Europe/Berlin", INT64_C(1729990799), 7200},
        {"Europe/Berlin", INT64_C(1729990800), 3600},
        {"Europe/Berlin", INT64_C(4102444800), 3600},
        {"Europe/Berlin", INT64_C(7260000000), 3600},
        {"America/New_York", INT64_C(-3000000000), -17762},
        {"America/New_York", INT64_C(0), -18000},
        {"America/New_York", INT64_C(1325239199), -18000},
        {"America/New_York", INT64_C(1325239200), -18000},
        {"America/New_York", INT64_C(1711846799), -14400},
        {"America/New_York", INT64_C(1711846800), -14400},
        {"America/New_York", INT64_C(1729990799), -14400},
        {"America/New_York", INT64_C(1729990800), -14400},
        {"America/New_York", INT64_C(4102444800), -18000},
        {"America/New_York", INT64_C(7260000000), -18000},
        {"Asia/Kolkata", INT64_C(-3000000000), 19270},
        {"Asia/Kolkata", INT64_C(0), 19800},
        {"Asia/Kolkata", INT64_C(1325239199), 19800},
        {"Asia/Kolkata", INT64_C(1325239200), 19800},
        {"Asia/Kolkata", INT64_C(1711846799), 19800},
        {"Asia/Kolkata", INT64_C(1711846800), 19800},
        {"Asia/Kolkata", INT64_C(1729990799), 19800},
        {"Asia/Kolkata", INT64_C(1729990800), 19800},
        {"Asia/Kolkata", INT64_C(4102444800), 19800},
        {"Asia/Kolkata", INT64_C(7260000000), 19800},
        {"Pacific/Apia", INT64_C(-3000000000), 45184},
        {"Pacific/Apia", INT64_C(0), -39600},
        {"Pacific/Apia", INT64_C(1325239199), -36000},
        {"Pacific/Apia", INT64_C(1325239200), 50400},
        {"Pacific/Apia", INT64_C(1711846799), 46800},
        {"Pacific/Apia", INT64_C(1711846800), 46800},
        {"Pacific/Apia", INT64_C(1729990799), 46800},
        {"Pacific/Apia", INT64_C(1729990800), 46800},
        {"Pacific/Apia", INT64_C(4102444800), 46800},
        {"Pacific/Apia", INT64_C(7260000000), 46800},
        {"Australia/Lord_Howe", INT64_C(-3000000000), 38180},
        {"Australia/Lord_Howe", INT64_C(0), 36000},
        {"Australia/Lord_Howe", INT64_C(1325239199), 39600},
        {"Australia/Lord_Howe", INT64_C(1325239200), 39600},
        {"Australia/Lord_Howe", INT64_C(1711846799), 39600},
        {"Australia/Lord_Howe", INT64_C(1711846800), 39600},
        {"Australia/Lord_Howe", INT64_C(1729990799), 39600},
        {"Australia/Lord_Howe", INT64_C(1729990800), 39600},
        {"Australia/Lord_Howe", INT64_C(4102444800), 39600},
        {"Australia/Lord_Howe", INT64_C(7260000000), 39600},
        {"Africa/Casablanca", INT64_C(-3000000000), -1820},
        {"Africa/Casablanca", INT64_C(0), 0},
        {"Africa/Casablanca", INT64_C(1325239199), 0},
        {"Africa/Casablanca", INT64_C(1325239200), 0},
        {"Africa/Casablanca", INT64_C(1711846799), 0},
        {"Africa/Casablanca", INT64_C(1711846800), 0},
        {"Africa/Casablanca", INT64_C(1729990799), 3600},
        {"Africa/Casablanca", INT64_C(1729990800), 3600},
        {"Africa/Casablanca", INT64_C(4102444800), 3600},
        {"Africa/Casablanca", INT64_C(7260000000), 3600},
        {"Europe/Dublin", INT64_C(-3000000000), -1521},
        {"Europe/Dublin", INT64_C(0), 3600},
        {"Europe/Dublin", INT64_C(1325239199), 0},
        {"Europe/Dublin", INT64_C(1325239200), 0},
        {"Europe/Dublin", INT64_C(1711846799), 0},
        {"Europe/Dublin", INT64_C(1711846800), 3600},
        {"Europe/Dublin", INT64_C(1729990799), 3600},
        {"Europe/Dublin", INT64_C(1729990800), 0},
        {"Europe/Dublin", INT64_C(4102444800), 0},
        {"Europe/Dublin", INT64_C(7260000000), 0},
        {"America/Sao_Paulo", INT64_C(-3000000000), -11188},
        {"America/Sao_Paulo", INT64_C(0), -10800},
        {"America/Sao_Paulo", INT64_C(1325239199), -7200},
        {"America/Sao_Paulo", INT64_C(1325239200), -7200},
        {"America/Sao_Paulo", INT64_C(1711846799), -10800},
        {"America/Sao_Paulo", INT64_C(1711846800), -10800},
        {"America/Sao_Paulo", INT64_C(1729990799), -10800},
        {"America/Sao_Paulo", INT64_C(1729990800), -10800},
        {"America/Sao_Paulo", INT64_C(4102444800), -10800},
        {"America/Sao_Paulo", INT64_C(7260000000), -10800},
        {"Asia/Tehran", INT64_C(-3000000000), 12344},
        {"Asia/Tehran", INT64_C(0), 12600},
        {"Asia/Tehran", INT64_C(1325239199), 12600},
        {"Asia/Tehran", INT64_C(1325239200), 12600},
        {"Asia/Tehran", INT64_C(1711846799), 12600},
        {"Asia/Tehran", INT64_C(1711846800), 12600},
        {"Asia/Tehran", INT64_C(1729990799), 12600},
        {"Asia/Tehran", INT64_C(1729990800), 12600},
        {"Asia/Tehran", INT64_C(4102444800), 12600},
        {"Asia/Tehran", INT64_C(7260000000), 12600},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sb_zone_cursor cursor = sb_zone_cursor_of(zone_of(table[i].zone));
        const struct sb_zone_span span = sb_zone_span_at(cursor.zone, table[i].instant);
        print_message("# %s at %lld\n", table[i].zone, (long long)table[i].instant);
        assert_int_equal(span.offset, table[i].offset);
        assert_true(span.begin <= table[i].instant && table[i].instant < span.end);
        assert_int_equal(sb_zone_cursor_offset(&cursor, table[i].instant), table[i].offset);
        assert_int_equal(sb_zone_cursor_offset(&cursor, table[i].instant), table[i].offset);
    }
}

static void resolves_gaps_and_folds(void **state)
{
    static const struct {
        const char *zone;
        int64_t local;
        enum sb_local_kind kind;
        int64_t earliest;
        int64_t latest;
    } table[] = {
        // 2024-03-31T02:30 does not exist in Berlin; 2024-10-27T02:30 exists twice
        {"Europe/Berlin", 1711852200, SB_LOCAL_NEVER, 1711848600, 1711845000},
        {"Europe/Berlin", 1711850399, SB_LOCAL_ONCE, 1711846799, 1711846799},
        {"Europe/Berlin", 1711850400, SB_LOCAL_NEVER, 1711846800, 1711843200},
        {"Europe/Berlin", 1711854000, SB_LOCAL_ONCE, 1711846800, 1711846800},
        {"Europe/Berlin", 1729996200, SB_LOCAL_TWICE, 1729989000, 1729992600},
        {"Europe/Berlin", 1729994399, SB_LOCAL_ONCE, 1729987199, 1729987199},
        {"Europe/Berlin", 1729998000, SB_LOCAL_ONCE, 1729994400, 1729994400},
        // Apia had no 2011-12-30
        {"Pacific/Apia", 1325203200, SB_LOCAL_NEVER, 1325239200, 1325152800},
        {"Pacific/Apia", 1325289600, SB_LOCAL_ONCE, 1325239200, 1325239200},
        {"Asia/Kolkata", 1711852200, SB_LOCAL_ONCE, 1711832400, 1711832400},
        {"+02:00", 7200, SB_LOCAL_ONCE, 0, 0},
    };

    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct sb_zone_cursor cursor = sb_zone_cursor_of(zone_of(table[i].zone));
        int64_t earliest;
        int64_t latest;
        print_message("# %s local %lld\n", table[i].zone, (long long)table[i].local);
        for (int32_t j = 0; j < 2; j++) { // the second time the cursor has been there
            assert_int_equal(sb_zone_cursor_local(&cursor, table[i].local, &earliest, &latest),
                             table[i].kind);
            assert_int_equal(earliest, table[i].earliest);
            assert_int_equal(latest, table[i].latest);
        }
    }
}

static void agrees_with_itself_around_every_change(void **state)
{
    static const char *const names[] = {"Europe/Berlin", "America/New_York", "Pacific/Apia",
                                        "Australia/Lord_Howe", "Africa/Casablanca"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const struct sb_zone *zone = zone_of(names[i]);
        struct sb_zone_cursor cursor = sb_zone_cursor_of(zone);
        struct sb_zone_span span = sb_zone_span_at(zone, INT64_C(-5000000000));
        int32_t changes = 0;
        for (; span.end < INT64_C(20000000000); changes++) {
            const struct sb_zone_span next = sb_zone_span_at(zone, span.end);
            int64_t earliest;
            int64_t latest;
            assert_int_equal(next.begin, span.end);
            assert_int_not_equal(next.offset, span.offset);
            for (int64_t at = span.end - 7200; at <= span.end + 7200; at += 900) {
                const int64_t local = at + sb_zone_cursor_offset(&cursor, at);
                const enum sb_local_kind kind =
                    sb_zone_cursor_local(&cursor, local, &earliest, &latest);
                assert_int_not_equal(kind, SB_LOCAL_NEVER); // an instant showed it
                assert_true(at == earliest || at == latest);
                assert_true(earliest <= latest);
            }
            span = next;
        }
        assert_true(changes > 20);
    }
}

static void reads_offsets_and_refuses_the_rest(void **state)
{
    static const struct {
        const char *text;
        int64_t seconds;
    } good[] = {{"Z", 0},         {"+05:30", 19800}, {"-08", -28800},
                {"+0530", 19800}, {"+23:59", 86340}, {"-00:25:21", -1521}};
    static const char *const bad[] = {"",       "UTC",   "+",     "+5",   "+24:00",
                                      "+05:60", "05:30", "+05:3", "UTC+1"};
    int64_t seconds;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_true(sb_zone_offset_parse(good[i].text, (int64_t)strlen(good[i].text), &seconds));
        assert_int_equal(seconds, good[i].seconds);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sb_zone_offset_parse(bad[i], (int64_t)strlen(bad[i]), &seconds));
    }
}

static void names_similar_zones(void **state)
{
    static const char *const cases[][2] = {
        {"Europe/Berlim", "'Europe/Berlin'"},
        {"europe/berlin", "'Europe/Berlin'"},
        {"Berlin", "'Europe/Berlin'"},
        {"Amerika/New_York", "'America/New_York'"},
        {"../../etc/passwd", "unknown time zone '../../etc/passwd'"},
        {"/etc/localtime", "unknown time zone"},
        {"", "unknown time zone ''"},
        {"zone.tab", "unknown time zone"},
    };
    const struct sb_zone *zone;
    struct sb_error err;

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        err = (struct sb_error){0};
        assert_int_equal(sb_zone_find(cases[i][0], &zone, &err), SB_INVALID);
        if (strstr(err.message, cases[i][1]) == NULL) {
            fail_msg("message is: %s", err.message);
        }
    }
}

static void reads_a_zone_once(void **state)
{
    assert_ptr_equal(zone_of("Europe/Berlin"), zone_of("Europe/Berlin"));
    assert_true(sb_zone_is_utc(zone_of("UTC")));
    assert_true(sb_zone_is_utc(zone_of("Etc/UTC")));
    assert_true(sb_zone_is_utc(zone_of("Etc/Universal"))); // of the database
    assert_false(sb_zone_is_utc(zone_of("Europe/Berlin")));
}

static void reads_rules(void **state)
{
    static const struct {
        const char *text;
        int64_t instant;
        int64_t offset;
    } good[] = {
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1711846800, 7200},
        {"CET-1CEST,M3.5.0,M10.5.0/3", 1711846799, 3600},
        {"EST5EDT,M3.2.0,M11.1.0", 1709999999, -18000},
        {"AEST-10AEDT,M10.1.0,M4.1.0/3", 1704067200, 39600}, // summer over the new year
        {"<+0330>-3:30", 0, 12600},
        {"IST-1GMT0,M10.5.0,M3.5.0/1", 1704067200, 0}, // Dublin: winter is what is set
        {"X-1", 0, 0},
        {"XXX-1YYY,J60,J300", 1709164800 + 86400 - 3600, 3600}, // 2024-02-29: before 1 March
        {"XXX-1YYY,J60,J300", 1709164800 + 86400 + 3600, 7200}, // J60 is 1 March in every year
        {"XXX-1YYY,59,300", 1709164800 + 3600, 7200},           // 59 is 29 February in a leap year
        {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 1711846800, -3600},
    };
    static const char *const bad[] = {
        "CE-1",    "CET",    "CET-1CEST", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0",
        "CET-200", "<CET-1", "CET-1 "};
    struct sb_zone_rule rule;

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        if (i == 6) {
            assert_false(sb_zone_rule_parse(good[i].text, &rule));
            continue;
        }
        print_message("# %s\n", good[i].text);
        assert_true(sb_zone_rule_parse(good[i].text, &rule));
        assert_int_equal(sb_zone_rule_span(&rule, good[i].instant).offset, good[i].offset);
        // the calendar repeats
        assert_int_equal(
            sb_zone_rule_span(&rule, good[i].instant + INT64_C(12622780800) * 100).offset,
            good[i].offset);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(sb_zone_rule_parse(bad[i], &rule));
    }
    assert_true(sb_zone_rule_parse("CET-1CEST,M3.5.0,M10.5.0/3", &rule));
    assert_int_equal(sb_zone_rule_span(&rule, INT64_MAX).end, INT64_MAX);
    assert_true(sb_zone_rule_span(&rule, INT64_MIN).begin < INT64_MIN / 2);
}

/* Every byte of a real file changed or cut off: refused or read, never a fault. */
static void survives_damaged_files(void **state)
{
    size_t size;
    uint8_t *bytes = sb_zone_file_load("Europe/Berlin", &size);
    uint8_t *copy = malloc(size);

    assert_non_null(bytes);
    assert_non_null(copy);
    for (size_t i = 0; i < size; i++) {
        uint8_t *cut = malloc(i + 1); // so that the sanitizer sees its end
        memcpy(cut, bytes, i);
        assert_null(sb_zone_read("cut", cut, i));
        free(cut);
        memcpy(copy, bytes, size);
        copy[i] ^= 0xff;
        free(sb_zone_read("changed", copy, size));
    }
    free(copy);
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_offsets_at_instants),
        cmocka_unit_test(resolves_gaps_and_folds),
        cmocka_unit_test(agrees_with_itself_around_every_change),
        cmocka_unit_test(reads_offsets_and_refuses_the_rest),
        cmocka_unit_test(names_similar_zones),
        cmocka_unit_test(reads_a_zone_once),
        cmocka_unit_test(reads_rules),
        cmocka_unit_test(survives_damaged_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
