// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - from columns in Arrow's layouts to vectors.
 */
#include "expr/load.h"
#include "expr/half.h"
#include "expr/type_rules.h"

#include <string.h>

/* Elements of the column's buffers: `rows[i] + offset`, or `first + i`. */
struct positions {
    const uint32_t *rows; // NULL: consecutive
    int64_t first;        // column offset included
    int64_t offset;
    int32_t count;
};

static struct positions positions_of(const struct sb_column *column, const struct sb_window *window)
{
    const uint32_t *rows = window->rows;
    int64_t first = window->first;

    // rows in ascending order without a gap need no gather
    if (rows != NULL && rows[window->count - 1] - rows[0] == (uint32_t)window->count - 1) {
        first = rows[0];
        rows = NULL;
    }
    return (struct positions){
        .rows = rows,
        .first = column->offset + first,
        .offset = column->offset,
        .count = window->count,
    };
}

static const uint8_t *load_validity(const uint8_t *bitmap, const struct positions *positions,
                                    uint8_t *restrict room)
{
    uint8_t all = 1;

    if (positions->rows == NULL) {
        if (sb_bitmap_count(bitmap, positions->first, positions->count) == positions->count) {
            return NULL;
        }
        sb_bitmap_unpack(room, bitmap, positions->first, positions->count);
        return room;
    }
    for (int32_t i = 0; i < positions->count; i++) {
        room[i] = sb_bitmap_get(bitmap, positions->offset + positions->rows[i]);
        all &= room[i];
    }
    return all ? NULL : room;
}

#define GATHER(T)                                                                                  \
    do {                                                                                           \
        const T *restrict from = (const T *)column->values + positions->offset;                    \
        T *restrict to = room;                                                                     \
        for (int32_t i = 0; i < positions->count; i++) {                                           \
            to[i] = from[positions->rows[i]];                                                      \
        }                                                                                          \
    } while (0)

static const void *load_fixed(const struct sb_column *column, const struct positions *positions,
                              int32_t width, void *room)
{
    if (positions->rows == NULL) {
        return (const uint8_t *)column->values + positions->first * width;
    }
    switch (width) {
    case 1:
        GATHER(uint8_t);
        break;
    case 2:
        GATHER(uint16_t);
        break;
    case 4:
        GATHER(uint32_t);
        break;
    case 8:
        GATHER(uint64_t);
        break;
    default:
        GATHER(sb_int128);
        break;
    }
    return room;
}

static const void *load_bool(const struct sb_column *column, const struct positions *positions,
                             uint8_t *restrict room)
{
    if (positions->rows == NULL) {
        sb_bitmap_unpack(room, column->values, positions->first, positions->count);
        return room;
    }
    for (int32_t i = 0; i < positions->count; i++) {
        room[i] = sb_bitmap_get(column->values, positions->offset + positions->rows[i]);
    }
    return room;
}

/* Offsets of 32 or 64 bits. */
#define LOAD_OFFSETS(T)                                                                            \
    do {                                                                                           \
        const T *offsets = column->values;                                                         \
        for (int32_t i = 0; i < positions->count; i++) {                                           \
            const int64_t at = positions->rows == NULL ? positions->first + i                      \
                                                       : positions->offset + positions->rows[i];   \
            room[i].data = column->bytes + offsets[at];                                            \
            room[i].size = offsets[at + 1] - offsets[at];                                          \
        }                                                                                          \
    } while (0)

static const void *load_bytes(const struct sb_column *column, const struct positions *positions,
                              const uint8_t *valid, struct sb_bytes *restrict room)
{
    switch (column->type->id) {
    case SB_TYPE_LARGE_UTF8:
    case SB_TYPE_LARGE_BINARY:
        LOAD_OFFSETS(int64_t);
        break;
    case SB_TYPE_UTF8_VIEW:
    case SB_TYPE_BINARY_VIEW:
        for (int32_t i = 0; i < positions->count; i++) {
            const int64_t at = positions->rows == NULL ? positions->first - column->offset + i
                                                       : positions->rows[i];
            // the view of a null row may point anywhere
            room[i] = valid != NULL && !valid[i] ? (struct sb_bytes){NULL, 0}
                                                 : sb_column_bytes(column, at);
        }
        break;
    default:
        LOAD_OFFSETS(int32_t);
        break;
    }
    return room;
}

static inline int64_t position_at(const struct positions *positions, int32_t i)
{
    return positions->rows == NULL ? positions->first + i : positions->offset + positions->rows[i];
}

#define WIDEN(FROM, TO, CONVERT)                                                                   \
    do {                                                                                           \
        const FROM *restrict from = column->values;                                                \
        TO *restrict to = room;                                                                    \
        for (int32_t i = 0; i < positions->count; i++) {                                           \
            to[i] = CONVERT(from[position_at(positions, i)]);                                      \
        }                                                                                          \
    } while (0)

static void load_fixed_bytes(const struct sb_column *column, const struct positions *positions,
                             struct sb_bytes *room)
{
    const int64_t size = column->type->size;

    for (int32_t i = 0; i < positions->count; i++) {
        room[i].data = (const uint8_t *)column->values + position_at(positions, i) * size;
        room[i].size = size;
    }
}

