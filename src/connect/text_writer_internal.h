// SPDX-License-Identifier: Apache-2.0
/*
 * text_writer_internal.h - what the files of the text writer share.
 */
#ifndef SABOT_CONNECT_TEXT_WRITER_INTERNAL_H
#define SABOT_CONNECT_TEXT_WRITER_INTERNAL_H

#include "base/time_zone.h"
#include "connect/text_writer.h"
#include "connect/value_text.h"

/* A zone somewhere within a column's type. */
struct sb_text_zone {
    const struct sb_type *type; // the timestamp's
    struct sb_zone_cursor cursor;
};

struct sb_text_zones {
    struct sb_memory *memory;
    int32_t column_count;
    struct sb_zone_cursor *columns; // of timestamp columns; the others have none
    int32_t nested_count;
    struct sb_text_zone *nested;
};

/* Deinit also after a failure. */
SB_MUST_CHECK enum sb_status sb_text_zones_init(struct sb_text_zones *zones,
                                                struct sb_memory *memory,
                                                const struct sb_schema *schema,
                                                struct sb_error *err);
void sb_text_zones_deinit(struct sb_text_zones *zones);

/* The cursor for a type within a column; one without a zone when the type has none. */
struct sb_zone_cursor *sb_text_zone(struct sb_text_zones *zones, const struct sb_type *type);

bool sb_text_output_reserve(struct sb_text_output *output, int64_t size);

/* Room for 6 bytes per byte, and 2 more, is there. */
void sb_json_put_string(struct sb_text_output *output, const uint8_t *text, int64_t size);

/* Room for any value of fixed width is there. False: no memory. */
bool sb_json_put_value(struct sb_text_output *output, const struct sb_column *column,
                       struct sb_text_zones *zones, struct sb_zone_cursor *zone, int64_t row);

/* The row of a nested type that is not null. */
bool sb_json_put_nested(struct sb_text_output *output, const struct sb_column *column,
                        struct sb_text_zones *zones, int64_t row);

#endif
