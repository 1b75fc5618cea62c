// SPDX-License-Identifier: Apache-2.0
/*
 * time_pattern.c - see time_pattern.h.
 */
#include "expr/time_pattern.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/calendar.h"

enum { ITEM_TEXT_SIZE = 24 }; // of one letter at most

static const char *const month_names[] = {"January",   "February", "March",    "April",
                                          "May",       "June",     "July",     "August",
                                          "September", "October",  "November", "December"};
static const char *const day_names[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                        "Friday", "Saturday", "Sunday"};

/* Letters that stand for several. */
static const char *expansion_of(char letter)
{
    switch (letter) {
    case 'F':
        return "%Y-%m-%d";
    case 'T':
        return "%H:%M:%S";
    case 'R':
        return "%H:%M";
    case 'D':
        return "%m/%d/%y";
    default:
        return NULL;
    }
}

static enum sb_status pattern_refuse(const struct sb_time_pattern *pattern, const char *name,
                                     const char *at, bool is_for_reading, struct sb_error *err)
{
    return sb_error_set(
        err, SB_INVALID, "%s: the pattern '%.80s' has '%%%.1s', which %s; there are %s%%%%", name,
        pattern->source, at, *at == 0 ? "is not finished" : "nothing is known of",
        is_for_reading ? "%Y %y %m %b %B %d %e %j %H %I %p %M %S %f %3f %6f %9f %z %s %F %T %R %D "
                       : "%Y %y %m %b %B %d %e %j %a %A %u %w %V %G %H %I %p %M %S %f %3f %6f %9f "
                         "%z %s %F %T %R %D ");
}

static void pattern_add(struct sb_time_pattern *pattern, char letter, char text, int32_t width)
{
    pattern->items[pattern->item_count++] =
        (struct sb_time_item){.letter = letter, .text = text, .width = (int8_t)width};
    pattern->text_size += letter == 0 ? 1 : ITEM_TEXT_SIZE;
}

enum sb_status sb_time_pattern_compile(struct sb_bytes text, bool is_for_reading, const char *name,
                                       struct sb_arena *arena, struct sb_time_pattern **out,
                                       struct sb_error *err)
{
    const char *letters = is_for_reading ? "YymbBdejHIpMSfzs" : "YymbBdejaAuwVGHIpMSfzs";
    struct sb_time_pattern *pattern = sb_arena_alloc_zeroed(arena, sizeof *pattern);
    char *source = sb_arena_alloc(arena, (size_t)text.size + 1);

    if (pattern == NULL || source == NULL) {
        return sb_error_no_memory(err, "pattern", text.size);
    }
    memcpy(source, text.data, (size_t)text.size);
    source[text.size] = 0;
    pattern->source = source;
    // the longest expansion is eight bytes for two
    pattern->items = sb_arena_alloc(arena, (size_t)(text.size + 1) * 4 * sizeof pattern->items[0]);
    if (pattern->items == NULL || (int64_t)strlen(source) != text.size) {
        return pattern->items == NULL
                   ? sb_error_no_memory(err, "pattern", text.size)
                   : sb_error_set(err, SB_INVALID, "%s: the pattern has a zero byte", name);
    }
    for (const char *at = source; *at != 0; at++) {
        int32_t width = 6;
        if (*at != '%') {
            pattern_add(pattern, 0, *at, 0);
            continue;
        }
        at++;
        if ((*at == '3' || *at == '6' || *at == '9') && at[1] == 'f') {
            width = *at - '0';
            at++;
        }
        const char *expansion = expansion_of(*at);
        if (*at == '%') {
            pattern_add(pattern, 0, '%', 0);
        } else if (expansion != NULL) {
            for (; *expansion != 0; expansion++) {
                if (*expansion == '%') {
                    pattern_add(pattern, *++expansion, 0, 0);
                } else {
                    pattern_add(pattern, 0, *expansion, 0);
                }
            }
        } else if (*at != 0 && strchr(letters, *at) != NULL) {
            pattern_add(pattern, *at, 0, width);
            pattern->has_offset |= *at == 'z' || *at == 's';
            pattern->has_nanos |= *at == 'f' && width == 9;
        } else {
            return pattern_refuse(pattern, name, at, is_for_reading, err);
        }
    }
    *out = pattern;
    return SB_OK;
}

static int32_t put_number(char *buffer, int64_t value, int32_t width)
{
    char digits[ITEM_TEXT_SIZE];
    int32_t count = 0;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    char *to = buffer;

    while (rest > 0 || count < width) {
        digits[count++] = (char)('0' + rest % 10);
        rest /= 10;
    }
    if (value < 0) {
        *to++ = '-';
    }
    while (count > 0) {
        *to++ = digits[--count];
    }
    return (int32_t)(to - buffer);
}

static int32_t put_text(char *buffer, const char *text, size_t size)
{
    memcpy(buffer, text, size);
    return (int32_t)size;
}

static int32_t put_fraction(char *buffer, int32_t nanos, int32_t width)
{
    return put_number(buffer,
                      width == 9   ? nanos
                      : width == 6 ? nanos / 1000
                                   : nanos / 1000000,
                      width);
}