static void load_rows(const struct sb_column *column, const struct positions *positions,
                      struct sb_row *room)
{
    for (int32_t i = 0; i < positions->count; i++) {
        room[i] = (struct sb_row){column, position_at(positions, i) - column->offset};
    }
}

/* Values of a column that is not encoded. */
static const void *load_values(const struct sb_column *column, const struct positions *positions,
                               const uint8_t *valid, void *room)
{
    const enum sb_physical physical = sb_physical_of(column->type);

    switch (column->type->id) {
    case SB_TYPE_FLOAT16:
        WIDEN(uint16_t, float, sb_float_of_half);
        return room;
    case SB_TYPE_DECIMAL32:
        WIDEN(int32_t, sb_int128, (sb_int128));
        return room;
    case SB_TYPE_DECIMAL64:
        WIDEN(int64_t, sb_int128, (sb_int128));
        return room;
    case SB_TYPE_FIXED_SIZE_BINARY:
        load_fixed_bytes(column, positions, room);
        return room;
    default:
        break;
    }
    switch (physical) {
    case SB_PHYSICAL_BOOL:
        return load_bool(column, positions, room);
    case SB_PHYSICAL_BYTES:
        return load_bytes(column, positions, valid, room);
    case SB_PHYSICAL_ROW:
        load_rows(column, positions, room);
        return room;
    default:
        return load_fixed(column, positions, sb_physical_width(physical), room);
    }
}

/*
 * The values behind the indices or runs. Rows that are null read some valid row's value; children
 * that rows of lists and structs point at are copied to `arena`.
 */
static struct sb_vector load_encoded(const struct sb_column *column, const struct sb_window *window,
                                     void *room, uint8_t *valid_room, struct sb_arena *arena)
{
    const struct sb_column child = sb_column_child(column, 1);
    uint32_t rows[SB_EXPR_CHUNK];
    uint32_t any = UINT32_MAX;
    bool has_null = false;
    struct sb_vector out = {.values = room};
    struct positions positions = {.rows = rows, .offset = child.offset, .count = window->count};

    sb_column_decode_rows(column, window->rows, window->first, window->count, rows);
    for (int32_t i = 0; i < window->count; i++) {
        valid_room[i] = rows[i] != UINT32_MAX;
        has_null |= rows[i] == UINT32_MAX;
        any = rows[i] != UINT32_MAX ? rows[i] : any;
    }
    out.valid = has_null ? valid_room : NULL;
    if (any == UINT32_MAX) { // all null, and perhaps no value at all
        const struct sb_type type = sb_type_computed(column->type);
        memset(room, 0, (size_t)window->count * (size_t)sb_physical_width(sb_physical_of(&type)));
        return out;
    }
    for (int32_t i = 0; i < window->count; i++) {
        rows[i] = rows[i] == UINT32_MAX ? any : rows[i];
    }
    if (sb_type_is_encoded(child.type->id)) {
        const struct sb_window inner = {.rows = rows, .count = window->count};
        out.values = load_encoded(&child, &inner, room, valid_room, arena).values;
        return out;
    }
    const struct sb_column *kept = &child;
    if (sb_physical_of(child.type) == SB_PHYSICAL_ROW) {
        kept = sb_arena_copy(arena, &child, sizeof child);
        if (kept == NULL) {
            out.values = NULL;
            return out;
        }
    }
    out.values = load_values(kept, &positions, out.valid, room);
    return out;
}

enum sb_status sb_column_load(const struct sb_column *column, const struct sb_window *window,
                              void *values_room, uint8_t *valid_room, struct sb_arena *arena,
                              struct sb_vector *out, struct sb_error *err)
{
    struct positions positions;

    *out = (struct sb_vector){0};
    if (sb_type_is_encoded(column->type->id)) {
        *out = load_encoded(column, window, values_room, valid_room, arena);
        return out->values != NULL ? SB_OK
                                   : sb_error_no_memory(err, "column", sizeof(struct sb_column));
    }
    positions = positions_of(column, window);
    if (column->validity != NULL && column->null_count != 0) {
        out->valid = load_validity(column->validity, &positions, valid_room);
    }
    out->values = load_values(column, &positions, out->valid, values_room);
    return SB_OK;
}

enum sb_status sb_column_load_rows(const struct sb_column *column, const uint32_t *rows,
                                   int32_t count, void *values_room, uint8_t *valid_room,
                                   struct sb_arena *arena, struct sb_vector *out,
                                   struct sb_error *err)
{
    const struct positions positions = {.rows = rows, .offset = column->offset, .count = count};
    const struct sb_window window = {.rows = rows, .count = count};

    *out = (struct sb_vector){0};
    if (sb_type_is_encoded(column->type->id)) {
        *out = load_encoded(column, &window, values_room, valid_room, arena);
        return out->values != NULL ? SB_OK
                                   : sb_error_no_memory(err, "column", sizeof(struct sb_column));
    }
    if (column->validity != NULL && column->null_count != 0) {
        out->valid = load_validity(column->validity, &positions, valid_room);
    }
    out->values = load_values(column, &positions, out->valid, values_room);
    return SB_OK;
}
