// SPDX-License-Identifier: Apache-2.0
/*
 * selection.h - which rows of a batch are still there, in ascending order. Counted.
 */
#ifndef SABOT_COLUMNAR_SELECTION_H
#define SABOT_COLUMNAR_SELECTION_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/error.h"
#include "base/memory.h"

struct sb_selection {
    _Atomic int32_t reference_count;
    struct sb_memory *memory;
    int64_t capacity;
    /*
     * The same as a bit for each row of the columns, where somebody has made them: reading every
     * row under its bit is faster than fetching many rows one by one. NULL = not made.
     */
    uint8_t *bits;
    int64_t bit_row_count; // rows that the bits name
    uint32_t rows[];       // positions in the columns
};

/* Room for `capacity` rows, uninitialised, and without bits. */
SB_MUST_CHECK enum sb_status sb_selection_create(struct sb_memory *memory, int64_t capacity,
                                                 struct sb_selection **out, struct sb_error *err);

/* The same, with room for the bits of `capacity` rows (whole bytes), uninitialised as well. */
SB_MUST_CHECK enum sb_status sb_selection_create_with_bits(struct sb_memory *memory,
                                                           int64_t capacity,
                                                           struct sb_selection **out,
                                                           struct sb_error *err);
struct sb_selection *sb_selection_retain(struct sb_selection *selection); // NULL in, NULL out
void sb_selection_release(struct sb_selection *selection);                // NULL is fine

#endif