static int32_t put_offset(char *buffer, int64_t offset)
{
    const int64_t size = offset < 0 ? -offset : offset;

    buffer[0] = offset < 0 ? '-' : '+';
    put_number(buffer + 1, size / 3600, 2);
    put_number(buffer + 3, size / 60 % 60, 2);
    return size % 60 == 0 ? 5 : 5 + put_number(buffer + 5, size % 60, 2);
}

/* One letter of the date. */
static int32_t put_date(const struct sb_time_item *item, const struct sb_civil *civil, int64_t days,
                        char *to)
{
    const int64_t thursday = days - sb_weekday(days) + 3;

    switch (item->letter) {
    case 'Y':
        return put_number(to, civil->year, 4);
    case 'y':
        return put_number(to, sb_floor_modulo(civil->year, 100), 2);
    case 'm':
        return put_number(to, civil->month, 2);
    case 'b':
        return put_text(to, month_names[civil->month - 1], 3);
    case 'B':
        return put_text(to, month_names[civil->month - 1], strlen(month_names[civil->month - 1]));
    case 'd':
        return put_number(to, civil->day, 2);
    case 'e':
        return put_number(to, civil->day, 1);
    case 'j':
        return put_number(to, civil->day_of_year, 3);
    case 'a':
        return put_text(to, day_names[sb_weekday(days)], 3);
    case 'A':
        return put_text(to, day_names[sb_weekday(days)], strlen(day_names[sb_weekday(days)]));
    case 'u':
        return put_number(to, sb_weekday(days) + 1, 1);
    case 'w':
        return put_number(to, (sb_weekday(days) + 1) % 7, 1);
    case 'V':
        return put_number(to, (sb_civil_from_days(thursday).day_of_year + 6) / 7, 2);
    default:
        sb_assert(item->letter == 'G');
        return put_number(to, sb_civil_from_days(thursday).year, 4);
    }
}

int32_t sb_time_pattern_write(const struct sb_time_pattern *pattern, const struct sb_clock *clock,
                              char *buffer)
{
    const struct sb_civil civil = sb_civil_from_days(clock->days);
    const int64_t seconds = clock->seconds;
    char *to = buffer;

    for (int32_t i = 0; i < pattern->item_count; i++) {
        const struct sb_time_item *item = &pattern->items[i];
        switch (item->letter) {
        case 0:
            *to++ = item->text;
            break;
        case 'H':
            to += put_number(to, seconds / 3600, 2);
            break;
        case 'I':
            to += put_number(to, (seconds / 3600 + 11) % 12 + 1, 2);
            break;
        case 'p':
            to += put_text(to, seconds < SB_SECONDS_PER_DAY / 2 ? "AM" : "PM", 2);
            break;
        case 'M':
            to += put_number(to, seconds / 60 % 60, 2);
            break;
        case 'S':
            to += put_number(to, seconds % 60, 2);
            break;
        case 'f':
            to += put_fraction(to, clock->nanos, item->width);
            break;
        case 'z':
            to += put_offset(to, clock->offset);
            break;
        case 's':
            to += put_number(to, clock->days * SB_SECONDS_PER_DAY + seconds - clock->offset, 1);
            break;
        default:
            to += put_date(item, &civil, clock->days, to);
            break;
        }
    }
    return (int32_t)(to - buffer);
}

/* What has been read so far. */
struct reading {
    const char *next;
    const char *end;
    int64_t year;
    int64_t month;
    int64_t day;
    int64_t day_of_year; // 0: not read
    int64_t hour;
    int64_t half; // 0, 12; -1: not read
    int64_t minute;
    int64_t second;
    int64_t nanos;
    int64_t offset;
    int64_t epoch;
    bool has_epoch;
};

static bool take_number(struct reading *reading, int32_t least_digits, int32_t most_digits,
                        int64_t *out)
{
    int32_t digits = 0;

    *out = 0;
    while (digits < most_digits && reading->next < reading->end && *reading->next >= '0' &&
           *reading->next <= '9') {
        *out = *out * 10 + (*reading->next++ - '0');
        digits++;
    }
    return digits >= least_digits;
}

static bool take_sign(struct reading *reading)
{
    const bool has_sign =
        reading->next < reading->end && (*reading->next == '-' || *reading->next == '+');

    reading->next += has_sign;
    return has_sign && reading->next[-1] == '-';
}

static bool take_year(struct reading *reading)
{
    const char *start = reading->next;
    const bool is_negative = take_sign(reading);
    const bool is_read = take_number(reading, 4, reading->next > start ? 6 : 4, &reading->year);

    reading->year = is_negative ? -reading->year : reading->year;
    return is_read;
}

static bool take_month_name(struct reading *reading, bool is_short)
{
    for (int32_t i = 0; i < 12; i++) {
        const size_t size = is_short ? 3 : strlen(month_names[i]);
        if ((size_t)(reading->end - reading->next) >= size &&
            strncasecmp(reading->next, month_names[i], size) == 0) {
            reading->next += size;
            reading->month = i + 1;
            return true;
        }
    }
    return false;
}

