// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone.c - zones by name, and the search for an instant or a local second.
 */
#include "base/time_zone.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/time_zone_internal.h"

/* Names in the database are shorter; longer ones are refused before a file is looked for. */
enum { NAME_SIZE_MAX = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct sb_zone *zones; // under `lock`; entries are never removed

static bool read_two_digits(const char **next, const char *end, int64_t *out)
{
    if (end - *next < 2 || (*next)[0] < '0' || (*next)[0] > '9' || (*next)[1] < '0' ||
        (*next)[1] > '9') {
        return false;
    }
    *out = ((*next)[0] - '0') * 10 + ((*next)[1] - '0');
    *next += 2;
    return true;
}

bool sb_zone_offset_parse(const char *text, int64_t size, int64_t *seconds)
{
    const char *next = text;
    const char *const end = text + size;
    int64_t hours;
    int64_t minutes = 0;
    int64_t rest = 0;

    *seconds = 0;
    if (size == 1 && (*text == 'Z' || *text == 'z')) {
        return true;
    }
    if (size == 0 || (*text != '+' && *text != '-')) {
        return false;
    }
    next++;
    if (!read_two_digits(&next, end, &hours)) {
        return false;
    }
    if (next < end) {
        next += *next == ':';
        if (!read_two_digits(&next, end, &minutes)) {
            return false;
        }
    }
    if (next < end) {
        next += *next == ':';
        if (!read_two_digits(&next, end, &rest)) {
            return false;
        }
    }
    *seconds = hours * 3600 + minutes * 60 + rest;
    *seconds = *text == '-' ? -*seconds : *seconds;
    return next == end && hours < 24 && minutes < 60 && rest < 60;
}

/* A path below the folder and no other: no "..", no blanks, nothing absolute. */
static bool name_is_safe(const char *name)
{
    static const char allowed[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    const size_t size = strlen(name);

    return size > 0 && size <= NAME_SIZE_MAX && strspn(name, allowed) == size && name[0] != '/' &&
           name[size - 1] != '/';
}

/* Zones that are there without a database. */
static bool is_utc_name(const char *name)
{
    static const char *const names[] = {"UTC", "Etc/UTC", "GMT", "Etc/GMT"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcasecmp(name, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static struct sb_zone *zone_of_offset(const char *name, int64_t offset)
{
    struct sb_zone *zone = calloc(1, sizeof *zone + strlen(name) + 1);

    if (zone != NULL) {
        memcpy(zone->name, name, strlen(name) + 1);
        zone->first_offset = offset;
    }
    return zone;
}

static enum sb_status zone_unknown(const char *name, struct sb_error *err)
{
    char similar[256];

    if (!sb_zone_folder_exists()) {
        return sb_error_set(
            err, SB_INVALID,
            "time zone '%.80s' needs the time zone database, and this system has none; install "
            "the system's tzdata package or name its folder in SABOT_TZDIR",
            name);
    }
    sb_zone_suggest(name, similar, sizeof similar);
    return sb_error_set(err, SB_INVALID,
                        "unknown time zone '%.80s'%s%s; a zone is an IANA name such as "
                        "'Europe/Berlin', 'UTC', or an offset such as '+02:00'",
                        name, similar[0] == 0 ? "" : "; similar ones are ", similar);
}

static enum sb_status zone_load(const char *name, struct sb_zone **out, struct sb_error *err)
{
    int64_t offset = 0;
    uint8_t *bytes;
    size_t size;

    *out = NULL;
    if (is_utc_name(name) || sb_zone_offset_parse(name, (int64_t)strlen(name), &offset)) {
        *out = zone_of_offset(name, offset);
        return *out != NULL ? SB_OK : sb_error_no_memory(err, "time zone", sizeof(struct sb_zone));
    }
    bytes = name_is_safe(name) ? sb_zone_file_load(name, &size) : NULL;
    if (bytes == NULL) {
        return zone_unknown(name, err);
    }
    *out = sb_zone_read(name, bytes, size);
    free(bytes);
    if (*out == NULL) {
        return sb_error_set(err, SB_CORRUPT,
                            "the time zone file of '%.80s' is damaged: it is no TZif file of "
                            "version 2 or later",
                            name);
    }
    return SB_OK;
}

enum sb_status sb_zone_find(const char *name, const struct sb_zone **out, struct sb_error *err)
{
    enum sb_status status = SB_OK;
    struct sb_zone *zone;

    pthread_mutex_lock(&lock);
    for (zone = zones; zone != NULL && strcmp(zone->name, name) != 0;) {
        zone = zone->next;
    }
    if (zone == NULL) {
        status = zone_load(name, &zone, err);
        if (status == SB_OK) {
            zone->next = zones;
            zones = zone;
        }
    }
    pthread_mutex_unlock(&lock);
    *out = zone;
    return status;
}

bool sb_zone_is_utc(const struct sb_zone *zone)
{
    return zone->transition_count == 0 && zone->first_offset == 0 &&
           (!zone->has_rule || (!zone->rule.has_summer && zone->rule.winter_offset == 0));
}

/* Transitions at or before `instant`. */
static int32_t transitions_before(const struct sb_zone *zone, int64_t instant)
{
    int32_t low = 0;
    int32_t high = zone->transition_count;

    while (low < high) {
        const int32_t middle = low + (high - low) / 2;
        if (zone->transitions[middle] <= instant) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

struct sb_zone_span sb_zone_span_at(const struct sb_zone *zone, int64_t instant)
{
    const int32_t count = zone->transition_count;
    const int32_t index = transitions_before(zone, instant);
    struct sb_zone_span span = {INT64_MIN, INT64_MAX, zone->first_offset};

    if (index > 0) {
        span.begin = zone->transitions[index - 1];
        span.offset = zone->offsets[index - 1];
    }
    if (index < count) {
        span.end = zone->transitions[index];
        return span;
    }
    if (!zone->has_rule) {
        return span;
    }
    // the rule's span may have begun before the last transition of the file
    span = sb_zone_rule_span(&zone->rule, instant);
    if (count > 0 && span.begin < zone->transitions[count - 1]) {
        span.begin = zone->transitions[count - 1];
    }
    return span;
}

/* No clock is further from UTC, and no two changes are closer to each other. */
enum { OFFSET_MAX = 26 * 3600 };

static int64_t add_saturated(int64_t a, int64_t b)
{
    int64_t sum;

    return __builtin_add_overflow(a, b, &sum) ? (a < 0 ? INT64_MIN : INT64_MAX) : sum;
}

/* What decides about a local second: spans that show it, and the change it may have fallen into. */
struct local_search {
    int32_t match_count;
    struct sb_zone_span matches[2];
    struct sb_zone_span before; // of a gap: the span it ends
    struct sb_zone_span after;
};

static struct local_search local_find(const struct sb_zone *zone, int64_t local)
{
    const int64_t latest = add_saturated(local, OFFSET_MAX);
    struct sb_zone_span span = sb_zone_span_at(zone, add_saturated(local, -OFFSET_MAX));
    struct local_search out = {0};

    for (;;) {
        const int64_t instant = add_saturated(local, -span.offset);
        const bool is_over = span.end != INT64_MAX && instant >= span.end;
        if (instant >= span.begin && !is_over && out.match_count < 2) {
            out.matches[out.match_count++] = span;
        }
        if (is_over) {
            out.before = span;
        }
        if (span.end == INT64_MAX || span.end > latest) {
            return out;
        }
        span = sb_zone_span_at(zone, span.end);
        if (out.before.end == span.begin) {
            out.after = span;
        }
    }
}

enum sb_local_kind sb_zone_local(const struct sb_zone *zone, int64_t local, int64_t *earliest,
                                 int64_t *latest)
{
    const struct local_search found = local_find(zone, local);

    if (found.match_count == 0) {
        *earliest = add_saturated(local, -found.before.offset);
        *latest = add_saturated(local, -found.after.offset);
        return SB_LOCAL_NEVER;
    }
    *earliest = add_saturated(local, -found.matches[0].offset);
    *latest = add_saturated(local, -found.matches[found.match_count - 1].offset);
    return found.match_count == 2 ? SB_LOCAL_TWICE : SB_LOCAL_ONCE;
}

enum sb_local_kind sb_zone_cursor_search(struct sb_zone_cursor *cursor, int64_t local,
                                         int64_t *earliest, int64_t *latest)
{
    const enum sb_local_kind kind = sb_zone_local(cursor->zone, local, earliest, latest);

    if (kind == SB_LOCAL_ONCE) {
        // further than any change of the clocks from both ends, one offset alone shows a second
        const struct sb_zone_span span = sb_zone_span_at(cursor->zone, *earliest);
        cursor->local_offset = span.offset;
        cursor->local_begin = add_saturated(span.begin, OFFSET_MAX);
        cursor->local_end = add_saturated(span.end, -OFFSET_MAX);
        if (span.begin == INT64_MIN) {
            cursor->local_begin = INT64_MIN;
        }
        if (span.end == INT64_MAX) {
            cursor->local_end = INT64_MAX;
        }
    }
    return kind;
}
