// SPDX-License-Identifier: Apache-2.0
/*
 * load.c - from columns in Arrow's layouts to vectors.
 */
#include "expr/load.h"

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

struct sb_vector sb_column_load(const struct sb_column *column, const struct sb_window *window,
                                void *values_room, uint8_t *valid_room)
{
    const struct positions positions = positions_of(column, window);
    const enum sb_physical physical = sb_physical_of(column->type);
    struct sb_vector out = {0};

    if (column->validity != NULL && column->null_count != 0) {
        out.valid = load_validity(column->validity, &positions, valid_room);
    }
    if (physical == SB_PHYSICAL_BOOL) {
        out.values = load_bool(column, &positions, values_room);
    } else if (physical == SB_PHYSICAL_BYTES) {
        out.values = load_bytes(column, &positions, out.valid, values_room);
    } else {
        out.values = load_fixed(column, &positions, sb_physical_width(physical), values_room);
    }
    return out;
}