static bool take_fraction(struct reading *reading, int32_t width)
{
    const char *start = reading->next;

    if (!take_number(reading, 1, width, &reading->nanos)) {
        return false;
    }
    for (int64_t digits = reading->next - start; digits < 9; digits++) {
        reading->nanos *= 10;
    }
    return true;
}

static bool take_half(struct reading *reading)
{
    if (reading->end - reading->next < 2 || (reading->next[1] | 0x20) != 'm') {
        return false;
    }
    reading->half = (reading->next[0] | 0x20) == 'p' ? 12 : 0;
    reading->next += 2;
    return reading->half == 12 || (reading->next[-2] | 0x20) == 'a';
}

/* "Z", "+hh", "+hhmm", "+hh:mm", "+hh:mm:ss": as many of their bytes as there are. */
static bool take_offset(struct reading *reading)
{
    const char *end = reading->next;

    if (end < reading->end && (*end == 'Z' || *end == 'z')) {
        reading->next++;
        return true;
    }
    end += end < reading->end;
    while (end < reading->end && end - reading->next < 9 &&
           ((*end >= '0' && *end <= '9') || *end == ':')) {
        end++;
    }
    if (!sb_zone_offset_parse(reading->next, end - reading->next, &reading->offset)) {
        return false;
    }
    reading->next = end;
    return true;
}

static bool take_epoch(struct reading *reading)
{
    const bool is_negative = take_sign(reading);
    const bool is_read = take_number(reading, 1, 15, &reading->epoch);

    reading->epoch = is_negative ? -reading->epoch : reading->epoch;
    reading->has_epoch = true;
    return is_read;
}

static bool item_take(const struct sb_time_item *item, struct reading *reading)
{
    switch (item->letter) {
    case 0:
        return reading->next < reading->end && *reading->next++ == item->text;
    case 'Y':
        return take_year(reading);
    case 'y':
        if (!take_number(reading, 2, 2, &reading->year)) {
            return false;
        }
        reading->year += reading->year < 69 ? 2000 : 1900; // as POSIX has it
        return true;
    case 'm':
        return take_number(reading, 1, 2, &reading->month);
    case 'b':
        return take_month_name(reading, true);
    case 'B':
        return take_month_name(reading, false);
    case 'd':
        return take_number(reading, 1, 2, &reading->day);
    case 'e':
        reading->next += reading->next < reading->end && *reading->next == ' ';
        return take_number(reading, 1, 2, &reading->day);
    case 'j':
        return take_number(reading, 1, 3, &reading->day_of_year) && reading->day_of_year > 0;
    case 'H':
        return take_number(reading, 1, 2, &reading->hour) && reading->hour < 24;
    case 'I':
        return take_number(reading, 1, 2, &reading->hour) && reading->hour >= 1 &&
               reading->hour <= 12;
    case 'p':
        return take_half(reading);
    case 'M':
        return take_number(reading, 1, 2, &reading->minute) && reading->minute < 60;
    case 'S':
        return take_number(reading, 1, 2, &reading->second) && reading->second < 60;
    case 'f':
        return take_fraction(reading, item->width);
    case 'z':
        return take_offset(reading);
    default:
        sb_assert(item->letter == 's');
        return take_epoch(reading);
    }
}

bool sb_time_pattern_read(const struct sb_time_pattern *pattern, const char *text, int64_t size,
                          struct sb_clock *out)
{
    struct reading reading = {
        .next = text, .end = text + size, .year = 1900, .month = 1, .day = 1, .half = -1};

    for (int32_t i = 0; i < pattern->item_count; i++) {
        if (!item_take(&pattern->items[i], &reading)) {
            return false;
        }
    }
    if (reading.next != reading.end) {
        return false;
    }
    if (reading.has_epoch) {
        *out = (struct sb_clock){.seconds = reading.epoch, .nanos = (int32_t)reading.nanos};
        return true;
    }
    if (reading.half >= 0) {
        if (reading.hour > 12) {
            return false; // 13 PM
        }
        reading.hour = reading.hour % 12 + reading.half;
    }
    if (reading.day_of_year > 0) {
        reading.month = 1;
        reading.day = 1;
        if (reading.day_of_year > 365 + sb_year_is_leap(reading.year)) {
            return false;
        }
    }
    if (reading.month < 1 || reading.month > 12 || reading.day < 1 ||
        reading.day > sb_days_in_month(reading.year, (int32_t)reading.month)) {
        return false;
    }
    *out = (struct sb_clock){
        .days = sb_days_from_civil(reading.year, (int32_t)reading.month, reading.day) +
                (reading.day_of_year > 0 ? reading.day_of_year - 1 : 0),
        .seconds = reading.hour * 3600 + reading.minute * 60 + reading.second - reading.offset,
        .nanos = (int32_t)reading.nanos,
        .offset = reading.offset,
    };
    return true;
}
