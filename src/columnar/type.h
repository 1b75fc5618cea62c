// SPDX-License-Identifier: Apache-2.0
/*
 * type.h - the data types of columns.
 *
 * A type is a small value; its zone text lives as long as the schema or plan that holds it. Types
 * that Arrow has and this version lacks are refused by name at import.
 */
#ifndef SABOT_COLUMNAR_TYPE_H
#define SABOT_COLUMNAR_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sabot/error.h>

struct sb_arena;

enum sb_type_id {
    SB_TYPE_BOOL = 1,
    SB_TYPE_INT8,
    SB_TYPE_INT16,
    SB_TYPE_INT32,
    SB_TYPE_INT64,
    SB_TYPE_UINT8,
    SB_TYPE_UINT16,
    SB_TYPE_UINT32,
    SB_TYPE_UINT64,
    SB_TYPE_FLOAT32,
    SB_TYPE_FLOAT64,
    SB_TYPE_DATE32,    // days since the epoch, int32
    SB_TYPE_DATE64,    // milliseconds since the epoch, int64
    SB_TYPE_TIMESTAMP, // int64 in `unit` since the epoch
    SB_TYPE_DECIMAL128,
    SB_TYPE_UTF8,         // int32 offsets
    SB_TYPE_LARGE_UTF8,   // int64 offsets
    SB_TYPE_UTF8_VIEW,    // 16-byte views
    SB_TYPE_BINARY,       // int32 offsets
    SB_TYPE_LARGE_BINARY, // int64 offsets
    SB_TYPE_BINARY_VIEW,  // 16-byte views
};

enum sb_time_unit {
    SB_UNIT_SECOND = 0,
    SB_UNIT_MILLI = 1,
    SB_UNIT_MICRO = 2,
    SB_UNIT_NANO = 3,
};

struct sb_type {
    enum sb_type_id id;
    enum sb_time_unit unit; // timestamp
    int32_t precision;      // decimal128
    int32_t scale;          // decimal128
    const char *zone;       // timestamp; NULL = none
};

bool sb_type_equal(const struct sb_type *a, const struct sb_type *b);

/* Bytes of one value in the values buffer: 0 for bool (bits) and variable-length types. */
int32_t sb_type_width(enum sb_type_id id);

bool sb_type_is_integer(enum sb_type_id id); // signed and unsigned
bool sb_type_is_signed(enum sb_type_id id);  // int8..int64
bool sb_type_is_float(enum sb_type_id id);
bool sb_type_is_text(enum sb_type_id id);     // the three utf8 layouts
bool sb_type_is_binary(enum sb_type_id id);   // the three binary layouts
bool sb_type_is_variable(enum sb_type_id id); // text or binary
bool sb_type_is_view(enum sb_type_id id);     // 16-byte views
bool sb_type_is_large(enum sb_type_id id);    // int64 offsets
bool sb_type_is_temporal(enum sb_type_id id);

/* Precision 1 to 38, scale -38 to 38: powers of ten that 128 bits hold. */
bool sb_type_is_decimal(int64_t precision, int64_t scale);

/* Whether values of the two types may be compared or joined: see docs/design/0001. */
bool sb_type_is_comparable(const struct sb_type *a, const struct sb_type *b);

/* "timestamp[us, Europe/Berlin]", as wire form and messages spell it. Returns `buffer`. */
const char *sb_type_name(const struct sb_type *type, char *buffer, size_t size);
enum { SB_TYPE_NAME_SIZE = 96 };

/* The inverse of sb_type_name; the zone is copied into `arena`. */
enum sb_status sb_type_parse(const char *text, struct sb_arena *arena, struct sb_type *out,
                             struct sb_error *err);

#endif
