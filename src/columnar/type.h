// SPDX-License-Identifier: Apache-2.0
/*
 * type.h - the data types of columns.
 *
 * A type is a small value; its zone text and its children live as long as the schema or plan that
 * holds it. Of Arrow's types only unions are missing; import refuses them by name.
 */
#ifndef SABOT_COLUMNAR_TYPE_H
#define SABOT_COLUMNAR_TYPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <sabot/error.h>

struct sb_arena;
struct sb_field;

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
    SB_TYPE_NULL,         // no values; columns have a bitmap of zeros all the same
    SB_TYPE_FLOAT16,
    SB_TYPE_DECIMAL32,
    SB_TYPE_DECIMAL64,
    SB_TYPE_DECIMAL256,
    SB_TYPE_TIME32,   // int32 in `unit` (s, ms) since midnight
    SB_TYPE_TIME64,   // int64 in `unit` (us, ns) since midnight
    SB_TYPE_DURATION, // int64 in `unit`
    SB_TYPE_INTERVAL_MONTH,
    SB_TYPE_INTERVAL_DAY_TIME,       // two int32: days, milliseconds
    SB_TYPE_INTERVAL_MONTH_DAY_NANO, // int32 months, int32 days, int64 nanoseconds
    SB_TYPE_FIXED_SIZE_BINARY,       // `size` bytes
    SB_TYPE_DICTIONARY,              // values: indices; children: their type, the values' type
    SB_TYPE_RUN_END_ENCODED,         // children: run ends, values
    SB_TYPE_LIST,                    // int32 offsets; one child
    SB_TYPE_LARGE_LIST,              // int64 offsets; one child
    SB_TYPE_LIST_VIEW,               // int32 offsets and sizes; one child
    SB_TYPE_LARGE_LIST_VIEW,         // int64 offsets and sizes; one child
    SB_TYPE_FIXED_SIZE_LIST,         // `size` elements each; one child
    SB_TYPE_STRUCT,
    SB_TYPE_MAP, // int32 offsets; one child, a struct of key and value
};

enum sb_time_unit {
    SB_UNIT_SECOND = 0,
    SB_UNIT_MILLI = 1,
    SB_UNIT_MICRO = 2,
    SB_UNIT_NANO = 3,
};

struct sb_type {
    enum sb_type_id id;
    enum sb_time_unit unit; // timestamp, time32, time64, duration
    int32_t precision;      // decimals
    int32_t scale;          // decimals
    const char *zone;       // timestamp; NULL = none
    int32_t size;           // fixed_size_binary: bytes; fixed_size_list: elements
    bool is_sorted;         // dictionary: its values are in order; map: its keys are
    int32_t child_count;
    const struct sb_field *children; // [child_count]
};

/* A named type: of a column, or of a child within one. */
struct sb_field {
    const char *name;
    struct sb_type type;
    bool is_nullable;
};

/* Types within types that are imported, parsed or built; more are refused. */
enum { SB_TYPE_DEPTH_MAX = 64 };

/* Deep. Names of the children of lists and maps do not count: producers differ in them. */
bool sb_type_equal(const struct sb_type *a, const struct sb_type *b);

/*
 * Copies what `from` points to into `arena`, so that `to` lives as long. False when memory is
 * refused. `from` may be `to`.
 */
bool sb_type_copy(struct sb_arena *arena, struct sb_type *to, const struct sb_type *from);

/*
 * Bytes of one value in the values buffer, as far as the id alone tells: 0 for bool (bits),
 * variable-length and nested types, and for fixed_size_binary and dictionary, whose width
 * sb_type_bytes knows.
 */
int32_t sb_type_width(enum sb_type_id id);

/* The same with fixed_size_binary (its size) and dictionary (its indices). */
int32_t sb_type_bytes(const struct sb_type *type);

bool sb_type_is_integer(enum sb_type_id id);  // signed and unsigned
bool sb_type_is_signed(enum sb_type_id id);   // int8..int64
bool sb_type_is_float(enum sb_type_id id);    // float32 and float64; float16 is a storage type
bool sb_type_is_text(enum sb_type_id id);     // the three utf8 layouts
bool sb_type_is_binary(enum sb_type_id id);   // the three binary layouts
bool sb_type_is_variable(enum sb_type_id id); // text or binary
bool sb_type_is_view(enum sb_type_id id);     // 16-byte views
bool sb_type_is_large(enum sb_type_id id);    // int64 offsets, of text and of lists
bool sb_type_is_temporal(enum sb_type_id id); // dates and timestamps
bool sb_type_is_decimal(enum sb_type_id id);  // the four widths
bool sb_type_is_nested(enum sb_type_id id);   // has children; dictionary and REE, too
bool sb_type_is_list(enum sb_type_id id);     // the five list layouts and map
bool sb_type_is_list_view(enum sb_type_id id);
bool sb_type_is_encoded(enum sb_type_id id); // dictionary, run_end_encoded

/* Indices of a dictionary are of any integer type; run ends of int16, int32 or int64. */
bool sb_type_index_fits(enum sb_type_id id, enum sb_type_id index);

/* What a dictionary or run-end encoded type has as values; any other type itself. */
const struct sb_type *sb_type_value(const struct sb_type *type);

/* Whether values have an order: what minima, maxima and sorting take. */
bool sb_type_is_ordered(const struct sb_type *type);

/* Precision 1 to what the width holds (9, 18, 38, 76), scale within as many digits. */
bool sb_type_decimal_fits(enum sb_type_id id, int64_t precision, int64_t scale);

/* Whether values of the two types may be compared or joined: see docs/design/0001. */
bool sb_type_is_comparable(const struct sb_type *a, const struct sb_type *b);

/*
 * "timestamp[us, Europe/Berlin]", "struct<a: int64, b: utf8>", as wire form and messages spell it.
 * What is too long is cut and ends in "…": for messages. Returns `buffer`.
 */
const char *sb_type_name(const struct sb_type *type, char *buffer, size_t size);
enum { SB_TYPE_NAME_SIZE = 160 };

/* The whole name; NULL when memory is refused. */
char *sb_type_text(const struct sb_type *type, struct sb_arena *arena);

/* The inverse of sb_type_text; what the type points to is in `arena`. */
enum sb_status sb_type_parse(const char *text, struct sb_arena *arena, struct sb_type *out,
                             struct sb_error *err);

#endif
