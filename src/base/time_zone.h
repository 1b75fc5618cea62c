// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone.h - how far a zone's clocks are from UTC, at any instant.
 *
 * Zones come from the IANA database in its compiled form (TZif, RFC 9636), which systems keep in
 * /usr/share/zoneinfo; no time zone function of the C library is called. A zone is read once per
 * process, never changes and is never freed, so that plans may point at it. Instants are seconds
 * since 1970-01-01 UTC; a local second is what the zone's clocks show, counted as if they showed
 * UTC.
 */
#ifndef SABOT_BASE_TIME_ZONE_H
#define SABOT_BASE_TIME_ZONE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

struct sb_zone;

/*
 * The zone called `name`: "UTC", "Z", "+05:30", "-08", "Europe/Berlin". The folders looked at are
 * SABOT_TZDIR and TZDIR of the environment, those of the system, and sb_time_zone_folder_set's.
 * SB_INVALID names similar zones. Any thread.
 */
SB_MUST_CHECK enum sb_status sb_zone_find(const char *name, const struct sb_zone **out,
                                          struct sb_error *err);

/* Seconds east of UTC for "Z", "+05:30", "-08", "+0530", "-00:25:21"; false for others. */
bool sb_zone_offset_parse(const char *text, int64_t size, int64_t *seconds);

/* Whether the zone is UTC for ever, under any of its names. */
bool sb_zone_is_utc(const struct sb_zone *zone);

/* A time without a change of the clocks, and where it ends. */
struct sb_zone_span {
    int64_t begin;  // first instant
    int64_t end;    // first instant that is not in it; INT64_MAX = never
    int64_t offset; // local = instant + offset
};

struct sb_zone_span sb_zone_span_at(const struct sb_zone *zone, int64_t instant);

/* What local seconds there are for an instant. */
enum sb_local_kind {
    SB_LOCAL_ONCE,
    SB_LOCAL_TWICE, // clocks were set back: an earlier and a later instant show it
    SB_LOCAL_NEVER, // clocks were set forward over it
};

/*
 * The instants that show `local`: for TWICE both; for NEVER the one as if the clocks had not been
 * set (`earliest`, behind the gap by as much as `local` is in it) and as if they had been
 * (`latest`, before the gap).
 */
enum sb_local_kind sb_zone_local(const struct sb_zone *zone, int64_t local, int64_t *earliest,
                                 int64_t *latest);

/* A reader that remembers the span it was in: rows beside each other mostly share one. */
struct sb_zone_cursor {
    const struct sb_zone *zone;
    struct sb_zone_span span; // empty at first
    int64_t local_begin;      // local seconds that only the offset `local_offset` shows
    int64_t local_end;
    int64_t local_offset;
};

static inline struct sb_zone_cursor sb_zone_cursor_of(const struct sb_zone *zone)
{
    return (struct sb_zone_cursor){.zone = zone};
}

/* Seconds east of UTC at `instant`. */
static inline int64_t sb_zone_cursor_offset(struct sb_zone_cursor *cursor, int64_t instant)
{
    if (sb_unlikely(instant < cursor->span.begin || instant >= cursor->span.end)) {
        cursor->span = sb_zone_span_at(cursor->zone, instant);
    }
    return cursor->span.offset;
}

/* As sb_zone_local, mostly without a search. */
enum sb_local_kind sb_zone_cursor_search(struct sb_zone_cursor *cursor, int64_t local,
                                         int64_t *earliest, int64_t *latest);

static inline enum sb_local_kind sb_zone_cursor_local(struct sb_zone_cursor *cursor, int64_t local,
                                                      int64_t *earliest, int64_t *latest)
{
    if (sb_unlikely(local < cursor->local_begin || local >= cursor->local_end)) {
        return sb_zone_cursor_search(cursor, local, earliest, latest);
    }
    *earliest = *latest = local - cursor->local_offset;
    return SB_LOCAL_ONCE;
}

#endif
