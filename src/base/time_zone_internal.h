// SPDX-License-Identifier: Apache-2.0
/*
 * time_zone_internal.h - a zone in memory, and the parts of reading one.
 */
#ifndef SABOT_BASE_TIME_ZONE_INTERNAL_H
#define SABOT_BASE_TIME_ZONE_INTERNAL_H

#include <stddef.h>

#include "base/time_zone.h"

/* A day of every year on which the clocks are set, as the footer of a TZif file says it. */
struct sb_zone_change {
    enum {
        SB_CHANGE_WEEKDAY,     // Mm.w.d
        SB_CHANGE_JULIAN,      // Jn: 1 to 365, without leap days
        SB_CHANGE_DAY_OF_YEAR, // n: 0 to 365
    } kind;
    int32_t month;
    int32_t week;    // 1 to 5 = the last
    int32_t day;     // weekday from 0 = Sunday, or day of the year
    int32_t seconds; // after midnight, local time; -167 to 167 hours
};

/* "CET-1CEST,M3.5.0,M10.5.0/3": what holds after the last transition of the file. */
struct sb_zone_rule {
    bool has_summer;
    int64_t winter_offset; // seconds east of UTC
    int64_t summer_offset;
    struct sb_zone_change to_summer;
    struct sb_zone_change to_winter;
};

struct sb_zone {
    struct sb_zone *next; // in the list of those read
    int32_t transition_count;
    const int64_t *transitions; // instants, ascending
    const int32_t *offsets;     // from each transition on
    int64_t first_offset;       // before the first transition
    bool has_rule;
    struct sb_zone_rule rule;
    char name[]; // as it was asked for
};

/* False: `text` is no POSIX TZ string. */
bool sb_zone_rule_parse(const char *text, struct sb_zone_rule *out);

/* The span of the rule that `instant` is in, for all years. */
struct sb_zone_span sb_zone_rule_span(const struct sb_zone_rule *rule, int64_t instant);

/* The zone of a TZif file's bytes; NULL: they are none, or memory was refused. */
struct sb_zone *sb_zone_read(const char *name, const uint8_t *bytes, size_t size);

/* The bytes of the file of `name` in the first folder that has one (free them), or NULL. */
uint8_t *sb_zone_file_load(const char *name, size_t *size);

/* Whether there is a folder with zones at all. */
bool sb_zone_folder_exists(void);

/* Up to three names in the database that look like `name`: "'a', 'b'"; "" when none does. */
const char *sb_zone_suggest(const char *name, char *buffer, size_t size);

#endif
